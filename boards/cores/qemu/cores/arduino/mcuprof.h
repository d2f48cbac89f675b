// What the core offers to profiling firmware beyond the Arduino API. Plain C, so that it can be declared anywhere.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Instructions executed since the last reset, exact to the instruction; time asleep does not count. Two readings differ
// by a fixed cost of the reading itself and by what ran between them, provided that no interrupt came in between.
uint64_t mcuprof_instructions(void);

// Bytes from the end of .bss to the end of RAM: all that malloc can ever hand out, its own overhead included.
size_t mcuprof_heap_size(void);

// Bytes of the heap that malloc has claimed so far; it gives nothing back, so this is a high-water mark.
size_t mcuprof_heap_used(void);

// Bytes of the stack that have been used at most since the last reset, and bytes that it has.
size_t mcuprof_stack_high_water(void);
size_t mcuprof_stack_size(void);

// 1 after power-up, and one more after every soft reset.
uint32_t mcuprof_boot_count(void);

// Soft reset: memory stays, but for what is loaded from the program file.
void NVIC_SystemReset(void) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
