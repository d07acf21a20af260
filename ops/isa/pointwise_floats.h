/* The pointwise kernels on what is floats always, behind pointwise_template.h in the same
 * file: fully connected layers, the optimisers. FLOATS are their initialisers. */

/* ---- fully connected ---- */

enum { DENSE_ROWS = 4 }; /* sums held at once */

static inline size_t dense_inputs(const at_dense *d) {
    return (size_t)((d->c + 15) / 16) * 16;
}

INLINE void dense_rows(const at_dense *d, int32_t block, int32_t row, int rows) {
    const float *w = d->w + (size_t)block * dense_inputs(d) * 16;
    pixel sum[DENSE_ROWS];
    for (int r = 0; r < rows; r++)
        sum[r] = d->bias ? floats(d->bias + (size_t)block * 16) : zero();
    for (int32_t c = 0; c < d->c; c++) {
        pixel weight = floats(w + (size_t)c * 16);
        const float *x = d->x + (size_t)(c / 16) * d->x_block + (size_t)(c % 16);
        for (int r = 0; r < rows; r++)
            sum[r] = fused(all(x[(size_t)(row + r) * d->x_row]), weight, sum[r]);
    }
    for (int r = 0; r < rows; r++)
        store_floats(d->y + (size_t)(row + r) * d->y_row + (size_t)block * d->y_block,
                     sum[r]);
}

TARGET static void dense(const at_dense *d) {
    for (int32_t block = d->from; block < d->to; block++) {
        int32_t row = 0;
        for (; row + DENSE_ROWS <= d->rows; row += DENSE_ROWS)
            dense_rows(d, block, row, DENSE_ROWS);
        for (; row < d->rows; row++)
            dense_rows(d, block, row, 1);
    }
}

INLINE float across(pixel v) {
    float lanes[16], sum = 0;
    store_floats(lanes, v);
    for (int k = 0; k < 16; k++)
        sum += lanes[k];
    return sum;
}

INLINE void dense_data_rows(const at_dense *d, int32_t c, int32_t row, int rows) {
    pixel sum[DENSE_ROWS];
    for (int r = 0; r < rows; r++)
        sum[r] = zero();
    for (int32_t block = 0; block < d->blocks; block++) {
        pixel weight = floats(d->w + ((size_t)block * dense_inputs(d) + (size_t)c) * 16);
        const float *y = d->y + (size_t)block * d->y_block;
        for (int r = 0; r < rows; r++)
            sum[r] = fused(floats(y + (size_t)(row + r) * d->y_row), weight, sum[r]);
    }
    float *x = d->x + (size_t)(c / 16) * d->x_block + (size_t)(c % 16);
    for (int r = 0; r < rows; r++) {
        float *to = x + (size_t)(row + r) * d->x_row;
        *to = d->accumulate ? *to + across(sum[r]) : across(sum[r]);
    }
}

TARGET static void dense_data(const at_dense *d) {
    for (int32_t c = d->from * 16; c < d->to * 16; c++) {
        int32_t row = 0;
        for (; row + DENSE_ROWS <= d->rows; row += DENSE_ROWS)
            dense_data_rows(d, c, row, DENSE_ROWS);
        for (; row < d->rows; row++)
            dense_data_rows(d, c, row, 1);
    }
}

INLINE void dense_weights_inputs(const at_dense *d, int32_t block, int32_t c, int count) {
    pixel sum[DENSE_ROWS];
    for (int i = 0; i < count; i++)
        sum[i] = zero();
    const float *x = d->x + (size_t)(c / 16) * d->x_block + (size_t)(c % 16);
    for (int32_t row = 0; row < d->rows; row++) {
        pixel y = floats(d->y + (size_t)row * d->y_row + (size_t)block * d->y_block);
        for (int i = 0; i < count; i++)
            sum[i] = fused(all(x[(size_t)row * d->x_row + (size_t)i]), y, sum[i]);
    }
    for (int i = 0; i < count; i++)
        store_floats(d->w + ((size_t)block * dense_inputs(d) + (size_t)(c + i)) * 16,
                     sum[i]);
}

TARGET static void dense_weights(const at_dense *d) {
    for (int32_t block = d->from; block < d->to; block++) {
        if (d->bias) {
            pixel sum = zero();
            for (int32_t row = 0; row < d->rows; row++)
                sum = plus(sum, floats(d->y + (size_t)row * d->y_row +
                                       (size_t)block * d->y_block));
            store_floats(d->bias + (size_t)block * 16, sum);
        }
        int32_t c = 0;
        for (; c + DENSE_ROWS <= d->c; c += DENSE_ROWS)
            dense_weights_inputs(d, block, c, DENSE_ROWS);
        for (; c < d->c; c++)
            dense_weights_inputs(d, block, c, 1);
    }
}

/* ---- optimisers ---- */

TARGET static void sgd(const at_update *u) {
    V rate = BROADCAST(u->rate), decay = BROADCAST(u->decay);
    V momentum = BROADCAST(u->momentum);
    for (size_t i = 0; i < u->count; i += LANES) {
        V w = LOAD(u->w + i), g = FMA(decay, w, LOAD(u->g + i));
        V m = FNMA(rate, g, MUL(momentum, LOAD(u->m + i)));
        STORE(u->m + i, m);
        STORE(u->w + i, ADD(w, m));
    }
}

TARGET static void nag(const at_update *u) {
    V rate = BROADCAST(u->rate), decay = BROADCAST(u->decay);
    V momentum = BROADCAST(u->momentum);
    for (size_t i = 0; i < u->count; i += LANES) {
        V w = LOAD(u->w + i), g = FMA(decay, w, LOAD(u->g + i));
        V m = FMA(momentum, LOAD(u->m + i), g);
        STORE(u->m + i, m);
        STORE(u->w + i, FNMA(rate, FMA(momentum, m, g), w));
    }
}

TARGET static void adam(const at_update *u) {
    V rate = BROADCAST(u->rate), decay = BROADCAST(u->decay);
    V beta1 = BROADCAST(u->beta1), rest1 = BROADCAST(1 - u->beta1);
    V beta2 = BROADCAST(u->beta2), rest2 = BROADCAST(1 - u->beta2);
    V epsilon = BROADCAST(u->epsilon);
    for (size_t i = 0; i < u->count; i += LANES) {
        V w = LOAD(u->w + i), g = FMA(decay, w, LOAD(u->g + i));
        V m = FMA(beta1, LOAD(u->m + i), MUL(rest1, g));
        V v = FMA(beta2, LOAD(u->v + i), MUL(rest2, MUL(g, g)));
        STORE(u->m + i, m);
        STORE(u->v + i, v);
        STORE(u->w + i, SUB(w, DIV(MUL(rate, m), ADD(SQRT(v), epsilon))));
    }
}

TARGET static void rmsprop(const at_update *u) {
    V rate = BROADCAST(u->rate), decay = BROADCAST(u->decay);
    V gamma = BROADCAST(u->momentum), rest = BROADCAST(1 - u->momentum);
    V epsilon = BROADCAST(u->epsilon);
    for (size_t i = 0; i < u->count; i += LANES) {
        V w = LOAD(u->w + i), g = FMA(decay, w, LOAD(u->g + i));
        V m = FMA(gamma, LOAD(u->m + i), MUL(rest, MUL(g, g)));
        STORE(u->m + i, m);
        STORE(u->w + i, SUB(w, DIV(MUL(rate, g), SQRT(ADD(m, epsilon)))));
    }
}

#define FLOATS                                                                           \
    .dense = dense, .dense_data = dense_data, .dense_weights = dense_weights,            \
    .sgd = sgd, .nag = nag, .adam = adam, .rmsprop = rmsprop
