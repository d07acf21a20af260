#include "ops/learn/image_params.h"
#include "ops/base/text.h"

#include <inttypes.h>
#include <string.h>

#define AT(field) .offset = offsetof(struct at_image_params, field)

static const char *const optimizers[] = {"sgd", "adam", "rmsprop", "nag", NULL};
static const char *const augmentations[] = {"none", "crop", "crop_color",
                                            "crop_color_transform", NULL};
static const char *const precisions[] = {"float32", "bfloat16", "float16", NULL};

static const char *const kv_stores[] = {"dist_sync", "dist_async", NULL};

const at_param at_image_param_table[] = {
    {.name = "num_classes",
     .kind = AT_PARAM_INT,
     AT(num_classes),
     .fallback = "auto",
     .automatic = true,
     .min = 2,
     .max = 100000,
     .help = "number of classes; counted when left out"},
    {.name = "num_training_samples",
     .kind = AT_PARAM_INT,
     AT(num_training_samples),
     .fallback = "auto",
     .automatic = true,
     .min = 1,
     .max = 1e9,
     .help = "images in the training set; counted when left out"},
    {.name = "num_layers",
     .kind = AT_PARAM_INT,
     AT(num_layers),
     .fallback = "152",
     .min = 18,
     .max = 200,
     .help = "depth of the ResNet: 18, 34, 50, 101, 152, 200, or, for images of up to "
             "32 rows, 20, 32, 44, 56, 110"},
    {.name = "image_shape",
     .kind = AT_PARAM_TEXT,
     AT(image_shape),
     .fallback = "3,224,224",
     .help = "channels,height,width that the net sees; images are cropped to it"},
    {.name = "epochs",
     .kind = AT_PARAM_INT,
     AT(epochs),
     .fallback = "30",
     .min = 1,
     .max = 100000,
     .unit = "epochs",
     .help = "passes over the training set"},
    {.name = "mini_batch_size",
     .kind = AT_PARAM_INT,
     AT(mini_batch_size),
     .fallback = "32",
     .min = 1,
     .max = 65536,
     .unit = "images",
     .help = "images of one step"},
    {.name = "learning_rate",
     .kind = AT_PARAM_REAL,
     AT(learning_rate),
     .fallback = "0.1",
     .min = 0,
     .max = 1,
     .help = "initial learning rate"},
    {.name = "lr_scheduler_factor",
     .kind = AT_PARAM_REAL,
     AT(lr_scheduler_factor),
     .fallback = "0.1",
     .min = 0,
     .max = 1,
     .help = "what the learning rate is multiplied by at each lr_scheduler_step"},
    {.name = "lr_scheduler_step",
     .kind = AT_PARAM_TEXT,
     AT(lr_scheduler_step),
     .help =
         "epochs after which the learning rate falls, as \"10,20\"; none when left out"},
    {.name = "optimizer",
     .kind = AT_PARAM_CHOICE,
     AT(optimizer),
     .fallback = "sgd",
     .choices = optimizers,
     .help = "how a step follows the gradient"},
    {.name = "momentum",
     .kind = AT_PARAM_REAL,
     AT(momentum),
     .fallback = "0.9",
     .min = 0,
     .max = 1,
     .help = "for sgd and nag"},
    {.name = "weight_decay",
     .kind = AT_PARAM_REAL,
     AT(weight_decay),
     .fallback = "0.0001",
     .min = 0,
     .max = 1,
     .help = "for sgd and nag: pulls the weights to zero"},
    {.name = "beta_1",
     .kind = AT_PARAM_REAL,
     AT(beta_1),
     .fallback = "0.9",
     .min = 0,
     .max = 1,
     .help = "for adam: decay of the first moment"},
    {.name = "beta_2",
     .kind = AT_PARAM_REAL,
     AT(beta_2),
     .fallback = "0.999",
     .min = 0,
     .max = 1,
     .help = "for adam: decay of the second moment"},
    {.name = "eps",
     .kind = AT_PARAM_REAL,
     AT(eps),
     .fallback = "1e-8",
     .min = 0,
     .max = 1,
     .help = "for adam and rmsprop: keeps the division from zero"},
    {.name = "gamma",
     .kind = AT_PARAM_REAL,
     AT(gamma),
     .fallback = "0.9",
     .min = 0,
     .max = 1,
     .help = "for rmsprop: decay of the squared gradient's mean"},
    {.name = "augmentation_type",
     .kind = AT_PARAM_CHOICE,
     AT(augmentation_type),
     .fallback = "none",
     .choices = augmentations,
     .help = "what varies in training images: crop is random crop and mirror; color adds "
             "hue, saturation, lightness; transform adds rotation, shear, aspect"},
    {.name = "resize",
     .kind = AT_PARAM_INT,
     AT(resize),
     .fallback = "auto",
     .automatic = true,
     .min = 1,
     .max = AT_IMAGE_SHAPE_SIDE,
     .unit = "pixels",
     .help = "shortest side of an image before the crop; auto leaves images as they are, "
             "unless one is smaller than image_shape in which case training stops"},
    {.name = "use_pretrained_model",
     .kind = AT_PARAM_BOOL,
     AT(use_pretrained_model),
     .fallback = "0",
     .help = "start from given weights: --from MODEL or --weights FILE"},
    {.name = "multi_label",
     .kind = AT_PARAM_BOOL,
     AT(multi_label),
     .fallback = "0",
     .help = "an image may have several labels, or none"},
    {.name = "use_weighted_loss",
     .kind = AT_PARAM_BOOL,
     AT(use_weighted_loss),
     .fallback = "0",
     .help = "multi-label only: rare labels weigh more"},
    {.name = "precision_dtype",
     .kind = AT_PARAM_CHOICE,
     AT(precision_dtype),
     .fallback = "float32",
     .choices = precisions,
     .help = "numbers that the net computes with as it learns: float16 stands for "
             "bfloat16, and float32 for both where the processor has no such numbers"},
    {.name = "top_k",
     .kind = AT_PARAM_INT,
     AT(top_k),
     .fallback = "auto",
     .automatic = true,
     .min = 2,
     .max = 1000,
     .help = "also report how often the truth is among the k most probable classes"},
    {.name = "checkpoint_frequency",
     .kind = AT_PARAM_INT,
     AT(checkpoint_frequency),
     .fallback = "auto",
     .automatic = true,
     .min = 1,
     .max = 100000,
     .unit = "epochs",
     .help =
         "also keep the weights each that many epochs, in the job's folder; auto keeps "
         "those of the best alone"},
    {.name = "early_stopping",
     .kind = AT_PARAM_BOOL,
     AT(early_stopping),
     .fallback = "false",
     .help = "stop when validation accuracy grows no more"},
    {.name = "early_stopping_min_epochs",
     .kind = AT_PARAM_INT,
     AT(early_stopping_min_epochs),
     .fallback = "10",
     .min = 1,
     .max = 100000,
     .unit = "epochs",
     .help = "epochs before which it does not stop"},
    {.name = "early_stopping_patience",
     .kind = AT_PARAM_INT,
     AT(early_stopping_patience),
     .fallback = "5",
     .min = 1,
     .max = 100000,
     .unit = "epochs",
     .help = "epochs without growth that it bears"},
    {.name = "early_stopping_tolerance",
     .kind = AT_PARAM_REAL,
     AT(early_stopping_tolerance),
     .fallback = "0.0",
     .min = 0,
     .max = 1,
     .help = "growth that counts, as a share of the best accuracy"},
    {.name = "kv_store",
     .kind = AT_PARAM_CHOICE,
     AT(kv_store),
     .choices = kv_stores,
     .help = "how SageMaker's machines share weights; accepted, without effect on one "
             "machine"},
};

const size_t at_image_param_count =
    sizeof at_image_param_table / sizeof *at_image_param_table;

/* Comma-separated integers in [1, max]; -1 where it is not that. */
static int integers(const char *text, int32_t *out, int room, int64_t max) {
    int count = 0;
    while (*text) {
        size_t length = strcspn(text, ",");
        char word[16];
        int64_t value;
        if (length == 0 || length >= sizeof word || count == room)
            return -1;
        memcpy(word, text, length);
        word[length] = 0;
        if (!at_parse_int(word, &value) || value < 1 || value > max)
            return -1;
        out[count++] = (int32_t)value;
        text += length;
        if (*text == ',') {
            text++;
            if (!*text)
                return -1;
        }
        while (*text == ' ')
            text++;
    }
    return count;
}

bool at_image_shape(const char *text, int32_t *channels, int32_t *height,
                    int32_t *width) {
    int32_t shape[3] = {0};
    bool is = integers(text, shape, 3, AT_IMAGE_SHAPE_SIDE) == 3;
    *channels = shape[0];
    *height = shape[1];
    *width = shape[2];
    return is;
}

static at_status check_shape(const at_image_params *params, at_image_config *out,
                             at_error *err) {
    if (!at_image_shape(params->image_shape, &out->channels, &out->height, &out->width)) {
        at_fail(err, AT_INVALID,
                "image_shape is '%.40s'; channels,height,width were expected, each from "
                "1 to %d",
                params->image_shape, AT_IMAGE_SHAPE_SIDE);
        at_hint(err, "for colour pictures of 224 x 224: image_shape = 3,224,224");
        return AT_INVALID;
    }
    if (out->channels != 1 && out->channels != 3)
        return at_fail(
            err, AT_INVALID,
            "image_shape has %d channels; 3 (colour) or 1 (grey) were expected",
            out->channels);
    return AT_OK;
}

/* Two families, as in MXNet's ResNet script: the small ones for small images. CIFAR's 32
 * rows may have either (MXNet's users crop them to 28 for a small one). */
static at_status check_layers(const at_image_params *params, at_image_config *out,
                              at_error *err) {
    static const int64_t large[] = {18, 34, 50, 101, 152, 200};
    static const int64_t small[] = {20, 32, 44, 56, 110};
    bool is_large = false, is_small = false;
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        is_large |= params->num_layers == large[i];
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        is_small |= params->num_layers == small[i];
    bool fits = (is_small && out->height <= 32) || (is_large && out->height > 28);
    if (!fits) {
        at_fail(err, AT_INVALID, "num_layers is %" PRId64 ", and image_shape has %d rows",
                params->num_layers, out->height);
        at_hint(err, "up to 32 rows: 20, 32, 44, 56 or 110; more than 28 rows: 18, 34, "
                     "50, 101, 152 or 200");
        return AT_INVALID;
    }
    out->layers = (int32_t)params->num_layers;
    return AT_OK;
}

static at_status check_steps(const at_image_params *params, at_image_config *out,
                             at_error *err) {
    out->lr_step_count = 0;
    if (!params->lr_scheduler_step)
        return AT_OK;
    int count = integers(params->lr_scheduler_step, out->lr_steps, AT_LR_STEPS, 1000000);
    for (int i = 1; i < count; i++)
        if (out->lr_steps[i] <= out->lr_steps[i - 1])
            count = -1;
    if (count < 0) {
        at_fail(err, AT_INVALID,
                "lr_scheduler_step is '%.60s'; rising numbers of epochs were expected",
                params->lr_scheduler_step);
        at_hint(err, "for example: lr_scheduler_step = 10,20");
        return AT_INVALID;
    }
    out->lr_step_count = count;
    return AT_OK;
}

at_status at_image_params_check(const at_image_params *params, int32_t classes,
                                at_image_config *out, at_error *err) {
    AT_TRY(check_shape(params, out, err));
    AT_TRY(check_layers(params, out, err));
    AT_TRY(check_steps(params, out, err));
    if (classes < 2 && !params->multi_label) {
        at_fail(err, AT_INVALID,
                "the training images have %d class%s; at least 2 are "
                "needed",
                classes, classes == 1 ? "" : "es");
        return AT_INVALID;
    }
    if (params->num_classes != AT_AUTO_INT && params->num_classes < classes) {
        at_fail(err, AT_INVALID,
                "num_classes is %" PRId64 ", but the training images have %d classes",
                params->num_classes, classes);
        at_hint(err, "leave num_classes out: it is counted");
        return AT_INVALID;
    }
    out->classes =
        params->num_classes == AT_AUTO_INT ? classes : (int32_t)params->num_classes;
    if (params->multi_label && out->classes != classes) {
        at_fail(err, AT_INVALID,
                "num_classes is %d, but the lists of labels are of %d classes",
                out->classes, classes);
        return at_hint(err, "leave num_classes out: it is counted");
    }
    if (params->top_k != AT_AUTO_INT && params->multi_label) {
        at_fail(err, AT_INVALID,
                "top_k goes with one label an image, not with "
                "multi_label = 1");
        return at_hint(err, "leave top_k out: mean average precision is reported");
    }
    if (params->top_k != AT_AUTO_INT && params->top_k >= out->classes)
        return at_fail(err, AT_INVALID,
                       "top_k is %" PRId64 "; fewer than the %d classes were expected",
                       params->top_k, out->classes);
    if (params->checkpoint_frequency != AT_AUTO_INT &&
        params->checkpoint_frequency > params->epochs)
        return at_fail(err, AT_INVALID,
                       "checkpoint_frequency is %" PRId64
                       "; at most the number of epochs, %" PRId64 ", was expected",
                       params->checkpoint_frequency, params->epochs);
    if (params->use_weighted_loss && !params->multi_label)
        return at_fail(err, AT_INVALID,
                       "use_weighted_loss goes with multi_label = 1 only");
    return AT_OK;
}

double at_image_learning_rate(const at_image_params *params,
                              const at_image_config *config, int64_t epoch) {
    double rate = params->learning_rate;
    for (int i = 0; i < config->lr_step_count && config->lr_steps[i] <= epoch; i++)
        rate *= params->lr_scheduler_factor;
    return rate;
}

bool at_image_patience_over(const at_image_patience *patience,
                            const at_image_params *params, int64_t epochs) {
    return params->early_stopping && epochs >= params->early_stopping_min_epochs &&
           patience->since >= params->early_stopping_patience;
}

bool at_image_patience_step(at_image_patience *patience, const at_image_params *params,
                            int64_t epoch, double accuracy) {
    if (accuracy > patience->best * (1 + params->early_stopping_tolerance)) {
        patience->best = accuracy;
        patience->since = 0;
    } else {
        patience->since++;
    }
    return at_image_patience_over(patience, params, epoch + 1);
}
