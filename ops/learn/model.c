#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/model_parts.h"

#include <math.h>
#include <string.h>

static at_status damaged(const char *what, at_error *err) {
    return at_fail(err, AT_CORRUPT, "the model is damaged: %s", what);
}

/* What stands for a missing cell; null: it stays missing, for a learner that takes that.
 */
static bool read_fill(const json_t *value, bool missing, double *out) {
    *out = json_is_number(value) ? json_number_value(value) : (double)NAN;
    return isfinite(*out) || (missing && json_is_null(value));
}

static at_status make_features(const json_t *list, bool missing, at_features *out,
                               at_error *err) {
    size_t count = json_array_size(list);
    if (count == 0 || count > 1000000)
        return damaged("its features", err);
    out->items = at_alloc_array(count, sizeof *out->items);
    if (!out->items)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for %zu features", count);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(item, "name"));
        double fill;
        if (!name || !read_fill(json_object_get(item, "fill"), missing, &fill))
            return damaged("its features", err);
        at_feature *f = &out->items[i];
        *f = (at_feature){at_copy_text(name), fill};
        if (!f->name)
            return at_fail(err, AT_NO_MEMORY, "not enough memory for %zu features",
                           count);
        out->count++;
    }
    return AT_OK;
}

at_status at_model_chain(const json_t *first, const json_t *second, at_recipe **out,
                         at_error *err) {
    json_t *both = json_array();
    bool ok = both != NULL;
    const json_t *const parts[] = {first, second};
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; ok && i < json_array_size(parts[p]); i++)
            ok = json_array_append(both, json_array_get(parts[p], i)) == 0;
    at_status status =
        ok ? at_recipe_from_json(both, out, err)
           : at_fail(err, AT_NO_MEMORY, "not enough memory for a model's steps");
    json_decref(both);
    if (status == AT_OK && !at_recipe_fitted(*out)) {
        at_recipe_release(*out);
        *out = NULL;
        return damaged("a step is not fitted", err);
    }
    return status;
}

static at_status make_parts(at_model *m, at_error *err) {
    const json_t *cleaning = json_object_get(m->card, "cleaning");
    const json_t *preparation = json_object_get(m->card, "preparation");
    m->column = json_string_value(json_object_get(m->card, "column"));
    if (!m->column)
        return damaged("it has no target", err);
    if (!json_is_array(cleaning) || !json_is_array(preparation))
        return damaged("its steps", err);
    AT_TRY(at_target_from_json(json_object_get(m->card, "target"), &m->target, err));
    AT_TRY(at_port_init(&m->source, json_object_get(m->card, "inputs"), err));
    AT_TRY(at_port_init(&m->clean, json_object_get(m->card, "clean"), err));
    AT_TRY(make_features(json_object_get(m->card, "features"),
                         m->learner->traits & AT_LEARNER_TREES, &m->features, err));
    AT_TRY(at_model_chain(NULL, preparation, &m->preparation, err));
    AT_TRY(at_model_chain(cleaning, preparation, &m->served, err));
    if (m->learner->inputs(m->state) != m->features.count)
        return damaged("its weights do not belong to its features", err);
    return AT_OK;
}

at_status at_model_make(json_t *card, const at_learner *learner, at_learned *state,
                        at_model **out, at_error *err) {
    *out = NULL;
    at_model *m = at_alloc_zero(sizeof *m);
    if (!m) {
        json_decref(card);
        learner->release(state);
        return at_fail(err, AT_NO_MEMORY, "not enough memory for a model");
    }
    atomic_init(&m->references, 1);
    m->card = card;
    m->learner = learner;
    m->state = state;
    at_status status = make_parts(m, err);
    if (status != AT_OK) {
        at_model_release(m);
        return status;
    }
    *out = m;
    return AT_OK;
}

at_model *at_model_retain(const at_model *model) {
    /* The count is the one thing in a model that changes. */
    at_model *mine = (at_model *)(uintptr_t)model;
    atomic_fetch_add_explicit(&mine->references, 1, memory_order_relaxed);
    return mine;
}

void at_model_release(at_model *m) {
    if (!m || atomic_fetch_sub_explicit(&m->references, 1, memory_order_acq_rel) != 1)
        return;
    if (m->learner)
        m->learner->release(m->state);
    at_image_net_release(m->images);
    at_target_fini(&m->target);
    at_recipe_release(m->served);
    at_recipe_release(m->preparation);
    at_port_fini(&m->source);
    at_port_fini(&m->clean);
    at_features_fini(&m->features);
    json_decref(m->card);
    at_free(m);
}

at_problem at_model_problem(const at_model *model) {
    return model->target.problem;
}

const char *at_model_target(const at_model *model) {
    return model->column;
}

const char *at_model_algorithm(const at_model *model) {
    return model->learner ? model->learner->name
                          : json_string_value(json_object_get(model->card, "algorithm"));
}

int at_model_classes(const at_model *model) {
    return model->target.label_count;
}

const char *at_model_label(const at_model *model, int index) {
    return index >= 0 && index < model->target.label_count ? model->target.labels[index]
                                                           : NULL;
}

double at_model_threshold(const at_model *model) {
    return model->learner ? model->learner->threshold(model->state) : 0.5;
}

const json_t *at_model_inputs(const at_model *model) {
    return json_object_get(model->card, "inputs");
}

const json_t *at_model_ignored(const at_model *model) {
    return json_object_get(model->card, "ignored");
}

static const char *title_of(const at_model *model) {
    return model->learner ? model->learner->title
                          : "Image classification: a residual net";
}

json_t *at_model_describe(const at_model *model) {
    static const char *const SHOWN[] = {
        "algorithm",       "hyperparameters", "seed",     "inputs",       "ignored",
        "cleaning",        "preparation",     "rows",     "prep",         "resnet",
        "best_epoch",      "weight",          "balanced", "fit",          "validation",
        "validation_rows", "left_out",        "notes",    "started_from", "lineage",
        "frozen"};
    json_t *out = json_object(), *features = json_array(), *item;
    bool ok = out && features;
    for (size_t i = 0; ok && i < sizeof SHOWN / sizeof *SHOWN; i++) {
        json_t *value = json_object_get(model->card, SHOWN[i]);
        ok = !value || json_object_set_new(out, SHOWN[i], json_deep_copy(value)) == 0;
    }
    size_t i;
    json_array_foreach(json_object_get(model->card, "features"), i, item) {
        json_t *entry = json_pack("{s:O}", "name", json_object_get(item, "name"));
        json_t *importance = json_object_get(item, "importance");
        ok = ok && entry &&
             (!importance || json_object_set(entry, "importance", importance) == 0);
        ok = json_array_append_new(features, entry) == 0 && ok;
    }
    ok = json_object_set_new(out, "features", features) == 0 && ok;
    ok = ok && json_object_set_new(out, "title", json_string(title_of(model))) == 0 &&
         json_object_set_new(out, "target", json_string(model->column)) == 0 &&
         json_object_set_new(out, "problem",
                             json_string(at_problem_name(model->target.problem))) == 0 &&
         json_object_set_new(out, "threshold", json_real(at_model_threshold(model))) == 0;
    json_t *labels = json_object_get(json_object_get(model->card, "target"), "labels");
    ok = ok &&
         (!labels || json_object_set_new(out, "labels", json_deep_copy(labels)) == 0);
    if (ok)
        return out;
    json_decref(out);
    return NULL;
}
