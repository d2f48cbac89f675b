// Convolutions row by row: the rows under the filter are copied into a ring, with their padding, so that the
// output may overwrite the input, and pixels need no question about edges.

// Copies a row of the input, or none, into its place in the ring.
KERNEL_FUNCTION void keep_row(const struct kernel_shape *s, const int8_t *row, int8_t *kept) {
  const int32_t depth = s->padded_depth, words = depth >> 2;
  const int32_t around = four_times(s->zero_point);
  const int32_t inside = row == NULL ? 0 : smaller(s->width, s->ring_columns - s->left);
  int32_t *to = (int32_t *)(void *)kept;
  if (row == NULL) {
    fill_words(to, around, s->ring_columns * words);
    return;
  }
  fill_words(to, around, s->left * words);
  to += s->left * words;
  if (s->fan_out == 1 && s->depth == depth) {
    copy_words(to, (const int32_t *)(const void *)row, inside * words);
    to += inside * words;
  } else {
    for (int32_t column = 0; column < inside; ++column, row += s->depth, to += words) {
      int8_t *pixel = (int8_t *)to;
      to[words - 1] = 0;
      for (int32_t c = 0; c < s->depth; ++c) {
        for (int32_t copy = 0; copy < s->fan_out; ++copy) *pixel++ = row[c];
      }
    }
  }
  fill_words(to, around, (s->ring_columns - s->left - inside) * words);
}

// Copies the rows that are new under a filter which begins at row ``first``; ``kept`` have been copied before.
KERNEL_INLINE int32_t keep_rows(const struct kernel_shape *s, const int8_t *x, int32_t first, int32_t kept,
                                int8_t *ring) {
  const int32_t row_bytes = s->ring_columns * s->padded_depth, reach = (s->kernel_height - 1) * s->dilation_y + 1;
  for (kept = kept < first ? first : kept; kept < first + reach; ++kept) {
    const int32_t source = kept - s->top;
    const int8_t *line = source >= 0 && source < s->height ? x + source * s->width * s->depth : NULL;
    if (s->plane) keep_planes(s, line, ring + kept % s->ring_rows * s->padded_depth * s->plane);
    else keep_row(s, line, ring + kept % s->ring_rows * row_bytes);
  }
  return kept;
}

// Where the taps of the filter are in the ring, for the row of the output whose filter begins at ``first``; of planes
// where its rows are.
KERNEL_FUNCTION void place_taps(const struct kernel_shape *s, int32_t first, int32_t *taps) {
  const int32_t depth = s->padded_depth;
  if (s->plane) {
    for (int32_t ky = 0; ky < 3; ++ky) taps[ky] = (first + ky * s->dilation_y) % s->ring_rows * depth * s->plane;
    return;
  }
  for (int32_t ky = 0; ky < s->kernel_height; ++ky) {
    const int32_t row = (first + ky * s->dilation_y) % s->ring_rows * s->ring_columns * depth;
    for (int32_t kx = 0; kx < s->kernel_width; ++kx) *taps++ = row + kx * s->dilation_x * depth;
  }
}

// Makes bytes of a tile.
KERNEL_FUNCTION void narrow(const struct kernel_shape *s, const int32_t *tile, int32_t width, int8_t *y) {
  for (int32_t pixel = 0; pixel < width; ++pixel, ++tile) {
    const int32_t *from = tile;
    for (int32_t left = s->channels; left > 0; left -= 4, y += 4, from += 2 * width) {
      const uint32_t even = (uint32_t)from[0] >> 1 & 0x00ff00ffu, odd = (uint32_t)from[width] << 7 & 0xff00ff00u;
      const uint32_t word = even | odd;
      if (left >= 4) {
        const int8_t bytes[4] = {(int8_t)(uint8_t)word, (int8_t)(uint8_t)(word >> 8), (int8_t)(uint8_t)(word >> 16),
                                 (int8_t)(uint8_t)(word >> 24)};
        memcpy(y, bytes, 4);
      } else {
        for (int32_t i = 0; i < left; ++i) y[i] = (int8_t)(uint8_t)(word >> (8 * i));
      }
    }
    y -= (4 - s->channels % 4) % 4;
  }
}

typedef void (*depthwise_function)(const struct kernel_shape *, const int32_t *, const int8_t *, const int32_t *,
                                   int32_t *, int32_t, int32_t);

// ``gemm`` is NULL where the depthwise convolution is alone.
KERNEL_INLINE void convolve_rows(const int8_t *x, const int32_t *shape, const int32_t *numbers, const int32_t *weights,
                                 const int32_t *parameters, int8_t *y, int32_t *scratch, depthwise_function depthwise,
                                 gemm_function gemm) {
  const struct kernel_shape s = kernel_shape_of(shape);
  int32_t *taps = scratch + s.steps * s.tile;
  int8_t *ring = (int8_t *)(taps + s.taps);
  const int32_t pixel_bytes = s.plane ? 1 : s.padded_depth;
  if (s.plane) fill_words(taps + s.taps, four_times(s.zero_point), s.ring_rows * s.padded_depth * s.plane >> 2);
  for (int32_t batch = 0; batch < s.batches; ++batch, x += s.height * s.width * s.depth) {
    int32_t left = s.rows * s.columns, kept = 0, filled = 0, width = smaller(s.tile, left);
    for (int32_t row = 0; row < s.rows; ++row) {
      const int32_t first = row * s.stride_y;
      kept = keep_rows(&s, x, first, kept, ring);
      place_taps(&s, first, taps);
      for (int32_t column = 0; column < s.columns;) {
        const int32_t pixels = smaller(s.columns - column, width - filled);
        depthwise(&s, taps, ring + column * s.stride_x * pixel_bytes, numbers, scratch + filled, width, pixels);
        column += pixels;
        filled += pixels;
        if (filled < width) continue;
        if (s.middle_low != -128 || s.middle_high != 127) {
          const int32_t low = low_halves(2 * s.middle_low, 2 * s.middle_low);
          const int32_t high = low_halves(2 * s.middle_high, 2 * s.middle_high);
          for (int32_t i = 0; i < s.steps * width; ++i) scratch[i] = clamped_halves(scratch[i], low, high);
        }
        if (gemm != NULL) {
          gemm(width, scratch, weights, parameters, s.steps, s.channels, y);
          clamp_bytes(y, width * s.channels, s.low, s.high);
        } else {
          narrow(&s, scratch, width, y);
        }
        y += width * s.channels;
        left -= width;
        width = smaller(s.tile, left);
        filled = 0;
      }
    }
  }
}

// A convolution of any filter on kept rows, for inputs whose pixels are whole words.
KERNEL_INLINE void convolve_kept(const int8_t *x, const int32_t *shape, const int32_t *weights,
                                 const int32_t *parameters, int8_t *y, int32_t *scratch, gemm_function gemm) {
  const struct kernel_shape s = kernel_shape_of(shape);
  const int32_t row_bytes = s.ring_columns * s.depth, lines = s.dilation_x == 1 ? 1 : s.kernel_width;
  const int32_t words = (s.kernel_width / lines * s.depth) >> 2;
  int8_t *ring = (int8_t *)(scratch + s.steps * s.tile);
  for (int32_t batch = 0; batch < s.batches; ++batch, x += s.height * s.width * s.depth) {
    int32_t left = s.rows * s.columns, kept = 0, filled = 0, width = smaller(s.tile, left);
    for (int32_t row = 0; row < s.rows; ++row) {
      const int32_t first = row * s.stride_y;
      kept = keep_rows(&s, x, first, kept, ring);
      const int8_t *from = ring;
      for (int32_t column = 0; column < s.columns; ++column, from += s.stride_x * s.depth) {
        int32_t *to = scratch + filled;
        for (int32_t ky = 0; ky < s.kernel_height; ++ky) {
          const int8_t *line = from + (first + ky * s.dilation_y) % s.ring_rows * row_bytes;
          to = spread_lines(line, s.dilation_x * s.depth, lines, words, to, width);
        }
        if (++filled < width) continue;
        gemm(width, scratch, weights, parameters, s.steps, s.channels, y);
        clamp_bytes(y, width * s.channels, s.low, s.high);
        y += width * s.channels;
        left -= width;
        width = smaller(s.tile, left);
        filled = 0;
      }
    }
  }
}
