/* The JSON part of param.h: a struct of options to a job's file, and back. */
#include "ops/base/param.h"
#include "ops/base/text.h"

#include <string.h>

static const void *field(const void *base, const at_param *param) {
    return (const char *)base + param->offset;
}

/* An item that a plain list could not carry goes in backticks (see at_param_set). */
static void put_item(const char *item, at_text *out) {
    size_t n = strlen(item);
    bool plain = n > 0 && item[0] != '`' && !strchr(item, ',') &&
                 !strchr(" \t\r\n", item[0]) && !strchr(" \t\r\n", item[n - 1]);
    if (plain) {
        at_text_put(out, item);
        return;
    }
    at_text_char(out, '`');
    for (size_t i = 0; i < n; i++) {
        at_text_char(out, item[i]);
        if (item[i] == '`')
            at_text_char(out, '`');
    }
    at_text_char(out, '`');
}

/* Appends the value as text; false where there is none (a NULL text). */
static bool put_value(const at_param *param, const void *base, at_text *out) {
    const void *at = field(base, param);
    char number[32];
    switch (param->kind) {
    case AT_PARAM_FLAG:
    case AT_PARAM_BOOL:
        at_text_put(out, *(const bool *)at ? "true" : "false");
        return true;
    case AT_PARAM_INT: {
        int64_t value = *(const int64_t *)at;
        if (value == AT_AUTO_INT)
            at_text_put(out, "auto");
        else
            at_text_format(out, "%lld", (long long)value);
        return true;
    }
    case AT_PARAM_REAL: {
        double value = *(const double *)at;
        if (isnan(value))
            at_text_put(out, "auto");
        else
            at_text_append(out, number, at_format_real(value, number));
        return true;
    }
    case AT_PARAM_TEXT:
    case AT_PARAM_CHOICE: {
        const char *value = *(const char *const *)at;
        if (value)
            at_text_put(out, value);
        return value != NULL;
    }
    case AT_PARAM_LIST: {
        const at_words *words = at;
        for (size_t i = 0; i < words->count; i++) {
            if (i)
                at_text_char(out, ',');
            put_item(words->items[i], out);
        }
        return true;
    }
    }
    return false;
}

json_t *at_params_to_json(const at_param *params, size_t count, const void *base) {
    json_t *object = json_object();
    if (!object)
        return NULL;
    at_text value = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        at_text_clear(&value);
        if (!put_value(&params[i], base, &value))
            continue;
        json_t *text =
            at_text_ok(&value) ? json_stringn(at_text_get(&value), value.length) : NULL;
        ok = json_object_set_new(object, params[i].name, text) == 0; /* NULL fails */
    }
    at_text_fini(&value);
    if (ok)
        return object;
    json_decref(object);
    return NULL;
}

static at_status set_from_json(const at_param *param, const json_t *value,
                               at_arena *arena, void *base, at_error *err) {
    char number[32];
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        if (strlen(text) != json_string_length(value))
            return at_fail(err, AT_INVALID, "the value of %s holds a zero byte",
                           param->name);
        return at_param_set(param, text, arena, base, err);
    }
    if (json_is_integer(value)) {
        at_text text = {0};
        at_text_format(&text, "%lld", (long long)json_integer_value(value));
        at_status status =
            at_text_ok(&text)
                ? at_param_set(param, at_text_get(&text), arena, base, err)
                : at_fail(err, AT_NO_MEMORY, "no memory left for %s", param->name);
        at_text_fini(&text);
        return status;
    }
    if (json_is_real(value)) {
        at_format_real(json_real_value(value), number);
        return at_param_set(param, number, arena, base, err);
    }
    if (json_is_boolean(value))
        return at_param_set(param, json_is_true(value) ? "true" : "false", arena, base,
                            err);
    return at_fail(err, AT_INVALID, "the value of %s is neither text, number nor boolean",
                   param->name);
}

at_status at_params_from_json(const at_param *params, size_t count, const json_t *object,
                              at_arena *arena, void *base, at_error *err) {
    AT_TRY(at_params_defaults(params, count, arena, base, err));
    if (!json_is_object(object))
        return at_fail(err, AT_INVALID, "expected a JSON object of names and values");
    /* jansson's iterator takes a mutable object, though it changes nothing. */
    json_t *whole = (json_t *)(uintptr_t)object;
    const char *name;
    json_t *value;
    json_object_foreach(whole, name, value) {
        const at_param *param = at_param_find(params, count, name);
        if (!param)
            return at_param_unknown(params, count, "parameter", name, err);
        AT_TRY(set_from_json(param, value, arena, base, err));
    }
    return AT_OK;
}
