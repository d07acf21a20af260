#include "magics/train/model_facts.h"
#include "magics/view/grid.h"
#include "magics/workspace/listing.h"

#include <string.h>

enum { FACTS_MAX = 32 };

typedef struct facts {
    at_arena *arena;
    at_fact items[FACTS_MAX];
    size_t count;
} facts;

static void put(facts *f, const char *key, const char *value) {
    if (key && value && f->count < FACTS_MAX)
        f->items[f->count++] = (at_fact){key, value};
}

/* "best_epoch" -> "best epoch" */
static const char *spoken(at_arena *arena, const char *key) {
    char *text = at_arena_text(arena, key, strlen(key));
    for (char *p = text; p && *p; p++)
        *p = *p == '_' ? ' ' : *p;
    return text;
}

/* NULL: nothing to say. */
static const char *scalar(at_arena *arena, const json_t *value) {
    if (json_is_string(value))
        return json_string_length(value) ? json_string_value(value) : NULL;
    if (json_is_integer(value))
        return at_view_count(arena, json_integer_value(value));
    if (json_is_real(value))
        return at_view_number(arena, json_real_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? "yes" : "no";
    return NULL;
}

/* Every scalar of an object; those of inner objects follow with the outer key before. */
static void put_scalars(facts *f, const json_t *object, const char *prefix, int depth) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        const char *name = prefix ? at_arena_format(f->arena, "%s %s", prefix, key) : key;
        if (!name || strcmp(key, "algorithm") == 0 || strcmp(key, "target") == 0 ||
            strcmp(key, "title") == 0 || strcmp(key, "hyperparameters") == 0 ||
            (strcmp(key, "left_out") == 0 && json_integer_value(value) == 0))
            continue;
        if (json_is_object(value) && depth < 2)
            put_scalars(f, value, name, depth + 1);
        else
            put(f, spoken(f->arena, name), scalar(f->arena, value));
    }
}

static at_status show_settings(at_context *context, const json_t *given, at_error *err) {
    static const at_grid_column heads[] = {{"hyperparameter", NULL, false},
                                           {"value", NULL, true}};
    at_listing listing = {.context = context, .columns = heads, .column_count = 2};
    const char *key;
    json_t *value;
    if (json_object_size(given) == 0)
        return AT_OK;
    size_t automatic = 0;
    json_object_foreach((json_t *)given, key, value) {
        const char *text = scalar(context->arena, value);
        bool is_auto = text && strcmp(text, "auto") == 0;
        automatic += is_auto;
        if (is_auto)
            continue;
        at_listing_put(&listing, key);
        at_listing_put(&listing, text);
    }
    const char *caption =
        automatic ? at_arena_format(context->arena, "%zu more are auto", automatic)
                  : NULL;
    return at_listing_show(&listing, NULL, caption, "All hyperparameters are auto.", err);
}

at_status at_model_facts_show(at_context *context, const at_entry *model, at_error *err) {
    at_arena *arena = context->arena;
    const json_t *describe = json_object_get(model->card, "describe");
    facts f = {.arena = arena};
    put(&f, "algorithm", at_card_text(model, "algorithm"));
    put(&f, "predicts", at_card_text(model, "target"));
    put(&f, "learned from", at_card_text(model, "data_name"));
    put(&f, "recipe", at_card_text(model, "recipe"));
    put(&f, "made", at_listing_when(arena, model->created_us));
    put_scalars(&f, describe, NULL, 0);
    size_t i;
    json_t *note;
    json_array_foreach(json_object_get(describe, "notes"), i, note)
        put(&f, "note", json_string_value(note));
    const json_t *features = json_object_get(describe, "features");
    if (json_is_array(features))
        put(&f, "features", at_view_count(arena, (int64_t)json_array_size(features)));
    const json_t *evaluation = json_object_get(model->card, "evaluation");
    put(&f, "evaluated on", json_string_value(json_object_get(evaluation, "data")));
    put_scalars(&f, json_object_get(evaluation, "metrics"), NULL, 0);
    at_bundle bundle;
    AT_TRY(at_view_facts(at_arena_format(arena, "model %s", model->name), f.items,
                         f.count, &bundle, err));
    at_view_send(context->call->display, &bundle);
    const char *folder =
        at_store_path(context->workspace, AT_KIND_MODEL, model->id, arena);
    if (folder) /* a line of its own: a path that is cut is of no use */
        at_display_print(context->call->display, "in %s\n", folder);
    return show_settings(context, json_object_get(describe, "hyperparameters"), err);
}
