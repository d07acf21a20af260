/* Times convolutions: what tests/bench/conv.py runs.
 *
 *     conv_bench list                            the timed cases, a JSON record a line
 *     conv_bench CASE THREADS [SECONDS [FILTER]] every pass, ISA and algorithm of a case
 *
 * CASE is a number of the list; FILTER is a part of "isa pass algorithm". All that are
 * timed take turns, the processor's peak (a loop of nothing but multiply-adds) among
 * them, so that a slow moment of the machine hits all alike. */
#include "ops/base/clock.h"
#include "ops/base/pool.h"
#include "ops/base/text.h"
#include "tests/unit/conv_cases.h"
#include "tests/unit/conv_world.h"

#include <stdio.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

static const char *const passes[] = {"forward", "data", "weights"};

/* ---- the peak ------------------------------------------------------------------------
 */

enum { PEAK_TURNS = 100000 };

/* Returns the floating-point operations done. */
typedef double peak_fn(float *sink);

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static double peak_avx2(float *sink) {
    __m256 a[10], b = _mm256_set1_ps(0.999f), c = _mm256_set1_ps(*sink);
    for (int i = 0; i < 10; i++)
        a[i] = _mm256_set1_ps((float)i);
    for (int turn = 0; turn < PEAK_TURNS; turn++)
        _Pragma("GCC unroll 10") for (int i = 0; i < 10; i++) a[i] =
            _mm256_fmadd_ps(a[i], b, c);
    for (int i = 1; i < 10; i++)
        a[0] = _mm256_add_ps(a[0], a[i]);
    *sink = _mm256_cvtss_f32(a[0]);
    return 2.0 * 8 * 10 * PEAK_TURNS;
}

__attribute__((target("avx512f"))) static double peak_avx512(float *sink) {
    __m512 a[20], b = _mm512_set1_ps(0.999f), c = _mm512_set1_ps(*sink);
    for (int i = 0; i < 20; i++)
        a[i] = _mm512_set1_ps((float)i);
    for (int turn = 0; turn < PEAK_TURNS; turn++)
        _Pragma("GCC unroll 20") for (int i = 0; i < 20; i++) a[i] =
            _mm512_fmadd_ps(a[i], b, c);
    for (int i = 1; i < 20; i++)
        a[0] = _mm512_add_ps(a[0], a[i]);
    *sink = _mm512_cvtss_f32(a[0]);
    return 2.0 * 16 * 20 * PEAK_TURNS;
}
#endif

static peak_fn *peak_of(const at_isa *isa) {
#if defined(__x86_64__)
    if (strcmp(isa->name, "avx2") == 0)
        return peak_avx2;
    if (strcmp(isa->name, "avx512") == 0)
        return peak_avx512;
#endif
    (void)isa;
    return NULL;
}

/* ---- what is timed -------------------------------------------------------------------
 */

enum { MOST = 200, ROUNDS = 1000 };

typedef struct contestant {
    const at_isa *isa;
    const at_conv_algorithm *algorithm; /* NULL: the peak */
    conv_map x, y;
    conv_buffer prepared, scratch, gradient, statistics;
    at_conv_call call;
    int phases;
    double seconds[ROUNDS], busy[ROUNDS], prepare[ROUNDS]; /* one a round */
    double flops;
} contestant;

typedef struct turn {
    contestant *who;
    int phase; /* -1: prepare */
    double flops;
    struct {
        float sink[16];
        double busy, pad[7]; /* of this phase */
    } parts[256];
} turn;

static double thread_now(void) {
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}

static void part(void *context, size_t i) {
    turn *it = context;
    const contestant *who = it->who;
    double start = thread_now();
    if (!who->algorithm) {
        double flops = peak_of(who->isa)(it->parts[i].sink);
        if (i == 0)
            it->flops = flops * who->call.parts;
    } else if (it->phase < 0) {
        who->algorithm->prepare(who->call.shape, who->isa, who->call.weights,
                                who->prepared.memory, (int)i, who->call.parts);
    } else {
        who->algorithm->run(&who->call, it->phase, (int)i);
    }
    it->parts[i].busy = thread_now() - start;
}

static void take_turn(contestant *who, at_pool *pool, int round) {
    static turn it;
    it.who = who;
    size_t parts = (size_t)who->call.parts;
    double start = at_now();
    it.phase = -1;
    if (who->algorithm && who->algorithm->prepare)
        at_pool_run(pool, parts, part, &it);
    double ready = at_now();
    who->busy[round] = 0;
    for (it.phase = 0; it.phase < who->phases; it.phase++) {
        at_pool_run(pool, parts, part, &it);
        double busiest = 0;
        for (size_t i = 0; i < parts; i++)
            busiest = it.parts[i].busy > busiest ? it.parts[i].busy : busiest;
        who->busy[round] += busiest;
    }
    who->seconds[round] = at_now() - ready;
    who->prepare[round] = ready - start;
    if (!who->algorithm)
        who->flops = it.flops;
}

static bool enter(contestant *who, const conv_world *world, const at_isa *isa,
                  const at_conv_algorithm *algorithm, int parts) {
    at_conv_needs needs;
    const at_conv_shape *shape = &world->shape;
    if (!algorithm->needs(shape, isa, parts, &needs))
        return false;
    const at_blocked *x = &world->x.map, *y = &world->y.map;
    *who = (contestant){.isa = isa,
                        .algorithm = algorithm,
                        .phases = needs.phases,
                        .flops = at_conv_flops(shape)};
    /* As in a net, where maps have room for their neighbours. */
    at_halo one = {1, 1, 1, 1};
    who->x = conv_map_new(x->n, x->c, x->h, x->w, at_halo_join(needs.x, one));
    who->y = conv_map_new(y->n, y->c, y->h, y->w, at_halo_join(needs.y, one));
    conv_map_copy(x, &who->x.map);
    conv_map_copy(y, &who->y.map);
    who->prepared = conv_buffer_new(needs.prepared);
    who->scratch = conv_buffer_new(needs.scratch);
    who->gradient = conv_buffer_new(world->weights.bytes);
    who->statistics = conv_buffer_new((size_t)parts * 2 * (size_t)at_blocks(shape->k) *
                                      AT_BLOCK * sizeof(double));
    who->call = (at_conv_call){
        .shape = shape,
        .isa = isa,
        .x = who->x.map,
        .y = who->y.map,
        .weights = world->weights.memory,
        .prepared = who->prepared.memory,
        .gradient = who->gradient.memory,
        .store.statistics = needs.statistics && algorithm->pass == AT_CONV_FORWARD
                                ? who->statistics.memory
                                : NULL,
        .scratch = who->scratch.memory,
        .parts = parts,
    };
    return true;
}

static void leave(contestant *who) {
    conv_buffer_free(&who->x.buffer);
    conv_buffer_free(&who->y.buffer);
    conv_buffer_free(&who->prepared);
    conv_buffer_free(&who->scratch);
    conv_buffer_free(&who->gradient);
    conv_buffer_free(&who->statistics);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell(contestant *who, const conv_case *what, int rounds) {
    qsort(who->seconds, (size_t)rounds, sizeof(double), ascending);
    qsort(who->busy, (size_t)rounds, sizeof(double), ascending);
    qsort(who->prepare, (size_t)rounds, sizeof(double), ascending);
    double median = who->seconds[rounds / 2], best = who->seconds[0];
    const at_conv_algorithm *algorithm = who->algorithm;
    printf("{\"case\": \"%s\", \"pass\": \"%s\", \"algorithm\": \"%s\", \"isa\": \"%s\", "
           "\"threads\": %d, \"seconds\": %.7f, \"best\": %.7f, \"prepare\": %.7f, "
           "\"gflops\": %.1f, \"best_gflops\": %.1f, \"busy_gflops\": %.1f, "
           "\"chosen\": %s}\n",
           what->name, algorithm ? passes[algorithm->pass] : "",
           algorithm ? algorithm->name : "peak", who->isa->name, who->call.parts, median,
           best, who->prepare[rounds / 2], who->flops / median / 1e9,
           who->flops / best / 1e9, who->flops / who->busy[rounds / 2] / 1e9,
           algorithm && at_conv_choose(who->call.shape, algorithm->pass, who->isa,
                                       who->call.parts) == algorithm
               ? "true"
               : "false");
}

static bool wanted(const at_isa *isa, const at_conv_algorithm *algorithm,
                   const char *filter) {
    char name[100];
    snprintf(name, sizeof name, "%s %s %s", isa->name, passes[algorithm->pass],
             algorithm->name);
    return strcmp(algorithm->name, "reference") != 0 &&
           strcmp(isa->name, "scalar") != 0 && strstr(name, filter);
}

/* All contestants of a case; the peak of each ISA that takes part goes first. */
static int line_up(contestant *all, const conv_world *world, int parts,
                   const char *filter) {
    int count = 0;
    for (size_t i = 0; at_isa_at(i); i++) {
        const at_isa *isa = at_isa_at(i);
        int first = count;
        if (peak_of(isa) && count < MOST)
            all[count++] =
                (contestant){.isa = isa, .phases = 1, .call.parts = parts, .flops = 1};
        int before = count;
        for (size_t k = 0; at_conv_algorithm_at(k); k++) {
            const at_conv_algorithm *algorithm = at_conv_algorithm_at(k);
            if (count < MOST && wanted(isa, algorithm, filter))
                count += enter(&all[count], world, isa, algorithm, parts);
        }
        if (count == before)
            count = first;
    }
    return count;
}

static void list(void) {
    for (int i = 0; i < CONV_CASES; i++) {
        const at_conv_shape *s = &conv_cases[i].shape;
        if (conv_cases[i].batch)
            printf("{\"number\": %d, \"case\": \"%s\", \"n\": %d, \"c\": %d, \"h\": %d, "
                   "\"w\": %d, \"k\": %d, \"r\": %d, \"s\": %d, \"stride\": %d, "
                   "\"pad\": %d}\n",
                   i, conv_cases[i].name, conv_cases[i].batch, s->c, s->h, s->w, s->k,
                   s->r, s->s, s->stride, s->pad);
    }
}

int main(int argc, char **argv) {
    static contestant all[MOST];
    at_error err = {0};
    at_pool *pool = NULL;
    int64_t number = 0, threads = 0;
    double seconds = 1;
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        list();
        return 0;
    }
    if (argc < 3 || !at_parse_int(argv[1], &number) || number < 0 ||
        number >= CONV_CASES || conv_cases[number].batch == 0 ||
        !at_parse_int(argv[2], &threads) || threads < 1 || threads > 256 ||
        (argc > 3 && !at_parse_real(argv[3], &seconds)) ||
        at_pool_new((size_t)threads, &pool, &err) != AT_OK) {
        fprintf(stderr,
                "usage: conv_bench list | conv_bench CASE THREADS [SECONDS [FILTER]]\n");
        return 2;
    }
    const conv_case *what = &conv_cases[number];
    at_conv_shape shape = what->shape;
    shape.n = what->batch;
    conv_world world = conv_world_new(&shape, 1);
    int count = line_up(all, &world, (int)threads, argc > 4 ? argv[4] : "");
    for (int i = 0; i < count; i++)
        take_turn(&all[i], pool, 0);
    int rounds = 0;
    for (double start = at_now();
         rounds < 3 || (rounds < ROUNDS && at_now() - start < seconds); rounds++)
        for (int i = 0; i < count; i++)
            take_turn(&all[i], pool, rounds);
    for (int i = 0; i < count; i++) {
        tell(&all[i], what, rounds);
        leave(&all[i]);
    }
    conv_world_free(&world);
    at_pool_release(pool);
    return 0;
}
