// What generated functions call: kernel_<operator>_<how>_<weights>, for the ways of requantize.h and the weights of gemm.h.
#define KERNEL_CONVOLUTION(how, weights) \
  KERNEL_FUNCTION void kernel_convolution_##how##_##weights( \
      const int8_t *x, const int32_t *shape, const int32_t *w, const int32_t *parameters, int8_t *y, int32_t *scratch) { \
    convolve(x, shape, w, parameters, y, scratch, gemm_##how##_##weights); \
  } \
  KERNEL_FUNCTION void kernel_kept_convolution_##how##_##weights( \
      const int8_t *x, const int32_t *shape, const int32_t *w, const int32_t *parameters, int8_t *y, int32_t *scratch) { \
    convolve_kept(x, shape, w, parameters, y, scratch, gemm_##how##_##weights); \
  }
KERNEL_CONVOLUTION(fast, int8) KERNEL_CONVOLUTION(signed, int8) KERNEL_CONVOLUTION(general, int8)
KERNEL_CONVOLUTION(fast, joint) KERNEL_CONVOLUTION(signed, joint) KERNEL_CONVOLUTION(general, joint)
KERNEL_CONVOLUTION(fast, int16) KERNEL_CONVOLUTION(signed, int16) KERNEL_CONVOLUTION(general, int16)

#define KERNEL_DEPTHWISE(first) \
  KERNEL_FUNCTION void kernel_depthwise_##first(const int8_t *x, const int32_t *shape, const int32_t *numbers, int8_t *y, \
                                                int32_t *scratch) { \
    convolve_rows(x, shape, numbers, NULL, NULL, y, scratch, depthwise_##first, NULL); \
  } \
  KERNEL_PAIR(first, fast, int8) KERNEL_PAIR(first, signed, int8) KERNEL_PAIR(first, general, int8) \
  KERNEL_PAIR(first, fast, joint) KERNEL_PAIR(first, signed, joint) KERNEL_PAIR(first, general, joint) \
  KERNEL_PAIR(first, fast, int16) KERNEL_PAIR(first, signed, int16) KERNEL_PAIR(first, general, int16)
// A depthwise convolution and the pointwise one after it.
#define KERNEL_PAIR(first, how, weights) \
  KERNEL_FUNCTION void kernel_pair_##first##_##how##_##weights( \
      const int8_t *x, const int32_t *shape, const int32_t *numbers, const int32_t *w, const int32_t *parameters, \
      int8_t *y, int32_t *scratch) { \
    convolve_rows(x, shape, numbers, w, parameters, y, scratch, depthwise_##first, gemm_##how##_##weights); \
  }
KERNEL_DEPTHWISE(fast) KERNEL_DEPTHWISE(signed) KERNEL_DEPTHWISE(general)
