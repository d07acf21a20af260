/* The nets of a training: one that learns and, within its memory, one that judges. */
#include "ops/learn/image_parts.h"
#include "ops/learn/image_weights.h"

#include <inttypes.h>
#include <stdio.h>

static at_net_options options_of(const at_image_training *t, bool training) {
    const at_image_params *p = &t->params;
    at_net_options options = {.batch = (int32_t)p->mini_batch_size,
                              .training = training,
                              .bf16 = training && t->bf16,
                              .parts = (int)at_pool_threads(t->request->pool),
                              .limit = at_image_memory_left()};
    if (training) {
        options.optimizer = at_optimizer_named(p->optimizer);
        options.optimizing = (at_optimizer_options){.momentum = (float)p->momentum,
                                                    .decay = (float)p->weight_decay,
                                                    .beta1 = (float)p->beta_1,
                                                    .beta2 = (float)p->beta_2,
                                                    .epsilon = (float)p->eps,
                                                    .gamma = (float)p->gamma};
    }
    return options;
}

/* The net that learns, or the whole of which it is the last layer. */
static at_status make_whole(at_image_training *t, const at_net_options *options,
                            at_net **out, at_error *err) {
    at_net_plan *plan = NULL;
    AT_TRY(at_net_plan_new(t->spec, options, &plan, err));
    at_status status = at_net_new(&plan, t->request->pool, NULL, out, err);
    at_net_plan_release(plan);
    return status;
}

static at_status make_judge(at_image_training *t, at_error *err) {
    at_net_options options = options_of(t, false);
    at_net_plan *plan = NULL;
    options.frozen = t->trunk ? 0 : t->frozen;
    AT_TRY(at_net_plan_new(t->trunk ? t->head_spec : t->spec, &options, &plan, err));
    at_status status = at_net_new_within(&plan, t->net, &t->judge, err);
    at_net_plan_release(plan);
    return status;
}

static void tell(const at_image_training *t) {
    const at_net_sizes *sizes = at_net_plan_sizes(at_net_plan_of(t->net));
    size_t bytes = sizes->total, values = sizes->values;
    if (t->trunk)
        bytes += at_net_plan_sizes(at_net_plan_of(t->trunk))->total;
    char count[48];
    if (values < 100000)
        snprintf(count, sizeof count, "%zu", values);
    else
        snprintf(count, sizeof count, "%.3g million", (double)values / 1e6);
    at_image_say(t,
                 "[INFO] ResNet-%d for %d classes: %s weights are learned, %.0f MB of "
                 "memory for batches of %" PRId64,
                 t->config.layers, t->config.classes, count, (double)bytes / 1e6,
                 t->params.mini_batch_size);
}

/* torchvision calls a block's parts "layer1.0.conv1", MXNet's twin "stage1_unit1_". */
static int version_of(const at_safetensors *weights) {
    return at_safetensors_find(weights, "layer1.0.conv1.weight") ? 1 : 2;
}

/* How many layers of the spec stay as they are. */
static at_status count_frozen(at_image_training *t, at_error *err) {
    const at_image_train_request *request = t->request;
    int version = t->resnet.version, stages = at_resnet_is_small(t->resnet.depth) ? 3 : 4;
    char prefix[24];
    if (request->freeze_stages > stages)
        return at_fail(err, AT_INVALID, "--freeze-stages is %d; ResNet-%d has %d stages",
                       request->freeze_stages, t->resnet.depth, stages);
    if (request->freeze)
        snprintf(prefix, sizeof prefix, "%s", at_resnet_head(version));
    else if (request->freeze_stages == 0)
        return AT_OK;
    else if (request->freeze_stages == stages) /* what follows the last stage */
        snprintf(prefix, sizeof prefix, "%s", version == 1 ? "avgpool" : "bn1");
    else
        snprintf(prefix, sizeof prefix, version == 1 ? "layer%d." : "stage%d_",
                 request->freeze_stages + 1);
    t->frozen = at_net_layers_before(t->spec, prefix);
    return AT_OK;
}

static at_status load(at_image_training *t, at_net *net, const at_safetensors *weights,
                      at_error *err) {
    at_net_initialize(net, t->request->seed);
    if (!weights)
        return AT_OK;
    AT_TRY(at_image_weights_load(
        net, weights, t->start.head ? NULL : at_resnet_head(t->resnet.version), err));
    if (t->start.card)
        at_image_say(t, "[INFO] Starting from model %s: %s", t->start.name,
                     t->start.head
                         ? "the classes are the same, and the last layer goes on"
                         : "the classes are others, and the last layer is learned anew");
    at_net_prepare(net);
    return AT_OK;
}

static at_status make_nets(at_image_training *t, const at_safetensors *weights,
                           at_error *err) {
    AT_TRY(at_resnet_new(&t->resnet, &t->spec, err));
    AT_TRY(count_frozen(t, err));
    at_net_options options = options_of(t, true);
    if (at_image_features_fit(t)) {
        at_net_options whole = options_of(t, false);
        AT_TRY(make_whole(t, &whole, &t->trunk, err));
        AT_TRY(load(t, t->trunk, weights, err));
        AT_TRY(at_image_features_nets(t, &options, err));
    } else {
        options.frozen = t->frozen;
        AT_TRY(make_whole(t, &options, &t->net, err));
        AT_TRY(load(t, t->net, weights, err));
    }
    tell(t);
    return t->validation.count ? make_judge(t, err) : AT_OK;
}

at_status at_image_make_nets(at_image_training *t, at_error *err) {
    const char *file = t->start.card ? t->start.weights : t->request->weights;
    at_safetensors *weights = NULL;
    if (file)
        AT_TRY(at_safetensors_open(file, &weights, err));
    if (weights && !t->start.card)
        t->resnet.version = version_of(weights);
    at_status status = make_nets(t, weights, err);
    at_safetensors_release(weights);
    return status;
}
