/* One text for all instruction sets, by the compiler's vectors of 16 floats, which it
 * cuts into what the target has. */
#include "ops/isa/distance.h"
#include "ops/isa/isa.h"

#include <string.h>

typedef float lanes __attribute__((vector_size(64)));

#define INLINE static inline __attribute__((always_inline))

INLINE void one(const float *points, const float *asked, int64_t cols, float *out,
                int products) {
    lanes sum = {0}, p;
    for (int64_t j = 0; j < cols; j++) {
        memcpy(&p, points + j * AT_DISTANCE_LANES, sizeof p);
        lanes off = products ? p : asked[j] - p;
        sum += products ? asked[j] * p : off * off;
    }
    memcpy(out, &sum, sizeof sum);
}

/* Four at once: the block's column is read once for all. */
INLINE void four(const float *points, const float *asked, int64_t cols, float *out,
                 int products) {
    const float *a = asked, *b = a + cols, *c = b + cols, *d = c + cols;
    lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, p;
    for (int64_t j = 0; j < cols; j++) {
        memcpy(&p, points + j * AT_DISTANCE_LANES, sizeof p);
        lanes o0 = products ? p : a[j] - p, o1 = products ? p : b[j] - p;
        lanes o2 = products ? p : c[j] - p, o3 = products ? p : d[j] - p;
        s0 += products ? a[j] * p : o0 * o0;
        s1 += products ? b[j] * p : o1 * o1;
        s2 += products ? c[j] * p : o2 * o2;
        s3 += products ? d[j] * p : o3 * o3;
    }
    memcpy(out, &s0, sizeof s0);
    memcpy(out + AT_DISTANCE_LANES, &s1, sizeof s1);
    memcpy(out + 2 * AT_DISTANCE_LANES, &s2, sizeof s2);
    memcpy(out + 3 * AT_DISTANCE_LANES, &s3, sizeof s3);
}

INLINE void some(const float *points, const float *asked, size_t count, int64_t cols,
                 float *out, int products) {
    if (count == AT_DISTANCE_ASKED)
        four(points, asked, cols, out, products);
    else
        for (size_t i = 0; i < count; i++)
            one(points, asked + (int64_t)i * cols, cols, out + i * AT_DISTANCE_LANES,
                products);
}

#define KERNELS(name, attributes)                                                        \
    attributes static void squares_##name(const float *points, const float *asked,       \
                                          size_t count, int64_t cols, float *out) {      \
        some(points, asked, count, cols, out, 0);                                        \
    }                                                                                    \
    attributes static void products_##name(const float *points, const float *asked,      \
                                           size_t count, int64_t cols, float *out) {     \
        some(points, asked, count, cols, out, 1);                                        \
    }                                                                                    \
    static const at_distance name##_distance = {squares_##name, products_##name};

KERNELS(scalar, )
#if defined(__x86_64__)
KERNELS(avx2, __attribute__((target("avx2"))))
KERNELS(avx512, __attribute__((target("avx512f"))))
#endif

const at_distance *at_distance_named(const char *name) {
#if defined(__x86_64__)
    if (strcmp(name, "avx512") == 0)
        return &avx512_distance;
    if (strcmp(name, "avx2") == 0)
        return &avx2_distance;
#endif
    (void)name;
    return &scalar_distance;
}

const at_distance *at_distance_pick(void) {
    return at_distance_named(at_isa_pick()->name);
}
