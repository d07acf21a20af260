#include "magics/data/image_set.h"

#include "magics/data/picture_show.h"
#include "magics/view/grid.h"
#include "magics/view/progress.h"
#include "magics/workspace/store_images.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 20 };

at_status at_image_set_begin(at_context *context, bool skip_bad, at_image_set *out,
                             at_error *err) {
    *out = (at_image_set){.scratch.fd = -1};
    AT_TRY(at_scratch_open(context->workspace, &out->scratch, context->arena, err));
    at_status status =
        at_gather_new(out->scratch.fd, out->scratch.path,
                      at_session_pool(context->session), skip_bad, &out->gather, err);
    if (status)
        at_image_set_end(out);
    return status;
}

void at_image_set_end(at_image_set *set) {
    at_gather_release(set->gather);
    at_scratch_close(&set->scratch);
    set->gather = NULL;
}

static at_status show(at_context *context, const char *name, const at_frame *frame,
                      bool spread, at_error *err) {
    at_entry entry;
    at_images *images;
    int64_t rows =
        at_frame_rows(frame); /* some of the whole: sets stand class by class */
    AT_TRY(at_store_find(context->workspace, AT_KIND_DATASET, name, context->arena,
                         &entry, err));
    at_status status = at_store_images(context->workspace, &entry, &images, err);
    if (!status)
        status = at_picture_show(context, name, frame, images, 0, SHOWN,
                                 spread && rows > SHOWN ? rows / SHOWN : 1,
                                 at_arena_format(context->arena, "%%show %s", name), err);
    at_images_release(images);
    at_entry_fini(&entry);
    return status;
}

at_status at_image_set_finish(at_context *context, at_image_set *set, const char *name,
                              const json_t *lineage, bool spread, at_error *err) {
    at_frame *frame;
    const char *why;
    AT_TRY(at_gather_finish(set->gather, &frame, err));
    at_status status =
        at_store_images_put(context->workspace, name, set->gather, frame, lineage, err);
    size_t skipped = at_gather_skipped(set->gather, &why);
    if (!status && skipped)
        at_display_print(context->call->display,
                         "%s left out, because they cannot be read; the first: %s\n",
                         at_view_plural(context->arena, (int64_t)skipped, "image"), why);
    if (!status)
        status = show(context, name, frame, spread, err);
    at_frame_release(frame);
    return status;
}

/* ---- %generate ----------------------------------------------------------------------
 */

static at_status put_names(at_gather *gather, const at_image_example *example,
                           at_arena *arena, at_error *err) {
    const char **names = at_arena_alloc(arena, (size_t)example->classes * sizeof *names);
    for (int32_t k = 0; names && k < example->classes; k++)
        names[k] = example->name ? example->name(k) : at_arena_format(arena, "%d", k);
    return names ? at_gather_classes(gather, names, (size_t)example->classes, err)
                 : at_fail(err, AT_NO_MEMORY, "not enough memory to draw");
}

static at_status draw_all(at_context *context, at_gather *gather, const char *what,
                          const at_image_example *example, int64_t rows, uint64_t seed,
                          at_progress *progress, at_error *err) {
    at_image_sink sink = at_gather_sink(gather);
    size_t pixels =
        (size_t)example->side * (size_t)example->side * (size_t)example->channels;
    uint8_t *file = at_arena_alloc(context->arena, pixels + 64);
    if (!file)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to draw");
    size_t head = (size_t)snprintf((char *)file, 64, "P%c\n%d %d\n255\n",
                                   example->channels == 1 ? '5' : '6', example->side,
                                   example->side);
    for (int64_t i = 0; i < rows; i++) {
        char source[64];
        if (i % 64 == 0) {
            if (at_cancelled(context->call->cancel))
                return at_fail(err, AT_CANCELLED, "interrupted while drawing");
            at_progress_update(progress, (double)i, (double)rows, NULL);
        }
        float label = (float)example->draw(seed, i, file + head);
        snprintf(source, sizeof source, "%s#%lld", what, (long long)i);
        at_image_item item = {file, head + pixels, &label, 1, source, source};
        AT_TRY(sink.image(sink.context, &item, err));
    }
    return AT_OK;
}

at_status at_image_set_generate(at_context *context, const char *what, const char *name,
                                const at_image_example *example, int64_t rows,
                                uint64_t seed, at_error *err) {
    at_image_set set;
    at_progress *progress = NULL;
    AT_TRY(at_progress_new(context->call->display,
                           at_arena_format(context->arena, "Drawing %s", name),
                           AT_UNIT_NONE, false, &progress, err));
    at_status status = at_image_set_begin(context, false, &set, err);
    if (!status)
        status = put_names(set.gather, example, context->arena, err);
    if (!status)
        status = draw_all(context, set.gather, what, example, rows, seed, progress, err);
    at_progress_finish(progress, status != AT_OK, status ? "stopped" : "drawn");
    at_progress_release(progress);
    json_t *lineage = at_lineage_origin("generate", what);
    if (!status && !lineage)
        status = at_fail(err, AT_NO_MEMORY, "not enough memory to keep %s", name);
    if (!status)
        status = at_image_set_finish(context, &set, name, lineage, false, err);
    json_decref(lineage);
    at_image_set_end(&set);
    return status;
}
