// The Arduino API: everything that a sketch sees without including anything.
#pragma once

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcuprof.h"
#include "numbers.h"
#include "pgmspace.h"
#include "pins.h"

// Numbers and angles.
#define PI 3.1415926535897932384626433832795
#define HALF_PI 1.5707963267948966192313216916398
#define TWO_PI 6.283185307179586476925286766559
#define DEG_TO_RAD 0.017453292519943295769236907684886
#define RAD_TO_DEG 57.295779513082320876798154814105
#define EULER 2.718281828459045235360287471352

#define radians(deg) ((deg) * DEG_TO_RAD)
#define degrees(rad) ((rad) * RAD_TO_DEG)
#define sq(x) ((x) * (x))
#define constrain(amt, low, high) ((amt) < (low) ? (low) : ((amt) > (high) ? (high) : (amt)))

// Bits and bytes.
#define lowByte(w) ((uint8_t)((w)&0xff))
#define highByte(w) ((uint8_t)((w) >> 8))
#define bit(b) (1UL << (b))
#define bitRead(value, bit) (((value) >> (bit)) & 0x01)
#define bitSet(value, bit) ((value) |= (1UL << (bit)))
#define bitClear(value, bit) ((value) &= ~(1UL << (bit)))
#define bitToggle(value, bit) ((value) ^= (1UL << (bit)))
#define bitWrite(value, bit, on) ((on) ? bitSet(value, bit) : bitClear(value, bit))

// The clock.
#define clockCyclesPerMicrosecond() (F_CPU / 1000000L)
#define clockCyclesToMicroseconds(cycles) ((cycles) / clockCyclesPerMicrosecond())
#define microsecondsToClockCycles(us) ((us)*clockCyclesPerMicrosecond())

typedef uint8_t byte;
typedef uint16_t word;
typedef bool boolean;

#ifdef __cplusplus
extern "C" {
#endif

void setup(void);
void loop(void);

// Both wrap at 2^32.
unsigned long millis(void);
unsigned long micros(void);
void delay(unsigned long ms);
void delayMicroseconds(unsigned int us);
void yield(void);

static inline void noInterrupts(void) { __asm volatile("cpsid i" ::: "memory"); }
static inline void interrupts(void) { __asm volatile("cpsie i" ::: "memory"); }

#ifdef __cplusplus
}  // extern "C"

#include <algorithm>
#include <type_traits>

// Templates, not macros: macros named min and max break the headers of the C++ library.
template <class T, class U>
constexpr typename std::common_type<T, U>::type min(const T& a, const U& b) {
  return b < a ? b : a;
}
template <class T, class U>
constexpr typename std::common_type<T, U>::type max(const T& a, const U& b) {
  return a < b ? b : a;
}
constexpr unsigned int abs(unsigned int value) { return value; }
constexpr unsigned long abs(unsigned long value) { return value; }

constexpr uint16_t makeWord(uint16_t w) { return w; }
constexpr uint16_t makeWord(uint8_t high, uint8_t low) { return static_cast<uint16_t>(high << 8 | low); }
#define word(...) makeWord(__VA_ARGS__)

long random(long end);
long random(long begin, long end);
void randomSeed(unsigned long seed);
long map(long value, long from_low, long from_high, long to_low, long to_high);

#include "HardwareSerial.h"
#include "WCharacter.h"
#include "WString.h"

#else  // C

#ifndef min
#define min(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef max
#define max(a, b) ((a) > (b) ? (a) : (b))
#endif

#endif  // __cplusplus

#include "pins_arduino.h"
