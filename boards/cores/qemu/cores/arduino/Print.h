// Text output of any kind, on top of write().
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "Printable.h"
#include "pgmspace.h"

#define DEC 10
#define HEX 16
#define OCT 8
#define BIN 2

class String;

class Print {
 public:
  constexpr Print() = default;

  virtual size_t write(uint8_t c) = 0;
  virtual size_t write(const uint8_t* data, size_t size);
  virtual int availableForWrite() { return 0; }
  virtual void flush() {}

  size_t write(const char* text) { return text ? write(text, strlen(text)) : 0; }
  size_t write(const char* text, size_t size) { return write(reinterpret_cast<const uint8_t*>(text), size); }

  int getWriteError() const { return write_error_; }
  void clearWriteError() { setWriteError(0); }

  size_t print(const __FlashStringHelper* text) { return write(reinterpret_cast<const char*>(text)); }
  size_t print(const String& text);
  size_t print(const char* text) { return write(text); }
  size_t print(char c) { return write(static_cast<uint8_t>(c)); }
  size_t print(const Printable& thing) { return thing.printTo(*this); }
  size_t print(double value, int decimals = 2);

  // In bases other than 10 a negative number prints as its bits. Base 0 writes the value as one byte.
  size_t print(unsigned char value, int base = DEC) { return print_unsigned(value, base); }
  size_t print(int value, int base = DEC) { return print_signed(value, static_cast<unsigned int>(value), base); }
  size_t print(unsigned int value, int base = DEC) { return print_unsigned(value, base); }
  size_t print(long value, int base = DEC) { return print_signed(value, static_cast<unsigned long>(value), base); }
  size_t print(unsigned long value, int base = DEC) { return print_unsigned(value, base); }
  size_t print(long long value, int base = DEC) {
    return print_signed(value, static_cast<unsigned long long>(value), base);
  }
  size_t print(unsigned long long value, int base = DEC) { return print_unsigned(value, base); }

  size_t println() { return write("\r\n", 2); }
  template <class... Arguments>
  size_t println(const Arguments&... arguments) {
    const size_t written = print(arguments...);
    return written + println();
  }

  size_t printf(const char* format, ...) __attribute__((format(printf, 2, 3)));

 protected:
  ~Print() = default;
  void setWriteError(int error = 1) { write_error_ = error; }

 private:
  size_t print_signed(long long value, unsigned long long bits, int base);
  size_t print_unsigned(unsigned long long value, int base);

  int write_error_ = 0;
};
