// Pins, as far as sketches must compile and run: nothing is connected, a pin remembers what was last written to it.
#pragma once

#include <stdint.h>

#define LOW 0
#define HIGH 1

#define INPUT 0
#define OUTPUT 1
#define INPUT_PULLUP 2
#define INPUT_PULLDOWN 3

#define CHANGE 2
#define FALLING 3
#define RISING 4

#define LSBFIRST 0
#define MSBFIRST 1

#define DEFAULT 0
#define INTERNAL 1
#define EXTERNAL 2

typedef uint8_t PinMode;
typedef uint8_t PinStatus;
typedef uint8_t BitOrder;
typedef uint32_t pin_size_t;
typedef void (*voidFuncPtr)(void);

#ifdef __cplusplus
extern "C" {
#endif

void pinMode(pin_size_t pin, PinMode mode);
void digitalWrite(pin_size_t pin, PinStatus value);
int digitalRead(pin_size_t pin);

// analogRead() answers what analogWrite() last wrote, 0 at first. The resolutions are accepted and change nothing.
int analogRead(pin_size_t pin);
void analogWrite(pin_size_t pin, int value);
void analogReference(uint8_t mode);
void analogReadResolution(int bits);
void analogWriteResolution(int bits);

// There is no interrupt to attach to: the function is never called.
void attachInterrupt(pin_size_t interrupt, voidFuncPtr function, int mode);
void detachInterrupt(pin_size_t interrupt);

void shiftOut(pin_size_t data_pin, pin_size_t clock_pin, BitOrder order, uint8_t value);

#ifdef __cplusplus
}  // extern "C"

void tone(pin_size_t pin, unsigned int hertz, unsigned long ms = 0);
void noTone(pin_size_t pin);

// 0, as for a pulse that never came; they do not wait for it.
unsigned long pulseIn(pin_size_t pin, uint8_t level, unsigned long timeout_us = 1000000);
unsigned long pulseInLong(pin_size_t pin, uint8_t level, unsigned long timeout_us = 1000000);

uint8_t shiftIn(pin_size_t data_pin, pin_size_t clock_pin, BitOrder order);
#endif
