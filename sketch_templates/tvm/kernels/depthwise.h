// Depthwise sums of a pixel, four channels at a time, into a tile of gemm.h.
//
// For each four channels there are numbers one after the other: four doubled biases; for each two taps of the filter four
// words of doubled int16 weights, one a channel; for a last odd tap the words {0, 2} and {1, 3}; then multiplier, addend
// and shift of each channel.

#if KERNEL_DSP
// r0, r1, r2 the rows under the filter, r3 bytes from pixel to pixel, r4 numbers, r5 to r8 sums.
// On the stack: 0 place in the tile; 44 numbers, 48 their end, 52 first place, 56 bytes from step to step of the tile,
// 60 pixels, 64 bytes from the end of one pixel to the next one that is wanted.
#define DEPTHWISE_TAPS(first, second) \
  "ldr r9, [" first "\n ldr r10, [" second "\n ldrd r11, r12, [r4], #8\n pkhbt lr, r9, r10, lsl #16\n" \
  "pkhtb r9, r10, r9, asr #16\n sxtb16 r10, lr\n sxtb16 lr, lr, ror #8\n smlad r5, r10, r11, r5\n" \
  "smlad r6, lr, r12, r6\n ldrd r11, r12, [r4], #8\n sxtb16 r10, r9\n sxtb16 r9, r9, ror #8\n" \
  "smlad r7, r10, r11, r7\n smlad r8, r9, r12, r8\n"
#define DEPTHWISE_END_fast(a) "ldmia r4!, {r9, r10, r11}\n smmlar " a ", " a ", r9, r10\n asr " a ", " a ", r11\n" \
  "ssat " a ", #8, " a "\n"
#define DEPTHWISE_END_signed(a) "ldmia r4!, {r9, r10, r11}\n smmlar r9, " a ", r9, r10\n" \
  "add " a ", r9, " a ", asr #31\n asr " a ", " a ", r11\n ssat " a ", #8, " a "\n"
#define DEPTHWISE_3X3(how) \
  __attribute__((naked, noinline, unused)) static void depthwise_3x3_##how( \
      const int8_t *row0, const int8_t *row1, const int8_t *row2, int32_t depth, const int32_t *numbers, \
      const int32_t *numbers_end, int32_t *slot, int32_t step_bytes, int32_t pixels, int32_t advance) { \
    __asm volatile( \
        "push {r4-r11, lr}\n sub sp, sp, #8\n" \
        "1: ldr r9, [sp, #52]\n ldr r4, [sp, #44]\n str r9, [sp]\n" \
        "2: ldmia r4!, {r5-r8}\n" \
        DEPTHWISE_TAPS("r0, r3]", "r0, r3, lsl #1]") DEPTHWISE_TAPS("r0], #4", "r1, r3]") \
        DEPTHWISE_TAPS("r1, r3, lsl #1]", "r1], #4") DEPTHWISE_TAPS("r2, r3]", "r2, r3, lsl #1]") \
        "ldr r9, [r2], #4\n ldrd r11, r12, [r4], #8\n sxtb16 r10, r9\n sxtb16 r9, r9, ror #8\n" \
        "smlabb r5, r10, r11, r5\n smlatt r7, r10, r11, r7\n smlabb r6, r9, r12, r6\n smlatt r8, r9, r12, r8\n" \
        DEPTHWISE_END_##how("r5") DEPTHWISE_END_##how("r6") DEPTHWISE_END_##how("r7") DEPTHWISE_END_##how("r8") \
        "ldr r9, [sp]\n ldr r10, [sp, #56]\n ldr r11, [sp, #48]\n pkhbt r5, r5, r7, lsl #16\n" \
        "pkhbt r6, r6, r8, lsl #16\n sadd16 r5, r5, r5\n sadd16 r6, r6, r6\n str r5, [r9]\n str r6, [r9, r10]\n" \
        "add r9, r9, r10, lsl #1\n cmp r4, r11\n str r9, [sp]\n bne 2b\n" \
        "ldr r9, [sp, #52]\n ldr r10, [sp, #64]\n ldr r11, [sp, #60]\n add r9, r9, #4\n add r0, r0, r10\n" \
        "add r1, r1, r10\n add r2, r2, r10\n str r9, [sp, #52]\n subs r11, r11, #1\n str r11, [sp, #60]\n bne 1b\n" \
        "add sp, sp, #8\n pop {r4-r11, pc}\n"); \
  }
DEPTHWISE_3X3(fast) DEPTHWISE_3X3(signed)
#endif

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
    DEPTHWISE_SHORTCUT(how) \
    for (; pixels > 0; --pixels, x += s->stride_x * s->padded_depth, ++slot) { \
      depthwise_pixel(x, taps, s->taps, s->padded_depth, numbers, slot, width, REQUANTIZE_##how); \
    } \
  }
#if KERNEL_DSP
// The taps of three times three lie in the order in which the assembler takes them.
#define DEPTHWISE_SHORTCUT(how) \
  if (s->kernel_height == 3 && s->kernel_width == 3 && s->dilation_x == 1) { \
    depthwise_3x3_##how(x + taps[2], x + taps[5], x + taps[8], s->padded_depth, numbers, numbers + s->numbers, slot, \
                        4 * width, pixels, (s->stride_x - 1) * s->padded_depth); \
    if (REQUANTIZE_##how == REQUANTIZE_general) { \
      depthwise_patch(s, taps, x, numbers, slot, width, pixels); \
    } \
    return; \
  }
#define depthwise_3x3_general depthwise_3x3_signed

// Does those fours again, after the signed way, in which a channel needs the general one.
KERNEL_FUNCTION void depthwise_patch(const struct kernel_shape *s, const int32_t *taps, const int8_t *x,
                                     const int32_t *numbers, int32_t *slot, int32_t width, int32_t pixels) {
  const int32_t each = s->numbers / (s->padded_depth >> 2);
  for (int32_t channel = 0; channel < s->padded_depth; channel += 4, numbers += each, slot += 2 * width) {
    const int32_t *last = numbers + each - 12;
    if (!is_general(last[2]) && !is_general(last[5]) && !is_general(last[8]) && !is_general(last[11])) continue;
    for (int32_t pixel = 0; pixel < pixels; ++pixel) {
      const int8_t *from = x + pixel * s->stride_x * s->padded_depth + channel;
      depthwise_pixel(from, taps, s->taps, 4, numbers, slot + pixel, width, REQUANTIZE_general);
    }
  }
}
#else
#define DEPTHWISE_SHORTCUT(how)
#endif
DEPTHWISE(fast) DEPTHWISE(signed) DEPTHWISE(general)
