/* Before the first step: the pictures and their labels, and what the hyperparameters come
 * to with them. */
#include "ops/frame/split.h"
#include "ops/learn/image_parts.h"

#include <inttypes.h>
#include <string.h>

static at_status hold_out(at_image_training *t, const at_frame *all, int label,
                          at_error *err) {
    const at_image_train_request *request = t->request;
    const double share[2] = {1 - request->holdout, request->holdout};
    at_split split;
    AT_TRY(at_split_rows(all, label, share, 2, request->seed, &split, err));
    at_frame *part[2] = {NULL, NULL};
    at_status status = AT_OK;
    for (int i = 0; status == AT_OK && i < 2; i++)
        status = at_frame_take_rows(all, split.rows[i], split.count[i], &part[i], err);
    at_split_fini(&split);
    if (status == AT_OK)
        status = at_image_data_init(part[0], request->train_images, request->target,
                                    &t->target, &t->train, err);
    if (status == AT_OK && at_frame_rows(part[1]) > 0)
        status = at_image_data_init(part[1], request->train_images, request->target,
                                    &t->target, &t->validation, err);
    at_frame_release(part[0]);
    at_frame_release(part[1]);
    return status;
}

static at_status take_data(at_image_training *t, at_error *err) {
    const at_image_train_request *request = t->request;
    int label = at_frame_find(request->train, request->target);
    if (label < 0)
        return at_fail(err, AT_INVALID, "the dataset has no column '%s'",
                       request->target);
    AT_TRY(at_target_learn(at_frame_column(request->train, label), 0, &t->target, err));
    if (t->target.problem == AT_REGRESSION) {
        at_fail(err, AT_INVALID, "column '%s' holds numbers, not the names of classes",
                request->target);
        return at_hint(err, "image-classification needs a label for each picture");
    }
    if (request->validation) {
        AT_TRY(at_image_data_init(request->train, request->train_images, request->target,
                                  &t->target, &t->train, err));
        AT_TRY(at_image_data_init(request->validation, request->validation_images,
                                  request->target, &t->target, &t->validation, err));
    } else if (request->holdout > 0) {
        AT_TRY(hold_out(t, request->train, label, err));
    } else {
        AT_TRY(at_image_data_init(request->train, request->train_images, request->target,
                                  &t->target, &t->train, err));
    }
    return AT_OK;
}

at_status at_image_settle(at_image_training *t, at_error *err) {
    const at_image_train_request *request = t->request;
    AT_TRY(at_params_from_json(at_image_param_table, at_image_param_count,
                               request->hyperparameters, &t->arena, &t->params, err));
    const at_image_params *p = &t->params;
    if (p->multi_label)
        return at_fail(err, AT_UNSUPPORTED, "multi_label = 1 cannot be trained yet");
    if (strcmp(p->precision_dtype, "float32") != 0)
        return at_fail(err, AT_UNSUPPORTED,
                       "precision_dtype = %s cannot be trained yet; use float32",
                       p->precision_dtype);
    if (p->use_pretrained_model && !request->weights) {
        at_fail(err, AT_INVALID, "use_pretrained_model = 1, but no weights were given");
        return at_hint(err, "name a safetensors file with torchvision's or timm's names: "
                            "--weights FILE");
    }
    AT_TRY(take_data(t, err));
    AT_TRY(at_image_params_check(p, t->target.classes, &t->config, err));
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
    AT_TRY(at_prep_check(&t->prep, err));
    AT_TRY(at_image_data_fits(&t->train, &t->prep, err));
    if (t->validation.count)
        AT_TRY(at_image_data_fits(&t->validation, &t->prep, err));
    t->augment.seed = request->seed;
    if (!at_augment_from_name(p->augmentation_type, &t->augment.kind))
        return at_fail(err, AT_INVALID, "unknown augmentation_type '%s'",
                       p->augmentation_type);
    t->resnet = (at_resnet_options){.version = 2,
                                    .depth = c->layers,
                                    .image = {c->channels, c->height, c->width},
                                    .classes = c->classes};
    return AT_OK;
}
