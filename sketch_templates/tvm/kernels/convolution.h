// Convolutions as products of tiles: the elements under the filter are laid side by side, for a few pixels at a time.

// Puts ``count`` bytes into a pixel's place in a tile, as doubled int16, the last word filled up with whatever follows
// before ``end`` or with zeros: its weights are 0.
KERNEL_INLINE int32_t *spread(const int8_t *from, int32_t count, const int8_t *end, int32_t *to, int32_t width) {
  for (; count > 0; count -= 4, from += 4, to += 2 * width) {
    const int32_t word = count >= 4 || end - from >= 4 ? load_word(from) : load_bytes(from, count);
    to[0] = doubled_halves(even_bytes(word));
    to[width] = doubled_halves(odd_bytes(word));
  }
  return to;
}

// One stretch of ``columns`` neighbouring pixels from ``column`` on, of which some may lie outside of the row.
KERNEL_INLINE int32_t *spread_stretch(const struct kernel_shape *s, const int8_t *row, const int8_t *end, int32_t column,
                                      int32_t columns, int8_t *edge, int32_t *to, int32_t width) {
  const int32_t depth = s->depth, count = columns * depth;
  if (row != NULL && column >= 0 && column + columns <= s->width) {
    return spread(row + column * depth, count, end, to, width);
  }
  fill_words((int32_t *)(void *)edge, four_times(s->zero_point), (count + 3) >> 2);
  if (row != NULL) {
    const int32_t first = column < 0 ? -column : 0, last = smaller(columns, s->width - column);
    for (int32_t i = first * depth; i < last * depth; ++i) edge[i] = row[column * depth + i];
  }
  return spread(edge, count, edge + ((count + 3) & ~3), to, width);
}

KERNEL_FUNCTION void spread_patch(const struct kernel_shape *s, const int8_t *x, const int8_t *end, int32_t row,
                                  int32_t column, int8_t *edge, int32_t *to, int32_t width) {
  for (int32_t ky = 0; ky < s->kernel_height; ++ky, row += s->dilation_y) {
    const int8_t *line = row >= 0 && row < s->height ? x + row * s->width * s->depth : NULL;
    if (s->dilation_x == 1) {
      to = spread_stretch(s, line, end, column, s->kernel_width, edge, to, width);
      continue;
    }
    for (int32_t kx = 0; kx < s->kernel_width; ++kx) {
      to = spread_stretch(s, line, end, column + kx * s->dilation_x, 1, edge, to, width);
    }
  }
}

typedef void (*gemm_function)(int32_t, const int32_t *, const int32_t *, const int32_t *, int32_t, int32_t, int8_t *);

KERNEL_INLINE void convolve(const int8_t *x, const int32_t *shape, const int32_t *weights, const int32_t *parameters,
                            int8_t *y, int32_t *scratch, gemm_function gemm) {
  const struct kernel_shape s = kernel_shape_of(shape);
  const int32_t size = s.height * s.width * s.depth;
  const int8_t *end = x + s.batches * size;
  int8_t *edge = (int8_t *)(scratch + s.steps * s.tile);
  for (int32_t batch = 0; batch < s.batches; ++batch, x += size) {
    int32_t row = -s.top, column = -s.left, left_in_row = s.columns;
    for (int32_t left = s.rows * s.columns; left > 0;) {
      const int32_t width = smaller(s.tile, left);
      for (int32_t pixel = 0; pixel < width; ++pixel) {
        spread_patch(&s, x, end, row, column, edge, scratch + pixel, width);
        column += s.stride_x;
        if (--left_in_row == 0) {
          left_in_row = s.columns;
          column = -s.left;
          row += s.stride_y;
        }
      }
      gemm(width, scratch, weights, parameters, s.steps, s.channels, y);
      clamp_bytes(y, width * s.channels, s.low, s.high);
      y += width * s.channels;
      left -= width;
    }
  }
}
