// Makes the machine's memory map fault where a board's does.
#pragma once

namespace protection {

// From here on flash cannot be written, and there is nothing between flash and RAM.
void enable();

}  // namespace protection
