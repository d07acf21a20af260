#include "ops/isa/pixels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET       __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define LANES        16
#define WIDEN(p)     ((ints)_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)(p))))
#define NARROW(p, v) narrow(p, (__m512i)(v))
#define LEAST(a, b)  ((floats)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define MOST(a, b)   ((floats)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define KERNELS      at_pixels_avx512

TARGET static inline void narrow(uint8_t *p, __m512i v) {
    __m512i positive = _mm512_max_epi32(v, _mm512_setzero_si512());
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtusepi32_epi8(positive));
}

#include "ops/isa/pixels_template.h"
#else
typedef int at_pixels_no_avx512;
#endif
