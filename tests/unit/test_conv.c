/* Convolution: the reference, by hand and by the definition of its adjoints. */
#include "unit.h"

#include "ops/base/rng.h"
#include "ops/nn/conv.h"

#include <math.h>

static const at_conv_shape shapes[] = {
    /*n  c   h   w   k  r  s stride pad */
    {2, 16, 8, 8, 16, 3, 3, 1, 1},  {1, 32, 7, 7, 48, 3, 3, 1, 1},
    {3, 20, 9, 5, 24, 3, 3, 2, 1},  {2, 16, 6, 6, 32, 1, 1, 1, 0},
    {2, 32, 7, 7, 16, 1, 1, 2, 0},  {1, 3, 23, 21, 16, 7, 7, 2, 3},
    {2, 1, 12, 12, 16, 3, 3, 1, 1}, {1, 17, 5, 5, 33, 5, 5, 1, 2},
};

/* One convolution with memory for all three passes. */
typedef struct world {
    at_conv_shape shape;
    at_blocked x, y;
    float *weights;
    void *memory[3];
} world;

static void fill(const at_blocked *map, at_rng *rng) {
    size_t count = (size_t)map->n * (size_t)map->c * (size_t)map->h * (size_t)map->w;
    float *nchw = at_alloc_array(count, sizeof *nchw);
    for (size_t i = 0; i < count; i++)
        nchw[i] = (float)at_rng_normal(rng);
    at_blocked_from_nchw(map, nchw);
    at_free(nchw);
}

static void *aligned(size_t bytes) {
    void *p = aligned_alloc(AT_ALIGN, (bytes + AT_ALIGN) / AT_ALIGN * AT_ALIGN);
    assert_non_null(p);
    memset(p, 0, bytes);
    return p;
}

static at_blocked placed(int32_t n, int32_t c, int32_t h, int32_t w, at_halo halo,
                         void **memory) {
    at_blocked map = at_blocked_plan(n, c, h, w, halo);
    *memory = aligned(at_blocked_bytes(&map));
    return at_blocked_at(&map, *memory);
}

static world build(const at_conv_shape *shape, uint64_t seed) {
    world it = {.shape = *shape};
    at_halo none = {0};
    it.x = placed(shape->n, shape->c, shape->h, shape->w, none, &it.memory[0]);
    it.y = placed(shape->n, shape->k, at_conv_rows(shape), at_conv_columns(shape), none,
                  &it.memory[1]);
    it.memory[2] = it.weights = aligned(at_conv_weights(shape) * sizeof(float));
    at_rng rng;
    at_rng_init(&rng, seed);
    size_t count =
        (size_t)shape->k * (size_t)shape->c * (size_t)shape->r * (size_t)shape->s;
    float *kcrs = at_alloc_array(count, sizeof *kcrs);
    for (size_t i = 0; i < count; i++)
        kcrs[i] = (float)at_rng_normal(&rng);
    at_conv_pack(shape, kcrs, it.weights);
    at_free(kcrs);
    fill(&it.x, &rng);
    fill(&it.y, &rng);
    return it;
}

static void tear_down(world *it) {
    for (size_t i = 0; i < COUNT(it->memory); i++)
        free(it->memory[i]);
}

static double dot(const at_blocked *a, const at_blocked *b) {
    size_t count = (size_t)a->n * (size_t)a->c * (size_t)a->h * (size_t)a->w;
    float *p = at_alloc_array(count, sizeof *p), *q = at_alloc_array(count, sizeof *q);
    at_blocked_to_nchw(a, p);
    at_blocked_to_nchw(b, q);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)p[i] * (double)q[i];
    at_free(p);
    at_free(q);
    return sum;
}

static void run(const at_conv_algorithm *algorithm, const at_conv_call *call) {
    at_conv_needs needs;
    assert_true(algorithm->needs(call->shape, call->isa, call->parts, &needs));
    for (int phase = 0; phase < needs.phases; phase++)
        for (int part = call->parts; part-- > 0;)
            algorithm->run(call, phase, part);
}

/* <conv(x, w), dy> = <x, dx> = <w, dw>: what makes the other two passes the adjoints. */
static void test_reference_adjoints(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        world it = build(&shapes[i], i + 1);
        void *memory[2];
        at_halo none = {0};
        at_blocked out = placed(it.y.n, it.y.c, it.y.h, it.y.w, none, &memory[0]);
        at_blocked dx = placed(it.x.n, it.x.c, it.x.h, it.x.w, none, &memory[1]);
        size_t floats = at_conv_weights(&it.shape);
        float *dw = aligned(floats * sizeof *dw);
        at_conv_call call = {.shape = &it.shape,
                             .isa = at_isa_named("scalar"),
                             .x = it.x,
                             .y = out,
                             .weights = it.weights,
                             .parts = 2};
        run(at_conv_algorithm_named(AT_CONV_FORWARD, "reference"), &call);
        double forward = dot(&out, &it.y);
        call.y = it.y;
        call.gradient = dw;
        run(at_conv_algorithm_named(AT_CONV_WEIGHTS, "reference"), &call);
        call.x = dx;
        run(at_conv_algorithm_named(AT_CONV_DATA, "reference"), &call);
        double data = dot(&dx, &it.x), weights = 0;
        for (size_t k = 0; k < floats; k++)
            weights += (double)dw[k] * (double)it.weights[k];
        double scale = fabs(forward) + 1;
        assert_true(fabs(forward - data) < 1e-4 * scale);
        assert_true(fabs(forward - weights) < 1e-4 * scale);
        free(dw);
        free(memory[0]);
        free(memory[1]);
        tear_down(&it);
    }
}

/* By hand: a 1x3x3 image of 1..9 under a 2x2 kernel of 1, 10, 100, 1000. */
static void test_reference_by_hand(void **state) {
    (void)state;
    at_conv_shape shape = {1, 1, 3, 3, 1, 2, 2, 1, 0};
    world it = build(&shape, 1);
    float image[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, kernel[4] = {1, 10, 100, 1000}, out[4];
    at_blocked_from_nchw(&it.x, image);
    at_conv_pack(&shape, kernel, it.weights);
    at_conv_call call = {
        .shape = &shape, .x = it.x, .y = it.y, .weights = it.weights, .parts = 1};
    run(at_conv_algorithm_named(AT_CONV_FORWARD, "reference"), &call);
    at_blocked_to_nchw(&it.y, out);
    float want[4] = {5421, 6532, 8754, 9865};
    for (int i = 0; i < 4; i++)
        assert_float_equal(out[i], want[i], 0);
    tear_down(&it);
}

static void test_weights_keep_their_place(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        const at_conv_shape *shape = &shapes[i];
        size_t count =
            (size_t)shape->k * (size_t)shape->c * (size_t)shape->r * (size_t)shape->s;
        float *kcrs = at_alloc_array(count, sizeof *kcrs);
        float *back = at_alloc_array(count, sizeof *back);
        float *packed = at_alloc_array(at_conv_weights(shape), sizeof *packed);
        for (size_t k = 0; k < count; k++)
            kcrs[k] = (float)(k + 1);
        at_conv_pack(shape, kcrs, packed);
        at_conv_unpack(shape, packed, back);
        assert_memory_equal(kcrs, back, count * sizeof *kcrs);
        at_free(kcrs);
        at_free(back);
        at_free(packed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_adjoints),
        cmocka_unit_test(test_reference_by_hand),
        cmocka_unit_test(test_weights_keep_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
