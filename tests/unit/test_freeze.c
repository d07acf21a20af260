/* Frozen layers: they stay as they are, run as in inference, and what is learned after
 * them has the gradients that it has in a net that learns all. */
#include "tests/unit/net_world.h"

#include "ops/nn/resnet.h"

/* A residual part without batch norms, which train as they infer, then one with. */
static at_net_spec *mixed(size_t *frozen) {
    at_error err;
    at_net_spec *spec;
    assert_ok(at_net_spec_new((at_dims){3, 18, 18}, &spec, &err), &err);
    const at_layer_options conv = {.filters = 20, .kernel = 3, .pad = 1};
    int a = at_net_layer(spec, "convolution", "early_a", 0, &conv);
    a = at_net_layer(spec, "relu", "early_relu", a, NULL);
    int x = at_net_layer(spec, "convolution", "early_b", a, &conv);
    x = at_net_sum(spec, "early_sum", x, a);
    x = at_net_layer(spec, "max_pool", "early_pool", x,
                     &(at_layer_options){.kernel = 2, .stride = 2});
    int y = at_net_layer(spec, "batch_norm", "late_norm", x, NULL);
    y = at_net_layer(spec, "relu", "late_relu", y, NULL);
    y = at_net_layer(spec, "convolution", "late_a", y, &conv);
    y = at_net_layer(spec, "batch_norm", "late_norm2", y, NULL);
    y = at_net_sum(spec, "late_sum", y, x);
    int z = at_net_layer(spec, "convolution", "late_b", x, &conv);
    y = at_net_sum(spec, "late_sum2", y, z);
    y = at_net_layer(spec, "global_pool", "late_pool", y, NULL);
    y = at_net_layer(spec, "fully_connected", "late_fc", y,
                     &(at_layer_options){.filters = 7, .bias = true});
    at_net_layer(spec, "softmax", "loss", y, NULL);
    *frozen = at_net_layers_before(spec, "late_");
    assert_int_equal(*frozen, 5);
    return spec;
}

static bool early(const char *name) {
    return strncmp(name, "early_", 6) == 0;
}

/* Every learned parameter's gradient, and the loss. */
static void same_gradients(at_net *some, at_net *all, const at_batch *batch) {
    double a = at_net_gradients(some, batch), b = at_net_gradients(all, batch);
    if (fabs(a - b) > 1e-5)
        fail_msg("the loss is %.9g, not %.9g", a, b);
    const at_net_plan *plan = at_net_plan_of(some);
    int compared = 0;
    for (size_t i = 0; i < at_net_parameter_count(plan); i++) {
        const at_parameter *parameter = at_net_parameter(plan, i);
        const char *name = at_net_parameter_name(plan, i);
        assert_false(early(name) && parameter->learned);
        if (!parameter->learned)
            continue;
        size_t count = at_net_parameter_values(plan, i);
        float *x = at_alloc_array(count, sizeof *x),
              *y = at_alloc_array(count, sizeof *y);
        at_net_gradient(some, i, x);
        at_net_gradient(all, i, y);
        double most = 0, off = 0;
        for (size_t k = 0; k < count; k++) {
            most = fmax(most, fabs((double)y[k]));
            off = fmax(off, fabs((double)x[k] - (double)y[k]));
        }
        if (!(off <= 2e-4 * most + 1e-6))
            fail_msg("%s: off by %g of %g", name, off, most);
        at_free(x);
        at_free(y);
        compared++;
    }
    assert_int_equal(compared, 2 + 1 + 2 + 1 + 2);
}

static void check_gradients(const at_isa *isa, int parts, size_t threads, int32_t count) {
    size_t frozen;
    at_net_spec *spec = mixed(&frozen);
    at_pool *pool;
    at_error err;
    assert_ok(at_pool_new(threads, &pool, &err), &err);
    at_net_options options = {
        .batch = 6, .training = true, .isa = isa, .parts = parts, .frozen = frozen};
    at_net *some = net_make(spec, &options, pool);
    options.frozen = 0;
    at_net *all = net_make(spec, &options, pool);
    at_net_initialize(all, 3);
    at_net_initialize(some, 3);
    net_shake(all, 4);
    const at_net_plan *plan = at_net_plan_of(all);
    for (size_t i = 0; i < at_net_parameter_count(plan); i++) {
        float values[20 * 20 * 9];
        at_net_get(all, i, values);
        at_net_set(some, i, values);
    }
    at_net_prepare(some);
    /* A full batch first: what it leaves must not show in a smaller one. */
    net_data full = net_data_new((at_dims){3, 18, 18}, 6, 7, 5);
    net_data data = net_data_new((at_dims){3, 18, 18}, count, 7, 6);
    for (int i = 0; i < 6 * 3 * 18 * 18; i++)
        full.images[i] *= 1e30F;
    (void)at_net_gradients(some, &full.batch);
    for (int i = 0; i < 6 * 3 * 18 * 18; i++)
        full.images[i] *= 1e-30F;
    same_gradients(some, all, &full.batch);
    same_gradients(some, all, &data.batch);
    net_data_free(&full);
    net_data_free(&data);
    at_net_release(some);
    at_net_release(all);
    at_pool_release(pool);
    at_net_spec_release(spec);
}

static void test_gradients(void **state) {
    (void)state;
    for (size_t i = 0; at_isa_at(i); i++) {
        check_gradients(at_isa_at(i), 1, 1, 6);
        check_gradients(at_isa_at(i), 3, 2, 2);
    }
}

static at_net_spec *resnet(int version, int depth) {
    at_error err;
    at_net_spec *spec;
    assert_ok(at_resnet_new(&(at_resnet_options){.version = version,
                                                 .depth = depth,
                                                 .image = {3, 36, 36},
                                                 .classes = 5},
                            &spec, &err),
              &err);
    return spec;
}

static void close_to(const float *got, const float *want, int count) {
    double most = 0;
    for (int i = 0; i < count; i++)
        most = fmax(most, fabs((double)want[i]));
    assert_true(most > 0);
    for (int i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= 1e-4 * most))
            fail_msg("value %d is %g, not %g", i, (double)got[i], (double)want[i]);
}

/* All but the head is frozen: logits are those of inference, also after steps, and all
 * that is frozen keeps its bits, running values of batch norms among it. */
static void check_resnet(int version, int depth) {
    at_net_spec *spec = resnet(version, depth);
    size_t frozen = at_net_layers_before(spec, at_resnet_head(version));
    at_net_options options = {.batch = 4, .training = true, .parts = 2, .frozen = frozen};
    at_net *net = net_make(spec, &options, NULL);
    options.training = false;
    at_net *twin = net_make(spec, &options, NULL);
    at_net_initialize(net, 1);
    net_shake(net, 2);
    at_net_prepare(net);
    const at_net_plan *plan = at_net_plan_of(net);
    at_net_memory memory = at_net_memory_of(net);
    size_t floats = memory.parameter_floats;
    float *before = at_alloc_array(floats, sizeof *before);
    memcpy(before, memory.parameters, floats * sizeof *before);
    net_data data = net_data_new((at_dims){3, 36, 36}, 4, 5, 7);
    double first = 0, last = 0, square = 0;
    (void)at_net_gradients(net, &data.batch);
    for (int c = 0; c < 64; c++) /* of features: a step of a linear model is that small */
        square += (double)at_net_features(net, 0)[c] * (double)at_net_features(net, 0)[c];
    for (int i = 0; i < 20; i++) {
        last = at_net_step(net, &data.batch, 0.02 / (square + 1));
        first = i == 0 ? last : first;
    }
    at_net_copy(twin, net);
    assert_true(last < first);
    (void)at_net_gradients(net, &data.batch);
    (void)at_net_forward(twin, &data.batch);
    for (int32_t n = 0; n < 4; n++) {
        close_to(at_net_logits(net, n), at_net_logits(twin, n), 5);
        close_to(at_net_features(net, n), at_net_features(twin, n), 64);
    }
    memory = at_net_memory_of(net);
    size_t learned = memory.state_floats; /* the learned ones come first */
    assert_true(learned > 0 && learned < floats / 10);
    assert_memory_equal(before + learned, memory.parameters + learned,
                        (floats - learned) * sizeof *before);
    assert_memory_not_equal(before, memory.parameters, learned * sizeof *before);
    size_t count = at_net_parameter_count(plan);
    assert_true(at_net_plan_sizes(plan)->values ==
                at_net_parameter_values(plan, count - 1) +
                    at_net_parameter_values(plan, count - 2));
    at_free(before);
    net_data_free(&data);
    at_net_release(net);
    at_net_release(twin);
    at_net_spec_release(spec);
}

static void test_resnets(void **state) {
    (void)state;
    check_resnet(1, 18);
    check_resnet(2, 18);
    check_resnet(2, 50);
    check_resnet(1, 20);
    check_resnet(2, 20);
}

/* An inference net within one with frozen layers, and back: the values that it computes
 * in the other's memory change nothing there. */
static void test_within(void **state) {
    (void)state;
    at_error err;
    at_net_spec *spec = resnet(2, 18);
    size_t frozen = at_net_layers_before(spec, "stage3_");
    at_net_options options = {.batch = 4, .training = true, .parts = 2, .frozen = frozen};
    at_net *net = net_make(spec, &options, NULL), *other = net_make(spec, &options, NULL);
    at_net_plan *plan;
    at_net *judge;
    options.training = false;
    assert_ok(at_net_plan_new(spec, &options, &plan, &err), &err);
    assert_ok(at_net_new_within(&plan, net, &judge, &err), &err);
    options.frozen = 0;
    assert_ok(at_net_plan_new(spec, &options, &plan, &err), &err);
    at_net *none = NULL;
    assert_int_equal(at_net_new_within(&plan, net, &none, &err), AT_INVALID);
    at_net_plan_release(plan);
    net_data data = net_data_new((at_dims){3, 36, 36}, 4, 5, 8);
    at_net_initialize(net, 9);
    at_net_initialize(other, 9);
    for (int i = 0; i < 3; i++) {
        at_net_prepare(judge);
        (void)at_net_forward(judge, &data.batch);
        data.batch.count = 4 - i;
        double a = at_net_step(net, &data.batch, 0.05);
        double b = at_net_step(other, &data.batch, 0.05);
        assert_true(a >= b && a <= b);
    }
    assert_true(net_hash(net) == net_hash(other));
    net_data_free(&data);
    at_net_release(judge);
    at_net_release(net);
    at_net_release(other);
    at_net_spec_release(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_resnets),
        cmocka_unit_test(test_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
