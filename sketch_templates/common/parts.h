// Marks where an operator of the network begins and where it ends: what lies between is a part of a profile.
#ifndef PARTS_H
#define PARTS_H

#if defined(ARDUINO_ARCH_QEMU)

// Hints that the processor passes over: the emulator counts what comes between them.
#define PART_BEGIN() __asm volatile("dbg #3" ::: "memory")
#define PART_END() __asm volatile("dbg #4" ::: "memory")

#else

#define PART_BEGIN() part_begin()
#define PART_END() part_end()

#ifdef __cplusplus
extern "C" {
#endif

void part_begin(void);
void part_end(void);

#ifdef __cplusplus
}
#endif

#endif

#endif
