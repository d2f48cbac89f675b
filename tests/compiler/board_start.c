// Starts a Cortex-M4 of QEMU (mps2-an386), runs the networks of the test and tells which step of which differs.
#include <stddef.h>
#include <stdint.h>

int check_networks(void);
extern uint32_t stack_top, data_start, data_end, data_from, bss_start, bss_end;

static void request(uint32_t operation, const void *argument) {
  register uint32_t r0 __asm("r0") = operation;
  register const void *r1 __asm("r1") = argument;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void say(const char *text) { request(4, text); }

static void end(uint32_t code) {
  const uint32_t block[2] = {0x20026, code};
  request(0x20, block);
  for (;;) {
  }
}

void *memcpy(void *to, const void *from, size_t count) {
  for (size_t i = 0; i < count; ++i) ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
  return to;
}

static void fault(void) {
  say("a fault\n");
  end(3);
}

static void start(void) {
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;  // CPACR: a compiler may keep two words in the floating-point unit
  for (volatile uint32_t *to = &data_start, *from = &data_from; to < &data_end;) *to++ = *from++;
  for (volatile uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
  end(check_networks() ? 1 : 0);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &stack_top, (void *)start, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};
