// Numbers are turned into text by digits.h, so that Print and String agree.
#include "Print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "WString.h"
#include "digits.h"

size_t Print::write(const uint8_t* data, size_t size) {
  size_t written = 0;
  while (written < size && write(data[written]) == 1) ++written;
  return written;
}

size_t Print::print(const String& text) { return write(text.c_str(), text.length()); }

size_t Print::print(double value, int decimals) {
  char text[digits::kLongestDouble];
  return write(text, digits::of(value, static_cast<unsigned>(decimals < 0 ? 2 : decimals), text));
}

size_t Print::print_unsigned(unsigned long long value, int base) {
  if (base == 0) return write(static_cast<uint8_t>(value));
  char buffer[digits::kLongestInteger];
  return write(digits::of(value, static_cast<unsigned>(base), buffer + sizeof buffer));
}

size_t Print::print_signed(long long value, unsigned long long bits, int base) {
  if (base != DEC || value >= 0) return print_unsigned(bits, base);
  const size_t sign = print('-');
  return sign + print_unsigned(0 - static_cast<unsigned long long>(value), base);
}

size_t Print::printf(const char* format, ...) {
  char line[128];
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  const int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);

  size_t written = 0;
  if (length >= 0 && static_cast<size_t>(length) < sizeof line) {
    written = write(line, static_cast<size_t>(length));
  } else if (length >= 0) {
    const size_t size = static_cast<size_t>(length) + 1;
    if (char* text = static_cast<char*>(malloc(size))) {
      vsnprintf(text, size, format, again);
      written = write(text, size - 1);
      free(text);
    }
  }
  va_end(again);
  return written;
}
