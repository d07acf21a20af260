#include "ops/recipe/eigen.h"

#include "ops/base/memory.h"

#include <math.h>
#include <string.h>

enum { MOST_TURNS = 60 };

/* v: (n, n) becomes the transformation; d the diagonal, e beside it from e[1]. */
static void reduce_row(double *v, size_t n, size_t i, double *d, double *e) {
    double scale = 0, h = 0;
    for (size_t k = 0; k < i; k++)
        scale += fabs(d[k]);
    if (!(scale > 0)) {
        e[i] = d[i - 1];
        for (size_t j = 0; j < i; j++) {
            d[j] = v[(i - 1) * n + j];
            v[i * n + j] = 0;
            v[j * n + i] = 0;
        }
        d[i] = 0;
        return;
    }
    for (size_t k = 0; k < i; k++) {
        d[k] /= scale;
        h += d[k] * d[k];
    }
    double f = d[i - 1], g = f > 0 ? -sqrt(h) : sqrt(h);
    e[i] = scale * g;
    h -= f * g;
    d[i - 1] = f - g;
    memset(e, 0, i * sizeof *e);
    for (size_t j = 0; j < i; j++) {
        f = d[j];
        v[j * n + i] = f;
        g = e[j] + v[j * n + j] * f;
        for (size_t k = j + 1; k < i; k++) {
            g += v[k * n + j] * d[k];
            e[k] += v[k * n + j] * f;
        }
        e[j] = g;
    }
    f = 0;
    for (size_t j = 0; j < i; j++) {
        e[j] /= h;
        f += e[j] * d[j];
    }
    double share = f / (h + h);
    for (size_t j = 0; j < i; j++)
        e[j] -= share * d[j];
    for (size_t j = 0; j < i; j++) {
        f = d[j];
        g = e[j];
        for (size_t k = j; k < i; k++)
            v[k * n + j] -= f * e[k] + g * d[k];
        d[j] = v[(i - 1) * n + j];
        v[i * n + j] = 0;
    }
    d[i] = h;
}

static void gather_row(double *v, size_t n, size_t i, double *d) {
    v[(n - 1) * n + i] = v[i * n + i];
    v[i * n + i] = 1;
    double h = d[i + 1];
    if (h > 0 || h < 0) {
        for (size_t k = 0; k <= i; k++)
            d[k] = v[k * n + i + 1] / h;
        for (size_t j = 0; j <= i; j++) {
            double g = 0;
            for (size_t k = 0; k <= i; k++)
                g += v[k * n + i + 1] * v[k * n + j];
            for (size_t k = 0; k <= i; k++)
                v[k * n + j] -= g * d[k];
        }
    }
    for (size_t k = 0; k <= i; k++)
        v[k * n + i + 1] = 0;
}

static void reduce(double *v, size_t n, double *d, double *e) {
    memcpy(d, v + (n - 1) * n, n * sizeof *d);
    for (size_t i = n - 1; i > 0; i--)
        reduce_row(v, n, i, d, e);
    for (size_t i = 0; i + 1 < n; i++)
        gather_row(v, n, i, d);
    for (size_t j = 0; j < n; j++) {
        d[j] = v[(n - 1) * n + j];
        v[(n - 1) * n + j] = 0;
    }
    v[n * n - 1] = 1;
    e[0] = 0;
}

/* One QL sweep from m down to l; `v` has its vectors in columns. */
static double sweep(double *v, size_t n, double *d, double *e, size_t l, size_t m,
                    double *shift) {
    double g = d[l], p = (d[l + 1] - g) / (2 * e[l]);
    double r = copysign(hypot(p, 1), p);
    d[l] = e[l] / (p + r);
    d[l + 1] = e[l] * (p + r);
    double next = d[l + 1], h = g - d[l];
    for (size_t i = l + 2; i < n; i++)
        d[i] -= h;
    *shift += h;
    p = d[m];
    double c = 1, c2 = 1, c3 = 1, s = 0, s2 = 0, below = e[l + 1];
    for (size_t i = m; i-- > l;) {
        c3 = c2;
        c2 = c;
        s2 = s;
        g = c * e[i];
        h = c * p;
        r = hypot(p, e[i]);
        e[i + 1] = s * r;
        s = e[i] / r;
        c = p / r;
        p = c * d[i] - s * g;
        d[i + 1] = h + s * (c * g + s * d[i]);
        for (size_t k = 0; k < n; k++) {
            double *row = v + k * n;
            double x = row[i + 1], y = row[i];
            row[i + 1] = s * y + c * x;
            row[i] = c * y - s * x;
        }
    }
    p = -s * s2 * c3 * below * e[l] / next;
    e[l] = s * p;
    d[l] = c * p;
    return fabs(e[l]);
}

static at_status diagonalise(double *v, size_t n, double *d, double *e, at_error *err) {
    memmove(e, e + 1, (n - 1) * sizeof *e);
    e[n - 1] = 0;
    double shift = 0, largest = 0;
    for (size_t l = 0; l < n; l++) {
        double here = fabs(d[l]) + fabs(e[l]);
        largest = here > largest ? here : largest;
        double small = 0x1p-52 * largest;
        size_t m = l;
        while (m + 1 < n && fabs(e[m]) > small)
            m++;
        for (int turn = 0; m > l; turn++) {
            if (turn == MOST_TURNS)
                return at_fail(err, AT_INVALID, "the eigenvalues do not settle");
            if (!(sweep(v, n, d, e, l, m, &shift) > small))
                break;
        }
        d[l] += shift;
        e[l] = 0;
    }
    return AT_OK;
}

/* Columns of v, by falling eigenvalue, into rows of a. */
static void order(const double *v, size_t n, const double *d, double *a, double *values) {
    for (size_t k = 0; k < n; k++) {
        /* The rank of column k: earlier ones first among equals. */
        size_t at = 0;
        for (size_t j = 0; j < n; j++)
            at += d[j] > d[k] || (j < k && !(d[j] < d[k]));
        values[at] = d[k];
        double most = 0, sign = 1;
        for (size_t i = 0; i < n; i++) {
            double x = v[i * n + k];
            if (fabs(x) > most) {
                most = fabs(x);
                sign = x < 0 ? -1 : 1;
            }
        }
        for (size_t i = 0; i < n; i++)
            a[at * n + i] = sign * v[i * n + k];
    }
}

at_status at_eigen_symmetric(double *a, size_t n, double *values, at_error *err) {
    if (n == 0)
        return AT_OK;
    double *v = at_alloc_array(n * n, sizeof *v);
    double *d = at_alloc_array(2 * n, sizeof *d);
    at_status status = v && d ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < n * n && status == AT_OK; i++) {
        v[i] = a[i];
        if (!isfinite(a[i]))
            status = at_fail(err, AT_INVALID, "the numbers are too large");
    }
    if (status == AT_OK) {
        reduce(v, n, d, d + n);
        status = diagonalise(v, n, d, d + n, err);
    }
    if (status == AT_OK)
        order(v, n, d, a, values);
    at_free(v);
    at_free(d);
    return status;
}
