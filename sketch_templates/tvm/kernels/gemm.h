// Products of up to four pixels with all output channels, two channels at a time.
//
// A tile is [step][pixel] words, each two doubled int16 that follow each other in the sum of products. Weights are
// [pair of channels][step]: a word {a0, b0, a1, b1} of int8, or the words {a0, a1} and {b0, b1} of int16. For each pair
// there are 8 numbers: two doubled biases, then multiplier, addend and shift of each channel.
#define GEMM_PARAMETERS 8

#if KERNEL_DSP
// In the loop: r0 tile, r1 weights, r2 and r3 the weights of both channels, r4 to r11 sums, r12 and lr pixels.
// On the stack: 0 tile, 4 bytes of weights of a pair, 8 parameters, 12 where a pair's weights end, 16 output,
// 20 where the parameters end, 24 where the loop is entered; 64 pairs, 68 output, 72 bytes from pixel to pixel.
// The first step adds to the biases; the loop does eight steps a round and is entered so that the rest comes out even.
#define GEMM_LOAD_int8 "ldr r2, [r1], #4\n"
#define GEMM_LOAD_int16 "ldrd r3, r2, [r1], #8\n"
#define GEMM_WIDEN_int8 "sxtb16 r3, r2\n sxtb16 r2, r2, ror #8\n"
#define GEMM_WIDEN_int16
#define GEMM_LOG2_BYTES_int8 "2"
#define GEMM_LOG2_BYTES_int16 "3"
#define GEMM_ADD(a, b, x) "smlad " a ", " x ", r3, " a "\n smlad " b ", " x ", r2, " b "\n"
#define GEMM_BEGIN(a, b, x) "smlad " a ", " x ", r3, r4\n smlad " b ", " x ", r2, r5\n"
// Loads that follow each other overlap.
#define GEMM_BOTH(weights, load) GEMM_LOAD_##weights load GEMM_WIDEN_##weights
#define GEMM_ONE "ldr r12, [r0], #4\n"
#define GEMM_TWO "ldrd r12, lr, [r0], #8\n"
#define GEMM_FIRST_1(weights) GEMM_BOTH(weights, GEMM_ONE) GEMM_ADD("r4", "r5", "r12")
#define GEMM_FIRST_2(weights) GEMM_BOTH(weights, GEMM_TWO) GEMM_BEGIN("r6", "r7", "lr") GEMM_ADD("r4", "r5", "r12")
#define GEMM_FIRST_3(weights) GEMM_BOTH(weights, GEMM_TWO "ldr r9, [r0], #4\n") GEMM_BEGIN("r6", "r7", "lr") \
  GEMM_BEGIN("r8", "r9", "r9") GEMM_ADD("r4", "r5", "r12")
#define GEMM_FIRST_4(weights) GEMM_BOTH(weights, GEMM_TWO "ldrd r10, r11, [r0], #8\n") GEMM_BEGIN("r6", "r7", "lr") \
  GEMM_BEGIN("r8", "r9", "r10") GEMM_BEGIN("r10", "r11", "r11") GEMM_ADD("r4", "r5", "r12")
#define GEMM_STEP_1(weights) GEMM_BOTH(weights, GEMM_ONE) GEMM_ADD("r4", "r5", "r12")
#define GEMM_STEP_2(weights) GEMM_BOTH(weights, GEMM_TWO) GEMM_ADD("r4", "r5", "r12") GEMM_ADD("r6", "r7", "lr")
#define GEMM_STEP_3(weights) GEMM_STEP_2(weights) GEMM_ONE GEMM_ADD("r8", "r9", "r12")
#define GEMM_STEP_4(weights) GEMM_STEP_2(weights) GEMM_TWO GEMM_ADD("r8", "r9", "r12") GEMM_ADD("r10", "r11", "lr")
#define GEMM_STEP_BYTES_1_int8 "24"
#define GEMM_STEP_BYTES_2_int8 "32"
#define GEMM_STEP_BYTES_3_int8 "44"
#define GEMM_STEP_BYTES_4_int8 "52"
#define GEMM_STEP_BYTES_1_int16 "16"
#define GEMM_STEP_BYTES_2_int16 "24"
#define GEMM_STEP_BYTES_3_int16 "36"
#define GEMM_STEP_BYTES_4_int16 "44"
#define GEMM_END_fast(a) "smmlar " a ", " a ", r2, r3\n asr " a ", " a ", r12\n ssat " a ", #8, " a "\n"
#define GEMM_END_signed(a) \
  "smmlar lr, " a ", r2, r3\n add " a ", lr, " a ", asr #31\n asr " a ", " a ", r12\n ssat " a ", #8, " a "\n"
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
        "push {r4-r11, lr}\n sub sp, sp, #28\n str r0, [sp]\n lsl r4, r3, #" GEMM_LOG2_BYTES_##weights "\n" \
        "ldr r5, [sp, #64]\n add r5, r2, r5, lsl #5\n str r4, [sp, #4]\n str r5, [sp, #20]\n" \
        "ldr r6, [sp, #68]\n rsb r4, r3, #1\n and r4, r4, #7\n mov r5, #" GEMM_STEP_BYTES_##pixels##_##weights "\n" \
        "mul r4, r4, r5\n adr r5, 2f\n add r4, r4, r5\n add r4, r4, #1\n str r6, [sp, #16]\n str r4, [sp, #24]\n" \
        "mov r0, r2\n" \
        "1: ldmia r0!, {r4, r5}\n str r0, [sp, #8]\n ldrd r0, r3, [sp]\n add r3, r3, r1\n str r3, [sp, #12]\n" \
        GEMM_FIRST_##pixels(weights) "ldr pc, [sp, #24]\n .balign 4\n" \
        "2: .rept 8\n" GEMM_STEP_##pixels(weights) ".endr\n" \
        "ldr r2, [sp, #12]\n cmp r1, r2\n bne 2b\n" \
        "ldr r0, [sp, #8]\n ldmia r0!, {r2, r3, r12}\n" \
        GEMM_ENDS_##pixels(GEMM_END_##how, "r4", "r6", "r8", "r10") "ldmia r0!, {r2, r3, r12}\n" \
        GEMM_ENDS_##pixels(GEMM_END_##how, "r5", "r7", "r9", "r11") \
        "ldr lr, [sp, #16]\n ldr r12, [sp, #72]\n add r2, lr, #2\n ldr r3, [sp, #20]\n str r2, [sp, #16]\n" \
        GEMM_STORE_##pixels "cmp r0, r3\n bne 1b\n add sp, sp, #28\n pop {r4-r11, pc}\n"); \
  }
GEMM(1, fast, int8) GEMM(2, fast, int8) GEMM(3, fast, int8) GEMM(4, fast, int8)
GEMM(1, signed, int8) GEMM(2, signed, int8) GEMM(3, signed, int8) GEMM(4, signed, int8)
GEMM(1, fast, int16) GEMM(2, fast, int16) GEMM(3, fast, int16) GEMM(4, fast, int16)
GEMM(1, signed, int16) GEMM(2, signed, int16) GEMM(3, signed, int16) GEMM(4, signed, int16)
#endif

enum kernel_weights { WEIGHTS_int8, WEIGHTS_int16 };

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
        sums[0] = multiply_halves_add(x, even_bytes(both), sums[0]);
        sums[1] = multiply_halves_add(x, odd_bytes(both), sums[1]);
      } else {
        sums[0] = multiply_halves_add(x, CONST_INT32(w, 2 * place), sums[0]);
        sums[1] = multiply_halves_add(x, CONST_INT32(w, 2 * place + 1), sums[1]);
      }
    }
    for (int32_t one = 0; one < 2 && 2 * pair + one < channels; ++one) {
      const int32_t *q = p + 2 + 3 * one;
      y[pixel * channels + 2 * pair + one] =
          (int8_t)requantized(sums[one], CONST_INT32(q, 0), CONST_INT32(q, 1), CONST_INT32(q, 2), how);
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
GEMM_TILED(fast, int16) GEMM_TILED(signed, int16) GEMM_PATCHED(int16)
