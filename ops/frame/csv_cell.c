#include "ops/frame/csv_cell.h"

#include <string.h>

const char *const at_missing_default[] = {"",     "NA",   "N/A",  "n/a", "NaN", "nan",
                                          "null", "NULL", "None", "?",   NULL};

at_type at_cell_type(at_cell_kind kind) {
    switch (kind) {
    case AT_CELL_INT:
        return AT_TYPE_INT;
    case AT_CELL_FLOAT:
        return AT_TYPE_FLOAT;
    case AT_CELL_BOOL:
        return AT_TYPE_BOOL;
    case AT_CELL_DATE:
    case AT_CELL_SLASH:
        return AT_TYPE_DATE;
    case AT_CELL_STAMP:
    case AT_CELL_STAMP_ZONE:
    case AT_CELL_STAMP_SLASH:
        return AT_TYPE_TIMESTAMP;
    case AT_CELL_EMPTY:
    case AT_CELL_STRING:
        break;
    }
    return AT_TYPE_TEXT;
}

at_cell_kind at_cell_join(at_cell_kind a, at_cell_kind b) {
    if (a > b) {
        at_cell_kind c = a;
        a = b;
        b = c;
    }
    if (a == b || a == AT_CELL_EMPTY)
        return b;
    if (a == AT_CELL_INT && b == AT_CELL_FLOAT)
        return b;
    if (a == AT_CELL_DATE && b == AT_CELL_STAMP)
        return b;
    if (a == AT_CELL_SLASH && b == AT_CELL_STAMP_SLASH)
        return b;
    return AT_CELL_STRING;
}

static bool blank(char c) {
    return c == ' ' || c == '\t';
}

void at_cell_trim(const char **cell, size_t *length) {
    while (*length && blank(**cell)) {
        (*cell)++;
        (*length)--;
    }
    while (*length && blank((*cell)[*length - 1]))
        (*length)--;
}

void at_missing_words_init(at_missing_words *m, const char *const *words) {
    *m = (at_missing_words){.words = words};
    for (; *words; words++) {
        size_t n = strlen(*words);
        m->longest = n > m->longest ? n : m->longest;
        m->empty |= n == 0;
        if (n)
            m->first[(unsigned char)**words] = 1;
    }
}

bool at_missing_is(const at_missing_words *m, const char *cell, size_t length) {
    if (length && (blank(*cell) || blank(cell[length - 1])))
        at_cell_trim(&cell, &length);
    if (length == 0)
        return m->empty;
    if (length > m->longest || !m->first[(unsigned char)*cell])
        return false;
    for (const char *const *word = m->words; *word; word++) {
        if (strlen(*word) == length && memcmp(*word, cell, length) == 0)
            return true;
    }
    return false;
}

bool at_cell_bool(const char *cell, size_t length, const at_cell_rules *rules,
                  uint8_t *out) {
    static const struct {
        const char *word;
        uint8_t value, lax;
    } words[] = {{"true", 1, 0},  {"True", 1, 0},  {"TRUE", 1, 0}, {"false", 0, 0},
                 {"False", 0, 0}, {"FALSE", 0, 0}, {"yes", 1, 1},  {"Yes", 1, 1},
                 {"YES", 1, 1},   {"no", 0, 1},    {"No", 0, 1},   {"NO", 0, 1},
                 {"y", 1, 1},     {"Y", 1, 1},     {"n", 0, 1},    {"N", 0, 1},
                 {"t", 1, 1},     {"T", 1, 1},     {"f", 0, 1},    {"F", 0, 1},
                 {"1", 1, 1},     {"0", 0, 1}};
    at_cell_trim(&cell, &length);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if ((rules->lax_bool || !words[i].lax) && strlen(words[i].word) == length &&
            memcmp(words[i].word, cell, length) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

at_cell_kind at_cell_guess(const char *cell, size_t length, const at_cell_rules *rules) {
    int64_t wide;
    int32_t narrow;
    uint8_t truth;
    double real;
    unsigned orders = AT_ORDER_BOTH;
    if (at_cell_int(cell, length, rules, &wide))
        return AT_CELL_INT;
    if (at_cell_real(cell, length, rules, &real))
        return AT_CELL_FLOAT;
    if (length > 40)
        return AT_CELL_STRING;
    if (at_cell_bool(cell, length, rules, &truth))
        return AT_CELL_BOOL;
    if (at_cell_date(cell, length, &narrow))
        return AT_CELL_DATE;
    if (at_cell_slash(cell, length, &narrow, &orders))
        return AT_CELL_SLASH;
    if (at_cell_stamp(cell, length, false, &wide))
        return AT_CELL_STAMP;
    if (at_cell_stamp(cell, length, true, &wide))
        return AT_CELL_STAMP_ZONE;
    if (at_cell_stamp_slash(cell, length, &wide, &orders))
        return AT_CELL_STAMP_SLASH;
    return AT_CELL_STRING;
}
