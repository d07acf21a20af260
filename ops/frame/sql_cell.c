#include "ops/frame/sql_cell.h"

#include "ops/frame/dictionary.h"

#include <string.h>

static uint64_t mix(uint64_t x) { /* splitmix64's finaliser */
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t hash_real(double value) {
    uint64_t bits;
    value += 0.0; /* -0.0 and 0.0 are equal */
    memcpy(&bits, &value, sizeof bits);
    return mix(bits);
}

uint64_t at_sql_cell_hash(const at_column *column, int64_t row) {
    if (column->type == AT_TYPE_TEXT)
        return at_hash_bytes(column->bytes + column->offsets[row],
                             (size_t)(column->offsets[row + 1] - column->offsets[row]));
    if (column->type == AT_TYPE_FLOAT)
        return hash_real(column->reals[row]);
    return mix((uint64_t)at_sql_cell_integer(column, row));
}

int at_sql_compare_bytes(const char *a, int64_t n, const char *b, int64_t m) {
    int64_t common = n < m ? n : m;
    int order = common ? memcmp(a, b, (size_t)common) : 0;
    return order ? order : (n > m) - (n < m);
}

int at_sql_cell_compare(const at_column *column, int64_t a, int64_t b) {
    if (column->type == AT_TYPE_TEXT) {
        const int64_t *at = column->offsets;
        return at_sql_compare_bytes(column->bytes + at[a], at[a + 1] - at[a],
                                    column->bytes + at[b], at[b + 1] - at[b]);
    }
    if (column->type == AT_TYPE_FLOAT)
        return (column->reals[a] > column->reals[b]) -
               (column->reals[a] < column->reals[b]);
    int64_t x = at_sql_cell_integer(column, a), y = at_sql_cell_integer(column, b);
    return (x > y) - (x < y);
}

bool at_sql_cell_is(const at_column *column, int64_t row, const at_sql_wanted *wanted) {
    if (!at_sql_cell_there(column, row))
        return false;
    if (at_type_textual(column->type)) {
        int64_t length;
        const char *text = at_column_text(column, row, &length);
        return at_sql_compare_bytes(text, length, wanted->bytes, wanted->length) == 0;
    }
    if (column->type == AT_TYPE_FLOAT)
        return column->reals[row] >= wanted->real && column->reals[row] <= wanted->real;
    return at_sql_cell_integer(column, row) == wanted->integer;
}

uint64_t at_sql_wanted_hash(const at_column *column, const at_sql_wanted *wanted) {
    if (at_type_textual(column->type))
        return at_hash_bytes(wanted->bytes, (size_t)wanted->length);
    if (column->type == AT_TYPE_FLOAT)
        return hash_real(wanted->real);
    return mix((uint64_t)wanted->integer);
}
