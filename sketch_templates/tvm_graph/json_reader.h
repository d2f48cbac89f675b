// Reads JSON from flash piece by piece: takes no memory, does not recurse, never reads past the end of the text.
//
// After the first error every function returns false and `error` says what was wrong, at `position`. Whole numbers of
// up to 2^31 - 1 are the only ones that can be read; anything may be skipped.
#ifndef JSON_READER_H
#define JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const char *text;  // in flash
  size_t length;
  size_t position;
  const char *error;  // in flash; NULL as long as all is well
} JsonReader;

// What stands between two quotes, as it is written: escapes are not decoded.
typedef struct {
  size_t start;
  size_t length;
} JsonText;

// Notes an error, unless there has been one; returns false. `error` lies in flash.
bool json_fail(JsonReader *reader, const char *error);

// An object or a list is read with
//   bool first = true;
//   json_enter(reader, '[');
//   while (json_more(reader, &first, ']')) { ... read one element ... }
// and an object the same way with braces, each member by json_key() and then its value.
bool json_enter(JsonReader *reader, char bracket);
bool json_more(JsonReader *reader, bool *first, char bracket);
bool json_key(JsonReader *reader, JsonText *key);

bool json_text(JsonReader *reader, JsonText *text);
// A whole number, which may stand in quotes.
bool json_number(JsonReader *reader, uint32_t *value);
// A value of any kind.
bool json_skip(JsonReader *reader);
// Whether nothing but white space is left.
bool json_end(JsonReader *reader);

// Whether a text is the same as a literal in flash.
bool json_is(const JsonReader *reader, JsonText text, const char *literal);

#endif
