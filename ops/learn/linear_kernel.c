/* The two inner loops. A vector type instead of a loop over lanes: the compiler must not
 * reorder a sum of doubles, and so vectorises across models and outputs, where nothing is
 * reordered. */
#include "ops/learn/linear.h"

typedef double lanes __attribute__((vector_size(16), aligned(8)));

enum { LANES = 2, BLOCK = AT_LINEAR_LANES };

static inline lanes load(const double *p) {
    return *(const lanes *)p;
}

static inline void store(double *p, lanes v) {
    *(lanes *)p = v;
}

_Static_assert(BLOCK == 4 * LANES, "a block is four vectors");

void at_linear_forward(const double *x, const double *w, int64_t cols, int width,
                       double *z) {
    for (int k = 0; k < width; k += BLOCK) {
        const double *column = w + k;
        lanes a = {0}, b = {0}, c = {0}, d = {0};
        for (int64_t j = 0; j < cols; j++, column += width) {
            a += x[j] * load(column);
            b += x[j] * load(column + LANES);
            c += x[j] * load(column + 2 * LANES);
            d += x[j] * load(column + 3 * LANES);
        }
        store(z + k, a + load(column));
        store(z + k + LANES, b + load(column + LANES));
        store(z + k + 2 * LANES, c + load(column + 2 * LANES));
        store(z + k + 3 * LANES, d + load(column + 3 * LANES));
    }
}

static inline void add(double *at, lanes v) {
    store(at, load(at) + v);
}

void at_linear_backward(const double *x, const double *g, int64_t cols, int width,
                        double *sum) {
    for (int k = 0; k < width; k += BLOCK) {
        double *column = sum + k;
        lanes a = load(g + k), b = load(g + k + LANES);
        lanes c = load(g + k + 2 * LANES), d = load(g + k + 3 * LANES);
        for (int64_t j = 0; j < cols; j++, column += width) {
            add(column, x[j] * a);
            add(column + LANES, x[j] * b);
            add(column + 2 * LANES, x[j] * c);
            add(column + 3 * LANES, x[j] * d);
        }
        add(column, a);
        add(column + LANES, b);
        add(column + 2 * LANES, c);
        add(column + 3 * LANES, d);
    }
}
