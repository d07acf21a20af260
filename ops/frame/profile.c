#include "ops/frame/profile.h"

#include "ops/base/text.h"
#include "ops/frame/dictionary.h"

#include <math.h>
#include <string.h>

enum { ID_ROWS = 10 }; /* fewer rows say nothing about identifiers */

/* A cell as a key whose unsigned order is the order of the values, and back. */
static uint64_t key_of_real(double value) {
    uint64_t bits;
    value = value == 0 ? 0 : value; /* -0 is 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | 1ull << 63;
}

static double real_of_key(uint64_t key) {
    uint64_t bits = key >> 63 ? key & ~(1ull << 63) : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool whole(at_type type) {
    return type == AT_TYPE_INT || type == AT_TYPE_TIMESTAMP;
}

static uint64_t key_of(const at_column *column, int64_t row) {
    return whole(column->type) ? (uint64_t)column->ints[row] ^ 1ull << 63
                               : key_of_real(at_column_real(column, row));
}

static double value_of(const at_column *column, uint64_t key) {
    return whole(column->type) ? (double)(int64_t)(key ^ 1ull << 63) : real_of_key(key);
}

/* Least significant digit first, 16 bits a pass; a digit that all keys share costs a
 * count. */
static at_status sort_keys(uint64_t *keys, size_t count, at_error *err) {
    enum { DIGITS = 1 << 16 };
    uint64_t *other = at_alloc_array(count, sizeof *other);
    size_t *start = at_alloc_array(DIGITS, sizeof *start);
    if (!other || !start) {
        at_free(other);
        at_free(start);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to sort a column");
    }
    uint64_t *from = keys, *to = other;
    for (int shift = 0; shift < 64; shift += 16) {
        memset(start, 0, DIGITS * sizeof *start);
        for (size_t i = 0; i < count; i++)
            start[from[i] >> shift & (DIGITS - 1)]++;
        if (count == 0 || start[from[0] >> shift & (DIGITS - 1)] == count)
            continue;
        size_t sum = 0;
        for (size_t d = 0; d < DIGITS; d++) {
            size_t n = start[d];
            start[d] = sum;
            sum += n;
        }
        for (size_t i = 0; i < count; i++)
            to[start[from[i] >> shift & (DIGITS - 1)]++] = from[i];
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys)
        memcpy(keys, from, count * sizeof *keys);
    at_free(other);
    at_free(start);
    return AT_OK;
}

static double quantile(const at_column *column, const uint64_t *keys, size_t count,
                       double q) {
    double place = q * (double)(count - 1);
    size_t low = (size_t)place;
    double a = value_of(column, keys[low]);
    double part = place - (double)low;
    return part > 0 ? a + part * (value_of(column, keys[low + 1]) - a) : a;
}

/* Mean by Neumaier's compensated sum, deviation by a second pass around it. */
static void moments(const at_column *column, const uint64_t *keys, size_t count,
                    at_profile *out) {
    double sum = 0, lost = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double x = value_of(column, keys[i]), next = sum + x;
        lost += fabs(sum) >= fabs(x) ? (sum - next) + x : (x - next) + sum;
        sum = next;
        out->zeros += x == 0;
    }
    out->mean = (sum + lost) / (double)count;
    for (size_t i = 0; i < count; i++) {
        double d = value_of(column, keys[i]) - out->mean;
        squares += d * d;
    }
    out->deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : (double)NAN;
}

static void count_bins(const at_column *column, const uint64_t *keys, size_t count,
                       at_profile *out) {
    double range = out->max - out->min;
    bool steps = column->type != AT_TYPE_FLOAT && range < AT_PROFILE_BINS;
    out->bin_count = steps ? (int)range + 1 : AT_PROFILE_BINS;
    if (!(range > 0) || !isfinite(range))
        out->bin_count = 1;
    double width = steps ? range + 1 : range;
    for (size_t i = 0; i < count; i++) {
        double place = out->bin_count == 1 ? 0
                                           : (value_of(column, keys[i]) - out->min) /
                                                 width * out->bin_count;
        int bin = (int)fmin(place, out->bin_count - 1);
        out->bins[bin]++;
    }
}

/* A value that competes for the list of the most frequent: `which` is a sorted key's
 * place or a level's number. Earlier comers win ties. */
static void compete(at_profile *out, int64_t *which, int64_t candidate, int64_t count) {
    int at = out->tops < AT_PROFILE_TOP ? out->tops++ : AT_PROFILE_TOP;
    while (at > 0 && out->top_count[at - 1] < count) {
        if (at < AT_PROFILE_TOP) {
            out->top_count[at] = out->top_count[at - 1];
            which[at] = which[at - 1];
        }
        at--;
    }
    if (at < AT_PROFILE_TOP) {
        out->top_count[at] = count;
        which[at] = candidate;
    }
}

static at_status name_values(const at_column *column, const uint64_t *keys,
                             const int64_t *which, at_arena *arena, at_profile *out,
                             at_error *err) {
    at_text text = {0};
    for (int i = 0; i < out->tops; i++) {
        uint64_t key = keys[which[i]];
        int64_t integer = (int64_t)(key ^ 1ull << 63);
        double real = value_of(column, key);
        int32_t day = (int32_t)real;
        uint8_t truth = real != 0;
        at_column one = {.name = column->name, .type = column->type, .rows = 1};
        one.values = whole(column->type)            ? (const void *)&integer
                     : column->type == AT_TYPE_DATE ? (const void *)&day
                     : column->type == AT_TYPE_BOOL ? (const void *)&truth
                                                    : (const void *)&real;
        at_text_clear(&text);
        at_column_format(&one, 0, &text);
        out->top[i] = at_arena_text(arena, at_text_get(&text), text.length);
    }
    bool failed = text.failed;
    at_text_fini(&text);
    for (int i = 0; i < out->tops; i++)
        failed |= !out->top[i];
    return failed ? at_fail(err, AT_NO_MEMORY, "not enough memory to describe column %s",
                            column->name)
                  : AT_OK;
}

static at_status describe_keys(const at_column *column, uint64_t *keys, size_t count,
                               at_arena *arena, at_profile *out, at_error *err) {
    AT_TRY(sort_keys(keys, count, err));
    out->min = value_of(column, keys[0]);
    out->max = value_of(column, keys[count - 1]);
    out->q25 = quantile(column, keys, count, 0.25);
    out->median = quantile(column, keys, count, 0.5);
    out->q75 = quantile(column, keys, count, 0.75);
    moments(column, keys, count, out);
    count_bins(column, keys, count, out);
    int64_t which[AT_PROFILE_TOP];
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && keys[end] == keys[i]; end++) {
        }
        out->distinct++;
        compete(out, which, (int64_t)i, (int64_t)(end - i));
    }
    out->looks_like_id = column->type == AT_TYPE_INT && count >= ID_ROWS &&
                         out->distinct == (int64_t)count &&
                         keys[count - 1] - keys[0] == count - 1;
    return name_values(column, keys, which, arena, out, err);
}

static at_status describe_numbers(const at_column *column, at_arena *arena,
                                  at_profile *out, at_error *err) {
    uint64_t *keys = at_alloc_array((size_t)column->rows, sizeof *keys);
    if (!keys)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to describe column %s",
                       column->name);
    size_t count = 0;
    for (int64_t r = 0; r < column->rows; r++) {
        if (!at_column_valid(column, r))
            continue;
        if (column->type == AT_TYPE_FLOAT && isnan(column->reals[r]))
            continue;
        keys[count++] = key_of(column, r);
    }
    out->missing = column->rows - (int64_t)count;
    at_status status =
        count ? describe_keys(column, keys, count, arena, out, err) : AT_OK;
    at_free(keys);
    return status;
}

/* How often each string of `levels` occurs, most frequent first into `out`. */
static at_status rank_levels(const at_dictionary *levels, const int64_t *counts,
                             at_arena *arena, at_profile *out, at_error *err) {
    int64_t which[AT_PROFILE_TOP];
    for (uint32_t k = 0; k < levels->count; k++)
        compete(out, which, k, counts[k]);
    for (int i = 0; i < out->tops; i++) {
        int64_t start = levels->offsets[which[i]], end = levels->offsets[which[i] + 1];
        out->top[i] = at_arena_text(arena, levels->bytes + start, (size_t)(end - start));
        if (!out->top[i])
            return at_fail(err, AT_NO_MEMORY, "not enough memory to describe a column");
    }
    out->distinct = levels->count;
    return AT_OK;
}

static at_status describe_strings(const at_column *column, at_dictionary *levels,
                                  at_arena *arena, at_profile *out, at_error *err) {
    int64_t *counts = NULL;
    size_t capacity = 0;
    out->shortest = INT64_MAX;
    at_status status = AT_OK;
    for (int64_t r = 0; r < column->rows && status == AT_OK; r++) {
        int64_t length = 0;
        const char *text = at_column_text(column, r, &length);
        if (!text)
            continue;
        uint32_t before = levels->count;
        uint32_t level = at_dictionary_add(levels, text, (size_t)length);
        int64_t *grown =
            level == AT_DICTIONARY_NONE
                ? NULL
                : at_grow(counts, &capacity, (size_t)level + 1, sizeof *counts);
        if (!grown) {
            status = at_fail(err, AT_NO_MEMORY, "not enough memory to describe column %s",
                             column->name);
            break;
        }
        counts = grown;
        if (level == before) {
            int64_t points = (int64_t)at_utf8_count(text, (size_t)length);
            counts[level] = 0;
            out->shortest = points < out->shortest ? points : out->shortest;
            out->longest = points > out->longest ? points : out->longest;
        }
        counts[level]++;
    }
    if (status == AT_OK)
        status = rank_levels(levels, counts, arena, out, err);
    at_free(counts);
    int64_t valid = out->rows - out->missing;
    out->looks_like_id = valid >= ID_ROWS && out->distinct == valid;
    if (out->shortest == INT64_MAX)
        out->shortest = 0;
    return status;
}

at_status at_profile_column(const at_column *column, at_arena *arena, at_profile *out,
                            at_error *err) {
    memset(out, 0, sizeof *out);
    out->rows = column->rows;
    out->missing = column->missing;
    out->min = out->q25 = out->median = out->q75 = out->max = (double)NAN;
    out->mean = out->deviation = (double)NAN;
    if (!at_type_textual(column->type))
        return describe_numbers(column, arena, out, err);
    at_dictionary levels = {0};
    at_status status = describe_strings(column, &levels, arena, out, err);
    at_dictionary_fini(&levels);
    return status;
}
