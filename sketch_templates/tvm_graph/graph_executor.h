// Runs a network that is given as a graph: a JSON text that is read at start-up, operators that are found by name,
// constants that lie in flash, and memory from malloc for everything else.
//
// The text has the format of TVM's graph executor, "nodes" before all else that refers to them. The outputs of an
// operator may include memory that it only works in.
#ifndef GRAPH_EXECUTOR_H
#define GRAPH_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The element type of a tensor: its kind (0 signed, 1 unsigned, 2 floating-point, 6 truth value) and its bytes.
#define GRAPH_TYPE(kind, bytes) ((uint8_t)((kind) << 4 | (bytes)))
#define GRAPH_TYPE_BYTES(type) ((type) & 0x0F)

// In place of a number of dimensions: any.
#define GRAPH_ANY 255

typedef struct {
  void *data;  // of a constant: in flash, never to be written
  const int32_t *shape;
  uint8_t type;
  uint8_t dimensions;
  uint16_t storage;  // tensors of the same storage lie in the same memory
} GraphTensor;

// An operator takes its inputs, constants among them, and then its outputs. It returns whether it could run on them.
typedef bool (*GraphFunction)(GraphTensor *const *arguments, size_t count);

typedef struct {
  const char *name;  // in flash
  GraphFunction function;
} GraphOperator;

typedef struct {
  const char *json;  // in flash
  size_t json_bytes;
  const GraphOperator *operators;  // in flash
  size_t operator_count;
  // Returns the constant that is a storage's content, or NULL where the storage is memory.
  const void *(*linked_parameter)(uint16_t storage);
} GraphModule;

typedef struct GraphExecutor GraphExecutor;

// Returns NULL, with nothing left allocated, where the graph cannot be read or memory runs out, which
// graph_executor_error() then tells. The module has to outlive the executor.
GraphExecutor *graph_executor_create(const GraphModule *module);
void graph_executor_destroy(GraphExecutor *graph);

// Copies the content of an input, whose size must be `bytes`.
bool graph_executor_set_input(GraphExecutor *graph, size_t index, const void *data, size_t bytes);
bool graph_executor_run(GraphExecutor *graph);

// The tensor of an input, constants not counted, or of an output; NULL where there is none. Inputs keep their content
// when the graph runs.
size_t graph_executor_input_count(const GraphExecutor *graph);
GraphTensor *graph_executor_get_input(const GraphExecutor *graph, size_t index);
size_t graph_executor_output_count(const GraphExecutor *graph);
const GraphTensor *graph_executor_get_output(const GraphExecutor *graph, size_t index);

// What all storages together have taken from malloc.
size_t graph_executor_storage_bytes(const GraphExecutor *graph);

// What failed last. The text is overwritten by the next failure, of any executor.
const char *graph_executor_error(void);

size_t graph_tensor_bytes(const GraphTensor *tensor);

// Whether the arguments of an operator are what it was compiled for: `wanted` pairs of a type and a number of
// dimensions, in flash.
bool graph_arguments_match(GraphTensor *const *arguments, size_t count, const uint8_t *types, size_t wanted);

#ifdef __cplusplus
}
#endif

#endif
