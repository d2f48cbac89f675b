// The one place where numbers become text, shared by Print, String and the C functions.
#pragma once

#include <stddef.h>

namespace digits {

constexpr size_t kLongestInteger = 8 * sizeof(unsigned long long) + 2;  // base 2, a sign, a terminator
constexpr unsigned kMostDecimals = 32;
constexpr size_t kLongestDouble = 1 + 10 + 1 + kMostDecimals + 1;

// Writes the digits and a terminator so that they end at `end`; returns where they begin. A base that is none means 10.
char* of(unsigned long long value, unsigned base, char* end);

// Writes at most kLongestDouble characters; returns how many, without the terminator. "ovf" where the integral part
// does not fit 32 bits.
size_t of(double value, unsigned decimals, char* text);

}  // namespace digits
