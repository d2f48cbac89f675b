// Dense layers: an input of int8 with four units at a time.
//
// Weights are [four units][four inputs] of four words: {a0, b0, a2, b2}, {c0, d0, c2, d2} and the same of inputs 1 and 3;
// as int16, of eight: {a0, a2}, {b0, b2}, {c0, c2}, {d0, d2} and so on; joint, as in gemm.h, {a0 + 256 b0, a2 + 256 b2}
// and so on, the biases too. For each four units there are 16 numbers: biases,
// then multiplier, addend and shift of each.
#define DENSE_PARAMETERS 16

#if KERNEL_DSP
// In the loop: r0 input, r1 weights, r2 and r3 inputs, r4 to r7 sums, r8 to r11 weights, lr where the input ends.
// On the stack: 0 input and 4 its end, 8 parameters, 12 where the loop is entered; 52 fours of units, 56 output.
#define DENSE_STEP_BYTES_int8 "80"
#define DENSE_STEP_BYTES_joint "64"
#define DENSE_STEP_BYTES_int16 "52"
#define DENSE_ADD(x, w, a, b) "sxtb16 r12, " w "\n smlad " a ", " x ", r12, " a "\n sxtb16 " w ", " w ", ror #8\n smlad " \
  b ", " x ", " w ", " b "\n"
#define DENSE_INPUT "ldr r3, [r0], #4\n ldmia r1!, {r8-r11}\n sxtb16 r2, r3\n sxtb16 r3, r3, ror #8\n"
#define DENSE_STEP_int8 DENSE_INPUT DENSE_ADD("r2", "r8", "r4", "r5") DENSE_ADD("r2", "r9", "r6", "r7") \
  DENSE_ADD("r3", "r10", "r4", "r5") DENSE_ADD("r3", "r11", "r6", "r7")
#define DENSE_ADD_JOINT(x, w, a, b) \
  "sxtb16 r12, " w "\n smlad " b ", " x ", " w ", " b "\n smlad " a ", " x ", r12, " a "\n"
#define DENSE_STEP_joint DENSE_INPUT DENSE_ADD_JOINT("r2", "r8", "r4", "r5") DENSE_ADD_JOINT("r2", "r9", "r6", "r7") \
  DENSE_ADD_JOINT("r3", "r10", "r4", "r5") DENSE_ADD_JOINT("r3", "r11", "r6", "r7")
#define DENSE_FOUR(x) "smlad r4, " x ", r8, r4\n smlad r5, " x ", r9, r5\n smlad r6, " x ", r10, r6\n smlad r7, " x \
  ", r11, r7\n"
#define DENSE_STEP_int16 DENSE_INPUT DENSE_FOUR("r2") "ldmia r1!, {r8-r11}\n" DENSE_FOUR("r3")
#define DENSE_END_fast(a) \
  "ldmia r0!, {r8, r9, r10}\n add " a ", " a ", " a "\n smmlar " a ", " a ", r8, r9\n asr " a ", " a ", r10\n ssat " a \
  ", #8, " a "\n"
#define DENSE_END_signed(a) \
  "ldmia r0!, {r8, r9, r10}\n add " a ", " a ", " a "\n smmlar r8, " a ", r8, r9\n add " a ", r8, " a \
  ", asr #31\n asr " a ", " a ", r10\n ssat " a ", #8, " a "\n"
#define DENSE_APART_int8
#define DENSE_APART_int16
#define DENSE_APART_joint "sub r5, r5, r4\n sub r7, r7, r6\n asr r5, r5, #8\n asr r7, r7, #8\n"
#define DENSE(how, weights) \
  __attribute__((naked, noinline, unused)) static void dense_4_##how##_##weights( \
      const int8_t *x, const int32_t *w, const int32_t *parameters, int32_t steps, int32_t fours, int8_t *y) { \
    __asm volatile( \
        "push {r4-r11, lr}\n sub sp, sp, #16\n add lr, r0, r3, lsl #2\n str r0, [sp]\n str lr, [sp, #4]\n" \
        "rsb r4, r3, #0\n and r4, r4, #3\n mov r5, #" DENSE_STEP_BYTES_##weights "\n mul r4, r4, r5\n adr r5, 2f\n" \
        "add r4, r4, r5\n add r4, r4, #1\n str r4, [sp, #12]\n mov r3, r2\n" \
        "1: ldmia r3!, {r4-r7}\n ldrd r0, lr, [sp]\n str r3, [sp, #8]\n ldr pc, [sp, #12]\n .balign 4\n" \
        "2: .rept 4\n" DENSE_STEP_##weights ".endr\n cmp r0, lr\n bne 2b\n ldr r0, [sp, #8]\n" DENSE_APART_##weights \
        DENSE_END_##how("r4") DENSE_END_##how("r5") DENSE_END_##how("r6") DENSE_END_##how("r7") \
        "ldr r8, [sp, #56]\n ldr r9, [sp, #52]\n bfi r4, r5, #8, #8\n bfi r4, r6, #16, #8\n bfi r4, r7, #24, #8\n" \
        "mov r3, r0\n str r4, [r8], #4\n subs r9, r9, #1\n str r8, [sp, #56]\n str r9, [sp, #52]\n bne 1b\n" \
        "add sp, sp, #16\n pop {r4-r11, pc}\n"); \
  }
DENSE(fast, int8) DENSE(signed, int8) DENSE(fast, joint) DENSE(signed, joint) DENSE(fast, int16) DENSE(signed, int16)
#endif

// The units 4 * four and after, as many as there are up to four.
KERNEL_INLINE void dense_four(const int8_t *x, const int32_t *w, const int32_t *parameters, int32_t steps, int32_t four,
                              int32_t units, int8_t *y, enum requantization how, enum kernel_weights weights) {
  const int32_t *p = parameters + DENSE_PARAMETERS * four;
  int32_t sums[4];
  for (int32_t unit = 0; unit < 4; ++unit) sums[unit] = CONST_INT32(p, unit);
  w += four * steps * (weights == WEIGHTS_int16 ? 8 : 4);
  for (int32_t step = 0; step < steps; ++step, x += 4) {
    const int32_t word = load_word(x);
    const int32_t inputs[2] = {even_bytes(word), odd_bytes(word)};
    for (int32_t i = 0; i < 2; ++i) {
      for (int32_t unit = 0; unit < 4; unit += 2) {
        const int32_t first = CONST_INT32(w, 0);
        ++w;
        if (weights == WEIGHTS_int16) {
          sums[unit] = multiply_halves_add(inputs[i], first, sums[unit]);
          sums[unit + 1] = multiply_halves_add(inputs[i], CONST_INT32(w, 0), sums[unit + 1]);
          ++w;
        } else {
          sums[unit] = multiply_even_add(inputs[i], first, sums[unit]);
          sums[unit + 1] = weights == WEIGHTS_joint ? multiply_halves_add(inputs[i], first, sums[unit + 1])
                                                    : multiply_odd_add(inputs[i], first, sums[unit + 1]);
        }
      }
    }
  }
  if (weights == WEIGHTS_joint) {
    for (int32_t unit = 0; unit < 4; unit += 2) {
      sums[unit + 1] = (int32_t)((uint32_t)sums[unit + 1] - (uint32_t)sums[unit]) >> 8;
    }
  }
  for (int32_t unit = 0; unit < 4 && 4 * four + unit < units; ++unit) {
    const int32_t *q = p + 4 + 3 * unit;
    y[4 * four + unit] = (int8_t)requantized((int32_t)((uint32_t)sums[unit] * 2), CONST_INT32(q, 0), CONST_INT32(q, 1),
                                             CONST_INT32(q, 2), how);
  }
}

#define DENSE_PORTABLE(how, weights) \
  for (int32_t four = 0; 4 * four < units; ++four) { \
    dense_four(x, w, parameters, steps, four, units, y, REQUANTIZE_##how, WEIGHTS_##weights); \
  }
#if KERNEL_DSP
#define DENSE_UNITS(how, weights) \
  const int32_t fours = units >> 2; \
  if (fours > 0) dense_4_##how##_##weights(x, w, parameters, steps, fours, y); \
  if (units & 3) dense_four(x, w, parameters, steps, fours, units, y, REQUANTIZE_##how, WEIGHTS_##weights);
// Most units as in the signed way; then the fours again that have one of the others.
#define DENSE_PATCHED(how, weights) \
  DENSE_UNITS(signed, weights) \
  for (int32_t four = 0; 4 * four < units; ++four) { \
    const int32_t *p = parameters + DENSE_PARAMETERS * four; \
    if (is_general(p[6]) || is_general(p[9]) || is_general(p[12]) || is_general(p[15])) { \
      dense_four(x, w, parameters, steps, four, units, y, REQUANTIZE_##how, WEIGHTS_##weights); \
    } \
  }
#else
#define DENSE_UNITS DENSE_PORTABLE
#define DENSE_PATCHED DENSE_PORTABLE
#endif

// kernel_dense_<how>_<weights>: one input, of 4 * steps elements.
#define KERNEL_DENSE(units_of, how, weights) \
  KERNEL_FUNCTION void kernel_dense_##how##_##weights(const int8_t *x, const int32_t *w, const int32_t *parameters, \
                                                      int8_t *y, int32_t steps, int32_t units, int32_t low, \
                                                      int32_t high) { \
    units_of(how, weights) \
    clamp_bytes(y, units, low, high); \
  }
KERNEL_DENSE(DENSE_UNITS, fast, int8) KERNEL_DENSE(DENSE_UNITS, signed, int8) KERNEL_DENSE(DENSE_PATCHED, general, int8)
KERNEL_DENSE(DENSE_UNITS, fast, joint) KERNEL_DENSE(DENSE_UNITS, signed, joint)
KERNEL_DENSE(DENSE_PATCHED, general, joint)
KERNEL_DENSE(DENSE_UNITS, fast, int16) KERNEL_DENSE(DENSE_UNITS, signed, int16)
KERNEL_DENSE(DENSE_PATCHED, general, int16)
