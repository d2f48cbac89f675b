// The few registers that the core uses of the machine it runs on: ARM's MPS2 board with the AN386 image (Cortex-M4F),
// as QEMU plays it. One place for addresses, so that the rest of the core can speak of a UART and a timer.
#pragma once

#include <stdint.h>

namespace machine {

constexpr uint32_t kPeripheralHz = 25000000;

struct Uart {  // CMSDK APB UART
  volatile uint32_t data, state, control, interrupt, baud_divider;
};
constexpr uint32_t kUartTxFull = 1u << 0, kUartRxFull = 1u << 1;  // state
constexpr uint32_t kUartTxEnable = 1u << 0, kUartRxEnable = 1u << 1, kUartRxInterruptEnable = 1u << 3;  // control
constexpr uint32_t kUartRxInterrupt = 1u << 1;  // interrupt; write 1 to clear

struct Timer {  // CMSDK APB timer: counts down at kPeripheralHz
  volatile uint32_t control, value, reload, interrupt;
};
constexpr uint32_t kTimerEnable = 1u << 0, kTimerInterruptEnable = 1u << 3;  // control
constexpr uint32_t kTimerInterrupt = 1u << 0;  // interrupt; write 1 to clear

enum Irq : uint32_t { kUart0RxIrq = 0, kTimer0Irq = 8, kTimer1Irq = 9, kIrqCount = 32 };

inline volatile uint32_t& reg(uint32_t address) { return *reinterpret_cast<volatile uint32_t*>(address); }
inline Uart& uart0() { return *reinterpret_cast<Uart*>(0x40004000); }
inline Timer& timer0() { return *reinterpret_cast<Timer*>(0x40000000); }
inline Timer& timer1() { return *reinterpret_cast<Timer*>(0x40001000); }

// Cortex-M system control.
inline volatile uint32_t& aircr() { return reg(0xE000ED0C); }
inline volatile uint32_t& shcsr() { return reg(0xE000ED24); }
inline volatile uint32_t& cfsr() { return reg(0xE000ED28); }
inline volatile uint32_t& hfsr() { return reg(0xE000ED2C); }
inline volatile uint32_t& mmfar() { return reg(0xE000ED34); }
inline volatile uint32_t& bfar() { return reg(0xE000ED38); }
inline volatile uint32_t& cpacr() { return reg(0xE000ED88); }
inline volatile uint32_t& mpu_control() { return reg(0xE000ED94); }
inline volatile uint32_t& mpu_region_base() { return reg(0xE000ED9C); }
inline volatile uint32_t& mpu_region_attributes() { return reg(0xE000EDA0); }

inline void enable_irq(Irq irq) { reg(0xE000E100) = 1u << irq; }
inline void disable_irq(Irq irq) { reg(0xE000E180) = 1u << irq; }
inline void forget_irq(Irq irq) { reg(0xE000E280) = 1u << irq; }

inline void barrier() { __asm volatile("dsb\n\tisb" ::: "memory"); }
inline void wait_for_interrupt() { __asm volatile("dsb\n\twfi" ::: "memory"); }

inline uint32_t primask() {
  uint32_t value;
  __asm volatile("mrs %0, primask" : "=r"(value)::"memory");
  return value;
}
inline void disable_interrupts() { __asm volatile("cpsid i" ::: "memory"); }
inline void enable_interrupts() { __asm volatile("cpsie i" ::: "memory"); }

// Interrupts are off while one of these lives; what they were before comes back, so locks nest.
class InterruptLock {
 public:
  InterruptLock() : were_off_(primask()) { disable_interrupts(); }
  ~InterruptLock() { __asm volatile("msr primask, %0" ::"r"(were_off_) : "memory"); }
  InterruptLock(const InterruptLock&) = delete;
  InterruptLock& operator=(const InterruptLock&) = delete;

 private:
  uint32_t were_off_;
};

}  // namespace machine

// Lies outside the RAM of the board that is played, is not cleared at start-up and survives a soft reset.
#define MCUPROF_NOINIT __attribute__((section(".noinit")))
