// What a convolution is told of its sizes: int32 numbers in flash, in this order.
struct kernel_shape {
  int32_t batches, height, width, depth;      // of the input
  int32_t rows, columns, channels;            // of the output
  int32_t kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x;
  int32_t top, left, zero_point;              // what lies around the input
  int32_t low, high;                          // what the output is held to
  int32_t tile, steps;                        // most pixels of a tile; its words a pixel
  int32_t taps, numbers;                      // depthwise: taps of the filter, numbers of all channels
  int32_t ring_rows, ring_columns, padded_depth;  // depthwise: the rows of the input that are kept
  int32_t fan_out;                            // depthwise: outputs of a channel
  int32_t plane;                              // bytes of a row of a channel, 0 where pixels are kept; see planes.h
  int32_t middle_low, middle_high;            // depthwise with a pointwise convolution: what lies between them
};

KERNEL_INLINE struct kernel_shape kernel_shape_of(const int32_t *numbers) {
  int32_t words[sizeof(struct kernel_shape) / sizeof(int32_t)];
  struct kernel_shape shape;
  for (size_t i = 0; i < sizeof words / sizeof *words; ++i) words[i] = CONST_INT32(numbers, i);
  memcpy(&shape, words, sizeof shape);
  return shape;
}

// Four words at a time: a loop that a compiler knows would become a call of memcpy, which copies bytes in small libraries.
KERNEL_FUNCTION void copy_words(int32_t *to, const int32_t *from, int32_t count) {
#if KERNEL_DSP
  for (; count >= 4; count -= 4) {
    __asm volatile("ldmia %1!, {r4, r5, r6, r12}\n\tstmia %0!, {r4, r5, r6, r12}"
                   : "+r"(to), "+r"(from) : : "r4", "r5", "r6", "r12", "memory");
  }
#endif
  for (; count > 0; --count) *to++ = *from++;
}

KERNEL_FUNCTION void fill_words(int32_t *to, int32_t word, int32_t count) {
#if KERNEL_DSP
  for (; count >= 4; count -= 4) {
    __asm volatile("strd %1, %1, [%0], #8\n\tstrd %1, %1, [%0], #8" : "+r"(to) : "r"(word) : "memory");
  }
#endif
  for (; count > 0; --count) *to++ = word;
}

KERNEL_INLINE int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

KERNEL_INLINE int32_t four_times(int32_t byte) { return (int32_t)((uint32_t)(uint8_t)byte * 0x01010101u); }
