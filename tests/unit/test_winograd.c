/* Winograd's kernels on every ISA against the definition of what they compute: a tile is
 * a convolution, the adjoints are adjoint, products are sums in double. The algorithms
 * made of them are driven by the table of test_conv; here only what is theirs alone:
 * borders without halo, both ways to share the work, and the error at full depth. */
#include "unit.h"

#include "ops/base/rng.h"
#include "ops/isa/winograd.h"
#include "ops/nn/conv.h"

#include <math.h>

enum { LANES = 16, WIDE = 9 /* pixels of a row of the little maps */ };

static float *aligned(size_t floats) {
    size_t bytes = (floats * sizeof(float) + AT_ALIGN - 1) / AT_ALIGN * AT_ALIGN;
    float *p = aligned_alloc(AT_ALIGN, bytes);
    assert_non_null(p);
    memset(p, 0, bytes);
    return p;
}

static float *random_floats(size_t floats, uint64_t seed) {
    at_rng rng;
    at_rng_init(&rng, seed);
    float *p = aligned(floats);
    for (size_t i = 0; i < floats; i++)
        p[i] = (float)at_rng_normal(&rng);
    return p;
}

static double dot(const float *a, const float *b, size_t floats) {
    double sum = 0;
    for (size_t i = 0; i < floats; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void assert_near(double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.9g is not %.9g within %g", got, want, tolerance);
}

typedef void (*check)(const at_winograd_kernels *kernels,
                      const at_winograd_transforms *f);

static void each_isa(check run) {
    for (size_t i = 0; at_isa_at(i); i++) {
        const at_winograd_kernels *kernels = at_isa_at(i)->winograd;
        assert_non_null(kernels);
        run(kernels, &kernels->f2);
        run(kernels, &kernels->f4);
    }
}

/* ---- transforms -----------------------------------------------------------------------
 */

static void tile_is_convolution(const at_winograd_kernels *kernels,
                                const at_winograd_transforms *f) {
    const int m = f->tile, n = m + 2;
    const size_t points = (size_t)(n * n), row = WIDE * LANES;
    float *x = random_floats(WIDE * row, 1), *w = random_floats(9 * 256, 2);
    float *v = aligned(points * LANES), *u = aligned(points * 256);
    float *product = aligned(points * LANES), *y = aligned(4 * row);
    f->input(x, row, 1, v, LANES);
    f->weights(w, u, 256);
    for (size_t xi = 0; xi < points; xi++)
        kernels->multiply(v + xi * LANES, 0, u + xi * 256, 0, 1, 1, 1,
                          product + xi * LANES, 0);
    at_winograd_store store = {0};
    f->output(product, LANES, 1, y, row, m, m, &store);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            for (int k = 0; k < LANES; k++) {
                double want = 0;
                for (int r = 0; r < 3; r++)
                    for (int s = 0; s < 3; s++)
                        for (int c = 0; c < LANES; c++)
                            want +=
                                (double)x[(i + r) * WIDE * LANES + (j + s) * LANES + c] *
                                (double)w[((r * 3 + s) * LANES + c) * LANES + k];
                assert_near((double)y[i * WIDE * LANES + j * LANES + k], want, 1e-4);
            }
    free(x), free(w), free(v), free(u), free(product), free(y);
}

static void test_tile_is_convolution(void **state) {
    (void)state;
    each_isa(tile_is_convolution);
}

/* A clipped tile is a whole one with zeros; what is clipped is not read. */
static void clipped(const at_winograd_kernels *kernels, const at_winograd_transforms *f) {
    (void)kernels;
    const int n = f->tile + 2;
    const size_t points = (size_t)(n * n), row = WIDE * LANES, step = 3 * LANES;
    float *v = aligned(points * step), *want = aligned(points * step);
    for (int top = 0; top < 3; top++)
        for (int left = 0; left < 3; left++)
            for (int bottom = 1; bottom <= n; bottom += 2)
                for (int right = 2; right <= n; right++) {
                    float *poisoned = random_floats(WIDE * row, 3);
                    float *zeroed = random_floats(WIDE * row, 3);
                    for (int i = 0; i < WIDE; i++)
                        for (int j = 0; j < WIDE * LANES; j++)
                            if (i < top || i >= bottom || j < left * LANES ||
                                j >= right * LANES) {
                                poisoned[(size_t)i * row + (size_t)j] = NAN;
                                zeroed[(size_t)i * row + (size_t)j] = 0;
                            }
                    f->input(zeroed, row, 1, want, step);
                    f->input_clipped(poisoned, row,
                                     (at_winograd_clip){top, left, bottom, right}, v,
                                     step);
                    for (size_t k = 0; k < points * step; k++)
                        assert_float_equal(v[k], want[k], 0);
                    free(poisoned), free(zeroed);
                }
    free(v), free(want);
}

static void test_clipped_tiles(void **state) {
    (void)state;
    each_isa(clipped);
}

static void adjoints(const at_winograd_kernels *kernels,
                     const at_winograd_transforms *f) {
    (void)kernels;
    enum { COUNT_OF_TILES = 2 };
    const int m = f->tile, n = m + 2;
    const size_t points = (size_t)(n * n), row = WIDE * LANES;
    const size_t step = COUNT_OF_TILES * LANES, floats = 4 * row;
    at_winograd_store store = {0};
    for (int rows = 1; rows <= m; rows++)
        for (int columns = 1; columns <= m; columns++) {
            float *product = random_floats(points * step, 4), *y = aligned(floats);
            float *dy = random_floats(floats, 5), *d = aligned(points * step);
            f->output(product, step, COUNT_OF_TILES, y, row, rows, columns, &store);
            f->output_adjoint(dy, row, rows, columns, COUNT_OF_TILES, d, step);
            assert_near(dot(product, d, points * step), dot(y, dy, floats), 1e-3);
            free(product), free(y), free(dy), free(d);
        }
    const size_t pair = 256, apart = points * pair;
    float *w = random_floats(9 * pair, 6), *u = aligned(points * pair);
    float *du = random_floats(3 * apart, 7), *dw = aligned(9 * pair);
    f->weights(w, u, pair);
    f->weights_adjoint(du, pair, apart, 3, dw);
    double want = 0;
    for (size_t p = 0; p < 3; p++)
        want += dot(u, du + p * apart, apart);
    assert_near(dot(w, dw, 9 * pair), want, 1e-2);
    free(w), free(u), free(du), free(dw);
}

static void test_adjoints(void **state) {
    (void)state;
    each_isa(adjoints);
}

static void turned(const at_winograd_kernels *kernels, const at_winograd_transforms *f) {
    (void)kernels;
    const size_t points = (size_t)((f->tile + 2) * (f->tile + 2));
    float *w = random_floats(9 * 256, 8), *other = aligned(9 * 256);
    float *u = aligned(points * 256), *want = aligned(points * 256);
    for (int tap = 0; tap < 9; tap++)
        for (int c = 0; c < LANES; c++)
            for (int k = 0; k < LANES; k++)
                other[(8 - tap) * 256 + k * LANES + c] = w[tap * 256 + c * LANES + k];
    f->weights(other, want, 256);
    f->weights_turned(w, u, 256);
    assert_memory_equal(u, want, points * 256 * sizeof *u);
    free(w), free(other), free(u), free(want);
}

static void test_turned_weights(void **state) {
    (void)state;
    each_isa(turned);
}

/* Every way to store, beside the plain one; nothing is written past rows and columns. */
static void stores(const at_winograd_kernels *kernels, const at_winograd_transforms *f) {
    (void)kernels;
    const int m = f->tile;
    const size_t points = (size_t)((m + 2) * (m + 2)), row = WIDE * LANES;
    float *product = random_floats(points * LANES, 9), *bias = random_floats(LANES, 10);
    float *add = random_floats(4 * row, 11), *plain = aligned(4 * row);
    for (int option = 0; option < 16; option++)
        for (int rows = 1; rows <= m; rows++)
            for (int columns = 1; columns <= m; columns++) {
                double sums[2][LANES] = {{0}}, want[2][LANES] = {{0}};
                at_winograd_store none = {0}, store = {.relu = option & 1};
                if (option & 2)
                    store.bias = bias;
                if (option & 4)
                    store.add = add, store.add_row = row;
                if (option & 8)
                    store.sums = sums[0], store.squares = sums[1];
                float *y = random_floats(4 * row, 12),
                      *before = random_floats(4 * row, 12);
                f->output(product, LANES, 1, plain, row, m, m, &none);
                f->output(product, LANES, 1, y, row, rows, columns, &store);
                for (size_t i = 0; i < 4 * row; i++) {
                    const int r = (int)(i / row), c = (int)(i % row / LANES);
                    if (r >= rows || c >= columns) {
                        assert_float_equal(y[i], before[i], 0);
                        continue;
                    }
                    float out = plain[i] + (option & 2 ? bias[i % LANES] : 0);
                    out += option & 4 ? add[i] : 0;
                    out = option & 1 && out < 0 ? 0 : out;
                    assert_float_equal(y[i], out, 0);
                    want[0][i % LANES] += (double)out;
                    want[1][i % LANES] += (double)out * (double)out;
                }
                for (size_t lane = 0; (option & 8) && lane < LANES; lane++) {
                    assert_near(sums[0][lane], want[0][lane], 1e-4);
                    assert_near(sums[1][lane], want[1][lane], 1e-3);
                }
                free(y), free(before);
            }
    free(product), free(bias), free(add), free(plain);
}

static void test_stores(void **state) {
    (void)state;
    each_isa(stores);
}

/* ---- products -------------------------------------------------------------------------
 */

typedef struct product {
    int c_blocks, k_blocks, tiles;
} product;

static void assert_multiplies(const at_winograd_kernels *kernels, product of) {
    const size_t c_blocks = (size_t)of.c_blocks, k_blocks = (size_t)of.k_blocks;
    const size_t block = (size_t)(of.tiles + 1) * LANES, weights = c_blocks * 256;
    float *v = random_floats(c_blocks * block, 13);
    float *u = random_floats(k_blocks * weights, 14);
    float *m = random_floats(k_blocks * block, 15),
          *before = random_floats(k_blocks * block, 15);
    kernels->multiply(v, block, u, weights, of.c_blocks, of.k_blocks, of.tiles, m, block);
    for (size_t i = 0; i < k_blocks * block; i++) {
        const size_t t = i % block / LANES, k = i % LANES;
        if ((int)t == of.tiles) {
            assert_float_equal(m[i], before[i], 0);
            continue;
        }
        double want = 0;
        for (size_t c = 0; c < c_blocks * LANES; c++)
            want += (double)v[c / LANES * block + t * LANES + c % LANES] *
                    (double)u[i / block * weights + c * LANES + k];
        assert_near((double)m[i], want, 1e-4);
    }
    free(v), free(u), free(m), free(before);
}

static void assert_correlates(const at_winograd_kernels *kernels, product of) {
    const size_t c_blocks = (size_t)of.c_blocks, k_blocks = (size_t)of.k_blocks;
    const size_t block = (size_t)of.tiles * LANES, weights = c_blocks * 256;
    float *v = random_floats(c_blocks * block, 16),
          *d = random_floats(k_blocks * block, 17);
    float *du = random_floats(k_blocks * weights, 18);
    for (int times = 1; times <= 2; times++) {
        kernels->correlate(v, block, d, block, of.c_blocks, of.k_blocks, of.tiles,
                           times > 1, du, weights);
        for (size_t i = 0; i < k_blocks * weights; i++) {
            const size_t c = i % weights / LANES, k = i % LANES;
            double want = 0;
            for (size_t t = 0; t < (size_t)of.tiles; t++)
                want += (double)v[c / LANES * block + t * LANES + c % LANES] *
                        (double)d[i / weights * block + t * LANES + k];
            assert_near((double)du[i], times * want, 1e-4);
        }
    }
    free(v), free(d), free(du);
}

static void test_products(void **state) {
    (void)state;
    static const product deep[] = {{17, 3, 5}, {16, 2, 7}, {35, 1, 2}};
    for (size_t i = 0; at_isa_at(i); i++) {
        const at_winograd_kernels *kernels = at_isa_at(i)->winograd;
        for (int tiles = 1; tiles <= 2 * 14 + 3; tiles++)
            for (int k = 1; k <= 3; k++) {
                assert_multiplies(kernels, (product){2, k, tiles});
                assert_correlates(kernels, (product){2, k, tiles});
            }
        for (size_t k = 0; k < COUNT(deep); k++) {
            assert_multiplies(kernels, deep[k]);
            assert_correlates(kernels, deep[k]);
        }
    }
}

/* ---- algorithms
 * ------------------------------------------------------------------------ */

typedef struct deep {
    at_conv_shape shape;
    int parts;
    at_halo halo;
} deep;

static at_blocked placed(int32_t n, int32_t c, int32_t h, int32_t w, at_halo halo,
                         float **memory) {
    at_blocked map = at_blocked_plan(n, c, h, w, halo);
    *memory = aligned(at_blocked_bytes(&map) / sizeof(float));
    return at_blocked_at(&map, *memory);
}

static void fill(const at_blocked *map, uint64_t seed) {
    size_t count = (size_t)map->n * (size_t)map->c * (size_t)map->h * (size_t)map->w;
    float *nchw = random_floats(count, seed);
    at_blocked_from_nchw(map, nchw);
    free(nchw);
}

static void run(const at_conv_algorithm *algorithm, at_conv_call *call) {
    at_conv_needs needs;
    assert_true(algorithm->needs(call->shape, call->isa, call->parts, &needs));
    float *prepared = aligned(needs.prepared / sizeof(float) + 1);
    float *scratch = random_floats(needs.scratch / sizeof(float) + 1, 19);
    for (int part = call->parts; algorithm->prepare && part-- > 0;)
        algorithm->prepare(call->shape, call->isa, call->weights, prepared, part,
                           call->parts);
    call->prepared = prepared;
    call->scratch = scratch;
    for (int phase = 0; phase < needs.phases; phase++)
        for (int part = call->parts; part-- > 0;)
            algorithm->run(call, phase, part);
    free(prepared), free(scratch);
}

/* The root mean square of a - b, over that of b. */
static double error_of(const float *a, const float *b, size_t floats) {
    double difference = 0, scale = 0;
    for (size_t i = 0; i < floats; i++) {
        const double d = (double)a[i] - (double)b[i];
        difference += d * d;
        scale += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / scale);
}

/* What a pass writes: a map, halo and all, or the weights' gradient. */
static float *result(const at_conv_algorithm *algorithm, const deep *of,
                     const at_isa *isa, size_t *floats) {
    const at_conv_shape *shape = &of->shape;
    float *memory[2], *out;
    at_blocked x = placed(shape->n, shape->c, shape->h, shape->w, of->halo, &memory[0]);
    at_blocked y = placed(shape->n, shape->k, at_conv_rows(shape), at_conv_columns(shape),
                          of->halo, &memory[1]);
    if (algorithm->pass != AT_CONV_DATA)
        fill(&x, 20);
    if (algorithm->pass != AT_CONV_FORWARD)
        fill(&y, 21);
    const size_t weights = at_conv_weights(shape);
    const size_t dense = (size_t)shape->k * (size_t)shape->c * 9;
    float *kcrs = random_floats(dense, 22), *packed = aligned(weights);
    float *gradient = random_floats(weights, 23);
    at_conv_pack(shape, kcrs, packed);
    at_conv_call call = {.shape = shape,
                         .isa = isa,
                         .x = x,
                         .y = y,
                         .weights = packed,
                         .gradient = gradient,
                         .parts = of->parts};
    run(algorithm, &call);
    if (algorithm->pass == AT_CONV_WEIGHTS) {
        *floats = weights;
        out = gradient, gradient = NULL;
    } else {
        const int place = algorithm->pass == AT_CONV_FORWARD;
        *floats = at_blocked_bytes(place ? &y : &x) / sizeof(float);
        out = memory[place], memory[place] = NULL;
    }
    free(memory[0]), free(memory[1]), free(kcrs), free(packed), free(gradient);
    return out;
}

static double bound_of(const at_conv_algorithm *algorithm) {
    if (algorithm->pass == AT_CONV_WEIGHTS)
        return 4.5e-6;
    return strcmp(algorithm->name, "winograd2") == 0 ? 6e-7 : 2e-6;
}

static void test_algorithms(void **state) {
    (void)state;
    static const deep cases[] = {
        /* n   c   h   w   k  r  s stride pad, parts, halo */
        {{1, 256, 14, 14, 32, 3, 3, 1, 1}, 1, {1, 1, 1, 1}},
        {{1, 32, 14, 14, 256, 3, 3, 1, 1}, 2, {0}},
        {{3, 48, 7, 7, 33, 3, 3, 1, 1}, 3, {1, 0, 2, 3}},
        {{2, 20, 9, 13, 40, 3, 3, 1, 0}, 2, {0}},
        {{2, 32, 10, 5, 16, 3, 3, 1, 2}, 1, {0}},
        {{9, 16, 24, 20, 32, 3, 3, 1, 1}, 2, {4, 4, 4, 4}},
        {{1, 5, 1, 1, 3, 3, 3, 1, 1}, 4, {0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const at_conv_algorithm *algorithm;
        for (size_t a = 0; (algorithm = at_conv_algorithm_at(a)); a++) {
            if (strncmp(algorithm->name, "winograd", 8) != 0)
                continue;
            size_t floats;
            float *want = result(at_conv_algorithm_named(algorithm->pass, "reference"),
                                 &cases[i], at_isa_at(0), &floats);
            for (size_t k = 0; at_isa_at(k); k++) {
                float *got = result(algorithm, &cases[i], at_isa_at(k), &floats);
                double error = error_of(got, want, floats);
                if (!(error <= bound_of(algorithm)))
                    fail_msg("case %zu, %s, pass %d, %s: error %g", i, algorithm->name,
                             (int)algorithm->pass, at_isa_at(k)->name, error);
                free(got);
            }
            free(want);
        }
    }
}

/* The choice of the batches and of the single images that were measured. */
static void test_choice(void **state) {
    (void)state;
    static const struct {
        int32_t n, c, h;
        const char *forward, *weights;
    } cases[] = {
        {32, 64, 56, "winograd4", "winograd4"},  {32, 512, 7, "winograd4", "winograd4"},
        {128, 16, 32, "winograd4", "winograd4"}, {1, 128, 28, "winograd4", "winograd4"},
        {1, 256, 14, "winograd2", "direct"},     {1, 512, 7, "direct", "direct"},
        {64, 32, 2, "winograd2", "direct"},      {64, 32, 1, "direct", "direct"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; at_isa_at(k); k++) {
            const int32_t c = cases[i].c, h = cases[i].h;
            const at_conv_shape shape = {cases[i].n, c, h, h, c, 3, 3, 1, 1};
            const at_isa *isa = at_isa_at(k);
            assert_string_equal(at_conv_choose(&shape, AT_CONV_FORWARD, isa, 2)->name,
                                cases[i].forward);
            assert_string_equal(at_conv_choose(&shape, AT_CONV_DATA, isa, 2)->name,
                                cases[i].forward);
            assert_string_equal(at_conv_choose(&shape, AT_CONV_WEIGHTS, isa, 2)->name,
                                cases[i].weights);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tile_is_convolution),
        cmocka_unit_test(test_clipped_tiles),
        cmocka_unit_test(test_adjoints),
        cmocka_unit_test(test_turned_weights),
        cmocka_unit_test(test_stores),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
