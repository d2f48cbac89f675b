#include "firmware.h"

#include <Arduino.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "network.h"
#include "reset.h"
#include "wire.h"

#if defined(ARDUINO_ARCH_QEMU)
extern "C" size_t mcuprof_heap_size(void);
extern "C" size_t mcuprof_heap_used(void);
extern "C" size_t mcuprof_stack_high_water(void);
#endif

namespace mcuprof {
namespace {

bool started = false;
uint8_t *stash = nullptr;         // a copy of all inputs, one after the other; only while times are taken
uint8_t *volatile held = nullptr;  // the block of "alloc"; volatile, or the compiler drops the allocation

struct Stretch {
  uint64_t ticks;
  uint32_t cycles;
};

// Times one call. Nothing is printed and no interrupt is served inside.
template <typename Call>
bool timed(Call call, Stretch *stretch) {
#if MCUPROF_INTERRUPTS_OFF
  noInterrupts();
#endif
  const uint32_t first_cycle = cycle_counter();
  const uint64_t start = clock_now();
  const bool ok = call();
  const uint64_t stop = clock_now();
  const uint32_t last_cycle = cycle_counter();
#if MCUPROF_INTERRUPTS_OFF
  interrupts();
#endif
  stretch->ticks = clock_between(start, stop);
  stretch->cycles = last_cycle - first_cycle;
  return ok;
}

void answer_stretch(bool ok, const Stretch &stretch) {
  if (!ok) {
    answer_fail(network_error());
    return;
  }
  add_field(kClock, stretch.ticks);
  if (stretch.cycles != 0) add_field(" cycles=", stretch.cycles);
  answer_done();
}

#if defined(ARDUINO_ARCH_QEMU)

size_t free_heap(size_t) { return mcuprof_heap_size() - mcuprof_heap_used(); }

#else

// An estimate from below, in steps from what there can be at most: a malloc that fails leaves no trace, one that
// succeeds may leave the heap in pieces, so it must be the last one.
size_t free_heap(size_t most) {
  for (size_t size = most; size > 0; size -= size > 512 ? 512 : size) {
    void *block = malloc(size);
    if (block != nullptr) {
      free(block);
      return size;
    }
  }
  return 0;
}

#endif

size_t input_bytes() {
  size_t total = 0;
  for (size_t i = 0; i < network_input_count(); ++i) total += network_input(i).bytes;
  return total;
}

// Copies all inputs to the stash, or the stash back to the inputs.
void copy_inputs(bool to_stash) {
  uint8_t *place = stash;
  for (size_t i = 0; i < network_input_count(); ++i) {
    const Span input = network_input(i);
    memcpy(to_stash ? place : input.data, to_stash ? input.data : place, input.bytes);
    place += input.bytes;
  }
}

void on_hello(const char *) {
  add("protocol=1 board=" MCUPROF_BOARD " implementation=" MCUPROF_IMPLEMENTATION
      " model=" MCUPROF_MODEL " sketch=" MCUPROF_SKETCH);
  add_field(" clock_hz=", MCUPROF_CLOCK_HZ);
  add_field(" line=", kLineBytes);
  add_field(" arena=", network_arena_bytes());
  answer_done();
}

void on_tensors(const char *) {
  if (!started) return answer_fail("not started");
  add_field("inputs=", network_input_count());
  add_field(" outputs=", network_output_count());
  answer_done();
}

// One at a time, because a network may have more tensors than a line has room for.
void on_size(const char *arguments) {
  uint32_t is_output = 0;
  uint32_t index = 0;
  if (!started) return answer_fail("not started");
  if (!read_number(&arguments, &is_output) || !read_number(&arguments, &index) ||
      index >= (is_output ? network_output_count() : network_input_count())) {
    return answer_fail("there is no such tensor");
  }
  add_field("bytes=", (is_output ? network_output(index) : network_input(index)).bytes);
  answer_done();
}

void on_arena(const char *arguments) {
  uint32_t bytes = 0;
  if (started) return answer_fail("already started");
  if (!read_number(&arguments, &bytes) || !network_set_arena_bytes(bytes)) {
    return answer_fail("this arena cannot be had");
  }
  answer_done();
}

void on_alloc(const char *arguments) {
  uint32_t bytes = 0;
  if (!read_number(&arguments, &bytes)) return answer_fail("alloc needs a number");
  answer_start();
  uint8_t *block = static_cast<uint8_t *>(malloc(bytes));
  // Touched, for an allocator may promise what is not there.
  if (block != nullptr) memset(block, 0xA5, bytes);
  held = block;
  add_field("held=", block != nullptr ? 1 : 0);
  answer_done();
}

void on_heap(const char *arguments) {
  uint32_t most = 0;
  if (!read_number(&arguments, &most)) return answer_fail("heap needs a number");
  answer_start();
  add_field("free=", free_heap(most));
#if defined(ARDUINO_ARCH_QEMU)
  add_field(" stack=", mcuprof_stack_high_water());
#endif
  answer_done();
}

void on_start(const char *) {
  if (started) return answer_fail("already started");
  answer_start();
  Stretch stretch;
  started = timed(network_start, &stretch);
  answer_stretch(started, stretch);
}

void on_input(const char *arguments) {
  uint32_t index = 0;
  uint32_t offset = 0;
  size_t bytes = 0;
  if (!started) return answer_fail("not started");
  if (!read_number(&arguments, &index) || !read_number(&arguments, &offset) || index >= network_input_count()) {
    return answer_fail("input needs an index, an offset and bytes");
  }
  const Span input = network_input(index);
  if (offset > input.bytes || !read_hex(&arguments, input.data + offset, input.bytes - offset, &bytes)) {
    return answer_fail("these bytes lie outside the input");
  }
  answer_done();
}

void on_stash(const char *) {
  if (!started) return answer_fail("not started");
  if (stash == nullptr) stash = static_cast<uint8_t *>(malloc(input_bytes()));
  if (stash != nullptr) copy_inputs(true);
  add_field("held=", stash != nullptr ? 1 : 0);
  answer_done();
}

void on_run(const char *) {
  if (!started) return answer_fail("not started");
  if (stash != nullptr) copy_inputs(false);
  answer_start();
  Stretch stretch;
  const bool ok = timed(network_infer, &stretch);
  answer_stretch(ok, stretch);
}

void on_output(const char *arguments) {
  uint32_t index = 0;
  uint32_t offset = 0;
  uint32_t bytes = 0;
  if (!started) return answer_fail("not started");
  if (!read_number(&arguments, &index) || !read_number(&arguments, &offset) || !read_number(&arguments, &bytes) ||
      index >= network_output_count()) {
    return answer_fail("output needs an index, an offset and a count");
  }
  const Span output = network_output(index);
  if (offset > output.bytes || bytes > output.bytes - offset || bytes > (kLineBytes - 16) / 2) {
    return answer_fail("these bytes lie outside the output");
  }
  add_hex("bytes=", output.data + offset, bytes);
  answer_done();
}

void on_reset(const char *) {
  answer_done();
  reset_board();
}

struct Verb {
  const char *name;
  void (*handle)(const char *arguments);
};

const Verb kVerbs[] = {
    {"hello", on_hello},   {"tensors", on_tensors}, {"size", on_size}, {"arena", on_arena}, {"alloc", on_alloc},
    {"heap", on_heap}, {"start", on_start},   {"input", on_input}, {"stash", on_stash},
    {"run", on_run},       {"output", on_output},   {"reset", on_reset},
};

}  // namespace

void firmware_setup() {
  wire_begin(MCUPROF_BAUD);
  cycle_counter_begin();
}

void firmware_loop() {
  Request request;
  if (!wire_poll(&request)) {
    yield();
    return;
  }
  for (const Verb &verb : kVerbs) {
    if (strcmp(verb.name, request.verb) == 0) return verb.handle(request.arguments);
  }
  answer_fail("unknown request");
}

}  // namespace mcuprof
