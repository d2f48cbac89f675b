// Pooling, four channels at a time. Elements outside of the image do not count.

struct pool_window {
  const int8_t *first;
  int32_t rows, columns;
};

// The part of the image that lies under the window of a pixel of the output.
KERNEL_INLINE struct pool_window window_at(const struct kernel_shape *s, const int8_t *x, int32_t row, int32_t column) {
  const int32_t top = row * s->stride_y - s->top, left = column * s->stride_x - s->left;
  const int32_t first_row = top < 0 ? 0 : top, first_column = left < 0 ? 0 : left;
  const struct pool_window found = {
      x + (first_row * s->width + first_column) * s->depth,
      smaller(s->height, top + s->kernel_height) - first_row,
      smaller(s->width, left + s->kernel_width) - first_column,
  };
  return found;
}

// The mean, rounded half away from zero.
KERNEL_INLINE int32_t mean_of(int32_t sum, int32_t count, int32_t low, int32_t high) {
  const int32_t mean = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
  return mean < low ? low : mean > high ? high : mean;
}

// Sums of ``count`` bytes, at most four, in each of a window's pixels: the bytes 0 and 2, and 1 and 3, as halves.
KERNEL_INLINE void add_window(const struct kernel_shape *s, struct pool_window window, int32_t count, int32_t sums[2]) {
  sums[0] = sums[1] = 0;
  for (; window.rows > 0; --window.rows, window.first += s->width * s->depth) {
    const int8_t *from = window.first;
    for (int32_t left = window.columns; left > 0; --left, from += s->depth) {
      const int32_t word = count >= 4 ? load_word(from) : load_bytes(from, count);
      sums[0] = add_even_bytes(sums[0], word);
      sums[1] = add_odd_bytes(sums[1], word);
    }
  }
}

KERNEL_INLINE int32_t greatest_in(const struct kernel_shape *s, struct pool_window window, int32_t count) {
  int32_t greatest = four_times(-128);
  for (; window.rows > 0; --window.rows, window.first += s->width * s->depth) {
    const int8_t *from = window.first;
    for (int32_t left = window.columns; left > 0; --left, from += s->depth) {
      greatest = greater_bytes(greatest, count >= 4 ? load_word(from) : load_bytes(from, count));
    }
  }
  return greatest;
}

#define KERNEL_POOL(name, of_four) \
  KERNEL_FUNCTION void kernel_##name##_pool(const int8_t *x, const int32_t *shape, int8_t *y) { \
    const struct kernel_shape s = kernel_shape_of(shape); \
    for (int32_t batch = 0; batch < s.batches; ++batch, x += s.height * s.width * s.depth) { \
      for (int32_t row = 0; row < s.rows; ++row) { \
        for (int32_t column = 0; column < s.columns; ++column, y += s.channels) { \
          struct pool_window window = window_at(&s, x, row, column); \
          for (int32_t channel = 0; channel < s.channels; channel += 4, window.first += 4) { \
            of_four(&s, window, smaller(4, s.channels - channel), y + channel); \
          } \
        } \
      } \
    } \
  }

KERNEL_INLINE void mean_of_four(const struct kernel_shape *s, struct pool_window window, int32_t count, int8_t *y) {
  int32_t sums[2];
  add_window(s, window, count, sums);
  for (int32_t i = 0; i < count; ++i) {
    const int32_t sum = (int16_t)(uint16_t)((uint32_t)sums[i & 1] >> (16 * (i >> 1)) & 0xffffu);
    y[i] = (int8_t)mean_of(sum, window.rows * window.columns, s->low, s->high);
  }
}

KERNEL_INLINE void greatest_of_four(const struct kernel_shape *s, struct pool_window window, int32_t count, int8_t *y) {
  const int32_t word = clamped_bytes(greatest_in(s, window, count), four_times(s->low), four_times(s->high));
  for (int32_t i = 0; i < count; ++i) y[i] = (int8_t)(uint8_t)((uint32_t)word >> (8 * i));
}

KERNEL_POOL(average, mean_of_four)
KERNEL_POOL(max, greatest_of_four)
