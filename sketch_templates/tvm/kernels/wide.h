// Layers of int16 with weights of int8, whose sums an int32 holds: convolutions, dense layers, depthwise convolutions.
//
// Weights are [pair of channels][step], a word {a0, b0, a1, b1} for two inputs that follow each other; depthwise they are
// [pair of channels][tap], a word {a, b} of int16. For each pair there are 4 numbers: two biases, then two multipliers, in
// 2^-32. The zero point is 0.
#define WIDE_PARAMETERS 4

KERNEL_INLINE int32_t load_pair(const int16_t *from) { return load_word((const int8_t *)from); }

KERNEL_INLINE int16_t wide_output(int32_t sum, int32_t multiplier, const struct kernel_shape *s) {
  const int32_t value = multiply_high_add(sum, multiplier, 0);
  return (int16_t)(value < s->low ? s->low : value > s->high ? s->high : value);
}

// Adds the products of two pixels, whose inputs lie side by side and at ``other``, to two sums each. A function of its own:
// within the next one compilers run out of registers.
KERNEL_FUNCTION void wide_sums(const int16_t *x, const int16_t *other, const int32_t *w, int32_t steps, int32_t *sums) {
  int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
  for (const int32_t *end = w + steps; w != end; ++w, x += 2, other += 2) {
    const int32_t both = CONST_INT32(w, 0), pair = load_pair(x), second = load_pair(other);
    const int32_t even = even_bytes(both), odd = odd_bytes(both);
    a = multiply_halves_add(pair, even, a);
    b = multiply_halves_add(pair, odd, b);
    c = multiply_halves_add(second, even, c);
    d = multiply_halves_add(second, odd, d);
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

// All channels of two pixels, whose inputs lie ``next`` apart.
KERNEL_FUNCTION void wide_two(const int16_t *x, int32_t next, const int32_t *w, const int32_t *p,
                              const struct kernel_shape *s, int16_t *y) {
  int16_t *z = y + s->channels;
  for (int32_t channel = 0; channel < s->channels; channel += 2, p += WIDE_PARAMETERS, w += s->steps) {
    const int32_t bias = CONST_INT32(p, 0), second = CONST_INT32(p, 1), multiplier = CONST_INT32(p, 2);
    int32_t sums[4] = {bias, second, bias, second};
    wide_sums(x, x + next, w, s->steps, sums);
    y[channel] = wide_output(sums[0], multiplier, s);
    z[channel] = wide_output(sums[2], multiplier, s);
    if (channel + 1 < s->channels) {
      y[channel + 1] = wide_output(sums[1], CONST_INT32(p, 3), s);
      z[channel + 1] = wide_output(sums[3], CONST_INT32(p, 3), s);
    }
  }
}

// All channels of one pixel.
KERNEL_FUNCTION void wide_one(const int16_t *x, const int32_t *w, const int32_t *p, const struct kernel_shape *s,
                              int16_t *y) {
  for (int32_t channel = 0; channel < s->channels; channel += 2, p += WIDE_PARAMETERS) {
    int32_t a = CONST_INT32(p, 0), b = CONST_INT32(p, 1);
    const int16_t *from = x;
    for (const int32_t *end = w + s->steps; w != end; ++w, from += 2) {
      const int32_t both = CONST_INT32(w, 0), pair = load_pair(from);
      a = multiply_halves_add(pair, even_bytes(both), a);
      b = multiply_halves_add(pair, odd_bytes(both), b);
    }
    y[channel] = wide_output(a, CONST_INT32(p, 2), s);
    if (channel + 1 < s->channels) y[channel + 1] = wide_output(b, CONST_INT32(p, 3), s);
  }
}

KERNEL_INLINE int32_t held(int32_t value, int32_t low, int32_t high) {
  return value < low ? low : value > high ? high : value;
}

#if defined(__GNUC__)
#define WIDE_NO_CALL __asm volatile("" : : : "memory")  // memset and memcpy go by bytes in small libraries
#else
#define WIDE_NO_CALL (void)0
#endif

KERNEL_INLINE int16_t *put_zeros(int16_t *to, int32_t count) {
  for (; count > 0; --count) {
    *to++ = 0;
    WIDE_NO_CALL;
  }
  return to;
}

KERNEL_INLINE int16_t *copy_halves(int16_t *to, const int16_t *from, int32_t count) {
  for (; count > 1; count -= 2, to += 2, from += 2) {
    const int32_t pair = load_pair(from);
    memcpy(to, &pair, sizeof pair);
    WIDE_NO_CALL;
  }
  if (count > 0) *to++ = *from;
  return to;
}

// What lies under the filter at a pixel, side by side; what lies beside the image is 0. The weight of a last element that
// makes a whole word is 0.
KERNEL_FUNCTION void wide_gather(const int16_t *x, const struct kernel_shape *s, int32_t pixel, int16_t *to) {
  const int32_t row = pixel / s->columns * s->stride_y - s->top, column = pixel % s->columns * s->stride_x - s->left;
  const int32_t stretch = s->dilation_x == 1 ? s->kernel_width : 1;
  for (int32_t ky = 0; ky < s->kernel_height; ++ky) {
    const int32_t line = row + ky * s->dilation_y, inside = line >= 0 && line < s->height;
    for (int32_t kx = 0; kx < s->kernel_width; kx += stretch) {
      const int32_t left = column + kx * s->dilation_x;
      const int32_t first = held(-left, 0, stretch), end = inside ? held(s->width - left, first, stretch) : first;
      to = put_zeros(to, first * s->depth);
      if (end > first) to = copy_halves(to, x + (line * s->width + left + first) * s->depth, (end - first) * s->depth);
      to = put_zeros(to, (stretch - end) * s->depth);
    }
  }
}

// Pixels as they lie in the input: dense layers, and convolutions of single pixels.
KERNEL_FUNCTION void kernel_wide_pointwise(const int16_t *x, const int32_t *shape, const int32_t *w,
                                           const int32_t *parameters, int16_t *y) {
  const struct kernel_shape s = kernel_shape_of(shape);
  int32_t pixels = s.batches * s.rows * s.columns;
  for (; pixels > 1; pixels -= 2, x += 2 * s.depth, y += 2 * s.channels) wide_two(x, s.depth, w, parameters, &s, y);
  if (pixels > 0) wide_one(x, w, parameters, &s, y);
}

KERNEL_FUNCTION void kernel_wide_convolution(const int16_t *x, const int32_t *shape, const int32_t *w,
                                             const int32_t *parameters, int16_t *y, int32_t *scratch) {
  const struct kernel_shape s = kernel_shape_of(shape);
  int16_t *tile = (int16_t *)scratch;
  for (int32_t batch = 0; batch < s.batches; ++batch, x += s.height * s.width * s.depth) {
    const int32_t pixels = s.rows * s.columns;
    for (int32_t pixel = 0; pixel < pixels; pixel += 2, y += 2 * s.channels) {
      wide_gather(x, &s, pixel, tile);
      if (pixel + 1 == pixels) {
        wide_one(tile, w, parameters, &s, y);
        y -= s.channels;
      } else {
        wide_gather(x, &s, pixel + 1, tile + 2 * s.steps);
        wide_two(tile, 2 * s.steps, w, parameters, &s, y);
      }
    }
  }
}

// The taps of a depthwise convolution that lie in the image, and how far apart the elements under them are.
struct wide_window { int32_t rows, columns, across, down, kernel_width; };

// Adds their products with two channels to two sums. A function of its own, as wide_sums is.
KERNEL_FUNCTION void wide_taps(const int16_t *x, const int32_t *w, const struct wide_window *n, int32_t *sums) {
  const int32_t across = n->across, columns = n->columns;
  int32_t a = sums[0], b = sums[1];
  for (int32_t rows = n->rows; rows > 0; --rows, x += n->down, w += n->kernel_width) {
    const int16_t *from = x;
    for (const int32_t *tap = w; tap != w + columns; ++tap, from += across) {
      const int32_t weights = CONST_INT32(tap, 0), inputs = load_pair(from);
      a += (int16_t)(inputs & 0xffff) * (int32_t)(int16_t)(weights & 0xffff);
      b += (inputs >> 16) * (weights >> 16);
    }
  }
  sums[0] = a;
  sums[1] = b;
}

// The same with one channel, which has no neighbour.
KERNEL_INLINE int32_t wide_tap(const int16_t *x, const int32_t *w, const struct wide_window *n, int32_t sum) {
  for (int32_t rows = n->rows; rows > 0; --rows, x += n->down, w += n->kernel_width) {
    for (int32_t i = 0; i < n->columns; ++i) sum += x[i * n->across] * (int32_t)(int16_t)(CONST_INT32(w, i) & 0xffff);
  }
  return sum;
}

// The first tap that lies in the image, and the one after the last.
struct wide_range { int32_t first, end; };
KERNEL_INLINE struct wide_range wide_inside(int32_t origin, int32_t dilation, int32_t size, int32_t length) {
  struct wide_range found;
  found.first = origin < 0 ? held((dilation - 1 - origin) / dilation, 0, size) : 0;
  found.end = held((length - origin + dilation - 1) / dilation, found.first, size);
  return found;
}

KERNEL_FUNCTION void kernel_wide_depthwise(const int16_t *x, const int32_t *shape, const int32_t *w,
                                           const int32_t *parameters, int16_t *y) {
  const struct kernel_shape s = kernel_shape_of(shape);
  for (int32_t batch = 0; batch < s.batches; ++batch, x += s.height * s.width * s.depth) {
    for (int32_t pixel = 0; pixel < s.rows * s.columns; ++pixel, y += s.channels) {
      const int32_t row = pixel / s.columns * s.stride_y - s.top, column = pixel % s.columns * s.stride_x - s.left;
      const struct wide_range ky = wide_inside(row, s.dilation_y, s.kernel_height, s.height);
      const struct wide_range kx = wide_inside(column, s.dilation_x, s.kernel_width, s.width);
      const int32_t place = (row + ky.first * s.dilation_y) * s.width + column + kx.first * s.dilation_x;
      const struct wide_window window = {
          ky.end - ky.first, kx.end - kx.first, s.dilation_x * s.depth, s.dilation_y * s.width * s.depth, s.kernel_width};
      const int32_t *weights = w + ky.first * s.kernel_width + kx.first, *p = parameters;
      const int16_t *from = x + place * s.depth;
      int32_t channel = 0;
      for (; channel + 1 < s.channels; channel += 2, p += WIDE_PARAMETERS, weights += s.taps) {
        int32_t sums[2] = {CONST_INT32(p, 0), CONST_INT32(p, 1)};
        wide_taps(from + channel, weights, &window, sums);
        y[channel] = wide_output(sums[0], CONST_INT32(p, 2), &s);
        y[channel + 1] = wide_output(sums[1], CONST_INT32(p, 3), &s);
      }
      if (channel < s.channels) {
        y[channel] = wide_output(wide_tap(from + channel, weights, &window, CONST_INT32(p, 0)), CONST_INT32(p, 2), &s);
      }
    }
  }
}
