// Gives the executor every prefix of a graph's text, the text with every character replaced, and a malloc that fails
// at each of its calls. Each time there is an executor, or an error and nothing left allocated.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operators.h"

extern size_t memory_calls, memory_refused_call, memory_blocks;

static unsigned long tried, refused;

static void require(int holds, const char *what, size_t at) {
  if (holds) return;
  printf("%s, at %lu: %s\n", what, (unsigned long)at, graph_executor_error());
  exit(1);
}

static int attempt(const char *json, size_t bytes, size_t at) {
  GraphModule module = graph_module;
  module.json = json;
  module.json_bytes = bytes;
  GraphExecutor *graph = graph_executor_create(&module);
  ++tried;
  refused += graph == NULL;
  require(graph != NULL || graph_executor_error()[0] != '\0', "no error", at);
  const int made = graph != NULL;
  graph_executor_destroy(graph);
  require(memory_blocks == 0, "a leak", at);
  return made;
}

int main(void) {
  const size_t bytes = graph_module.json_bytes;
  require(attempt(graph_module.json, bytes, 0), "the graph itself is refused", 0);
  const size_t calls = memory_calls;
  for (size_t n = 1; n <= calls; ++n) {
    memory_calls = 0;
    memory_refused_call = n;
    require(!attempt(graph_module.json, bytes, n), "memory is had that was refused", n);
    require(strncmp(graph_executor_error(), "out of memory: ", 15) == 0, "another error", n);
  }
  memory_refused_call = 0;
  for (size_t n = 0; n < bytes; ++n) {
    char *prefix = malloc(n + 1);  // a block of its own, so that reading past its end is seen
    memcpy(prefix, graph_module.json, n);
    prefix = realloc(prefix, n > 0 ? n : 1);
    require(!attempt(prefix, n, n), "a part is taken for the whole", n);
    free(prefix);
  }
  char *text = malloc(bytes);
  memcpy(text, graph_module.json, bytes);
  static const char others[] = "\"{}[],:\\09a- ";
  for (size_t n = 0; n < bytes; ++n) {
    for (size_t i = 0; i < sizeof others; ++i) {  // the NUL at the end as well
      text[n] = others[i];
      attempt(text, bytes, n);
    }
    text[n] = graph_module.json[n];
  }
  free(text);
  printf("%lu texts, %lu refused\n", tried, refused);
  return 0;
}
