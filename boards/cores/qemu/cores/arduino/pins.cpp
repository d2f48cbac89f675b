// Sketches blink and read sensors; without pins they would not even compile. Here they do, and a written value can be
// read back, but nothing is connected.
#include "Arduino.h"

namespace {

struct Pin {
  uint8_t level;
  int analog;
};

Pin pins[NUM_DIGITAL_PINS];

// A pin that the board does not have: writes are lost.
Pin& at(pin_size_t pin) {
  static Pin nowhere;
  nowhere = {};
  return pin < NUM_DIGITAL_PINS ? pins[pin] : nowhere;
}

}  // namespace

extern "C" {

void pinMode(pin_size_t pin, PinMode mode) {
  if (mode == INPUT_PULLUP) at(pin).level = HIGH;
}

void digitalWrite(pin_size_t pin, PinStatus value) { at(pin).level = value ? HIGH : LOW; }

int digitalRead(pin_size_t pin) { return at(pin).level; }

int analogRead(pin_size_t pin) { return at(pin < NUM_ANALOG_INPUTS ? A0 + pin : pin).analog; }

void analogWrite(pin_size_t pin, int value) { at(pin).analog = value; }

void analogReference(uint8_t) {}
void analogReadResolution(int) {}
void analogWriteResolution(int) {}

void attachInterrupt(pin_size_t, voidFuncPtr, int) {}
void detachInterrupt(pin_size_t) {}

void shiftOut(pin_size_t data_pin, pin_size_t clock_pin, BitOrder order, uint8_t value) {
  for (int i = 0; i < 8; ++i) {
    digitalWrite(data_pin, (value >> (order == LSBFIRST ? i : 7 - i)) & 1);
    digitalWrite(clock_pin, HIGH);
    digitalWrite(clock_pin, LOW);
  }
}

}  // extern "C"

void tone(pin_size_t, unsigned int, unsigned long) {}
void noTone(pin_size_t) {}

unsigned long pulseIn(pin_size_t, uint8_t, unsigned long) { return 0; }
unsigned long pulseInLong(pin_size_t, uint8_t, unsigned long) { return 0; }

uint8_t shiftIn(pin_size_t data_pin, pin_size_t clock_pin, BitOrder order) {
  unsigned value = 0;
  for (int i = 0; i < 8; ++i) {
    digitalWrite(clock_pin, HIGH);
    value |= static_cast<unsigned>(digitalRead(data_pin)) << (order == LSBFIRST ? i : 7 - i);
    digitalWrite(clock_pin, LOW);
  }
  return static_cast<uint8_t>(value);
}
