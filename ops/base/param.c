#include "ops/base/param.h"
#include "ops/base/letter.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <string.h>

#define FIELD(base, param, type) ((type *)(void *)((char *)(base) + (param)->offset))
#define CONST_FIELD(base, param, type)                                                   \
    ((const type *)(const void *)((const char *)(base) + (param)->offset))

/* '-' and '_' are the same, ASCII case does not count. */
static bool same_name(const char *a, const char *b) {
    for (;; a++, b++) {
        char x = *a == '_' ? '-' : *a, y = *b == '_' ? '-' : *b;
        char one[2] = {x, 0}, other[2] = {y, 0};
        if (!at_equal_fold(one, other))
            return false;
        if (!x)
            return true;
    }
}

static at_status no_memory(const at_param *param, at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory left for the value of %s", param->name);
}

static size_t choice_count(const at_param *param) {
    size_t n = 0;
    while (param->choices && param->choices[n])
        n++;
    return n;
}

static at_status wrong(const at_param *param, const char *text, at_error *err) {
    char expected[256];
    at_param_expects(param, expected, sizeof expected);
    bool vowel = strncmp(expected, "integer", 7) == 0;
    bool noun =
        vowel || strncmp(expected, "number", 6) == 0 || strncmp(expected, "list", 4) == 0;
    at_fail(err, AT_INVALID, "%s cannot be '%.200s': expected %s%s", param->name, text,
            !noun   ? ""
            : vowel ? "an "
                    : "a ",
            expected);
    if (param->kind == AT_PARAM_CHOICE) {
        const char *near = at_nearest(text, param->choices, choice_count(param));
        if (near)
            at_hint(err, "did you mean '%s'?", near);
    }
    return AT_INVALID;
}

static bool unbounded(const at_param *param) {
    return param->min == 0 && param->max == 0;
}

static bool parse_bool(const char *text, bool *out) {
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (at_equal_fold(text, yes[i]) || at_equal_fold(text, no[i])) {
            *out = at_equal_fold(text, yes[i]);
            return true;
        }
    }
    return false;
}

static at_status set_bool(const at_param *param, const char *text, void *base,
                          at_error *err) {
    bool value;
    if (!parse_bool(text, &value))
        return wrong(param, text, err);
    *FIELD(base, param, bool) = value;
    return AT_OK;
}

static at_status set_int(const at_param *param, const char *text, void *base,
                         at_error *err) {
    int64_t value;
    if (param->automatic && at_equal_fold(text, "auto"))
        value = AT_AUTO_INT;
    else if (!at_parse_int(text, &value) || value == AT_AUTO_INT)
        return wrong(param, text, err);
    else if (!unbounded(param) &&
             ((double)value < param->min || (double)value > param->max))
        return wrong(param, text, err);
    *FIELD(base, param, int64_t) = value;
    return AT_OK;
}

static at_status set_real(const at_param *param, const char *text, void *base,
                          at_error *err) {
    double value;
    if (param->automatic && at_equal_fold(text, "auto"))
        value = AT_AUTO_REAL;
    else if (!at_parse_real(text, &value) || isnan(value)) /* NaN is kept for auto */
        return wrong(param, text, err);
    else if (!unbounded(param) && (value < param->min || value > param->max))
        return wrong(param, text, err);
    *FIELD(base, param, double) = value;
    return AT_OK;
}

static at_status set_choice(const at_param *param, const char *text, void *base,
                            at_error *err) {
    for (size_t i = 0; i < choice_count(param); i++) {
        if (same_name(text, param->choices[i])) {
            *FIELD(base, param, const char *) = param->choices[i];
            return AT_OK;
        }
    }
    return wrong(param, text, err);
}

/* Reads one item at *at into `out`: up to a comma, or in backticks, where a comma is an
 * ordinary sign and two backticks are one. Leaves *at at the comma or the end. */
static bool read_item(const char **at, at_text *out) {
    const char *p = *at;
    while (at_is_space(*p))
        p++;
    at_text_clear(out);
    if (*p == '`') {
        for (p++; *p && (*p != '`' || p[1] == '`'); p++) {
            at_text_char(out, *p);
            p += *p == '`';
        }
        if (*p++ != '`')
            return false;
        while (at_is_space(*p))
            p++;
    } else {
        const char *from = p;
        while (*p && *p != ',')
            p++;
        const char *to = p;
        while (to > from && at_is_space(to[-1]))
            to--;
        at_text_append(out, from, (size_t)(to - from));
    }
    *at = p;
    return (*p == ',' || *p == '\0') && out->length > 0;
}

static at_status set_list(const at_param *param, const char *text, at_arena *arena,
                          void *base, at_error *err) {
    at_words *words = FIELD(base, param, at_words);
    const char *p = text;
    while (at_is_space(*p))
        p++;
    if (!*p) {
        *words = (at_words){0};
        return AT_OK;
    }
    size_t most = 1, count = 0;
    for (const char *c = p; *c; c++)
        most += *c == ',';
    const char **items = at_arena_alloc(arena, most * sizeof *items);
    if (!items)
        return no_memory(param, err);
    at_text item = {0};
    at_status status = AT_OK;
    do {
        if (!read_item(&p, &item)) {
            status = item.failed ? no_memory(param, err) : wrong(param, text, err);
            break;
        }
        items[count] = at_arena_text(arena, at_text_get(&item), item.length);
        if (!items[count++] || item.failed)
            status = no_memory(param, err);
    } while (!status && *p++ == ',');
    at_text_fini(&item);
    if (!status)
        *words = (at_words){.items = items, .count = count};
    return status;
}

at_status at_param_set(const at_param *param, const char *text, at_arena *arena,
                       void *base, at_error *err) {
    switch (param->kind) {
    case AT_PARAM_FLAG:
        if (!text) {
            *FIELD(base, param, bool) = true;
            return AT_OK;
        }
        return set_bool(param, text, base, err);
    case AT_PARAM_BOOL:
        return set_bool(param, text, base, err);
    case AT_PARAM_INT:
        return set_int(param, text, base, err);
    case AT_PARAM_REAL:
        return set_real(param, text, base, err);
    case AT_PARAM_CHOICE:
        return set_choice(param, text, base, err);
    case AT_PARAM_LIST:
        return set_list(param, text, arena, base, err);
    case AT_PARAM_TEXT:
        break;
    }
    const char *copy = at_arena_text(arena, text, strlen(text));
    if (!copy)
        return no_memory(param, err);
    *FIELD(base, param, const char *) = copy;
    return AT_OK;
}

/* The value of a field that was never given. */
static void set_nothing(const at_param *param, void *base) {
    switch (param->kind) {
    case AT_PARAM_FLAG:
    case AT_PARAM_BOOL:
        *FIELD(base, param, bool) = false;
        break;
    case AT_PARAM_INT:
        *FIELD(base, param, int64_t) = 0;
        break;
    case AT_PARAM_REAL:
        *FIELD(base, param, double) = 0;
        break;
    case AT_PARAM_TEXT:
    case AT_PARAM_CHOICE:
        *FIELD(base, param, const char *) = NULL;
        break;
    case AT_PARAM_LIST:
        *FIELD(base, param, at_words) = (at_words){0};
        break;
    }
}

at_status at_params_defaults(const at_param *params, size_t count, at_arena *arena,
                             void *base, at_error *err) {
    for (size_t i = 0; i < count; i++) {
        const at_param *param = &params[i];
        if (!param->fallback)
            set_nothing(param, base);
        else if (param->kind == AT_PARAM_TEXT)
            *FIELD(base, param, const char *) = param->fallback;
        else
            AT_TRY(at_param_set(param, param->fallback, arena, base, err));
    }
    return AT_OK;
}

const at_param *at_param_find(const at_param *params, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (same_name(params[i].name, name))
            return &params[i];
    return NULL;
}

at_status at_param_unknown(const at_param *params, size_t count, const char *kind,
                           const char *name, at_error *err) {
    at_fail(err, AT_INVALID, "unknown %s '%.200s'", kind, name);
    const char **names = at_alloc_array(count, sizeof *names);
    if (!names || count == 0) {
        at_free(names);
        return AT_INVALID;
    }
    for (size_t i = 0; i < count; i++)
        names[i] = params[i].name;
    const char *near = at_nearest(name, names, count);
    at_text all = {0};
    for (size_t i = 0; i < count; i++)
        at_text_format(&all, "%s%s", i ? ", " : "", names[i]);
    if (near)
        at_hint(err, "did you mean '%s'?", near);
    else if (at_text_ok(&all))
        at_hint(err, "there is: %s", at_text_get(&all));
    at_text_fini(&all);
    at_free(names);
    return AT_INVALID;
}

/* " from 1 to 10", " of at least 1", " of at most 10", or nothing. */
static void put_range(const at_param *param, at_text *out) {
    if (unbounded(param))
        return;
    char low[32], high[32];
    at_format_real(param->min, low);
    at_format_real(param->max, high);
    bool has_low = param->min > -9e15, has_high = param->max < 9e15;
    if (has_low && has_high)
        at_text_format(out, " from %s to %s", low, high);
    else if (has_low)
        at_text_format(out, " of at least %s", low);
    else if (has_high)
        at_text_format(out, " of at most %s", high);
}

void at_param_expects(const at_param *param, char *out, size_t size) {
    at_text text = {0};
    switch (param->kind) {
    case AT_PARAM_FLAG:
    case AT_PARAM_BOOL:
        at_text_put(&text, "true or false");
        break;
    case AT_PARAM_INT:
    case AT_PARAM_REAL:
        at_text_put(&text, param->kind == AT_PARAM_INT ? "integer" : "number");
        put_range(param, &text);
        if (param->unit)
            at_text_format(&text, " (%s)", param->unit);
        if (param->automatic)
            at_text_put(&text, " or auto");
        break;
    case AT_PARAM_CHOICE:
        for (size_t i = 0; i < choice_count(param); i++)
            at_text_format(&text, "%s%s", i ? ", " : "one of ", param->choices[i]);
        break;
    case AT_PARAM_TEXT:
        at_text_put(&text, "text");
        break;
    case AT_PARAM_LIST:
        at_text_put(&text, "list separated by commas");
        break;
    }
    size_t n = text.length < size ? text.length : size - 1;
    if (size) {
        memcpy(out, at_text_get(&text), n);
        out[n] = '\0';
    }
    at_text_fini(&text);
}
