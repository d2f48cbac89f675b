// How long the parts of a region took that a network has marked by parts.h. Only firmware.cpp includes this, after clock.h.
#pragma once

#include <stdint.h>

#include "config.h"
#include "parts.h"

namespace mcuprof {

static uint32_t part_ticks[MCUPROF_PARTS];
static uint16_t part_count;  // those that have ended
static uint32_t part_start;
static bool part_clock_is_cycles;

// A chip may have the registers of a cycle counter and no counter behind them.
inline uint32_t part_clock() {
  return part_clock_is_cycles ? cycle_counter() : static_cast<uint32_t>(clock_since(0));
}

inline void part_times_clear() {
  part_count = 0;
  const uint32_t first = cycle_counter();
  part_clock_is_cycles = cycle_counter() != first;
}

}  // namespace mcuprof

extern "C" void part_begin(void) { mcuprof::part_start = mcuprof::part_clock(); }

extern "C" void part_end(void) {
  const uint32_t ticks = mcuprof::part_clock() - mcuprof::part_start;
  if (mcuprof::part_count < MCUPROF_PARTS) mcuprof::part_ticks[mcuprof::part_count] = ticks;
  ++mcuprof::part_count;
}
