// Depthwise sums under three times three taps, a channel at a time, into a tile of gemm.h.
//
// Rows of the input are kept as planes, [channel][column], with each four channels in the order 0, 2, 1, 3. So a word is
// four neighbours, which are taken apart as {x0, x2} and {x1, x3}: with the weights {w0, w2} and w1 these are two outputs
// of a row of the filter, in four multiplications.
//
// For each channel there are numbers one after the other: the doubled bias; doubled int16 weights, {w0, w2} of the first,
// the second and the third row, and {w1 of the first, w1 of the second}; {shift, w1 of the third}; multiplier and addend.
#define PLANE_NUMBERS 8

// The place of a channel among the planes.
KERNEL_INLINE int32_t plane_of(int32_t channel) {
  return (channel & ~INT32_C(3)) | (channel & 1) << 1 | (channel >> 1 & 1);
}

#if KERNEL_DSP
// r0 place in the first row, r1 and r2 from there to the others, r3 numbers, r4 and r5 sums, r6 to r8 {w0, w2}, r9 and r10
// w1, r11 and r12 neighbours, lr place in the tile.
// On the stack: 36 end of the numbers, 40 tile, 44 bytes from step to step of the tile, 48 bytes to the next plane.
#define PLANES_APART "sxtb16 r12, r11\n sxtb16 r11, r11, ror #8\n"
#define PLANES_ROW_1(from, w, bias, m, half) \
  from PLANES_APART "smlad r4, r12, " w ", r4\n smlab" half " r4, r11, " m ", r4\n"
#define PLANES_ROW_2(from, w, bias, m, half) \
  from PLANES_APART "smlad r5, r11, " w ", " bias "\n smlad r4, r12, " w ", r4\n smlab" half " r4, r11, " m ", r4\n" \
  "smlat" half " r5, r12, " m ", r5\n"
#define PLANES_END_fast(a, place) \
  "smmlar " a ", " a ", r11, r12\n asr " a ", " a ", r10\n ssat " a ", #8, " a "\n add " a ", " a ", " a "\n" \
  "strh " a ", [lr, #" place "]\n"
#define PLANES_END_signed(a, place) \
  "ldr r12, [r3, #4]\n add r12, r12, " a ", asr #31\n" PLANES_END_fast(a, place)
#define PLANES_ENDS_1(how, place) PLANES_END_##how("r4", place)
#define PLANES_ENDS_2(how, place) PLANES_END_##how("r4", place) PLANES_END_##how("r5", place " + 4")
#define PLANES_OUTPUTS(count, how, first, place) \
  PLANES_ROW_##count(first, "r6", "r4", "r9", "b") PLANES_ROW_##count("ldr r11, [r0, r1]\n", "r7", "r5", "r9", "t") \
  PLANES_ROW_##count("ldr r11, [r0, r2]\n", "r8", "r5", "r10", "t") "ldrd r11, r12, [r3]\n" \
  PLANES_ENDS_##count(how, place)
// Two outputs two columns apart share a word and the fifth neighbour.
#define PLANES_ROW_APART(from, w, bias, m, half) \
  from PLANES_APART "smlatb r5, r12, " w ", " bias "\n smlad r4, r12, " w ", r4\n smlab" half " r4, r11, " m ", r4\n" \
  "smlat" half " r5, r11, " m ", r5\n"
#define PLANES_APART_2(how, bias, place) \
  PLANES_ROW_APART(bias "ldr r11, [r0]\n", "r6", "r4", "r9", "b") \
  PLANES_ROW_APART("ldr r11, [r0, r1]\n", "r7", "r5", "r9", "t") \
  PLANES_ROW_APART("ldr r11, [r0, r2]\n", "r8", "r5", "r10", "t") \
  "ldrsb r11, [r0, #4]!\n ldrsb r12, [r0, r1]\n smlabt r5, r11, r6, r5\n smlabt r5, r12, r7, r5\n" \
  "ldrsb r11, [r0, r2]\n smlabt r5, r11, r8, r5\n ldrd r11, r12, [r3]\n" PLANES_ENDS_2(how, place)
#define PLANES_BIAS "ldr r4, [r3, #-24]\n"
#define PLANES_FIRST(count, how, place) PLANES_OUTPUTS(count, how, "ldr r11, [r0]\n", place)
#define PLANES_NEXT(count, how, place) PLANES_OUTPUTS(count, how, PLANES_BIAS "ldr r11, [r0, #2]!\n", place)
// By columns from output to output, and outputs.
#define PLANES_1_1(how, place) PLANES_FIRST(1, how, place)
#define PLANES_1_2(how, place) PLANES_FIRST(2, how, place)
#define PLANES_1_3(how, place) PLANES_1_2(how, place) PLANES_NEXT(1, how, place " + 8")
#define PLANES_1_4(how, place) PLANES_1_2(how, place) PLANES_NEXT(2, how, place " + 8")
#define PLANES_2_1(how, place) PLANES_FIRST(1, how, place)
#define PLANES_2_2(how, place) PLANES_APART_2(how, "", place)
#define PLANES_2_3(how, place) PLANES_2_2(how, place) PLANES_OUTPUTS(1, how, PLANES_BIAS "ldr r11, [r0]\n", place " + 8")
#define PLANES_2_4(how, place) PLANES_2_2(how, place) PLANES_APART_2(how, PLANES_BIAS, place " + 8")
#define PLANES_CHANNEL(stride, count, how, place) \
  "ldmia r3!, {r4, r6-r10}\n" PLANES_##stride##_##count(how, place) "ldr r11, [sp, #48]\n add r3, r3, #8\n"
#define PLANES(stride, count, how) \
  __attribute__((naked, noinline, unused)) static void planes_##stride##_##count##_##how( \
      const int8_t *x, int32_t second, int32_t third, const int32_t *numbers, const int32_t *end, int32_t *slot, \
      int32_t step_bytes, int32_t advance) { \
    __asm volatile( \
        "push {r4-r11, lr}\n ldr lr, [sp, #40]\n" \
        "1:" PLANES_CHANNEL(stride, count, how, "0") "add r0, r0, r11\n" \
        PLANES_CHANNEL(stride, count, how, "2") "ldr r12, [sp, #44]\n ldr r4, [sp, #36]\n add r0, r0, r11\n" \
        "add lr, lr, r12\n cmp r3, r4\n bne 1b\n pop {r4-r11, pc}\n"); \
  }
#define PLANES_TILES(how) \
  PLANES(1, 1, how) PLANES(1, 2, how) PLANES(1, 3, how) PLANES(1, 4, how) \
  PLANES(2, 1, how) PLANES(2, 2, how) PLANES(2, 3, how) PLANES(2, 4, how)
PLANES_TILES(fast) PLANES_TILES(signed)

// Writes ``columns``, at least four, of a row of pixels as planes, four channels of four pixels at a time; the last four
// columns may have been written before. The carries of the addition say which bytes SEL takes from its first operand.
// On the stack: 0 pixel, 4 its plane, 8 where its channels end, 48 columns that are left.
__attribute__((naked, noinline, unused)) static void spread_planes(const int8_t *row, int32_t depth, int8_t *to,
                                                                   int32_t plane, int32_t columns) {
  __asm volatile(
      "push {r4-r11, lr}\n sub sp, sp, #12\n mov lr, r2\n add r2, r1, r1, lsl #1\n add r12, r3, r3, lsl #1\n"
      "mov r4, #0x00ff00ff\n uadd8 r4, r4, r4\n"
      "1: add r4, r0, r1\n strd r0, lr, [sp]\n str r4, [sp, #8]\n"
      "2: ldr r5, [r0, r1]\n ldr r6, [r0, r1, lsl #1]\n ldr r7, [r0, r2]\n ldr r4, [r0], #4\n"
      "pkhbt r8, r4, r6, lsl #16\n pkhtb r9, r6, r4, asr #16\n pkhbt r10, r5, r7, lsl #16\n"
      "pkhtb r11, r7, r5, asr #16\n lsl r4, r10, #8\n sel r4, r8, r4\n lsr r8, r8, #8\n sel r8, r8, r10\n"
      "lsl r5, r11, #8\n sel r5, r9, r5\n lsr r9, r9, #8\n sel r9, r9, r11\n ldr r10, [sp, #8]\n"
      "str r5, [lr, r3]\n str r8, [lr, r3, lsl #1]\n str r9, [lr, r12]\n str r4, [lr]\n add lr, lr, r3, lsl #2\n"
      "cmp r0, r10\n bne 2b\n"
      "ldrd r0, lr, [sp]\n ldr r4, [sp, #48]\n mov r5, #4\n subs r4, r4, #4\n beq 3f\n cmp r4, #4\n itt lt\n"
      "movlt r5, r4\n movlt r4, #4\n str r4, [sp, #48]\n mla r0, r5, r1, r0\n add lr, lr, r5\n b 1b\n"
      "3: add sp, sp, #12\n pop {r4-r11, pc}\n");
}
#endif

// Copies a row of the input, or none, to its planes. What lies beside the image there is written once for all rows.
KERNEL_FUNCTION void keep_planes(const struct kernel_shape *s, const int8_t *row, int8_t *kept) {
  const int32_t inside = smaller(s->width, s->ring_columns - s->left);
  if (row == NULL) {
    fill_words((int32_t *)(void *)kept, four_times(s->zero_point), s->padded_depth * s->plane >> 2);
    return;
  }
  kept += s->left;
#if KERNEL_DSP
  if (s->fan_out == 1 && s->depth == s->padded_depth && inside >= 4) {
    spread_planes(row, s->depth, kept, s->plane, inside);
    return;
  }
#endif
  for (int32_t c = 0; c < s->depth; ++c, ++row) {
    for (int32_t channel = c * s->fan_out; channel < (c + 1) * s->fan_out; ++channel) {
      int8_t *to = kept + plane_of(channel) * s->plane;
      for (int32_t column = 0; column < inside; ++column) to[column] = row[column * s->depth];
    }
  }
}

// An output of a channel, doubled; ``rows`` are places from ``x`` on.
KERNEL_INLINE int32_t plane_output(const int8_t *x, const int32_t *rows, const int32_t *numbers,
                                   enum requantization how) {
  const int32_t last = CONST_INT32(numbers, 5);
  int32_t sum = CONST_INT32(numbers, 0);
  for (int32_t row = 0; row < 3; ++row) {
    const int8_t *from = x + rows[row];
    sum = multiply_halves_add(low_halves(from[0], from[2]), CONST_INT32(numbers, 1 + row), sum);
  }
  sum = multiply_halves_add(low_halves(x[rows[0] + 1], x[rows[1] + 1]), CONST_INT32(numbers, 4), sum);
  sum = multiply_halves_add(low_halves(0, x[rows[2] + 1]), last, sum);
  return 2 * requantized(sum, CONST_INT32(numbers, 6), CONST_INT32(numbers, 7), last & 0xff, how);
}

// Two channels, in planes that follow each other.
KERNEL_INLINE void planes_pair(const struct kernel_shape *s, const int32_t *rows, const int8_t *x,
                               const int32_t *numbers, int32_t *slot, int32_t pixels, enum requantization how) {
  for (; pixels > 0; --pixels, x += s->stride_x, ++slot) {
    *slot = low_halves(plane_output(x, rows, numbers, how),
                       plane_output(x + s->plane, rows, numbers + PLANE_NUMBERS, how));
  }
}

// planes_<how>(shape, rows, x, numbers, slot, width of the tile, pixels): ``pixels`` of one row of the output, the first
// one under the filter at ``x``.
#define PLANES_PORTABLE(how, chosen) \
  const int32_t *end = numbers + PLANE_NUMBERS * s->padded_depth; \
  for (; numbers != end; numbers += 2 * PLANE_NUMBERS, x += 2 * s->plane, slot += width) { \
    if (chosen) planes_pair(s, rows, x, numbers, slot, pixels, REQUANTIZE_##how); \
  }
#if KERNEL_DSP
#define PLANES_CALL(stride, count, how) \
  planes_##stride##_##count##_##how(x + rows[0], rows[1] - rows[0], rows[2] - rows[0], numbers, \
                                    numbers + PLANE_NUMBERS * s->padded_depth, slot, 4 * width, \
                                    s->plane - (stride == 1 ? (count - 1) / 2 * 2 : count / 2 * 4))
#define PLANES_CALLS(stride, how) \
  if (pixels == 4) PLANES_CALL(stride, 4, how); \
  else if (pixels == 3) PLANES_CALL(stride, 3, how); \
  else if (pixels == 2) PLANES_CALL(stride, 2, how); \
  else PLANES_CALL(stride, 1, how);
#define PLANES_fast if (s->stride_x == 1) { PLANES_CALLS(1, fast) } else { PLANES_CALLS(2, fast) }
#define PLANES_signed if (s->stride_x == 1) { PLANES_CALLS(1, signed) } else { PLANES_CALLS(2, signed) }
// Those pairs again in which a channel needs the general way.
#define PLANES_general \
  PLANES_signed \
  PLANES_PORTABLE(general, is_general(numbers[5] & 0xff) || is_general(numbers[PLANE_NUMBERS + 5] & 0xff))
#else
#define PLANES_fast PLANES_PORTABLE(fast, 1)
#define PLANES_signed PLANES_PORTABLE(signed, 1)
#define PLANES_general PLANES_PORTABLE(general, 1)
#endif
#define PLANES_OF(how) \
  KERNEL_FUNCTION void planes_##how(const struct kernel_shape *s, const int32_t *rows, const int8_t *x, \
                                    const int32_t *numbers, int32_t *slot, int32_t width, int32_t pixels) { \
    PLANES_##how \
  }
PLANES_OF(fast) PLANES_OF(signed) PLANES_OF(general)
