// Memory keeps its content over a soft reset, so a record outside .data and .bss tells a restart from a power-up. It
// also ends boot loops: a program that faults in its constructors or in setup() would otherwise print for ever.
#include "boot.h"

#include "machine.h"
#include "mcuprof.h"

namespace {

constexpr uint32_t kMagic = 0x6d637570;
constexpr uint32_t kMostEarlyFaults = 3;

struct Record {
  uint32_t magic;
  uint32_t boots;
  uint32_t early_faults;  // in a row
};

MCUPROF_NOINIT Record record;
bool loop_reached;

}  // namespace

void boot::begin() {
  if (record.magic != kMagic) record = {kMagic, 0, 0};
  ++record.boots;
}

void boot::reached_loop() {
  loop_reached = true;
  record.early_faults = 0;
}

bool boot::should_halt_after_fault() {
  if (loop_reached) return false;
  return ++record.early_faults >= kMostEarlyFaults;
}

extern "C" uint32_t mcuprof_boot_count(void) { return record.boots; }

extern "C" void NVIC_SystemReset(void) {
  constexpr uint32_t kKey = 0x05FAu << 16, kSystemResetRequest = 1u << 2;
  machine::disable_interrupts();
  machine::barrier();
  machine::aircr() = kKey | kSystemResetRequest;
  machine::barrier();
  for (;;) {
  }
}
