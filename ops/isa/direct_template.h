/* The vector kernels of direct convolution, written once: each direct_ISA.c defines
 *
 *     V, LANES            a vector of floats and how many it holds (a divisor of 16)
 *     LD ST SPLAT FMA ADD  load, store, broadcast from memory, a * b + c, a + b
 *     RELU(v)             max(0, v), NaN where v is
 *     PIXEL               words of a pixel of a map, and of maps' 16 channels:
 *     GET(p) PUT(p, v)    LANES of them to and from floats
 *     ROUND(v)            v as PUT and GET would give it back
 *     DOT(w, x, c)        words' products added to c: FMA of floats
 *     ADD_DOUBLE(p, v)    p[0..LANES) += v, in double
 *     TILE_PIXELS, TILE_BLOCKS, STRIP_ONE, STRIP_TWO   the largest tiles
 *
 * and includes this once. Counts are constant arguments of functions that are always
 * inlined, so that the sums live in registers; look at the assembly after a change. */

#ifndef PIXEL /* maps of floats */
#define PIXEL        16
#define GET(p)       LD(p)
#define PUT(p, v)    ST(p, v)
#define ROUND(v)     (v)
#define DOT(a, b, c) FMA(a, b, c)
#endif

enum {
    PER = 16 / LANES,           /* vectors of a block */
    STEP = PIXEL / PER,         /* words of a vector in a map */
    IMAGE = PIXEL == 16 ? 3 : 2 /* words of an image's three channels */
};

#define INLINE         static inline __attribute__((always_inline))
#define EACH(i, count) _Pragma("GCC unroll 16") for (int i = 0; i < (count); i++)

/* ---- tiles ----------------------------------------------------------------------------
 */

typedef struct sums {
    V at[TILE_PIXELS][TILE_BLOCKS * PER];
} sums;

INLINE void tile_begin(const at_direct_tile *t, sums *a, const int T, const int B) {
    EACH(p, T) {
        const float *y = t->y + (t->accumulate ? t->pixel_y[p] : 0);
        EACH(v, B * PER) {
            if (t->accumulate)
                a->at[p][v] = GET(y + (size_t)(v / PER) * t->y_block + v % PER * STEP);
            else
                a->at[p][v] = ZERO;
        }
    }
}

/* A run is a row of neighbours: one pointer serves all of its pixels. Where few products
 * follow on each fetch ahead, fetching costs more than it saves. */
INLINE void tile_sum(const at_direct_tile *t, sums *a, const int T, const int B,
                     const bool run, const int inner) {
    const bool fetch = TILE_BLOCKS > 1 || inner == PIXEL;
    const float *x[TILE_PIXELS], *w = t->weights;
    const size_t w_block = t->weights_block;
    EACH(p, T) x[p] = t->x + t->pixel_x[p];
    for (int c = 0; c < t->inputs; c++)
        for (int tap = 0; tap < t->tap_count; tap++) {
            ptrdiff_t at = t->taps[tap] + (ptrdiff_t)c * (ptrdiff_t)t->x_block;
            if (fetch && t->ahead)
                EACH(p, T) {
                    const float *next = (run ? x[0] + p * PIXEL : x[p]) + at + t->ahead;
                    __builtin_prefetch(next, 0, 2);
                }
            _Pragma("GCC unroll 4") for (int i = 0; i < inner; i++, w += 16, at++) {
                V row[TILE_BLOCKS * PER];
                EACH(v, B * PER)
                row[v] = LD(w + (size_t)(v / PER) * w_block + v % PER * LANES);
                EACH(p, T) {
                    V one = SPLAT(run ? x[0] + at + p * PIXEL : x[p] + at);
                    EACH(v, B * PER) a->at[p][v] = DOT(row[v], one, a->at[p][v]);
                }
            }
        }
}

INLINE void tile_finish(const at_direct_tile *t, sums *a, const int T, const int B) {
    if (t->bias)
        EACH(v, B * PER) {
            V bias = LD(t->bias + v * LANES);
            EACH(p, T) a->at[p][v] = ADD(a->at[p][v], bias);
        }
    if (t->add)
        EACH(p, T) {
            const float *add = t->add + t->pixel_add[p];
            EACH(v, B * PER)
            a->at[p][v] = ADD(a->at[p][v], GET(add + (size_t)(v / PER) * t->add_block +
                                               v % PER * STEP));
        }
    if (t->relu)
        EACH(p, T) EACH(v, B * PER) a->at[p][v] = RELU(a->at[p][v]);
    if (t->sum)
        EACH(v, B * PER) {
            V sum = ZERO, square = ZERO;
            EACH(p, T) {
                a->at[p][v] = ROUND(a->at[p][v]);
                sum = ADD(sum, a->at[p][v]);
                square = FMA(a->at[p][v], a->at[p][v], square);
            }
            ADD_DOUBLE(t->sum + v * LANES, sum);
            ADD_DOUBLE(t->square + v * LANES, square);
        }
}

INLINE void tile_any(const at_direct_tile *t, const int T, const int B, const bool run,
                     const int inner) {
    sums a;
    tile_begin(t, &a, T, B);
    tile_sum(t, &a, T, B, run, inner);
    if (t->last)
        tile_finish(t, &a, T, B);
    EACH(p, T) {
        float *y = t->y + t->pixel_y[p];
        EACH(v, B * PER)
        PUT(y + (size_t)(v / PER) * t->y_block + v % PER * STEP, a.at[p][v]);
    }
}

typedef void tile_fn(const at_direct_tile *);

#define TILE(T, B)                                                                       \
    static void tile_##T##_##B(const at_direct_tile *t) {                                \
        if (t->inner == PIXEL)                                                           \
            tile_any(t, T, B, false, PIXEL);                                             \
        else if (t->inner == IMAGE)                                                      \
            tile_any(t, T, B, false, IMAGE);                                             \
        else                                                                             \
            tile_any(t, T, B, false, t->inner);                                          \
    }
#define RUN(T, B)                                                                        \
    static void run_##T##_##B(const at_direct_tile *t) {                                 \
        tile_any(t, T, B, true, PIXEL);                                                  \
    }

/* ---- strips ---------------------------------------------------------------------------
 */

INLINE void strip_any(const at_direct_strip *s, const int T, const int B,
                      const bool apart, const bool fetch) {
    V a[AT_DIRECT_INPUTS][TILE_BLOCKS * PER];
    EACH(i, T) EACH(v, B * PER) a[i][v] = ZERO;
    ptrdiff_t input[AT_DIRECT_INPUTS];
    EACH(i, T) input[i] = apart ? s->input_x[i] : i;
    const size_t pitch = s->x_pixel, y_block = s->y_block;
    const ptrdiff_t ahead = s->ahead;
    for (int n = 0; n < s->images; n++)
        for (int r = 0; r < s->rows; r++) {
            const float *x = s->x + (size_t)n * s->x_image + (size_t)r * s->x_row;
            const float *y = s->y + (size_t)n * s->y_image + (size_t)r * s->y_row;
            _Pragma("GCC unroll 2") for (int j = 0; j < s->columns;
                                         j++, x += pitch, y += 16) {
                V row[TILE_BLOCKS * PER];
                if (fetch)
                    __builtin_prefetch(x + ahead, 0, 2);
                EACH(v, B * PER)
                row[v] = LD(y + (size_t)(v / PER) * y_block + v % PER * LANES);
                EACH(i, T) {
                    V one = SPLAT(x + (apart ? input[i] : i));
                    EACH(v, B * PER) a[i][v] = DOT(row[v], one, a[i][v]);
                }
            }
        }
    EACH(i, T) {
        float *gradient = s->gradient + i * 16;
        EACH(v, B * PER) {
            float *to =
                gradient + (size_t)(v / PER) * s->gradient_block + v % PER * LANES;
            ST(to, s->first ? a[i][v] : ADD(LD(to), a[i][v]));
        }
    }
}

typedef void strip_fn(const at_direct_strip *);

#define STRIP(T, B)                                                                      \
    static void strip_##T##_##B(const at_direct_strip *s) {                              \
        if (s->input_x)                                                                  \
            strip_any(s, T, B, true, false);                                             \
        else if (s->ahead)                                                               \
            strip_any(s, T, B, false, true);                                             \
        else                                                                             \
            strip_any(s, T, B, false, false);                                            \
    }
