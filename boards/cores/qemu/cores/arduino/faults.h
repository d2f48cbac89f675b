// How the core dies: one line on the UART that says what happened, then a soft reset.
#pragma once

#include <stdint.h>

namespace faults {

// Makes the CPU tell memory, bus and usage faults apart.
void enable();

// Reports an abort by the program itself at `pc`, after `reason` where there is one, and resets.
[[noreturn]] void abort_at(const void* pc, const char* reason = nullptr);

}  // namespace faults
