#include "ops/image/gather.h"
#include "ops/base/safetensors.h"
#include "ops/base/text.h"
#include "ops/frame/column.h"
#include "ops/image/image.h"
#include "ops/image/images.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BATCH = 128,            /* images that are decoded side by side */
    BATCH_BYTES = 32 << 20, /* at most, unless one alone is larger */
};

/* An image that waits to be looked at. */
typedef struct waiting {
    size_t at, length;    /* in the batch's bytes */
    size_t source, where; /* texts in the batch's texts */
    size_t labels, label_count;
    at_image_facts facts;
    at_status status;
    at_error err;
} waiting;

struct at_gather {
    at_pool *pool;
    char *scratch;
    int fd;
    bool skip_bad, named, several, fractions;
    waiting *batch; /* (BATCH) */
    size_t batch_count;
    at_text bytes, texts, batch_labels; /* of the batch */
    int64_t *offsets, *places;          /* (count + 1) */
    size_t offset_capacity, place_capacity, count;
    at_text labels; /* floats of all */
    at_column_builder *width, *height, *channels, *format, *size, *source;
    at_arena arena;
    const char **classes;
    size_t class_count, class_capacity, most_label;
    size_t skipped;
    char why[512];
    json_t *left_out; /* texts: why each was */
};

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to gather the images");
}

static const float *labels_of(const at_text *text, size_t at) {
    return (const float *)(const void *)(at_text_get(text) + at);
}

/* ---- the batch ----------------------------------------------------------------------
 */

static void look(void *context, size_t i) {
    at_gather *g = context;
    waiting *w = &g->batch[i];
    const uint8_t *bytes = (const uint8_t *)at_text_get(&g->bytes) + w->at;
    at_image image = {0};
    w->status = at_image_probe(bytes, w->length, &w->facts, &w->err);
    if (w->status == AT_OK && w->facts.format != AT_IMAGE_PNM)
        w->status = at_image_decode(bytes, w->length, 0, &image, &w->err);
    at_image_fini(&image);
}

static at_status append(at_gather *g, const waiting *w, at_error *err) {
    int64_t *offsets =
        at_grow(g->offsets, &g->offset_capacity, g->count + 2, sizeof *offsets);
    g->offsets = offsets ? offsets : g->offsets;
    int64_t *places =
        at_grow(g->places, &g->place_capacity, g->count + 2, sizeof *places);
    g->places = places ? places : g->places;
    if (!offsets || !places)
        return no_memory(err);
    const char *bytes = at_text_get(&g->bytes) + w->at;
    for (size_t done = 0; done < w->length;) {
        ssize_t n = write(g->fd, bytes + done, w->length - done);
        if (n < 0)
            return at_fail_errno(err, "cannot write the images");
        done += (size_t)n;
    }
    at_text_append(&g->labels, at_text_get(&g->batch_labels) + w->labels,
                   w->label_count * sizeof(float));
    if (g->count == 0)
        offsets[0] = places[0] = 0;
    offsets[g->count + 1] = offsets[g->count] + (int64_t)w->length;
    places[g->count + 1] = places[g->count] + (int64_t)w->label_count;
    g->count++;
    const char *format = at_image_format_name(w->facts.format);
    const char *source = at_text_get(&g->texts) + w->source;
    at_column_builder_int(g->width, w->facts.w);
    at_column_builder_int(g->height, w->facts.h);
    at_column_builder_int(g->channels, w->facts.c);
    at_column_builder_text(g->format, format, (int64_t)strlen(format));
    at_column_builder_int(g->size, (int64_t)w->length);
    at_column_builder_text(g->source, source, (int64_t)strlen(source));
    const float *labels = labels_of(&g->batch_labels, w->labels);
    g->several = g->several || w->label_count > 1;
    if (w->label_count == 1) {
        bool index = labels[0] >= 0 && labels[0] < AT_READER_CLASSES &&
                     floorf(labels[0]) == labels[0];
        g->fractions = g->fractions || !index;
        if (index && (size_t)labels[0] + 1 > g->most_label)
            g->most_label = (size_t)labels[0] + 1;
    }
    return AT_OK;
}

static at_status flush(at_gather *g, at_error *err) {
    if (!at_text_ok(&g->bytes) || !at_text_ok(&g->texts) || !at_text_ok(&g->batch_labels))
        return no_memory(err);
    at_pool_run(g->pool, g->batch_count, look, g);
    at_status status = AT_OK;
    for (size_t i = 0; i < g->batch_count && !status; i++) {
        waiting *w = &g->batch[i];
        if (w->status == AT_OK)
            status = append(g, w, err);
        else {
            at_prefix(&w->err, "%s", at_text_get(&g->texts) + w->where);
            if (!g->skip_bad || w->status == AT_NO_MEMORY) {
                if (err)
                    *err = w->err;
                return w->status;
            }
            if (g->skipped++ == 0)
                snprintf(g->why, sizeof g->why, "%.500s", w->err.text);
            if (g->skipped <= AT_IMAGES_LEFT_OUT &&
                json_array_append_new(g->left_out, json_string(w->err.text)))
                return no_memory(err);
        }
    }
    g->batch_count = 0;
    at_text_clear(&g->bytes);
    at_text_clear(&g->texts);
    at_text_clear(&g->batch_labels);
    return status;
}

static size_t keep_text(at_gather *g, const char *text) {
    size_t at = g->texts.length;
    at_text_append(&g->texts, text, strlen(text) + 1);
    return at;
}

static at_status on_image(void *context, const at_image_item *item, at_error *err) {
    at_gather *g = context;
    if (g->batch_count == BATCH ||
        (g->batch_count && g->bytes.length + item->length > BATCH_BYTES))
        AT_TRY(flush(g, err));
    waiting *w = &g->batch[g->batch_count++];
    *w = (waiting){.at = g->bytes.length,
                   .length = item->length,
                   .labels = g->batch_labels.length,
                   .label_count = item->label_count};
    if (item->length > AT_IMAGE_FILE_MAX) /* its probe says so */
        w->length = AT_IMAGE_FILE_MAX + 1;
    at_text_append(&g->bytes, item->bytes, w->length);
    if (item->label_count)
        at_text_append(&g->batch_labels, (const char *)item->labels,
                       item->label_count * sizeof(float));
    w->source = keep_text(g, item->source);
    w->where = keep_text(g, item->where);
    return AT_OK;
}

at_status at_gather_classes(at_gather *g, const char *const *names, size_t count,
                            at_error *err) {
    const char **more = at_grow(g->classes, &g->class_capacity, count, sizeof *more);
    if (!more)
        return no_memory(err);
    g->classes = more;
    for (g->class_count = 0; g->class_count < count; g->class_count++) {
        const char *name = names[g->class_count];
        more[g->class_count] = at_arena_text(&g->arena, name, strlen(name));
        if (!more[g->class_count])
            return no_memory(err);
    }
    g->named = true;
    return AT_OK;
}

static at_status on_classes(void *context, const char *const *names, size_t count,
                            at_error *err) {
    at_gather *g = context;
    return g->named ? AT_OK : at_gather_classes(g, names, count, err);
}

at_image_sink at_gather_sink(at_gather *gather) {
    return (at_image_sink){.context = gather, .classes = on_classes, .image = on_image};
}

/* ---- life ---------------------------------------------------------------------------
 */

static at_status open_parts(at_gather *g, const char *path, at_error *err) {
    const struct {
        const char *name;
        at_type type;
        at_column_builder **place;
    } columns[] = {
        {"width", AT_TYPE_INT, &g->width},       {"height", AT_TYPE_INT, &g->height},
        {"channels", AT_TYPE_INT, &g->channels}, {"format", AT_TYPE_CATEGORY, &g->format},
        {"bytes", AT_TYPE_INT, &g->size},        {"source", AT_TYPE_TEXT, &g->source}};
    g->batch = at_alloc_array(BATCH, sizeof *g->batch);
    g->scratch = at_copy_text(path);
    g->left_out = json_array();
    if (!g->batch || !g->scratch || !g->left_out)
        return no_memory(err);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        AT_TRY(at_column_builder_new(columns[i].name, columns[i].type, columns[i].place,
                                     err));
    return AT_OK;
}

at_status at_gather_new(int fd, const char *path, at_pool *pool, bool skip_bad,
                        at_gather **out, at_error *err) {
    at_gather *g = at_alloc_zero(sizeof *g);
    if (!g)
        return no_memory(err);
    g->pool = pool;
    g->skip_bad = skip_bad;
    g->fd = fd;
    at_status status = open_parts(g, path, err);
    if (status)
        at_gather_release(g);
    *out = status ? NULL : g;
    return status;
}

void at_gather_release(at_gather *g) {
    if (!g)
        return;
    at_column_builder *const columns[] = {g->width,  g->height, g->channels,
                                          g->format, g->size,   g->source};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        at_column_builder_release(columns[i]);
    at_text_fini(&g->bytes);
    at_text_fini(&g->texts);
    at_text_fini(&g->batch_labels);
    at_text_fini(&g->labels);
    at_free(g->offsets);
    at_free(g->places);
    at_free(g->classes);
    at_free(g->scratch);
    at_free(g->batch);
    json_decref(g->left_out);
    at_arena_fini(&g->arena);
    at_free(g);
}

size_t at_gather_skipped(const at_gather *gather, const char **why) {
    *why = gather->why;
    return gather->skipped;
}

/* ---- the table ----------------------------------------------------------------------
 */

/* Labels that no name stands for get their number as one. */
static at_status complete_classes(at_gather *g, at_error *err) {
    while (g->class_count < g->most_label) {
        const char **more = at_grow(g->classes, &g->class_capacity, g->class_count + 1,
                                    sizeof *g->classes);
        g->classes = more ? more : g->classes;
        const char *name = at_arena_format(&g->arena, "%zu", g->class_count);
        if (!more || !name)
            return no_memory(err);
        g->classes[g->class_count++] = name;
    }
    return AT_OK;
}

static bool labelled(const at_gather *g, size_t i) {
    return g->places[i + 1] > g->places[i];
}

/* A category whose codes are the indices of the classes: built by hand, because a builder
 * numbers levels as they come. */
static at_status put_category(at_gather *g, at_frame_builder *b, at_error *err) {
    at_column_store *store;
    at_text names = {0};
    AT_TRY(at_column_store_new(&store, err));
    uint32_t *codes = at_alloc_array(g->count, sizeof *codes);
    uint64_t *validity = at_alloc_array((g->count + 63) / 64, sizeof *validity);
    int64_t *offsets = at_alloc_array(g->class_count + 1, sizeof *offsets);
    store->values = codes;
    store->validity = validity;
    store->offsets = offsets;
    for (size_t i = 0; offsets && i < g->class_count; i++) {
        at_text_put(&names, g->classes[i]);
        offsets[i + 1] = (int64_t)names.length;
    }
    bool ok = at_text_ok(&names) && codes && validity && offsets;
    at_text_append(&names, "", 1);
    store->bytes = ok ? at_text_take(&names) : NULL;
    at_text_fini(&names);
    if (!store->bytes) {
        at_column_store_release(store);
        return no_memory(err);
    }
    at_column column = {.name = AT_IMAGES_LABEL,
                        .type = AT_TYPE_CATEGORY,
                        .rows = (int64_t)g->count,
                        .codes = codes,
                        .validity = validity,
                        .offsets = offsets,
                        .bytes = store->bytes,
                        .levels = (uint32_t)g->class_count};
    for (size_t i = 0; i < g->count; i++) {
        if (labelled(g, i)) {
            codes[i] =
                (uint32_t)*labels_of(&g->labels, (size_t)g->places[i] * sizeof(float));
            validity[i / 64] |= (uint64_t)1 << i % 64;
        } else
            column.missing++;
    }
    column.validity = column.missing ? validity : NULL;
    return at_frame_builder_put(b, &column, store, err);
}

/* Text "[4,5,780]", or single numbers. */
static at_status put_labels(at_gather *g, at_frame_builder *b, at_error *err) {
    at_column_builder *column;
    at_text text = {0};
    AT_TRY(at_column_builder_new(
        AT_IMAGES_LABEL, g->several ? AT_TYPE_TEXT : AT_TYPE_FLOAT, &column, err));
    for (size_t i = 0; i < g->count; i++) {
        const float *labels = labels_of(&g->labels, (size_t)g->places[i] * sizeof(float));
        size_t count = (size_t)(g->places[i + 1] - g->places[i]);
        if (count == 0)
            at_column_builder_missing(column);
        else if (!g->several)
            at_column_builder_real(column, (double)labels[0]);
        else {
            at_text_clear(&text);
            for (size_t k = 0; k < count; k++) /* nine digits hold a float */
                at_text_format(&text, "%c%.9g", k ? ',' : '[', (double)labels[k]);
            at_text_char(&text, ']');
            at_column_builder_text(column, at_text_get(&text), (int64_t)text.length);
        }
    }
    bool ok = at_text_ok(&text);
    at_text_fini(&text);
    if (ok)
        return at_frame_builder_take(b, column, err);
    at_column_builder_release(column);
    return no_memory(err);
}

static at_status put_columns(at_gather *g, at_frame_builder *b, at_error *err) {
    at_column_builder *id;
    AT_TRY(at_column_builder_new(AT_IMAGES_ID, AT_TYPE_INT, &id, err));
    for (size_t i = 0; i < g->count; i++)
        at_column_builder_int(id, (int64_t)i);
    AT_TRY(at_frame_builder_take(b, id, err));
    AT_TRY(g->several || g->fractions ? put_labels(g, b, err) : put_category(g, b, err));
    at_column_builder **const columns[] = {&g->width,  &g->height, &g->channels,
                                           &g->format, &g->size,   &g->source};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        at_column_builder *column = *columns[i];
        *columns[i] = NULL;
        AT_TRY(at_frame_builder_take(b, column, err));
    }
    return AT_OK;
}

at_status at_gather_finish(at_gather *g, at_frame **out, at_error *err) {
    at_frame_builder *b;
    *out = NULL;
    AT_TRY(flush(g, err));
    if (g->count == 0) {
        at_fail(err, AT_INVALID,
                g->skipped ? "none of its %zu images can be read"
                           : "there is no image in it",
                g->skipped);
        return g->skipped ? at_hint(err, "the first: %s", g->why) : AT_INVALID;
    }
    if (!at_text_ok(&g->labels))
        return no_memory(err);
    if (!g->several && !g->fractions)
        AT_TRY(complete_classes(g, err));
    AT_TRY(at_frame_builder_new(&b, err));
    at_status status = put_columns(g, b, err);
    if (status)
        at_frame_builder_release(b);
    else
        status = at_frame_builder_finish(b, out, err);
    return status;
}

static char *describe(const at_gather *g) {
    json_t *classes = json_array();
    for (size_t i = 0; i < g->class_count; i++)
        json_array_append_new(classes, json_string(g->classes[i]));
    json_t *about = json_pack("{s:o, s:I, s:O}", "classes", classes, "left_out_count",
                              (json_int_t)g->skipped, "left_out", g->left_out);
    char *text = about ? json_dumps(about, JSON_COMPACT) : NULL;
    json_decref(about);
    return text;
}

at_status at_gather_save(at_gather *g, const at_frame *frame, const char *path,
                         at_error *err) {
    at_image_view view;
    int64_t count = (int64_t)g->count, total = g->offsets[count];
    const at_image_file scratch = {.path = g->scratch, .length = total};
    AT_TRY(at_image_view_open(&scratch, &view, err));
    const at_array arrays[] = {
        {"images.bytes", AT_DTYPE_U8, 1, {total}, view.bytes, 0},
        {"images.offsets", AT_DTYPE_I64, 1, {count + 1}, g->offsets, 0},
        {"images.labels",
         AT_DTYPE_F32,
         1,
         {g->places[count]},
         at_text_get(&g->labels),
         0},
        {"images.places", AT_DTYPE_I64, 1, {count + 1}, g->places, 0},
    };
    char *about = describe(g);
    const at_meta meta = {"images", about};
    at_status status =
        about ? at_frame_save_with(frame, path, arrays, sizeof arrays / sizeof *arrays,
                                   &meta, 1, err)
              : no_memory(err);
    free(about);
    at_image_view_close(&view);
    return status;
}
