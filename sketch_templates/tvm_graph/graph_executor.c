#include "graph_executor.h"

#include <stdlib.h>
#include <string.h>

#include "graph_flash.h"
#include "graph_loader.h"

#define ERROR_BYTES 96
#define ALIGNMENT (sizeof(void *) > sizeof(int32_t) ? sizeof(void *) : sizeof(int32_t))
#define MOST_BYTES ((uint32_t)INT32_MAX)

// How large it has to be until there is memory for it, then where it is.
typedef union {
  uint32_t bytes;
  void *data;
} Storage;

struct GraphExecutor {
  GraphArrays arrays;
  const GraphModule *module;
  Storage *storages;
  uint32_t storages_ready;
  uint32_t input_count;
  size_t storage_bytes;
};

static char error_text[ERROR_BYTES];

static void say_character(char character) {
  const size_t end = strlen(error_text);
  if (end + 1 >= ERROR_BYTES) return;
  error_text[end] = character;
  error_text[end + 1] = '\0';
}

// `literal` lies in flash.
static void say(const char *literal) {
  for (char next; (next = (char)FLASH_BYTE(literal)) != '\0'; ++literal) say_character(next);
}

static void say_number(uint32_t number) {
  char digits[10];
  size_t count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  while (count > 0) say_character(digits[--count]);
}

static void say_no_memory(uint32_t bytes) {
  error_text[0] = '\0';
  say(FLASH_TEXT("out of memory: "));
  say_number(bytes);
  say(FLASH_TEXT(" bytes for "));
}

static bool say_what_loader_met(const GraphLoader *loader) {
  error_text[0] = '\0';
  say(FLASH_TEXT("graph, byte "));
  say_number((uint32_t)loader->reader.position);
  say(FLASH_TEXT(": "));
  say(loader->reader.error);
  for (size_t i = 0; i < loader->unknown.length; ++i) {
    say_character((char)FLASH_BYTE(loader->reader.text + loader->unknown.start + i));
  }
  return false;
}

static void *take_memory(uint32_t bytes) {
  // On a processor with 16-bit addresses a size_t does not hold all numbers.
  return (size_t)bytes == bytes ? malloc((size_t)bytes) : NULL;
}

// Gives an array its place in a block that has `total` bytes so far; returns the place.
static uint32_t place(uint32_t *total, uint32_t count, size_t element_bytes) {
  const uint32_t start = (*total + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  *total = start + count * (uint32_t)element_bytes;
  return start;
}

// One block holds all that the executor knows, for blocks have a price of their own.
static GraphExecutor *make(const GraphModule *module, const GraphCounts *count) {
  uint32_t total = sizeof(GraphExecutor);
  const uint32_t entries = place(&total, count->entries, sizeof(GraphTensor));
  const uint32_t steps = place(&total, count->steps, sizeof(GraphStep));
  const uint32_t arguments = place(&total, count->arguments, sizeof(GraphTensor *));
  const uint32_t inputs = place(&total, count->inputs, sizeof(GraphTensor *));
  const uint32_t outputs = place(&total, count->outputs, sizeof(GraphTensor *));
  const uint32_t storages = place(&total, count->storages, sizeof(Storage));
  const uint32_t dimensions = place(&total, count->dimensions, sizeof(int32_t));
  const uint32_t rows = place(&total, count->nodes + 1, sizeof(uint16_t));
  uint8_t *block = take_memory(total);
  if (block == NULL) {
    say_no_memory(total);
    say(FLASH_TEXT("the graph"));
    return NULL;
  }
  memset(block, 0, (size_t)total);
  GraphExecutor *graph = (void *)block;
  graph->module = module;
  graph->arrays.count = *count;
  graph->arrays.entries = (void *)(block + entries);
  graph->arrays.steps = (void *)(block + steps);
  graph->arrays.arguments = (void *)(block + arguments);
  graph->arrays.inputs = (void *)(block + inputs);
  graph->arrays.outputs = (void *)(block + outputs);
  graph->arrays.dimensions = (void *)(block + dimensions);
  graph->arrays.rows = (void *)(block + rows);
  graph->storages = (void *)(block + storages);
  return graph;
}

static bool is_constant(const GraphExecutor *graph, uint32_t storage) {
  return graph->module->linked_parameter((uint16_t)storage) != NULL;
}

static bool say_of_entry(uint32_t entry, const char *problem) {
  error_text[0] = '\0';
  say(FLASH_TEXT("tensor "));
  say_number(entry);
  say(problem);
  return false;
}

// Makes each storage as large as the largest tensor in it.
static bool measure_storages(GraphExecutor *graph) {
  for (uint32_t i = 0; i < graph->arrays.count.entries; ++i) {
    const GraphTensor *entry = &graph->arrays.entries[i];
    Storage *storage = &graph->storages[entry->storage];
    uint32_t bytes = GRAPH_TYPE_BYTES(entry->type);
    for (uint8_t d = 0; d < entry->dimensions; ++d) {
      const uint32_t size = (uint32_t)entry->shape[d];
      if (size > 0 && bytes > MOST_BYTES / size) return say_of_entry(i, FLASH_TEXT(" is too large"));
      bytes *= size;
    }
    if (entry->data != NULL && is_constant(graph, entry->storage)) {
      return say_of_entry(i, FLASH_TEXT(" would be written over a constant"));
    }
    if (storage->bytes < bytes) storage->bytes = bytes;
  }
  return true;
}

static bool take_storages(GraphExecutor *graph) {
  for (uint32_t id = 0; id < graph->arrays.count.storages; ++id) {
    Storage *storage = &graph->storages[id];
    if (is_constant(graph, id)) {
      storage->data = (void *)graph->module->linked_parameter((uint16_t)id);
    } else {
      const uint32_t bytes = storage->bytes > 0 ? storage->bytes : 1;  // malloc may have no block of 0 bytes
      storage->data = take_memory(bytes);
      if (storage->data == NULL) {
        say_no_memory(bytes);
        say(FLASH_TEXT("storage "));
        say_number(id);
        return false;
      }
      graph->storage_bytes += (size_t)bytes;
    }
    ++graph->storages_ready;
  }
  return true;
}

static void connect(GraphExecutor *graph) {
  GraphArrays *arrays = &graph->arrays;
  for (uint32_t i = 0; i < arrays->count.entries; ++i) {
    arrays->entries[i].data = graph->storages[arrays->entries[i].storage].data;
  }
  for (uint32_t i = 0; i < arrays->count.inputs; ++i) {
    if (!is_constant(graph, arrays->inputs[i]->storage)) arrays->inputs[graph->input_count++] = arrays->inputs[i];
  }
}

GraphExecutor *graph_executor_create(const GraphModule *module) {
  GraphLoader loader;
  if (!graph_load(&loader, module, NULL)) {
    say_what_loader_met(&loader);
    return NULL;
  }
  const GraphCounts count = loader.seen;
  GraphExecutor *graph = make(module, &count);
  if (graph == NULL) return NULL;
  const bool loaded = graph_load(&loader, module, &graph->arrays) || say_what_loader_met(&loader);
  if (!loaded || !measure_storages(graph) || !take_storages(graph)) {
    graph_executor_destroy(graph);
    return NULL;
  }
  connect(graph);
  return graph;
}

void graph_executor_destroy(GraphExecutor *graph) {
  if (graph == NULL) return;
  for (uint32_t id = 0; id < graph->storages_ready; ++id) {
    if (!is_constant(graph, id)) free(graph->storages[id].data);
  }
  free(graph);
}

bool graph_executor_set_input(GraphExecutor *graph, size_t index, const void *data, size_t bytes) {
  GraphTensor *input = graph_executor_get_input(graph, index);
  if (input == NULL || graph_tensor_bytes(input) != bytes) {
    error_text[0] = '\0';
    say(FLASH_TEXT("there is no such input of this size"));
    return false;
  }
  memcpy(input->data, data, bytes);
  return true;
}

bool graph_executor_run(GraphExecutor *graph) {
  for (uint32_t i = 0; i < graph->arrays.count.steps; ++i) {
    const GraphStep *step = &graph->arrays.steps[i];
    if (!step->function(step->arguments, step->count)) {
      error_text[0] = '\0';
      say(FLASH_TEXT("step "));
      say_number(i);
      say(FLASH_TEXT(": the operator was not compiled for these tensors"));
      return false;
    }
  }
  return true;
}

size_t graph_executor_input_count(const GraphExecutor *graph) { return graph->input_count; }

GraphTensor *graph_executor_get_input(const GraphExecutor *graph, size_t index) {
  return index < graph->input_count ? graph->arrays.inputs[index] : NULL;
}

size_t graph_executor_output_count(const GraphExecutor *graph) { return graph->arrays.count.outputs; }

const GraphTensor *graph_executor_get_output(const GraphExecutor *graph, size_t index) {
  return index < graph->arrays.count.outputs ? graph->arrays.outputs[index] : NULL;
}

size_t graph_executor_storage_bytes(const GraphExecutor *graph) { return graph->storage_bytes; }

const char *graph_executor_error(void) { return error_text; }

size_t graph_tensor_bytes(const GraphTensor *tensor) {
  size_t bytes = GRAPH_TYPE_BYTES(tensor->type);
  for (uint8_t i = 0; i < tensor->dimensions; ++i) bytes *= (size_t)tensor->shape[i];
  return bytes;
}

bool graph_arguments_match(GraphTensor *const *arguments, size_t count, const uint8_t *types, size_t wanted) {
  if (count != wanted) return false;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t dimensions = (uint8_t)FLASH_BYTE(&types[2 * i + 1]);
    if (arguments[i]->type != (uint8_t)FLASH_BYTE(&types[2 * i])) return false;
    if (dimensions != GRAPH_ANY && arguments[i]->dimensions != dimensions) return false;
  }
  return true;
}
