// Under QEMU's -icount every instruction takes 2^shift ns of the machine's time, which timer 0 counts in ticks of
// 40 ns. With an instruction no shorter than a tick, ticks tell instructions exactly, as long as the timer was started
// at an instruction's end. A sleep may end at any nanosecond: hence the timer is started afresh after each, and
// keeps count only of what ran since.
#include "clock.h"

#include "Arduino.h"
#include "machine.h"
#include "mcuprof.h"

#ifndef MCUPROF_ICOUNT_SHIFT
#error "the board must define MCUPROF_ICOUNT_SHIFT, the shift that QEMU's -icount is given"
#endif

namespace {

constexpr uint32_t kTickNs = 1000000000 / machine::kPeripheralHz;
constexpr uint32_t kTicksPerUs = machine::kPeripheralHz / 1000000;
constexpr uint32_t kInstructionsPerUs = F_CPU / 1000000;
constexpr uint32_t kLongestSleepUs = UINT32_MAX / kTicksPerUs;

static_assert(1u << MCUPROF_ICOUNT_SHIFT >= kTickNs, "an instruction must not be shorter than a tick of the timer");
static_assert(MCUPROF_ICOUNT_SHIFT <= 10, "QEMU knows no greater shift");
static_assert(F_CPU % 1000000 == 0 && kInstructionsPerUs < 65536, "F_CPU must be a whole number of MHz below 65536");

uint64_t instructions_before_start;  // of timer 0
uint64_t asleep_us;
uint32_t asleep_ticks;  // below a microsecond
uint32_t overflows;     // of timer 0 since its start, as far as they were served

// Ticks since timer 0 was started. Interrupts must be off; then the timer itself remembers one overflow. At the very
// instant of the overflow QEMU's timer reads 1 instead of 0, and only the next instruction sees the flag; so the two
// must be read by neighbouring instructions. No branches: a reading takes the same time with and without an overflow.
uint64_t ticks() {
  uint32_t value, flag;
  __asm volatile("ldr %0, [%2, %3]\n\tldr %1, [%2, %4]"
                 : "=&r"(value), "=r"(flag)
                 : "r"(&machine::timer0()), "i"(offsetof(machine::Timer, value)),
                   "i"(offsetof(machine::Timer, interrupt))
                 : "memory");
  const uint32_t unserved = flag & machine::kTimerInterrupt;
  const uint32_t at_this_instant = unserved & (value == 1);
  const uint32_t passed = overflows + unserved - at_this_instant;
  return (static_cast<uint64_t>(passed) << 32) + (UINT32_MAX - value + at_this_instant);
}

uint64_t instructions_from(uint64_t ticks) { return (ticks * kTickNs) >> MCUPROF_ICOUNT_SHIFT; }

void start_counting() {
  machine::Timer& timer = machine::timer0();
  overflows = 0;
  timer.control = 0;
  timer.reload = UINT32_MAX;  // also sets the value
  timer.interrupt = machine::kTimerInterrupt;
  machine::forget_irq(machine::kTimer0Irq);
  timer.control = machine::kTimerEnable | machine::kTimerInterruptEnable;
}

void add_sleep(uint64_t ticks) {
  const uint64_t sum = ticks + asleep_ticks;
  asleep_us += sum / kTicksPerUs;
  asleep_ticks = sum % kTicksPerUs;
}

// Quotient by a divisor below 2^16. Unlike the compiler's 64-bit division it takes the same number of instructions
// whatever the dividend, so that a reading of the clock costs always the same.
inline uint64_t divide(uint64_t dividend, uint32_t divisor) {
  const uint32_t high = dividend >> 32, low = static_cast<uint32_t>(dividend);
  const uint32_t middle = (high % divisor << 16) | low >> 16;
  const uint32_t last = (middle % divisor << 16) | (low & 0xFFFF);
  return (static_cast<uint64_t>(high / divisor) << 32) + (static_cast<uint64_t>(middle / divisor) << 16) +
         last / divisor;
}

}  // namespace

extern "C" void Timer0_Handler(void) {
  machine::timer0().interrupt = machine::kTimerInterrupt;
  ++overflows;
}

extern "C" void Timer1_Handler(void) { machine::timer1().interrupt = machine::kTimerInterrupt; }

void board_clock::begin() {
  start_counting();
  machine::enable_irq(machine::kTimer0Irq);
  machine::enable_irq(machine::kTimer1Irq);
}

extern "C" uint64_t mcuprof_instructions(void) {
  const machine::InterruptLock lock;
  return instructions_before_start + instructions_from(ticks());
}

uint64_t board_clock::microseconds() {
  const machine::InterruptLock lock;
  return divide(instructions_before_start + instructions_from(ticks()), kInstructionsPerUs) + asleep_us;
}

void board_clock::sleep(uint32_t at_most_us) {
  if (at_most_us == 0) return;
  machine::Timer& alarm = machine::timer1();
  const machine::InterruptLock lock;
  alarm.reload = min(at_most_us, kLongestSleepUs) * kTicksPerUs;
  alarm.control = machine::kTimerEnable | machine::kTimerInterruptEnable;

  const uint64_t before = ticks();
  machine::wait_for_interrupt();
  add_sleep(ticks() - before);
  instructions_before_start += instructions_from(before);
  start_counting();

  alarm.control = 0;
  alarm.interrupt = machine::kTimerInterrupt;
  machine::forget_irq(machine::kTimer1Irq);
}

void board_clock::idle() {
  constexpr uint64_t kClosely = 1000;  // instructions
  constexpr uint32_t kPatience = 64;   // calls
  constexpr uint32_t kShortestNapUs = 1000, kLongestNapUs = 8000;
  static uint64_t last_call;
  static uint32_t calls_in_a_row, nap_us;

  if (machine::primask()) return;
  const uint64_t now = mcuprof_instructions();
  calls_in_a_row = now - last_call < kClosely ? calls_in_a_row + 1 : 0;
  last_call = now;
  if (calls_in_a_row < kPatience) {
    nap_us = kShortestNapUs;
    return;
  }
  sleep(nap_us);
  nap_us = min(2 * nap_us, kLongestNapUs);
  last_call = mcuprof_instructions();
}

unsigned long micros(void) { return static_cast<unsigned long>(board_clock::microseconds()); }

unsigned long millis(void) { return static_cast<unsigned long>(divide(board_clock::microseconds(), 1000)); }

void delay(unsigned long ms) {
  const uint64_t end = board_clock::microseconds() + static_cast<uint64_t>(ms) * 1000;
  for (;;) {
    yield();
    const uint64_t now = board_clock::microseconds();
    if (now >= end) return;
    board_clock::sleep(static_cast<uint32_t>(min(end - now, static_cast<uint64_t>(UINT32_MAX))));
  }
}

// A loop of two instructions: exact, and short waits need no clock.
void delayMicroseconds(unsigned int us) {
  uint64_t turns = static_cast<uint64_t>(us) * kInstructionsPerUs / 2;
  while (turns > 0) {
    uint32_t count = static_cast<uint32_t>(min(turns, static_cast<uint64_t>(UINT32_MAX)));
    turns -= count;
    __asm volatile("1: subs %0, #1\n\tbne 1b" : "+r"(count)::"cc");
  }
}

__attribute__((weak)) void yield(void) {}
