// No network at all: with it, the sketch shows what the profiling firmware itself takes.
#include "network.h"

namespace mcuprof {

bool network_start() { return true; }
bool network_infer() { return true; }
const char *network_error() { return ""; }
size_t network_input_count() { return 0; }
Span network_input(size_t) { return {nullptr, 0}; }
size_t network_output_count() { return 0; }
Span network_output(size_t) { return {nullptr, 0}; }
size_t network_arena_bytes() { return 0; }
bool network_set_arena_bytes(size_t) { return false; }

}  // namespace mcuprof
