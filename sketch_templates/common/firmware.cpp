#include "firmware.h"

#include <Arduino.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "network.h"
#include "reset.h"
#include "wire.h"

#if defined(__AVR__)
#include <avr/sleep.h>
extern "C" char *__brkval;  // avr-libc's: the end of the heap, or null
#endif

#if defined(ARDUINO_ARCH_QEMU)
extern "C" size_t mcuprof_heap_size(void);
extern "C" size_t mcuprof_heap_used(void);
extern "C" size_t mcuprof_stack_high_water(void);
#endif

namespace mcuprof {
namespace {

bool asked = false;  // anything but "hello" since the reset
bool started = false;
uint8_t *stash = nullptr;         // a copy of all inputs, one after the other; only while times are taken
uint8_t *volatile held = nullptr;  // the block of "alloc"; volatile, or the compiler drops the allocation
size_t held_bytes = 0;

constexpr uint8_t kHeldByte = 0xA5;

// Bytes that "start" takes first. Read where the compiler cannot see them, so that programs with and without have the
// same code, and what they leave of the memory can be compared.
#if defined(__AVR__)
const uint32_t kBlockBytes PROGMEM = MCUPROF_BLOCK_BYTES;
size_t block_bytes() { return pgm_read_dword(&kBlockBytes); }
#else
const uint32_t kBlockBytes = MCUPROF_BLOCK_BYTES;
size_t block_bytes() { return *const_cast<const volatile uint32_t *>(&kBlockBytes); }
#endif

struct Stretch {
  uint64_t ticks;
  uint32_t cycles;
};

// Times one call. Nothing is printed and no interrupt is served inside.
bool timed(bool (*call)(), Stretch *stretch) {
#if defined(MCUPROF_PARTS)
  part_times_clear();
#endif
  const Interrupts were = region_begin();
  const uint32_t first_cycle = cycle_counter();
  const auto start = clock_start();
  MCUPROF_MARK(1);
  const bool ok = call();
  MCUPROF_MARK(2);
  stretch->ticks = clock_since(start);
  const uint32_t last_cycle = cycle_counter();
  region_end(were);
  stretch->cycles = last_cycle - first_cycle;
  return ok;
}

void answer_stretch(bool within_stack, bool ok, const Stretch &stretch) {
  if (!within_stack) return answer_fail(TEXT("the stack grew into the block that was taken"));
  if (!ok) return answer_error(network_error());
  add_field(TEXT(MCUPROF_CLOCK), stretch.ticks);
  if (stretch.cycles != 0) add_field(TEXT(" cycles="), stretch.cycles);
  answer_done();
}

#if defined(ARDUINO_ARCH_QEMU)

size_t free_heap(size_t) { return mcuprof_heap_size() - mcuprof_heap_used(); }

#elif defined(__AVR__)

// By the rule of avr-libc's malloc: the heap grows towards the stack and keeps away from it.
size_t free_heap(size_t) {
  const size_t top = SP - __malloc_margin;
  const size_t used = reinterpret_cast<size_t>(__brkval != nullptr ? __brkval : __malloc_heap_start);
  return top > used ? top - used : 0;
}

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

// Times one call of the network's. On an AVR nothing stands between stack and heap, but for the block of "alloc" where
// there is one: it is written anew before and must be whole after, or the stack was too large for what was left.
bool timed_within_stack(bool (*call)(), Stretch *stretch, bool *ok) {
#if defined(__AVR__)
  if (held != nullptr) memset(held, kHeldByte, held_bytes);
  *ok = timed(call, stretch);
  for (size_t i = 0; i < held_bytes; ++i) {
    if (held[i] != kHeldByte) return false;
  }
#else
  *ok = timed(call, stretch);
#endif
  return true;
}

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
  add(TEXT("protocol=1 board=" MCUPROF_BOARD " implementation=" MCUPROF_IMPLEMENTATION
           " model=" MCUPROF_MODEL " sketch=" MCUPROF_SKETCH));
  add_field(TEXT(" fresh="), !asked);
  add_field(TEXT(" line="), kLineBytes);
  add_field(TEXT(" arena="), network_arena_bytes());
  answer_done();
}

void on_tensors(const char *) {
  if (!started) return answer_fail(TEXT("not started"));
  add_field(TEXT("inputs="), network_input_count());
  add_field(TEXT(" outputs="), network_output_count());
  answer_done();
}

// One at a time, because a network may have more tensors than a line has room for.
void on_size(const char *arguments) {
  uint32_t is_output = 0;
  uint32_t index = 0;
  if (!started) return answer_fail(TEXT("not started"));
  if (!read_number(&arguments, &is_output) || !read_number(&arguments, &index) ||
      index >= (is_output ? network_output_count() : network_input_count())) {
    return answer_fail(TEXT("there is no such tensor"));
  }
  add_field(TEXT("bytes="), (is_output ? network_output(index) : network_input(index)).bytes);
  answer_done();
}

void on_arena(const char *arguments) {
  uint32_t bytes = 0;
  if (started) return answer_fail(TEXT("already started"));
  if (!read_number(&arguments, &bytes) || !network_set_arena_bytes(bytes)) {
    return answer_fail(TEXT("this arena cannot be had"));
  }
  answer_done();
}

// Takes a block off the heap until the next reset.
bool hold(size_t bytes) {
  uint8_t *block = static_cast<uint8_t *>(malloc(bytes));
  // Touched, for an allocator may promise what is not there.
  if (block != nullptr) memset(block, kHeldByte, bytes);
  held = block;
  held_bytes = block != nullptr ? bytes : 0;
  return block != nullptr;
}

void on_alloc(const char *arguments) {
  uint32_t bytes = 0;
  if (!read_number(&arguments, &bytes)) return answer_fail(TEXT("alloc needs a number"));
  answer_start();
  add_field(TEXT("held="), hold(bytes) ? 1 : 0);
  answer_done();
}

void on_heap(const char *arguments) {
  uint32_t most = 0;
  if (!read_number(&arguments, &most)) return answer_fail(TEXT("heap needs a number"));
  answer_start();
  add_field(TEXT("free="), free_heap(most));
#if defined(ARDUINO_ARCH_QEMU)
  add_field(TEXT(" stack="), mcuprof_stack_high_water());
#endif
  answer_done();
}

void on_start(const char *) {
  if (started) return answer_fail(TEXT("already started"));
  answer_start();
  if (block_bytes() != 0 && !hold(block_bytes())) return answer_fail(TEXT("malloc gives no block of this size"));
  Stretch stretch;
  const bool within_stack = timed_within_stack(network_start, &stretch, &started);
  answer_stretch(within_stack, started, stretch);
}

void on_input(const char *arguments) {
  uint32_t index = 0;
  uint32_t offset = 0;
  size_t bytes = 0;
  if (!started) return answer_fail(TEXT("not started"));
  if (!read_number(&arguments, &index) || !read_number(&arguments, &offset) || index >= network_input_count()) {
    return answer_fail(TEXT("input needs an index, an offset and bytes"));
  }
  const Span input = network_input(index);
  if (offset > input.bytes || !read_hex(&arguments, input.data + offset, input.bytes - offset, &bytes)) {
    return answer_fail(TEXT("these bytes lie outside the input"));
  }
  answer_done();
}

void on_stash(const char *) {
  if (!started) return answer_fail(TEXT("not started"));
  if (stash == nullptr) stash = static_cast<uint8_t *>(malloc(input_bytes()));
  if (stash != nullptr) copy_inputs(true);
  add_field(TEXT("held="), stash != nullptr ? 1 : 0);
  answer_done();
}

void on_run(const char *) {
  if (!started) return answer_fail(TEXT("not started"));
  if (stash != nullptr) copy_inputs(false);
  answer_start();
  Stretch stretch;
  bool ok = false;
  const bool within_stack = timed_within_stack(network_infer, &stretch, &ok);
  answer_stretch(within_stack, ok, stretch);
}

#if defined(MCUPROF_PARTS)

// One at a time, because a network may have more operators than a line has room for.
void on_part(const char *arguments) {
  uint32_t index = 0;
  if (!read_number(&arguments, &index) || index >= part_count || index >= MCUPROF_PARTS) {
    return answer_fail(TEXT("there is no such part"));
  }
  add_field(TEXT("count="), part_count);
  add(TEXT(" "));
  add_field(part_clock_is_cycles ? TEXT("cycles=") : TEXT(MCUPROF_CLOCK), part_ticks[index]);
  answer_done();
}

#endif

#if defined(MCUPROF_PLACES)

void on_place(const char *arguments) {
  uint32_t index = 0;
  uint32_t offset = 0;
  if (!read_number(&arguments, &index)) return answer_fail(TEXT("place needs the index of a tensor"));
  if (network_tensor_offset(index, &offset)) {
    add_field(TEXT("offset="), offset);
  } else {
    add(TEXT("elsewhere=1"));
  }
  answer_done();
}

#endif

void on_output(const char *arguments) {
  uint32_t index = 0;
  uint32_t offset = 0;
  uint32_t bytes = 0;
  if (!started) return answer_fail(TEXT("not started"));
  if (!read_number(&arguments, &index) || !read_number(&arguments, &offset) || !read_number(&arguments, &bytes) ||
      index >= network_output_count()) {
    return answer_fail(TEXT("output needs an index, an offset and a count"));
  }
  const Span output = network_output(index);
  if (offset > output.bytes || bytes > output.bytes - offset || bytes > (kLineBytes - 16) / 2) {
    return answer_fail(TEXT("these bytes lie outside the output"));
  }
  add_hex(TEXT("bytes="), output.data + offset, bytes);
  answer_done();
}

void on_reset(const char *) {
  answer_done();
  reset_board();
}

// What the board does until something comes in.
void rest() {
#if defined(__AVR__)
  sleep_mode();  // idle, until the next interrupt: the core's own timer makes one every millisecond
#else
  yield();
#endif
}

}  // namespace

void firmware_setup() {
  wire_begin(MCUPROF_BAUD);
  cycle_counter_begin();
}

void firmware_loop() {
  Request request;
  if (!wire_poll(&request)) {
    rest();
    return;
  }
  if (request.is(TEXT("hello"))) return on_hello(request.arguments);
  asked = true;
  if (request.is(TEXT("tensors"))) return on_tensors(request.arguments);
  if (request.is(TEXT("size"))) return on_size(request.arguments);
  if (request.is(TEXT("arena"))) return on_arena(request.arguments);
  if (request.is(TEXT("alloc"))) return on_alloc(request.arguments);
  if (request.is(TEXT("heap"))) return on_heap(request.arguments);
  if (request.is(TEXT("start"))) return on_start(request.arguments);
  if (request.is(TEXT("input"))) return on_input(request.arguments);
  if (request.is(TEXT("stash"))) return on_stash(request.arguments);
  if (request.is(TEXT("run"))) return on_run(request.arguments);
  if (request.is(TEXT("output"))) return on_output(request.arguments);
#if defined(MCUPROF_PARTS)
  if (request.is(TEXT("part"))) return on_part(request.arguments);
#endif
#if defined(MCUPROF_PLACES)
  if (request.is(TEXT("place"))) return on_place(request.arguments);
#endif
  if (request.is(TEXT("reset"))) return on_reset(request.arguments);
  answer_fail(TEXT("unknown request"));
}

}  // namespace mcuprof
