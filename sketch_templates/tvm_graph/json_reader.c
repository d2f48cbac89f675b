#include "json_reader.h"

#include "graph_flash.h"

#define MOST_LEVELS 32

static char character(const JsonReader *reader, size_t position) { return (char)FLASH_BYTE(reader->text + position); }

bool json_fail(JsonReader *reader, const char *error) {
  if (reader->error == NULL) reader->error = error;
  return false;
}

// The next character that is no white space, or 0 at the end of the text and after an error.
static char peek(JsonReader *reader) {
  for (; reader->error == NULL && reader->position < reader->length; ++reader->position) {
    const char found = character(reader, reader->position);
    if (found != ' ' && found != '\n' && found != '\r' && found != '\t') return found;
  }
  return '\0';
}

static bool take(JsonReader *reader, char wanted, const char *error) {
  if (peek(reader) != wanted) return json_fail(reader, error);
  ++reader->position;
  return true;
}

bool json_enter(JsonReader *reader, char bracket) {
  return take(reader, bracket, bracket == '{' ? FLASH_TEXT("an object is missing") : FLASH_TEXT("a list is missing"));
}

bool json_more(JsonReader *reader, bool *first, char bracket) {
  if (peek(reader) == bracket) {
    ++reader->position;
    return false;
  }
  if (!*first) return take(reader, ',', FLASH_TEXT("a comma or bracket is missing"));
  *first = false;
  return reader->error == NULL;
}

bool json_key(JsonReader *reader, JsonText *key) {
  return json_text(reader, key) && take(reader, ':', FLASH_TEXT("a colon is missing"));
}

bool json_text(JsonReader *reader, JsonText *text) {
  bool escaped = false;
  text->start = text->length = 0;
  if (!take(reader, '"', FLASH_TEXT("a text is missing"))) return false;
  for (size_t end = reader->position; end < reader->length; ++end) {
    const char found = character(reader, end);
    if (found == '"' && !escaped) {
      text->start = reader->position;
      text->length = end - reader->position;
      reader->position = end + 1;
      return true;
    }
    escaped = found == '\\' && !escaped;
  }
  return json_fail(reader, FLASH_TEXT("a text has no end"));
}

bool json_number(JsonReader *reader, uint32_t *value) {
  const bool quoted = peek(reader) == '"';
  if (quoted) ++reader->position;
  const size_t start = reader->position;
  *value = 0;
  for (; reader->error == NULL && reader->position < reader->length; ++reader->position) {
    const char found = character(reader, reader->position);
    if (found < '0' || found > '9') break;
    const uint8_t digit = (uint8_t)(found - '0');
    if (*value > ((uint32_t)INT32_MAX - digit) / 10) return json_fail(reader, FLASH_TEXT("a number is too large"));
    *value = *value * 10 + digit;
  }
  if (reader->position == start) return json_fail(reader, FLASH_TEXT("a number is missing"));
  return !quoted || take(reader, '"', FLASH_TEXT("a number is missing"));
}

// A number of any kind, or true, false or null; which of them is not looked at.
static bool skip_word(JsonReader *reader) {
  const size_t start = reader->position;
  for (; reader->position < reader->length; ++reader->position) {
    const char found = character(reader, reader->position);
    const char lower = (char)(found | 0x20);
    if (!(found >= '0' && found <= '9') && !(lower >= 'a' && lower <= 'z') && found != '.' && found != '-' &&
        found != '+') {
      break;
    }
  }
  return reader->position != start || json_fail(reader, FLASH_TEXT("a value is missing"));
}

// One bit a level says whether it is an object, the innermost one lowest: with that no recursion is needed.
bool json_skip(JsonReader *reader) {
  uint32_t objects = 0;
  uint8_t level = 0;
  bool first = true;
  JsonText text;
  do {
    const bool in_object = (objects & 1) != 0;
    if (level > 0 && !json_more(reader, &first, in_object ? '}' : ']')) {
      objects >>= 1;
      --level;
      first = false;
      continue;
    }
    if (level > 0 && in_object) json_key(reader, &text);
    const char next = peek(reader);
    if (next == '{' || next == '[') {
      if (level == MOST_LEVELS) return json_fail(reader, FLASH_TEXT("nested too deeply"));
      json_enter(reader, next);
      objects = objects << 1 | (next == '{');
      ++level;
      first = true;
    } else if (next == '"') {
      json_text(reader, &text);
    } else if (reader->error == NULL) {
      skip_word(reader);
    }
  } while (level > 0 && reader->error == NULL);
  return reader->error == NULL;
}

bool json_end(JsonReader *reader) {
  peek(reader);
  return reader->error == NULL && reader->position == reader->length;
}

bool json_is(const JsonReader *reader, JsonText text, const char *literal) {
  for (size_t i = 0; i < text.length; ++i) {
    const char wanted = (char)FLASH_BYTE(literal + i);
    if (wanted == '\0' || wanted != character(reader, text.start + i)) return false;
  }
  return FLASH_BYTE(literal + text.length) == '\0';
}
