// Resets the chip from software, so that one upload serves many probes.
#pragma once

#include <Arduino.h>
#include <stdint.h>

#if defined(__AVR__)
#include <avr/wdt.h>
#endif

namespace mcuprof {

inline void reset_board() {
  Serial.flush();
#if defined(__AVR__)
  wdt_enable(WDTO_15MS);
#elif defined(__arm__)
  __asm volatile("dsb" ::: "memory");
  *reinterpret_cast<volatile uint32_t *>(0xE000ED0C) = 0x05FA0004u;  // SCB_AIRCR: VECTKEY, SYSRESETREQ
  __asm volatile("dsb" ::: "memory");
#else
#error "how to reset this processor is not known"
#endif
  for (;;) {
  }
}

}  // namespace mcuprof
