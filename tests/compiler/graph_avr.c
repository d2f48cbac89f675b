// Runs the network once and prints its first output, then what the executor says of half of the graph.
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdio.h>

#include "operators.h"

static int8_t input[] = {INPUT};

static int put(char character, FILE *file) {
  (void)file;
  while (!(UCSR0A & (1 << UDRE0))) {
  }
  UDR0 = (uint8_t)character;
  return 0;
}

static FILE out = FDEV_SETUP_STREAM(put, NULL, _FDEV_SETUP_WRITE);

int main(void) {
  UBRR0L = 8;
  UCSR0B = 1 << TXEN0;
  GraphExecutor *graph = graph_executor_create(&graph_module);
  if (graph != NULL && graph_executor_set_input(graph, 0, input, sizeof input) && graph_executor_run(graph)) {
    const GraphTensor *output = graph_executor_get_output(graph, 0);
    for (size_t i = 0; i < graph_tensor_bytes(output); ++i) fprintf(&out, "%d ", ((int8_t *)output->data)[i]);
  }
  graph_executor_destroy(graph);
  GraphModule half = graph_module;
  half.json_bytes /= 2;
  if (graph_executor_create(&half) == NULL) fprintf(&out, "%s", graph_executor_error());
  fprintf(&out, "\n");
  cli();
  sleep_enable();
  sleep_cpu();
  return 0;
}
