/* Convolution: the reference, by hand and by the definition of its adjoints; and the
 * table of cases that drives every algorithm on every ISA: beside the reference, between
 * guards, with each way to store, and twice for the same bits. */
#include "conv_cases.h"
#include "conv_world.h"
#include "unit.h"

#include <math.h>

/* ---- the reference ------------------------------------------------------------------
 */

static bool small(const at_conv_shape *shape) {
    return at_conv_flops(shape) < 1e6;
}

static double dot(const at_blocked *a, const at_blocked *b) {
    size_t count = conv_map_count(a);
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
    for (size_t i = 0; i < CONV_CASES; i++) {
        if (!small(&conv_cases[i].shape))
            continue;
        conv_world it = conv_world_new(&conv_cases[i].shape, i + 1);
        const at_blocked *x = &it.x.map, *y = &it.y.map;
        at_halo none = {0};
        conv_map out = conv_map_new(y->n, y->c, y->h, y->w, none);
        conv_map dx = conv_map_new(x->n, x->c, x->h, x->w, none);
        conv_buffer dw = conv_buffer_new(it.weights.bytes);
        at_conv_call call = {.shape = &it.shape,
                             .isa = at_isa_named("scalar"),
                             .x = *x,
                             .y = out.map,
                             .weights = it.weights.memory,
                             .parts = 2};
        run(at_conv_algorithm_named(AT_CONV_FORWARD, "reference"), &call);
        double forward = dot(&out.map, y);
        call.y = *y;
        call.gradient = dw.memory;
        run(at_conv_algorithm_named(AT_CONV_WEIGHTS, "reference"), &call);
        call.x = dx.map;
        run(at_conv_algorithm_named(AT_CONV_DATA, "reference"), &call);
        double data = dot(&dx.map, x), weights = 0;
        for (size_t k = 0; k < dw.bytes / sizeof(float); k++)
            weights +=
                (double)((float *)dw.memory)[k] * (double)((float *)it.weights.memory)[k];
        double scale = fabs(forward) + 1;
        assert_true(fabs(forward - data) < 1e-4 * scale);
        assert_true(fabs(forward - weights) < 1e-4 * scale);
        conv_buffer_free(&dw);
        conv_buffer_free(&out.buffer);
        conv_buffer_free(&dx.buffer);
        conv_world_free(&it);
    }
}

/* By hand: a 1x3x3 image of 1..9 under a 2x2 kernel of 1, 10, 100, 1000. */
static void test_reference_by_hand(void **state) {
    (void)state;
    at_conv_shape shape = {1, 1, 3, 3, 1, 2, 2, 1, 0};
    conv_world it = conv_world_new(&shape, 1);
    float image[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, kernel[4] = {1, 10, 100, 1000}, out[4];
    at_blocked_from_nchw(&it.x.map, image);
    at_conv_pack(&shape, kernel, it.weights.memory);
    at_conv_call call = {.shape = &shape,
                         .x = it.x.map,
                         .y = it.y.map,
                         .weights = it.weights.memory,
                         .parts = 1};
    run(at_conv_algorithm_named(AT_CONV_FORWARD, "reference"), &call);
    at_blocked_to_nchw(&it.y.map, out);
    float want[4] = {5421, 6532, 8754, 9865};
    for (int i = 0; i < 4; i++)
        assert_float_equal(out[i], want[i], 0);
    conv_world_free(&it);
}

static void test_weights_keep_their_place(void **state) {
    (void)state;
    for (size_t i = 0; i < CONV_CASES; i++) {
        const at_conv_shape *shape = &conv_cases[i].shape;
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

/* ---- the case driver ------------------------------------------------------------------
 */

/* The largest rms error beside the rms of the result, of floats and of bfloat16, which
 * adds the rounding of each value as it is stored. */
static const struct {
    const char *algorithm;
    double error, bf16;
} tolerances[] = {{"reference", 1e-7, 1e-7},
                  {"direct", 2e-6, 2e-6},
                  {"winograd2", 1e-6, 1e-6},
                  {"winograd4", 2e-6, 2e-6}};
static const double stored = 2.5e-3; /* rms of rounding to 8 bits: 1.7e-3 of many */

static double tolerance(const char *algorithm, const at_isa *isa, at_conv_pass pass) {
    for (size_t i = 0; i < COUNT(tolerances); i++)
        if (strcmp(tolerances[i].algorithm, algorithm) == 0) {
            if (isa->pixel == AT_FLOAT32)
                return tolerances[i].error;
            return hypot(tolerances[i].bf16, pass == AT_CONV_WEIGHTS ? 0 : stored);
        }
    fail_msg("the algorithm %s has no tolerance in test_conv.c", algorithm);
    return 0;
}

/* How a call stores what it computes. */
typedef struct way {
    bool bias, add, relu, statistics; /* forward */
    bool accumulate;                  /* data */
} way;

static const way forward_ways[] = {
    {.bias = true, .add = true, .relu = true, .statistics = true},
    {.statistics = true},
    {.bias = true},
    {.add = true, .relu = true},
    {0},
};
static const way data_ways[] = {{0}, {.accumulate = true}};

/* One pass of one case, and what the reference says. Large cases are compared on a part
 * of the output channels, because the reference is slow: those where c % every == first
 * (in the weights pass: blocks). */
typedef struct job {
    const conv_case *what;
    conv_world world;
    at_conv_pass pass;
    way way;
    int every, first;
    conv_map want;
    conv_buffer want_gradient;
} job;

static void job_ask_reference(job *it) {
    const at_conv_shape *shape = &it->world.shape;
    const at_blocked *x = &it->world.x.map, *y = &it->world.y.map;
    at_halo none = {0};
    at_conv_call call = {.shape = shape,
                         .isa = at_isa_named("scalar"),
                         .x = *x,
                         .y = *y,
                         .weights = it->world.weights.memory,
                         .accumulate = it->way.accumulate,
                         .store = {.bias = it->way.bias ? it->world.bias.memory : NULL,
                                   .add = it->way.add ? &it->world.add.map : NULL,
                                   .relu = it->way.relu}};
    if (it->pass == AT_CONV_FORWARD) {
        it->want = conv_map_new(y->n, y->c, y->h, y->w, none);
        call.y = it->want.map;
    } else if (it->pass == AT_CONV_DATA) {
        it->want = conv_map_new(x->n, x->c, x->h, x->w, none);
        conv_map_copy(x, &it->want.map);
        call.x = it->want.map;
    } else {
        it->want_gradient = conv_buffer_new(it->world.weights.bytes);
        call.gradient = it->want_gradient.memory;
    }
    bool large = !small(shape);
    it->every = large ? 61 : 1;
    it->first = large ? 5 % (it->pass == AT_CONV_DATA ? shape->c : shape->k) : 0;
    call.parts = it->every;
    if (large && it->pass == AT_CONV_WEIGHTS)
        return; /* gradient_error asks for some */
    at_conv_algorithm_named(it->pass, "reference")->run(&call, 0, it->first);
}

static void job_fini(job *it) {
    conv_buffer_free(&it->want.buffer);
    conv_buffer_free(&it->want_gradient);
}

/* One call's memory. */
typedef struct desk {
    at_conv_needs needs;
    conv_map x, y, add;
    conv_buffer prepared, scratch, gradient, statistics;
    at_conv_call call;
} desk;

/* Wider than asked in every second case: no algorithm may count on exactly what it needs.
 */
static at_halo some_halo(at_halo needed, size_t variant) {
    if (variant % 2)
        needed = (at_halo){needed.top + 1, needed.left + 2, needed.bottom + 3,
                           needed.right + 1};
    return needed;
}

/* False where the algorithm cannot do the shape. The desk stays where it is: the call
 * points into it. */
static bool desk_init(desk *out, const job *it, const at_conv_algorithm *algorithm,
                      const at_isa *isa, int parts) {
    const at_conv_shape *shape = &it->world.shape;
    const at_blocked *x = &it->world.x.map, *y = &it->world.y.map;
    size_t variant = (size_t)(it->what - conv_cases);
    desk d = {0};
    if (!algorithm->needs(shape, isa, parts, &d.needs))
        return false;
    const at_element kind = (at_element)isa->pixel;
    d.x = conv_map_new_of(kind, x->n, x->c, x->h, x->w, some_halo(d.needs.x, variant));
    d.y = conv_map_new_of(kind, y->n, y->c, y->h, y->w, some_halo(d.needs.y, variant));
    d.add = conv_map_new_of(kind, y->n, y->c, y->h, y->w,
                            some_halo((at_halo){0}, variant + 1));
    conv_map_copy(x, &d.x.map);
    conv_map_copy(y, &d.y.map);
    conv_map_copy(&it->world.add.map, &d.add.map);
    d.prepared = conv_buffer_new(d.needs.prepared);
    d.scratch = conv_buffer_new(d.needs.scratch);
    d.gradient = conv_buffer_new(it->world.weights.bytes);
    d.statistics = conv_buffer_new((size_t)parts * 2 * (size_t)at_blocks(shape->k) *
                                   AT_BLOCK * sizeof(double));
    bool forward = it->pass == AT_CONV_FORWARD;
    d.call = (at_conv_call){
        .shape = shape,
        .isa = isa,
        .x = d.x.map,
        .y = d.y.map,
        .weights = it->pass == AT_CONV_WEIGHTS ? NULL : it->world.weights.memory,
        .prepared = d.prepared.memory,
        .gradient = it->pass == AT_CONV_WEIGHTS ? d.gradient.memory : NULL,
        .accumulate = it->way.accumulate,
        .store = {.bias = forward && it->way.bias ? it->world.bias.memory : NULL,
                  .add = forward && it->way.add ? &out->add.map : NULL,
                  .relu = it->way.relu,
                  .statistics = forward && it->way.statistics && d.needs.statistics
                                    ? d.statistics.memory
                                    : NULL},
        .scratch = d.scratch.memory,
        .parts = parts,
    };
    *out = d;
    return true;
}

static void desk_free(desk *d) {
    conv_buffer_free(&d->x.buffer);
    conv_buffer_free(&d->y.buffer);
    conv_buffer_free(&d->add.buffer);
    conv_buffer_free(&d->prepared);
    conv_buffer_free(&d->scratch);
    conv_buffer_free(&d->gradient);
    conv_buffer_free(&d->statistics);
}

/* Prepares and runs, the parts forwards or backwards; all that it writes is junk before.
 */
static void desk_run(const desk *d, const job *it, const at_conv_algorithm *algorithm,
                     bool backwards) {
    int parts = d->call.parts;
    conv_buffer outs[] = {d->prepared, d->scratch, d->gradient, d->statistics};
    for (size_t i = 0; i < COUNT(outs); i++)
        memset(outs[i].memory, CONV_JUNK_BYTE, outs[i].bytes);
    if (it->pass == AT_CONV_FORWARD)
        conv_map_spoil(&d->y.map);
    else if (it->pass == AT_CONV_DATA && it->way.accumulate)
        conv_map_copy(&it->world.x.map, &d->x.map);
    else if (it->pass == AT_CONV_DATA)
        conv_map_spoil(&d->x.map);
    for (int part = 0; algorithm->prepare && part < parts; part++)
        algorithm->prepare(d->call.shape, d->call.isa, it->world.weights.memory,
                           d->prepared.memory, backwards ? parts - 1 - part : part,
                           parts);
    for (int phase = 0; phase < d->needs.phases; phase++)
        for (int part = 0; part < parts; part++)
            algorithm->run(&d->call, phase, backwards ? parts - 1 - part : part);
}

static double map_error(const job *it, const at_blocked *got) {
    const at_blocked *want = &it->want.map;
    double wrong = 0, all = 0;
    for (int32_t n = 0; n < want->n; n++)
        for (int32_t c = it->first; c < want->c; c += it->every)
            for (int32_t y = 0; y < want->h; y++)
                for (int32_t x = 0; x < want->w; x++) {
                    double w = (double)*conv_map_slot(want, n, c, y, x);
                    double e = (double)at_blocked_get(got, n, c, y, x) - w;
                    wrong += e * e;
                    all += w * w;
                }
    return sqrt(wrong / (all > 0 ? all : 1));
}

/* By definition. */
static double one_weight(const job *it, int32_t k, int32_t c, int32_t r, int32_t s) {
    const at_conv_shape *shape = &it->world.shape;
    const at_blocked *x = &it->world.x.map, *y = &it->world.y.map;
    double sum = 0;
    for (int32_t n = 0; n < y->n; n++)
        for (int32_t i = 0; i < y->h; i++)
            for (int32_t j = 0; j < y->w; j++) {
                int32_t h = i * shape->stride + r - shape->pad;
                int32_t w = j * shape->stride + s - shape->pad;
                if (h >= 0 && w >= 0 && h < x->h && w < x->w)
                    sum += (double)*conv_map_slot(x, n, c, h, w) *
                           (double)*conv_map_slot(y, n, k, i, j);
            }
    return sum;
}

/* One in some hundreds, at random, of the weights. */
static double some_gradient_error(const job *it, const float *got) {
    const at_conv_shape *shape = &it->world.shape;
    size_t count =
        (size_t)shape->k * (size_t)shape->c * (size_t)shape->r * (size_t)shape->s;
    float *kcrs = at_alloc_array(count, sizeof *kcrs);
    at_conv_unpack(shape, got, kcrs);
    double wrong = 0, all = 0;
    at_rng rng;
    at_rng_init(&rng, 1);
    for (int i = 0; i < 100; i++) {
        size_t at = (size_t)at_rng_below(&rng, count), tap = at;
        int32_t s = (int32_t)(tap % (size_t)shape->s);
        tap /= (size_t)shape->s;
        int32_t r = (int32_t)(tap % (size_t)shape->r);
        tap /= (size_t)shape->r;
        double w = one_weight(it, (int32_t)(tap / (size_t)shape->c),
                              (int32_t)(tap % (size_t)shape->c), r, s);
        wrong += ((double)kcrs[at] - w) * ((double)kcrs[at] - w);
        all += w * w;
    }
    at_free(kcrs);
    return sqrt(wrong / all);
}

static double gradient_error(const job *it, const float *got) {
    if (it->every > 1)
        return some_gradient_error(it, got);
    size_t floats = it->world.weights.bytes / sizeof(float);
    const float *want = it->want_gradient.memory;
    double wrong = 0, all = 0;
    for (size_t i = 0; i < floats; i++) {
        double w = (double)want[i], e = (double)got[i] - w;
        wrong += e * e;
        all += w * w;
    }
    return sqrt(wrong / (all > 0 ? all : 1));
}

/* The sums over the parts are those of what was stored, and nothing where nothing is. */
static double statistics_error(const desk *d) {
    const at_blocked *y = &d->y.map;
    size_t padded = (size_t)at_blocks(y->c) * AT_BLOCK;
    const double *statistics = d->statistics.memory;
    double worst = 0;
    for (size_t k = 0; k < padded; k++) {
        double sum = 0, square = 0, scale = 1e-30, got = 0, got_square = 0;
        for (int32_t n = 0; n < y->n && k < (size_t)y->c; n++)
            for (int32_t i = 0; i < y->h; i++)
                for (int32_t j = 0; j < y->w; j++) {
                    double v = (double)at_blocked_get(y, n, (int32_t)k, i, j);
                    sum += v;
                    scale += fabs(v);
                    square += v * v;
                }
        for (int part = 0; part < d->call.parts; part++) {
            got += statistics[(size_t)part * 2 * padded + k];
            got_square += statistics[(size_t)part * 2 * padded + padded + k];
        }
        double error =
            fmax(fabs(got - sum) / scale, fabs(got_square - square) / (square + 1e-30));
        worst = error > worst || isnan(error) ? error : worst;
    }
    return worst;
}

static void desk_check(const desk *d, const job *it, const char *title,
                       double most_error) {
    double error = it->pass == AT_CONV_FORWARD ? map_error(it, &d->y.map)
                   : it->pass == AT_CONV_DATA  ? map_error(it, &d->x.map)
                                               : gradient_error(it, d->gradient.memory);
    if (!(error <= most_error))
        fail_msg("%s: error %.2e, at most %.2e", title, error, most_error);
    if (d->call.store.statistics && !(statistics_error(d) < 1e-6))
        fail_msg("%s: statistics off by %.2e", title, statistics_error(d));
    if (!conv_map_clean(&d->x) || !conv_map_clean(&d->y))
        fail_msg("%s: wrote into a halo or a padding channel", title);
    const conv_buffer *all[] = {&d->x.buffer, &d->y.buffer, &d->add.buffer, &d->prepared,
                                &d->scratch,  &d->gradient, &d->statistics};
    for (size_t i = 0; i < COUNT(all); i++)
        if (!conv_buffer_intact(all[i]))
            fail_msg("%s: wrote past buffer %zu", title, i);
}

static void drive(const job *it, const at_conv_algorithm *algorithm, const at_isa *isa,
                  int parts) {
    desk d;
    if (!desk_init(&d, it, algorithm, isa, parts))
        return;
    static const char *const passes[] = {"forward", "data", "weights"};
    const at_conv_shape *s = &it->world.shape;
    char title[200];
    snprintf(title, sizeof title,
             "%s %s on %s, %d parts, n %d c %d h %d w %d k %d r %d s %d stride %d pad %d,"
             "%s%s%s%s%s",
             algorithm->name, passes[it->pass], isa->name, parts, s->n, s->c, s->h, s->w,
             s->k, s->r, s->s, s->stride, s->pad, it->way.bias ? " bias" : "",
             it->way.add ? " add" : "", it->way.relu ? " relu" : "",
             it->way.statistics ? " statistics" : "",
             it->way.accumulate ? " accumulate" : "");
    desk_run(&d, it, algorithm, false);
    desk_check(&d, it, title, tolerance(algorithm->name, isa, it->pass));
    const conv_buffer *outs[] = {&d.x.buffer, &d.y.buffer, &d.gradient, &d.statistics};
    void *first[COUNT(outs)];
    for (size_t i = 0; i < COUNT(outs); i++) {
        first[i] = at_alloc(outs[i]->bytes);
        memcpy(first[i], outs[i]->memory, outs[i]->bytes);
    }
    desk_run(&d, it, algorithm, true);
    for (size_t i = 0; i < COUNT(outs); i++) {
        if (memcmp(first[i], outs[i]->memory, outs[i]->bytes))
            fail_msg("%s: a second run gives other bits", title);
        at_free(first[i]);
    }
    desk_free(&d);
}

/* Large cases take fewer parts, and the scalar kernels leave out the largest; the
 * reference is driven in one way: it is what the others are compared with. */
static void drive_all(const job *it, const at_isa *isa, bool first_way) {
    bool large = !small(&it->world.shape), scalar = strncmp(isa->name, "scalar", 6) == 0;
    if (scalar && at_conv_flops(&it->world.shape) > 3e7)
        return;
    for (size_t i = 0; at_conv_algorithm_at(i); i++) {
        const at_conv_algorithm *algorithm = at_conv_algorithm_at(i);
        bool reference = strcmp(algorithm->name, "reference") == 0;
        if (algorithm->pass != it->pass ||
            (reference && (large || !first_way || !scalar)))
            continue;
        if (large)
            drive(it, algorithm, isa, first_way ? 2 : 3);
        for (int parts = 1; !large && parts <= 3; parts++)
            drive(it, algorithm, isa, parts);
    }
}

static void drive_case(const conv_case *what, const at_isa *isa) {
    static const struct {
        const way *ways;
        size_t count;
    } plans[] = {{forward_ways, COUNT(forward_ways)},
                 {data_ways, COUNT(data_ways)},
                 {data_ways, 1}};
    bool large = !small(&what->shape);
    conv_world world = conv_world_new(&what->shape, (uint64_t)(what - conv_cases) + 1);
    if (isa->pixel == AT_BFLOAT16)
        conv_world_round(&world);
    for (int pass = AT_CONV_FORWARD; pass <= AT_CONV_WEIGHTS; pass++)
        for (size_t i = 0; i < plans[pass].count && !(large && i > 1); i++) {
            job it = {.what = what,
                      .world = world,
                      .pass = (at_conv_pass)pass,
                      .way = plans[pass].ways[i]};
            job_ask_reference(&it);
            drive_all(&it, isa, i == 0);
            job_fini(&it);
        }
    conv_world_free(&world);
}

/* One test an ISA, so that one which this processor lacks is skipped by its name. */
static void drive_isa(const char *name) {
    const at_isa *isa = at_isa_named(name);
    if (!isa)
        skip();
    const char *only = getenv("ATELIER_TEST_SMALL"); /* under an emulator */
    for (size_t i = 0; i < CONV_CASES; i++)
        if (!only || at_conv_flops(&conv_cases[i].shape) < 2e7)
            drive_case(&conv_cases[i], isa);
}

static void test_cases_scalar(void **state) {
    (void)state;
    drive_isa("scalar");
}

static void test_cases_avx2(void **state) {
    (void)state;
    drive_isa("avx2");
}

static void test_cases_avx512(void **state) {
    (void)state;
    drive_isa("avx512");
}

static void test_cases_scalar_bf16(void **state) {
    (void)state;
    drive_isa("scalar_bf16");
}

static void test_cases_avx512_bf16(void **state) {
    (void)state;
    drive_isa("avx512_bf16");
}

static void test_cases_neon(void **state) {
    (void)state;
    drive_isa("neon");
}

/* What is chosen can do the shape, and each call gives the same. */
static void test_choice(void **state) {
    (void)state;
    for (size_t i = 0; i < CONV_CASES; i++)
        for (int pass = AT_CONV_FORWARD; pass <= AT_CONV_WEIGHTS; pass++)
            for (size_t k = 0; at_isa_at(k); k++) {
                const at_conv_shape *shape = &conv_cases[i].shape;
                const at_conv_algorithm *chosen =
                    at_conv_choose(shape, (at_conv_pass)pass, at_isa_at(k), 2);
                at_conv_needs needs;
                assert_non_null(chosen);
                assert_int_equal(chosen->pass, pass);
                assert_true(chosen->needs(shape, at_isa_at(k), 2, &needs));
                assert_ptr_equal(
                    chosen, at_conv_choose(shape, (at_conv_pass)pass, at_isa_at(k), 2));
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_adjoints),
        cmocka_unit_test(test_reference_by_hand),
        cmocka_unit_test(test_weights_keep_their_place),
        cmocka_unit_test(test_cases_scalar),
        cmocka_unit_test(test_cases_avx2),
        cmocka_unit_test(test_cases_avx512),
        cmocka_unit_test(test_cases_scalar_bf16),
        cmocka_unit_test(test_cases_avx512_bf16),
        cmocka_unit_test(test_cases_neon),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
