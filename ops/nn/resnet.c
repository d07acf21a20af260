#include "ops/nn/resnet.h"

#include <stdio.h>

typedef struct family {
    int depth;
    bool bottleneck, small;
    int units[4]; /* of each stage */
} family;

static const family families[] = {
    {18, false, false, {2, 2, 2, 2}},  {34, false, false, {3, 4, 6, 3}},
    {50, true, false, {3, 4, 6, 3}},   {101, true, false, {3, 4, 23, 3}},
    {152, true, false, {3, 8, 36, 3}}, {200, true, false, {3, 24, 36, 3}},
    {20, false, true, {3, 3, 3}},      {32, false, true, {5, 5, 5}},
    {44, false, true, {7, 7, 7}},      {56, false, true, {9, 9, 9}},
    {110, false, true, {18, 18, 18}},
};

enum { FAMILIES = sizeof families / sizeof *families, NAME = AT_LAYER_NAME };

int at_resnet_depth_at(size_t index) {
    return index < FAMILIES ? families[index].depth : 0;
}

static const family *family_of(int depth) {
    for (size_t i = 0; i < FAMILIES; i++)
        if (families[i].depth == depth)
            return &families[i];
    return NULL;
}

bool at_resnet_is_small(int depth) {
    const family *found = family_of(depth);
    return found && found->small;
}

const char *at_resnet_head(int version) {
    return version == 1 ? "fc" : "fc1";
}

/* What the builders share: the spec, the names' prefix, the batch norms' constants. */
typedef struct builder {
    at_net_spec *spec;
    const family *family;
    int version;
    char prefix[40]; /* "layer1.0." or "stage1_unit1_" */
} builder;

static int layer(builder *b, const char *kind, const char *name, int input,
                 const at_layer_options *options) {
    char full[NAME];
    snprintf(full, sizeof full, "%s%s", b->prefix, name);
    return at_net_layer(b->spec, kind, full, input, options);
}

static int convolution(builder *b, const char *name, int input, int32_t filters,
                       int32_t kernel, int32_t stride) {
    at_layer_options options = {
        .filters = filters, .kernel = kernel, .stride = stride, .pad = kernel / 2};
    return layer(b, "convolution", name, input, &options);
}

static int norm(builder *b, const char *name, int input) {
    at_layer_options options = {.epsilon = b->version == 1 ? 1e-5F : 2e-5F,
                                .momentum = 0.9F,
                                .unbiased = b->version == 1};
    return layer(b, "batch_norm", name, input, &options);
}

static int norm_relu(builder *b, const char *norm_name, const char *relu_name,
                     int input) {
    return layer(b, "relu", relu_name, norm(b, norm_name, input), NULL);
}

static int sum(builder *b, const char *name, int a, int other) {
    char full[NAME];
    snprintf(full, sizeof full, "%s%s", b->prefix, name);
    return at_net_sum(b->spec, full, a, other);
}

/* One residual unit. `filters` is its output's; a bottleneck's inner ones are a quarter.
 * `fits`: the input has the output's shape. */
static int unit_v1(builder *b, int x, int32_t filters, int32_t stride, bool fits) {
    bool bottleneck = b->family->bottleneck;
    int32_t inner = bottleneck ? filters / 4 : filters;
    int y =
        convolution(b, "conv1", x, inner, bottleneck ? 1 : 3, bottleneck ? 1 : stride);
    y = norm_relu(b, "bn1", "relu1", y);
    y = norm(b, "bn2", convolution(b, "conv2", y, inner, 3, bottleneck ? stride : 1));
    if (bottleneck) {
        y = layer(b, "relu", "relu2", y, NULL);
        y = norm(b, "bn3", convolution(b, "conv3", y, filters, 1, 1));
    }
    int shortcut = x;
    if (!fits)
        shortcut = norm(b, "downsample.1",
                        convolution(b, "downsample.0", x, filters, 1, stride));
    return layer(b, "relu", "relu", sum(b, "add", y, shortcut), NULL);
}

static int unit_v2(builder *b, int x, int32_t filters, int32_t stride, bool fits) {
    bool bottleneck = b->family->bottleneck;
    int32_t inner = bottleneck ? filters / 4 : filters;
    int act = norm_relu(b, "bn1", "relu1", x);
    int y = bottleneck ? convolution(b, "conv1", act, inner, 1, 1)
                       : convolution(b, "conv1", act, inner, 3, stride);
    y = norm_relu(b, "bn2", "relu2", y);
    y = convolution(b, "conv2", y, inner, 3, bottleneck ? stride : 1);
    if (bottleneck) {
        y = norm_relu(b, "bn3", "relu3", y);
        y = convolution(b, "conv3", y, filters, 1, 1);
    }
    int shortcut = fits ? x : convolution(b, "sc", act, filters, 1, stride);
    return sum(b, "plus", y, shortcut);
}

static int stem_v1(builder *b, int x) {
    bool small = b->family->small;
    x = small ? convolution(b, "conv1", x, 16, 3, 1)
              : convolution(b, "conv1", x, 64, 7, 2);
    x = norm_relu(b, "bn1", "relu", x);
    if (small)
        return x;
    return layer(b, "max_pool", "maxpool", x,
                 &(at_layer_options){.kernel = 3, .stride = 2, .pad = 1});
}

static int stem_v2(builder *b, int x, int32_t height) {
    at_layer_options data = {.epsilon = 2e-5F, .momentum = 0.9F, .fixed_scale = true};
    x = layer(b, "batch_norm", "bn_data", x, &data);
    int32_t filters = b->family->small ? 16 : 64;
    if (b->family->small || height <= 32)
        return convolution(b, "conv0", x, filters, 3, 1);
    x = norm_relu(b, "bn0", "relu0", convolution(b, "conv0", x, filters, 7, 2));
    return layer(b, "max_pool", "pool0", x,
                 &(at_layer_options){.kernel = 3, .stride = 2, .pad = 1});
}

static int stages(builder *b, int x) {
    int count = b->family->small ? 3 : 4;
    int32_t filters = b->family->small ? 16 : b->family->bottleneck ? 256 : 64;
    for (int stage = 0; stage < count; stage++, filters *= 2)
        for (int unit = 0; unit < b->family->units[stage]; unit++) {
            int32_t stride = stage > 0 && unit == 0 ? 2 : 1;
            bool fits = at_net_dims(b->spec, x).c == filters && stride == 1;
            if (b->version == 2) /* its first units always have a convolution there */
                fits = unit > 0;
            if (b->version == 1)
                snprintf(b->prefix, sizeof b->prefix, "layer%d.%d.", stage + 1, unit);
            else
                snprintf(b->prefix, sizeof b->prefix, "stage%d_unit%d_", stage + 1,
                         unit + 1);
            x = b->version == 1 ? unit_v1(b, x, filters, stride, fits)
                                : unit_v2(b, x, filters, stride, fits);
        }
    b->prefix[0] = '\0';
    return x;
}

static void build(builder *b, const at_resnet_options *options) {
    int x = options->version == 1 ? stem_v1(b, 0) : stem_v2(b, 0, options->image.h);
    x = stages(b, x);
    if (options->version == 2)
        x = norm_relu(b, "bn1", "relu1", x);
    x = layer(b, "global_pool", options->version == 1 ? "avgpool" : "pool1", x, NULL);
    x = layer(b, "fully_connected", at_resnet_head(options->version), x,
              &(at_layer_options){.filters = options->classes, .bias = true});
    layer(b, options->multi_label ? "sigmoid" : "softmax", "loss", x, NULL);
}

at_status at_resnet_new(const at_resnet_options *options, at_net_spec **out,
                        at_error *err) {
    *out = NULL;
    builder b = {.family = family_of(options->depth), .version = options->version};
    if (!b.family) {
        at_fail(err, AT_INVALID, "there is no ResNet of %d layers", options->depth);
        return err ? at_hint(err, "choose 18, 34, 50, 101, 152 or 200, or, for images of "
                                  "about 28 x 28, 20, 32, 44, 56 or 110")
                   : AT_INVALID;
    }
    if (options->version != 1 && options->version != 2)
        return at_fail(err, AT_INVALID, "a ResNet is of version 1 or 2, not %d",
                       options->version);
    if (options->classes < 1 || options->classes > 1 << 20)
        return at_fail(err, AT_INVALID, "a classifier has 1 to %d classes, not %d",
                       1 << 20, (int)options->classes);
    AT_TRY(at_net_spec_new(options->image, &b.spec, err));
    build(&b, options);
    *out = b.spec;
    return AT_OK;
}
