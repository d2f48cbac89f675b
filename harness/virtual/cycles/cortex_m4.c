#include "cortex_m4.h"

static const uint16_t kPc = 1u << 15;
static const uint16_t kLr = 1u << 14;
static const uint16_t kSp = STACK_POINTER;

static unsigned bits(uint32_t word, unsigned high, unsigned low) { return word >> low & ((1u << (high - low + 1)) - 1); }
static bool bit(uint32_t word, unsigned index) { return word >> index & 1; }
static uint16_t reg(unsigned index) { return (uint16_t)(1u << index); }

static Instruction data(unsigned destination) {
  Instruction made = {.kind = KIND_DATA, .cycles = 1, .marker = -1, .writes = reg(destination)};
  return made;
}

static Instruction other(unsigned cycles) {
  Instruction made = {.kind = KIND_OTHER, .cycles = (uint8_t)cycles, .marker = -1};
  return made;
}

static Instruction branch(unsigned refill, bool always) {
  Instruction made = other(1);
  made.refill = (uint8_t)refill;
  made.always = always;
  return made;
}

// A write of the PC by data processing changes the flow.
static Instruction data_or_branch(unsigned destination) {
  return destination == 15 ? branch(REFILL_REGISTER, true) : data(destination);
}

static Instruction load(unsigned destination, uint16_t address) {
  Instruction made = {.kind = KIND_LOAD, .cycles = 2, .marker = -1, .memory = true};
  made.writes = reg(destination);
  made.address = address;
  if (destination == 15) {
    made.kind = KIND_OTHER;
    made.refill = REFILL_LOAD;
    made.always = true;
  }
  return made;
}

static Instruction store(uint16_t address, bool indexed) {
  Instruction made = {.kind = indexed ? KIND_STORE_INDEXED : KIND_STORE, .cycles = indexed ? 2 : 1, .marker = -1};
  made.memory = true;
  made.address = address;
  return made;
}

static Instruction multiple(bool loads, uint16_t base, uint16_t list) {
  Instruction made = {.kind = KIND_MULTIPLE, .marker = -1, .memory = true};
  made.cycles = (uint8_t)(1 + __builtin_popcount(list));
  made.address = base;
  if (loads) made.writes = list;
  if (loads && (list & kPc)) {
    made.refill = REFILL_LOAD;
    made.always = true;
  }
  return made;
}

static Instruction misc16(uint32_t h) {
  if ((h & 0xFF00) == 0xBF00) {  // IT and hints
    Instruction made = other(1);
    const unsigned mask = bits(h, 3, 0);
    if (mask != 0) made.it_length = (uint8_t)(4 - __builtin_ctz(mask));
    return made;
  }
  if ((h & 0xF500) == 0xB100) return branch(REFILL_EARLY, false);  // CBZ, CBNZ
  if ((h & 0xFE00) == 0xB400) return multiple(false, kSp, (uint16_t)(bits(h, 7, 0) | (bit(h, 8) ? kLr : 0)));
  if ((h & 0xFE00) == 0xBC00) return multiple(true, kSp, (uint16_t)(bits(h, 7, 0) | (bit(h, 8) ? kPc : 0)));
  if ((h & 0xFF00) == 0xB000) return data(13);                              // ADD or SUB of SP
  if ((h & 0xFF00) == 0xB200 || (h & 0xFF00) == 0xBA00) return data(h & 7);  // extensions, reversals
  return other(1);                                                          // CPS, BKPT
}

static Instruction special16(uint32_t h) {
  const unsigned destination = bits(h, 2, 0) | (h >> 4 & 8);
  switch (bits(h, 9, 8)) {
    case 1: return other(1);  // CMP
    case 3: {                 // BX, BLX
      Instruction made = branch(REFILL_REGISTER, true);
      made.is_call = bit(h, 7);
      return made;
    }
    default: return data_or_branch(destination);  // ADD, MOV
  }
}

static Instruction decode16(uint32_t h) {
  const uint16_t base = reg(bits(h, 5, 3));
  switch (h >> 12) {
    case 0:
    case 1: return data(h & 7);
    case 2: return h & 0x0800 ? other(1) : data(bits(h, 10, 8));  // CMP, MOV
    case 3: return data(bits(h, 10, 8));
    case 4:
      if (h & 0x0800) return load(bits(h, 10, 8), 0);  // from the PC
      if (h & 0x0400) return special16(h);
      return bits(h, 9, 6) == 8 || bits(h, 9, 6) == 10 || bits(h, 9, 6) == 11 ? other(1) : data(h & 7);  // TST, CMP, CMN
    case 5: {
      const uint16_t address = base | reg(bits(h, 8, 6));
      return bits(h, 11, 9) < 3 ? store(address, true) : load(h & 7, address);
    }
    case 6:
    case 7:
    case 8: return h & 0x0800 ? load(h & 7, base) : store(base, false);
    case 9: return h & 0x0800 ? load(bits(h, 10, 8), kSp) : store(kSp, false);
    case 10: return data(bits(h, 10, 8));  // addresses from the PC or SP
    case 11: return misc16(h);
    case 12: return multiple(h & 0x0800, reg(bits(h, 10, 8)), (uint16_t)bits(h, 7, 0));
    case 13: return bits(h, 11, 8) >= 14 ? other(1) : branch(REFILL_EARLY, false);  // UDF, SVC
    default: return branch(REFILL_EARLY, true);
  }
}

static uint32_t single(unsigned index) { return 1u << index; }
static uint32_t several(unsigned first, unsigned count) {
  return count < 32 ? ((1u << count) - 1) << first : UINT32_MAX;
}

// Loads and stores of floating-point registers, and moves of two of them.
static Instruction float_memory(uint32_t h, uint32_t g) {
  const bool wide = bit(g, 8);
  const bool loads = bit(h, 4);
  if ((h & 0xFFE0) == 0xEC40) {  // VMOV between two core registers and a double or two singles
    Instruction made = other(2);
    if (loads) {
      made.writes = reg(bits(h, 3, 0)) | reg(bits(g, 15, 12));
      made.float_reads = several(wide ? 2 * bits(g, 3, 0) : bits(g, 3, 0) << 1 | bit(g, 5), 2);
    }
    return made;
  }
  const bool one = (h & 0xFF20) == 0xED00;  // VLDR, VSTR
  const unsigned count = one ? 1u + wide : bits(g, 7, 0);
  Instruction made = {.kind = KIND_MULTIPLE, .cycles = (uint8_t)(1 + count), .marker = -1, .memory = true};
  made.address = reg(bits(h, 3, 0));
  if (!loads) made.float_reads = several(bits(g, 15, 12) << 1 | (wide ? 0 : bit(h, 6)), count);
  return made;
}

static Instruction float_arithmetic(uint32_t h, uint32_t g) {
  const uint32_t d = single(bits(g, 15, 12) << 1 | bit(h, 6));
  const uint32_t n = single(bits(h, 3, 0) << 1 | bit(g, 7));
  const uint32_t m = single(bits(g, 3, 0) << 1 | bit(g, 5));
  Instruction made = {.kind = KIND_FLOAT, .cycles = 1, .marker = -1, .float_writes = d, .float_reads = n | m};
  const unsigned operation = bit(h, 7) << 2 | bits(h, 5, 4);
  switch (operation) {
    case 0:                                                        // VMLA, VMLS
    case 1:                                                        // VNMLA, VNMLS
    case 5:                                                        // VFNMA, VFNMS
    case 6: made.cycles = 3; return made;                          // VFMA, VFMS
    case 4: made.cycles = 14; return made;                         // VDIV
    case 7: break;
    default: return made;                                          // VMUL, VNMUL, VADD, VSUB
  }
  made.float_reads = m;
  const unsigned which = bits(h, 3, 0);
  if (!bit(g, 6)) made.float_reads = 0;                            // VMOV of an immediate
  if (which == 1 && bits(g, 7, 6) == 3) made.cycles = 14;          // VSQRT
  if (which == 4 || which == 5) {                                  // VCMP
    made.float_reads = which == 4 ? d | m : d;
    made.float_writes = 0;
  }
  if (which == 0 && bits(g, 7, 6) == 1) made.kind = KIND_OTHER;    // VMOV between registers is no arithmetic
  return made;
}

static Instruction coprocessor(uint32_t h, uint32_t g) {
  if ((g & 0x0E00) != 0x0A00) return other(1);  // none but the floating-point unit is there
  if ((h & 0xFE00) == 0xEC00) return float_memory(h, g);
  if (!bit(g, 4)) return float_arithmetic(h, g);
  Instruction made = other(1);  // VMOV of one register, VMRS, VMSR
  if (bit(h, 4) && bits(g, 15, 12) != 15) made.writes = reg(bits(g, 15, 12));
  if (bit(h, 4) && bits(h, 7, 5) == 0) made.float_reads = single(bits(h, 3, 0) << 1 | bit(g, 7));
  return made;
}

// Load and store of several registers, of two, exclusive ones, and table branches: 1110 100x xxxx xxxx.
static Instruction block32(uint32_t h, uint32_t g) {
  const uint16_t base = reg(bits(h, 3, 0));
  const bool loads = bit(h, 4);
  if (!bit(h, 6)) return multiple(loads, base, (uint16_t)g);
  if ((h & 0xFFF0) == 0xE8D0 && (g & 0xFFE0) == 0xF000) {  // TBB, TBH
    Instruction made = branch(REFILL_LOAD, true);
    made.cycles = 3;  // at least two for the load and one for the addition
    made.address = base | reg(bits(g, 3, 0));
    return made;
  }
  const bool exclusive = !bit(h, 8) && !bit(h, 5);
  if (exclusive) {
    // STREX has the register that says whether it has stored elsewhere than STREXB and STREXH.
    return load(loads ? bits(g, 15, 12) : bit(h, 7) ? bits(g, 3, 0) : bits(g, 11, 8), base);
  }
  Instruction made = {.kind = KIND_MULTIPLE, .cycles = 3, .marker = -1, .address = base, .memory = true};
  if (loads) made.writes = reg(bits(g, 15, 12)) | reg(bits(g, 11, 8));
  return made;
}

// Branches and what else stands in their place: 1111 0xxx xxxx xxxx 1xxx xxxx xxxx xxxx.
static Instruction control32(uint32_t h, uint32_t g) {
  if (bit(g, 14)) {
    Instruction made = branch(REFILL_EARLY, true);  // BL
    made.is_call = true;
    return made;
  }
  if (bit(g, 12)) return branch(REFILL_EARLY, true);  // B
  if (bits(h, 9, 7) != 7) return branch(REFILL_EARLY, false);
  if (h == 0xF3AF && (g & 0xFFF0) == 0x80F0) {
    Instruction made = other(1);
    made.marker = (int8_t)(g & 15);
    return made;
  }
  if (h == 0xF3BF && (g & 0xFFF0) == 0x8F60) return other(1 + REFILL_LOAD);  // ISB refills the pipeline
  if ((h & 0xFFE0) == 0xF3E0) return data(bits(g, 11, 8));                    // MRS
  return other(1);
}

static Instruction single_memory32(uint32_t h, uint32_t g) {
  const unsigned base = bits(h, 3, 0);
  const unsigned target = bits(g, 15, 12);
  const bool loads = bit(h, 4);
  const bool indexed = base != 15 && !bit(h, 7) && (g & 0x0FC0) == 0;
  uint16_t address = base == 15 ? 0 : reg(base);
  if (indexed) address |= reg(bits(g, 3, 0));
  if (!loads) return store(address, indexed);
  const bool is_word = bits(h, 6, 5) == 2;
  if (target == 15 && !is_word) return other(1);  // PLD, PLI
  return load(target, address);
}

static Instruction multiply32(uint32_t h, uint32_t g) {
  const unsigned operation = bits(h, 6, 4);
  if (!bit(h, 7)) return data(bits(g, 11, 8));
  Instruction made = data(bits(g, 11, 8));
  if (operation == 1 || operation == 3) {  // SDIV, UDIV
    made.cycles = DIVIDE_CYCLES;
    return made;
  }
  made.writes |= reg(bits(g, 15, 12));
  return made;
}

static Instruction decode32(uint32_t h, uint32_t g) {
  if ((h & 0xEC00) == 0xEC00) return coprocessor(h, g);
  if ((h & 0xFE00) == 0xE800) return block32(h, g);
  if ((h & 0xFE00) == 0xEA00) {  // data processing with a shifted register; with Rd 15 it compares
    const unsigned destination = bits(g, 11, 8);
    return destination == 15 ? other(1) : data(destination);
  }
  if ((h & 0xF800) == 0xF000) {
    if (bit(g, 15)) return control32(h, g);
    const unsigned destination = bits(g, 11, 8);
    return destination == 15 ? other(1) : data(destination);
  }
  if ((h & 0xFE00) == 0xF800) return single_memory32(h, g);
  if ((h & 0xFF00) == 0xFB00) return multiply32(h, g);
  return data(bits(g, 11, 8));  // shifts by registers, extensions, parallel additions, bit counts
}

Instruction decode(const uint8_t code[4]) {
  const uint32_t h = code[0] | (uint32_t)code[1] << 8;
  const bool wide = h >= 0xE800;
  Instruction made = wide ? decode32(h, code[2] | (uint32_t)code[3] << 8) : decode16(h);
  made.size = wide ? 4 : 2;
  return made;
}

int after(const Instruction *first, const Instruction *next) {
  const bool pipelines = next->kind == KIND_LOAD || next->kind == KIND_STORE_INDEXED;
  if (first->kind == KIND_LOAD && pipelines && !(first->writes & next->address)) return -1;
  if (first->kind == KIND_DATA && first->writes & next->address) return 1;
  if (first->kind == KIND_FLOAT && first->float_writes & next->float_reads) return 1;
  return 0;
}
