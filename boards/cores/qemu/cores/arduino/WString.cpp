// The text has room to spare after it has grown, so that adding characters one by one does not allocate for each.
#include "WString.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include <algorithm>

#include "digits.h"

namespace {

String of_unsigned(unsigned long long value, unsigned base) {
  char buffer[digits::kLongestInteger];
  return String(digits::of(value, base, buffer + sizeof buffer));
}

String of_signed(long long value, unsigned long long bits, unsigned base) {
  if (base != 10 || value >= 0) return of_unsigned(bits, base);
  char buffer[digits::kLongestInteger];
  char* text = digits::of(0 - static_cast<unsigned long long>(value), base, buffer + sizeof buffer);
  *--text = '-';
  return String(text);
}

String of_double(double value, unsigned decimals) {
  char text[digits::kLongestDouble];
  const size_t length = digits::of(value, decimals, text);
  return String(text, static_cast<unsigned>(length));
}

}  // namespace

String::String(unsigned char value, unsigned char base) : String(of_unsigned(value, base)) {}
String::String(int value, unsigned char base) : String(of_signed(value, static_cast<unsigned>(value), base)) {}
String::String(unsigned int value, unsigned char base) : String(of_unsigned(value, base)) {}
String::String(long value, unsigned char base) : String(of_signed(value, static_cast<unsigned long>(value), base)) {}
String::String(unsigned long value, unsigned char base) : String(of_unsigned(value, base)) {}
String::String(long long value, unsigned char base)
    : String(of_signed(value, static_cast<unsigned long long>(value), base)) {}
String::String(unsigned long long value, unsigned char base) : String(of_unsigned(value, base)) {}
String::String(float value, unsigned char decimals) : String(of_double(value, decimals)) {}
String::String(double value, unsigned char decimals) : String(of_double(value, decimals)) {}

String::~String() { free(text_); }

String& String::operator=(const String& other) {
  if (this == &other) return *this;
  if (other.text_) {
    assign(other.text_, other.length_);
  } else {
    invalidate();
  }
  return *this;
}

String& String::operator=(String&& other) noexcept {
  swap(other);
  return *this;
}

String& String::operator=(const char* text) {
  if (text) {
    assign(text, strlen(text));
  } else {
    invalidate();
  }
  return *this;
}

void String::swap(String& other) noexcept {
  std::swap(text_, other.text_);
  std::swap(capacity_, other.capacity_);
  std::swap(length_, other.length_);
}

void String::invalidate() {
  free(text_);
  text_ = nullptr;
  capacity_ = length_ = 0;
}

bool String::reserve(unsigned int length) {
  if (text_ && length <= capacity_) return true;
  char* const larger = static_cast<char*>(realloc(text_, static_cast<size_t>(length) + 1));
  if (!larger) return false;
  if (!text_) *larger = '\0';
  text_ = larger;
  capacity_ = length;
  return true;
}

bool String::assign(const char* text, size_t length) {
  if (!text || !reserve(static_cast<unsigned>(length))) {
    invalidate();
    return false;
  }
  memmove(text_, text, length);
  length_ = static_cast<unsigned>(length);
  text_[length_] = '\0';
  return true;
}

bool String::append(const char* text, size_t length) {
  if (length == 0) return true;
  const unsigned sum = length_ + static_cast<unsigned>(length);
  const bool own_text = text_ && text >= text_ && text <= text_ + length_;
  const size_t offset = own_text ? static_cast<size_t>(text - text_) : 0;
  const bool grown = sum <= capacity_ || reserve(std::max(sum, capacity_ + capacity_ / 2)) || reserve(sum);
  if (!grown) return false;
  memmove(text_ + length_, own_text ? text_ + offset : text, length);
  length_ = sum;
  text_[length_] = '\0';
  return true;
}

bool String::equalsIgnoreCase(const String& other) const {
  return length_ == other.length_ && strcasecmp(c_str(), other.c_str()) == 0;
}

bool String::startsWith(const String& prefix, unsigned int offset) const {
  if (offset > length_ || prefix.length_ > length_ - offset) return false;
  return strncmp(c_str() + offset, prefix.c_str(), prefix.length_) == 0;
}

bool String::endsWith(const String& suffix) const {
  return suffix.length_ <= length_ && strcmp(c_str() + length_ - suffix.length_, suffix.c_str()) == 0;
}

char& String::operator[](unsigned int index) {
  static char nowhere;
  nowhere = '\0';
  return index < length_ ? text_[index] : nowhere;
}

void String::getBytes(unsigned char* buffer, unsigned int size, unsigned int index) const {
  if (!buffer || size == 0) return;
  const unsigned count = index < length_ ? std::min(size - 1, length_ - index) : 0;
  memcpy(buffer, c_str() + index * (count > 0), count);
  buffer[count] = '\0';
}

int String::indexOf(char c, unsigned int from) const {
  if (from >= length_) return -1;
  const char* const found = strchr(text_ + from, c);
  return found ? static_cast<int>(found - text_) : -1;
}

int String::indexOf(const String& text, unsigned int from) const {
  if (from >= length_) return -1;
  const char* const found = strstr(text_ + from, text.c_str());
  return found ? static_cast<int>(found - text_) : -1;
}

int String::lastIndexOf(char c, unsigned int from) const {
  for (int i = static_cast<int>(std::min(from + 1, length_)) - 1; i >= 0; --i) {
    if (text_[i] == c) return i;
  }
  return -1;
}

int String::lastIndexOf(const String& text, unsigned int from) const {
  if (text.length_ == 0 || text.length_ > length_) return -1;
  for (int i = static_cast<int>(std::min(from, length_ - text.length_)); i >= 0; --i) {
    if (startsWith(text, static_cast<unsigned>(i))) return i;
  }
  return -1;
}

String String::substring(unsigned int begin, unsigned int end) const {
  if (begin > end) std::swap(begin, end);
  end = std::min(end, length_);
  return begin < end ? String(text_ + begin, end - begin) : String();
}

void String::replace(char from, char to) {
  std::replace(begin(), end(), from, to);
}

void String::replace(const String& from, const String& to) {
  if (from.length_ == 0) return;
  String result;
  unsigned done = 0;
  for (int at = indexOf(from); at >= 0; at = indexOf(from, done)) {
    const unsigned before = static_cast<unsigned>(at) - done;
    if (!result.append(text_ + done, before) || !result.concat(to)) return;
    done = static_cast<unsigned>(at) + from.length_;
  }
  if (done > 0 && result.append(text_ + done, length_ - done)) swap(result);
}

void String::remove(unsigned int index, unsigned int count) {
  if (index >= length_ || count == 0) return;
  count = std::min(count, length_ - index);
  memmove(text_ + index, text_ + index + count, length_ - index - count);
  length_ -= count;
  text_[length_] = '\0';
}

void String::toLowerCase() {
  for (char& c : *this) c = static_cast<char>(tolower(static_cast<unsigned char>(c)));
}

void String::toUpperCase() {
  for (char& c : *this) c = static_cast<char>(toupper(static_cast<unsigned char>(c)));
}

void String::trim() {
  unsigned first = 0, last = length_;
  while (first < last && isspace(static_cast<unsigned char>(text_[first]))) ++first;
  while (last > first && isspace(static_cast<unsigned char>(text_[last - 1]))) --last;
  remove(last);
  remove(0, first);
}

long String::toInt() const { return strtol(c_str(), nullptr, 10); }
float String::toFloat() const { return static_cast<float>(toDouble()); }
double String::toDouble() const { return strtod(c_str(), nullptr); }
