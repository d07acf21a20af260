#include "magics/data/picture_show.h"

#include "magics/view/grid.h"
#include "magics/view/pictures.h"
#include "ops/base/text.h"

#include <string.h>

static const at_column *column_of(const at_frame *frame, const char *name) {
    int index = at_frame_find(frame, name);
    return index < 0 ? NULL : at_frame_column(frame, index);
}

static const char *cell(const at_column *column, int64_t row, at_arena *arena) {
    at_text text = {0};
    if (!column || !at_column_valid(column, row))
        return NULL;
    at_column_format(column, row, &text);
    const char *copy = at_arena_text(arena, at_text_get(&text), text.length);
    at_text_fini(&text);
    return copy;
}

/* "300 × 200", where the table has them. */
static const char *size_of(const at_frame *frame, int64_t row, at_arena *arena) {
    const at_column *w = column_of(frame, "width"), *h = column_of(frame, "height");
    if (!w || !h || w->type != AT_TYPE_INT || h->type != AT_TYPE_INT ||
        !at_column_valid(w, row) || !at_column_valid(h, row))
        return NULL;
    return at_arena_format(arena, "%lld × %lld", (long long)w->ints[row],
                           (long long)h->ints[row]);
}

/* Which rows are shown. */
typedef struct choice {
    const at_frame *frame;
    int64_t first, rows, step;
} choice;

/* Is every picture that is shown of one size? Then the caption says it once. */
static bool one_size(const choice *c) {
    const at_column *w = column_of(c->frame, "width"), *h = column_of(c->frame, "height");
    if (!w || !h || w->type != AT_TYPE_INT || h->type != AT_TYPE_INT)
        return true;
    for (int64_t i = 1; i < c->rows; i++) {
        int64_t r = c->first + i * c->step;
        if (w->ints[r] != w->ints[c->first] || h->ints[r] != h->ints[c->first])
            return false;
    }
    return true;
}

static const char *caption(const choice *c, const char *more, at_arena *arena) {
    at_text text = {0};
    int64_t total = at_frame_rows(c->frame);
    const at_column *label = column_of(c->frame, AT_IMAGES_LABEL);
    at_text_put(&text, at_view_plural(arena, total, "image"));
    if (c->rows && one_size(c) && size_of(c->frame, c->first, arena))
        at_text_format(&text, " of %s", size_of(c->frame, c->first, arena));
    if (label && label->type == AT_TYPE_CATEGORY && label->levels)
        at_text_format(&text, ", %s%s", at_view_count(arena, label->levels),
                       label->levels == 1 ? " class" : " classes");
    if (c->rows < total && c->step > 1)
        at_text_format(&text, "; one of every %s is shown",
                       at_view_count(arena, c->step));
    else if (c->rows < total)
        at_text_format(&text, "; shown are %s to %s", at_view_count(arena, c->first + 1),
                       at_view_count(arena, c->first + c->rows));
    if (more && c->rows < total)
        at_text_format(&text, " (%s shows more)", more);
    const char *copy = at_arena_text(arena, at_text_get(&text), text.length);
    at_text_fini(&text);
    return copy;
}

at_status at_picture_show(at_context *context, const char *title, const at_frame *frame,
                          const at_images *images, int64_t first, int64_t rows,
                          int64_t step, const char *more, at_error *err) {
    at_arena *arena = context->arena;
    int64_t left = (at_frame_rows(frame) - first + step - 1) / step;
    choice c = {frame, first, rows < left ? rows : left, step};
    const at_column *id = column_of(frame, AT_IMAGES_ID);
    const at_column *label = column_of(frame, AT_IMAGES_LABEL);
    at_picture *items = at_arena_alloc(arena, ((size_t)c.rows + 1) * sizeof *items);
    if (!items)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to show %s", title);
    bool same = one_size(&c);
    for (int64_t i = 0; i < c.rows; i++) {
        at_picture *item = &items[i];
        int64_t row = first + i * step;
        item->bytes = at_images_bytes(images, id->ints[row], &item->length);
        item->label = cell(label, row, arena);
        item->note = same ? NULL : size_of(frame, row, arena);
    }
    at_pictures pictures = {.title = title, .items = items, .count = (size_t)c.rows};
    pictures.caption = caption(&c, more, arena);
    size_t shown = 0;
    at_bundle bundle;
    AT_TRY(at_view_pictures(&pictures, &shown, &bundle, err));
    if (shown < pictures.count) { /* known only now that they are encoded */
        at_bundle_fini(&bundle);
        pictures.count = shown;
        c.rows = (int64_t)shown;
        pictures.caption = caption(&c, more, arena);
        AT_TRY(at_view_pictures(&pictures, NULL, &bundle, err));
    }
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}
