/* Before the first step: the pictures and their labels, and what the hyperparameters come
 * to with them. */
#include "ops/frame/split.h"
#include "ops/learn/image_parts.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static at_status read_set(at_image_training *t, const at_frame *frame, at_images *images,
                          at_image_data *out, at_error *err) {
    return at_image_data_init(frame, images, t->request->target, &t->target,
                              t->params.multi_label ? &t->lists : NULL, out, err);
}

/* By label, where an image has one. */
static at_status hold_out(at_image_training *t, const at_frame *all, int label,
                          at_error *err) {
    const at_image_train_request *request = t->request;
    const double share[2] = {1 - request->holdout, request->holdout};
    at_split split;
    AT_TRY(at_split_rows(all, t->params.multi_label ? -1 : label, share, 2, request->seed,
                         &split, err));
    at_frame *part[2] = {NULL, NULL};
    at_status status = AT_OK;
    for (int i = 0; status == AT_OK && i < 2; i++)
        status = at_frame_take_rows(all, split.rows[i], split.count[i], &part[i], err);
    at_split_fini(&split);
    if (status == AT_OK)
        status = read_set(t, part[0], request->train_images, &t->train, err);
    if (status == AT_OK && at_frame_rows(part[1]) > 0)
        status = read_set(t, part[1], request->train_images, &t->validation, err);
    at_frame_release(part[0]);
    at_frame_release(part[1]);
    return status;
}

/* Classes in the order of their numbers in the set of images, as the endpoint's array has
 * them; those that occur, or all if num_classes counts all. */
static at_status order_classes(at_image_training *t, at_error *err) {
    const at_images *images = t->request->train_images;
    size_t all = at_images_classes(images), known = 0, count = 0;
    const char **names = at_arena_alloc(&t->arena, (all + 1) * sizeof *names);
    if (!names)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for the classes");
    for (size_t i = 0; i < all; i++) {
        const char *name = at_images_class(images, i);
        bool occurs = at_dictionary_find(&t->target.lookup, name, strlen(name)) !=
                      AT_DICTIONARY_NONE;
        known += occurs;
        if (occurs || t->params.num_classes == (int64_t)all)
            names[count++] = name;
    }
    if (known != (size_t)t->target.classes || count > AT_TARGET_CLASSES)
        return AT_OK; /* labels that the set does not name, as of a query */
    at_type type = t->target.type;
    at_target_fini(&t->target);
    return at_target_of_names(count == 2 ? AT_BINARY : AT_MULTICLASS, type, names,
                              (int)count, &t->target, err);
}

static at_status learn_lists(at_image_training *t, const at_column *column,
                             at_error *err) {
    const at_images *images = t->request->train_images;
    AT_TRY(at_label_lists_learn(column, &t->lists, err));
    size_t named = at_images_classes(images);
    int64_t given = t->params.num_classes;
    if (t->lists.numbers && (int64_t)named > t->lists.classes &&
        named <= AT_TARGET_CLASSES)
        t->lists.classes = (int32_t)named; /* the last ones may not occur */
    if (t->lists.numbers && given > t->lists.classes && given <= AT_TARGET_CLASSES)
        t->lists.classes = (int32_t)given;
    size_t count = (size_t)t->lists.classes;
    const char **names = at_arena_alloc(&t->arena, count * sizeof *names);
    if (!names)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for the classes");
    for (size_t i = 0; i < count; i++) {
        names[i] = named == count ? at_images_class(images, i)
                                  : at_arena_format(&t->arena, "%zu", i);
        if (!names[i])
            return at_fail(err, AT_NO_MEMORY, "not enough memory for the classes");
    }
    return at_target_of_names(AT_MULTILABEL, column->type, names, (int)count, &t->target,
                              err);
}

static at_status learn_target(at_image_training *t, const at_column *column,
                              at_error *err) {
    if (t->params.multi_label)
        return learn_lists(t, column, err);
    if (at_label_lists_likely(column)) {
        at_fail(err, AT_INVALID, "column '%s' holds lists of labels", column->name);
        return at_hint(err, "for several labels an image: multi_label = 1");
    }
    AT_TRY(at_target_learn(column, 0, &t->target, err));
    if (t->target.problem == AT_REGRESSION) {
        at_fail(err, AT_INVALID, "column '%s' holds numbers, not the names of classes",
                column->name);
        return at_hint(err, "image-classification needs a label for each picture");
    }
    return order_classes(t, err);
}

static at_status take_data(at_image_training *t, at_error *err) {
    const at_image_train_request *request = t->request;
    int label = at_frame_find(request->train, request->target);
    if (label < 0)
        return at_fail(err, AT_INVALID, "the dataset has no column '%s'",
                       request->target);
    AT_TRY(learn_target(t, at_frame_column(request->train, label), err));
    if (t->start.card)
        AT_TRY(at_image_start_adopt(&t->start, &t->target, err));
    if (!request->validation && request->holdout > 0)
        return hold_out(t, request->train, label, err);
    AT_TRY(read_set(t, request->train, request->train_images, &t->train, err));
    if (request->validation)
        AT_TRY(read_set(t, request->validation, request->validation_images,
                        &t->validation, err));
    return AT_OK;
}

at_status at_image_weigh(at_image_training *t, at_error *err) {
    size_t classes = (size_t)t->config.classes, present = 0;
    double *images = at_arena_alloc(&t->arena, classes * sizeof *images), sum = 0;
    t->class_weights = at_arena_alloc(&t->arena, classes * sizeof *t->class_weights);
    if (!images || !t->class_weights)
        return at_fail(err, AT_NO_MEMORY, "not enough memory for the classes");
    memset(images, 0, classes * sizeof *images);
    for (size_t i = 0; i < t->train.count * classes; i++)
        images[i % classes] += t->train.targets[i];
    for (size_t c = 0; c < classes; c++) {
        sum += images[c];
        present += images[c] > 0;
    }
    double least = AT_WEIGHT_MOST, most = 0;
    for (size_t c = 0; c < classes; c++) {
        double weight = images[c] > 0 ? sum / (double)present / images[c] : 1;
        weight = fmin(fmax(weight, 1 / AT_WEIGHT_MOST), AT_WEIGHT_MOST);
        t->class_weights[c] = (float)weight;
        least = fmin(least, weight);
        most = fmax(most, weight);
    }
    at_image_say(t, "[INFO] use_weighted_loss: classes weigh from %.3g to %.3g", least,
                 most);
    return AT_OK;
}

/* use_pretrained_model and what is frozen need something to start from. */
static at_status check_start(const at_image_training *t, at_error *err) {
    const at_image_train_request *request = t->request;
    if (request->weights || request->from)
        return AT_OK;
    const char *what = t->params.use_pretrained_model ? "use_pretrained_model = 1"
                       : request->freeze              ? "--freeze"
                       : request->freeze_stages > 0   ? "--freeze-stages"
                                                      : NULL;
    if (!what)
        return AT_OK;
    at_fail(err, AT_INVALID, "%s was given, but nothing to start from", what);
    return at_hint(err, "name a model of yours: --from MODEL, or a safetensors file with "
                        "torchvision's or timm's names: --weights FILE");
}

static void settle_precision(at_image_training *t) {
    const char *precision = t->params.precision_dtype;
    if (strcmp(precision, "float32") == 0)
        return;
    t->bf16 = at_isa_bf16(at_isa_pick()) != NULL;
    if (!t->bf16)
        at_image_say(t,
                     "[INFO] precision_dtype = %s: this processor has no bfloat16 "
                     "instructions: trained in float32",
                     precision);
    else if (strcmp(precision, "float16") == 0)
        at_image_say(t,
                     "[INFO] precision_dtype = float16: trained in bfloat16, which has "
                     "the range of float32");
    else
        at_image_say(t, "[INFO] trained in bfloat16, with weights and sums in float32");
}

at_status at_image_settle(at_image_training *t, at_error *err) {
    const at_image_train_request *request = t->request;
    AT_TRY(at_params_from_json(at_image_param_table, at_image_param_count,
                               request->hyperparameters, &t->arena, &t->params, err));
    const at_image_params *p = &t->params;
    if (request->from) {
        AT_TRY(at_image_start_open(request->from, request->from_name, &t->start, err));
        AT_TRY(at_image_start_inherit(&t->start, request->hyperparameters, &t->arena,
                                      &t->params, err));
    }
    settle_precision(t);
    AT_TRY(check_start(t, err));
    AT_TRY(take_data(t, err));
    if (t->start.head && p->num_classes == AT_AUTO_INT)
        t->params.num_classes = t->start.resnet.classes;
    AT_TRY(at_image_params_check(p, t->target.classes, &t->config, err));
    if (t->start.head && t->config.classes != t->start.resnet.classes)
        return at_fail(err, AT_INVALID, "num_classes is %d, but model %s has %d",
                       t->config.classes, t->start.name, t->start.resnet.classes);
    if (p->num_training_samples != AT_AUTO_INT &&
        p->num_training_samples != (int64_t)t->train.count)
        at_image_say(t,
                     "[WARNING] num_training_samples is %" PRId64
                     ", but there are %zu images to "
                     "train on",
                     p->num_training_samples, t->train.count);
    const at_image_config *c = &t->config;
    t->prep = at_prep_default(c->channels, c->height, c->width,
                              p->resize == AT_AUTO_INT ? 0 : (int32_t)p->resize);
    for (int k = 0; t->start.card && k < 3; k++) { /* what the weights are used to */
        t->prep.mean[k] = t->start.prep.mean[k];
        t->prep.deviation[k] = t->start.prep.deviation[k];
    }
    AT_TRY(at_prep_check(&t->prep, err));
    AT_TRY(at_image_data_fits(&t->train, &t->prep, err));
    if (t->validation.count)
        AT_TRY(at_image_data_fits(&t->validation, &t->prep, err));
    t->augment.seed = request->seed;
    if (!at_augment_from_name(p->augmentation_type, &t->augment.kind))
        return at_fail(err, AT_INVALID, "unknown augmentation_type '%s'",
                       p->augmentation_type);
    t->resnet =
        (at_resnet_options){.version = t->start.card ? t->start.resnet.version : 2,
                            .depth = c->layers,
                            .image = {c->channels, c->height, c->width},
                            .classes = c->classes,
                            .multi_label = p->multi_label};
    if (p->use_weighted_loss)
        AT_TRY(at_image_weigh(t, err));
    at_image_tell_idle(t);
    return AT_OK;
}
