/* A picture and what a model says of it, in a cell. */
#include "magics/deploy/picture.h"
#include "magics/view/grid.h"
#include "magics/view/pictures.h"
#include "magics/workspace/store_images.h"

#include <inttypes.h>
#include <string.h>

enum { SHOWN = 10 };

at_status at_picture_of_row(at_context *context, const char *dataset, int64_t row,
                            const char **bytes, size_t *length, at_error *err) {
    at_entry entry;
    AT_TRY(at_store_find(context->workspace, AT_KIND_DATASET, dataset, context->arena,
                         &entry, err));
    at_images *images = NULL;
    at_frame *frame = NULL;
    at_status status = at_store_images(context->workspace, &entry, &images, err);
    if (status == AT_OK)
        status = at_store_frame_by_id(context->workspace, entry.id, &frame, err);
    if (status == AT_OK && (row < 1 || row > at_frame_rows(frame)))
        status = at_fail(err, AT_INVALID,
                         "dataset %s has the rows 1 to %" PRId64 "; there is no row "
                         "%" PRId64,
                         entry.name, at_frame_rows(frame), row);
    if (status == AT_OK) {
        const at_column *ids = at_frame_column(frame, at_frame_find(frame, AT_IMAGES_ID));
        const uint8_t *from = at_images_bytes(images, ids->ints[row - 1], length);
        *bytes = at_arena_text(context->arena, (const char *)from, *length);
        if (!*bytes)
            status = at_fail(err, AT_NO_MEMORY, "no memory left for the picture");
    }
    at_frame_release(frame);
    at_images_release(images);
    at_entry_fini(&entry);
    return status;
}

typedef struct ranked {
    int class;
    double probability;
} ranked;

/* The most probable classes, falling; how many. */
static size_t rank(const json_t *answer, ranked *out) {
    size_t count = 0, i;
    json_t *item;
    json_array_foreach(answer, i, item) {
        double p = json_number_value(item);
        size_t at = count < SHOWN ? count++ : SHOWN;
        while (at > 0 && out[at - 1].probability < p) {
            if (at < SHOWN)
                out[at] = out[at - 1];
            at--;
        }
        if (at < SHOWN)
            out[at] = (ranked){(int)i, p};
    }
    return count;
}

static at_status show(at_context *context, const at_model *model, const ranked *best,
                      size_t count, const char *name, at_error *err) {
    static const at_grid_column heads[] = {{"class", NULL, false},
                                           {"probability", NULL, true}};
    at_grid_cell *cells = at_arena_alloc(context->arena, (2 * count + 1) * sizeof *cells);
    if (!cells)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the answer");
    for (size_t i = 0; i < count; i++) {
        cells[2 * i].text = at_model_label(model, best[i].class);
        cells[2 * i + 1].text =
            at_arena_format(context->arena, "%.1f %%", 100 * best[i].probability);
    }
    int classes = at_model_classes(model);
    bool several = at_model_problem(model) == AT_MULTILABEL;
    at_grid grid = {.title = name,
                    .caption = several ? "each label by itself; those of 50 % and "
                                         "more are predicted"
                               : classes > SHOWN ? "the ten most probable classes"
                                                 : NULL,
                    .columns = heads,
                    .column_count = 2,
                    .cells = cells,
                    .row_count = count};
    at_bundle bundle;
    AT_TRY(at_view_grid(&grid, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}

at_status at_picture_show_answer(at_context *context, const at_entry *entry,
                                 const void *bytes, size_t size, const char *answer,
                                 size_t length, at_error *err) {
    const char *id = json_string_value(json_object_get(entry->card, "model"));
    const char *folder =
        id ? at_store_path(context->workspace, AT_KIND_MODEL, id, context->arena) : NULL;
    json_t *numbers = json_loadb(answer, length, 0, NULL);
    at_model *model = NULL;
    at_status status = folder && json_is_array(numbers)
                           ? at_model_load(folder, &model, err)
                           : at_fail(err, AT_INVALID,
                                     "this is not an answer to a "
                                     "picture");
    if (status == AT_OK) {
        ranked best[SHOWN];
        size_t count = rank(numbers, best);
        at_picture picture = {.bytes = bytes,
                              .length = size,
                              .label = count ? at_model_label(model, best[0].class) : ""};
        at_pictures pictures = {.items = &picture, .count = 1};
        at_bundle bundle;
        status = at_view_pictures(&pictures, NULL, &bundle, err);
        if (status == AT_OK) {
            at_view_send(context->call->display, &bundle);
            status = show(context, model, best, count, entry->name, err);
        }
    }
    at_model_release(model);
    json_decref(numbers);
    return status;
}
