// ADD of two tensors of the same shape: both terms come to one scale, are added, and come to that of the output.
struct kernel_term {
  int32_t zero_point, multiplier, shift;
};

// value * multiplier / 2^(31 + shift), rounded twice, halves of the second time away from zero; value is below 2^30.
KERNEL_INLINE int32_t scaled_term(int32_t value, struct kernel_term by) {
  const int32_t half = by.shift > 0 ? INT32_C(1) << (by.shift - 1) : 0, sign = by.shift > 0 ? value >> 31 : 0;
  return (multiply_high_add(2 * value, by.multiplier, half) + sign) >> by.shift;
}

// ``numbers``: zero point, multiplier and shift of both inputs and of the output, then the limits.
KERNEL_FUNCTION void kernel_add(const int8_t *x0, const int8_t *x1, const int32_t *numbers, int8_t *y, int32_t count) {
  struct kernel_term terms[3];
  for (int32_t i = 0; i < 3; ++i) {
    terms[i].zero_point = CONST_INT32(numbers, 3 * i);
    terms[i].multiplier = CONST_INT32(numbers, 3 * i + 1);
    terms[i].shift = CONST_INT32(numbers, 3 * i + 2);
  }
  const struct kernel_term a = terms[0], b = terms[1], out = terms[2];
  const int32_t low = CONST_INT32(numbers, 9), high = CONST_INT32(numbers, 10);
  for (int32_t i = 0; i < count; ++i) {
    const int32_t left = scaled_term((x0[i] - a.zero_point) * (INT32_C(1) << 20), a);
    const int32_t right = scaled_term((x1[i] - b.zero_point) * (INT32_C(1) << 20), b);
    const int32_t sum = scaled_term(left + right, out) + out.zero_point;
    y[i] = (int8_t)(sum < low ? low : sum > high ? high : sum);
  }
}
