#include "ops/learn/image_start.h"
#include "ops/base/file.h"
#include "ops/base/text.h"
#include "ops/learn/image_train.h"
#include "ops/learn/model_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CARD_MAX = 64 << 20 };

static at_status read_card(const char *folder, json_t **out, at_error *err) {
    at_text text = {0};
    char *path = at_path_join(folder, "model.json");
    at_status status = path ? at_file_read(path, CARD_MAX, &text, err)
                            : at_fail(err, AT_NO_MEMORY, "not enough memory for a model");
    if (status == AT_OK)
        *out = json_loadb(at_text_get(&text), text.length, 0, NULL);
    if (status == AT_OK && !*out)
        status = at_fail(err, AT_CORRUPT, "the model is damaged: its card is no JSON");
    at_text_fini(&text);
    at_free(path);
    return status;
}

static at_status read_net(at_image_start *s, at_error *err) {
    const char *algorithm = json_string_value(json_object_get(s->card, "algorithm"));
    if (!algorithm || strcmp(algorithm, AT_IMAGE_ALGORITHM) != 0) {
        at_fail(err, AT_INVALID, "it is a model of %s, and %s goes on from its own",
                algorithm ? algorithm : "another kind", AT_IMAGE_ALGORITHM);
        return at_hint(err, "--from names a model that %%%%train --algorithm %s made",
                       AT_IMAGE_ALGORITHM);
    }
    const json_t *net = json_object_get(s->card, "resnet");
    AT_TRY(at_target_from_json(json_object_get(s->card, "target"), &s->target, err));
    AT_TRY(at_prep_from_json(json_object_get(s->card, "prep"), &s->prep, err));
    s->resnet = (at_resnet_options){
        .version = (int)json_integer_value(json_object_get(net, "version")),
        .depth = (int)json_integer_value(json_object_get(net, "depth")),
        .image = {s->prep.c, s->prep.h, s->prep.w},
        .classes = (int32_t)json_integer_value(json_object_get(net, "classes")),
        .multi_label = json_is_true(json_object_get(net, "multi_label"))};
    return AT_OK;
}

at_status at_image_start_open(const char *folder, const char *name, at_image_start *out,
                              at_error *err) {
    *out = (at_image_start){.name = name};
    at_status status = read_card(folder, &out->card, err);
    if (status == AT_OK)
        status = read_net(out, err);
    if (status == AT_OK) {
        out->weights = at_path_join(folder, "weights.safetensors");
        if (!out->weights)
            status = at_fail(err, AT_NO_MEMORY, "not enough memory for a model");
    }
    if (status == AT_OK)
        return AT_OK;
    at_prefix(err, "model %s", name);
    at_image_start_fini(out);
    return status;
}

void at_image_start_fini(at_image_start *start) {
    json_decref(start->card);
    at_target_fini(&start->target);
    at_free(start->weights);
    *start = (at_image_start){0};
}

static at_status differs(const at_image_start *s, const char *what, const char *given,
                         const char *has, at_error *err) {
    at_fail(err, AT_INVALID, "%s is %s, but model %s has %s", what, given, s->name, has);
    return at_hint(err, "leave %s out: it is as that model has it", what);
}

static at_status inherit_depth(const at_image_start *s, bool given, at_image_params *p,
                               at_error *err) {
    if (!given || p->num_layers == s->resnet.depth) {
        p->num_layers = s->resnet.depth;
        return AT_OK;
    }
    char ours[24], theirs[24];
    snprintf(ours, sizeof ours, "%" PRId64, p->num_layers);
    snprintf(theirs, sizeof theirs, "%d", s->resnet.depth);
    return differs(s, "num_layers", ours, theirs, err);
}

static at_status inherit_shape(const at_image_start *s, bool given, at_arena *arena,
                               at_image_params *p, at_error *err) {
    const char *shape = at_arena_format(arena, "%d,%d,%d", (int)s->prep.c, (int)s->prep.h,
                                        (int)s->prep.w);
    if (!shape)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to train");
    int32_t c, h, w;
    if (given && at_image_shape(p->image_shape, &c, &h, &w) &&
        (c != s->prep.c || h != s->prep.h || w != s->prep.w))
        return differs(s, "image_shape", p->image_shape, shape, err);
    if (!given)
        p->image_shape = shape;
    return AT_OK;
}

at_status at_image_start_inherit(const at_image_start *s, const json_t *given,
                                 at_arena *arena, at_image_params *p, at_error *err) {
    AT_TRY(inherit_depth(s, json_object_get(given, "num_layers") != NULL, p, err));
    AT_TRY(
        inherit_shape(s, json_object_get(given, "image_shape") != NULL, arena, p, err));
    if (!json_object_get(given, "resize") && s->prep.resize)
        p->resize = s->prep.resize;
    if (!json_object_get(given, "multi_label"))
        p->multi_label = s->resnet.multi_label;
    else if (p->multi_label != s->resnet.multi_label)
        return differs(s, "multi_label", p->multi_label ? "1" : "0",
                       s->resnet.multi_label ? "1" : "0", err);
    return AT_OK;
}

/* Labels in lists stand at their places; others are found by name. */
static bool same_classes(const at_target *a, const at_target *b) {
    bool same = a->label_count == b->label_count;
    for (int k = 0; same && k < a->label_count; k++) {
        uint32_t at = at_dictionary_find(&b->lookup, a->labels[k], strlen(a->labels[k]));
        same = at != AT_DICTIONARY_NONE &&
               (a->problem != AT_MULTILABEL || at == (uint32_t)k);
    }
    return same;
}

at_status at_image_start_adopt(at_image_start *s, at_target *target, at_error *err) {
    s->head = same_classes(target, &s->target);
    if (!s->head)
        return AT_OK;
    at_problem problem = target->problem;
    at_type type = target->type;
    at_target_fini(target);
    return at_target_of_names(problem, type, (const char *const *)s->target.labels,
                              s->target.label_count, target, err);
}
