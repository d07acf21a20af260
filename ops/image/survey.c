#include "ops/image/survey.h"
#include "ops/frame/dictionary.h"

#include <stdlib.h>
#include <string.h>

enum { TASK = 64 }; /* pictures that are looked at in one task */

/* What is known of one row's picture. */
typedef struct sight {
    at_image_facts facts;
    uint64_t hash;
    int64_t row, id;
    bool read;
} sight;

typedef struct surveying {
    const at_column *id, *label;
    const at_images *images;
    const at_cancel *cancel;
    sight *sights; /* (rows) */
    int64_t rows;
} surveying;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to look at the pictures");
}

static void look(void *context, size_t task) {
    surveying *s = context;
    int64_t to = (int64_t)(task + 1) * TASK;
    to = to < s->rows ? to : s->rows;
    for (int64_t r = (int64_t)task * TASK; r < to && !at_cancelled(s->cancel); r++) {
        sight *one = &s->sights[r];
        *one = (sight){.row = r, .id = s->id->ints[r]};
        if (!at_column_valid(s->id, r) || one->id < 0 ||
            one->id >= at_images_count(s->images))
            continue;
        size_t length;
        const uint8_t *bytes = at_images_bytes(s->images, one->id, &length);
        one->read = at_image_probe(bytes, length, &one->facts, NULL) == AT_OK;
        one->hash = at_hash_bytes((const char *)bytes, length);
    }
}

/* ---- sizes and kinds ----------------------------------------------------------------
 */

static int64_t area(const at_image_facts *facts) {
    return (int64_t)facts->w * facts->h;
}

static int by_side(const void *a, const void *b) {
    const int32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static at_status measure(const surveying *s, at_survey *out, at_error *err) {
    int32_t *sides = at_alloc_array((size_t)s->rows, sizeof *sides);
    if (!sides)
        return no_memory(err);
    out->one_size = true;
    for (int64_t r = 0; r < s->rows; r++) {
        const at_image_facts *f = &s->sights[r].facts;
        size_t length;
        at_images_bytes(s->images, s->sights[r].id, &length);
        out->bytes += (int64_t)length;
        out->decoded += area(f) * f->c;
        out->formats[f->format]++;
        out->grey += f->c == 1;
        out->turned += f->orientation != 1;
        out->one_size =
            out->one_size && f->w == s->sights[0].facts.w && f->h == s->sights[0].facts.h;
        out->smallest =
            area(f) < area(&s->sights[out->smallest].facts) ? r : out->smallest;
        out->largest = area(f) > area(&s->sights[out->largest].facts) ? r : out->largest;
        sides[r] = f->w < f->h ? f->w : f->h;
    }
    qsort(sides, (size_t)s->rows, sizeof *sides, by_side);
    out->least = s->sights[out->smallest].facts;
    out->most = s->sights[out->largest].facts;
    out->side_least = sides[0];
    out->side_median = sides[(s->rows - 1) / 2];
    out->side_most = sides[s->rows - 1];
    at_free(sides);
    return AT_OK;
}

/* ---- classes ------------------------------------------------------------------------
 */

static int by_count(const void *a, const void *b) {
    const at_survey_class *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static at_status count_classes(const surveying *s, at_arena *arena, at_survey *out,
                               at_error *err) {
    const at_column *label = s->label;
    if (!label)
        return AT_OK;
    out->unlabelled = label->missing;
    if (label->type != AT_TYPE_CATEGORY || label->missing == s->rows)
        return AT_OK;
    size_t levels = (size_t)label->levels;
    at_survey_class *all = at_arena_alloc(arena, levels * sizeof *all);
    if (!all)
        return no_memory(err);
    memset(all, 0, levels * sizeof *all);
    for (int64_t r = 0; r < s->rows; r++) {
        if (!at_column_valid(label, r))
            continue;
        at_survey_class *c = &all[label->codes[r]];
        if (c->count++ == 0) {
            int64_t length;
            const char *name = at_column_text(label, r, &length);
            c->first = r;
            c->name = at_arena_text(arena, name, (size_t)length);
            if (!c->name)
                return no_memory(err);
        }
    }
    for (size_t i = 0; i < levels; i++)
        if (all[i].count)
            all[out->class_count++] = all[i];
    qsort(all, out->class_count, sizeof *all, by_count);
    out->classes = all;
    return AT_OK;
}

/* ---- twins --------------------------------------------------------------------------
 */

static int by_hash(const void *a, const void *b) {
    const sight *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_row(const void *a, const void *b) {
    const at_survey_twin *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

static bool same_picture(const surveying *s, const sight *a, const sight *b) {
    size_t n, m;
    const uint8_t *x = at_images_bytes(s->images, a->id, &n);
    const uint8_t *y = at_images_bytes(s->images, b->id, &m);
    return a->id != b->id && n == m && memcmp(x, y, n) == 0;
}

static bool same_label(const at_column *label, int64_t a, int64_t b) {
    if (!label || !at_column_valid(label, a) || !at_column_valid(label, b))
        return true;
    if (label->type == AT_TYPE_CATEGORY)
        return label->codes[a] == label->codes[b];
    int64_t n, m;
    const char *x = at_column_text(label, a, &n), *y = at_column_text(label, b, &m);
    return !x || !y || (n == m && memcmp(x, y, (size_t)n) == 0);
}

/* Sorts the sights, and counts twins or, once there is room, lists them. */
static void find_twins(surveying *s, at_survey *out) {
    out->twin_count = out->conflicts = 0;
    for (int64_t first = 0, r = 1; r < s->rows; r++) {
        const sight *a = &s->sights[first], *b = &s->sights[r];
        if (a->hash != b->hash || !same_picture(s, a, b)) {
            first = a->hash != b->hash ? r : first;
            continue;
        }
        bool other = !same_label(s->label, a->row, b->row);
        if (out->twins)
            out->twins[out->twin_count] = (at_survey_twin){b->row, a->row, other};
        out->twin_count++;
        out->conflicts += other;
    }
}

static at_status list_twins(surveying *s, at_arena *arena, at_survey *out,
                            at_error *err) {
    qsort(s->sights, (size_t)s->rows, sizeof *s->sights, by_hash);
    find_twins(s, out);
    if (out->twin_count == 0)
        return AT_OK;
    out->twins = at_arena_alloc(arena, out->twin_count * sizeof *out->twins);
    if (!out->twins)
        return no_memory(err);
    find_twins(s, out);
    qsort(out->twins, out->twin_count, sizeof *out->twins, by_row);
    return AT_OK;
}

at_status at_survey_of(const at_frame *frame, const at_images *images, at_pool *pool,
                       const at_cancel *cancel, at_arena *arena, at_survey *out,
                       at_error *err) {
    int id = at_frame_find(frame, AT_IMAGES_ID),
        label = at_frame_find(frame, AT_IMAGES_LABEL);
    surveying s = {.images = images, .cancel = cancel, .rows = at_frame_rows(frame)};
    s.id = id < 0 ? NULL : at_frame_column(frame, id);
    s.label = label < 0 ? NULL : at_frame_column(frame, label);
    *out = (at_survey){.rows = s.rows};
    if (!s.id || s.id->type != AT_TYPE_INT || s.rows == 0)
        return at_fail(err, AT_INVALID, "the dataset names no pictures");
    s.sights = at_alloc_array((size_t)s.rows, sizeof *s.sights);
    if (!s.sights)
        return no_memory(err);
    at_pool_run(pool, ((size_t)s.rows + TASK - 1) / TASK, look, &s);
    at_status status = AT_OK;
    if (at_cancelled(cancel))
        status = at_fail(err, AT_CANCELLED, "interrupted while looking at the pictures");
    for (int64_t r = 0; r < s.rows && !status; r++)
        if (!s.sights[r].read)
            status = at_fail(err, AT_CORRUPT, "the picture of row %lld cannot be read",
                             (long long)r + 1);
    if (!status)
        status = measure(&s, out, err);
    if (!status)
        status = count_classes(&s, arena, out, err);
    if (!status)
        status = list_twins(&s, arena, out, err);
    at_free(s.sights);
    return status;
}
