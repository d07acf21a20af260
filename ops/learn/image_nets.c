/* The nets of a training: one that learns and, within its memory, one that judges. */
#include "ops/learn/image_parts.h"
#include "ops/learn/image_weights.h"

#include <inttypes.h>

static at_status plan(at_image_training *t, bool training, at_net **out, at_error *err) {
    const at_image_params *p = &t->params;
    at_net_options options = {.batch = (int32_t)p->mini_batch_size,
                              .training = training,
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
    at_net_plan *planned = NULL;
    AT_TRY(at_net_plan_new(t->spec, &options, &planned, err));
    if (training) {
        const at_net_sizes *sizes = at_net_plan_sizes(planned);
        at_image_say(
            t,
            "[INFO] ResNet-%d for %d classes: %.1f million weights, %.0f MB of memory "
            "for batches of %" PRId64,
            t->config.layers, t->config.classes, (double)sizes->values / 1e6,
            (double)sizes->total / 1e6, p->mini_batch_size);
    }
    at_status status = training ? at_net_new(&planned, t->request->pool, NULL, out, err)
                                : at_net_new_within(&planned, t->net, out, err);
    at_net_plan_release(planned);
    return status;
}

/* torchvision calls a block's parts "layer1.0.conv1", MXNet's twin "stage1_unit1_". */
static int version_of(const at_safetensors *weights) {
    return at_safetensors_find(weights, "layer1.0.conv1.weight") ? 1 : 2;
}

at_status at_image_make_nets(at_image_training *t, at_error *err) {
    at_safetensors *weights = NULL;
    if (t->request->weights) {
        AT_TRY(at_safetensors_open(t->request->weights, &weights, err));
        t->resnet.version = version_of(weights);
    }
    at_status status = at_resnet_new(&t->resnet, &t->spec, err);
    if (status == AT_OK)
        status = plan(t, true, &t->net, err);
    if (status == AT_OK) {
        at_net_initialize(t->net, t->request->seed);
        if (weights)
            status = at_image_weights_load(t->net, weights,
                                           at_resnet_head(t->resnet.version), err);
    }
    if (status == AT_OK && t->validation.count)
        status = plan(t, false, &t->judge, err);
    at_safetensors_release(weights);
    return status;
}
