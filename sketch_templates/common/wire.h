// The line protocol, device side. A line is text that a person can read in any serial monitor:
//
//   host → device   ?<nonce> <verb> <arguments…> *<crc>
//   device → host   @<seq> <nonce> <start|done|fail> <text> *<crc>
//
// crc is CRC-16/CCITT-FALSE over everything before " *", as four hex digits. A request that is repeated with the
// nonce of the last one is not carried out again: its answer is sent once more. So a damaged line costs a repeat
// and never a second run.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__AVR__)
#include <Arduino.h>
#endif

namespace mcuprof {

// Text of the firmware's own. Where flash is an address space of its own, it stays there.
#if defined(__AVR__)
using Text = const __FlashStringHelper *;
#define TEXT(literal) F(literal)
#else
using Text = const char *;
#define TEXT(literal) (literal)
#endif

// The longest line that holds data, either way. It bounds the data of one request; the host learns it from "hello".
// The answer to "hello" may be longer.
#if defined(__AVR__)
constexpr size_t kLineBytes = 112;
constexpr size_t kAnswerBytes = 160;
#else
constexpr size_t kLineBytes = 320;
constexpr size_t kAnswerBytes = kLineBytes;
#endif

struct Request {
  const char *verb;
  const char *arguments;  // what follows the verb and one space; empty when nothing does

  bool is(Text name) const;
};

void wire_begin(unsigned long baud);

// Reads what has arrived. Returns true when a new, whole request is in *request; repeats and damaged lines are
// answered here.
bool wire_poll(Request *request);

void answer_start();  // tells the host that the request has begun

// The text of the final answer is built up by these, then sent by answer_done or answer_fail.
void add(Text text);
void add_field(Text key, uint64_t value);
void add_hex(Text key, const uint8_t *data, size_t bytes);
void answer_done();
void answer_fail(Text reason);
void answer_error(const char *reason);  // may come from a library: whatever would break the line becomes a space

// Parsing of arguments: each moves *text past what it has read and returns false when it is not there.
bool read_number(const char **text, uint32_t *value);
bool read_hex(const char **text, uint8_t *data, size_t capacity, size_t *bytes);

}  // namespace mcuprof
