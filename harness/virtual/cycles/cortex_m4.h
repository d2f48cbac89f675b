// Cycles of one Cortex-M4 instruction, by the processor's technical reference manual (ARM 100166: tables 3-1 and 7-1, and the
// section "Load/store timings"). Memory without wait states; what depends on operands is a stated mean.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum {
  KIND_OTHER,
  KIND_DATA,           // data processing: writes registers that an address may be made of
  KIND_LOAD,           // one register: may be pipelined with the load before it
  KIND_STORE,          // one register, its offset an immediate: always one cycle
  KIND_STORE_INDEXED,  // one register, its offset a register: may be pipelined with a load before it
  KIND_MULTIPLE,       // two registers or more: never pipelined
  KIND_FLOAT,          // floating-point arithmetic: its result comes a cycle late
} Kind;

typedef struct {
  Kind kind;
  uint8_t size;           // bytes
  uint8_t cycles;         // when it is executed, without what a change of flow costs
  uint8_t refill;         // cycles to refill the pipeline when it changes the flow; 0 where it never does
  bool always;            // whether it changes the flow whenever it is executed
  bool memory;            // whether it loads or stores
  bool is_call;
  uint8_t it_length;      // of IT: how many instructions depend on it
  int8_t marker;          // n of DBG #n, else -1
  uint16_t writes;        // core registers, a bit each
  uint16_t address;       // core registers that a load's or store's address is made of
  uint32_t float_writes;  // single registers
  uint32_t float_reads;   // single registers, without the addend of a multiplication that accumulates
} Instruction;

// What UDIV and SDIV take on average: the manual says 2 to 12, by the operands.
enum { DIVIDE_CYCLES = 7 };
// Cycles to refill the pipeline: 1 to 3 by the manual, by how early the target is known; loads of the PC take 3. A target
// that is a 32-bit instruction across two words costs one more, up to 3.
enum { REFILL_EARLY = 1, REFILL_REGISTER = 2, REFILL_LOAD = 3, REFILL_MOST = 3 };

// The stack pointer as it stands in `address` of an instruction.
enum { STACK_POINTER = 1 << 13 };

// `code` are the bytes of the instruction; where it has two only, the others may be anything.
Instruction decode(const uint8_t code[4]);

// Cycles that `next` takes more, or less, because it follows `first` at once.
int after(const Instruction *first, const Instruction *next);
