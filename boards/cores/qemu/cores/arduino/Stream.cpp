// Waiting is polling read() or peek(); the stream below is free to sleep in them when nothing came.
#include "Stream.h"

#include "Arduino.h"

namespace {

// Follows a text through a stream of characters.
class Matcher {
 public:
  Matcher(const char* text, size_t length) : text_(text), length_(length) {}

  // True once the whole text came by.
  bool next(char c) {
    while (matched_ > 0 && c != text_[matched_]) fall_back();
    if (matched_ < length_ && c == text_[matched_]) ++matched_;
    return length_ > 0 && matched_ == length_;
  }

 private:
  // To the longest beginning of the text with which what has matched so far ends.
  void fall_back() {
    size_t shorter = matched_ - 1;
    while (shorter > 0 && memcmp(text_, text_ + matched_ - shorter, shorter) != 0) --shorter;
    matched_ = shorter;
  }

  const char* text_;
  size_t length_;
  size_t matched_ = 0;
};

}  // namespace

int Stream::timedRead() {
  const unsigned long start = millis();
  do {
    const int c = read();
    if (c >= 0) return c;
  } while (millis() - start < timeout_ms_);
  return -1;
}

int Stream::timedPeek() {
  const unsigned long start = millis();
  do {
    const int c = peek();
    if (c >= 0) return c;
  } while (millis() - start < timeout_ms_);
  return -1;
}

bool Stream::findUntil(const char* target, size_t target_length, const char* terminator, size_t terminator_length) {
  if (target_length == 0) return true;
  Matcher wanted(target, target_length), end(terminator, terminator_length);
  int c;
  while ((c = timedRead()) >= 0) {
    if (wanted.next(static_cast<char>(c))) return true;
    if (end.next(static_cast<char>(c))) return false;
  }
  return false;
}

// The character that a number may begin with, left in the stream; -1 after a timeout or where lookahead forbids to
// pass over what is there.
int Stream::peek_number(LookaheadMode lookahead, bool with_point) {
  for (;;) {
    const int c = timedPeek();
    if (c < 0 || c == '-' || isDigit(c) || (with_point && c == '.')) return c;
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (lookahead == SKIP_NONE || (lookahead == SKIP_WHITESPACE && !blank)) return -1;
    read();
  }
}

// Consumes the current character and peeks at the next that is not to be ignored.
int Stream::next_of_number(char ignore) {
  int c;
  do {
    read();
    c = timedPeek();
  } while (c >= 0 && static_cast<char>(c) == ignore && ignore != NO_IGNORE_CHAR);
  return c;
}

long Stream::parseInt(LookaheadMode lookahead, char ignore) {
  int c = peek_number(lookahead, false);
  if (c < 0) return 0;
  const bool negative = c == '-';
  if (negative) c = next_of_number(ignore);
  unsigned long value = 0;
  for (; c >= 0 && isDigit(c); c = next_of_number(ignore)) value = value * 10 + static_cast<unsigned long>(c - '0');
  return static_cast<long>(negative ? 0 - value : value);
}

float Stream::parseFloat(LookaheadMode lookahead, char ignore) {
  int c = peek_number(lookahead, true);
  if (c < 0) return 0;
  const bool negative = c == '-';
  if (negative) c = next_of_number(ignore);
  double value = 0, scale = 1;
  bool after_point = false;
  for (; c >= 0 && (isDigit(c) || (c == '.' && !after_point)); c = next_of_number(ignore)) {
    if (c == '.') {
      after_point = true;
    } else {
      value = value * 10 + (c - '0');
      if (after_point) scale *= 10;
    }
  }
  return static_cast<float>((negative ? -value : value) / scale);
}

size_t Stream::readBytes(char* buffer, size_t length) {
  size_t count = 0;
  int c;
  while (count < length && (c = timedRead()) >= 0) buffer[count++] = static_cast<char>(c);
  return count;
}

size_t Stream::readBytesUntil(char terminator, char* buffer, size_t length) {
  size_t count = 0;
  int c;
  while (count < length && (c = timedRead()) >= 0 && static_cast<char>(c) != terminator) {
    buffer[count++] = static_cast<char>(c);
  }
  return count;
}

String Stream::readString() {
  String text;
  int c;
  while ((c = timedRead()) >= 0) text += static_cast<char>(c);
  return text;
}

String Stream::readStringUntil(char terminator) {
  String text;
  int c;
  while ((c = timedRead()) >= 0 && static_cast<char>(c) != terminator) text += static_cast<char>(c);
  return text;
}
