// ADD of two tensors of the same shape. TFLite brings both to twice the larger scale, 20 bits to the left, and the sum to
// the scale of the output. The term of the larger scale is halved by that, and so is exact; it is the first one here.
struct add_numbers {
  int32_t first, second;             // what zero points come to, in the place of the terms
  int32_t multiplier, half, sign, shift;  // of the second term: 2^(shift - 1) and -1, both 0 where nothing is rounded
  int32_t sum_multiplier, sum_addend, sum_shift;  // as in the signed way of requantize.h
  int32_t low, high;
};

KERNEL_INLINE int32_t sum_of(int32_t a, int32_t b, const struct add_numbers *n) {
  const int32_t second = (int32_t)((uint32_t)b << 21) + n->second;
  const int32_t rounded = (multiply_high_add(second, n->multiplier, n->half) + (second >> 31 & n->sign)) >> n->shift;
  const int32_t twice = (int32_t)((uint32_t)a << 20) + n->first + 2 * rounded;
  return saturated_byte((multiply_high_add(twice, n->sum_multiplier, n->sum_addend) + (twice >> 31)) >> n->sum_shift);
}

KERNEL_FUNCTION void kernel_add(const int8_t *x0, const int8_t *x1, const int32_t *numbers, int8_t *y, int32_t count) {
  const struct add_numbers n = {
      CONST_INT32(numbers, 0), CONST_INT32(numbers, 1), CONST_INT32(numbers, 2), CONST_INT32(numbers, 3),
      CONST_INT32(numbers, 4), CONST_INT32(numbers, 5), CONST_INT32(numbers, 6), CONST_INT32(numbers, 7),
      CONST_INT32(numbers, 8), CONST_INT32(numbers, 9), CONST_INT32(numbers, 10),
  };
  for (int32_t i = 0; i < count; ++i) y[i] = (int8_t)sum_of(x0[i], x1[i], &n);
  clamp_bytes(y, count, n.low, n.high);
}
