// Words of packed numbers: two int16 or four int8. Each of these is one instruction of the DSP extension; the C beside
// it gives the same bits on every other core.
#if defined(__GNUC__)
#define KERNEL_INLINE static inline __attribute__((always_inline, unused))
#define KERNEL_FUNCTION static __attribute__((noinline, unused))
#else
#define KERNEL_INLINE static inline
#define KERNEL_FUNCTION static
#endif
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && defined(__GNUC__) && !defined(KERNEL_PORTABLE)
#define KERNEL_DSP 1
#else
#define KERNEL_DSP 0
#endif

KERNEL_INLINE int32_t load_word(const int8_t *from) {
  int32_t word;
  memcpy(&word, from, sizeof word);
  return word;
}

// The first ``count`` of four bytes, the others 0. Bytes are counted from the low end of a word.
KERNEL_INLINE int32_t load_bytes(const int8_t *from, int32_t count) {
  uint32_t word = 0;
  for (int32_t i = 0; i < count; ++i) word |= (uint32_t)(uint8_t)from[i] << (8 * i);
  return (int32_t)word;
}

#if KERNEL_DSP
#define KERNEL_OF_ONE(name, text) \
  KERNEL_INLINE int32_t name(int32_t a) { int32_t r; __asm(text : "=r"(r) : "r"(a)); return r; }
#define KERNEL_OF_TWO(name, text) \
  KERNEL_INLINE int32_t name(int32_t a, int32_t b) { int32_t r; __asm(text : "=r"(r) : "r"(a), "r"(b)); return r; }
#define KERNEL_OF_THREE(name, text) \
  KERNEL_INLINE int32_t name(int32_t a, int32_t b, int32_t c) { \
    int32_t r; __asm(text : "=r"(r) : "r"(a), "r"(b), "r"(c)); return r; \
  }
KERNEL_OF_ONE(even_bytes, "sxtb16 %0, %1")
KERNEL_OF_ONE(odd_bytes, "sxtb16 %0, %1, ror #8")
KERNEL_OF_ONE(doubled_halves, "sadd16 %0, %1, %1")
KERNEL_OF_ONE(saturated_byte, "ssat %0, #8, %1")
KERNEL_OF_TWO(low_halves, "pkhbt %0, %1, %2, lsl #16")
KERNEL_OF_TWO(high_halves, "pkhtb %0, %2, %1, asr #16")
KERNEL_OF_TWO(add_even_bytes, "sxtab16 %0, %1, %2")
KERNEL_OF_TWO(add_odd_bytes, "sxtab16 %0, %1, %2, ror #8")
KERNEL_OF_THREE(multiply_halves_add, "smlad %0, %1, %2, %3")
KERNEL_INLINE int32_t multiply_even_add(int32_t a, int32_t b, int32_t c) { return multiply_halves_add(a, even_bytes(b), c); }
KERNEL_INLINE int32_t multiply_odd_add(int32_t a, int32_t b, int32_t c) { return multiply_halves_add(a, odd_bytes(b), c); }
KERNEL_OF_THREE(multiply_high_add, "smmlar %0, %1, %2, %3")
KERNEL_OF_THREE(multiply_top_add, "smmla %0, %1, %2, %3")
#else
KERNEL_INLINE int32_t halves(int32_t low, int32_t high) {
  return (int32_t)(((uint32_t)low & 0xffffu) | (uint32_t)high << 16);
}
KERNEL_INLINE int32_t low_half(int32_t a) { return (int16_t)(uint16_t)((uint32_t)a & 0xffffu); }
KERNEL_INLINE int32_t high_half(int32_t a) { return (int16_t)(uint16_t)((uint32_t)a >> 16); }
KERNEL_INLINE int32_t byte_of(int32_t a, int32_t place) { return (int8_t)(uint8_t)((uint32_t)a >> (8 * place)); }
KERNEL_INLINE int32_t even_bytes(int32_t a) { return halves(byte_of(a, 0), byte_of(a, 2)); }
KERNEL_INLINE int32_t odd_bytes(int32_t a) { return halves(byte_of(a, 1), byte_of(a, 3)); }
KERNEL_INLINE int32_t doubled_halves(int32_t a) { return halves(2 * low_half(a), 2 * high_half(a)); }
KERNEL_INLINE int32_t saturated_byte(int32_t a) { return a < -128 ? -128 : a > 127 ? 127 : a; }
KERNEL_INLINE int32_t low_halves(int32_t a, int32_t b) { return halves(a, b); }
KERNEL_INLINE int32_t high_halves(int32_t a, int32_t b) { return halves(high_half(a), high_half(b)); }
KERNEL_INLINE int32_t add_even_bytes(int32_t a, int32_t b) {
  return halves(low_half(a) + byte_of(b, 0), high_half(a) + byte_of(b, 2));
}
KERNEL_INLINE int32_t add_odd_bytes(int32_t a, int32_t b) {
  return halves(low_half(a) + byte_of(b, 1), high_half(a) + byte_of(b, 3));
}
KERNEL_INLINE int32_t multiply_halves_add(int32_t a, int32_t b, int32_t c) {
  const uint32_t low = (uint32_t)(low_half(a) * low_half(b)), high = (uint32_t)(high_half(a) * high_half(b));
  return (int32_t)((uint32_t)c + low + high);
}
// Without the halves between, which would be put together and taken apart again.
KERNEL_INLINE int32_t multiply_even_add(int32_t a, int32_t b, int32_t c) {
  const uint32_t low = (uint32_t)(low_half(a) * byte_of(b, 0)), high = (uint32_t)(high_half(a) * byte_of(b, 2));
  return (int32_t)((uint32_t)c + low + high);
}
KERNEL_INLINE int32_t multiply_odd_add(int32_t a, int32_t b, int32_t c) {
  const uint32_t low = (uint32_t)(low_half(a) * byte_of(b, 1)), high = (uint32_t)(high_half(a) * byte_of(b, 3));
  return (int32_t)((uint32_t)c + low + high);
}
KERNEL_INLINE int32_t multiply_high_add(int32_t a, int32_t b, int32_t c) {
  const int64_t high = ((int64_t)a * b + INT64_C(0x80000000)) >> 32;
  return (int32_t)((uint32_t)(int32_t)high + (uint32_t)c);
}
KERNEL_INLINE int32_t multiply_top_add(int32_t a, int32_t b, int32_t c) {
  return (int32_t)((uint32_t)(int32_t)(((int64_t)a * b) >> 32) + (uint32_t)c);
}
#endif
