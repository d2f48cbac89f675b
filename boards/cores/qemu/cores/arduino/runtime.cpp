// What the C and C++ languages take for granted: new and delete, and a way to give up. Every way of giving up ends in
// one line on the UART; the library's own versions would print through stdio, which costs flash and may need the very
// heap that has just run out. All in one file, for start-up links it before the library is looked at: so these win.
#include <new>

#include <stdint.h>
#include <stdlib.h>

#include "Arduino.h"
#include "faults.h"
#include "machine.h"

namespace {

void* allocate(std::size_t size) { return malloc(size == 0 ? 1 : size); }

// The compiler takes it for granted that plain new never returns null.
void* allocate_or_abort(std::size_t size, const void* caller) {
  void* const memory = allocate(size);
  if (!memory) faults::abort_at(caller, "operator new: out of memory");
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate_or_abort(size, __builtin_return_address(0)); }
void* operator new[](std::size_t size) { return allocate_or_abort(size, __builtin_return_address(0)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }

void operator delete(void* memory) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete(void* memory, std::size_t) noexcept { free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { free(memory); }

extern "C" {

uintptr_t __stack_chk_guard = 0x5a6b7c8d;
void* __dso_handle = nullptr;

// Destructors of globals never run: a sketch does not end.
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
int __aeabi_atexit(void*, void (*)(void*), void*) { return 0; }
int atexit(void (*)(void)) { return 0; }

[[noreturn]] void abort(void) { faults::abort_at(__builtin_return_address(0)); }

[[noreturn]] void __cxa_pure_virtual(void) {
  faults::abort_at(__builtin_return_address(0), "pure virtual function called");
}

[[noreturn]] void __cxa_deleted_virtual(void) {
  faults::abort_at(__builtin_return_address(0), "deleted virtual function called");
}

[[noreturn]] void __stack_chk_fail(void) {
  faults::abort_at(__builtin_return_address(0), "a local buffer overflowed");
}

[[noreturn]] void __assert_func(const char* file, int line, const char*, const char* expression) {
  char digits[12];
  itoa(line, digits, 10);
  const char* const parts[] = {"assertion failed: ", expression, ", at ", file, ":", digits};
  char message[160];
  size_t length = 0;
  for (const char* part : parts) {
    while (*part && length + 1 < sizeof message) message[length++] = *part++;
  }
  message[length] = '\0';
  faults::abort_at(__builtin_return_address(0), message);
}

[[noreturn]] void _exit(int) {
  machine::disable_interrupts();
  for (;;) machine::wait_for_interrupt();
}

[[noreturn]] void exit(int status) { _exit(status); }

}  // extern "C"
