/* Steps and recipes as JSON: in the workspace's index, in a model's folder. */
#include "ops/recipe/json.h"
#include "ops/recipe/recipe.h"

#include <math.h>
#include <string.h>

bool at_json_put(json_t *object, const char *key, json_t *value) {
    return json_object_set_new(object, key, value) == 0;
}

json_t *at_json_texts(const char *const *texts, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, json_string(texts[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *at_json_reals(const double *values, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++) {
        json_t *one = isfinite(values[i]) ? json_real(values[i]) : json_null();
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

at_status at_json_read_reals(const json_t *list, at_arena *arena, double **out,
                             size_t *count, at_error *err) {
    *count = json_array_size(list);
    *out = at_arena_alloc(arena, (*count + 1) * sizeof **out);
    if (!*out)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < *count; i++) {
        const json_t *one = json_array_get(list, i);
        if (!json_is_number(one) && !json_is_null(one))
            return at_json_broken(err);
        (*out)[i] = json_is_null(one) ? (double)NAN : json_number_value(one);
    }
    return AT_OK;
}

at_status at_json_broken(at_error *err) {
    return at_fail(err, AT_CORRUPT, "a saved step does not read as one");
}

at_status at_json_read_texts(const json_t *list, at_arena *arena, const char *const **out,
                             size_t *count, at_error *err) {
    *count = json_array_size(list);
    const char **texts = at_arena_alloc(arena, (*count + 1) * sizeof *texts);
    if (!texts)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < *count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text)
            return at_json_broken(err);
        texts[i] = at_arena_text(arena, text, strlen(text));
        if (!texts[i])
            return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    *out = texts;
    return AT_OK;
}

static json_t *columns_json(const at_step_args *args) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < args->column_count; i++) {
        json_t *one = json_pack("{s:s}", "text", args->columns[i].text);
        bool ok = one &&
                  (!args->columns[i].literal || at_json_put(one, "literal", json_true()));
        if (json_array_append_new(list, one) != 0 || !ok) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *fitted_json(const at_step *step) {
    json_t *fitted = json_object();
    bool ok = fitted && at_json_put(fitted, "columns",
                                    at_json_texts(step->columns, step->column_count));
    if (ok && step->kind->save)
        ok = at_json_put(fitted, "state", step->kind->save(step));
    if (!ok) {
        json_decref(fitted);
        return NULL;
    }
    return fitted;
}

json_t *at_step_to_json(const at_step *step) {
    const at_step_args *args = &step->args;
    json_t *json = json_object();
    bool ok = json && at_json_put(json, "verb", json_string(step->kind->verb));
    if (ok && args->column_count)
        ok = at_json_put(json, "columns", columns_json(args));
    if (ok && args->value_count)
        ok = at_json_put(json, "values", at_json_texts(args->values, args->value_count));
    if (ok && args->name)
        ok = at_json_put(json, "name", json_string(args->name));
    if (ok && args->expression)
        ok = at_json_put(json, "expression", json_string(args->expression));
    if (ok && args->word)
        ok = at_json_put(json, "word", json_string(args->word));
    if (ok && args->has_type)
        ok = at_json_put(json, "type", json_string(at_type_name(args->type)));
    if (ok && step->line)
        ok = at_json_put(json, "line", json_integer(step->line));
    if (ok && step->fitted)
        ok = at_json_put(json, "fitted", fitted_json(step));
    if (!ok) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static at_status read_columns(const json_t *list, at_arena *arena, at_step_args *args,
                              at_error *err) {
    size_t count = json_array_size(list);
    at_selector *columns = at_arena_alloc(arena, (count + 1) * sizeof *columns);
    if (!columns)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(list, i);
        columns[i].text = json_string_value(json_object_get(one, "text"));
        columns[i].literal = json_is_true(json_object_get(one, "literal"));
        if (!columns[i].text)
            return at_json_broken(err);
    }
    args->columns = columns;
    args->column_count = count;
    return AT_OK;
}

/* Arguments borrow from the JSON; at_step_new copies them. */
static at_status read_args(const json_t *json, at_arena *arena, at_step_args *args,
                           at_error *err) {
    AT_TRY(read_columns(json_object_get(json, "columns"), arena, args, err));
    AT_TRY(at_json_read_texts(json_object_get(json, "values"), arena, &args->values,
                              &args->value_count, err));
    args->name = json_string_value(json_object_get(json, "name"));
    args->expression = json_string_value(json_object_get(json, "expression"));
    args->word = json_string_value(json_object_get(json, "word"));
    const char *type = json_string_value(json_object_get(json, "type"));
    args->has_type = type != NULL;
    if (type && !at_type_from_name(type, &args->type))
        return at_json_broken(err);
    return AT_OK;
}

static bool is(const char *word, size_t length, const char *what) {
    return strlen(what) == length && memcmp(word, what, length) == 0;
}

/* What the pattern promises to the kind, a file must keep too: all that is not in
 * brackets. */
static bool complete(const at_step_kind *kind, const at_step_args *args) {
    size_t values = 0;
    bool optional = false, ok = true;
    for (const char *p = kind->pattern; *p && ok;) {
        size_t n = *p == '{' ? strcspn(p, "}") + 1 : strcspn(p, " []");
        if (n == 0) {
            optional = *p == '[' || (optional && *p != ']');
            p++;
            continue;
        }
        if (optional) {
            p += n;
            continue;
        }
        if (*p == '{' && p[n] == '+')
            values++;
        else if (*p == '{')
            ok = args->word || args->value_count > values;
        else if (is(p, n, "COLUMN"))
            ok = args->column_count == 1;
        else if (is(p, n, "COLUMNS"))
            ok = args->column_count > 0;
        else if (is(p, n, "VALUE") || is(p, n, "VALUES") || is(p, n, "NAMES"))
            values++;
        else if (is(p, n, "PAIRS"))
            values += 2;
        else if (is(p, n, "NAME"))
            ok = args->name != NULL;
        else if (is(p, n, "TYPE"))
            ok = args->has_type;
        else if (is(p, n, "EXPRESSION"))
            ok = args->expression != NULL;
        p += n;
    }
    return ok && args->value_count >= values;
}

static at_status load(at_step *step, const json_t *fitted, at_error *err) {
    if (!json_is_object(fitted) || !json_is_array(json_object_get(fitted, "columns")))
        return at_json_broken(err);
    AT_TRY(at_json_read_texts(json_object_get(fitted, "columns"), &step->arena,
                              &step->columns, &step->column_count, err));
    if (step->kind->load)
        AT_TRY(step->kind->load(step, json_object_get(fitted, "state"), err));
    step->fitted = true;
    return AT_OK;
}

at_status at_step_from_json(const json_t *json, at_step **out, at_error *err) {
    const char *verb = json_string_value(json_object_get(json, "verb"));
    const at_step_kind *kind = verb ? at_step_kind_find(verb) : NULL;
    if (verb && !kind)
        return at_fail(err, AT_UNSUPPORTED, "this version has no step '%s'", verb);
    if (!kind)
        return at_json_broken(err);
    at_arena arena = {0};
    at_step_args args = {0};
    at_step *step = NULL;
    at_status status = read_args(json, &arena, &args, err);
    if (status == AT_OK && !complete(kind, &args))
        status = at_json_broken(err);
    if (status == AT_OK) {
        int line = (int)json_integer_value(json_object_get(json, "line"));
        status = at_step_new(kind, &args, line, &step, err);
    }
    at_arena_fini(&arena);
    const json_t *fitted = json_object_get(json, "fitted");
    if (status == AT_OK && fitted)
        status = load(step, fitted, err);
    if (status != AT_OK) {
        at_step_release(step);
        return status;
    }
    *out = step;
    return AT_OK;
}

json_t *at_recipe_to_json(const at_recipe *recipe) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < at_recipe_count(recipe); i++) {
        if (json_array_append_new(list, at_step_to_json(at_recipe_step(recipe, i))) !=
            0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

at_status at_recipe_from_json(const json_t *json, at_recipe **out, at_error *err) {
    if (!json_is_array(json))
        return at_fail(err, AT_CORRUPT, "a saved recipe is not a list of steps");
    at_recipe *recipe;
    AT_TRY(at_recipe_new(&recipe, err));
    for (size_t i = 0; i < json_array_size(json); i++) {
        at_step *step;
        at_status status = at_step_from_json(json_array_get(json, i), &step, err);
        if (status == AT_OK)
            status = at_recipe_take(recipe, step, err);
        if (status != AT_OK) {
            at_recipe_release(recipe);
            return status;
        }
    }
    *out = recipe;
    return AT_OK;
}
