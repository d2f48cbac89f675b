#include "graph_loader.h"

#include "graph_flash.h"

#define MOST_ENTRIES UINT16_MAX

typedef struct {
  char name[8];
  uint8_t type;
} TypeName;

static FLASH_DATA TypeName type_names[] = {
    {"int8", GRAPH_TYPE(0, 1)},   {"uint8", GRAPH_TYPE(1, 1)},  {"int16", GRAPH_TYPE(0, 2)},
    {"uint16", GRAPH_TYPE(1, 2)}, {"int32", GRAPH_TYPE(0, 4)},  {"uint32", GRAPH_TYPE(1, 4)},
    {"int64", GRAPH_TYPE(0, 8)},  {"uint64", GRAPH_TYPE(1, 8)}, {"float32", GRAPH_TYPE(2, 4)},
    {"bool", GRAPH_TYPE(6, 1)},
};

// A node while it is read.
typedef struct {
  JsonText kind;
  JsonText function;
  uint32_t inputs;
  uint32_t inputs_declared;
  uint32_t outputs;
} Node;

static bool fail(GraphLoader *loader, const char *error) { return json_fail(&loader->reader, error); }

// Returns the entry of a node's output; after an error, and in the first reading, 0. Nodes can only refer to nodes
// before them, so that the first reading can tell whether the node is there, and the second one knows its entries.
static uint32_t find_entry(GraphLoader *loader, uint32_t node, uint32_t output) {
  const GraphArrays *arrays = loader->arrays;
  if (loader->reader.error != NULL) return 0;
  if (node >= loader->seen.nodes) {
    fail(loader, FLASH_TEXT("there is no such node yet"));
  } else if (arrays != NULL) {
    const uint32_t entry = arrays->rows[node] + output;
    if (output < arrays->rows[node + 1] && entry < arrays->rows[node + 1]) return entry;
    fail(loader, FLASH_TEXT("the node has no such output"));
  }
  return 0;
}

// [node, output, version], the last of which means nothing here. Returns the entry as find_entry() does.
static uint32_t read_reference(GraphLoader *loader) {
  JsonReader *reader = &loader->reader;
  bool first = true;
  uint32_t node = 0;
  uint32_t output = 0;
  if (!json_enter(reader, '[') || !json_more(reader, &first, ']') || !json_number(reader, &node) ||
      !json_more(reader, &first, ']') || !json_number(reader, &output)) {
    fail(loader, FLASH_TEXT("a node and its output are missing"));
  }
  while (json_more(reader, &first, ']')) json_skip(reader);
  return find_entry(loader, node, output);
}

static void read_node_inputs(GraphLoader *loader, Node *node) {
  const GraphArrays *arrays = loader->arrays;
  bool first = true;
  json_enter(&loader->reader, '[');
  while (json_more(&loader->reader, &first, ']')) {
    const uint32_t entry = read_reference(loader);
    if (arrays != NULL) arrays->arguments[loader->seen.arguments] = &arrays->entries[entry];
    ++loader->seen.arguments;
    ++node->inputs;
  }
}

static void read_node_attributes(GraphLoader *loader, Node *node) {
  JsonReader *reader = &loader->reader;
  bool first = true;
  JsonText key;
  json_enter(reader, '{');
  while (json_more(reader, &first, '}') && json_key(reader, &key)) {
    if (json_is(reader, key, FLASH_TEXT("func_name"))) {
      json_text(reader, &node->function);
    } else if (json_is(reader, key, FLASH_TEXT("num_inputs"))) {
      json_number(reader, &node->inputs_declared);
    } else if (json_is(reader, key, FLASH_TEXT("num_outputs"))) {
      json_number(reader, &node->outputs);
    } else {
      json_skip(reader);
    }
  }
}

static GraphFunction find_function(GraphLoader *loader, JsonText name) {
  for (size_t i = 0; i < loader->module->operator_count; ++i) {
    GraphOperator found;
    FLASH_COPY(&found, &loader->module->operators[i], sizeof found);
    if (json_is(&loader->reader, name, found.name)) return found.function;
  }
  loader->unknown = name;
  fail(loader, FLASH_TEXT("there is no operator "));
  return NULL;
}

// Makes the step that an operator's node is. Its inputs have been read last, and its outputs follow them.
static void add_step(GraphLoader *loader, const Node *node) {
  const GraphArrays *arrays = loader->arrays;
  if (arrays != NULL) {
    GraphStep *step = &arrays->steps[loader->seen.steps];
    step->function = find_function(loader, node->function);
    step->arguments = &arrays->arguments[loader->seen.arguments - node->inputs];
    step->count = (uint16_t)(node->inputs + node->outputs);
    for (uint32_t i = 0; i < node->outputs; ++i) {
      GraphTensor *output = &arrays->entries[loader->seen.entries + i];
      output->data = output;  // not known yet; but it will be written, so that it cannot be a constant
      step->arguments[node->inputs + i] = output;
    }
  }
  loader->seen.arguments += node->outputs;
  ++loader->seen.steps;
}

static bool check_node(GraphLoader *loader, const Node *node) {
  if (loader->reader.error != NULL) return false;
  if (node->inputs != node->inputs_declared || node->inputs > MOST_ENTRIES) {
    return fail(loader, FLASH_TEXT("num_inputs does not fit the inputs"));
  }
  if (node->outputs > MOST_ENTRIES - loader->seen.entries || node->inputs + node->outputs > MOST_ENTRIES) {
    return fail(loader, FLASH_TEXT("too many tensors"));
  }
  return true;
}

static void read_node(GraphLoader *loader) {
  JsonReader *reader = &loader->reader;
  bool first = true;
  JsonText key;
  Node node = {{0, 0}, {0, 0}, 0, 0, 1};
  json_enter(reader, '{');
  while (json_more(reader, &first, '}') && json_key(reader, &key)) {
    if (json_is(reader, key, FLASH_TEXT("op"))) {
      json_text(reader, &node.kind);
    } else if (json_is(reader, key, FLASH_TEXT("inputs"))) {
      read_node_inputs(loader, &node);
    } else if (json_is(reader, key, FLASH_TEXT("attrs"))) {
      read_node_attributes(loader, &node);
    } else {
      json_skip(reader);
    }
  }
  if (!check_node(loader, &node)) return;
  if (json_is(reader, node.kind, FLASH_TEXT("tvm_op"))) {
    add_step(loader, &node);
  } else if (!json_is(reader, node.kind, FLASH_TEXT("null"))) {
    fail(loader, FLASH_TEXT("a node is neither tvm_op nor null"));
  }
  ++loader->seen.nodes;
  loader->seen.entries += node.outputs;
  if (loader->arrays != NULL) loader->arrays->rows[loader->seen.nodes] = (uint16_t)loader->seen.entries;
}

static void read_input(GraphLoader *loader) {
  const GraphArrays *arrays = loader->arrays;
  uint32_t node = 0;
  json_number(&loader->reader, &node);
  const uint32_t entry = find_entry(loader, node, 0);
  if (arrays != NULL) arrays->inputs[loader->seen.inputs] = &arrays->entries[entry];
  ++loader->seen.inputs;
}

static void read_output(GraphLoader *loader) {
  const GraphArrays *arrays = loader->arrays;
  const uint32_t entry = read_reference(loader);
  if (arrays != NULL) arrays->outputs[loader->seen.outputs] = &arrays->entries[entry];
  ++loader->seen.outputs;
}

static void read_row(GraphLoader *loader) {
  const GraphArrays *arrays = loader->arrays;
  uint32_t row = 0;
  if (!json_number(&loader->reader, &row)) return;
  if (arrays != NULL && (loader->seen.rows > loader->seen.nodes || arrays->rows[loader->seen.rows] != row)) {
    fail(loader, FLASH_TEXT("node_row_ptr does not fit the nodes"));
  }
  ++loader->seen.rows;
}

// Returns the tensor that an element of one of the lists of "attrs" is about, NULL in the first reading.
static GraphTensor *next_tensor(GraphLoader *loader, uint32_t *seen) {
  const uint32_t index = (*seen)++;
  if (loader->arrays == NULL || loader->reader.error != NULL) return NULL;
  if (index < loader->arrays->count.entries) return &loader->arrays->entries[index];
  fail(loader, FLASH_TEXT("there is no such tensor"));
  return NULL;
}

static void read_type(GraphLoader *loader) {
  JsonText name;
  GraphTensor *tensor = next_tensor(loader, &loader->seen.types);
  if (!json_text(&loader->reader, &name)) return;
  for (size_t i = 0; i < sizeof type_names / sizeof type_names[0]; ++i) {
    if (json_is(&loader->reader, name, type_names[i].name)) {
      if (tensor != NULL) tensor->type = (uint8_t)FLASH_BYTE(&type_names[i].type);
      return;
    }
  }
  fail(loader, FLASH_TEXT("unknown element type"));
}

static void read_shape(GraphLoader *loader) {
  bool first = true;
  uint32_t size = 0;
  const uint32_t start = loader->seen.dimensions;
  GraphTensor *tensor = next_tensor(loader, &loader->seen.shapes);
  json_enter(&loader->reader, '[');
  while (json_more(&loader->reader, &first, ']') && json_number(&loader->reader, &size)) {
    if (tensor != NULL) loader->arrays->dimensions[loader->seen.dimensions] = (int32_t)size;
    ++loader->seen.dimensions;
  }
  if (loader->seen.dimensions - start >= GRAPH_ANY) fail(loader, FLASH_TEXT("too many dimensions"));
  if (tensor == NULL) return;
  tensor->shape = &loader->arrays->dimensions[start];
  tensor->dimensions = (uint8_t)(loader->seen.dimensions - start);
}

static void read_storage(GraphLoader *loader) {
  uint32_t id = 0;
  GraphTensor *tensor = next_tensor(loader, &loader->seen.ids);
  if (!json_number(&loader->reader, &id)) return;
  if (id >= MOST_ENTRIES) {
    fail(loader, FLASH_TEXT("a storage id is too large"));
    return;
  }
  if (tensor != NULL) tensor->storage = (uint16_t)id;
  if (id >= loader->seen.storages) loader->seen.storages = id + 1;
}

static void read_list(GraphLoader *loader, void (*read_element)(GraphLoader *loader)) {
  bool first = true;
  json_enter(&loader->reader, '[');
  while (json_more(&loader->reader, &first, ']')) read_element(loader);
}

// ["kind of list", [element, ...]]
static void read_attribute(GraphLoader *loader, void (*read_element)(GraphLoader *loader)) {
  JsonReader *reader = &loader->reader;
  bool first = true;
  JsonText kind;
  json_enter(reader, '[');
  if (json_more(reader, &first, ']')) json_text(reader, &kind);
  if (json_more(reader, &first, ']')) read_list(loader, read_element);
  if (json_more(reader, &first, ']')) fail(loader, FLASH_TEXT("an attribute is longer than kind and list"));
}

static void read_attributes(GraphLoader *loader) {
  JsonReader *reader = &loader->reader;
  bool first = true;
  JsonText key;
  json_enter(reader, '{');
  while (json_more(reader, &first, '}') && json_key(reader, &key)) {
    if (json_is(reader, key, FLASH_TEXT("dltype"))) {
      read_attribute(loader, read_type);
    } else if (json_is(reader, key, FLASH_TEXT("shape"))) {
      read_attribute(loader, read_shape);
    } else if (json_is(reader, key, FLASH_TEXT("storage_id"))) {
      read_attribute(loader, read_storage);
    } else {
      json_skip(reader);
    }
  }
}

static void read_graph(GraphLoader *loader) {
  JsonReader *reader = &loader->reader;
  bool first = true;
  JsonText key;
  json_enter(reader, '{');
  while (json_more(reader, &first, '}') && json_key(reader, &key)) {
    if (json_is(reader, key, FLASH_TEXT("nodes"))) {
      read_list(loader, read_node);
    } else if (json_is(reader, key, FLASH_TEXT("arg_nodes"))) {
      read_list(loader, read_input);
    } else if (json_is(reader, key, FLASH_TEXT("heads"))) {
      read_list(loader, read_output);
    } else if (json_is(reader, key, FLASH_TEXT("node_row_ptr"))) {
      read_list(loader, read_row);
    } else if (json_is(reader, key, FLASH_TEXT("attrs"))) {
      read_attributes(loader);
    } else {
      json_skip(reader);
    }
  }
}

bool graph_load(GraphLoader *loader, const GraphModule *module, GraphArrays *arrays) {
  *loader = (GraphLoader){{module->json, module->json_bytes, 0, NULL}, module, arrays, {0}, {0, 0}};
  read_graph(loader);
  const GraphCounts *seen = &loader->seen;
  if (loader->reader.error != NULL) return false;
  if (!json_end(&loader->reader)) return fail(loader, FLASH_TEXT("more than one value"));
  if (seen->types != seen->entries || seen->shapes != seen->entries || seen->ids != seen->entries ||
      seen->rows != seen->nodes + 1 || seen->storages > seen->entries) {
    return fail(loader, FLASH_TEXT("the attributes do not fit the nodes"));
  }
  return true;
}
