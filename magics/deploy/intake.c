#include "magics/deploy/intake.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <string.h>
#include <strings.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory left for the endpoint");
}

static at_status read_column(const json_t *item, at_arena *arena, at_intake_column *out,
                             at_error *err) {
    const char *name = json_string_value(json_object_get(item, "name"));
    const char *type = json_string_value(json_object_get(item, "type"));
    if (!name || !*name || !type || !at_type_from_name(type, &out->type))
        return at_fail(err, AT_CORRUPT, "the model's inputs are damaged");
    out->name = at_arena_text(arena, name, strlen(name));
    return out->name ? AT_OK : no_memory(err);
}

/* The strings of an array (or the names of its objects), and `more` unless NULL. */
static at_status read_names(const json_t *array, const char *more, at_arena *arena,
                            const char *const **out, size_t *count, at_error *err) {
    size_t n = json_array_size(array), kept = 0;
    const char **names = at_arena_alloc(arena, (n + 2) * sizeof *names);
    if (!names)
        return no_memory(err);
    for (size_t i = 0; i < n + 1; i++) {
        const json_t *item = i < n ? json_array_get(array, i) : NULL;
        const char *name = i == n ? more
                           : json_is_object(item)
                               ? json_string_value(json_object_get(item, "name"))
                               : json_string_value(item);
        if (!name)
            continue;
        names[kept] = at_arena_text(arena, name, strlen(name));
        if (!names[kept++])
            return no_memory(err);
    }
    *out = names;
    *count = kept;
    return AT_OK;
}

at_status at_intake_init(at_intake *intake, const json_t *inputs, const json_t *ignored,
                         const char *target, const json_t *missing, at_arena *arena,
                         at_error *err) {
    *intake = (at_intake){.count = json_array_size(inputs)};
    if (!json_is_array(inputs) || intake->count == 0)
        return at_fail(err, AT_CORRUPT, "the model takes no columns");
    at_intake_column *columns = at_arena_alloc(arena, intake->count * sizeof *columns);
    if (!columns)
        return no_memory(err);
    for (size_t i = 0; i < intake->count; i++)
        AT_TRY(read_column(json_array_get(inputs, i), arena, &columns[i], err));
    intake->columns = columns;
    AT_TRY(read_names(ignored, target, arena, &intake->ignored, &intake->ignored_count,
                      err));
    const char *const *words = at_missing_default;
    size_t word_count = 0;
    if (json_is_array(missing))
        AT_TRY(read_names(missing, NULL, arena, &words, &word_count, err));
    at_missing_words_init(&intake->missing, words);
    return AT_OK;
}

static bool same(const char *name, const char *text, size_t length) {
    /* The first letters, case apart, tell most names apart without a call. */
    return length && !((*name ^ *text) & ~0x20) && strncasecmp(name, text, length) == 0 &&
           name[length] == '\0';
}

int at_intake_find(const at_intake *intake, const char *name, size_t length,
                   size_t guess) {
    while (length && (*name == ' ' || *name == '\t')) {
        name++;
        length--;
    }
    while (length && (name[length - 1] == ' ' || name[length - 1] == '\t'))
        length--;
    if (guess < intake->count && same(intake->columns[guess].name, name, length))
        return (int)guess;
    for (size_t i = 0; i < intake->count; i++)
        if (same(intake->columns[i].name, name, length))
            return (int)i;
    for (size_t i = 0; i < intake->ignored_count; i++)
        if (same(intake->ignored[i], name, length))
            return AT_INTAKE_IGNORED;
    return AT_INTAKE_UNKNOWN;
}

at_status at_intake_hint(const at_intake *intake, const char *name, at_error *err) {
    const char *nearest = NULL;
    size_t best = strlen(name) / 3 + 2;
    for (size_t i = 0; i < intake->count; i++) {
        size_t distance = at_edit_distance(name, intake->columns[i].name);
        if (distance < best) {
            best = distance;
            nearest = intake->columns[i].name;
        }
    }
    if (nearest)
        return at_hint(err, "did you mean '%s'?", nearest);
    at_text names = {0};
    for (size_t i = 0; i < intake->count && names.length < 400; i++)
        at_text_format(&names, "%s%s", i ? ", " : "", intake->columns[i].name);
    at_hint(err, "it takes %s", at_text_get(&names));
    at_text_fini(&names);
    return err ? err->code : AT_INVALID;
}
