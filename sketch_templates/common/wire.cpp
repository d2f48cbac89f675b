#include "wire.h"

#include <Arduino.h>
#include <string.h>

namespace mcuprof {
namespace {

char line[kLineBytes + 1];  // the request that is coming in, later cut into its words
size_t line_length = 0;
bool line_too_long = false;

char nonce[9] = "";         // of the request that is being answered, or was answered last
char answer[kAnswerBytes];  // "<kind> <text>" of the last final answer, kept for a repeat
size_t answer_length = 0;
bool answer_cut = false;    // it did not fit
bool answered = false;
uint32_t sequence = 0;

#if defined(__AVR__)
bool equal(const char *word, Text text) { return strcmp_P(word, reinterpret_cast<PGM_P>(text)) == 0; }
char letter(Text text, size_t index) { return static_cast<char>(pgm_read_byte(reinterpret_cast<PGM_P>(text) + index)); }
#else
bool equal(const char *word, Text text) { return strcmp(word, text) == 0; }
char letter(Text text, size_t index) { return text[index]; }
#endif

char hex_digit(unsigned value) { return static_cast<char>(value < 10 ? '0' + value : 'a' + (value - 10)); }

uint16_t crc_step(uint16_t crc, uint8_t byte) {
  crc ^= static_cast<uint16_t>(byte) << 8;
  for (int bit = 0; bit < 8; ++bit) {
    crc = static_cast<uint16_t>((crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1);
  }
  return crc;
}

uint16_t crc_of(const char *text, size_t length) {
  uint16_t crc = 0xFFFF;
  for (size_t i = 0; i < length; ++i) crc = crc_step(crc, static_cast<uint8_t>(text[i]));
  return crc;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

// Sends text and takes it into the checksum of the line.
uint16_t send(const char *text, size_t length, uint16_t crc) {
  Serial.write(reinterpret_cast<const uint8_t *>(text), length);
  for (size_t i = 0; i < length; ++i) crc = crc_step(crc, static_cast<uint8_t>(text[i]));
  return crc;
}

size_t decimal(uint64_t value, char *out) {
  char reversed[20];
  size_t length = 0;
  do {
    reversed[length++] = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  for (size_t i = 0; i < length; ++i) out[i] = reversed[length - 1 - i];
  return length;
}

void send_line(const char *text, size_t length) {
  char head[34];
  size_t head_length = 0;
  head[head_length++] = '@';
  head_length += decimal(++sequence, head + head_length);
  head[head_length++] = ' ';
  const size_t nonce_length = strlen(nonce);
  memcpy(head + head_length, nonce, nonce_length);
  head_length += nonce_length;
  head[head_length++] = ' ';
  const uint16_t crc = send(text, length, send(head, head_length, 0xFFFF));
  char tail[8] = {' ', '*', 0, 0, 0, 0, '\r', '\n'};
  for (int i = 0; i < 4; ++i) tail[2 + i] = hex_digit((crc >> (12 - 4 * i)) & 15);
  Serial.write(reinterpret_cast<const uint8_t *>(tail), sizeof(tail));
  Serial.flush();
}

void add_letter(char c) {
  if (answer_length < kAnswerBytes) {
    answer[answer_length++] = c;
  } else {
    answer_cut = true;
  }
}

// Lines that are not kept for a repeat.
void send_word(Text word) {
  char text[8];
  size_t length = 0;
  for (char c; (c = letter(word, length)) != '\0'; ++length) text[length] = c;
  send_line(text, length);
}

// The kind stands first in the line, but is known last: the text is built up behind room for it.
constexpr size_t kKindBytes = 5;

void finish(Text kind) {
  for (size_t i = 0; i < kKindBytes; ++i) answer[i] = letter(kind, i);
  answered = true;
  send_line(answer, answer_length);
}

// Checks the line's checksum and cuts the line into nonce, verb and arguments.
bool split(Request *request) {
  if (line_length < 8 || line[0] != '?') return false;
  const char *mark = line + line_length - 6;
  if (mark[0] != ' ' || mark[1] != '*') return false;
  uint16_t stated = 0;
  for (int i = 2; i < 6; ++i) {
    const int digit = hex_value(mark[i]);
    if (digit < 0) return false;
    stated = static_cast<uint16_t>(stated << 4 | digit);
  }
  if (crc_of(line, line_length - 6) != stated) return false;
  line[line_length - 6] = '\0';
  char *verb = strchr(line, ' ');
  if (verb == nullptr || verb - line - 1 >= static_cast<int>(sizeof(nonce))) return false;
  *verb++ = '\0';
  char *arguments = strchr(verb, ' ');
  if (arguments != nullptr) *arguments++ = '\0';
  request->verb = verb;
  request->arguments = arguments != nullptr ? arguments : "";
  return true;
}

bool take_line(Request *request) {
  if (line_length == 0 && !line_too_long) return false;  // an empty line, or the second half of "\r\n"
  const bool whole = !line_too_long && split(request);
  line_length = 0;
  line_too_long = false;
  if (!whole) {
    // Sent without a nonce, for it is not known which request this was; the host sends its own again.
    char kept[sizeof(nonce)];
    memcpy(kept, nonce, sizeof(nonce));
    nonce[0] = '-';
    nonce[1] = '\0';
    send_word(TEXT("damaged"));
    memcpy(nonce, kept, sizeof(nonce));
    return false;
  }
  if (answered && strcmp(nonce, line + 1) == 0) {
    send_line(answer, answer_length);
    return false;
  }
  strcpy(nonce, line + 1);
  answered = false;
  answer_cut = false;
  answer_length = kKindBytes;
  return true;
}

}  // namespace

void wire_begin(unsigned long baud) { Serial.begin(baud); }

bool wire_poll(Request *request) {
  while (Serial.available() > 0) {
    const int c = Serial.read();
    if (c < 0) return false;
    if (c == '\n' || c == '\r') {
      if (take_line(request)) return true;
    } else if (line_length < kLineBytes) {
      line[line_length++] = static_cast<char>(c);
      line[line_length] = '\0';
    } else {
      line_too_long = true;
    }
  }
  return false;
}

void answer_start() { send_word(TEXT("start")); }

bool Request::is(Text name) const { return equal(verb, name); }

void add(Text text) {
  char c;
  for (size_t i = 0; (c = letter(text, i)) != '\0'; ++i) add_letter(c);
}

void add_field(Text key, uint64_t value) {
  char digits[20];
  add(key);
  const size_t length = decimal(value, digits);
  for (size_t i = 0; i < length; ++i) add_letter(digits[i]);
}

void add_hex(Text key, const uint8_t *data, size_t bytes) {
  add(key);
  for (size_t i = 0; i < bytes; ++i) {
    add_letter(hex_digit(data[i] >> 4));
    add_letter(hex_digit(data[i] & 15));
  }
}

void answer_done() {
  if (answer_cut) return answer_fail(TEXT("the answer is longer than a line"));
  finish(TEXT("done "));
}

void answer_fail(Text reason) {
  answer_length = kKindBytes;
  add(reason);
  finish(TEXT("fail "));
}

void answer_error(const char *reason) {
  answer_length = kKindBytes;
  for (const char *c = reason; *c != '\0'; ++c) add_letter(*c < ' ' || *c > '~' ? ' ' : *c);
  finish(TEXT("fail "));
}

bool read_number(const char **text, uint32_t *value) {
  const char *c = *text;
  if (*c < '0' || *c > '9') return false;
  uint32_t sum = 0;
  for (; *c >= '0' && *c <= '9'; ++c) sum = sum * 10 + static_cast<uint32_t>(*c - '0');
  if (*c == ' ') ++c;
  *text = c;
  *value = sum;
  return true;
}

bool read_hex(const char **text, uint8_t *data, size_t capacity, size_t *bytes) {
  const char *c = *text;
  size_t count = 0;
  for (; *c != '\0' && *c != ' '; c += 2) {
    const int high = hex_value(c[0]);
    const int low = high < 0 ? -1 : hex_value(c[1]);
    if (low < 0 || count == capacity) return false;
    data[count++] = static_cast<uint8_t>(high << 4 | low);
  }
  *text = c;
  *bytes = count;
  return true;
}

}  // namespace mcuprof
