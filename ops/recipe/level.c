#include "ops/recipe/level.h"

#include "ops/recipe/json.h"

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

const char *at_level_of(const at_column *c, int64_t row, at_text *scratch,
                        int64_t *length) {
    if (at_type_textual(c->type))
        return at_column_text(c, row, length);
    at_text_clear(scratch);
    at_column_format(c, row, scratch);
    *length = (int64_t)scratch->length;
    return at_column_valid(c, row) && scratch->length ? at_text_get(scratch) : NULL;
}

static at_status too_many(const at_column *c, uint32_t most, at_error *err) {
    return at_fail(err, AT_LIMIT, "'%s' has more than %u different values", c->name,
                   most);
}

at_status at_level_learn(const at_column *c, at_dictionary *levels, uint32_t most,
                         uint32_t *codes, at_error *err) {
    at_text scratch = {0};
    at_status status = AT_OK;
    for (int64_t i = 0; i < c->rows && status == AT_OK; i++) {
        int64_t length;
        const char *text = at_level_of(c, i, &scratch, &length);
        codes[i] = AT_LEVEL_MISSING;
        if (text)
            codes[i] = at_dictionary_add(levels, text, (size_t)length);
        if (codes[i] == AT_DICTIONARY_NONE || !at_text_ok(&scratch))
            status = no_memory(err);
        else if (levels->count > most)
            status = too_many(c, most, err);
    }
    at_text_fini(&scratch);
    return status;
}

/* Each level of a category is looked up once. */
static at_status find_by_level(const at_column *c, const at_dictionary *levels,
                               uint32_t *codes, at_error *err) {
    uint32_t *known = at_alloc_array((size_t)c->levels + 1, sizeof *known);
    if (!known)
        return no_memory(err);
    for (uint32_t k = 0; k < c->levels; k++)
        known[k] = at_dictionary_find(levels, c->bytes ? c->bytes + c->offsets[k] : "",
                                      (size_t)(c->offsets[k + 1] - c->offsets[k]));
    for (int64_t i = 0; i < c->rows; i++)
        codes[i] = at_column_valid(c, i) ? known[c->codes[i]] : AT_LEVEL_MISSING;
    at_free(known);
    return AT_OK;
}

at_status at_level_find(const at_column *c, const at_dictionary *levels, uint32_t *codes,
                        at_error *err) {
    if (c->type == AT_TYPE_CATEGORY && (int64_t)c->levels < c->rows)
        return find_by_level(c, levels, codes, err);
    at_text scratch = {0};
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_level_of(c, i, &scratch, &length);
        codes[i] =
            text ? at_dictionary_find(levels, text, (size_t)length) : AT_LEVEL_MISSING;
    }
    bool ok = at_text_ok(&scratch);
    at_text_fini(&scratch);
    return ok ? AT_OK : no_memory(err);
}

json_t *at_level_save(const at_dictionary *levels) {
    json_t *list = json_array();
    for (uint32_t k = 0; list && k < levels->count; k++) {
        size_t length = (size_t)(levels->offsets[k + 1] - levels->offsets[k]);
        const char *bytes = levels->bytes ? levels->bytes + levels->offsets[k] : "";
        if (json_array_append_new(list, json_stringn(bytes, length)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

at_status at_level_load(const json_t *list, at_dictionary *levels, at_error *err) {
    if (!json_is_array(list))
        return at_json_broken(err);
    for (size_t k = 0; k < json_array_size(list); k++) {
        const json_t *one = json_array_get(list, k);
        if (!json_is_string(one))
            return at_json_broken(err);
        uint32_t place =
            at_dictionary_add(levels, json_string_value(one), json_string_length(one));
        if (place == AT_DICTIONARY_NONE)
            return no_memory(err);
        if (place != k)
            return at_json_broken(err);
    }
    return AT_OK;
}

static bool taken(const at_sheet *sheet, const char *const *names, size_t count,
                  const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (at_equal_fold(names[i], name))
            return true;
    }
    return at_sheet_find(sheet, name, 0) >= 0;
}

const char *at_level_fresh(const at_sheet *sheet, const char *const *names, size_t count,
                           at_arena *arena, const char *base) {
    const char *name = base;
    for (int copy = 2; name && taken(sheet, names, count, name); copy++)
        name = at_arena_format(arena, "%s (%d)", base, copy);
    return name;
}
