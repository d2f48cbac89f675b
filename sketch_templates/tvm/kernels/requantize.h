// Sums become int8 again. A sum comes doubled, so that the high half of its product with the multiplier is what gemmlowp's
// rounding doubling multiplication gives. Three ways, of which the compiler takes the first that is exact for a layer:
//   fast     the output is held to its zero point and above, so that halves may be rounded up; rounding and zero point
//            are one number that is added on the way
//   signed   halves are rounded away from zero
//   general  signed for most channels; those with multipliers of 1/2 and above, or beyond an int32, have a shift from
//            GENERAL_SHIFT - 31 on, to the left, and the number is the zero point
enum requantization { REQUANTIZE_fast, REQUANTIZE_signed, REQUANTIZE_general };

#define GENERAL_SHIFT 128

KERNEL_INLINE int is_general(int32_t shift) { return shift >= GENERAL_SHIFT - 31; }

KERNEL_INLINE int32_t requantized(int32_t twice, int32_t multiplier, int32_t added, int32_t shift,
                                  enum requantization how) {
  if (how == REQUANTIZE_general && is_general(shift)) {
    const int32_t scaled = fixed_scale(twice >> 1, multiplier, shift - GENERAL_SHIFT);
    return saturated_byte((int32_t)((uint32_t)scaled + (uint32_t)added));
  }
  const int32_t value = multiply_high_add(twice, multiplier, added);
  return saturated_byte((how != REQUANTIZE_fast ? value + (twice >> 31) : value) >> shift);
}

// The greater one of each two bytes.
KERNEL_INLINE int32_t greater_bytes(int32_t a, int32_t b) {
#if KERNEL_DSP
  int32_t found;
  __asm("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(found) : "r"(a), "r"(b));
  return found;
#else
  uint32_t found = 0;
  for (int32_t i = 0; i < 4; ++i) {
    const int32_t left = byte_of(a, i), right = byte_of(b, i);
    found |= (uint32_t)(uint8_t)(left > right ? left : right) << (8 * i);
  }
  return (int32_t)found;
#endif
}

// Holds four bytes, or two halves, to limits that are given as often.
KERNEL_INLINE int32_t clamped_bytes(int32_t word, int32_t low, int32_t high) {
#if KERNEL_DSP
  int32_t unused;
  __asm("ssub8 %1, %0, %2\n\tsel %0, %0, %2\n\tssub8 %1, %3, %0\n\tsel %0, %0, %3"
        : "+r"(word), "=&r"(unused) : "r"(low), "r"(high));
  return word;
#else
  uint32_t found = 0;
  for (int32_t i = 0; i < 4; ++i) {
    const int32_t byte = byte_of(word, i), least = byte_of(low, 0), most = byte_of(high, 0);
    found |= (uint32_t)(uint8_t)(byte < least ? least : byte > most ? most : byte) << (8 * i);
  }
  return (int32_t)found;
#endif
}

KERNEL_INLINE int32_t clamped_halves(int32_t word, int32_t low, int32_t high) {
#if KERNEL_DSP
  int32_t unused;
  __asm("ssub16 %1, %0, %2\n\tsel %0, %0, %2\n\tssub16 %1, %3, %0\n\tsel %0, %0, %3"
        : "+r"(word), "=&r"(unused) : "r"(low), "r"(high));
  return word;
#else
  const int32_t a = low_half(word), b = high_half(word), least = low_half(low), most = low_half(high);
  return halves(a < least ? least : a > most ? most : a, b < least ? least : b > most ? most : b);
#endif
}

// Holds ``count`` bytes to limits; nothing is done where they are all that an int8 can be.
KERNEL_FUNCTION void clamp_bytes(int8_t *y, int32_t count, int32_t low, int32_t high) {
  const int32_t least = (int32_t)((uint32_t)(uint8_t)low * 0x01010101u);
  const int32_t most = (int32_t)((uint32_t)(uint8_t)high * 0x01010101u);
  if (low == -128 && high == 127) return;
  for (; count >= 4; count -= 4, y += 4) {
    const int32_t word = clamped_bytes(load_word(y), least, most);
    memcpy(y, &word, sizeof word);
  }
  for (; count > 0; --count, ++y) *y = (int8_t)(*y < low ? low : *y > high ? high : *y);
}
