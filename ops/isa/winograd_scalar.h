/* Winograd's kernels as plain loops over the matrices of the method: the oracle of the
 * others. A file that includes this once has said what a map holds: PIXEL, the words of a
 * pixel, and GET(p, k), PUT(p, k, v), channel k of the pixel at p. */
#include "ops/isa/winograd.h"

enum { LANES = 16, WIDEST = 6 };

#define A 0.70710678118654752f /* 1/sqrt2; A^2 = 1/2 */
#define B 1.41421356237309505f /* sqrt2; B^2 = 2, A B = 1 */

/* The matrices of F(m,3); n = m + 2. */
typedef struct method {
    int m, n;
    float bt[WIDEST][WIDEST]; /* n x n: inputs */
    float g[WIDEST][3];       /* n x 3: weights */
    float at[4][WIDEST];      /* m x n: outputs */
} method;

static const method f2 = {
    .m = 2,
    .n = 4,
    .bt = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
    .g = {{1, 0, 0}, {0.5f, 0.5f, 0.5f}, {0.5f, -0.5f, 0.5f}, {0, 0, 1}},
    .at = {{1, 1, 1, 0}, {0, 1, -1, -1}},
};

/* Row i of bt: the coefficients of the product of (x - p) over the other finite points;
 * of g: 1, p, p^2 over that product at p; of at: powers of the points. */
static const method f4 = {
    .m = 4,
    .n = 6,
    .bt = {{1, 0, -2.5f, 0, 1, 0},
           {0, -2 * A, -2, A, 1, 0},
           {0, 2 * A, -2, -A, 1, 0},
           {0, -B / 2, -0.5f, B, 1, 0},
           {0, B / 2, -0.5f, -B, 1, 0},
           {0, 1, 0, -2.5f, 0, 1}},
    .g = {{1, 0, 0},
          {-2 / 3.0f, -2 * A / 3, -1 / 3.0f},
          {-2 / 3.0f, 2 * A / 3, -1 / 3.0f},
          {1 / 6.0f, B / 6, 1 / 3.0f},
          {1 / 6.0f, -B / 6, 1 / 3.0f},
          {0, 0, 1}},
    .at = {{1, 1, 1, 1, 1, 0},
           {0, A, -A, B, -B, 0},
           {0, 0.5f, 0.5f, 2, 2, 0},
           {0, A / 2, -A / 2, 2 * B, -2 * B, 1}},
};

/* One lane of a tile, [row][column]. */
typedef struct tile {
    float at[WIDEST][WIDEST];
} tile;

/* P X P^T for P of rows x columns, read through `p` (transposed where `turned`). */
static tile both_sides(const float *p, int pitch, bool turned, int rows, int columns,
                       const tile *x) {
    tile half = {0}, out = {0};
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            for (int k = 0; k < columns; k++)
                half.at[i][j] +=
                    (turned ? p[k * pitch + i] : p[i * pitch + k]) * x->at[k][j];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++)
            for (int k = 0; k < columns; k++)
                out.at[i][j] +=
                    half.at[i][k] * (turned ? p[k * pitch + j] : p[j * pitch + k]);
    return out;
}

static void spread(const tile *t, int n, float *to, size_t step) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            to[(size_t)(i * n + j) * step] = t->at[i][j];
}

static tile gather(const float *from, size_t step, int n) {
    tile t = {0};
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            t.at[i][j] = from[(size_t)(i * n + j) * step];
    return t;
}

static tile read_clipped(const float *x, int lane, size_t row, at_winograd_clip clip) {
    tile t = {0};
    for (int i = clip.top; i < clip.bottom; i++)
        for (int j = clip.left; j < clip.right; j++)
            t.at[i][j] = GET(x + (ptrdiff_t)row * i + PIXEL * j, lane);
    return t;
}

static void input_clipped(const method *f, const float *x, size_t row,
                          at_winograd_clip clip, float *v, size_t step) {
    for (int lane = 0; lane < LANES; lane++) {
        tile in = read_clipped(x, lane, row, clip);
        tile out = both_sides(&f->bt[0][0], WIDEST, false, f->n, f->n, &in);
        spread(&out, f->n, v + lane, step);
    }
}

static void input(const method *f, const float *x, size_t row, int count, float *v,
                  size_t step) {
    for (int i = 0; i < count; i++)
        input_clipped(f, x + i * f->m * PIXEL, row, (at_winograd_clip){0, 0, f->n, f->n},
                      v + i * LANES, step);
}

static void put(const tile *t, int lane, float *y, size_t row, int rows, int columns,
                const float *add, const at_winograd_store *store) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            float out = t->at[i][j];
            if (store->bias)
                out += store->bias[lane];
            if (add)
                out += GET(add + (size_t)i * store->add_row + PIXEL * j, lane);
            if (store->relu && out < 0)
                out = 0;
            PUT(y + (size_t)i * row + PIXEL * j, lane, out);
            if (store->sums) {
                out = GET(y + (size_t)i * row + PIXEL * j, lane);
                store->sums[lane] += (double)out;
                store->squares[lane] += (double)out * (double)out;
            }
        }
}

static void output(const method *f, const float *m, size_t step, int count, float *y,
                   size_t row, int rows, int columns, const at_winograd_store *store) {
    for (int i = 0; i < count; i++)
        for (int lane = 0; lane < LANES; lane++) {
            tile in = gather(m + i * LANES + lane, step, f->n);
            tile out = both_sides(&f->at[0][0], WIDEST, false, f->m, f->n, &in);
            int at = i * f->m * PIXEL;
            put(&out, lane, y + at, row, rows, columns,
                store->add ? store->add + at : NULL, store);
        }
}

static void output_adjoint(const method *f, const float *dy, size_t row, int rows,
                           int columns, int count, float *d, size_t step) {
    for (int i = 0; i < count; i++)
        for (int lane = 0; lane < LANES; lane++) {
            tile in = read_clipped(dy + i * f->m * PIXEL, lane, row,
                                   (at_winograd_clip){0, 0, rows, columns});
            tile out = both_sides(&f->at[0][0], WIDEST, true, f->n, f->m, &in);
            spread(&out, f->n, d + i * LANES + lane, step);
        }
}

static void weights(const method *f, const float *w, bool turned, float *u, size_t step) {
    for (int c = 0; c < LANES; c++)
        for (int k = 0; k < LANES; k++) {
            tile in = {0};
            for (int tap = 0; tap < 9; tap++)
                in.at[tap / 3][tap % 3] =
                    w[((turned ? 8 - tap : tap) * LANES + c) * LANES + k];
            tile out = both_sides(&f->g[0][0], 3, false, f->n, 3, &in);
            spread(&out, f->n, u + (turned ? k * LANES + c : c * LANES + k), step);
        }
}

static void weights_adjoint(const method *f, const float *du, size_t step, size_t part,
                            int parts, float *dw) {
    for (int at = 0; at < LANES * LANES; at++) {
        tile sum = gather(du + at, step, f->n);
        for (int p = 1; p < parts; p++) {
            tile more = gather(du + (size_t)p * part + at, step, f->n);
            for (int i = 0; i < f->n; i++)
                for (int j = 0; j < f->n; j++)
                    sum.at[i][j] += more.at[i][j];
        }
        tile out = both_sides(&f->g[0][0], 3, true, 3, f->n, &sum);
        for (int tap = 0; tap < 9; tap++)
            dw[tap * LANES * LANES + at] = out.at[tap / 3][tap % 3];
    }
}

static void multiply(const float *v, size_t v_block, const float *u, size_t u_block,
                     int c_blocks, int k_blocks, int tiles, float *m, size_t m_block) {
    for (int kb = 0; kb < k_blocks; kb++)
        for (int t = 0; t < tiles; t++) {
            double sum[LANES] = {0};
            for (int c = 0; c < c_blocks * LANES; c++) {
                double x = (double)
                    v[(size_t)(c / LANES) * v_block + (size_t)(t * LANES + c % LANES)];
                for (int k = 0; k < LANES; k++)
                    sum[k] +=
                        x * (double)u[(size_t)kb * u_block + (size_t)(c * LANES + k)];
            }
            for (int k = 0; k < LANES; k++)
                m[(size_t)kb * m_block + (size_t)(t * LANES + k)] = (float)sum[k];
        }
}

static void correlate(const float *v, size_t v_block, const float *d, size_t d_block,
                      int c_blocks, int k_blocks, int tiles, bool accumulate, float *du,
                      size_t du_block) {
    for (int kb = 0; kb < k_blocks; kb++)
        for (int c = 0; c < c_blocks * LANES; c++) {
            double sum[LANES] = {0};
            for (int t = 0; t < tiles; t++) {
                double x = (double)
                    v[(size_t)(c / LANES) * v_block + (size_t)(t * LANES + c % LANES)];
                for (int k = 0; k < LANES; k++)
                    sum[k] +=
                        x * (double)d[(size_t)kb * d_block + (size_t)(t * LANES + k)];
            }
            float *to = du + (size_t)kb * du_block + (size_t)c * LANES;
            for (int k = 0; k < LANES; k++)
                to[k] = (float)(accumulate ? (double)to[k] + sum[k] : sum[k]);
        }
}

/* The transforms of the struct, for one method. */
#define BIND(f)                                                                          \
    static void f##_input(const float *x, size_t row, int count, float *v,               \
                          size_t step) {                                                 \
        input(&f, x, row, count, v, step);                                               \
    }                                                                                    \
    static void f##_input_clipped(const float *x, size_t row, at_winograd_clip clip,     \
                                  float *v, size_t step) {                               \
        input_clipped(&f, x, row, clip, v, step);                                        \
    }                                                                                    \
    static void f##_output(const float *m, size_t step, int count, float *y, size_t row, \
                           int rows, int columns, const at_winograd_store *store) {      \
        output(&f, m, step, count, y, row, rows, columns, store);                        \
    }                                                                                    \
    static void f##_output_adjoint(const float *dy, size_t row, int rows, int columns,   \
                                   int count, float *d, size_t step) {                   \
        output_adjoint(&f, dy, row, rows, columns, count, d, step);                      \
    }                                                                                    \
    static void f##_weights(const float *w, float *u, size_t step) {                     \
        weights(&f, w, false, u, step);                                                  \
    }                                                                                    \
    static void f##_weights_turned(const float *w, float *u, size_t step) {              \
        weights(&f, w, true, u, step);                                                   \
    }                                                                                    \
    static void f##_weights_adjoint(const float *du, size_t step, size_t part,           \
                                    int parts, float *dw) {                              \
        weights_adjoint(&f, du, step, part, parts, dw);                                  \
    }
BIND(f2)
BIND(f4)

#define TRANSFORMS(f, side)                                                              \
    {.tile = side,                                                                       \
     .input = f##_input,                                                                 \
     .input_clipped = f##_input_clipped,                                                 \
     .output = f##_output,                                                               \
     .output_adjoint = f##_output_adjoint,                                               \
     .weights = f##_weights,                                                             \
     .weights_turned = f##_weights_turned,                                               \
     .weights_adjoint = f##_weights_adjoint}

/* The initialiser of an at_winograd_kernels. */
#define KERNELS                                                                          \
    {.f2 = TRANSFORMS(f2, 2),                                                            \
     .f4 = TRANSFORMS(f4, 4),                                                            \
     .tiles = 1,                                                                         \
     .multiply = multiply,                                                               \
     .correlate = correlate}
