// Input is moved by interrupt into a ring, so that a sketch may compute for as long as it likes. Once the ring is full
// the interrupt is put off and the next byte stays in the UART: then the UART takes no more, and the sender waits
// instead of losing bytes. Output is written straight into the UART, which sends as fast as the host reads.
#include "HardwareSerial.h"

#include "clock.h"
#include "machine.h"

HardwareSerial Serial;

void serialEvent() __attribute__((weak));

namespace {

constexpr uint32_t kRingBytes = 1024;  // a power of two
constexpr int kNominalRoomForWrite = 64;
constexpr uint32_t kNapForWriteUs = 1000;

MCUPROF_NOINIT uint8_t ring[kRingBytes];
volatile uint32_t put_count, taken_count;  // of bytes; they wrap
volatile bool put_off;                     // the interrupt, because the ring was full

uint32_t waiting() { return put_count - taken_count; }

}  // namespace

extern "C" void UART0_RX_Handler(void) {
  machine::Uart& uart = machine::uart0();
  if (waiting() == kRingBytes) {
    machine::disable_irq(machine::kUart0RxIrq);  // the request stays, and is served when read() has made room
    put_off = true;
    return;
  }
  uart.interrupt = machine::kUartRxInterrupt;
  if (!(uart.state & machine::kUartRxFull)) return;
  ring[put_count % kRingBytes] = static_cast<uint8_t>(uart.data);
  put_count = put_count + 1;
}

void HardwareSerial::begin(unsigned long baud, uint16_t) {
  constexpr uint32_t kSmallestDivider = 16;
  machine::Uart& uart = machine::uart0();
  const uint32_t divider = baud > 0 ? machine::kPeripheralHz / baud : kSmallestDivider;
  uart.baud_divider = divider < kSmallestDivider ? kSmallestDivider : divider;

  const bool was_on = uart.control & machine::kUartRxEnable;
  uart.control = machine::kUartTxEnable | machine::kUartRxEnable | machine::kUartRxInterruptEnable;
  // QEMU looks for input only when something wakes it, and a read from the UART does: without it, the first byte
  // after a reset would wait for a second.
  if (!was_on) (void)static_cast<uint32_t>(uart.data);
  machine::enable_irq(machine::kUart0RxIrq);
}

void HardwareSerial::end() {
  machine::disable_irq(machine::kUart0RxIrq);
  machine::uart0().control = 0;
  taken_count = put_count;
  put_off = false;
}

int HardwareSerial::available() {
  const uint32_t count = waiting();
  if (count == 0) board_clock::idle();
  return static_cast<int>(count);
}

int HardwareSerial::peek() {
  if (waiting() > 0) return ring[taken_count % kRingBytes];
  board_clock::idle();
  return -1;
}

int HardwareSerial::read() {
  const int c = peek();
  if (c < 0) return c;
  taken_count = taken_count + 1;
  if (put_off) {
    put_off = false;
    machine::enable_irq(machine::kUart0RxIrq);
  }
  return c;
}

int HardwareSerial::availableForWrite() {
  return machine::uart0().state & machine::kUartTxFull ? 0 : kNominalRoomForWrite;
}

size_t HardwareSerial::write(uint8_t c) {
  machine::Uart& uart = machine::uart0();
  if (!(uart.control & machine::kUartTxEnable)) return 0;
  while (uart.state & machine::kUartTxFull) {  // the host does not read
    if (!machine::primask()) board_clock::sleep(kNapForWriteUs);
  }
  uart.data = c;
  return 1;
}

void serialEventRun() {
  if (serialEvent && waiting() > 0) serialEvent();
}
