#include "ops/learn/features.h"

#include "ops/base/memory.h"

#include <math.h>
#include <string.h>

static bool is_number(const at_column *column) {
    return at_type_numeric(column->type) || column->type == AT_TYPE_BOOL;
}

/* The mean of the finite cells; 0 if there are none. */
static double mean_of(const at_column *column, int64_t *missing) {
    double mean = 0, count = 0;
    *missing = 0;
    for (int64_t r = 0; r < column->rows; r++) {
        double x = at_column_real(column, r);
        if (isfinite(x))
            mean += (x - mean) / ++count;
        else
            ++*missing;
    }
    return mean;
}

static void list(at_text *names, int *count, const char *name) {
    enum { SHOWN = 8 };
    if (*count < SHOWN)
        at_text_format(names, "%s%s", *count ? ", " : "", name);
    else if (*count == SHOWN)
        at_text_put(names, ", ...");
    ++*count;
}

at_status at_features_learn(const at_sheet *sheet, const char *target, bool missing,
                            at_features *out, at_text *note, at_error *err) {
    int columns = sheet->count, left = 0, filled = 0;
    at_text left_names = {0}, filled_names = {0};
    *out = (at_features){0};
    at_status status = AT_OK;
    out->items = at_alloc_array((size_t)columns + 1, sizeof *out->items);
    if (!out->items)
        status = at_fail(err, AT_NO_MEMORY, "not enough memory for %d features", columns);
    for (int c = 0; c < columns && status == AT_OK; c++) {
        const at_column *column = &sheet->columns[c];
        int64_t absent;
        if (at_equal_fold(column->name, target))
            continue;
        if (!is_number(column)) {
            list(&left_names, &left, column->name);
            continue;
        }
        at_feature *f = &out->items[out->count];
        *f = (at_feature){at_copy_text(column->name), mean_of(column, &absent)};
        if (missing)
            f->fill = (double)NAN;
        if (!f->name)
            status =
                at_fail(err, AT_NO_MEMORY, "not enough memory for %d features", columns);
        else
            out->count++;
        if (absent && !missing)
            list(&filled_names, &filled, column->name);
    }
    if (left)
        at_text_format(note, "Left out, being no numbers after the preparation: %s. ",
                       at_text_get(&left_names));
    if (filled)
        at_text_format(note, "Missing cells are filled with the mean: %s. ",
                       at_text_get(&filled_names));
    if (status == AT_OK && out->count == 0) {
        at_fail(err, AT_INVALID, "the preparation leaves no numbers to learn from%s%s",
                left ? ": " : "", left ? at_text_get(&left_names) : "");
        status =
            at_hint(err, "add `one-hot category` to the recipe, or use --recipe auto");
    }
    at_text_fini(&left_names);
    at_text_fini(&filled_names);
    if (status != AT_OK)
        at_features_fini(out);
    return status;
}

void at_features_fini(at_features *features) {
    for (int i = 0; i < features->count; i++)
        at_free(features->items[i].name);
    at_free(features->items);
    *features = (at_features){0};
}

at_status at_features_find(const at_features *features, const at_sheet *sheet,
                           int *columns, at_error *err) {
    for (int i = 0; i < features->count; i++) {
        const at_feature *f = &features->items[i];
        /* They mostly stand as they stood in training: each after the one before. */
        int c = i > 0 ? columns[i - 1] + 1 : 0;
        if (c >= sheet->count || strcmp(sheet->columns[c].name, f->name) != 0)
            c = at_sheet_find(sheet, f->name, c);
        if (c < 0)
            return at_fail(err, AT_INVALID, "the preparation made no column %s", f->name);
        if (!is_number(&sheet->columns[c]))
            return at_fail(err, AT_INVALID, "the preparation made column %s of type %s",
                           f->name, at_type_name(sheet->columns[c].type));
        columns[i] = c;
    }
    return AT_OK;
}

static double or_fill(double x, double fill) {
    return isfinite(x) ? x : fill;
}

void at_features_fill(const at_features *features, const at_sheet *sheet,
                      const int *columns, int64_t first, int64_t rows, double *x) {
    int count = features->count;
    for (int i = 0; i < count; i++) {
        const at_column *column = &sheet->columns[columns[i]];
        double fill = features->items[i].fill;
        double *to = x + i;
        if (column->type == AT_TYPE_FLOAT && !column->validity)
            for (int64_t r = 0; r < rows; r++, to += count)
                *to = or_fill(column->reals[first + r], fill);
        else
            for (int64_t r = 0; r < rows; r++, to += count)
                *to = or_fill(at_column_real(column, first + r), fill);
    }
}
