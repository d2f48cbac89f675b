#include "calls.h"

#include <inttypes.h>
#include <stdlib.h>

void *allocate(size_t bytes) {
  void *made = calloc(1, bytes);
  if (made == NULL) {
    fputs("the cycle model is out of memory\n", stderr);
    exit(1);
  }
  return made;
}

Counts minus(Counts a, Counts b) {
  const Counts made = {a.cycles - b.cycles, a.instructions - b.instructions};
  return made;
}

void print_counts(FILE *out, const char *what, Counts counts) {
  fprintf(out, "%s cycles=%" PRIu64 " instructions=%" PRIu64 "\n", what, counts.cycles, counts.instructions);
}

Call *child_of(Call *call, bool is_part, uint64_t entry) {
  static unsigned calls;
  for (Call *child = call->children; child != NULL; child = child->sibling) {
    if (child->entry == entry && child->is_part == is_part) return child;
  }
  Call *made = allocate(sizeof *made);
  made->parent = call;
  made->is_part = is_part;
  made->entry = entry;
  made->number = ++calls;
  made->sibling = call->children;
  call->children = made;
  return made;
}

Counts *counts_of(Call *call, uint64_t block, Cost **last) {
  Cost *cost = *last;
  if (cost != NULL && cost->call == call) return &cost->counts;
  for (cost = call->costs; cost != NULL; cost = cost->next) {
    if (cost->block == block) break;
  }
  if (cost == NULL) {
    cost = allocate(sizeof *cost);
    cost->call = call;
    cost->block = block;
    cost->next = call->costs;
    call->costs = cost;
  }
  *last = cost;
  return &cost->counts;
}

void clear_tree(Call *call) {
  for (Cost *cost = call->costs; cost != NULL; cost = cost->next) cost->counts = (Counts){0, 0};
  for (Call *child = call->children; child != NULL; child = child->sibling) clear_tree(child);
}

void write_tree(FILE *out, const Call *call) {
  char line[96];
  for (const Cost *cost = call->costs; cost != NULL; cost = cost->next) {
    if (cost->counts.instructions == 0 && cost->counts.cycles == 0) continue;
    snprintf(line, sizeof line, "cost %u 0x%" PRIx64, call->number, cost->block);
    print_counts(out, line, cost->counts);
  }
  for (const Call *child = call->children; child != NULL; child = child->sibling) {
    fprintf(out, child->is_part ? "enter %u %u %" PRIu64 "\n" : "call %u %u 0x%" PRIx64 "\n", child->number,
            call->number, child->entry);
    write_tree(out, child);
  }
}
