/* The card of a model: all of it that is not weights. */
#include "ops/learn/model_training.h"

#include <math.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to describe a model");
}

static json_t *features_json(const at_training *t) {
    json_t *list = json_array();
    double *importance = at_alloc_array((size_t)t->features.count, sizeof *importance);
    bool ok = list && importance;
    if (ok && t->request->learner->importance)
        t->request->learner->importance(t->state, importance);
    for (int i = 0; ok && i < t->features.count; i++) {
        const at_feature *f = &t->features.items[i];
        json_t *item = json_pack("{s:s, s:o}", "name", f->name, "fill",
                                 isnan(f->fill) ? json_null() : json_real(f->fill));
        ok = item &&
             (!t->request->learner->importance ||
              json_object_set_new(item, "importance", json_real(importance[i])) == 0);
        ok = json_array_append_new(list, item) == 0 && ok;
    }
    at_free(importance);
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

/* What the learner says of its fit; an empty object where it says nothing. */
static json_t *fit_json(const at_training *t) {
    const at_learner *l = t->request->learner;
    json_t *facts = json_object();
    if (!facts || !l->describe || l->describe(t->state, facts))
        return facts;
    json_decref(facts);
    return NULL;
}

static json_t *make_card(const at_training *t) {
    const at_train_request *r = t->request;
    const at_learner *l = r->learner;
    json_t *cleaning = r->cleaning ? json_deep_copy(r->cleaning) : json_array();
    int64_t apart = t->validation.frame ? at_frame_rows(t->validation.frame) : 0;
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:s, "
                     "s:o, s:s*, s:o*}",
                     "format", AT_MODEL_FORMAT, "algorithm", l->name, "column", t->column,
                     "target", at_target_to_json(&t->target), "hyperparameters",
                     at_params_to_json(l->params, l->param_count, t->params), "seed",
                     (json_int_t)r->seed, "cleaning", cleaning, "preparation",
                     at_recipe_to_json(t->recipe), "features", features_json(t), "rows",
                     (json_int_t)at_frame_rows(t->train.frame), "validation_rows",
                     (json_int_t)apart, "left_out", (json_int_t)t->train.left_out,
                     "notes", at_text_get(&t->notes), "fit", fit_json(t), "weight",
                     r->weight ? t->weight : NULL, "balanced",
                     r->balance ? json_true() : NULL);
}

/* Sorts the columns of a schema into those that a recipe needs and those it can spare;
 * the target is neither. */
static at_status sort_columns(const at_training *t, const at_recipe *recipe,
                              const json_t *schema, json_t *needed, json_t *spared,
                              at_error *err) {
    size_t i;
    json_t *item;
    json_array_foreach(schema, i, item) {
        const char *name = json_string_value(json_object_get(item, "name"));
        bool spare = false;
        if (!name)
            return at_fail(err, AT_CORRUPT, "the schema of the source is damaged");
        if (at_equal_fold(name, t->column))
            continue;
        AT_TRY(at_recipe_spares(recipe, name, t->column, &spare, err));
        json_t *entry =
            json_pack("{s:s, s:O*}", "name", name, "type", json_object_get(item, "type"));
        if (json_array_append_new(spare ? spared : needed, entry) != 0)
            return no_memory(err);
    }
    return AT_OK;
}

/* What rows of the source, and cleaned rows, must hold: "inputs", "ignored", "clean". */
static at_status add_inputs(const at_training *t, json_t *card, at_error *err) {
    const json_t *steps = json_object_get(card, "preparation");
    json_t *own = at_frame_schema(t->request->train), *unused = json_array();
    json_t *inputs = json_array(), *ignored = json_array(), *clean = json_array();
    const json_t *source = t->request->source ? t->request->source : own;
    at_recipe *recipe = NULL;
    bool ok = json_object_set_new(card, "inputs", inputs) == 0;
    ok = json_object_set_new(card, "ignored", ignored) == 0 && ok;
    ok = json_object_set_new(card, "clean", clean) == 0 && ok && own && unused;
    at_status status =
        ok ? at_model_chain(json_object_get(card, "cleaning"), steps, &recipe, err)
           : no_memory(err);
    if (status == AT_OK)
        status = sort_columns(t, recipe, source, inputs, ignored, err);
    at_recipe_release(recipe);
    recipe = NULL;
    if (status == AT_OK)
        status = at_model_chain(NULL, steps, &recipe, err);
    if (status == AT_OK)
        status = sort_columns(t, recipe, own, clean, unused, err);
    at_recipe_release(recipe);
    json_decref(own);
    json_decref(unused);
    return status;
}

at_status at_training_card(const at_training *t, json_t **out, at_error *err) {
    json_t *card = make_card(t);
    *out = NULL;
    if (!card)
        return no_memory(err);
    at_status status = add_inputs(t, card, err);
    if (status == AT_OK)
        *out = card;
    else
        json_decref(card);
    return status;
}
