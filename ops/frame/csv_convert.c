/* The cells of one column of a chunk into typed values. The kind that the column had so
 * far is tried first; at a cell that it does not hold, the column starts again with a
 * wider one. */
#include "ops/base/text.h"
#include "ops/frame/csv_reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct at_cells {
    const char *text;
    const uint32_t *marks; /* the mark that ends the cell of row 0 */
    const uint32_t *starts;
    size_t stride; /* columns */
    bool first,
        strip; /* the first column; the last: a '\r' may stand before the newline */
    int quote;
    int64_t rows;
    at_csv_chunk *chunk;
    at_csv_segment *segment;
    const at_csv_dialect *dialect;
    at_cell_rules rules;
    at_number_cells brief;
    const at_numbers *numbers; /* NULL: a quote could be taken for a part of a number */
    bool strange;              /* a cell holds bytes that Windows-1252 does not know */
    bool any_level;            /* CATEGORY is forced: however many levels */
} at_cells;

static bool room(void *place, size_t *capacity, size_t need, size_t size) {
    void *items;
    memcpy(&items, place, sizeof items);
    items = at_grow(items, capacity, need, size);
    if (items)
        memcpy(place, &items, sizeof items);
    return items != NULL;
}

/* The cell of a row, without quotes; NULL when out of memory. */
static inline const char *cell_at(const at_cells *cells, int64_t row, size_t *length) {
    const uint32_t *mark = cells->marks + (size_t)row * cells->stride;
    size_t from = cells->first ? cells->starts[row] : (size_t)mark[-1] + 1;
    from = from < *mark ? from : *mark; /* beyond, where a short row was filled */
    const char *cell = cells->text + from;
    size_t n = *mark - from;
    if (cells->strip && n && cell[n - 1] == '\r')
        n--;
    *length = n;
    if (n == 0 || *cell != (char)cells->quote || cells->quote < 0)
        return cell;
    if (n >= 2 && cell[n - 1] == (char)cells->quote &&
        !memchr(cell + 1, cells->quote, n - 2)) {
        *length = n - 2;
        return cell + 1;
    }
    at_csv_chunk *chunk = cells->chunk;
    if (!room(&chunk->scratch, &chunk->scratch_capacity, n, 1))
        return NULL;
    *length = at_csv_unquote(cell, n, (char)cells->quote, chunk->scratch);
    return chunk->scratch;
}

/* Scratch has no readable bytes to spare behind the cell. */
static inline bool in_scratch(const at_cells *cells, const char *cell) {
    return (uintptr_t)cell - (uintptr_t)cells->chunk->scratch <
           cells->chunk->scratch_capacity;
}

static bool mark_missing(const at_cells *cells, int64_t row) {
    at_csv_segment *segment = cells->segment;
    if (segment->missing++ == 0) {
        size_t words = (size_t)cells->rows / 64 + 1;
        if (!room(&segment->validity, &segment->validity_capacity, words, 8))
            return false;
        memset(segment->validity, 0xFF, words * 8);
    }
    segment->validity[row >> 6] &= ~((uint64_t)1 << (row & 63));
    return true;
}

/* What a loop over the cells came to. */
typedef enum at_outcome {
    DONE,
    OTHER_KIND,
    TOO_MANY_LEVELS,
    STRANGE,
    NO_MEMORY
} at_outcome;

/* The first row from `row` on whose number is not brief; those before it are done. */
static int64_t after_ints(const at_cells *cells, int64_t row, int64_t *values) {
    return cells->numbers ? (int64_t)cells->numbers->ints(&cells->brief, (size_t)row,
                                                          (size_t)cells->rows, values)
                          : row;
}

static int64_t after_reals(const at_cells *cells, int64_t row, double *values) {
    return cells->numbers ? (int64_t)cells->numbers->reals(&cells->brief, (size_t)row,
                                                           (size_t)cells->rows, values)
                          : row;
}

/* A loop over all cells for one kind: AFTER is the row to look at next, from `row` on;
 * PARSE says whether the cell is of the kind. */
#define CONVERT(NAME, TYPE, AFTER, PARSE)                                                \
    static at_outcome NAME(at_cells *cells, int64_t *bad) {                              \
        TYPE *values = cells->segment->values;                                           \
        const at_cell_rules *rules = &cells->rules;                                      \
        for (int64_t row = 0; (row = (AFTER)) < cells->rows; row++) {                    \
            size_t length;                                                               \
            const char *cell = cell_at(cells, row, &length);                             \
            if (!cell)                                                                   \
                return NO_MEMORY;                                                        \
            TYPE value = 0;                                                              \
            (void)rules;                                                                 \
            if (!(PARSE)) {                                                              \
                if (!at_missing_is(&cells->dialect->missing, cell, length)) {            \
                    *bad = row;                                                          \
                    return OTHER_KIND;                                                   \
                }                                                                        \
                value = 0;                                                               \
                if (!mark_missing(cells, row))                                           \
                    return NO_MEMORY;                                                    \
            }                                                                            \
            values[row] = value;                                                         \
        }                                                                                \
        return DONE;                                                                     \
    }

/* NaN in a text says that the value is missing, whatever the markers are. */
static bool real_or_nan(const at_cells *cells, const char *cell, size_t length,
                        int64_t row, double *value, bool *ok) {
    if (!at_cell_real(cell, length, &cells->rules, value))
        return false;
    if (isnan(*value)) {
        *value = 0;
        *ok = mark_missing(cells, row);
    }
    return true;
}

CONVERT(convert_empty, int64_t, row, ((void)value, false))
CONVERT(convert_int, int64_t, after_ints(cells, row, values),
        at_cell_int(cell, length, rules, &value))
CONVERT(convert_bool, uint8_t, row, at_cell_bool(cell, length, rules, &value))
CONVERT(convert_date, int32_t, row, at_cell_date(cell, length, &value))
CONVERT(convert_slash, int32_t, row,
        at_cell_slash(cell, length, &value, &cells->segment->orders))
CONVERT(convert_stamp, int64_t, row, at_cell_stamp(cell, length, false, &value))
CONVERT(convert_stamp_zone, int64_t, row, at_cell_stamp(cell, length, true, &value))
CONVERT(convert_stamp_slash, int64_t, row,
        at_cell_stamp_slash(cell, length, &value, &cells->segment->orders))

static at_outcome convert_float(at_cells *cells, int64_t *bad) {
    double *values = cells->segment->values;
    for (int64_t row = 0; (row = after_reals(cells, row, values)) < cells->rows; row++) {
        size_t length;
        bool ok = true;
        double value = 0;
        const char *cell = cell_at(cells, row, &length);
        if (!cell)
            return NO_MEMORY;
        if (!real_or_nan(cells, cell, length, row, &value, &ok)) {
            *bad = row;
            if (!at_missing_is(&cells->dialect->missing, cell, length))
                return OTHER_KIND;
            ok = mark_missing(cells, row);
        }
        if (!ok)
            return NO_MEMORY;
        values[row] = value;
    }
    return DONE;
}

/* A cell of a Windows-1252 text in UTF-8; as it is where all its bytes are ASCII. */
static const char *to_utf8(at_cells *cells, const char *cell, size_t *length) {
    bool wide = false;
    for (size_t i = 0; i < *length; i++)
        wide |= (signed char)cell[i] < 0;
    if (!wide)
        return cell;
    at_csv_chunk *chunk = cells->chunk;
    bool inside = cell == chunk->scratch; /* unquoted there: convert behind it */
    size_t at = inside ? *length : 0;
    if (!room(&chunk->scratch, &chunk->scratch_capacity, at + *length * 3, 1))
        return NULL;
    if (inside)
        cell = chunk->scratch;
    cells->strange |= cells->dialect->guessed_latin && !at_csv_is_latin(cell, *length);
    *length = at_csv_from_latin(cell, *length, chunk->scratch + at);
    return chunk->scratch + at;
}

static inline const char *string_at(at_cells *cells, int64_t row, size_t *length) {
    const char *cell = cell_at(cells, row, length);
    return cell && cells->dialect->latin ? to_utf8(cells, cell, length) : cell;
}

/* Strings one after another: too many differ for codes. */
static at_outcome convert_plain(at_cells *cells, int64_t *bad) {
    at_csv_segment *segment = cells->segment;
    uint32_t *lengths = segment->values;
    segment->bytes_length = 0;
    for (int64_t row = 0; row < cells->rows; row++) {
        size_t length;
        const char *cell = string_at(cells, row, &length);
        if (!cell)
            return NO_MEMORY;
        if (cells->strange) {
            *bad = row;
            return STRANGE;
        }
        if (at_missing_is(&cells->dialect->missing, cell, length)) {
            length = 0;
            if (!mark_missing(cells, row))
                return NO_MEMORY;
        }
        if (!room(&segment->bytes, &segment->bytes_capacity,
                  segment->bytes_length + length + 1, 1))
            return NO_MEMORY;
        memcpy(segment->bytes + segment->bytes_length, cell, length);
        segment->bytes_length += length;
        lengths[row] = (uint32_t)length;
    }
    return DONE;
}

/* The code of a string; a new level is looked at once for meaning "missing". */
static bool add_level(at_cells *cells, const char *cell, size_t length, uint32_t *code,
                      bool *any_missing) {
    at_csv_segment *segment = cells->segment;
    uint32_t before = segment->levels.count;
    *code = at_dictionary_add(&segment->levels, cell, length);
    if (*code == AT_DICTIONARY_NONE)
        return false;
    if (segment->levels.count != before) {
        if (!room(&segment->level_missing, &segment->level_missing_capacity,
                  segment->levels.count, 1))
            return false;
        bool missing = at_missing_is(&cells->dialect->missing, cell, length);
        segment->level_missing[*code] = missing;
        *any_missing |= missing;
    }
    return true;
}

/* Strings of up to 16 bytes that were seen lately: two words and the length say all of
 * one, so that neither a hash of the bytes nor a comparison of them is needed. */
typedef struct at_recent {
    uint64_t head, tail;
    uint32_t length; /* 0: free */
    uint32_t code;
} at_recent;

enum { RECENT = 256 };

static inline bool same(const at_recent *a, const at_recent *b) {
    return a->head == b->head && a->tail == b->tail && a->length == b->length;
}

/* The place of a string of 1 to 16 bytes in the table, which has two for each; *key: what
 * is to stand there. The bytes from `cell` on are readable for 8. */
static inline at_recent *recent_place(at_recent *table, const char *cell, size_t length,
                                      at_recent *key) {
    memcpy(&key->head, cell, 8);
    if (length < 8) {
        key->head &= ((uint64_t)1 << (8 * length)) - 1;
        key->tail = 0;
    } else {
        memcpy(&key->tail, cell + length - 8, 8);
    }
    key->length = (uint32_t)length;
    uint64_t hash =
        (key->head ^ (key->tail << 23 | key->tail >> 41) ^ length) * 0x9E3779B97F4A7C15u;
    at_recent *place = &table[hash >> 56];
    if (same(place, key) || place->length == 0)
        return place;
    return &table[hash >> 56 ^ 1];
}

static at_outcome convert_levels(at_cells *cells, int64_t *bad) {
    at_csv_segment *segment = cells->segment;
    uint32_t *codes = segment->values, code = 0;
    bool any_missing = false;
    at_recent table[RECENT];
    memset(table, 0, sizeof table);
    at_dictionary_clear(&segment->levels);
    for (int64_t row = 0; row < cells->rows; row++) {
        size_t length;
        const char *cell = string_at(cells, row, &length);
        if (!cell)
            return NO_MEMORY;
        bool brief = length - 1 < 16 && !in_scratch(cells, cell);
        at_recent key = {0}, *place = NULL;
        if (brief) {
            place = recent_place(table, cell, length, &key);
            if (same(place, &key)) {
                codes[row] = place->code;
                continue;
            }
        }
        if (!add_level(cells, cell, length, &code, &any_missing))
            return NO_MEMORY;
        if (brief) {
            key.code = code;
            *place = key;
        }
        if (cells->strange) {
            *bad = row;
            return STRANGE;
        }
        codes[row] = code;
        if (segment->levels.count > AT_CSV_LEVELS && !cells->any_level)
            return TOO_MANY_LEVELS;
    }
    for (int64_t row = 0; any_missing && row < cells->rows; row++) {
        if (segment->level_missing[codes[row]] && !mark_missing(cells, row))
            return NO_MEMORY;
    }
    return DONE;
}

static at_outcome convert_as(at_cells *cells, int64_t *bad) {
    cells->segment->missing = 0;
    cells->segment->orders = AT_ORDER_BOTH;
    switch (cells->segment->kind) {
    case AT_CELL_EMPTY:
        return convert_empty(cells, bad);
    case AT_CELL_INT:
        return convert_int(cells, bad);
    case AT_CELL_FLOAT:
        return convert_float(cells, bad);
    case AT_CELL_BOOL:
        return convert_bool(cells, bad);
    case AT_CELL_DATE:
        return convert_date(cells, bad);
    case AT_CELL_SLASH:
        return convert_slash(cells, bad);
    case AT_CELL_STAMP:
        return convert_stamp(cells, bad);
    case AT_CELL_STAMP_ZONE:
        return convert_stamp_zone(cells, bad);
    case AT_CELL_STAMP_SLASH:
        return convert_stamp_slash(cells, bad);
    case AT_CELL_STRING:
        break;
    }
    return cells->segment->plain ? convert_plain(cells, bad) : convert_levels(cells, bad);
}

static bool allowed(int forced, at_cell_kind kind) {
    if (forced < 0 || kind == AT_CELL_EMPTY)
        return true;
    if (forced == AT_TYPE_TIMESTAMP)
        return at_cell_type(kind) == AT_TYPE_TIMESTAMP ||
               at_cell_type(kind) == AT_TYPE_DATE;
    if (at_type_textual(forced))
        return kind == AT_CELL_STRING;
    return kind != AT_CELL_STRING && (int)at_cell_type(kind) == forced;
}

/* What a column of a forced type begins with; dates find their own way of writing. */
static at_cell_kind begin_with(int forced, at_cell_kind guess) {
    switch (forced) {
    case AT_TYPE_INT:
        return AT_CELL_INT;
    case AT_TYPE_FLOAT:
        return AT_CELL_FLOAT;
    case AT_TYPE_BOOL:
        return AT_CELL_BOOL;
    case AT_TYPE_TEXT:
    case AT_TYPE_CATEGORY:
        return AT_CELL_STRING;
    default:
        return allowed(forced, guess) ? guess : AT_CELL_EMPTY;
    }
}

/* A cell that the forced type does not hold: told when the chunk's turn comes. */
static void refuse(at_cells *cells, int column, int64_t row) {
    size_t length = 0;
    const char *cell = cells->strange ? "" : string_at(cells, row, &length);
    at_csv_chunk *chunk = cells->chunk;
    if (chunk->fail_column >= 0 && chunk->fail_row <= row)
        return; /* an earlier row, or an earlier column of this one */
    chunk->fail_column = column;
    chunk->fail_row = row;
    snprintf(chunk->fail_cell, sizeof chunk->fail_cell, "%.*s",
             (int)(length < 60 ? length : 60), cell ? cell : "");
}

/* The kind to go on with after `row`. */
static at_cell_kind widen(at_cells *cells, int64_t row) {
    size_t length;
    at_cell_kind kind = cells->segment->kind;
    const char *cell = cell_at(cells, row, &length);
    if (!cell)
        return AT_CELL_STRING;
    at_cell_kind wider = at_cell_join(kind, at_cell_guess(cell, length, &cells->rules));
    /* Days and months that contradict each other: of no kind but text. */
    return wider == kind ? AT_CELL_STRING : wider;
}

bool at_csv_convert(at_csv_chunk *chunk, const at_csv_pass *pass, int column) {
    const at_csv_dialect *d = pass->dialect;
    at_csv_segment *segment = &chunk->segments[column];
    int forced = pass->forced[column];
    at_cells cells = {.text = chunk->text + chunk->text_from,
                      .marks = chunk->marks + column,
                      .starts = chunk->starts,
                      .stride = (size_t)d->columns,
                      .first = column == 0,
                      .strip = column == d->columns - 1 && d->marks.newline == '\n',
                      .quote = d->marks.quote,
                      .rows = chunk->rows,
                      .chunk = chunk,
                      .segment = segment,
                      .dialect = d,
                      .rules = d->rules,
                      .any_level = forced == AT_TYPE_CATEGORY};
    cells.rules.lax_bool = forced == AT_TYPE_BOOL;
    cells.brief = (at_number_cells){.text = cells.text,
                                    .marks = cells.marks,
                                    .starts = cells.first ? cells.starts : NULL,
                                    .stride = cells.stride,
                                    .strip = cells.strip,
                                    .decimal = d->rules.decimal};
    if (cells.quote < 0 || !strchr("0123456789-.,", cells.quote))
        cells.numbers = pass->numbers;
    at_cell_kind guess =
        (at_cell_kind)atomic_load_explicit(&pass->kinds[column], memory_order_relaxed);
    segment->kind = begin_with(forced, guess);
    segment->plain = forced == AT_TYPE_TEXT ||
                     (forced != AT_TYPE_CATEGORY &&
                      atomic_load_explicit(&pass->plain[column], memory_order_relaxed));
    at_outcome outcome = NO_MEMORY;
    int64_t bad = 0;
    if (room(&segment->values, &segment->values_capacity, (size_t)chunk->rows + 1, 8)) {
        while ((outcome = convert_as(&cells, &bad)) == OTHER_KIND ||
               outcome == TOO_MANY_LEVELS) {
            if (outcome == TOO_MANY_LEVELS) {
                segment->plain = true;
                continue;
            }
            segment->kind = widen(&cells, bad);
            if (!allowed(forced, segment->kind))
                return refuse(&cells, column, bad), true;
        }
    }
    if (outcome == STRANGE)
        return refuse(&cells, column, bad), true;
    if (outcome == NO_MEMORY)
        chunk->status = at_fail(&chunk->error, AT_NO_MEMORY, "out of memory");
    return outcome == DONE;
}
