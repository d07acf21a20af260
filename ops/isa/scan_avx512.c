#include "ops/isa/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt")))

TARGET size_t at_scan_avx512(at_scan *scan, const char *text, size_t from, size_t to,
                             uint32_t *out) {
    const __m512i delimiter = _mm512_set1_epi8(scan->delimiter);
    const __m512i newline = _mm512_set1_epi8(scan->newline);
    const __m512i quote = _mm512_set1_epi8((char)scan->quote);
    const uint64_t quoting = scan->quote >= 0 ? ~(uint64_t)0 : 0;
    char numbers[64];
    for (int k = 0; k < 64; k++)
        numbers[k] = (char)k;
    const __m512i places = _mm512_loadu_si512(numbers);
    __m512i all = _mm512_setzero_si512();
    size_t n = 0;
    for (size_t i = from; i < to; i += 64) {
        __m512i block = _mm512_loadu_si512(text + i);
        all = _mm512_or_si512(all, block);
        uint64_t marks = at_scan_block(scan, _mm512_cmpeq_epi8_mask(block, delimiter),
                                       _mm512_cmpeq_epi8_mask(block, newline),
                                       _mm512_cmpeq_epi8_mask(block, quote) & quoting);
        size_t count = (size_t)__builtin_popcountll(marks);
        __m512i found = _mm512_maskz_compress_epi8(marks, places);
        __m512i base = _mm512_set1_epi32((int)i);
        for (size_t done = 0; done < count; done += 16) {
            __m512i four = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(found));
            _mm512_storeu_si512(out + n + done, _mm512_add_epi32(four, base));
            found = _mm512_shuffle_i32x4(found, found, 0x39); /* the next 16 bytes down */
        }
        n += count;
    }
    scan->wide |= _mm512_movepi8_mask(all) != 0;
    return n;
}
#else
typedef int at_scan_no_avx512;
#endif
