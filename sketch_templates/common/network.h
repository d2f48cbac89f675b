// What the profiling firmware asks of a network, whatever runs it. Each implementation defines these functions
// in one file of the sketch (network.cpp); the firmware (firmware.cpp) is the same for all of them.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace mcuprof {

struct Span {
  uint8_t *data;
  size_t bytes;
};

// Does the start-up whose time is the metric "init". Called once after a reset. On failure it returns false, and
// network_error() says why in a few words.
bool network_start();

// Runs the network once on what lies in its inputs. The timed region of the metric "inference".
bool network_infer();

const char *network_error();

// Tensors are valid after network_start(). Inputs may be overwritten by network_infer().
size_t network_input_count();
Span network_input(size_t index);
size_t network_output_count();
Span network_output(size_t index);

// The working memory of the network in bytes. An implementation whose memory is planned when it is compiled
// refuses to change it. The firmware sets it only before network_start(), in search of the smallest that works.
size_t network_arena_bytes();
bool network_set_arena_bytes(size_t bytes);

// Where a tensor of the model's file lies, in bytes from the begin of the working memory; false where it lies elsewhere.
// Only for profiles, of implementations that plan their memory on the board, after network_infer().
bool network_tensor_offset(uint32_t index, uint32_t *offset);

}  // namespace mcuprof
