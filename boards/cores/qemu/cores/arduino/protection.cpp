// The machine is more forgiving than a board: its flash is RAM, and most of what lies below the real RAM swallows
// writes without a word. A stack that ran over would run on for hundreds of megabytes, and then overwrite the program.
// The memory protection unit puts that right from address 0 to the start of RAM; all else stays as it is.
#include "protection.h"

#include <stdint.h>

#include "machine.h"

namespace {

enum Access : uint32_t { kNothing = 1u << 28, kReadAndExecute = 6u << 24 };

constexpr uint32_t kFlashBytesLog2 = 22;     // 4 MiB
constexpr uint32_t kBelowRamBytesLog2 = 29;  // 512 MiB

// Where two regions overlap, the one with the greater number counts.
void set_region(uint32_t number, uint32_t base, uint32_t bytes_log2, Access access) {
  constexpr uint32_t kUseNumber = 1u << 4, kOn = 1u << 0;
  machine::mpu_region_base() = base | kUseNumber | number;
  machine::mpu_region_attributes() = access | (bytes_log2 - 1) << 1 | kOn;
}

}  // namespace

void protection::enable() {
  constexpr uint32_t kOn = 1u << 0, kElsewhereAsWithout = 1u << 2;
  set_region(0, 0, kBelowRamBytesLog2, kNothing);
  set_region(1, 0, kFlashBytesLog2, kReadAndExecute);
  machine::mpu_control() = kOn | kElsewhereAsWithout;
  machine::barrier();
}
