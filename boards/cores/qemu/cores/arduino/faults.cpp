// A crash must reach the host as one line that a person can read and a program can parse. The report polls the UART and
// uses neither the heap nor the sketch's stack, because either may be what broke.
#include "faults.h"

#include <stdint.h>

#include "boot.h"
#include "machine.h"
#include "mcuprof.h"
#include "stack.h"

namespace {

struct Frame {  // what the CPU pushes when it takes an exception
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

struct Report {
  const char* name;
  uint32_t number;  // printed after the name unless 0
  uint32_t pc, lr, cfsr, hfsr, address;
  bool overflow;
};

void put(char c) {
  machine::Uart& uart = machine::uart0();
  while (uart.state & machine::kUartTxFull) {
  }
  uart.data = static_cast<uint8_t>(c);
}

void put(const char* text) {
  while (*text) put(*text++);
}

void put_decimal(uint32_t value) {
  if (value >= 10) put_decimal(value / 10);
  put(static_cast<char>('0' + value % 10));
}

void put_field(const char* name, uint32_t value) {
  put(name);
  put("0x");
  for (int shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[(value >> shift) & 15]);
}

void open_uart() {
  machine::Uart& uart = machine::uart0();
  if (uart.control & machine::kUartTxEnable) return;
  uart.baud_divider = 16;
  uart.control = machine::kUartTxEnable;
}

[[noreturn]] void halt() {
  for (;;) machine::wait_for_interrupt();
}

[[noreturn]] void report_and_reset(const Report& report) {
  open_uart();
  put("\r\n!fault ");
  put(report.name);
  if (report.number != 0) put_decimal(report.number);
  put_field(" pc=", report.pc);
  put_field(" lr=", report.lr);
  put_field(" cfsr=", report.cfsr);
  put_field(" hfsr=", report.hfsr);
  put_field(" addr=", report.address);
  put(report.overflow ? " stack=overflow\r\n" : " stack=ok\r\n");
  if (boot::should_halt_after_fault()) {
    put("!halt: it never reached loop()\r\n");
    halt();
  }
  NVIC_SystemReset();
}

uint32_t stack_pointer() {
  uint32_t value;
  __asm volatile("mrs %0, psp" : "=r"(value));
  return value;
}

uint32_t fault_address() {
  constexpr uint32_t kMmfarValid = 1u << 7, kBfarValid = 1u << 15;
  const uint32_t status = machine::cfsr();
  if (status & kMmfarValid) return machine::mmfar();
  return status & kBfarValid ? machine::bfar() : 0;
}

void name_exception(Report& report, uint32_t number) {
  static const char* const kNames[] = {"NMI", "HardFault", "MemManage", "BusFault", "UsageFault"};
  constexpr uint32_t kFirstNamed = 2, kFirstIrq = 16;
  if (number >= kFirstIrq) {
    report.name = "irq";
    report.number = number - kFirstIrq;
  } else if (number >= kFirstNamed && number < kFirstNamed + sizeof kNames / sizeof *kNames) {
    report.name = kNames[number - kFirstNamed];
  } else {
    report.name = "exception";
    report.number = number;
  }
}

}  // namespace

void faults::enable() {
  constexpr uint32_t kMemoryBusUsage = 7u << 16;
  machine::shcsr() = machine::shcsr() | kMemoryBusUsage;
  machine::barrier();
}

void faults::abort_at(const void* pc, const char* reason) {
  machine::disable_interrupts();
  open_uart();
  if (reason) {
    put("\r\n");
    put(reason);
  }
  const uint32_t here = reinterpret_cast<uint32_t>(pc) & ~1u;
  report_and_reset({"abort", 0, here, here, 0, 0, 0, stack::overflowed(stack_pointer())});
}

// Runs on the core's own stack. `exc_return` tells on which stack the CPU pushed the frame: on the sketch's, unless an
// interrupt handler faulted. After an overflow there is no frame, so pc and lr are unknown.
extern "C" void fault_report(uint32_t exc_return, uint32_t main_stack_pointer) {
  constexpr uint32_t kFrameOnProcessStack = 1u << 2;
  uint32_t number;
  __asm volatile("mrs %0, ipsr" : "=r"(number));

  Report report{};
  name_exception(report, number);
  report.cfsr = machine::cfsr();
  report.hfsr = machine::hfsr();
  report.address = fault_address();

  const bool in_sketch = exc_return & kFrameOnProcessStack;
  const uint32_t at = in_sketch ? stack_pointer() : main_stack_pointer;
  report.overflow = stack::overflowed(stack_pointer());
  if (!in_sketch || stack::contains(at, sizeof(Frame))) {
    const Frame* frame = reinterpret_cast<const Frame*>(at);
    report.pc = frame->pc;
    report.lr = frame->lr;
  }
  report_and_reset(report);
}

// Every exception without a handler of its own comes here. The handlers' stack is started afresh, for it may be what
// ran over.
extern "C" __attribute__((naked)) void Fault_Handler(void) {
  __asm volatile(
      "cpsid i\n\t"
      "mov r0, lr\n\t"
      "mrs r1, msp\n\t"
      "ldr r2, =__handler_stack_end\n\t"
      "msr msp, r2\n\t"
      "b fault_report");
}
