#include "ops/isa/pixels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET       __attribute__((target("avx2")))
#define LANES        8
#define WIDEN(p)     ((ints)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)(p))))
#define NARROW(p, v) narrow(p, (__m256i)(v))
#define LEAST(a, b)  ((floats)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define MOST(a, b)   ((floats)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define KERNELS      at_pixels_avx2

TARGET static inline void narrow(uint8_t *p, __m256i v) {
    __m128i half =
        _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storel_epi64((__m128i *)(void *)p, _mm_packus_epi16(half, half));
}

#include "ops/isa/pixels_template.h"
#else
typedef int at_pixels_no_avx2;
#endif
