/* Layers: one table of small nets, each built around a layer, in four modes. */
#include "net_world.h"

enum { BATCH = 4, CLASSES = 5 };

static const at_dims image = {5, 6, 7};

static int conv(at_net_spec *spec, const char *name, int x, int32_t filters,
                int32_t kernel, int32_t stride, bool bias) {
    return at_net_layer(spec, "convolution", name, x,
                        &(at_layer_options){.filters = filters,
                                            .kernel = kernel,
                                            .stride = stride,
                                            .pad = kernel / 2,
                                            .bias = bias});
}
static int plain(at_net_spec *spec, const char *layer, const char *name, int x) {
    return at_net_layer(spec, layer, name, x, NULL);
}

/* Its running values are those of the last batch, nearly. */
static int norm(at_net_spec *spec, const char *name, int x) {
    return at_net_layer(spec, "batch_norm", name, x,
                        &(at_layer_options){.momentum = 1e-6F});
}

static int build_convolution(at_net_spec *spec) {
    int x = conv(spec, "a", 0, 12, 3, 1, true);
    return conv(spec, "b", x, 20, 3, 2, false);
}
static int build_norm(at_net_spec *spec) {
    int x = norm(spec, "bn", conv(spec, "a", 0, 20, 3, 1, false));
    return conv(spec, "b", x, 16, 1, 1, true);
}
static int build_norm_first(at_net_spec *spec) { /* on the data, as version 2 has it */
    int x = at_net_layer(
        spec, "batch_norm", "bn", 0,
        &(at_layer_options){.fixed_scale = true, .epsilon = 2e-5F, .momentum = 1e-6F});
    return conv(spec, "a", x, 16, 3, 1, false);
}
static int build_norm_first_wide(at_net_spec *spec) { /* a stem's convolution after it */
    int x = at_net_layer(
        spec, "batch_norm", "bn", 0,
        &(at_layer_options){.fixed_scale = true, .epsilon = 2e-5F, .momentum = 1e-6F});
    return norm(spec, "bn2", conv(spec, "a", x, 20, 7, 2, false));
}
static int build_norm_bias(at_net_spec *spec) { /* a convolution that cannot count */
    int x = norm(spec, "bn", conv(spec, "a", 0, 20, 3, 1, true));
    return plain(spec, "relu", "r", x);
}
static int build_relu(at_net_spec *spec) {
    return plain(spec, "relu", "r", conv(spec, "a", 0, 16, 3, 1, true));
}
static int build_norm_relu(at_net_spec *spec) {
    int x = norm(spec, "bn", conv(spec, "a", 0, 32, 3, 1, false));
    return conv(spec, "b", plain(spec, "relu", "r", x), 16, 3, 1, false);
}
static int build_residual(at_net_spec *spec) { /* version 1, both kinds of shortcut */
    int x =
        plain(spec, "relu", "r0", norm(spec, "bn0", conv(spec, "a", 0, 16, 3, 1, false)));
    int y =
        plain(spec, "relu", "r1", norm(spec, "bn1", conv(spec, "b", x, 16, 3, 1, false)));
    y = norm(spec, "bn2", conv(spec, "c", y, 16, 3, 1, false));
    x = plain(spec, "relu", "r2", at_net_sum(spec, "s", y, x));
    y = norm(spec, "bn3", conv(spec, "d", x, 32, 3, 2, false));
    int z = norm(spec, "bn4", conv(spec, "e", x, 32, 1, 2, false));
    return plain(spec, "relu", "r3", at_net_sum(spec, "t", y, z));
}
static int build_preactivated(at_net_spec *spec) { /* version 2 */
    int x = conv(spec, "a", 0, 16, 3, 1, false);
    int act = plain(spec, "relu", "r1", norm(spec, "bn1", x));
    int y = conv(spec, "b", act, 32, 3, 1, false);
    x = at_net_sum(spec, "s", y, conv(spec, "c", act, 32, 1, 1, false));
    act = plain(spec, "relu", "r2", norm(spec, "bn2", x));
    y = conv(spec, "d", act, 32, 3, 1, false);
    x = at_net_sum(spec, "t", y, x);
    return plain(spec, "relu", "r3", norm(spec, "bn3", x));
}
static int build_add(at_net_spec *spec) { /* sums that nothing can take in */
    int x = conv(spec, "a", 0, 16, 1, 1, false);
    int y = plain(spec, "relu", "r", x);
    int z = at_net_sum(spec, "s", y, x);
    z = at_net_sum(spec, "twice", z, z);
    return plain(spec, "relu", "r2", at_net_sum(spec, "t", z, y));
}
static int build_max_pool(at_net_spec *spec) {
    int x = at_net_layer(spec, "max_pool", "p", conv(spec, "a", 0, 20, 3, 1, true),
                         &(at_layer_options){.kernel = 3, .stride = 2, .pad = 1});
    return at_net_layer(spec, "max_pool", "q", x,
                        &(at_layer_options){.kernel = 2, .stride = 1});
}
static int build_average_pool(at_net_spec *spec) {
    return at_net_layer(spec, "average_pool", "p", conv(spec, "a", 0, 20, 3, 1, true),
                        &(at_layer_options){.kernel = 3, .stride = 2, .pad = 1});
}
static int build_dropout(at_net_spec *spec) {
    return at_net_layer(spec, "dropout", "d", conv(spec, "a", 0, 16, 3, 1, true),
                        &(at_layer_options){.rate = 0.4F});
}
static int build_flatten(at_net_spec *spec) {
    int x = plain(spec, "flatten", "f", conv(spec, "a", 0, 3, 3, 2, true));
    return at_net_layer(spec, "fully_connected", "h", x,
                        &(at_layer_options){.filters = 18, .bias = true});
}
static int build_nothing(at_net_spec *spec) {
    return conv(spec, "a", 0, 16, 1, 1, true);
}

typedef struct layer_case {
    const char *name;
    int (*build)(at_net_spec *spec);
    const char *loss;
    bool weighted;
} layer_case;

static const layer_case cases[] = {
    {"convolution", build_convolution, "softmax", false},
    {"batch_norm", build_norm, "softmax", false},
    {"batch_norm of data", build_norm_first, "softmax", false},
    {"batch_norm of data, stem", build_norm_first_wide, "softmax", false},
    {"batch_norm after bias", build_norm_bias, "softmax", false},
    {"relu", build_relu, "softmax", false},
    {"batch_norm and relu", build_norm_relu, "softmax", false},
    {"residual", build_residual, "softmax", false},
    {"pre-activated", build_preactivated, "softmax", false},
    {"add", build_add, "softmax", false},
    {"max_pool", build_max_pool, "softmax", false},
    {"average_pool", build_average_pool, "softmax", false},
    {"dropout", build_dropout, "softmax", false},
    {"flatten", build_flatten, "softmax", false},
    {"weighted softmax", build_nothing, "softmax", true},
    {"sigmoid", build_nothing, "sigmoid", false},
    {"weighted sigmoid", build_nothing, "sigmoid", true},
};

static const float weights_of_classes[CLASSES] = {1, 0.5F, 2, 3, 0.25F};

static at_net_spec *spec_of(const layer_case *it) {
    at_error err;
    at_net_spec *spec;
    assert_ok(at_net_spec_new(image, &spec, &err), &err);
    int x = it->build(spec);
    at_dims dims = at_net_dims(spec, x);
    if (dims.h > 1)
        x = plain(spec, "global_pool", "pool", x);
    x = at_net_layer(spec, "fully_connected", "fc", x,
                     &(at_layer_options){.filters = CLASSES, .bias = true});
    plain(spec, it->loss, "loss", x);
    return spec;
}

static at_net *net_of(const layer_case *it, int32_t batch, const char *isa, int parts,
                      at_pool *pool) {
    at_net_spec *spec = spec_of(it);
    at_net_options options = {.batch = batch,
                              .training = true,
                              .isa = at_isa_named(isa),
                              .parts = parts,
                              .optimizing = at_optimizer_defaults()};
    at_net *net = net_make(spec, &options, pool);
    at_net_initialize(net, 5);
    net_shake(net, 4);
    at_net_spec_release(spec);
    return net;
}

static net_data data_of(const layer_case *it, int32_t count) {
    net_data data = net_data_new(image, count, CLASSES, 5);
    if (it->weighted)
        data.batch.class_weights = weights_of_classes;
    return data;
}

static float *gradient_of(at_net *net, size_t index) {
    size_t count = at_net_parameter_values(at_net_plan_of(net), index);
    float *gradient = at_alloc_array(count, sizeof *gradient);
    at_net_gradient(net, index, gradient);
    return gradient;
}

/* The slope of the loss along one value. */
static double slope(at_net *net, const at_batch *batch, size_t index, size_t k) {
    const double step = 1e-3;
    size_t count = at_net_parameter_values(at_net_plan_of(net), index);
    float *values = at_alloc_array(count, sizeof *values);
    at_net_get(net, index, values);
    float before = values[k];
    double loss[2];
    for (int side = 0; side < 2; side++) {
        values[k] = before + (float)(side ? step : -step);
        at_net_set(net, index, values);
        loss[side] = at_net_gradients(net, batch);
    }
    values[k] = before;
    at_net_set(net, index, values);
    at_free(values);
    return (loss[1] - loss[0]) / (2 * step);
}

/* Mode 1: finite differences, in the scalar form. A kink of a ReLU or a pool between the
 * two points of a difference spoils it, so a few may be off. */
static void test_finite_differences(void **state) {
    (void)state;
    for (size_t c = 0; c < COUNT(cases); c++) {
        at_net *net = net_of(&cases[c], BATCH, "scalar", 2, NULL);
        net_data data = data_of(&cases[c], BATCH);
        const at_net_plan *plan = at_net_plan_of(net);
        int tried = 0, off = 0;
        for (size_t i = 0; i < at_net_parameter_count(plan); i++) {
            if (!at_net_parameter(plan, i)->learned)
                continue;
            at_net_gradients(net, &data.batch);
            float *gradient = gradient_of(net, i);
            size_t count = at_net_parameter_values(plan, i);
            for (size_t k = 0; k < count; k += 1 + count / 7) {
                double want = slope(net, &data.batch, i, k);
                bool bad = fabs(want - (double)gradient[k]) > 2e-3 + 0.02 * fabs(want);
                if (bad)
                    print_message("%s: %s[%zu]: %g, by difference %g\n", cases[c].name,
                                  at_net_parameter_name(plan, i), k, (double)gradient[k],
                                  want);
                tried++;
                off += bad;
            }
            at_free(gradient);
        }
        assert_true(tried > 6);
        assert_true(off * 20 <= tried);
        net_data_free(&data);
        at_net_release(net);
    }
}

/* The largest difference of two nets' gradients, over the largest gradient. */
static double apart(at_net *a, at_net *b, const char *name) {
    const at_net_plan *plan = at_net_plan_of(a);
    double worst = 0;
    for (size_t i = 0; i < at_net_parameter_count(plan); i++) {
        if (!at_net_parameter(plan, i)->learned)
            continue;
        float *x = gradient_of(a, i), *y = gradient_of(b, i);
        double difference = 0, scale = 1e-3;
        for (size_t k = 0; k < at_net_parameter_values(plan, i); k++) {
            difference = fmax(difference, fabs((double)x[k] - (double)y[k]));
            scale = fmax(scale, fabs((double)x[k]));
            if (isnan(y[k]))
                fail_msg("%s: %s is not a number", name, at_net_parameter_name(plan, i));
        }
        if (difference / scale > worst)
            worst = difference / scale;
        at_free(x);
        at_free(y);
    }
    return worst;
}

/* Mode 2: every ISA and division of the work against the scalar form. */
static void test_compare(void **state) {
    (void)state;
    at_error err;
    at_pool *pool;
    assert_ok(at_pool_new(3, &pool, &err), &err);
    for (size_t c = 0; c < COUNT(cases); c++) {
        at_net *scalar = net_of(&cases[c], BATCH, "scalar", 1, NULL);
        net_data data = data_of(&cases[c], BATCH);
        double loss = at_net_gradients(scalar, &data.batch);
        for (size_t i = 0; at_isa_at(i); i++)
            for (int parts = 1; parts <= 5; parts += 2) {
                at_net *net = net_of(&cases[c], BATCH, at_isa_at(i)->name, parts, pool);
                assert_true(fabs(at_net_gradients(net, &data.batch) - loss) < 1e-5);
                double difference = apart(scalar, net, cases[c].name);
                if (difference > 1e-4)
                    fail_msg("%s: %s, %d parts: %g off", cases[c].name,
                             at_isa_at(i)->name, parts, difference);
                at_net_release(net);
            }
        net_data_free(&data);
        at_net_release(scalar);
    }
    at_pool_release(pool);
}

/* Mode 3: a batch that is not full has the gradients of a smaller one, after a full one
 * left its values behind. */
static void test_count(void **state) {
    (void)state;
    for (size_t c = 0; c < COUNT(cases); c++)
        for (size_t i = 0; at_isa_at(i); i++) {
            at_net *small = net_of(&cases[c], BATCH - 1, at_isa_at(i)->name, 1, NULL);
            at_net *large = net_of(&cases[c], BATCH + 2, at_isa_at(i)->name, 2, NULL);
            net_data full = data_of(&cases[c], BATCH + 2);
            net_data data = data_of(&cases[c], BATCH - 1);
            at_net_gradients(large, &full.batch);
            at_net_gradients(small, &data.batch);
            at_net_gradients(large, &data.batch);
            double difference = apart(small, large, cases[c].name);
            if (difference > 1e-4)
                fail_msg("%s: %s: %g off", cases[c].name, at_isa_at(i)->name, difference);
            net_data_free(&full);
            net_data_free(&data);
            at_net_release(small);
            at_net_release(large);
        }
}

/* Mode 4: inference, with all that folds folded, against the definition: the training
 * net's own values where the running ones equal the batch's. */
static void test_inference(void **state) {
    (void)state;
    for (size_t c = 0; c < COUNT(cases); c++) {
        if (strcmp(cases[c].name, "dropout") == 0)
            continue; /* drops in training alone */
        at_net_spec *spec = spec_of(&cases[c]);
        net_data data = data_of(&cases[c], BATCH);
        at_net *trained = net_of(&cases[c], BATCH, "scalar", 1, NULL);
        at_net_gradients(trained, &data.batch);
        for (size_t i = 0; at_isa_at(i); i++) {
            at_net_options options = {
                .batch = BATCH + 1, .isa = at_isa_at(i), .parts = 2};
            at_net *net = net_make(spec, &options, NULL);
            at_net_copy(net, trained);
            at_net_forward(net, &data.batch);
            for (int32_t n = 0; n < BATCH; n++)
                for (int32_t k = 0; k < CLASSES; k++)
                    assert_true(fabs((double)at_net_output(net, n)[k] -
                                     (double)at_net_output(trained, n)[k]) < 2e-4);
            at_net_release(net);
        }
        at_net_release(trained);
        net_data_free(&data);
        at_net_spec_release(spec);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finite_differences),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_inference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
