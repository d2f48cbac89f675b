// Pin names of a board in the form of a Nano. Nothing is connected to the pins; they remember what was written.
#pragma once

#include <stdint.h>

#define NUM_DIGITAL_PINS 22
#define NUM_ANALOG_INPUTS 8

#define LED_BUILTIN 13

#define digitalPinToInterrupt(pin) (pin)

static const uint8_t A0 = 14;
static const uint8_t A1 = 15;
static const uint8_t A2 = 16;
static const uint8_t A3 = 17;
static const uint8_t A4 = 18;
static const uint8_t A5 = 19;
static const uint8_t A6 = 20;
static const uint8_t A7 = 21;

static const uint8_t SS = 10;
static const uint8_t MOSI = 11;
static const uint8_t MISO = 12;
static const uint8_t SCK = 13;
static const uint8_t SDA = 18;
static const uint8_t SCL = 19;
