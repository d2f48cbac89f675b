// The heap is what the program leaves of RAM, from the end of .bss to the end of RAM. The stack is elsewhere, so the
// only bound is the end of RAM, and malloc returns NULL exactly when that is reached.
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "mcuprof.h"

extern "C" char __heap_start[], __heap_end[];

namespace {

char* heap_break = __heap_start;

}  // namespace

extern "C" void* _sbrk(ptrdiff_t increment) {
  const bool fits = increment >= 0 ? increment <= __heap_end - heap_break : -increment <= heap_break - __heap_start;
  if (!fits) {
    errno = ENOMEM;
    return reinterpret_cast<void*>(-1);
  }
  char* const before = heap_break;
  heap_break += increment;
  return before;
}

extern "C" size_t mcuprof_heap_size(void) { return static_cast<size_t>(__heap_end - __heap_start); }

extern "C" size_t mcuprof_heap_used(void) { return static_cast<size_t>(heap_break - __heap_start); }
