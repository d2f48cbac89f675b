// A QEMU plugin that counts the cycles a Cortex-M4 would take, by cortex_m4.c.
//
// Cycles are summed up a translation block at a time: what a block takes is known when it is translated, and what a change of
// flow costs is known when the next block begins. `DBG #1` begins a region and `DBG #2` ends it; `DBG #3` begins a part of the
// region and `DBG #4` ends it. When a region ends, a line is written to the file `out`:
//
//   region cycles=C instructions=I
//
// With the argument `profile=on` the parts and the tree of calls of the region come before it. A part is a node of the tree
// too, so that what it calls is told apart from what the other parts call:
//
//   part INDEX cycles=C instructions=I
//   call NODE PARENT ADDRESS                      (node 0 is the region itself)
//   enter NODE PARENT INDEX                       (NODE is the part INDEX, begun in PARENT)
//   cost NODE ADDRESS cycles=C instructions=I     (of the block at ADDRESS, called as NODE says)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "cortex_m4.h"
#include "qemu_plugin.h"

PLUGIN_EXPORT int qemu_plugin_version = PLUGIN_INTERFACE;

enum { LINE_BYTES = 16 };
enum { REGION_BEGINS = 1, REGION_ENDS, PART_BEGINS, PART_ENDS, MARKERS };

typedef struct {
  uint64_t begin;
  uint64_t end;           // address behind its last instruction
  Counts whole;           // taken once, its last instruction not changing the flow
  Instruction first;
  Instruction last;
  bool begins_across;     // whether the first instruction is a 32-bit one across two words
  Cost *last_cost;        // where the block was counted last
  Counts *until;          // what it has taken before each of its half-words; of those that hold no begin of an instruction, 0
} Block;

typedef struct Mark {
  int marker;
  Block *block;
  Counts rest;            // of the block, behind the marker
  uint64_t behind;        // address behind the marker
  struct Mark *earlier;   // in the same block
} Mark;

static FILE *out;
static bool profiling;
static Counts total;
static const Block nothing;
static const Block *previous = &nothing;
static Counts region_start;
static bool in_region;
static Counts part_start;
static unsigned parts;
static unsigned depth;        // of parts within parts; the outermost ones count
static Call root;             // the region itself
static Call *current = &root;
static Counts ignored;
static Counts *counting = &ignored;  // where what the block under way takes is added up
static uint64_t flash_end;
static unsigned load_waits;   // cycles that a load from flash takes more
static unsigned fetch_waits;  // cycles that a line of code takes to come from flash into the cache
static unsigned ways, sets;   // of the instruction cache
static uint64_t *cache;       // the lines in it, a set after the other

// ---- the tree of calls --------------------------------------------------------------------------------------------------

// A return is told by its target, the instruction behind a call that is under way: functions return in many ways. None is a
// branch to a target in the instruction, which may well jump to where a call of the function by itself comes back to. A call
// under a condition that does not hold goes on behind itself.
static void follow(const Block *from, const Block *to) {
  if (from->last.is_call) {
    if (!from->last.always && to->begin == from->end) return;
    current = child_of(current, false, to->begin);
    current->back = from->end;
    return;
  }
  if (from->last.refill == REFILL_EARLY) return;
  for (Call *call = current; call != &root; call = call->parent) {
    if (call->back == to->begin) {
      current = call->parent;
      return;
    }
  }
}

// ---- while the program runs ---------------------------------------------------------------------------------------------

// Cycles between two blocks, one after the other. Where QEMU cuts a block must make no difference.
static int between(const Block *from, const Block *to) {
  const bool changed = from->last.always || to->begin != from->end;
  if (from->last.refill == 0 || !changed) return changed ? 0 : after(&from->last, &to->first);
  const int refill = from->last.refill + to->begins_across;
  return refill < REFILL_MOST ? refill : REFILL_MOST;
}

// Least recently used ways come last.
static unsigned fetched(uint64_t begin, uint64_t end) {
  if (fetch_waits == 0 || begin >= flash_end || begin == end) return 0;
  unsigned cycles = 0;
  const uint32_t last = (uint32_t)((end - 1) / LINE_BYTES);
  for (uint32_t line = (uint32_t)(begin / LINE_BYTES); line <= last; ++line) {
    uint64_t *set = cache + (size_t)(line % sets) * ways;
    const uint64_t wanted = (uint64_t)line + 1;  // 0 is a way that is empty
    if (set[0] == wanted) continue;
    unsigned way = 0;
    while (way < ways - 1 && set[way] != wanted) ++way;
    if (set[way] != wanted) cycles += fetch_waits;
    memmove(set + 1, set, way * sizeof *set);
    set[0] = wanted;
  }
  return cycles;
}

static void block_begins(unsigned int vcpu, void *data) {
  (void)vcpu;
  Block *block = data;
  const uint64_t cycles = block->whole.cycles + (uint64_t)between(previous, block) + fetched(block->begin, block->end);
  total.cycles += cycles;
  total.instructions += block->whole.instructions;
  if (profiling && in_region) {
    if (previous->last.refill != 0) follow(previous, block);
    counting = counts_of(current, block->begin, &block->last_cost);
    counting->cycles += cycles;
    counting->instructions += block->whole.instructions;
  }
  previous = block;
}

// What lies behind a marker in its block belongs to another call than what lies before it.
static void move_rest(const Mark *mark, Call *to) {
  *counting = minus(*counting, mark->rest);
  current = to;
  counting = counts_of(current, mark->block->begin, &mark->block->last_cost);
  counting->cycles += mark->rest.cycles;
  counting->instructions += mark->rest.instructions;
}

// What the cache holds depends on what the board did while it waited for the host: a region begins with none of it.
static void region_begins(const Mark *mark, Counts now) {
  memset(cache, 0, sizeof *cache * sets * ways);
  const unsigned fetch = fetched(mark->behind, mark->block->end);
  total.cycles += fetch;
  region_start = now;
  in_region = true;
  parts = depth = 0;
  if (!profiling) return;
  clear_tree(&root);
  ignored = mark->rest;
  counting = &ignored;
  move_rest(mark, &root);
  counting->cycles += fetch;
}

static void region_ends(const Mark *mark, Counts now) {
  if (!in_region) return;
  in_region = false;
  if (profiling) {
    *counting = minus(*counting, mark->rest);
    counting = &ignored;
    write_tree(out, &root);
  }
  print_counts(out, "region", minus(now, region_start));
  fflush(out);
}

static void part_begins(const Mark *mark, Counts now) {
  if (!profiling || !in_region || depth++ > 0) return;
  part_start = now;
  move_rest(mark, child_of(current, true, parts));
}

static void part_ends(const Mark *mark, Counts now) {
  if (!profiling || !in_region || depth == 0 || --depth > 0) return;
  Call *part = current;
  while (part != &root && !part->is_part) part = part->parent;
  if (part != &root) move_rest(mark, part->parent);
  char line[32];
  snprintf(line, sizeof line, "part %u", parts++);
  print_counts(out, line, minus(now, part_start));
}

static void marker_reached(unsigned int vcpu, void *data) {
  (void)vcpu;
  const Mark *mark = data;
  const Counts now = minus(total, mark->rest);
  switch (mark->marker) {
    case REGION_BEGINS: region_begins(mark, now); break;
    case REGION_ENDS: region_ends(mark, now); break;
    case PART_BEGINS: part_begins(mark, now); break;
    default: part_ends(mark, now);
  }
}

static void add_cycles(uint64_t cycles) {
  total.cycles += cycles;
  counting->cycles += cycles;
}

// QEMU takes two words at once where an instruction does; the processor takes one after the other.
static unsigned words(qemu_plugin_meminfo_t info) { return qemu_plugin_mem_size_shift(info) > 2 ? 2 : 1; }

static void access_reached(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *data) {
  (void)vcpu, (void)address, (void)data;
  add_cycles(words(info));
}

static void load_reached(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *data) {
  (void)vcpu, (void)data;
  if (address >= flash_end || qemu_plugin_mem_is_store(info)) return;
  add_cycles((uint64_t)load_waits * words(info));
}

// An access to a device has to be the last one of its block. Where it is not, QEMU leaves the block there, executes the
// access as a block of its own that it does not tell of, and goes on behind it with another one. What has been counted
// of the block it left is taken back from there on.
static void alone_reached(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *data) {
  (void)vcpu, (void)info, (void)address;
  const Block *alone = data;
  if (previous == alone || alone->begin < previous->begin || alone->end > previous->end) return;
  if (alone->end < previous->end) {
    const Counts rest = minus(previous->whole, previous->until[(alone->end - previous->begin) / 2]);
    total = minus(total, rest);
    if (in_region) *counting = minus(*counting, rest);
  }
  previous = alone;
}

// ---- while a block is translated ----------------------------------------------------------------------------------------

// QEMU may cut a block within an IT block: what is left of it is remembered by address.
typedef struct Cut {
  uint64_t address;
  unsigned left;
  struct Cut *next;
} Cut;

static Cut *cuts;

static unsigned cut_it_block(uint64_t address) {
  for (const Cut *cut = cuts; cut != NULL; cut = cut->next) {
    if (cut->address == address) return cut->left;
  }
  return 0;
}

static void remember_cut(uint64_t address, unsigned left) {
  if (cut_it_block(address) != 0) return;
  Cut *cut = allocate(sizeof *cut);
  cut->address = address;
  cut->left = left;
  cut->next = cuts;
  cuts = cut;
}

// A call of ours for each access is dear: none is asked for where it cannot be a load, or is one from the stack.
static bool may_read_flash(const Instruction *now) {
  return now->memory && now->kind != KIND_STORE && now->kind != KIND_STORE_INDEXED && now->address != STACK_POINTER;
}

// QEMU's own size is no use: at the end of a page it counts what it looked at behind the instruction.
static Instruction instruction(const struct qemu_plugin_insn *insn) {
  uint8_t code[4] = {0};
  insn_bytes(insn, code);
  return decode(code);
}

// An instruction under a condition accesses memory only when it is executed; skipped it takes one cycle.
static Instruction under_condition(struct qemu_plugin_insn *insn, Instruction now) {
  now.always = false;
  if (!now.memory) return now;
  if (now.kind != KIND_STORE) {
    qemu_plugin_register_vcpu_mem_cb(insn, access_reached, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
  }
  now.cycles = 1;
  now.kind = KIND_OTHER;
  return now;
}

static Mark *mark_in(Block *block, int marker, Counts before, Mark *earlier) {
  Mark *mark = allocate(sizeof *mark);
  mark->marker = marker;
  mark->block = block;
  mark->rest = before;  // until the block's end is known: what comes before the marker's side of the region
  mark->earlier = earlier;
  return mark;
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  (void)id;
  Block *block = allocate(sizeof *block);
  Mark *marks = NULL;
  const size_t count = qemu_plugin_tb_n_insns(tb);
  block->begin = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
  block->until = allocate(2 * count * sizeof *block->until);
  unsigned conditional = cut_it_block(block->begin);
  for (size_t i = 0; i < count; ++i) {
    struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
    Instruction now = instruction(insn);
    if (load_waits != 0 && may_read_flash(&now)) {
      // Asked for loads alone, QEMU 7.2 tells of none.
      qemu_plugin_register_vcpu_mem_cb(insn, load_reached, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
    }
    if (now.memory && count == 1) {
      qemu_plugin_register_vcpu_mem_cb(insn, alone_reached, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, block);
    }
    if (conditional > 0) {
      --conditional;
      now = under_condition(insn, now);
    }
    if (now.it_length != 0) conditional = now.it_length;
    const Counts before = block->whole;
    block->until[(qemu_plugin_insn_vaddr(insn) - block->begin) / 2] = before;
    block->whole.cycles += (uint64_t)(now.cycles + (i == 0 ? 0 : after(&block->last, &now)));
    block->whole.instructions += 1;
    if (now.marker >= REGION_BEGINS && now.marker < MARKERS) {
      const bool ends = now.marker == REGION_ENDS || now.marker == PART_ENDS;
      marks = mark_in(block, now.marker, ends ? before : block->whole, marks);
      marks->behind = qemu_plugin_insn_vaddr(insn) + now.size;
      qemu_plugin_register_vcpu_insn_exec_cb(insn, marker_reached, QEMU_PLUGIN_CB_NO_REGS, marks);
    }
    if (i == 0) block->first = now;
    block->last = now;
    block->end = qemu_plugin_insn_vaddr(insn) + now.size;
  }
  block->begins_across = block->first.size == 4 && block->begin % 4 == 2;
  for (Mark *mark = marks; mark != NULL; mark = mark->earlier) mark->rest = minus(block->whole, mark->rest);
  if (conditional > 0) remember_cut(block->end, conditional);
  qemu_plugin_register_vcpu_tb_exec_cb(tb, block_begins, QEMU_PLUGIN_CB_NO_REGS, block);
}

static bool number(const char *argument, const char *name, unsigned *value) {
  const size_t length = strlen(name);
  if (strncmp(argument, name, length) != 0 || argument[length] != '=') return false;
  *value = (unsigned)strtoul(argument + length + 1, NULL, 0);
  return true;
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv) {
  (void)info;
  unsigned flash_bytes = 0, cache_bytes = 0;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "out=", 4) == 0) out = fopen(argv[i] + 4, "w");
    if (strcmp(argv[i], "profile=on") == 0) profiling = true;
    if (strcmp(argv[i], "probe=on") == 0) exit(0);  // QEMU has taken the plugin: that was the question
    number(argv[i], "flash_bytes", &flash_bytes);
    number(argv[i], "load_waits", &load_waits);
    number(argv[i], "fetch_waits", &fetch_waits);
    number(argv[i], "cache_bytes", &cache_bytes);
    number(argv[i], "cache_ways", &ways);
  }
  if (out == NULL) {
    fputs("the cycle model cannot write its file: give out=FILE\n", stderr);
    return 1;
  }
  flash_end = flash_bytes;
  if (fetch_waits != 0) {
    // Without a cache a line is kept until the next one comes, as by the buffer of a flash.
    if (ways == 0 || cache_bytes < ways * LINE_BYTES) ways = 1, cache_bytes = LINE_BYTES;
    sets = cache_bytes / LINE_BYTES / ways;
    cache = allocate(sizeof *cache * sets * ways);
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
  return 0;
}
