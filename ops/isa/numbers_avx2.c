/* Sixteen bytes of a cell at once: a shuffle brings the digits before the mark to the end
 * of the lower half and those behind it to the end of the upper half, and three multiply-
 * and-add steps make an integer of each (after Mula and Lemire, "Parsing series of
 * integers with SIMD", 2023). */
#include "ops/isa/numbers.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi")))

/* Where byte k of each half comes from, for `w` digits before the mark and `p` behind it;
 * 0x80: a zero. */
#define NONE          0x80
#define LOW(w, k)     ((k) < 8 - (w) ? NONE : (k) - 8 + (w))
#define HIGH(w, p, k) ((k) < 8 - (p) ? NONE : (k) - 8 + (w) + 1 + (p))
#define MASK(w, p)                                                                       \
    {LOW(w, 0),     LOW(w, 1),     LOW(w, 2),     LOW(w, 3),                             \
     LOW(w, 4),     LOW(w, 5),     LOW(w, 6),     LOW(w, 7),                             \
     HIGH(w, p, 0), HIGH(w, p, 1), HIGH(w, p, 2), HIGH(w, p, 3),                         \
     HIGH(w, p, 4), HIGH(w, p, 5), HIGH(w, p, 6), HIGH(w, p, 7)}
#define MASKS(w)                                                                         \
    {MASK(w, 0), MASK(w, 1), MASK(w, 2), MASK(w, 3), MASK(w, 4),                         \
     MASK(w, 5), MASK(w, 6), MASK(w, 7), MASK(w, 8)}

static const uint8_t masks[9][9][16] = {MASKS(0), MASKS(1), MASKS(2), MASKS(3), MASKS(4),
                                        MASKS(5), MASKS(6), MASKS(7), MASKS(8)};
static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};

/* The two halves as integers, in the lower two of four 32-bit lanes; *bad: not all
 * their bytes are digits. */
TARGET static inline __m128i two_integers(__m128i digits, size_t whole, size_t places,
                                          bool *bad) {
    __m128i mask = _mm_loadu_si128((const __m128i *)(const void *)masks[whole][places]);
    digits = _mm_shuffle_epi8(digits, mask);
    __m128i nines = _mm_set1_epi8(9);
    __m128i small = _mm_cmpeq_epi8(_mm_max_epu8(digits, nines), nines);
    *bad = _mm_movemask_epi8(small) != 0xFFFF;
    __m128i twos = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A)); /* 10, 1 */
    __m128i fours = _mm_madd_epi16(twos, _mm_set1_epi32(0x00010064)); /* 100, 1 */
    __m128i packed = _mm_packus_epi32(fours, fours);
    return _mm_madd_epi16(packed, _mm_set1_epi32(0x00012710)); /* 10000, 1 */
}

TARGET static inline __m128i load_digits(const char *p, __m128i *bytes) {
    *bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    return _mm_sub_epi8(*bytes, _mm_set1_epi8('0'));
}

TARGET static size_t ints(const at_number_cells *cells, size_t from, size_t to,
                          int64_t *out) {
    for (; from < to; from++) {
        size_t length;
        const char *p = at_number_cell(cells, from, &length);
        size_t negative = *p == '-', n = length - negative;
        p += negative;
        if (length == 0 || n - 1 >= 8)
            break;
        bool bad;
        __m128i bytes;
        __m128i pair = two_integers(load_digits(p, &bytes), n, 0, &bad);
        if (bad | ((*p == '0') & (length > 1)))
            break;
        int64_t value = _mm_cvtsi128_si32(pair), sign = -(int64_t)negative;
        out[from] = (value ^ sign) - sign;
    }
    return from;
}

/* Sixteen bytes with a mark among them are at most 15 digits: below 2^53. */
TARGET static size_t reals(const at_number_cells *cells, size_t from, size_t to,
                           double *out) {
    const __m128i decimal = _mm_set1_epi8(cells->decimal);
    for (; from < to; from++) {
        size_t length;
        const char *p = at_number_cell(cells, from, &length);
        size_t negative = *p == '-', n = length - negative;
        p += negative;
        if (length == 0 || n - 1 >= 16)
            break;
        __m128i bytes, digits = load_digits(p, &bytes);
        unsigned points = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, decimal));
        size_t whole = _tzcnt_u32(points | 1u << n);
        size_t places = n - whole - (n > whole);
        if ((whole - 1 >= 8) | (places > 8))
            break;
        bool bad;
        __m128d pair = _mm_cvtepi32_pd(two_integers(digits, whole, places, &bad));
        double power = powers[places];
        double all =
            _mm_cvtsd_f64(pair) * power + _mm_cvtsd_f64(_mm_unpackhi_pd(pair, pair));
        if (bad | ((*p == '0') & (whole > 1)))
            break;
        __m128d sign = _mm_castsi128_pd(_mm_cvtsi64_si128((int64_t)(negative << 63)));
        _mm_store_sd(&out[from], _mm_or_pd(_mm_set_sd(all / power), sign));
    }
    return from;
}

const at_numbers at_numbers_avx2 = {ints, reals};
#else
typedef int at_numbers_no_avx2;
#endif
