// The sketch's stack: painted at start-up, so that its high-water mark can be read later.
#pragma once

#include <stdint.h>

namespace stack {

// Fills the whole stack with the pattern. Only before anything runs on it.
void paint();

// Whether the stack ran over, judged by the stack pointer at a fault and by the pattern at the stack's end.
bool overflowed(uint32_t stack_pointer);

// Whether `bytes` from `address` on lie within the stack.
bool contains(uint32_t address, uint32_t bytes);

}  // namespace stack
