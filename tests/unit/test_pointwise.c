/* Pointwise kernels: every ISA against the scalar form, on planes of many sizes whose
 * surroundings must stay as they were; of floats and of bfloat16. */
#include "unit.h"

#include "ops/base/rng.h"
#include "ops/isa/bf16.h"
#include "ops/isa/isa.h"
#include "ops/isa/pointwise.h"

#include <math.h>

enum { SIDE = 12, FLOATS = SIDE * SIDE * 16, BUFFERS = 6, VECTORS = 5 };

/* Arrays that a kernel works on: maps, the last one vectors of floats; `bytes` is what a
 * pool took. */
typedef struct desk {
    int pixel; /* words of a pixel */
    _Alignas(64) float f[BUFFERS][FLOATS];
    _Alignas(64) double d[64];
    uint8_t bytes[FLOATS];
} desk;

static at_rng rng;

static void fill(desk *it, int pixel, uint64_t seed) {
    it->pixel = pixel;
    at_rng_init(&rng, seed);
    for (int b = 0; b < BUFFERS; b++)
        for (int i = 0; i < FLOATS; i++)
            if (pixel == 8 && b < VECTORS) {
                at_bf16_set(it->f[b] + i, 0, (float)at_rng_normal(&rng));
                at_bf16_set(it->f[b] + i, 1, (float)at_rng_normal(&rng));
            } else {
                it->f[b][i] = (float)at_rng_normal(&rng);
            }
    for (int i = 0; i < 64; i++)
        it->d[i] = at_rng_normal(&rng);
    for (int i = 0; i < FLOATS; i++)
        it->bytes[i] = (uint8_t)at_rng_below(&rng, 9);
}

/* A plane in buffer b, one pixel in from the edges: what is around it is guarded. */
static at_view plane(desk *it, int b) {
    return (at_view){it->f[b] + (SIDE + 1) * it->pixel, (size_t)(SIDE * it->pixel)};
}

/* Of bfloat16: alike but for the last rounding. */
static void same_halves(const float *a, const float *b, const char *what,
                        const char *isa) {
    for (size_t i = 0; i < 2 * (size_t)FLOATS; i++) {
        float x = at_bf16_get(a, i), y = at_bf16_get(b, i);
        if (!(fabsf(x - y) <= 8e-3F * fabsf(x) + 2e-5F))
            fail_msg("%s %s: [%zu]: %g, scalar %g", isa, what, i, (double)y, (double)x);
    }
}

/* Everything alike within `off`, the surroundings to the bit. */
static void same(const desk *a, const desk *b, const char *what, const char *isa) {
    for (int k = 0; a->pixel == 8 && k < VECTORS; k++)
        same_halves(a->f[k], b->f[k], what, isa);
    for (int k = a->pixel == 8 ? VECTORS : 0; k < BUFFERS; k++)
        for (int i = 0; i < FLOATS; i++)
            if (!(fabsf(a->f[k][i] - b->f[k][i]) <= 2e-5F * (1 + fabsf(a->f[k][i]))))
                fail_msg("%s %s: buffer %d [%d]: %g, scalar %g", isa, what, k, i,
                         (double)b->f[k][i], (double)a->f[k][i]);
    for (int i = 0; i < 64; i++)
        if (!(fabs(a->d[i] - b->d[i]) <= 1e-4 * (1 + fabs(a->d[i]))))
            fail_msg("%s %s: sum %d: %g, scalar %g", isa, what, i, b->d[i], a->d[i]);
    if (memcmp(a->bytes, b->bytes, sizeof a->bytes) != 0)
        fail_msg("%s %s: other taps", isa, what);
}

/* A kernel's call: on `it`, for planes of h x w, in variant `v` of `variants`. */
typedef struct kernel_case {
    const char *name;
    int variants;
    void (*call)(const at_pointwise *kernels, desk *it, int32_t h, int32_t w, int v);
} kernel_case;

static void call_sums(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                      int v) {
    (void)v;
    kernels->sums(plane(it, 0), h, w, it->d);
}

static at_norm norm_of(desk *it, int32_t h, int32_t w) {
    return (at_norm){.h = h,
                     .w = w,
                     .x = plane(it, 0),
                     .y = plane(it, 1),
                     .dy = plane(it, 2),
                     .dx = plane(it, 3),
                     .scale = it->f[5],
                     .shift = it->f[5] + 16,
                     .mean = it->f[5] + 32,
                     .slope = it->f[5] + 48,
                     .offset = it->f[5] + 64,
                     .sums = it->d};
}

static void call_norm(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                      int v) {
    at_norm norm = norm_of(it, h, w);
    norm.relu = v & 1;
    norm.stream = v & 2;
    if (v & 4)
        norm.add = plane(it, 4);
    kernels->norm(&norm);
}

static void call_norm_sums(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                           int v) {
    at_norm norm = norm_of(it, h, w);
    norm.mask = (at_mask)v;
    kernels->norm_sums(&norm);
}

static void call_norm_back(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                           int v) {
    at_norm norm = norm_of(it, h, w);
    norm.mask = v & 1 ? AT_MASK_INPUT : AT_MASK_NONE;
    norm.accumulate = v & 2;
    norm.stream = v & 4;
    if (v & 8)
        norm.dx = norm.dy;
    kernels->norm_back(&norm);
}

static void call_add(const at_pointwise *kernels, desk *it, int32_t h, int32_t w, int v) {
    kernels->add(plane(it, 0), plane(it, 1), v & 1 ? plane(it, 2) : (at_view){0}, h, w,
                 v & 2);
}

static void call_relu_back(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                           int v) {
    kernels->relu_back(plane(it, 0), plane(it, v & 2 ? 0 : 1), plane(it, 2), h, w, v & 1);
}

/* From h x w to what a window of 1 to 3, a stride of 1 or 2 and a pad make of it. */
static bool pool_of(desk *it, int32_t h, int32_t w, int v, at_pool2d *pool) {
    *pool = (at_pool2d){.h = h,
                        .w = w,
                        .kernel = 1 + v % 3,
                        .stride = 1 + v / 3 % 2,
                        .pad = v % 3 / 2,
                        .x = plane(it, 0),
                        .y = plane(it, 1),
                        .taken = it->bytes};
    if (h + 2 * pool->pad < pool->kernel || w + 2 * pool->pad < pool->kernel)
        return false;
    pool->rows = (h + 2 * pool->pad - pool->kernel) / pool->stride + 1;
    pool->columns = (w + 2 * pool->pad - pool->kernel) / pool->stride + 1;
    return true;
}

static void call_max_pool(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                          int v) {
    at_pool2d pool;
    if (pool_of(it, h, w, v, &pool))
        kernels->max_pool(&pool);
}

static void call_max_pool_back(const at_pointwise *kernels, desk *it, int32_t h,
                               int32_t w, int v) {
    at_pool2d pool;
    if (!pool_of(it, h, w, v % 6, &pool))
        return;
    pool.accumulate = v >= 6;
    kernels->max_pool_back(&pool);
}

static void call_total(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                       int v) {
    (void)v;
    kernels->total(plane(it, 0), h, w, it->f[VECTORS] + 80);
}

static void call_spread(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                        int v) {
    kernels->spread(plane(it, 0), h, w, it->f[VECTORS] + 80, v & 1);
}

/* h rows of x, w inputs (times 5, so that some are blocks of 16), 2 blocks of outputs. */
static at_dense dense_of(desk *it, int32_t h, int32_t w, int v) {
    int32_t c = w * 5;
    return (at_dense){.rows = h,
                      .c = c,
                      .blocks = 2,
                      .x = it->f[0],
                      .x_row = 128,
                      .x_block = 16,
                      .y = it->f[1],
                      .y_row = 48,
                      .y_block = 16,
                      .w = it->f[2],
                      .bias = v & 1 ? it->f[4] + 16 : NULL,
                      .from = v >> 1 & 1,
                      .to = 2,
                      .accumulate = v & 1};
}

static void call_dense(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                       int v) {
    at_dense dense = dense_of(it, h, w, v);
    kernels->dense(&dense);
}

static void call_dense_data(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                            int v) {
    at_dense dense = dense_of(it, h, w, v);
    dense.to = (dense.c + 15) / 16;
    kernels->dense_data(&dense);
}

static void call_dense_weights(const at_pointwise *kernels, desk *it, int32_t h,
                               int32_t w, int v) {
    at_dense dense = dense_of(it, h, w, v);
    kernels->dense_weights(&dense);
}

static void call_update(const at_pointwise *kernels, desk *it, int32_t h, int32_t w,
                        int v) {
    for (int i = 0; i < FLOATS; i++)
        it->f[3][i] = fabsf(it->f[3][i]);
    at_update update = {.w = it->f[0] + 16,
                        .g = it->f[1] + 16,
                        .m = it->f[v == 3 ? 3 : 2] + 16,
                        .v = it->f[3] + 16,
                        .count = (size_t)(h * w) * 16,
                        .rate = 0.05F,
                        .decay = 0.01F,
                        .momentum = 0.9F,
                        .beta1 = 0.9F,
                        .beta2 = 0.99F,
                        .epsilon = 1e-2F};
    void (*const runs[])(const at_update *) = {kernels->sgd, kernels->nag, kernels->adam,
                                               kernels->rmsprop};
    runs[v](&update);
}

static const kernel_case cases[] = {
    {"sums", 1, call_sums},
    {"norm", 8, call_norm},
    {"norm_sums", 3, call_norm_sums},
    {"norm_back", 16, call_norm_back},
    {"add", 4, call_add},
    {"relu_back", 4, call_relu_back},
    {"max_pool", 6, call_max_pool},
    {"max_pool_back", 12, call_max_pool_back},
    {"total", 1, call_total},
    {"spread", 2, call_spread},
};

static const kernel_case float_cases[] = {
    {"dense", 4, call_dense},
    {"dense_data", 2, call_dense_data},
    {"dense_weights", 4, call_dense_weights},
    {"update", 4, call_update},
};

static void compare(const at_isa *isa, const kernel_case *it, desk *two) {
    const at_isa *scalar = at_isa_named(isa->pixel == 8 ? "scalar_bf16" : "scalar");
    for (int32_t h = 1; h <= 9; h += h < 4 ? 1 : 5)
        for (int32_t w = 1; w <= 9; w++)
            for (int v = 0; v < it->variants; v++) {
                fill(&two[0], isa->pixel, (uint64_t)(h * 100 + w));
                two[1] = two[0];
                it->call(scalar->pointwise, &two[0], h, w, v);
                it->call(isa->pointwise, &two[1], h, w, v);
                same(&two[0], &two[1], it->name, isa->name);
            }
}

static void test_compare(void **state) {
    (void)state;
    desk *two = aligned_alloc(64, 2 * sizeof *two);
    assert_non_null(two);
    for (size_t i = 0; at_isa_at(i); i++) {
        for (size_t c = 0; c < COUNT(cases); c++)
            compare(at_isa_at(i), &cases[c], two);
        for (size_t c = 0; c < COUNT(float_cases); c++)
            compare(at_isa_at(i), &float_cases[c], two);
    }
    free(two);
}

static void test_compare_avx512_bf16(void **state) {
    (void)state;
    const at_isa *isa = at_isa_named("avx512_bf16");
    if (!isa)
        skip();
    desk *two = aligned_alloc(64, 2 * sizeof *two);
    assert_non_null(two);
    for (size_t c = 0; c < COUNT(cases); c++)
        compare(isa, &cases[c], two);
    free(two);
}

/* Ties go to even; what is not a number stays so. */
static void test_rounding(void **state) {
    (void)state;
    const float from[] = {1, 1.00390625F, 1.01171875F, 1.004F, -3e38F, 0};
    const float to[] = {1, 1, 1.015625F, 1.0078125F, -3.004055e38F, 0};
    for (size_t i = 0; i < COUNT(from); i++)
        assert_float_equal(at_bf16_round(from[i]), to[i], 2e-4F * fabsf(to[i]));
    assert_true(isnan(at_bf16_round(NAN)) && isnan(at_bf16_round(-NAN)));
    assert_true(isinf(at_bf16_round(INFINITY)) && isinf(at_bf16_round(3.4e38F)));
}

/* Not a number goes through a ReLU: a loss must show it. */
static void test_not_a_number(void **state) {
    (void)state;
    desk *it = aligned_alloc(64, sizeof *it);
    assert_non_null(it);
    for (size_t i = 0; at_isa_at(i); i++) {
        fill(it, 16, 1);
        plane(it, 0).data[3] = NAN;
        call_norm(at_isa_at(i)->pointwise, it, 1, 1, 1);
        assert_true(isnan(plane(it, 1).data[3]));
        at_isa_at(i)->pointwise->add(plane(it, 2), plane(it, 0), (at_view){0}, 1, 1,
                                     true);
        assert_true(isnan(plane(it, 2).data[3]));
    }
    free(it);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_compare_avx512_bf16),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_not_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
