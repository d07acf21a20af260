/* The levels of a column as the slots of an axis. */
#include "ops/base/memory.h"
#include "ops/base/order.h"
#include "ops/base/text.h"
#include "ops/explore/axis.h"
#include "ops/frame/dictionary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct level {
    int64_t count, first; /* rows; number in order of appearance or of value */
} level;

typedef struct gathering {
    const at_column *column;
    at_dictionary dictionary; /* texts that are no category */
    double *values;           /* numbers: (count) rising */
    level *levels;
    size_t count;
    int32_t *codes; /* (rows) into levels */
    int64_t missing;
} gathering;

static void gathering_fini(gathering *g) {
    at_dictionary_fini(&g->dictionary);
    at_free(g->values);
    at_free(g->levels);
    at_free(g->codes);
}

static at_status no_memory(const at_column *column, at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to look at column %s",
                   column->name);
}

static at_status count_levels(gathering *g, at_error *err) {
    g->levels = at_alloc_array(g->count + 1, sizeof *g->levels);
    if (!g->levels)
        return no_memory(g->column, err);
    for (size_t k = 0; k < g->count; k++)
        g->levels[k].first = (int64_t)k;
    for (int64_t r = 0; r < g->column->rows; r++) {
        if (g->codes[r] >= 0)
            g->levels[g->codes[r]].count++;
        else
            g->missing++;
    }
    return AT_OK;
}

static at_status gather_texts(gathering *g, at_error *err) {
    const at_column *c = g->column;
    for (int64_t r = 0; r < c->rows; r++) {
        int64_t length = 0;
        g->codes[r] = -1;
        if (!at_column_valid(c, r))
            continue;
        if (c->type == AT_TYPE_CATEGORY) {
            g->codes[r] = (int32_t)c->codes[r];
            continue;
        }
        const char *text = at_column_text(c, r, &length);
        uint32_t code = at_dictionary_add(&g->dictionary, text, (size_t)length);
        if (code == AT_DICTIONARY_NONE || code > INT32_MAX)
            return no_memory(c, err);
        g->codes[r] = (int32_t)code;
    }
    g->count = c->type == AT_TYPE_CATEGORY ? c->levels : g->dictionary.count;
    return count_levels(g, err);
}

static at_status gather_numbers(gathering *g, at_error *err) {
    const at_column *c = g->column;
    g->values = at_alloc_array((size_t)c->rows + 1, sizeof *g->values);
    if (!g->values)
        return no_memory(c, err);
    size_t known = 0;
    for (int64_t r = 0; r < c->rows; r++) {
        double value = at_axis_value(c, r);
        if (!isnan(value))
            g->values[known++] = value;
    }
    at_sort_doubles(g->values, known);
    for (size_t i = 0; i < known; i++)
        if (g->count == 0 || g->values[i] > g->values[g->count - 1])
            g->values[g->count++] = g->values[i];
    for (int64_t r = 0; r < c->rows; r++) {
        double value = at_axis_value(c, r);
        size_t low = 0, high = g->count;
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            if (value >= g->values[middle])
                low = middle;
            else
                high = middle;
        }
        g->codes[r] = isnan(value) ? -1 : (int32_t)low;
    }
    return count_levels(g, err);
}

static int by_count(const void *a, const void *b) {
    const level *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->first < y->first ? -1 : 1;
}

static int by_first(const void *a, const void *b) {
    const level *x = a, *y = b;
    return x->first < y->first ? -1 : 1;
}

static char *name_of(const gathering *g, const level *l) {
    const at_column *c = g->column;
    if (at_type_textual(c->type)) {
        const int64_t *offsets =
            c->type == AT_TYPE_CATEGORY ? c->offsets : g->dictionary.offsets;
        const char *bytes = c->type == AT_TYPE_CATEGORY ? c->bytes : g->dictionary.bytes;
        int64_t start = offsets[l->first], end = offsets[l->first + 1];
        return at_copy_bytes(end > start ? bytes + start : "", (size_t)(end - start));
    }
    double value = g->values[l->first];
    int32_t day = (int32_t)(value / 86400);
    int64_t stamp = (int64_t)llround(value * 1e6), whole = (int64_t)value;
    uint8_t truth = value != 0;
    at_column one = {.name = c->name, .type = c->type, .rows = 1};
    one.values = c->type == AT_TYPE_DATE        ? (const void *)&day
                 : c->type == AT_TYPE_TIMESTAMP ? (const void *)&stamp
                 : c->type == AT_TYPE_BOOL      ? (const void *)&truth
                 : c->type == AT_TYPE_INT       ? (const void *)&whole
                                                : (const void *)&value;
    at_text text = {0};
    at_column_format(&one, 0, &text);
    char *name = at_text_take(&text);
    at_text_fini(&text);
    return name;
}

/* A name for the rest that no level has. */
static char *name_other(const at_axis *axis) {
    at_text name = {0};
    for (int n = 1;; n++) {
        at_text_clear(&name);
        if (n == 1)
            at_text_put(&name, "other");
        else
            at_text_format(&name, "other %d", n);
        bool taken = false;
        for (int i = 0; i + 1 < axis->count && at_text_ok(&name); i++)
            taken |= strcmp(axis->names[i], at_text_get(&name)) == 0;
        if (!taken)
            break;
    }
    char *copy = at_text_take(&name);
    at_text_fini(&name);
    return copy;
}

static at_status seat(gathering *g, int most, at_axis *out, at_error *err) {
    bool texts = at_type_textual(g->column->type);
    qsort(g->levels, g->count, sizeof *g->levels, by_count);
    size_t used = g->count; /* a category's dictionary may hold levels of no row */
    while (used > 0 && g->levels[used - 1].count == 0)
        used--;
    out->distinct = (int64_t)used;
    out->other = used > (size_t)most;
    size_t named = out->other ? (size_t)most - 1 : used;
    out->count = (int)named + out->other;
    if (!texts)
        qsort(g->levels, named, sizeof *g->levels, by_first);
    out->names = at_alloc_array((size_t)out->count + 1, sizeof *out->names);
    out->counts = at_alloc_array((size_t)out->count + 2, sizeof *out->counts);
    int32_t *places = at_alloc_array(g->count + 1, sizeof *places);
    bool failed = !out->names || !out->counts || !places;
    for (size_t k = 0; k < g->count && !failed; k++)
        places[k] = (int32_t)named; /* the rest */
    for (size_t k = 0; k < named && !failed; k++) {
        places[g->levels[k].first] = (int32_t)k;
        out->counts[k] = g->levels[k].count;
        out->names[k] = name_of(g, &g->levels[k]);
        failed = !out->names[k];
    }
    for (size_t k = named; k < used && !failed; k++)
        out->counts[named] += g->levels[k].count;
    if (!failed && out->other) {
        out->names[named] = name_other(out);
        failed = !out->names[named];
    }
    for (int64_t r = 0; r < g->column->rows && !failed; r++)
        if (g->codes[r] >= 0)
            g->codes[r] = places[g->codes[r]];
    at_free(places);
    return failed ? no_memory(g->column, err) : AT_OK;
}

at_status at_axis_levels(const at_column *column, int most, at_axis *out, at_error *err) {
    *out = (at_axis){.rows = column->rows};
    gathering g = {.column = column};
    g.codes = at_alloc_array((size_t)column->rows + 1, sizeof *g.codes);
    at_status status = !g.codes                        ? no_memory(column, err)
                       : at_type_textual(column->type) ? gather_texts(&g, err)
                                                       : gather_numbers(&g, err);
    if (status == AT_OK)
        status = seat(&g, most < 2 ? 2 : most, out, err);
    if (status == AT_OK) {
        out->missing = g.missing;
        out->codes = g.codes;
        g.codes = NULL;
    }
    gathering_fini(&g);
    if (status != AT_OK)
        at_axis_fini(out);
    return status;
}
