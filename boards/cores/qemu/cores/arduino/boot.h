// What is remembered across soft resets: how often the board started, and whether it only ever crashes.
#pragma once

#include <stdint.h>

namespace boot {

// Counts this start. Call once, before any constructor runs.
void begin();

// The sketch's setup() has returned, so a later fault is no boot loop.
void reached_loop();

// Notes a fault. True if too many in a row came before loop() was reached, so that one more reset would be in vain.
bool should_halt_after_fault();

}  // namespace boot
