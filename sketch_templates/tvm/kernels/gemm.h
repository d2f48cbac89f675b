// Products of up to four pixels with all output channels, two channels at a time.
//
// A tile is [step][pixel] words, each two doubled int16 that follow each other in the sum of products. Weights are
// [pair of channels][step]: a word {a0, b0, a1, b1} of int8, or the words {a0, a1} and {b0, b1} of int16. For each pair
// there are 8 numbers: two doubled biases, then multiplier, addend and shift of each channel.
//
// Joint weights are a word {a0 + 256 b0, a1 + 256 b1}. It is multiplied as it is: that sum is the one of channel a and 256
// times the one of channel b, of which the former is taken away at the end. So is the bias of b. In the fast way b is
// requantized from 256 times its sum, and its addend is as many times what rounds and moves it, 1/2 more included.
#define GEMM_PARAMETERS 8

#if KERNEL_DSP
// In the loop: r0 tile, r1 weights, r2 and r3 the weights of both channels, r4 to r11 sums, r12 and lr pixels.
// On the stack: 0 tile, 4 where it ends, 8 parameters, 12 where they end, 16 where the loop is entered; 56 pairs,
// 60 output, 64 bytes from pixel to pixel.
// The first step adds to the biases; the loop does several steps a round and is entered so that the rest comes out even.
#define GEMM_LOAD_int8 "ldr r2, [r1], #4\n"
#define GEMM_LOAD_joint GEMM_LOAD_int8
#define GEMM_LOAD_int16 "ldrd r3, r2, [r1], #8\n"
#define GEMM_WIDEN_int8 "sxtb16 r3, r2\n sxtb16 r2, r2, ror #8\n"
#define GEMM_WIDEN_joint "sxtb16 r3, r2\n"
#define GEMM_WIDEN_int16
#define GEMM_ADD(a, b, x) "smlad " a ", " x ", r3, " a "\n smlad " b ", " x ", r2, " b "\n"
#define GEMM_BEGIN(a, b, x) "smlad " a ", " x ", r3, r4\n smlad " b ", " x ", r2, r5\n"
// Loads that follow each other overlap, those of two words at once do not.
#define GEMM_BOTH(weights, load) GEMM_LOAD_##weights load GEMM_WIDEN_##weights
#define GEMM_ONE "ldr r12, [r0], #4\n"
#define GEMM_TWO "ldrd r12, lr, [r0], #8\n"
#define GEMM_PIXELS_int8 "ldr r12, [r0], #4\n ldr lr, [r0], #4\n"
#define GEMM_PIXELS_joint GEMM_PIXELS_int8
#define GEMM_PIXELS_int16 GEMM_TWO
#define GEMM_FIRST_1(weights) GEMM_BOTH(weights, GEMM_ONE) GEMM_ADD("r4", "r5", "r12")
#define GEMM_FIRST_2(weights) \
  GEMM_BOTH(weights, GEMM_PIXELS_##weights) GEMM_BEGIN("r6", "r7", "lr") GEMM_ADD("r4", "r5", "r12")
#define GEMM_FIRST_3(weights) GEMM_BOTH(weights, GEMM_PIXELS_##weights "ldr r9, [r0], #4\n") \
  GEMM_BEGIN("r6", "r7", "lr") GEMM_BEGIN("r8", "r9", "r9") GEMM_ADD("r4", "r5", "r12")
#define GEMM_FIRST_4(weights) GEMM_BOTH(weights, GEMM_TWO "ldrd r10, r11, [r0], #8\n") GEMM_BEGIN("r6", "r7", "lr") \
  GEMM_BEGIN("r8", "r9", "r10") GEMM_BEGIN("r10", "r11", "r11") GEMM_ADD("r4", "r5", "r12")
#define GEMM_STEP_1(weights) GEMM_BOTH(weights, GEMM_ONE) GEMM_ADD("r4", "r5", "r12")
#define GEMM_STEP_2(weights) \
  GEMM_BOTH(weights, GEMM_PIXELS_##weights) GEMM_ADD("r4", "r5", "r12") GEMM_ADD("r6", "r7", "lr")
#define GEMM_STEP_3(weights) GEMM_STEP_2(weights) GEMM_ONE GEMM_ADD("r8", "r9", "r12")
#define GEMM_STEP_4(weights) GEMM_STEP_2(weights) GEMM_TWO GEMM_ADD("r8", "r9", "r12") GEMM_ADD("r10", "r11", "lr")
#define GEMM_ROUND_1 "8"
#define GEMM_ROUND_2 "8"
#define GEMM_ROUND_3 "8"
#define GEMM_ROUND_4 "16"
// Multiplier, addend and shift in r2, r3 and r12; of channel b also as it is in joint weights.
#define GEMM_END_fast(a) "smmlar " a ", " a ", r2, r3\n asr " a ", " a ", r12\n ssat " a ", #8, " a "\n"
#define GEMM_END_signed(a) \
  "smmlar lr, " a ", r2, r3\n add " a ", lr, " a ", asr #31\n asr " a ", " a ", r12\n ssat " a ", #8, " a "\n"
#define GEMM_LAST_int8(how) GEMM_END_##how
#define GEMM_LAST_int16(how) GEMM_END_##how
#define GEMM_LAST_joint(how) GEMM_LAST_joint_##how
#define GEMM_LAST_joint_fast(a) "smmla " a ", " a ", r2, r3\n asr " a ", " a ", r12\n ssat " a ", #8, " a "\n"
#define GEMM_LAST_joint_signed(a) "asr " a ", " a ", #8\n" GEMM_END_signed(a)
#define GEMM_APART_int8(a, b)
#define GEMM_APART_int16(a, b)
#define GEMM_APART_joint(a, b) "sub " b ", " b ", " a "\n"
#define GEMM_ALL_APART_1(apart) apart("r4", "r5")
#define GEMM_ALL_APART_2(apart) GEMM_ALL_APART_1(apart) apart("r6", "r7")
#define GEMM_ALL_APART_3(apart) GEMM_ALL_APART_2(apart) apart("r8", "r9")
#define GEMM_ALL_APART_4(apart) GEMM_ALL_APART_3(apart) apart("r10", "r11")
#define GEMM_ENDS_1(end, a, b, c, d) end(a)
#define GEMM_ENDS_2(end, a, b, c, d) end(a) end(b)
#define GEMM_ENDS_3(end, a, b, c, d) end(a) end(b) end(c)
#define GEMM_ENDS_4(end, a, b, c, d) end(a) end(b) end(c) end(d)
#define GEMM_PACK(a, b) "bfi " a ", " b ", #8, #8\n"
#define GEMM_STORE_1 GEMM_PACK("r4", "r5") "strh r4, [lr]\n"
#define GEMM_STORE_2 GEMM_STORE_1 GEMM_PACK("r6", "r7") "strh r6, [lr, r12]\n"
#define GEMM_STORE_3 GEMM_STORE_2 GEMM_PACK("r8", "r9") "strh r8, [lr, r12, lsl #1]\n"
#define GEMM_STORE_4 GEMM_STORE_3 GEMM_PACK("r10", "r11") "add lr, lr, r12\n strh r10, [lr, r12, lsl #1]\n"

#define GEMM(pixels, how, weights) \
  __attribute__((naked, noinline, unused)) static void gemm_##pixels##_##how##_##weights( \
      const int32_t *tile, const int32_t *w, const int32_t *parameters, int32_t steps, int32_t pairs, int8_t *y, \
      int32_t stride) { \
    __asm volatile( \
        "push {r4-r11, lr}\n sub sp, sp, #20\n ldr r4, [sp, #56]\n mov r5, #4 * " #pixels "\n mla r5, r3, r5, r0\n" \
        "add r4, r2, r4, lsl #5\n rsb r6, r3, #1\n and r6, r6, #" GEMM_ROUND_##pixels " - 1\n" \
        "mov r7, #(3f - 2f) / " GEMM_ROUND_##pixels "\n adr r8, 2f\n mla r6, r6, r7, r8\n add r6, r6, #1\n" \
        "stmia sp, {r0, r5}\n strd r4, r6, [sp, #12]\n mov r3, r2\n" \
        "1: ldmia r3!, {r4, r5}\n ldr r0, [sp]\n str r3, [sp, #8]\n" \
        GEMM_FIRST_##pixels(weights) "ldr pc, [sp, #16]\n .balign 4\n" \
        "2: .rept " GEMM_ROUND_##pixels "\n" GEMM_STEP_##pixels(weights) ".endr\n" \
        "3: ldr r2, [sp, #4]\n cmp r0, r2\n bne 2b\n" \
        "ldr r0, [sp, #8]\n ldmia r0!, {r2, r3, r12}\n" GEMM_ALL_APART_##pixels(GEMM_APART_##weights) \
        GEMM_ENDS_##pixels(GEMM_END_##how, "r4", "r6", "r8", "r10") "ldmia r0!, {r2, r3, r12}\n" \
        GEMM_ENDS_##pixels(GEMM_LAST_##weights(how), "r5", "r7", "r9", "r11") \
        "mov r3, r0\n ldr lr, [sp, #60]\n ldr r12, [sp, #64]\n ldr r0, [sp, #12]\n add r2, lr, #2\n" \
        "str r2, [sp, #60]\n" \
        GEMM_STORE_##pixels "cmp r0, r3\n bne 1b\n add sp, sp, #20\n pop {r4-r11, pc}\n"); \
  }
#define GEMM_TILES(how, weights) GEMM(1, how, weights) GEMM(2, how, weights) GEMM(3, how, weights) GEMM(4, how, weights)
GEMM_TILES(fast, int8) GEMM_TILES(signed, int8)
GEMM_TILES(fast, joint) GEMM_TILES(signed, joint)
GEMM_TILES(fast, int16) GEMM_TILES(signed, int16)
#endif

enum kernel_weights { WEIGHTS_int8, WEIGHTS_joint, WEIGHTS_int16 };

// Channels 2 * pair and, where there are as many, the one after it, for ``pixels`` pixels.
KERNEL_INLINE void gemm_pair(const int32_t *tile, const int32_t *w, const int32_t *parameters, int32_t steps,
                             int32_t pair, int32_t pixels, int32_t channels, int8_t *y, enum requantization how,
                             enum kernel_weights weights) {
  const int32_t *p = parameters + GEMM_PARAMETERS * pair;
  for (int32_t pixel = 0; pixel < pixels; ++pixel) {
    int32_t sums[2] = {CONST_INT32(p, 0), CONST_INT32(p, 1)};
    for (int32_t step = 0; step < steps; ++step) {
      const int32_t x = tile[step * pixels + pixel], place = pair * steps + step;
      if (weights == WEIGHTS_int8) {
        const int32_t both = CONST_INT32(w, place);
        sums[0] = multiply_even_add(x, both, sums[0]);
        sums[1] = multiply_odd_add(x, both, sums[1]);
      } else if (weights == WEIGHTS_joint) {
        const int32_t both = CONST_INT32(w, place);
        sums[0] = multiply_even_add(x, both, sums[0]);
        sums[1] = multiply_halves_add(x, both, sums[1]);
      } else {
        sums[0] = multiply_halves_add(x, CONST_INT32(w, 2 * place), sums[0]);
        sums[1] = multiply_halves_add(x, CONST_INT32(w, 2 * place + 1), sums[1]);
      }
    }
    if (weights == WEIGHTS_joint) sums[1] = (int32_t)((uint32_t)sums[1] - (uint32_t)sums[0]);
    for (int32_t one = 0; one < 2 && 2 * pair + one < channels; ++one) {
      const int32_t multiplier = CONST_INT32(p, 2 + 3 * one), added = CONST_INT32(p, 3 + 3 * one);
      const int32_t shift = CONST_INT32(p, 4 + 3 * one), joint = one == 1 && weights == WEIGHTS_joint;
      int32_t found;
      if (joint && how == REQUANTIZE_fast) {
        found = saturated_byte(multiply_top_add(sums[1], multiplier, added) >> shift);
      } else {
        found = requantized(joint ? sums[1] >> 8 : sums[one], multiplier, added, shift, how);
      }
      y[pixel * channels + 2 * pair + one] = (int8_t)found;
    }
  }
}

// gemm_<how>_<weights>(pixels, tile, weights, parameters, steps, channels, output)
#define GEMM_PORTABLE(how, weights) \
  KERNEL_FUNCTION void gemm_##how##_##weights(int32_t pixels, const int32_t *tile, const int32_t *w, \
                                              const int32_t *parameters, int32_t steps, int32_t channels, int8_t *y) { \
    for (int32_t pair = 0; 2 * pair < channels; ++pair) { \
      gemm_pair(tile, w, parameters, steps, pair, pixels, channels, y, REQUANTIZE_##how, WEIGHTS_##weights); \
    } \
  }
#if KERNEL_DSP
#define GEMM_TILED(how, weights) \
  KERNEL_FUNCTION void gemm_##how##_##weights(int32_t pixels, const int32_t *tile, const int32_t *w, \
                                              const int32_t *parameters, int32_t steps, int32_t channels, int8_t *y) { \
    const int32_t pairs = channels >> 1; \
    if (pairs > 0) { \
      if (pixels == 4) gemm_4_##how##_##weights(tile, w, parameters, steps, pairs, y, channels); \
      else if (pixels == 3) gemm_3_##how##_##weights(tile, w, parameters, steps, pairs, y, channels); \
      else if (pixels == 2) gemm_2_##how##_##weights(tile, w, parameters, steps, pairs, y, channels); \
      else gemm_1_##how##_##weights(tile, w, parameters, steps, pairs, y, channels); \
    } \
    if (channels & 1) { \
      gemm_pair(tile, w, parameters, steps, pairs, pixels, channels, y, REQUANTIZE_##how, WEIGHTS_##weights); \
    } \
  }
// Most channels as in the signed way; then the pairs again that have one of the others.
#define GEMM_PATCHED(weights) \
  KERNEL_FUNCTION void gemm_general_##weights(int32_t pixels, const int32_t *tile, const int32_t *w, \
                                              const int32_t *parameters, int32_t steps, int32_t channels, int8_t *y) { \
    gemm_signed_##weights(pixels, tile, w, parameters, steps, channels, y); \
    for (int32_t pair = 0; 2 * pair < channels; ++pair) { \
      const int32_t *p = parameters + GEMM_PARAMETERS * pair; \
      if (is_general(p[4]) || is_general(p[7])) { \
        gemm_pair(tile, w, parameters, steps, pair, pixels, channels, y, REQUANTIZE_general, WEIGHTS_##weights); \
      } \
    } \
  }
#else
#define GEMM_TILED GEMM_PORTABLE
#define GEMM_PATCHED(weights) GEMM_PORTABLE(general, weights)
#endif
GEMM_TILED(fast, int8) GEMM_TILED(signed, int8) GEMM_PATCHED(int8)
GEMM_TILED(fast, joint) GEMM_TILED(signed, joint) GEMM_PATCHED(joint)
GEMM_TILED(fast, int16) GEMM_TILED(signed, int16) GEMM_PATCHED(int16)
