// The serial port of the board.
#pragma once

#include "Stream.h"

// Frame formats. They are accepted and change nothing: the virtual line carries bytes.
#define SERIAL_7N1 0x04
#define SERIAL_8N1 0x06
#define SERIAL_8N2 0x0E
#define SERIAL_7E1 0x24
#define SERIAL_8E1 0x26
#define SERIAL_7O1 0x34
#define SERIAL_8O1 0x36

class HardwareSerial : public Stream {
 public:
  constexpr HardwareSerial() = default;

  void begin(unsigned long baud, uint16_t config = SERIAL_8N1);
  void end();

  // When these come back empty-handed again and again, the board sleeps for up to a millisecond within them.
  int available() override;
  int read() override;
  int peek() override;

  int availableForWrite() override;
  void flush() override {}  // write() returns when the byte is on its way
  size_t write(uint8_t c) override;
  size_t write(int c) { return write(static_cast<uint8_t>(c)); }
  size_t write(unsigned int c) { return write(static_cast<uint8_t>(c)); }
  size_t write(long c) { return write(static_cast<uint8_t>(c)); }
  size_t write(unsigned long c) { return write(static_cast<uint8_t>(c)); }
  using Print::write;

  operator bool() const { return true; }
};

extern HardwareSerial Serial;

// Called after loop() when there is input and the sketch has a serialEvent(). Weak: absent in sketches without Serial.
void serialEventRun() __attribute__((weak));
