/* Winograd's kernels over vectors, one text for every instruction set. Before including
 * it, a file defines
 *
 *     TARGET                        the attribute of the instruction set
 *     V, LANES                      a vector and its floats: 16, 8 or 4
 *     LOAD, STORE, BROADCAST, ZERO  of 64-byte aligned floats
 *     ADD, SUB, MUL, MAX            MAX(0, y) keeps a NaN in y
 *     FMA(a, b, c), FNMA(a, b, c)   c + a b, c - a b
 *     ADD_DOUBLES(to, v)            double[LANES] += v
 *     TRANSPOSE(from, to)           16 x 16 floats
 *     TILES, BLOCKS                 `multiply`: tiles and k blocks (1, 2) in registers
 *     SIZES(X)                      X(1) ... X(TILES)
 *     CHUNK                         `multiply`: c blocks at a time, whose weights stay in
 * L1 ROWS(X)                       `correlate`: X(first, count) for groups of 16 rows
 *
 * and, where maps do not hold floats, what they hold:
 *
 *     PIXEL                         words of a pixel
 *     GET(p), PUT(p, v), ROUND(v)   LANES of its channels: load, store, what stays
 *
 * and gets KERNELS, the initialiser of its at_winograd_kernels.
 * The points are written out in the transforms: A = 1/sqrt2, B = sqrt2, A B = 1. */

#include "ops/isa/winograd.h"

#ifndef PIXEL /* maps of floats */
#define PIXEL     16
#define GET(p)    LOAD(p)
#define PUT(p, v) STORE(p, v)
#define ROUND(v)  (v)
#endif

#if defined(__clang__)
#define UNROLL   _Pragma("clang loop unroll(full)")
#define UNROLL_4 _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL   _Pragma("GCC unroll 36")
#define UNROLL_4 _Pragma("GCC unroll 4")
#endif
#define INLINE      TARGET static inline __attribute__((always_inline))
#define KERNEL      TARGET static
#define EVERY(i, n) UNROLL for (int i = 0; i < (n); i++)
#define HALVES(h)   for (int h = 0; h < 16; h += LANES)

#define A 0.70710678118654752f
#define B 1.41421356237309505f

enum { PER = 16 / LANES };
#define IN_MAP(lane) ((lane) * PIXEL / 16) /* words */

/* ---- the transforms of one vector, n being 4 or 6 ------------------------------------
 */

/* B^T d, in place. */
INLINE void inputs(const int n, V *d) {
    if (n == 4) {
        V d1 = d[1];
        d[0] = SUB(d[0], d[2]);
        d[1] = ADD(d1, d[2]);
        d[2] = SUB(d[2], d1);
        d[3] = SUB(d1, d[3]);
        return;
    }
    const V half = BROADCAST(0.5f), two = BROADCAST(2.0f), sum = BROADCAST(2.5f);
    const V a = BROADCAST(A), b = BROADCAST(B);
    V even_a = FNMA(two, d[2], d[4]), odd_a = FNMA(two, d[1], d[3]);
    V even_b = FNMA(half, d[2], d[4]), odd_b = FNMA(half, d[1], d[3]);
    d[0] = FNMA(sum, d[2], ADD(d[0], d[4]));
    d[5] = FNMA(sum, d[3], ADD(d[1], d[5]));
    d[1] = FMA(a, odd_a, even_a);
    d[2] = FNMA(a, odd_a, even_a);
    d[3] = FMA(b, odd_b, even_b);
    d[4] = FNMA(b, odd_b, even_b);
}

/* A^T m: n to n - 2. */
INLINE void outputs(const int n, const V *m, V *y) {
    V sum_a = ADD(m[1], m[2]), odd_a = SUB(m[1], m[2]);
    if (n == 4) {
        y[0] = ADD(m[0], sum_a);
        y[1] = SUB(odd_a, m[3]);
        return;
    }
    V sum_b = ADD(m[3], m[4]), odd_b = SUB(m[3], m[4]);
    y[0] = ADD(m[0], ADD(sum_a, sum_b));
    y[1] = FMA(BROADCAST(B), odd_b, MUL(BROADCAST(A), odd_a));
    y[2] = FMA(BROADCAST(2.0f), sum_b, MUL(BROADCAST(0.5f), sum_a));
    y[3] = FMA(BROADCAST(2 * B), odd_b, FMA(BROADCAST(A / 2), odd_a, m[5]));
}

/* A y: n - 2 to n. */
INLINE void outputs_adjoint(const int n, const V *y, V *m) {
    m[0] = y[0];
    if (n == 4) {
        m[1] = ADD(y[0], y[1]);
        m[2] = SUB(y[0], y[1]);
        m[3] = SUB(ZERO, y[1]);
        return;
    }
    V even_a = FMA(BROADCAST(0.5f), y[2], y[0]);
    V odd_a = FMA(BROADCAST(A / 2), y[3], MUL(BROADCAST(A), y[1]));
    V even_b = FMA(BROADCAST(2.0f), y[2], y[0]);
    V odd_b = FMA(BROADCAST(2 * B), y[3], MUL(BROADCAST(B), y[1]));
    m[1] = ADD(even_a, odd_a);
    m[2] = SUB(even_a, odd_a);
    m[3] = ADD(even_b, odd_b);
    m[4] = SUB(even_b, odd_b);
    m[5] = y[3];
}

/* G g: 3 to n. */
INLINE void taps(const int n, const V *g, V *u) {
    u[0] = g[0];
    u[n - 1] = g[2];
    if (n == 4) {
        const V half = BROADCAST(0.5f);
        V even = MUL(half, ADD(g[0], g[2]));
        u[1] = FMA(half, g[1], even);
        u[2] = FNMA(half, g[1], even);
        return;
    }
    V even_a = FMA(BROADCAST(-1 / 3.0f), g[2], MUL(BROADCAST(-2 / 3.0f), g[0]));
    V even_b = FMA(BROADCAST(1 / 3.0f), g[2], MUL(BROADCAST(1 / 6.0f), g[0]));
    u[1] = FMA(BROADCAST(-2 * A / 3), g[1], even_a);
    u[2] = FNMA(BROADCAST(-2 * A / 3), g[1], even_a);
    u[3] = FMA(BROADCAST(B / 6), g[1], even_b);
    u[4] = FNMA(BROADCAST(B / 6), g[1], even_b);
}

/* G^T u: n to 3. */
INLINE void taps_adjoint(const int n, const V *u, V *g) {
    V sum_a = ADD(u[1], u[2]), odd_a = SUB(u[1], u[2]);
    if (n == 4) {
        const V half = BROADCAST(0.5f);
        g[0] = FMA(half, sum_a, u[0]);
        g[1] = MUL(half, odd_a);
        g[2] = FMA(half, sum_a, u[3]);
        return;
    }
    V sum_b = ADD(u[3], u[4]), odd_b = SUB(u[3], u[4]);
    g[0] = FMA(BROADCAST(1 / 6.0f), sum_b, FMA(BROADCAST(-2 / 3.0f), sum_a, u[0]));
    g[1] = FMA(BROADCAST(B / 6), odd_b, MUL(BROADCAST(-2 * A / 3), odd_a));
    g[2] = FMA(BROADCAST(1 / 3.0f), sum_b, FMA(BROADCAST(-1 / 3.0f), sum_a, u[5]));
}

/* ---- tiles ----------------------------------------------------------------------------
 */

static const _Alignas(64) float nothing[4 * 16];

/* A pixel of a tile, or zeros where the tile is clipped. */
INLINE const float *pixel(const float *x, size_t row, const at_winograd_clip *clip, int i,
                          int j) {
    if (clip &&
        (i < clip->top || i >= clip->bottom || j < clip->left || j >= clip->right))
        return nothing;
    return x + (ptrdiff_t)row * i + PIXEL * j;
}

INLINE void input_tile(const int n, const float *x, size_t row,
                       const at_winograd_clip *clip, float *v, size_t step) {
    V t[6][6];
    EVERY(j, n) {
        V d[6];
        EVERY(i, n) d[i] = GET(pixel(x, row, clip, i, j));
        inputs(n, d);
        EVERY(i, n) t[i][j] = d[i];
    }
    EVERY(i, n) {
        inputs(n, t[i]);
        EVERY(j, n) STORE(v + (size_t)(i * n + j) * step, t[i][j]);
    }
}

INLINE void output_adjoint_tile(const int n, const float *dy, size_t row, int rows,
                                int columns, float *d, size_t step) {
    const at_winograd_clip clip = {0, 0, rows, columns};
    V t[6][4];
    EVERY(j, n - 2) {
        V y[4], m[6];
        EVERY(i, n - 2) y[i] = GET(pixel(dy, row, &clip, i, j));
        outputs_adjoint(n, y, m);
        EVERY(i, n) t[i][j] = m[i];
    }
    EVERY(i, n) {
        V m[6];
        outputs_adjoint(n, t[i], m);
        EVERY(j, n) STORE(d + (size_t)(i * n + j) * step, m[j]);
    }
}

/* Sums of what was stored, over one call. */
typedef struct sums {
    V plain, squares;
} sums;

INLINE V finish(V y, const float *add, const at_winograd_store *store, V bias,
                sums *sum) {
    y = ADD(y, bias);
    if (store->add)
        y = ADD(y, GET(add));
    if (store->relu)
        y = MAX(ZERO, y);
    if (store->sums) {
        y = ROUND(y);
        sum->plain = ADD(sum->plain, y);
        sum->squares = FMA(y, y, sum->squares);
    }
    return y;
}

INLINE void output_tile(const int n, const bool whole, const float *m, size_t step,
                        float *y, size_t row, int rows, int columns, const float *add,
                        const at_winograd_store *store, V bias, sums *sum) {
    V t[4][6];
    EVERY(j, n) {
        V d[6], o[4];
        EVERY(i, n) d[i] = LOAD(m + (size_t)(i * n + j) * step);
        outputs(n, d, o);
        EVERY(i, n - 2) t[i][j] = o[i];
    }
    EVERY(i, n - 2) {
        V o[4];
        outputs(n, t[i], o);
        EVERY(j, n - 2)
        if (whole || (i < rows && j < columns))
            PUT(y + (size_t)i * row + PIXEL * j,
                finish(o[j], add + (size_t)i * store->add_row + PIXEL * j, store, bias,
                       sum));
    }
}

INLINE void output_tiles(const int n, const float *m, size_t step, int count, float *y,
                         size_t row, int rows, int columns,
                         const at_winograd_store *store) {
    const int side = n - 2;
    HALVES(h) {
        sums sum = {ZERO, ZERO};
        V bias = store->bias ? LOAD(store->bias + h) : ZERO;
        for (int i = 0; i < count; i++) {
            float *to = y + i * side * PIXEL + IN_MAP(h);
            const float *add =
                store->add ? store->add + i * side * PIXEL + IN_MAP(h) : nothing;
            if (rows == side && columns == side)
                output_tile(n, true, m + i * 16 + h, step, to, row, side, side, add,
                            store, bias, &sum);
            else
                output_tile(n, false, m + i * 16 + h, step, to, row, rows, columns, add,
                            store, bias, &sum);
        }
        if (store->sums) {
            ADD_DOUBLES(store->sums + h, sum.plain);
            ADD_DOUBLES(store->squares + h, sum.squares);
        }
    }
}

/* ---- weights ------------------------------------------------------------------- */

/* The 16 x 16 vectors of nine taps, `turned` back to front. */
INLINE void weight_tiles(const int n, const bool turned, const float *w, float *u,
                         size_t step) {
    for (int at = 0; at < 256; at += LANES) {
        V t[6][3];
        EVERY(j, 3) {
            V g[3], o[6];
            EVERY(i, 3) {
                int tap = i * 3 + j;
                g[i] = LOAD(w + (turned ? 8 - tap : tap) * 256 + at);
            }
            taps(n, g, o);
            EVERY(i, n) t[i][j] = o[i];
        }
        EVERY(i, n) {
            V o[6];
            taps(n, t[i], o);
            EVERY(j, n) STORE(u + (size_t)(i * n + j) * step + at, o[j]);
        }
    }
}

INLINE void weight_adjoint_tiles(const int n, const float *du, size_t step, size_t part,
                                 int parts, float *dw) {
    for (int at = 0; at < 256; at += LANES) {
        V t[3][6];
        EVERY(j, n) {
            V u[6], g[3];
            EVERY(i, n) {
                const float *from = du + (size_t)(i * n + j) * step + at;
                u[i] = LOAD(from);
                for (int p = 1; p < parts; p++)
                    u[i] = ADD(u[i], LOAD(from + (size_t)p * part));
            }
            taps_adjoint(n, u, g);
            EVERY(i, 3) t[i][j] = g[i];
        }
        EVERY(i, 3) {
            V g[3];
            taps_adjoint(n, t[i], g);
            EVERY(j, 3) STORE(dw + (i * 3 + j) * 256 + at, g[j]);
        }
    }
}

INLINE void turn(const float *w, float *turned) {
    for (int tap = 0; tap < 9; tap++)
        TRANSPOSE(w + tap * 256, turned + tap * 256);
}

/* ---- the transforms of the struct
 * ------------------------------------------------------ */

#define METHOD(f, n)                                                                     \
    KERNEL void f##_input(const float *x, size_t row, int count, float *v,               \
                          size_t step) {                                                 \
        for (int i = 0; i < count; i++)                                                  \
            HALVES(h)                                                                    \
        input_tile(n, x + i * (n - 2) * PIXEL + IN_MAP(h), row, NULL, v + i * 16 + h,    \
                   step);                                                                \
    }                                                                                    \
    KERNEL void f##_input_clipped(const float *x, size_t row, at_winograd_clip clip,     \
                                  float *v, size_t step) {                               \
        HALVES(h) input_tile(n, x + IN_MAP(h), row, &clip, v + h, step);                 \
    }                                                                                    \
    KERNEL void f##_output(const float *m, size_t step, int count, float *y, size_t row, \
                           int rows, int columns, const at_winograd_store *store) {      \
        output_tiles(n, m, step, count, y, row, rows, columns, store);                   \
    }                                                                                    \
    KERNEL void f##_output_adjoint(const float *dy, size_t row, int rows, int columns,   \
                                   int count, float *d, size_t step) {                   \
        for (int i = 0; i < count; i++)                                                  \
            HALVES(h) {                                                                  \
                const float *from = dy + i * (n - 2) * PIXEL + IN_MAP(h);                \
                if (rows == n - 2 && columns == n - 2)                                   \
                    output_adjoint_tile(n, from, row, n - 2, n - 2, d + i * 16 + h,      \
                                        step);                                           \
                else                                                                     \
                    output_adjoint_tile(n, from, row, rows, columns, d + i * 16 + h,     \
                                        step);                                           \
            }                                                                            \
    }                                                                                    \
    KERNEL void f##_weights(const float *w, float *u, size_t step) {                     \
        weight_tiles(n, false, w, u, step);                                              \
    }                                                                                    \
    KERNEL void f##_weights_turned(const float *w, float *u, size_t step) {              \
        _Alignas(64) float turned[9 * 256];                                              \
        turn(w, turned);                                                                 \
        weight_tiles(n, true, turned, u, step);                                          \
    }                                                                                    \
    KERNEL void f##_weights_adjoint(const float *du, size_t step, size_t part,           \
                                    int parts, float *dw) {                              \
        if (parts == 1)                                                                  \
            weight_adjoint_tiles(n, du, step, part, 1, dw);                              \
        else                                                                             \
            weight_adjoint_tiles(n, du, step, part, parts, dw);                          \
    }

METHOD(f2, 4)
METHOD(f4, 6)

#define TRANSFORMS(f, n)                                                                 \
    {.tile = n - 2,                                                                      \
     .input = f##_input,                                                                 \
     .input_clipped = f##_input_clipped,                                                 \
     .output = f##_output,                                                               \
     .output_adjoint = f##_output_adjoint,                                               \
     .weights = f##_weights,                                                             \
     .weights_turned = f##_weights_turned,                                               \
     .weights_adjoint = f##_weights_adjoint}
/* The initialiser of an at_winograd_kernels. */
#define KERNELS                                                                          \
    {.f2 = TRANSFORMS(f2, 4),                                                            \
     .f4 = TRANSFORMS(f4, 6),                                                            \
     .tiles = TILES,                                                                     \
     .multiply = multiply,                                                               \
     .correlate = correlate}

/* ---- products
 * --------------------------------------------------------------------------- */

INLINE void multiply_group(const int tiles, const int blocks, const float *v,
                           size_t v_block, const float *u, size_t u_block, int c_blocks,
                           bool accumulate, float *m, size_t m_block) {
    V sum[TILES][BLOCKS * PER];
    EVERY(t, tiles) EVERY(k, blocks * PER) sum[t][k] = ZERO;
    for (int cb = 0; cb < c_blocks; cb++, v += v_block)
        UNROLL_4 for (int c = 0; c < 16; c++, u += 16) {
            V w[BLOCKS * PER];
            EVERY(k, blocks * PER)
            w[k] = LOAD(u + (size_t)(k / PER) * u_block + k % PER * LANES);
            EVERY(t, tiles) {
                V x = BROADCAST(v[t * 16 + c]);
                EVERY(k, blocks * PER) sum[t][k] = FMA(w[k], x, sum[t][k]);
            }
        }
    EVERY(t, tiles) EVERY(k, blocks * PER) {
        float *to = m + (size_t)(k / PER) * m_block + t * 16 + k % PER * LANES;
        STORE(to, accumulate ? ADD(LOAD(to), sum[t][k]) : sum[t][k]);
    }
}

/* Rows first..first+rows of a channel block against `blocks` k blocks. */
INLINE void correlate_group(const int rows, const int blocks, const float *v,
                            const float *d, size_t d_block, int tiles, bool accumulate,
                            float *du, size_t du_block) {
    V sum[16][BLOCKS * PER];
    EVERY(c, rows) EVERY(k, blocks * PER) sum[c][k] = ZERO;
    UNROLL_4 for (int t = 0; t < tiles; t++) {
        V y[BLOCKS * PER];
        EVERY(k, blocks * PER)
        y[k] = LOAD(d + (size_t)(k / PER) * d_block + t * 16 + k % PER * LANES);
        EVERY(c, rows) {
            V x = BROADCAST(v[t * 16 + c]);
            EVERY(k, blocks * PER) sum[c][k] = FMA(y[k], x, sum[c][k]);
        }
    }
    EVERY(c, rows) EVERY(k, blocks * PER) {
        float *to = du + (size_t)(k / PER) * du_block + c * 16 + k % PER * LANES;
        STORE(to, accumulate ? ADD(LOAD(to), sum[c][k]) : sum[c][k]);
    }
}

typedef void (*group)(const float *v, size_t v_block, const float *u, size_t u_block,
                      int c_blocks, bool accumulate, float *m, size_t m_block);

#define GROUP(tiles, blocks)                                                             \
    KERNEL void group_##tiles##_##blocks(const float *v, size_t v_block, const float *u, \
                                         size_t u_block, int c_blocks, bool accumulate,  \
                                         float *m, size_t m_block) {                     \
        multiply_group(tiles, blocks, v, v_block, u, u_block, c_blocks, accumulate, m,   \
                       m_block);                                                         \
    }
#define GROUP_1(tiles)      GROUP(tiles, 1)
#define GROUP_2(tiles)      GROUP(tiles, 2)
#define GROUP_1_NAME(tiles) group_##tiles##_1,
#define GROUP_2_NAME(tiles) group_##tiles##_2,

SIZES(GROUP_1)
static const group singles[] = {SIZES(GROUP_1_NAME)};
#if BLOCKS == 2
SIZES(GROUP_2)
static const group pairs[] = {SIZES(GROUP_2_NAME)};
#else
static const group *const pairs = singles;
#endif

/* The tiles in groups as equal as can be, so that none is left with too few sums at work
 * to cover the latency. */
static void multiply(const float *v, size_t v_block, const float *u, size_t u_block,
                     int c_blocks, int k_blocks, int tiles, float *m, size_t m_block) {
    const int groups = (tiles + TILES - 1) / TILES;
    const int base = tiles / groups, larger = tiles % groups;
    for (int cb = 0; cb < c_blocks; cb += CHUNK) {
        int count = c_blocks - cb < CHUNK ? c_blocks - cb : CHUNK;
        for (int kb = 0; kb < k_blocks; kb += BLOCKS) {
            const group *of = k_blocks - kb < BLOCKS ? singles : pairs;
            const float *weights = u + (size_t)kb * u_block + (size_t)cb * 256;
            for (int g = 0, t = 0; g < groups; g++) {
                int size = base + (g < larger);
                of[size - 1](v + (size_t)cb * v_block + t * 16, v_block, weights, u_block,
                             count, cb > 0, m + (size_t)kb * m_block + t * 16, m_block);
                t += size;
            }
        }
    }
}

#define ROWS_1(first, rows)                                                              \
    correlate_group(rows, 1, from + first, to, d_block, tiles, accumulate,               \
                    out + first * 16, du_block);
#define ROWS_2(first, rows)                                                              \
    correlate_group(rows, BLOCKS, from + first, to, d_block, tiles, accumulate,          \
                    out + first * 16, du_block);

KERNEL void correlate(const float *v, size_t v_block, const float *d, size_t d_block,
                      int c_blocks, int k_blocks, int tiles, bool accumulate, float *du,
                      size_t du_block) {
    for (int kb = 0; kb < k_blocks; kb += BLOCKS)
        for (int cb = 0; cb < c_blocks; cb++) {
            const float *from = v + (size_t)cb * v_block, *to = d + (size_t)kb * d_block;
            float *out = du + (size_t)kb * du_block + (size_t)cb * 256;
            if (k_blocks - kb < BLOCKS) {
                ROWS(ROWS_1)
            } else {
                ROWS(ROWS_2)
            }
        }
}
