/* The pointwise kernels over vectors of LANES floats: included once by each
 * pointwise_*.c, after it said what a vector is:
 *
 *   V, LANES (4, 8 or 16), TARGET        a type, its size, the functions' attribute
 *   LOAD STORE STREAM FENCE BROADCAST ZERO ADD SUB MUL DIV SQRT MAX FMA FNMA
 *   POSITIVE(a, v), EQUAL(a, b, v)       v where a > 0, where a = b; else 0
 *   GREATER(a, b, x, y)                  x where a > b, else y
 *   ADD_DOUBLES(to, v)                   to[LANES] += v
 *   LOAD_BYTES(p), STORE_BYTES(p, v)     LANES bytes as floats
 *   KERNELS                              the name of the table
 *
 * MAX(a, b) gives b where either is not a number: a ReLU lets it through. */
#define CHUNKS (16 / LANES) /* vectors of a pixel */
#define INLINE TARGET static inline __attribute__((always_inline))
#define EACH   _Pragma("GCC unroll 4") for (int k = 0; k < CHUNKS; k++)

typedef struct pixel {
    V part[CHUNKS];
} pixel;

INLINE pixel load(const float *p) {
    pixel v;
    EACH v.part[k] = LOAD(p + k * LANES);
    return v;
}

INLINE void store(float *p, pixel v, bool stream) {
    if (stream)
        EACH STREAM(p + k * LANES, v.part[k]);
    else
        EACH STORE(p + k * LANES, v.part[k]);
}

INLINE pixel zero(void) {
    pixel v;
    EACH v.part[k] = ZERO;
    return v;
}

INLINE pixel all(float x) {
    pixel v;
    EACH v.part[k] = BROADCAST(x);
    return v;
}

INLINE void add_doubles(double *to, pixel v) {
    EACH ADD_DOUBLES(to + k * LANES, v.part[k]);
}

#define BINARY(name, op)                                                                 \
    INLINE pixel name(pixel a, pixel b) {                                                \
        EACH a.part[k] = op(a.part[k], b.part[k]);                                       \
        return a;                                                                        \
    }
BINARY(plus, ADD)
BINARY(minus, SUB)
BINARY(most, MAX)
BINARY(where_positive, POSITIVE)

INLINE pixel fused(pixel a, pixel b, pixel c) { /* a b + c */
    EACH c.part[k] = FMA(a.part[k], b.part[k], c.part[k]);
    return c;
}

INLINE pixel fused_minus(pixel a, pixel b, pixel c) { /* c - a b */
    EACH c.part[k] = FNMA(a.part[k], b.part[k], c.part[k]);
    return c;
}

/* ---- batch norm ---- */

TARGET static void sums(at_view x, int32_t h, int32_t w, double *out) {
    for (int32_t i = 0; i < h; i++) {
        const float *p = x.data + (size_t)i * x.row;
        pixel sum = zero(), square = zero();
        for (int32_t j = 0; j < w; j++, p += 16) {
            pixel v = load(p);
            sum = plus(sum, v);
            square = fused(v, v, square);
        }
        add_doubles(out, sum);
        add_doubles(out + 16, square);
    }
}

INLINE void norm_as(const at_norm *n, bool adds, bool stream) {
    pixel scale = load(n->scale), shift = load(n->shift);
    pixel least = all(n->relu ? 0 : -__builtin_inff());
    for (int32_t i = 0; i < n->h; i++) {
        const float *x = n->x.data + (size_t)i * n->x.row;
        const float *other = adds ? n->add.data + (size_t)i * n->add.row : x;
        float *y = n->y.data + (size_t)i * n->y.row;
        for (int32_t j = 0; j < n->w; j++) {
            pixel v = fused(load(x + j * 16), scale, shift);
            if (adds)
                v = plus(v, load(other + j * 16));
            store(y + j * 16, most(least, v), stream);
        }
    }
    if (stream)
        FENCE;
}

TARGET static void norm(const at_norm *n) {
    if (n->add.data && n->stream)
        norm_as(n, true, true);
    else if (n->add.data)
        norm_as(n, true, false);
    else if (n->stream)
        norm_as(n, false, true);
    else
        norm_as(n, false, false);
}

INLINE void norm_sums_as(const at_norm *n, at_mask mask) {
    pixel scale = load(n->scale), shift = load(n->shift), mean = load(n->mean);
    for (int32_t i = 0; i < n->h; i++) {
        const float *x = n->x.data + (size_t)i * n->x.row;
        const float *y = mask == AT_MASK_OUTPUT ? n->y.data + (size_t)i * n->y.row : x;
        float *dy = n->dy.data + (size_t)i * n->dy.row;
        pixel sum = zero(), product = zero();
        for (int32_t j = 0; j < n->w; j++) {
            pixel v = load(x + j * 16), g = load(dy + j * 16);
            if (mask == AT_MASK_INPUT)
                g = where_positive(fused(v, scale, shift), g);
            if (mask == AT_MASK_OUTPUT) {
                g = where_positive(load(y + j * 16), g);
                store(dy + j * 16, g, false);
            }
            sum = plus(sum, g);
            product = fused(g, minus(v, mean), product);
        }
        add_doubles(n->sums, sum);
        add_doubles(n->sums + 16, product);
    }
}

TARGET static void norm_sums(const at_norm *n) {
    if (n->mask == AT_MASK_INPUT)
        norm_sums_as(n, AT_MASK_INPUT);
    else if (n->mask == AT_MASK_OUTPUT)
        norm_sums_as(n, AT_MASK_OUTPUT);
    else
        norm_sums_as(n, AT_MASK_NONE);
}

INLINE void norm_back_as(const at_norm *n, bool masked, bool accumulate, bool stream) {
    pixel scale = load(n->scale), shift = load(n->shift), mean = load(n->mean);
    pixel slope = load(n->slope), offset = load(n->offset);
    for (int32_t i = 0; i < n->h; i++) {
        const float *x = n->x.data + (size_t)i * n->x.row;
        const float *dy = n->dy.data + (size_t)i * n->dy.row;
        float *dx = n->dx.data + (size_t)i * n->dx.row;
        for (int32_t j = 0; j < n->w; j++) {
            pixel v = load(x + j * 16), g = load(dy + j * 16);
            if (masked)
                g = where_positive(fused(v, scale, shift), g);
            pixel d = fused_minus(minus(v, mean), slope, minus(zero(), offset));
            d = fused(g, scale, d);
            if (accumulate)
                d = plus(d, load(dx + j * 16));
            store(dx + j * 16, d, stream);
        }
    }
    if (stream)
        FENCE;
}

TARGET static void norm_back(const at_norm *n) {
    bool masked = n->mask == AT_MASK_INPUT;
    bool stream = n->stream && n->dx.data != n->dy.data && !n->accumulate;
    if (masked && n->accumulate)
        norm_back_as(n, true, true, false);
    else if (n->accumulate)
        norm_back_as(n, false, true, false);
    else if (masked && stream)
        norm_back_as(n, true, false, true);
    else if (stream)
        norm_back_as(n, false, false, true);
    else if (masked)
        norm_back_as(n, true, false, false);
    else
        norm_back_as(n, false, false, false);
}

/* ---- sums and ReLU ---- */

TARGET static void add(at_view y, at_view a, at_view b, int32_t h, int32_t w, bool relu) {
    pixel least = all(relu ? 0 : -__builtin_inff());
    for (int32_t i = 0; i < h; i++) {
        const float *p = a.data + (size_t)i * a.row;
        const float *q = b.data ? b.data + (size_t)i * b.row : NULL;
        float *to = y.data + (size_t)i * y.row;
        for (int32_t j = 0; j < w; j++) {
            pixel v = load(p + j * 16);
            if (q)
                v = plus(v, load(q + j * 16));
            store(to + j * 16, most(least, v), false);
        }
    }
}

TARGET static void relu_back(at_view dx, at_view dy, at_view y, int32_t h, int32_t w,
                             bool accumulate) {
    for (int32_t i = 0; i < h; i++) {
        const float *g = dy.data + (size_t)i * dy.row;
        const float *p = y.data + (size_t)i * y.row;
        float *to = dx.data + (size_t)i * dx.row;
        for (int32_t j = 0; j < w; j++) {
            pixel v = where_positive(load(p + j * 16), load(g + j * 16));
            if (accumulate)
                v = plus(v, load(to + j * 16));
            store(to + j * 16, v, false);
        }
    }
}

/* ---- pools ---- */

/* One pixel of y: over the taps [top, bottom) x [left, right) that lie in the image. */
INLINE void max_pool_at(const at_pool2d *p, int32_t i, int32_t j) {
    int32_t y = i * p->stride - p->pad, x = j * p->stride - p->pad;
    int32_t top = y < 0 ? -y : 0, left = x < 0 ? -x : 0;
    int32_t bottom = p->h - y < p->kernel ? p->h - y : p->kernel;
    int32_t right = p->w - x < p->kernel ? p->w - x : p->kernel;
    const float *from = p->x.data + (ptrdiff_t)y * (ptrdiff_t)p->x.row + x * 16;
    pixel best = load(from + (size_t)top * p->x.row + left * 16);
    pixel taken = all((float)(top * p->kernel + left));
    for (int32_t r = top; r < bottom; r++)
        for (int32_t s = left; s < right; s++) {
            pixel v = load(from + (size_t)r * p->x.row + s * 16);
            V tap = BROADCAST((float)(r * p->kernel + s));
            EACH {
                taken.part[k] = GREATER(v.part[k], best.part[k], tap, taken.part[k]);
                best.part[k] = MAX(best.part[k], v.part[k]);
            }
        }
    store(p->y.data + (size_t)i * p->y.row + (size_t)j * 16, best, false);
    if (p->taken) {
        uint8_t *to = p->taken + ((size_t)i * (size_t)p->columns + (size_t)j) * 16;
        EACH STORE_BYTES(to + k * LANES, taken.part[k]);
    }
}

TARGET static void max_pool(const at_pool2d *p) {
    for (int32_t i = 0; i < p->rows; i++)
        for (int32_t j = 0; j < p->columns; j++)
            max_pool_at(p, i, j);
}

/* The windows that hold position `at`: [from, to). */
static inline void windows(const at_pool2d *p, int32_t at, int32_t count, int32_t *from,
                           int32_t *to) {
    int32_t last = (at + p->pad) / p->stride, over = at + p->pad - p->kernel + 1;
    *from = over <= 0 ? 0 : (over + p->stride - 1) / p->stride;
    *to = last < count ? last + 1 : count;
}

TARGET static void max_pool_back(const at_pool2d *p) {
    for (int32_t y = 0; y < p->h; y++) {
        int32_t top, bottom;
        windows(p, y, p->rows, &top, &bottom);
        for (int32_t x = 0; x < p->w; x++) {
            int32_t left, right;
            windows(p, x, p->columns, &left, &right);
            float *to = p->x.data + (size_t)y * p->x.row + (size_t)x * 16;
            pixel sum = p->accumulate ? load(to) : zero();
            for (int32_t i = top; i < bottom; i++)
                for (int32_t j = left; j < right; j++) {
                    int32_t tap = (y + p->pad - i * p->stride) * p->kernel + x + p->pad -
                                  j * p->stride;
                    const uint8_t *taken =
                        p->taken + ((size_t)i * (size_t)p->columns + (size_t)j) * 16;
                    const float *dy = p->y.data + (size_t)i * p->y.row + (size_t)j * 16;
                    V own = BROADCAST((float)tap);
                    EACH sum.part[k] =
                        ADD(sum.part[k], EQUAL(LOAD_BYTES(taken + k * LANES), own,
                                               LOAD(dy + k * LANES)));
                }
            store(to, sum, false);
        }
    }
}

TARGET static void total(at_view x, int32_t h, int32_t w, float *out) {
    pixel whole = zero();
    for (int32_t i = 0; i < h; i++) {
        const float *p = x.data + (size_t)i * x.row;
        pixel sum = zero();
        for (int32_t j = 0; j < w; j++)
            sum = plus(sum, load(p + j * 16));
        whole = plus(whole, sum);
    }
    store(out, whole, false);
}

TARGET static void spread(at_view x, int32_t h, int32_t w, const float *value,
                          bool accumulate) {
    pixel v = load(value);
    for (int32_t i = 0; i < h; i++) {
        float *p = x.data + (size_t)i * x.row;
        for (int32_t j = 0; j < w; j++)
            store(p + j * 16, accumulate ? plus(v, load(p + j * 16)) : v, false);
    }
}

/* ---- fully connected ---- */

enum { DENSE_ROWS = 4 }; /* sums held at once */

static inline size_t dense_inputs(const at_dense *d) {
    return (size_t)((d->c + 15) / 16) * 16;
}

INLINE void dense_rows(const at_dense *d, int32_t block, int32_t row, int rows) {
    const float *w = d->w + (size_t)block * dense_inputs(d) * 16;
    pixel sum[DENSE_ROWS];
    for (int r = 0; r < rows; r++)
        sum[r] = d->bias ? load(d->bias + (size_t)block * 16) : zero();
    for (int32_t c = 0; c < d->c; c++) {
        pixel weight = load(w + (size_t)c * 16);
        const float *x = d->x + (size_t)(c / 16) * d->x_block + (size_t)(c % 16);
        for (int r = 0; r < rows; r++)
            sum[r] = fused(all(x[(size_t)(row + r) * d->x_row]), weight, sum[r]);
    }
    for (int r = 0; r < rows; r++)
        store(d->y + (size_t)(row + r) * d->y_row + (size_t)block * d->y_block, sum[r],
              false);
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
    store(lanes, v, false);
    for (int k = 0; k < 16; k++)
        sum += lanes[k];
    return sum;
}

INLINE void dense_data_rows(const at_dense *d, int32_t c, int32_t row, int rows) {
    pixel sum[DENSE_ROWS];
    for (int r = 0; r < rows; r++)
        sum[r] = zero();
    for (int32_t block = 0; block < d->blocks; block++) {
        pixel weight = load(d->w + ((size_t)block * dense_inputs(d) + (size_t)c) * 16);
        const float *y = d->y + (size_t)block * d->y_block;
        for (int r = 0; r < rows; r++)
            sum[r] = fused(load(y + (size_t)(row + r) * d->y_row), weight, sum[r]);
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
        pixel y = load(d->y + (size_t)row * d->y_row + (size_t)block * d->y_block);
        for (int i = 0; i < count; i++)
            sum[i] = fused(all(x[(size_t)row * d->x_row + (size_t)i]), y, sum[i]);
    }
    for (int i = 0; i < count; i++)
        store(d->w + ((size_t)block * dense_inputs(d) + (size_t)(c + i)) * 16, sum[i],
              false);
}

TARGET static void dense_weights(const at_dense *d) {
    for (int32_t block = d->from; block < d->to; block++) {
        if (d->bias) {
            pixel sum = zero();
            for (int32_t row = 0; row < d->rows; row++)
                sum = plus(sum, load(d->y + (size_t)row * d->y_row +
                                     (size_t)block * d->y_block));
            store(d->bias + (size_t)block * 16, sum, false);
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

const at_pointwise KERNELS = {
    .sums = sums,
    .norm = norm,
    .norm_sums = norm_sums,
    .norm_back = norm_back,
    .add = add,
    .relu_back = relu_back,
    .max_pool = max_pool,
    .max_pool_back = max_pool_back,
    .total = total,
    .spread = spread,
    .dense = dense,
    .dense_data = dense_data,
    .dense_weights = dense_weights,
    .sgd = sgd,
    .nag = nag,
    .adam = adam,
    .rmsprop = rmsprop,
};
