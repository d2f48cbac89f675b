// Text input of any kind, on top of read() and peek(). Everything here waits for input for at most the timeout.
#pragma once

#include <stdint.h>

#include "Print.h"
#include "WString.h"

// What parseInt() and parseFloat() pass over before the number.
enum LookaheadMode {
  SKIP_ALL,        // anything
  SKIP_NONE,       // nothing
  SKIP_WHITESPACE  // blanks, tabs and line ends
};

constexpr char NO_IGNORE_CHAR = '\x01';

class Stream : public Print {
 public:
  constexpr Stream() = default;

  virtual int available() = 0;
  virtual int read() = 0;
  virtual int peek() = 0;

  void setTimeout(unsigned long ms) { timeout_ms_ = ms; }
  unsigned long getTimeout() const { return timeout_ms_; }

  // True once the target came by, false after a timeout; everything up to there is consumed.
  bool find(const char* target) { return find(target, strlen(target)); }
  bool find(const uint8_t* target) { return find(reinterpret_cast<const char*>(target)); }
  bool find(const char* target, size_t length) { return findUntil(target, length, nullptr, 0); }
  bool find(const uint8_t* target, size_t length) { return find(reinterpret_cast<const char*>(target), length); }
  bool find(char target) { return find(&target, 1); }

  // As find(), and false when the terminator came first.
  bool findUntil(const char* target, const char* terminator) {
    return findUntil(target, strlen(target), terminator, terminator ? strlen(terminator) : 0);
  }
  bool findUntil(const char* target, size_t target_length, const char* terminator, size_t terminator_length);

  // The next number; 0 after a timeout. Characters equal to `ignore` within it are passed over.
  long parseInt(LookaheadMode lookahead = SKIP_ALL, char ignore = NO_IGNORE_CHAR);
  float parseFloat(LookaheadMode lookahead = SKIP_ALL, char ignore = NO_IGNORE_CHAR);

  // How many bytes came. The terminator is consumed and not stored.
  size_t readBytes(char* buffer, size_t length);
  size_t readBytes(uint8_t* buffer, size_t length) { return readBytes(reinterpret_cast<char*>(buffer), length); }
  size_t readBytesUntil(char terminator, char* buffer, size_t length);
  size_t readBytesUntil(char terminator, uint8_t* buffer, size_t length) {
    return readBytesUntil(terminator, reinterpret_cast<char*>(buffer), length);
  }
  String readString();
  String readStringUntil(char terminator);

 protected:
  ~Stream() = default;
  int timedRead();
  int timedPeek();

 private:
  int peek_number(LookaheadMode lookahead, bool with_point);
  int next_of_number(char ignore);

  unsigned long timeout_ms_ = 1000;
};
