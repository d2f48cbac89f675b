// What time is read from in the timed regions, and what the host is to call it. Only firmware.cpp includes this.
#pragma once

#include <Arduino.h>
#include <stdint.h>

#include "config.h"

#if defined(ARDUINO_ARCH_QEMU)
extern "C" uint64_t mcuprof_instructions(void);
#endif

#if defined(__AVR__)
#include <avr/interrupt.h>
#include <avr/io.h>
static volatile uint32_t mcuprof_overflows;  // of Timer 1, in the timed region
ISR(TIMER1_OVF_vect) { mcuprof_overflows = mcuprof_overflows + 1; }
#endif

namespace mcuprof {

#if defined(ARDUINO_ARCH_QEMU)

#define MCUPROF_CLOCK "instructions="
inline uint64_t clock_start() { return mcuprof_instructions(); }
inline uint64_t clock_since(uint64_t start) { return mcuprof_instructions() - start; }

#elif defined(__AVR__)

// With interrupts off micros() loses time on AVR: it misses overflows of an 8-bit timer. Here Timer 1 counts cycles, and
// its overflow is the one interrupt that is served in a timed region: 62 cycles in 65,536 (64 on an ATmega2560), which are
// part of what is timed.
#define MCUPROF_CLOCK "cycles="
inline uint8_t clock_start() {
  TCNT1 = 0;
  return 0;
}
inline uint64_t clock_since(uint8_t) {
  cli();
  const uint16_t low = TCNT1;
  uint32_t high = mcuprof_overflows;
  // An overflow that came before the count was read, and has not been served.
  if ((TIFR1 & _BV(TOV1)) != 0 && low < 0x8000) ++high;
  sei();
  return static_cast<uint64_t>(high) << 16 | low;
}

#else

#define MCUPROF_CLOCK "us="
inline uint32_t clock_start() { return micros(); }
// micros() has 32 bits; the difference is right across its wrap.
inline uint64_t clock_since(uint32_t start) { return static_cast<uint32_t>(micros()) - start; }

#endif

// What may interrupt a timed region is held off from region_begin to region_end.
#if defined(__AVR__)

// GPIOR0 has no function in the chip: a simulator can tell by it where the region is.
#define MCUPROF_MARK(value) (GPIOR0 = (value))

struct Interrupts {
  uint8_t timer0;
  uint8_t uart0;
};
inline Interrupts region_begin() {
  Interrupts were = {TIMSK0, 0};
#if MCUPROF_INTERRUPTS_OFF
  TIMSK0 = 0;
#if defined(UCSR0B)
  were.uart0 = UCSR0B;
  UCSR0B = were.uart0 & static_cast<uint8_t>(~(_BV(RXCIE0) | _BV(TXCIE0) | _BV(UDRIE0)));
#endif
#endif
  TCCR1A = 0;
  TCCR1B = _BV(CS10);  // every cycle, all 16 bits
  mcuprof_overflows = 0;
  TCNT1 = 0;
  TIFR1 = _BV(TOV1);
  TIMSK1 = _BV(TOIE1);
  return were;
}
inline void region_end(const Interrupts &were) {
  TIMSK1 = 0;
#if MCUPROF_INTERRUPTS_OFF
  TIMSK0 = were.timer0;
#if defined(UCSR0B)
  UCSR0B = were.uart0;
#endif
#endif
}

#else

#if defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__)
// A hint that the processor passes over: an emulator can tell by it where the region is.
#define MCUPROF_MARK(value) __asm volatile("dbg %0" ::"i"(value) : "memory")
#else
#define MCUPROF_MARK(value)
#endif

struct Interrupts {};
inline Interrupts region_begin() {
#if MCUPROF_INTERRUPTS_OFF
  noInterrupts();
#endif
  return {};
}
inline void region_end(const Interrupts &) {
#if MCUPROF_INTERRUPTS_OFF
  interrupts();
#endif
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

#if defined(MCUPROF_PARTS)

// How long the parts of a region took, each for itself.
static uint32_t part_ticks[MCUPROF_PARTS];
static uint16_t part_count;  // those that have ended
static uint32_t part_start;
static bool part_clock_is_cycles;

inline uint32_t part_clock() {
  return part_clock_is_cycles ? cycle_counter() : static_cast<uint32_t>(clock_since(0));
}

// A chip may have the registers of a cycle counter and no counter behind them.
inline void part_times_clear() {
  part_count = 0;
  const uint32_t first = cycle_counter();
  part_clock_is_cycles = cycle_counter() != first;
}

#endif

}  // namespace mcuprof

#if defined(MCUPROF_PARTS)

extern "C" void part_begin(void) { mcuprof::part_start = mcuprof::part_clock(); }

extern "C" void part_end(void) {
  const uint32_t ticks = mcuprof::part_clock() - mcuprof::part_start;
  if (mcuprof::part_count < MCUPROF_PARTS) mcuprof::part_ticks[mcuprof::part_count] = ticks;
  ++mcuprof::part_count;
}

#endif
