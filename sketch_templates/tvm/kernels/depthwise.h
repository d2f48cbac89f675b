// Depthwise sums of a pixel under a filter of any size, four channels at a time, into a tile of gemm.h.
//
// For each four channels there are numbers one after the other: four doubled biases; for each two taps of the filter four
// words of doubled int16 weights, one a channel; for a last odd tap the words {0, 2} and {1, 3}; then multiplier, addend
// and shift of each channel.

// One pixel under a filter of any size; ``taps`` are places from ``x`` on.
KERNEL_INLINE void depthwise_pixel(const int8_t *x, const int32_t *taps, int32_t count, int32_t depth,
                                   const int32_t *numbers, int32_t *slot, int32_t step, enum requantization how) {
  for (int32_t channel = 0; channel < depth; channel += 4, slot += 2 * step) {
    int32_t sums[4];
    for (int32_t i = 0; i < 4; ++i) sums[i] = CONST_INT32(numbers, i);
    numbers += 4;
    int32_t tap = 0;
    for (; tap + 2 <= count; tap += 2, numbers += 4) {
      const int32_t a = load_word(x + taps[tap] + channel), b = load_word(x + taps[tap + 1] + channel);
      const int32_t low = low_halves(a, b), high = high_halves(a, b);
      sums[0] = multiply_halves_add(even_bytes(low), CONST_INT32(numbers, 0), sums[0]);
      sums[1] = multiply_halves_add(odd_bytes(low), CONST_INT32(numbers, 1), sums[1]);
      sums[2] = multiply_halves_add(even_bytes(high), CONST_INT32(numbers, 2), sums[2]);
      sums[3] = multiply_halves_add(odd_bytes(high), CONST_INT32(numbers, 3), sums[3]);
    }
    if (tap < count) {
      const int32_t a = load_word(x + taps[tap] + channel), even = even_bytes(a), odd = odd_bytes(a);
      const int32_t first = CONST_INT32(numbers, 0), second = CONST_INT32(numbers, 1);
      sums[0] = multiply_halves_add(low_halves(even, 0), first, sums[0]);
      sums[2] = multiply_halves_add(high_halves(0, even), first, sums[2]);
      sums[1] = multiply_halves_add(low_halves(odd, 0), second, sums[1]);
      sums[3] = multiply_halves_add(high_halves(0, odd), second, sums[3]);
      numbers += 2;
    }
    for (int32_t i = 0; i < 4; ++i, numbers += 3) {
      sums[i] = requantized(sums[i], CONST_INT32(numbers, 0), CONST_INT32(numbers, 1), CONST_INT32(numbers, 2), how);
    }
    slot[0] = doubled_halves(low_halves(sums[0], sums[2]));
    slot[step] = doubled_halves(low_halves(sums[1], sums[3]));
  }
}

// depthwise_<how>(shape, taps, x, numbers, slot, width of the tile, pixels): ``pixels`` of one row of the output, the
// first one under the filter at ``x``.
#define DEPTHWISE(how) \
  KERNEL_FUNCTION void depthwise_##how(const struct kernel_shape *s, const int32_t *taps, const int8_t *x, \
                                       const int32_t *numbers, int32_t *slot, int32_t width, int32_t pixels) { \
    for (; pixels > 0; --pixels, x += s->stride_x * s->padded_depth, ++slot) { \
      depthwise_pixel(x, taps, s->taps, s->padded_depth, numbers, slot, width, REQUANTIZE_##how); \
    } \
  }
DEPTHWISE(fast) DEPTHWISE(signed) DEPTHWISE(general)
