// An Arduino board with an AVR, played by libsimavr:
//
//     board MCU CLOCK_HZ BOOTLOADER.hex SOCKET
//
// It runs the board's own bootloader, which writes the flash, and connects UART 0 to the Unix socket SOCKET. When the
// other side closes the connection, the chip is reset as by its reset pin, and the program connects anew; it ends when
// nobody listens there any more. Cycles between a 1 and a 2 that the sketch writes to the I/O register GPIOR0 are
// printed, and so is why the chip crashed.
#define _GNU_SOURCE  // ppoll
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_hex.h>
#include <simavr/sim_io.h>
#include <simavr/sim_irq.h>

enum { GPIOR0 = 0x3E, CHUNK = 512, FED_AT_ONCE = 16 };

static avr_t *avr;
static avr_irq_t *receiver;
static int line = -1;          // the connected socket
static uint8_t incoming[CHUNK];
static size_t incoming_from, incoming_to;
static unsigned room;          // bytes that the UART takes now without losing one
static uint32_t boot_base;
static avr_cycle_count_t region_start;
static struct timespec boot_began;
static avr_cycle_count_t boot_cycle;

static void give_up(const char *what) {
  fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "failed");
  exit(1);
}

static void connect_line(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) give_up("the path of the socket is too long");
  strcpy(address.sun_path, path);
  if (line >= 0) close(line);
  line = socket(AF_UNIX, SOCK_STREAM, 0);
  if (line < 0 || connect(line, (struct sockaddr *)&address, sizeof address) < 0) give_up(path);
  fcntl(line, F_SETFL, O_NONBLOCK);
  incoming_from = incoming_to = 0;
}

// The board sends: waits while the other side takes nothing, so that no byte is lost. A closed line is seen by receive().
static void on_output(struct avr_irq_t *irq, uint32_t value, void *parameter) {
  const uint8_t byte = value;
  (void)irq, (void)parameter;
  while (send(line, &byte, 1, MSG_NOSIGNAL) < 0 && (errno == EAGAIN || errno == EINTR)) {
    struct pollfd writable = {.fd = line, .events = POLLOUT};
    poll(&writable, 1, -1);
  }
}

static void on_room(struct avr_irq_t *irq, uint32_t value, void *parameter) {
  (void)irq, (void)parameter;
  if (value) room = FED_AT_ONCE;
}

static void on_mark(struct avr_t *chip, avr_io_addr_t address, uint8_t value, void *parameter) {
  (void)parameter;
  chip->data[address] = value;
  if (value == 1) region_start = chip->cycle;
  if (value == 2) {
    fprintf(stderr, "region: %llu cycles\n", (unsigned long long)(chip->cycle - region_start));
    fflush(stderr);
  }
}

static void reset(avr_regbit_t cause) {
  avr_reset(avr);
  avr_regbit_set(avr, cause);
  room = 0;
  boot_cycle = avr->cycle;
  clock_gettime(CLOCK_MONOTONIC, &boot_began);
}

// Takes what has come in and hands it to the UART as it has room; false when the line was closed.
static bool receive(void) {
  if (incoming_from == incoming_to) {
    const ssize_t got = recv(line, incoming, sizeof incoming, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
    incoming_from = 0;
    incoming_to = got > 0 ? got : 0;
  }
  for (; room > 0 && incoming_from < incoming_to; --room) avr_raise_irq(receiver, incoming[incoming_from++]);
  return true;
}

// The chip sleeps: so do we, until something comes in, but not while bytes are on their way to it.
static void on_sleep(struct avr_t *chip, avr_cycle_count_t cycles) {
  struct pollfd readable = {.fd = line, .events = POLLIN};
  const uint64_t nanoseconds = cycles * 1000000000u / chip->frequency;
  const struct timespec longest = {.tv_sec = nanoseconds / 1000000000u, .tv_nsec = nanoseconds % 1000000000u};
  if (room == FED_AT_ONCE && incoming_from == incoming_to) ppoll(&readable, 1, &longest, NULL);
}

// The bootloader waits a second for an upload by its own clock; it must not run faster than the upload tool's.
static void hold_back(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const double real = (now.tv_sec - boot_began.tv_sec) + (now.tv_nsec - boot_began.tv_nsec) * 1e-9;
  const double ahead = (double)(avr->cycle - boot_cycle) / avr->frequency - real;
  struct pollfd readable = {.fd = line, .events = POLLIN};
  if (ahead > 0.001 && incoming_from == incoming_to) poll(&readable, 1, ahead > 0.1 ? 100 : (int)(ahead * 1000));
}

static void start_chip(const char *name, uint32_t clock_hz, const char *bootloader) {
  uint32_t flags = 0;
  ihex_chunk_p chunks = NULL;
  avr = avr_make_mcu_by_name(name);
  if (avr == NULL) give_up(name);
  avr_init(avr);
  const int count = read_ihex_chunks(bootloader, &chunks);
  if (count < 1) give_up(bootloader);
  boot_base = chunks[0].baseaddr;
  for (int i = 0; i < count; ++i) avr_loadcode(avr, chunks[i].data, chunks[i].size, chunks[i].baseaddr);
  avr->frequency = clock_hz;
  avr->reset_pc = boot_base;
  avr->codeend = avr->flashend;
  avr->sleep = on_sleep;
  avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
  flags &= ~(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
  avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
  receiver = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
  avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_output, NULL);
  avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), on_room, NULL);
  avr_register_io_write(avr, GPIOR0, on_mark, NULL);
  reset(avr->reset_flags.extrf);
}

// A chip on a desk would go on somehow; here it says what happened, and the watchdog has it start again.
static void report_crash(void) {
  char said[80];
  const int length = snprintf(said, sizeof said, "\r\n!fault CRASH pc=%05x sp=%04x\r\n", (unsigned)avr->pc,
                              avr->data[R_SPL] | avr->data[R_SPH] << 8);
  for (int i = 0; i < length; ++i) on_output(NULL, said[i], NULL);
  reset(avr->reset_flags.wdrf);
}

int main(int count, char **words) {
  if (count != 5) {
    fprintf(stderr, "usage: %s MCU CLOCK_HZ BOOTLOADER.hex SOCKET\n", words[0]);
    return 2;
  }
  connect_line(words[4]);
  start_chip(words[1], strtoul(words[2], NULL, 10), words[3]);
  for (avr_cycle_count_t next = 0;;) {
    const int state = avr_run(avr);
    if (state == cpu_Crashed || state == cpu_Done) report_crash();
    if (avr->cycle < next) continue;
    next = avr->cycle + 1000;
    if (!receive()) {
      connect_line(words[4]);
      reset(avr->reset_flags.extrf);
    }
    if (avr->pc >= boot_base) hold_back();
  }
}
