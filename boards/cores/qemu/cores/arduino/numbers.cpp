// Numbers as text: for the C functions that sketches know from other boards, and for Print and String, which must agree
// with each other to the digit.
#include "numbers.h"

#include <math.h>
#include <string.h>

#include "digits.h"

char* digits::of(unsigned long long value, unsigned base, char* end) {
  if (base < 2 || base > 36) base = 10;
  *--end = '\0';
  do {
    const unsigned digit = static_cast<unsigned>(value % base);
    *--end = static_cast<char>(digit < 10 ? '0' + digit : 'A' + digit - 10);
    value /= base;
  } while (value != 0);
  return end;
}

size_t digits::of(double value, unsigned decimals, char* text) {
  constexpr double kMost = 4294967040.0;  // the integral part must fit 32 bits
  if (decimals > kMostDecimals) decimals = kMostDecimals;
  if (isnan(value)) return strlen(strcpy(text, "nan"));
  if (isinf(value)) return strlen(strcpy(text, "inf"));
  if (value > kMost || value < -kMost) return strlen(strcpy(text, "ovf"));

  char* to = text;
  if (value < 0) {
    *to++ = '-';
    value = -value;
  }
  double half = 0.5;
  for (unsigned i = 0; i < decimals; ++i) half /= 10;
  value += half;

  const unsigned long whole = static_cast<unsigned long>(value);
  char buffer[kLongestInteger];
  const char* from = of(static_cast<unsigned long long>(whole), 10, buffer + sizeof buffer);
  while (*from) *to++ = *from++;

  double rest = value - static_cast<double>(whole);
  if (decimals > 0) *to++ = '.';
  while (decimals-- > 0) {
    rest *= 10;
    const unsigned digit = static_cast<unsigned>(rest);
    *to++ = static_cast<char>('0' + digit);
    rest -= digit;
  }
  *to = '\0';
  return static_cast<size_t>(to - text);
}

extern "C" {

char* ultoa(unsigned long value, char* text, int base) { return utoa(static_cast<unsigned>(value), text, base); }

char* ltoa(long value, char* text, int base) { return itoa(static_cast<int>(value), text, base); }

char* dtostrf(double value, signed char width, unsigned char decimals, char* text) {
  const size_t length = digits::of(value, decimals, text);
  const size_t wanted = static_cast<size_t>(width < 0 ? -width : width);
  if (length >= wanted) return text;
  const size_t blanks = wanted - length;
  if (width < 0) {
    memset(text + length, ' ', blanks);
  } else {
    memmove(text + blanks, text, length);
    memset(text, ' ', blanks);
  }
  text[wanted] = '\0';
  return text;
}

}  // extern "C"
