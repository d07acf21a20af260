#include "ops/recipe/formula.h"

#include "ops/base/text.h"
#include "ops/recipe/json.h"

#include <pthread.h>
#include <string.h>

enum { MOST_FREE = 64 }; /* compiled and at rest */

struct at_formula {
    char *text;
    at_frame *schema; /* no rows; what the expression reads, or any one column */
    size_t reads;     /* columns that it reads */
    pthread_mutex_t lock;
    at_expression *rest[MOST_FREE];
    size_t free;
};

void at_formula_release(at_formula *f) {
    if (!f)
        return;
    for (size_t i = 0; i < f->free; i++)
        at_expression_release(f->rest[i]);
    pthread_mutex_destroy(&f->lock);
    at_frame_release(f->schema);
    at_free(f->text);
    at_free(f);
}

/* Takes over the schema and the expression (which may be NULL), also on failure. */
static at_status new_formula(const char *text, at_frame *schema, size_t reads,
                             at_expression *e, at_formula **out, at_error *err) {
    at_formula *f = at_alloc_zero(sizeof *f);
    char *copy = at_copy_text(text);
    if (!f || !copy) {
        at_free(f);
        at_free(copy);
        at_frame_release(schema);
        at_expression_release(e);
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    pthread_mutex_init(&f->lock, NULL);
    f->text = copy;
    f->schema = schema;
    f->reads = reads;
    if (e)
        f->rest[f->free++] = e;
    *out = f;
    return AT_OK;
}

static at_status take(at_formula *f, at_expression **out, at_error *err) {
    pthread_mutex_lock(&f->lock);
    *out = f->free ? f->rest[--f->free] : NULL;
    pthread_mutex_unlock(&f->lock);
    return *out ? AT_OK : at_expression_new(f->text, f->schema, out, err);
}

static void give_back(at_formula *f, at_expression *e) {
    pthread_mutex_lock(&f->lock);
    if (f->free < MOST_FREE) {
        f->rest[f->free++] = e;
        e = NULL;
    }
    pthread_mutex_unlock(&f->lock);
    at_expression_release(e);
}

/* Which of the sheet's columns the expression reads, as step->columns; and where they
 * are. */
static at_status resolve(at_step *step, at_expression *e, const at_sheet *sheet,
                         const at_step_context *context, int **places, at_error *err) {
    AT_TRY(at_expression_uses(e, &step->arena, &step->columns, &step->column_count, err));
    *places = at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof **places);
    if (!*places)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < step->column_count; i++) {
        if (context->target && at_equal_fold(step->columns[i], context->target)) {
            at_fail(err, AT_INVALID, "the expression reads '%s', the target",
                    step->columns[i]);
            return at_hint(err, "what is to be predicted is not known at an endpoint");
        }
        AT_TRY(at_step_place(step, i, sheet, &(*places)[i], err));
    }
    return AT_OK;
}

/* A frame of what the expression reads; it wants a column even where it reads none. */
static at_status part(const at_sheet *sheet, const int *places, size_t count,
                      at_frame **out, at_error *err) {
    static const int first = 0;
    return count ? at_sheet_part(sheet, places, (int)count, out, err)
                 : at_sheet_part(sheet, &first, 1, out, err);
}

static at_status fit_with(at_step *step, at_expression *e, const at_sheet *sheet,
                          const at_step_context *context, at_formula **out,
                          at_error *err) {
    int *places;
    at_frame *frame, *schema;
    AT_TRY(resolve(step, e, sheet, context, &places, err));
    AT_TRY(part(sheet, places, step->column_count, &frame, err));
    at_status status = at_frame_take_rows(frame, NULL, 0, &schema, err);
    at_frame_release(frame);
    AT_TRY(status);
    return new_formula(step->args.expression, schema, step->column_count, NULL, out, err);
}

at_status at_formula_fit(at_step *step, const at_sheet *sheet,
                         const at_step_context *context, at_formula **out,
                         at_error *err) {
    at_frame *all;
    at_expression *e = NULL;
    AT_TRY(at_sheet_frame(sheet, &all, err));
    at_status status = at_expression_new(step->args.expression, all, &e, err);
    at_frame_release(all);
    AT_TRY(status);
    status = fit_with(step, e, sheet, context, out, err);
    at_expression_release(e);
    return status;
}

/* The frame to work on; NULL: something is absent, and may be. */
static at_status show(const at_formula *f, const at_step *step, const at_sheet *sheet,
                      at_frame **out, at_error *err) {
    int few[16], *places = few;
    *out = NULL;
    if (f->reads > sizeof few / sizeof *few) {
        places = at_alloc_array(f->reads, sizeof *places);
        if (!places)
            return at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    at_status status = AT_OK;
    bool there = true;
    int place = 0;
    for (size_t i = 0; i < f->reads && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        places[i] = place;
        there = there && place >= 0;
    }
    if (status == AT_OK && there)
        status = part(sheet, places, f->reads, out, err);
    if (places != few)
        at_free(places);
    return status;
}

at_status at_formula_column(at_formula *f, const at_step *step, const at_sheet *sheet,
                            const char *name, const at_type *type,
                            const at_cancel *cancel, at_column_builder **out,
                            at_error *err) {
    at_frame *frame;
    at_expression *e;
    *out = NULL;
    AT_TRY(show(f, step, sheet, &frame, err));
    if (!frame)
        return AT_OK;
    at_status status = take(f, &e, err);
    if (status == AT_OK) {
        status = at_expression_column(e, frame, name, type, cancel, out, err);
        give_back(f, e);
    }
    at_frame_release(frame);
    return status;
}

at_status at_formula_filter(at_formula *f, const at_step *step, const at_sheet *sheet,
                            uint8_t *keep, const at_cancel *cancel, at_error *err) {
    at_frame *frame;
    at_expression *e;
    memset(keep, 0, (size_t)sheet->rows);
    AT_TRY(show(f, step, sheet, &frame, err));
    if (!frame)
        return AT_OK;
    at_status status = take(f, &e, err);
    if (status == AT_OK) {
        status = at_expression_filter(e, frame, keep, cancel, err);
        give_back(f, e);
    }
    at_frame_release(frame);
    return status;
}

json_t *at_formula_save(const at_formula *f) {
    json_t *list = json_array();
    for (int i = 0; list && i < at_frame_columns(f->schema); i++) {
        const char *type = at_type_name(at_frame_column(f->schema, i)->type);
        if (json_array_append_new(list, json_string(type)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status empty_column(at_frame_builder *b, const char *name,
                              const char *type_name, at_error *err) {
    at_type type;
    if (!type_name || !at_type_from_name(type_name, &type))
        return at_json_broken(err);
    at_column_builder *column;
    AT_TRY(at_column_builder_new(name, type, &column, err));
    return at_frame_builder_take(b, column, err);
}

at_status at_formula_load(const at_step *step, const json_t *types, at_formula **out,
                          at_error *err) {
    /* With nothing read there is one column all the same. */
    size_t count = json_array_size(types);
    if (count != (step->column_count ? step->column_count : 1))
        return at_json_broken(err);
    at_frame_builder *b;
    at_frame *schema;
    AT_TRY(at_frame_builder_new(&b, err));
    at_status status = AT_OK;
    for (size_t i = 0; i < count && status == AT_OK; i++)
        status = empty_column(b, step->column_count ? step->columns[i] : "row",
                              json_string_value(json_array_get(types, i)), err);
    if (status != AT_OK) {
        at_frame_builder_release(b);
        return status;
    }
    AT_TRY(at_frame_builder_finish(b, &schema, err));
    /* Compiled now, so that a damaged one is found at load, and the first row is quick.
     */
    at_expression *e;
    status = at_expression_new(step->args.expression, schema, &e, err);
    if (status != AT_OK) {
        at_frame_release(schema);
        return status;
    }
    return new_formula(step->args.expression, schema, step->column_count, e, out, err);
}
