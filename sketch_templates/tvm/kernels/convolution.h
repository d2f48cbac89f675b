// Convolutions as products of tiles: the elements under the filter are laid side by side, for a few pixels at a time.

// Puts ``words`` of each of ``lines`` into a pixel's place in a tile, as doubled int16.
#if KERNEL_DSP
__attribute__((naked, noinline, unused)) static int32_t *spread_lines(
    const int8_t *from, int32_t line_bytes, int32_t lines, int32_t words, int32_t *to, int32_t width) {
  __asm volatile(
      "push {r4-r8, lr}\n ldrd r4, r5, [sp, #24]\n sub r1, r1, r3, lsl #2\n lsl r5, r5, #2\n"
      "1: mov lr, r3\n"
      "2: ldr r6, [r0], #4\n sxtb16 r7, r6\n sxtb16 r8, r6, ror #8\n sadd16 r7, r7, r7\n sadd16 r8, r8, r8\n"
      "str r7, [r4]\n str r8, [r4, r5]\n subs lr, lr, #1\n add r4, r4, r5, lsl #1\n bne 2b\n"
      "subs r2, r2, #1\n add r0, r0, r1\n bne 1b\n mov r0, r4\n pop {r4-r8, pc}\n");
}
#else
KERNEL_FUNCTION int32_t *spread_lines(const int8_t *from, int32_t line_bytes, int32_t lines, int32_t words, int32_t *to,
                                      int32_t width) {
  for (; lines > 0; --lines, from += line_bytes) {
    for (int32_t i = 0; i < words; ++i, to += 2 * width) {
      const int32_t word = load_word(from + 4 * i);
      to[0] = doubled_halves(even_bytes(word));
      to[width] = doubled_halves(odd_bytes(word));
    }
  }
  return to;
}
#endif

// The same where some pixels lie beside the image: of each word a part is kept, and the rest is what lies around.
KERNEL_FUNCTION int32_t *spread_edges(const int8_t *from, int32_t line_bytes, int32_t lines, const int32_t *kept,
                                      const int32_t *around, int32_t words, int32_t *to, int32_t width) {
  for (; lines > 0; --lines, from += line_bytes) {
    for (int32_t i = 0; i < words; ++i, to += 2 * width) {
      const int32_t word = (load_word(from + 4 * i) & kept[i]) | around[i];
      to[0] = doubled_halves(even_bytes(word));
      to[width] = doubled_halves(odd_bytes(word));
    }
  }
  return to;
}

// ``words`` in which all is ``word``.
KERNEL_FUNCTION int32_t *spread_around(int32_t word, int32_t words, int32_t *to, int32_t width) {
  for (; words > 0; --words, to += 2 * width) to[0] = to[width] = doubled_halves(even_bytes(word));
  return to;
}

// The first ``count`` bytes of a word, none or all of them beyond 0 to 4.
KERNEL_INLINE uint32_t low_bytes(int32_t count) {
  return count >= 4 ? 0xffffffffu : count <= 0 ? 0 : (UINT32_C(1) << (8 * count)) - 1;
}

// A stretch of ``columns`` neighbouring pixels from ``column`` on: which bytes of its words lie in the image.
KERNEL_FUNCTION void find_edges(const struct kernel_shape *s, int32_t column, int32_t columns, int32_t *kept,
                                int32_t *around) {
  const int32_t first = column < 0 ? -column * s->depth : 0;
  const int32_t end = smaller(columns, s->width - column) * s->depth, words = (columns * s->depth + 3) >> 2;
  for (int32_t i = 0; i < words; ++i) {
    const uint32_t mask = low_bytes(end - 4 * i) & ~low_bytes(first - 4 * i);
    kept[i] = (int32_t)mask;
    around[i] = (int32_t)((uint32_t)four_times(s->zero_point) & ~mask);
  }
}

// One line of a stretch, byte by byte: where words would reach over the ends of the input.
KERNEL_FUNCTION int32_t *spread_bytes(const struct kernel_shape *s, const int8_t *line, int32_t column, int32_t columns,
                                      int32_t *to, int32_t width) {
  const int32_t count = columns * s->depth, first = column * s->depth, end = s->width * s->depth;
  for (int32_t i = 0; i < count; i += 4, to += 2 * width) {
    int8_t bytes[4] = {0, 0, 0, 0};
    for (int32_t j = 0; j < 4 && i + j < count; ++j) {
      const int32_t place = first + i + j;
      bytes[j] = place >= 0 && place < end ? line[place] : (int8_t)s->zero_point;
    }
    to[0] = doubled_halves(even_bytes(load_word(bytes)));
    to[width] = doubled_halves(odd_bytes(load_word(bytes)));
  }
  return to;
}

// A stretch of ``columns`` pixels from ``column`` on, in ``lines`` of the image from ``row`` on.
KERNEL_FUNCTION int32_t *spread_image(const struct kernel_shape *s, const int8_t *x, int32_t size, int32_t row,
                                      int32_t lines, int32_t column, int32_t columns, int32_t *edges, int32_t *to,
                                      int32_t width) {
  const int32_t line = s->width * s->depth, step = s->dilation_y * line, words = (columns * s->depth + 3) >> 2;
  int32_t begin = row * line + column * s->depth, reaching = 0;
  for (; lines > 0 && begin < 0; --lines, row += s->dilation_y, begin += step) {
    to = spread_bytes(s, x + row * line, column, columns, to, width);
  }
  while (lines > 0 && begin + (lines - 1) * step + 4 * words > size) --lines, ++reaching;
  if (lines > 0 && column >= 0 && column + columns <= s->width) {
    to = spread_lines(x + begin, step, lines, words, to, width);
  } else if (lines > 0) {
    find_edges(s, column, columns, edges, edges + words);
    to = spread_edges(x + begin, step, lines, edges, edges + words, words, to, width);
  }
  for (row += lines * s->dilation_y; reaching > 0; --reaching, row += s->dilation_y) {
    to = spread_bytes(s, x + row * line, column, columns, to, width);
  }
  return to;
}

// All that lies under the filter at a place of an input of ``size`` bytes.
KERNEL_FUNCTION void spread_patch(const struct kernel_shape *s, const int8_t *x, int32_t size, int32_t row,
                                  int32_t column, int32_t *edges, int32_t *to, int32_t width) {
  const int32_t columns = s->dilation_x == 1 ? s->kernel_width : 1, words = (columns * s->depth + 3) >> 2;
  const int32_t around = four_times(s->zero_point), stretches = s->kernel_width / columns * words;
  const int32_t past = s->dilation_y - 1;
  const int32_t above = row < 0 ? smaller(s->kernel_height, (past - row) / s->dilation_y) : 0;
  const int32_t within = row < s->height ? smaller(s->kernel_height, (s->height - row + past) / s->dilation_y) : 0;
  const int32_t lines = within > above ? within - above : 0;
  to = spread_around(around, above * stretches, to, width);
  row += above * s->dilation_y;
  if (s->dilation_x == 1) {
    to = spread_image(s, x, size, row, lines, column, columns, edges, to, width);
  } else {
    for (int32_t ky = 0; ky < lines; ++ky, row += s->dilation_y) {
      for (int32_t kx = 0; kx < s->kernel_width; ++kx) {
        to = spread_image(s, x, size, row, 1, column + kx * s->dilation_x, 1, edges, to, width);
      }
    }
  }
  spread_around(around, (s->kernel_height - above - lines) * stretches, to, width);
}

// Three times three pixels of three channels: the first eight bytes of each of three lines, then the ninth of all.
#if KERNEL_DSP
#define COLOURS_DOUBLED(a) "sadd16 " a ", " a ", " a "\n"
#define COLOURS_LINE(last) \
  "ldr r4, [r0]\n ldr r5, [r0, #4]\n ldrsb " last ", [r0, #8]\n sxtb16 r6, r4\n sxtb16 r4, r4, ror #8\n" \
  "sxtb16 r7, r5\n sxtb16 r5, r5, ror #8\n" COLOURS_DOUBLED("r6") COLOURS_DOUBLED("r4") COLOURS_DOUBLED("r7") \
  COLOURS_DOUBLED("r5") "add r0, r0, r1\n str r6, [r2]\n str r4, [r2, r3]\n str r7, [r2, r3, lsl #1]\n" \
  "str r5, [r2, r8]\n add r2, r2, r3, lsl #2\n"
__attribute__((naked, noinline, unused)) static void spread_colours(const int8_t *from, int32_t line_bytes, int32_t *to,
                                                                    int32_t step_bytes) {
  __asm volatile(
      "push {r4-r11, lr}\n add r8, r3, r3, lsl #1\n" COLOURS_LINE("r9") COLOURS_LINE("r10") COLOURS_LINE("r11")
      "pkhbt r9, r9, r11, lsl #16\n uxth r10, r10\n" COLOURS_DOUBLED("r9") COLOURS_DOUBLED("r10")
      "str r9, [r2]\n str r10, [r2, r3]\n pop {r4-r11, pc}\n");
}
#else
KERNEL_FUNCTION void spread_colours(const int8_t *from, int32_t line_bytes, int32_t *to, int32_t step_bytes) {
  const int32_t width = step_bytes >> 2;
  for (int32_t line = 0; line < 3; ++line) {
    to = spread_lines(from + line * line_bytes, 0, 1, 2, to, width);
  }
  to[0] = doubled_halves(low_halves(from[8], from[2 * line_bytes + 8]));
  to[width] = doubled_halves(low_halves(from[line_bytes + 8], 0));
}
#endif

// The same where some of it lies beside the image.
KERNEL_FUNCTION void spread_colours_around(const struct kernel_shape *s, const int8_t *x, int32_t row, int32_t column,
                                           int32_t *to, int32_t width) {
  int8_t lines[27], *line = lines;
  for (int32_t y = row; y < row + 3; ++y) {
    for (int32_t at = column; at < column + 3; ++at) {
      const int inside = y >= 0 && y < s->height && at >= 0 && at < s->width;
      for (int32_t c = 0; c < 3; ++c) *line++ = inside ? x[(y * s->width + at) * 3 + c] : (int8_t)s->zero_point;
    }
  }
  spread_colours(lines, 9, to, 4 * width);
}

enum kernel_filter { FILTER_any, FILTER_colours };

typedef void (*gemm_function)(int32_t, const int32_t *, const int32_t *, const int32_t *, int32_t, int32_t, int8_t *);

KERNEL_INLINE void convolve(const int8_t *x, const int32_t *shape, const int32_t *weights, const int32_t *parameters,
                            int8_t *y, int32_t *scratch, enum kernel_filter filter, gemm_function gemm) {
  const struct kernel_shape s = kernel_shape_of(shape);
  const int32_t size = s.height * s.width * s.depth;
  int32_t *edges = scratch + s.steps * s.tile;
  const int32_t line_bytes = s.width * s.depth, words = (s.kernel_width * s.depth + 3) >> 2;
  const int32_t reach_y = (s.kernel_height - 1) * s.dilation_y + 1, reach_x = (s.kernel_width - 1) * s.dilation_x + 1;
  for (int32_t batch = 0; batch < s.batches; ++batch, x += size) {
    int32_t filled = 0, left = s.rows * s.columns, width = smaller(s.tile, left);
    for (int32_t row = -s.top; left > 0; row += s.stride_y) {
      // Where the filter lies within the image, and the last word of its last line, too, nothing has to be asked.
      const int32_t last_line = (row + reach_y - 1) * line_bytes + 4 * words;
      const int plain = s.dilation_x == 1 && row >= 0 && row + reach_y <= s.height;
      int32_t column = -s.left;
      for (int32_t todo = s.columns; todo > 0; --todo, column += s.stride_x) {
        int32_t *to = scratch + filled;
        if (filter == FILTER_colours) {
          if (row >= 0 && row + 3 <= s.height && column >= 0 && column + 3 <= s.width) {
            spread_colours(x + row * line_bytes + column * 3, line_bytes, to, 4 * width);
          } else {
            spread_colours_around(&s, x, row, column, to, width);
          }
        } else if (plain && column >= 0 && column + reach_x <= s.width && last_line + column * s.depth <= size) {
          spread_lines(x + row * line_bytes + column * s.depth, s.dilation_y * line_bytes, s.kernel_height, words, to,
                       width);
        } else {
          spread_patch(&s, x, size, row, column, edges, to, width);
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
