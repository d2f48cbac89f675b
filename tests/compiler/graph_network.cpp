// What network.cpp defines, under names that a test can find.
#include "network.h"

extern "C" {
bool test_start() { return mcuprof::network_start(); }
bool test_infer() { return mcuprof::network_infer(); }
const char *test_error() { return mcuprof::network_error(); }
size_t test_inputs() { return mcuprof::network_input_count(); }
size_t test_outputs() { return mcuprof::network_output_count(); }
void *test_input(size_t index) { return mcuprof::network_input(index).data; }
size_t test_input_bytes(size_t index) { return mcuprof::network_input(index).bytes; }
void *test_output(size_t index) { return mcuprof::network_output(index).data; }
size_t test_output_bytes(size_t index) { return mcuprof::network_output(index).bytes; }
size_t test_arena_bytes() { return mcuprof::network_arena_bytes(); }
bool test_set_arena_bytes(size_t bytes) { return mcuprof::network_set_arena_bytes(bytes); }
}
