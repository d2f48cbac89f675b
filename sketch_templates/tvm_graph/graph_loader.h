// What is read from a graph's text, and how. For graph_executor.c only.
#ifndef GRAPH_LOADER_H
#define GRAPH_LOADER_H

#include "graph_executor.h"
#include "json_reader.h"

// How much of everything there is. Counted in a first reading of the text, so that a second one can fill arrays that
// have just the right sizes.
typedef struct {
  uint32_t nodes, entries, steps, arguments, dimensions, inputs, outputs, storages;
  uint32_t types, shapes, ids, rows;  // elements of lists that have to fit the nodes
} GraphCounts;

typedef struct {
  GraphFunction function;
  GraphTensor **arguments;
  uint16_t count;
} GraphStep;

// An entry is a tensor that a node gives. The arrays are as long as `count` says.
typedef struct {
  GraphCounts count;
  GraphTensor *entries;
  GraphStep *steps;
  GraphTensor **arguments;  // of all steps
  GraphTensor **inputs;     // constants among them
  GraphTensor **outputs;
  int32_t *dimensions;  // of all shapes
  uint16_t *rows;       // the first entry of each node, and the number of all
} GraphArrays;

typedef struct {
  JsonReader reader;
  const GraphModule *module;
  GraphArrays *arrays;  // NULL in the first reading
  GraphCounts seen;     // so far; after a reading, all
  JsonText unknown;     // an operator that is not there
} GraphLoader;

// Reads the module's text. Without `arrays` it only counts; with them it fills them. They have to be zero, and of the
// sizes that were counted. On failure the reader has the error.
bool graph_load(GraphLoader *loader, const GraphModule *module, GraphArrays *arrays);

#endif
