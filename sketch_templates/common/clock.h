// What time is read from in the timed regions, and what the host is to call it.
#pragma once

#include <Arduino.h>
#include <stdint.h>

#if defined(ARDUINO_ARCH_QEMU)
extern "C" uint64_t mcuprof_instructions(void);
#endif

namespace mcuprof {

#if defined(ARDUINO_ARCH_QEMU)

constexpr const char *kClock = "instructions=";
inline uint64_t clock_now() { return mcuprof_instructions(); }
inline uint64_t clock_between(uint64_t start, uint64_t stop) { return stop - start; }

#elif defined(__AVR__)

#error "with interrupts off micros() loses time on AVR: it needs a clock of its own"

#else

constexpr const char *kClock = "us=";
inline uint64_t clock_now() { return micros(); }
// micros() has 32 bits; the difference is right across its wrap.
inline uint64_t clock_between(uint64_t start, uint64_t stop) {
  return static_cast<uint32_t>(stop) - static_cast<uint32_t>(start);
}

#endif

// The cycle counter of the Cortex-M3, M4, M7 and M33, where the chip has one and the board is a real one.
#if !defined(ARDUINO_ARCH_QEMU) && (defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__))

inline void cycle_counter_begin() {
  *reinterpret_cast<volatile uint32_t *>(0xE000EDFC) |= 1u << 24;  // DEMCR.TRCENA
  *reinterpret_cast<volatile uint32_t *>(0xE0001000) |= 1u;        // DWT_CTRL.CYCCNTENA
}
inline uint32_t cycle_counter() { return *reinterpret_cast<volatile uint32_t *>(0xE0001004); }

#else

inline void cycle_counter_begin() {}
inline uint32_t cycle_counter() { return 0; }

#endif

}  // namespace mcuprof
