/* %datasets: the tables of the workspace. */
#include "magics/language/spec.h"
#include "magics/workspace/listing.h"

#include <stddef.h>

struct datasets_options {
    bool none;
};

/* "clean of bank"; "fetch"; with the detail where there is one. */
static const char *made_by(at_context *context, const at_entry *dataset) {
    const json_t *from = json_object_get(dataset->card, "from");
    const char *magic = json_string_value(json_object_get(from, "magic"));
    const char *detail = json_string_value(json_object_get(from, "detail"));
    const char *parent =
        json_string_value(json_array_get(json_object_get(from, "parents"), 0));
    if (!magic || !*magic)
        return NULL;
    at_entry entry;
    if (parent && at_store_by_id(context->workspace, AT_KIND_DATASET, parent,
                                 context->arena, &entry, NULL) == AT_OK) {
        const char *text = at_arena_format(context->arena, "%s of %s", magic, entry.name);
        at_entry_fini(&entry);
        return text;
    }
    return detail && *detail && !parent
               ? at_arena_format(context->arena, "%s %.80s", magic, detail)
               : magic;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    (void)given;
    static const at_grid_column heads[] = {
        {"dataset", NULL, false}, {"rows", NULL, true},     {"columns", NULL, true},
        {"size", NULL, true},     {"made by", NULL, false}, {"when", NULL, false}};
    at_listing listing = {
        .context = context, .columns = heads, .column_count = AT_COUNT(heads)};
    at_entry *entries;
    size_t count;
    AT_TRY(at_store_list(context->workspace, AT_KIND_DATASET, context->arena, &entries,
                         &count, err));
    for (size_t i = 0; i < count; i++) {
        const json_t *card = entries[i].card;
        const json_t *bytes = json_object_get(card, "bytes");
        at_listing_put(&listing, entries[i].name);
        at_listing_put(&listing,
                       at_view_count(context->arena,
                                     json_integer_value(json_object_get(card, "rows"))));
        at_listing_put(&listing, at_view_count(context->arena,
                                               (int64_t)json_array_size(
                                                   json_object_get(card, "columns"))));
        at_listing_put(&listing,
                       bytes ? at_view_bytes(context->arena, json_integer_value(bytes))
                             : NULL);
        at_listing_put(&listing, made_by(context, &entries[i]));
        at_listing_put(&listing, at_listing_when(context->arena, entries[i].created_us));
        at_entry_fini(&entries[i]);
    }
    return at_listing_show(
        &listing, NULL, at_view_plural(context->arena, (int64_t)count, "dataset"),
        "No datasets yet: %fetch, %generate or CREATE TABLE ... AS make them.", err);
}

static const char *const examples[] = {"%datasets", NULL};

const at_magic at_magic_datasets = {
    .name = "datasets",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DATA,
    .summary = "Lists the datasets of the workspace",
    .examples = examples,
    .options_size = sizeof(struct datasets_options),
    .run = run,
};
