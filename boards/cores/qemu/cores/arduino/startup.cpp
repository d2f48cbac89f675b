// From reset to main(): the vector table, memory, and the two stacks. Interrupt and fault handlers run on a stack of
// the core's own (MSP), the sketch on the one that its board gives it (PSP). So the sketch's overflow cannot take the
// fault report down with it, and handlers do not count as the sketch's stack.
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "boot.h"
#include "clock.h"
#include "faults.h"
#include "machine.h"
#include "protection.h"
#include "stack.h"

int main(void);

extern "C" {

extern const uint32_t __handler_stack_end[];
extern uint32_t __data_start[], __data_end[], __data_load[], __bss_start[], __bss_end[];
extern void (*__init_array_start[])(void);
extern void (*__init_array_end[])(void);

void Reset_Handler(void);
void Fault_Handler(void);
void Timer0_Handler(void);
void Timer1_Handler(void);

// Serial brings its own, in sketches that use it.
__attribute__((naked, weak)) void UART0_RX_Handler(void) { __asm volatile("b Fault_Handler"); }

}  // extern "C"

namespace {

using Handler = void (*)(void);

constexpr size_t kCpuExceptions = 16;

struct Vectors {
  const void* main_stack;
  Handler exceptions[kCpuExceptions - 1];
  Handler irqs[machine::kIrqCount];
};

void load_data() {
  if (&__data_load[0] == &__data_start[0]) return;  // the program lies in RAM, and was loaded as it is
  const uint32_t* from = __data_load;
  for (uint32_t* to = __data_start; to < __data_end;) *to++ = *from++;
}

void clear_bss() {
  for (volatile uint32_t* word = __bss_start; word < __bss_end; ++word) *word = 0;
}

void run_constructors() {
  for (Handler* constructor = __init_array_start; constructor < __init_array_end; ++constructor) (*constructor)();
}

void enable_fpu() {
  constexpr uint32_t kFullAccess = 0xFu << 20;
  machine::cpacr() = machine::cpacr() | kFullAccess;
  machine::barrier();
}

}  // namespace

extern "C" {

__attribute__((section(".vectors"), used)) extern const Vectors vectors = {
    __handler_stack_end,
    {Reset_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler,
     Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler,
     Fault_Handler},
    {UART0_RX_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler,
     Fault_Handler, Timer0_Handler, Timer1_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler,
     Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler,
     Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler,
     Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler},
};

// On the handlers' stack.
__attribute__((used)) void prepare(void) {
  enable_fpu();
  load_data();
  clear_bss();
  stack::paint();
  boot::begin();
  faults::enable();
  protection::enable();
  board_clock::begin();
}

// On the sketch's stack.
__attribute__((used, noreturn)) void run(void) {
  run_constructors();
  main();
  _exit(0);
}

__attribute__((naked)) void Reset_Handler(void) {
  __asm volatile(
      "bl prepare\n\t"
      "ldr r0, =__stack_end\n\t"
      "msr psp, r0\n\t"
      "movs r0, #2\n\t"  // thread mode uses PSP
      "msr control, r0\n\t"
      "isb\n\t"
      "b run");
}

}  // extern "C"
