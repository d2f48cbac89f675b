// The board's clock. It counts instructions: one instruction is one cycle of F_CPU, whatever the host's speed, so two
// runs of a program take the same time. While the CPU sleeps nothing executes, and time passes as the machine's does.
#pragma once

#include <stdint.h>

namespace board_clock {

// Starts counting from 0.
void begin();

// Microseconds since the last reset: instructions at F_CPU, and time asleep.
uint64_t microseconds();

// Sleeps until an interrupt comes, at most that long. Works with interrupts off, too; they are served once on again.
void sleep(uint32_t at_most_us);

// Call this when there was nothing to do, as from a poll that came back empty. Once such calls follow one another
// closely, it sleeps for up to a millisecond, so that waiting does not cost the host a CPU. Never sleeps while
// interrupts are off.
void idle();

}  // namespace board_clock
