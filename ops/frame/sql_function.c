#include "ops/base/memory.h"
#include "ops/frame/sql_table.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>

/* ---- count, sum, avg, total: SQLite's own, for rows that stand for several ----
 * sqlite.org/lang_aggfunc.html: sum of integers is an integer and fails on overflow. */

typedef struct sums {
    int64_t count; /* rows counted */
    int64_t integer;
    double real; /* Neumaier's sum: real + correction */
    double correction;
    bool approximate, overflow; /* a real was seen; the integers do not fit */
} sums;

static int64_t weight_of(sqlite3_context *context) {
    return ((const at_sql_source *)sqlite3_user_data(context))->weight;
}

static void count_step(sqlite3_context *context, int argc, sqlite3_value **argv) {
    sums *s = sqlite3_aggregate_context(context, sizeof *s);
    if (s && (argc == 0 || sqlite3_value_type(argv[0]) != SQLITE_NULL))
        s->count += weight_of(context);
}

static void count_inverse(sqlite3_context *context, int argc, sqlite3_value **argv) {
    sums *s = sqlite3_aggregate_context(context, sizeof *s);
    if (s && (argc == 0 || sqlite3_value_type(argv[0]) != SQLITE_NULL))
        s->count -= weight_of(context);
}

static void count_value(sqlite3_context *context) {
    const sums *s = sqlite3_aggregate_context(context, 0);
    sqlite3_result_int64(context, s ? s->count : 0);
}

/* at_count(x, weight) and its like: see at_sql_weigh. */
static void weighed_count_step(sqlite3_context *context, int argc, sqlite3_value **argv) {
    (void)argc;
    sums *s = sqlite3_aggregate_context(context, sizeof *s);
    if (s && sqlite3_value_type(argv[0]) != SQLITE_NULL)
        s->count += sqlite3_value_int64(argv[1]);
}

static void add_real(sums *s, double value) {
    double sum = s->real + value;
    if (isfinite(sum))
        s->correction += fabs(s->real) >= fabs(value) ? (s->real - sum) + value
                                                      : (value - sum) + s->real;
    s->real = sum;
}

static void sum_add(sqlite3_context *context, sqlite3_value *value, int64_t weight,
                    bool minus) {
    sums *s = sqlite3_aggregate_context(context, sizeof *s);
    int type = sqlite3_value_numeric_type(value);
    if (!s || type == SQLITE_NULL)
        return;
    int64_t part;
    s->count += minus ? -weight : weight;
    if (type == SQLITE_INTEGER) {
        int64_t integer = sqlite3_value_int64(value);
        if (__builtin_mul_overflow(integer, weight, &part) ||
            (minus ? __builtin_sub_overflow(s->integer, part, &s->integer)
                   : __builtin_add_overflow(s->integer, part, &s->integer)))
            s->overflow = true;
        add_real(s, (minus ? -1.0 : 1.0) * (double)integer * (double)weight);
    } else {
        s->approximate = true;
        add_real(s, (minus ? -1.0 : 1.0) * sqlite3_value_double(value) * (double)weight);
    }
}

static void sum_step(sqlite3_context *context, int argc, sqlite3_value **argv) {
    (void)argc;
    sum_add(context, argv[0], weight_of(context), false);
}

static void weighed_sum_step(sqlite3_context *context, int argc, sqlite3_value **argv) {
    (void)argc;
    sum_add(context, argv[0], sqlite3_value_int64(argv[1]), false);
}

static void sum_inverse(sqlite3_context *context, int argc, sqlite3_value **argv) {
    (void)argc;
    sum_add(context, argv[0], weight_of(context), true);
}

static double real_sum(const sums *s) {
    return isfinite(s->real) ? s->real + s->correction : s->real;
}

static void sum_value(sqlite3_context *context) {
    const sums *s = sqlite3_aggregate_context(context, 0);
    if (!s || s->count == 0)
        return; /* NULL */
    if (s->approximate)
        sqlite3_result_double(context, real_sum(s));
    else if (s->overflow)
        sqlite3_result_error(context, "integer overflow in sum(): use total()", -1);
    else
        sqlite3_result_int64(context, s->integer);
}

static void average_value(sqlite3_context *context) {
    const sums *s = sqlite3_aggregate_context(context, 0);
    if (s && s->count > 0)
        sqlite3_result_double(context, real_sum(s) / (double)s->count);
}

static void total_value(sqlite3_context *context) {
    const sums *s = sqlite3_aggregate_context(context, 0);
    sqlite3_result_double(context, s ? real_sum(s) : 0.0);
}

/* ---- stddev: of a sample, by Welford's update (Knuth, TAOCP 2, 4.2.2), for a row that
 * stands for several as West has it (CACM 22, 1979) ---- */

typedef struct spread {
    int64_t count;
    double mean, squares;
} spread;

static bool numeric(sqlite3_value *value) {
    int type = sqlite3_value_numeric_type(value);
    return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

static void stddev_step(sqlite3_context *context, int argc, sqlite3_value **argv) {
    (void)argc;
    spread *s = sqlite3_aggregate_context(context, sizeof *s);
    if (!s || !numeric(argv[0]))
        return;
    double value = sqlite3_value_double(argv[0]), apart = value - s->mean;
    int64_t weight = weight_of(context);
    s->count += weight;
    s->mean += apart * (double)weight / (double)s->count;
    s->squares += (double)weight * apart * (value - s->mean);
}

static void stddev_final(sqlite3_context *context) {
    const spread *s = sqlite3_aggregate_context(context, 0);
    if (s && s->count > 1)
        sqlite3_result_double(context, sqrt(s->squares / (double)(s->count - 1)));
}

/* ---- median, quantile: all values kept, one selected; linear interpolation, as NumPy
 * ---- */

enum { MAX_VALUES = 1 << 28 };

typedef struct values {
    double *items;
    size_t count, capacity;
    double place; /* of the quantile, 0 to 1 */
} values;

static void values_add(sqlite3_context *context, sqlite3_value *value, double place) {
    values *v = sqlite3_aggregate_context(context, sizeof *v);
    if (!v || !numeric(value))
        return;
    double *grown = v->count < MAX_VALUES
                        ? at_grow(v->items, &v->capacity, v->count + 1, sizeof *grown)
                        : NULL;
    if (!grown) {
        sqlite3_result_error_nomem(context);
        return;
    }
    v->items = grown;
    v->place = place;
    v->items[v->count++] = sqlite3_value_double(value);
}

static void median_step(sqlite3_context *context, int argc, sqlite3_value **argv) {
    (void)argc;
    values_add(context, argv[0], 0.5);
}

static void quantile_step(sqlite3_context *context, int argc, sqlite3_value **argv) {
    (void)argc;
    double place = sqlite3_value_double(argv[1]);
    if (!numeric(argv[1]) || !(place >= 0 && place <= 1)) {
        sqlite3_result_error(context, "quantile(x, q) takes q from 0 to 1", -1);
        return;
    }
    values_add(context, argv[0], place);
}

/* The k-th smallest in its place, no larger ones before it (Hoare's FIND). */
static double select_nth(double *x, size_t count, size_t k) {
    size_t low = 0, high = count - 1;
    while (low < high) {
        double pivot = x[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i >= j)
                break;
            double swap = x[i];
            x[i++] = x[j];
            x[j--] = swap;
        }
        if (k <= j)
            high = j;
        else
            low = j + 1;
    }
    return x[k];
}

static void quantile_final(sqlite3_context *context) {
    values *v = sqlite3_aggregate_context(context, 0);
    if (!v || !v->count) /* every step failed or none came */
        return;
    double at = v->place * (double)(v->count - 1);
    size_t k = (size_t)at;
    double low = select_nth(v->items, v->count, k), high = low;
    if (k + 1 < v->count) {
        high = v->items[k + 1];
        for (size_t i = k + 2; i < v->count; i++)
            high = v->items[i] < high ? v->items[i] : high;
    }
    double part = at - (double)k;
    sqlite3_result_double(context, part > 0 ? low + part * (high - low) : low);
    at_free(v->items);
    v->items = NULL;
}

at_status at_sql_functions_register(sqlite3 *db, at_sql_source *source, at_error *err) {
    enum { FLAGS = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS };
    int code = SQLITE_OK;
    for (int argc = 0; argc < 2; argc++)
        code |=
            sqlite3_create_window_function(db, "count", argc, FLAGS, source, count_step,
                                           count_value, count_value, count_inverse, NULL);
    code |= sqlite3_create_window_function(db, "sum", 1, FLAGS, source, sum_step,
                                           sum_value, sum_value, sum_inverse, NULL);
    code |=
        sqlite3_create_window_function(db, "avg", 1, FLAGS, source, sum_step,
                                       average_value, average_value, sum_inverse, NULL);
    code |= sqlite3_create_window_function(db, "total", 1, FLAGS, source, sum_step,
                                           total_value, total_value, sum_inverse, NULL);
    static const struct {
        const char *name;
        void (*step)(sqlite3_context *, int, sqlite3_value **);
        void (*final)(sqlite3_context *);
    } weighed[] = {{"at_count", weighed_count_step, count_value},
                   {"at_sum", weighed_sum_step, sum_value},
                   {"at_avg", weighed_sum_step, average_value},
                   {"at_total", weighed_sum_step, total_value}};
    for (size_t i = 0; i < sizeof weighed / sizeof *weighed; i++)
        code |= sqlite3_create_function_v2(db, weighed[i].name, 2, FLAGS, NULL, NULL,
                                           weighed[i].step, weighed[i].final, NULL);
    code |= sqlite3_create_function_v2(db, "stddev", 1, FLAGS, source, NULL, stddev_step,
                                       stddev_final, NULL);
    code |= sqlite3_create_function_v2(db, "median", 1, FLAGS, NULL, NULL, median_step,
                                       quantile_final, NULL);
    code |= sqlite3_create_function_v2(db, "quantile", 2, FLAGS, NULL, NULL,
                                       quantile_step, quantile_final, NULL);
    return code == SQLITE_OK ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}
