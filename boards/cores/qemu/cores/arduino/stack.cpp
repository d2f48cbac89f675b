// The stack lies at the low end of RAM: one byte too many is an access outside of RAM, hence a fault, and never a
// silent change of somebody's heap. What it took at most is found by looking for the pattern it was painted with.
#include "stack.h"

#include <stddef.h>

#include "mcuprof.h"

extern "C" uint32_t __stack_start[], __stack_end[];

namespace {

constexpr uint32_t kPattern = 0xC5C5C5C5;

// A function with a large frame may step over the last words before it faults, hence not only the very last one.
constexpr size_t kWordsAtTheEnd = 4;

uint32_t address_of(const uint32_t* word) { return reinterpret_cast<uint32_t>(word); }

}  // namespace

void stack::paint() {
  for (volatile uint32_t* word = __stack_start; word < __stack_end; ++word) *word = kPattern;
}

bool stack::overflowed(uint32_t stack_pointer) {
  if (stack_pointer < address_of(__stack_start) || stack_pointer > address_of(__stack_end)) return true;
  for (size_t i = 0; i < kWordsAtTheEnd; ++i) {
    if (__stack_start[i] != kPattern) return true;
  }
  return false;
}

bool stack::contains(uint32_t address, uint32_t bytes) {
  return address >= address_of(__stack_start) && address <= address_of(__stack_end) - bytes;
}

extern "C" size_t mcuprof_stack_size(void) { return address_of(__stack_end) - address_of(__stack_start); }

extern "C" size_t mcuprof_stack_high_water(void) {
  const uint32_t* word = __stack_start;
  while (word < __stack_end && *word == kPattern) ++word;
  return address_of(__stack_end) - address_of(word);
}
