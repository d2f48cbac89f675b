// Conversions of numbers to text that are not in standard C; itoa and utoa come with the C library.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

char* itoa(int value, char* text, int base);
char* utoa(unsigned int value, char* text, int base);
char* ltoa(long value, char* text, int base);
char* ultoa(unsigned long value, char* text, int base);

// `value` with `decimals` digits after the point, padded with blanks to `width`: on the left, or with a negative width
// on the right.
char* dtostrf(double value, signed char width, unsigned char decimals, char* text);

#ifdef __cplusplus
}
#endif
