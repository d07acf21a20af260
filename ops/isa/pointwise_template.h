/* The pointwise kernels over vectors of LANES floats: included once by each
 * pointwise_*.c, after it said what a vector is:
 *
 *   V, LANES (4, 8 or 16), TARGET        a type, its size, the functions' attribute
 *   LOAD STORE STREAM FENCE BROADCAST ZERO ADD SUB MUL DIV SQRT MAX FMA FNMA
 *   POSITIVE(a, v), EQUAL(a, b, v)       v where a > 0, where a = b; else 0
 *   GREATER(a, b, x, y)                  x where a > b, else y
 *   ADD_DOUBLES(to, v)                   to[LANES] += v
 *   LOAD_BYTES(p), STORE_BYTES(p, v)     LANES bytes as floats
 *
 * and, where maps do not hold floats, what they hold:
 *
 *   PIXEL                                words of a pixel
 *   GET(p), PUT(p, v), PUSH(p, v)        LANES of its channels: load, store, stream
 *
 * It gets MAPS, the initialisers of the kernels on maps; the others, on what is floats
 * always, follow in pointwise_floats.h.
 *
 * MAX(a, b) gives b where either is not a number: a ReLU lets it through. */
#ifndef PIXEL
#define PIXEL      16
#define GET(p)     LOAD(p)
#define PUT(p, v)  STORE(p, v)
#define PUSH(p, v) STREAM(p, v)
#endif

#define CHUNKS (16 / LANES) /* vectors of a pixel */
#define INLINE TARGET static inline __attribute__((always_inline))
#define EACH   _Pragma("GCC unroll 4") for (int k = 0; k < CHUNKS; k++)

typedef struct pixel {
    V part[CHUNKS];
} pixel;

INLINE pixel floats(const float *p) {
    pixel v;
    EACH v.part[k] = LOAD(p + k * LANES);
    return v;
}

INLINE void store_floats(float *p, pixel v) {
    EACH STORE(p + k * LANES, v.part[k]);
}

/* Of a map. */
INLINE pixel load(const float *p) {
    pixel v;
    EACH v.part[k] = GET(p + k * (PIXEL / CHUNKS));
    return v;
}

INLINE void store(float *p, pixel v, bool stream) {
    if (stream)
        EACH PUSH(p + k * (PIXEL / CHUNKS), v.part[k]);
    else
        EACH PUT(p + k * (PIXEL / CHUNKS), v.part[k]);
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
        for (int32_t j = 0; j < w; j++, p += PIXEL) {
            pixel v = load(p);
            sum = plus(sum, v);
            square = fused(v, v, square);
        }
        add_doubles(out, sum);
        add_doubles(out + 16, square);
    }
}

INLINE void norm_as(const at_norm *n, bool adds, bool stream) {
    pixel scale = floats(n->scale), shift = floats(n->shift);
    pixel least = all(n->relu ? 0 : -__builtin_inff());
    for (int32_t i = 0; i < n->h; i++) {
        const float *x = n->x.data + (size_t)i * n->x.row;
        const float *other = adds ? n->add.data + (size_t)i * n->add.row : x;
        float *y = n->y.data + (size_t)i * n->y.row;
        for (int32_t j = 0; j < n->w; j++) {
            pixel v = fused(load(x + j * PIXEL), scale, shift);
            if (adds)
                v = plus(v, load(other + j * PIXEL));
            store(y + j * PIXEL, most(least, v), stream);
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
    pixel scale = floats(n->scale), shift = floats(n->shift), mean = floats(n->mean);
    for (int32_t i = 0; i < n->h; i++) {
        const float *x = n->x.data + (size_t)i * n->x.row;
        const float *y = mask == AT_MASK_OUTPUT ? n->y.data + (size_t)i * n->y.row : x;
        float *dy = n->dy.data + (size_t)i * n->dy.row;
        pixel sum = zero(), product = zero();
        for (int32_t j = 0; j < n->w; j++) {
            pixel v = load(x + j * PIXEL), g = load(dy + j * PIXEL);
            if (mask == AT_MASK_INPUT)
                g = where_positive(fused(v, scale, shift), g);
            if (mask == AT_MASK_OUTPUT) {
                g = where_positive(load(y + j * PIXEL), g);
                store(dy + j * PIXEL, g, false);
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
    pixel scale = floats(n->scale), shift = floats(n->shift), mean = floats(n->mean);
    pixel slope = floats(n->slope), offset = floats(n->offset);
    for (int32_t i = 0; i < n->h; i++) {
        const float *x = n->x.data + (size_t)i * n->x.row;
        const float *dy = n->dy.data + (size_t)i * n->dy.row;
        float *dx = n->dx.data + (size_t)i * n->dx.row;
        for (int32_t j = 0; j < n->w; j++) {
            pixel v = load(x + j * PIXEL), g = load(dy + j * PIXEL);
            if (masked)
                g = where_positive(fused(v, scale, shift), g);
            pixel d = fused_minus(minus(v, mean), slope, minus(zero(), offset));
            d = fused(g, scale, d);
            if (accumulate)
                d = plus(d, load(dx + j * PIXEL));
            store(dx + j * PIXEL, d, stream);
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
            pixel v = load(p + j * PIXEL);
            if (q)
                v = plus(v, load(q + j * PIXEL));
            store(to + j * PIXEL, most(least, v), false);
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
            pixel v = where_positive(load(p + j * PIXEL), load(g + j * PIXEL));
            if (accumulate)
                v = plus(v, load(to + j * PIXEL));
            store(to + j * PIXEL, v, false);
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
    const float *from = p->x.data + (ptrdiff_t)y * (ptrdiff_t)p->x.row + x * PIXEL;
    pixel best = load(from + (size_t)top * p->x.row + left * PIXEL);
    pixel taken = all((float)(top * p->kernel + left));
    for (int32_t r = top; r < bottom; r++)
        for (int32_t s = left; s < right; s++) {
            pixel v = load(from + (size_t)r * p->x.row + s * PIXEL);
            V tap = BROADCAST((float)(r * p->kernel + s));
            EACH {
                taken.part[k] = GREATER(v.part[k], best.part[k], tap, taken.part[k]);
                best.part[k] = MAX(best.part[k], v.part[k]);
            }
        }
    store(p->y.data + (size_t)i * p->y.row + (size_t)j * PIXEL, best, false);
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
            float *to = p->x.data + (size_t)y * p->x.row + (size_t)x * PIXEL;
            pixel sum = p->accumulate ? load(to) : zero();
            for (int32_t i = top; i < bottom; i++)
                for (int32_t j = left; j < right; j++) {
                    int32_t tap = (y + p->pad - i * p->stride) * p->kernel + x + p->pad -
                                  j * p->stride;
                    const uint8_t *taken =
                        p->taken + ((size_t)i * (size_t)p->columns + (size_t)j) * 16;
                    const float *dy =
                        p->y.data + (size_t)i * p->y.row + (size_t)j * PIXEL;
                    V own = BROADCAST((float)tap);
                    EACH sum.part[k] =
                        ADD(sum.part[k], EQUAL(LOAD_BYTES(taken + k * LANES), own,
                                               GET(dy + k * (PIXEL / CHUNKS))));
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
            sum = plus(sum, load(p + j * PIXEL));
        whole = plus(whole, sum);
    }
    store_floats(out, whole);
}

TARGET static void spread(at_view x, int32_t h, int32_t w, const float *value,
                          bool accumulate) {
    pixel v = floats(value);
    for (int32_t i = 0; i < h; i++) {
        float *p = x.data + (size_t)i * x.row;
        for (int32_t j = 0; j < w; j++)
            store(p + j * PIXEL, accumulate ? plus(v, load(p + j * PIXEL)) : v, false);
    }
}

#define MAPS                                                                             \
    .sums = sums, .norm = norm, .norm_sums = norm_sums, .norm_back = norm_back,          \
    .add = add, .relu_back = relu_back, .max_pool = max_pool,                            \
    .max_pool_back = max_pool_back, .total = total, .spread = spread
