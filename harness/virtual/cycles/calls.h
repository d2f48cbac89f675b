// Which code was called by which, and what it took: a tree of calls, with what each block of code has cost in each of them.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
  uint64_t cycles;
  uint64_t instructions;
} Counts;

typedef struct Cost Cost;
typedef struct Call Call;

// What a block has cost when it was reached by one chain of calls.
struct Cost {
  Call *call;
  uint64_t block;
  Counts counts;
  Cost *next;
};

// Calls of one function from one place in the tree are one node, and so is a part of the region.
struct Call {
  Call *parent;
  bool is_part;
  uint64_t entry;  // address of the function; of a part, its index
  uint64_t back;   // where the call returns to
  unsigned number;
  Cost *costs;
  Call *children;
  Call *sibling;
};

// Returns memory that is zero; ends the emulator where there is none.
void *allocate(size_t bytes);

Counts minus(Counts a, Counts b);
void print_counts(FILE *out, const char *what, Counts counts);

Call *child_of(Call *call, bool is_part, uint64_t entry);

// Where the costs of a block within a call are added up. `last` is where those of the block were the time before.
Counts *counts_of(Call *call, uint64_t block, Cost **last);

// Makes all costs zero; the nodes stay.
void clear_tree(Call *call);
void write_tree(FILE *out, const Call *call);
