// The network that operators.c holds.
#ifndef OPERATORS_H
#define OPERATORS_H

#include "graph_executor.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const GraphModule graph_module;

#ifdef __cplusplus
}
#endif

#endif
