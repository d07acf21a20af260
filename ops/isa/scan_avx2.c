#include "ops/isa/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,popcnt")))

TARGET static inline uint64_t equal(__m256i low, __m256i high, __m256i byte) {
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, byte));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, byte));
    return a | (uint64_t)b << 32;
}

TARGET size_t at_scan_avx2(at_scan *scan, const char *text, size_t from, size_t to,
                           uint32_t *out) {
    const __m256i delimiter = _mm256_set1_epi8(scan->delimiter);
    const __m256i newline = _mm256_set1_epi8(scan->newline);
    const __m256i quote = _mm256_set1_epi8((char)scan->quote);
    __m256i all = _mm256_setzero_si256();
    const uint64_t quoting = scan->quote >= 0 ? ~(uint64_t)0 : 0;
    size_t n = 0;
    for (size_t i = from; i < to; i += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(text + i));
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(text + i + 32));
        all = _mm256_or_si256(all, _mm256_or_si256(low, high));
        uint64_t marks =
            at_scan_block(scan, equal(low, high, delimiter), equal(low, high, newline),
                          equal(low, high, quote) & quoting);
        /* Eight at a time, needed or not: the branch on the count is then well predicted.
         */
        size_t count = (size_t)__builtin_popcountll(marks), done = 0;
        while (done < count) {
            for (size_t k = 0; k < 8; k++) {
                out[n + done + k] = (uint32_t)i + (uint32_t)_tzcnt_u64(marks);
                marks = _blsr_u64(marks);
            }
            done += 8;
        }
        n += count;
    }
    scan->wide |= _mm256_movemask_epi8(all) != 0;
    return n;
}
#else
typedef int at_scan_no_avx2;
#endif
