// Something that knows how to print itself, such as an address or a date of a library.
#pragma once

#include <stddef.h>

class Print;

class Printable {
 public:
  virtual ~Printable() = default;
  virtual size_t printTo(Print& out) const = 0;
};
