// Arduino's String: text on the heap that grows. When memory runs out a String becomes invalid (false, and empty)
// instead of stopping the program.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <type_traits>
#include <utility>

#include "pgmspace.h"

class String {
 public:
  String(const char* text = "") { assign(text, text ? strlen(text) : 0); }
  String(const char* text, unsigned int length) { assign(text, length); }
  String(const uint8_t* text, unsigned int length) : String(reinterpret_cast<const char*>(text), length) {}
  String(const __FlashStringHelper* text) : String(reinterpret_cast<const char*>(text)) {}
  String(const String& other) { *this = other; }
  String(String&& other) noexcept { swap(other); }
  explicit String(char c) { assign(&c, 1); }
  explicit String(unsigned char value, unsigned char base = 10);
  explicit String(int value, unsigned char base = 10);
  explicit String(unsigned int value, unsigned char base = 10);
  explicit String(long value, unsigned char base = 10);
  explicit String(unsigned long value, unsigned char base = 10);
  explicit String(long long value, unsigned char base = 10);
  explicit String(unsigned long long value, unsigned char base = 10);
  explicit String(float value, unsigned char decimals = 2);
  explicit String(double value, unsigned char decimals = 2);
  ~String();

  String& operator=(const String& other);
  String& operator=(String&& other) noexcept;
  String& operator=(const char* text);
  String& operator=(const __FlashStringHelper* text) { return *this = reinterpret_cast<const char*>(text); }

  // Room for a text of that length; false when there is no memory for it.
  bool reserve(unsigned int length);
  unsigned int length() const { return length_; }
  bool isEmpty() const { return length_ == 0; }
  explicit operator bool() const { return text_ != nullptr; }

  // All return whether there was memory; the text is unchanged when there was not.
  bool concat(const String& text) { return append(text.c_str(), text.length_); }
  bool concat(const char* text) { return text && append(text, strlen(text)); }
  bool concat(const char* text, unsigned int length) { return text && append(text, length); }
  bool concat(const uint8_t* text, unsigned int length) { return concat(reinterpret_cast<const char*>(text), length); }
  bool concat(const __FlashStringHelper* text) { return concat(reinterpret_cast<const char*>(text)); }
  bool concat(char c) { return append(&c, 1); }
  template <class Number, class = typename std::enable_if<std::is_arithmetic<Number>::value>::type>
  bool concat(Number value) {
    return concat(String(value));
  }
  template <class T>
  String& operator+=(const T& text) {
    concat(text);
    return *this;
  }

  int compareTo(const String& other) const { return strcmp(c_str(), other.c_str()); }
  bool equals(const String& other) const { return length_ == other.length_ && compareTo(other) == 0; }
  bool equals(const char* text) const { return strcmp(c_str(), text ? text : "") == 0; }
  bool equalsIgnoreCase(const String& other) const;
  bool startsWith(const String& prefix) const { return startsWith(prefix, 0); }
  bool startsWith(const String& prefix, unsigned int offset) const;
  bool endsWith(const String& suffix) const;

  // An index past the end reads as '\0', and writes to nowhere.
  char charAt(unsigned int index) const { return index < length_ ? text_[index] : '\0'; }
  void setCharAt(unsigned int index, char c) { (*this)[index] = c; }
  char operator[](unsigned int index) const { return charAt(index); }
  char& operator[](unsigned int index);
  void getBytes(unsigned char* buffer, unsigned int size, unsigned int index = 0) const;
  void toCharArray(char* buffer, unsigned int size, unsigned int index = 0) const {
    getBytes(reinterpret_cast<unsigned char*>(buffer), size, index);
  }
  const char* c_str() const { return text_ ? text_ : ""; }
  char* begin() { return text_; }
  char* end() { return text_ + length_; }
  const char* begin() const { return c_str(); }
  const char* end() const { return c_str() + length_; }

  // -1 when there is none.
  int indexOf(char c, unsigned int from = 0) const;
  int indexOf(const String& text, unsigned int from = 0) const;
  int lastIndexOf(char c) const { return lastIndexOf(c, length_); }
  int lastIndexOf(char c, unsigned int from) const;
  int lastIndexOf(const String& text) const { return lastIndexOf(text, length_); }
  int lastIndexOf(const String& text, unsigned int from) const;

  String substring(unsigned int begin) const { return substring(begin, length_); }
  String substring(unsigned int begin, unsigned int end) const;

  void replace(char from, char to);
  void replace(const String& from, const String& to);
  void remove(unsigned int index) { remove(index, length_); }
  void remove(unsigned int index, unsigned int count);
  void toLowerCase();
  void toUpperCase();
  void trim();

  // 0 when the text does not begin with a number.
  long toInt() const;
  float toFloat() const;
  double toDouble() const;

 private:
  bool append(const char* text, size_t length);
  bool assign(const char* text, size_t length);
  void invalidate();
  void swap(String& other) noexcept;

  char* text_ = nullptr;
  unsigned int capacity_ = 0;  // without the terminator
  unsigned int length_ = 0;
};

// Old sketches name the type of a sum.
using StringSumHelper = String;

// One of the two must be a String: otherwise sums such as pointer + enum would become ambiguous.
template <class L, class R,
          class = typename std::enable_if<std::is_same<typename std::decay<L>::type, String>::value ||
                                          std::is_same<R, String>::value>::type>
String operator+(L&& left, const R& right) {
  String sum(std::forward<L>(left));
  sum.concat(right);
  return sum;
}

inline bool operator==(const String& a, const String& b) { return a.equals(b); }
inline bool operator==(const String& a, const char* b) { return a.equals(b); }
inline bool operator==(const char* a, const String& b) { return b.equals(a); }
inline bool operator!=(const String& a, const String& b) { return !(a == b); }
inline bool operator!=(const String& a, const char* b) { return !(a == b); }
inline bool operator!=(const char* a, const String& b) { return !(a == b); }
inline bool operator<(const String& a, const String& b) { return a.compareTo(b) < 0; }
inline bool operator>(const String& a, const String& b) { return a.compareTo(b) > 0; }
inline bool operator<=(const String& a, const String& b) { return a.compareTo(b) <= 0; }
inline bool operator>=(const String& a, const String& b) { return a.compareTo(b) >= 0; }
