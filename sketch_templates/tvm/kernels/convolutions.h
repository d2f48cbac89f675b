// What generated functions call: kernel_<operator>_<how>_<weights>, for the ways of requantize.h and the weights of gemm.h.
#define KERNEL_CONVOLUTION(how, weights) \
  KERNEL_FUNCTION void kernel_convolution_##how##_##weights( \
      const int8_t *x, const int32_t *shape, const int32_t *w, const int32_t *parameters, int8_t *y, int32_t *scratch) { \
    convolve(x, shape, w, parameters, y, scratch, FILTER_any, gemm_##how##_##weights); \
  } \
  KERNEL_FUNCTION void kernel_colours_##how##_##weights( \
      const int8_t *x, const int32_t *shape, const int32_t *w, const int32_t *parameters, int8_t *y, int32_t *scratch) { \
    convolve(x, shape, w, parameters, y, scratch, FILTER_colours, gemm_##how##_##weights); \
  } \
  KERNEL_FUNCTION void kernel_kept_convolution_##how##_##weights( \
      const int8_t *x, const int32_t *shape, const int32_t *w, const int32_t *parameters, int8_t *y, int32_t *scratch) { \
    convolve_kept(x, shape, w, parameters, y, scratch, gemm_##how##_##weights); \
  }
KERNEL_CONVOLUTION(fast, int8) KERNEL_CONVOLUTION(signed, int8) KERNEL_CONVOLUTION(general, int8)
KERNEL_CONVOLUTION(fast, joint) KERNEL_CONVOLUTION(signed, joint) KERNEL_CONVOLUTION(general, joint)
KERNEL_CONVOLUTION(fast, int16) KERNEL_CONVOLUTION(signed, int16) KERNEL_CONVOLUTION(general, int16)

#define KERNEL_DEPTHWISE(kind, first) \
  KERNEL_FUNCTION void kernel_##kind##_##first(const int8_t *x, const int32_t *shape, const int32_t *numbers, int8_t *y, \
                                               int32_t *scratch) { \
    convolve_rows(x, shape, numbers, NULL, NULL, y, scratch, kind##_##first, NULL); \
  } \
  KERNEL_PAIRS(kind, first, int8) KERNEL_PAIRS(kind, first, joint) KERNEL_PAIRS(kind, first, int16)
#define KERNEL_PAIRS(kind, first, weights) \
  KERNEL_PAIR(kind, first, fast, weights) KERNEL_PAIR(kind, first, signed, weights) \
  KERNEL_PAIR(kind, first, general, weights)
// A depthwise convolution and the pointwise one after it.
#define KERNEL_PAIR(kind, first, how, weights) \
  KERNEL_FUNCTION void kernel_##kind##_pair_##first##_##how##_##weights( \
      const int8_t *x, const int32_t *shape, const int32_t *numbers, const int32_t *w, const int32_t *parameters, \
      int8_t *y, int32_t *scratch) { \
    convolve_rows(x, shape, numbers, w, parameters, y, scratch, kind##_##first, gemm_##how##_##weights); \
  }
KERNEL_DEPTHWISE(depthwise, fast) KERNEL_DEPTHWISE(depthwise, signed) KERNEL_DEPTHWISE(depthwise, general)
KERNEL_DEPTHWISE(planes, fast) KERNEL_DEPTHWISE(planes, signed) KERNEL_DEPTHWISE(planes, general)
