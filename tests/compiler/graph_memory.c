// malloc and free as the executor gets them in tests: counted, and refused at a chosen call. The sources under test
// are compiled with -Dmalloc=counted_malloc -Dfree=counted_free, and this one is not.
#include <stdlib.h>

size_t memory_calls, memory_refused_call, memory_blocks, memory_bytes;

void *counted_malloc(size_t bytes) {
  if (++memory_calls == memory_refused_call || bytes > (1u << 20)) return NULL;
  ++memory_blocks;
  memory_bytes += bytes;
  return malloc(bytes);
}

void counted_free(void *block) {
  if (block == NULL) return;
  --memory_blocks;
  free(block);
}
