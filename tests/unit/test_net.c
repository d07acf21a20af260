/* Nets as a whole: the same bits again, memory that is planned, limits that are told,
 * optimisers against their formulas, and what a builder refuses. */
#include "net_world.h"

#include "ops/nn/resnet.h"

enum { CLASSES = 10, BATCH = 6 };

static const at_dims image = {3, 20, 20};

static at_net_spec *resnet(int version, int depth) {
    at_error err;
    at_net_spec *spec;
    at_resnet_options options = {
        .version = version, .depth = depth, .image = image, .classes = CLASSES};
    assert_ok(at_resnet_new(&options, &spec, &err), &err);
    return spec;
}

static at_net_options training(const at_isa *isa, int parts) {
    return (at_net_options){.batch = BATCH,
                            .training = true,
                            .isa = isa,
                            .parts = parts,
                            .optimizing = at_optimizer_defaults()};
}

static uint64_t hash_after(int steps, const at_isa *isa, bool bf16, int parts,
                           size_t threads) {
    at_error err;
    at_pool *pool;
    assert_ok(at_pool_new(threads, &pool, &err), &err);
    at_net_spec *spec = resnet(2, 20);
    at_net_options options = training(isa, parts);
    options.bf16 = bf16;
    at_net *net = net_make(spec, &options, pool);
    at_net_initialize(net, 7);
    net_data data = net_data_new(image, BATCH, CLASSES, 8);
    for (int i = 0; i < steps; i++) {
        data.batch.count = BATCH - i % 2; /* the last batch of an epoch is not full */
        assert_true(isfinite(at_net_step(net, &data.batch, 0.05)));
    }
    uint64_t hash = net_hash(net);
    net_data_free(&data);
    at_net_release(net);
    at_net_spec_release(spec);
    at_pool_release(pool);
    return hash;
}

/* Same seed, parts and ISA: the same bits, whatever the threads. */
static void test_same_bits(void **state) {
    (void)state;
    for (size_t i = 0; at_isa_at(i); i++)
        for (int bf16 = 0; bf16 <= (at_isa_bf16(at_isa_at(i)) != NULL); bf16++)
            for (int parts = 1; parts <= 3; parts += 2) {
                uint64_t first = hash_after(3, at_isa_at(i), bf16, parts, 1);
                for (size_t threads = 1; threads <= 3; threads++)
                    assert_true(hash_after(3, at_isa_at(i), bf16, parts, threads) ==
                                first);
            }
}

/* Stopped and restored half-way, as a checkpoint does it. */
static void restored(const at_isa *isa, bool bf16) {
    at_net_spec *spec = resnet(1, 20);
    at_net_options options = training(isa, 2);
    options.optimizer = at_optimizer_named("adam");
    options.bf16 = bf16;
    net_data data = net_data_new(image, BATCH, CLASSES, 8);
    at_net *whole = net_make(spec, &options, NULL);
    at_net *again = net_make(spec, &options, NULL);
    at_net_initialize(whole, 7);
    for (int i = 0; i < 4; i++) {
        if (i == 2) {
            at_net_memory memory = at_net_memory_of(whole);
            at_net_restore(again, &memory);
        }
        at_net_step(whole, &data.batch, 1e-3);
    }
    for (int i = 2; i < 4; i++)
        at_net_step(again, &data.batch, 1e-3);
    assert_true(net_hash(whole) == net_hash(again));
    at_net_release(whole);
    at_net_release(again);
    net_data_free(&data);
    at_net_spec_release(spec);
}

static void test_restored(void **state) {
    (void)state;
    restored(NULL, false);
    restored(at_isa_named("scalar"), true);
    if (at_isa_bf16(at_isa_pick()))
        restored(NULL, true);
}

/* Validation between two steps, in the training net's own memory: it gives what a net of
 * its own gives, and the training goes on as if nothing had been. */
static void test_within(void **state) {
    (void)state;
    at_error err;
    at_net_spec *spec = resnet(2, 20);
    at_net_options options = training(NULL, 2), serving = {.batch = BATCH, .parts = 2};
    net_data data = net_data_new(image, BATCH, CLASSES, 8);
    at_net *plain = net_make(spec, &options, NULL),
           *host = net_make(spec, &options, NULL);
    at_net *alone = net_make(spec, &serving, NULL), *within, *no;
    at_net_plan *plan;
    assert_ok(at_net_plan_new(spec, &serving, &plan, &err), &err);
    assert_ok(at_net_new_within(&plan, host, &within, &err), &err);
    at_net_initialize(plain, 7);
    at_net_initialize(host, 7);
    for (int i = 0; i < 3; i++) {
        at_net_step(plain, &data.batch, 0.05);
        at_net_step(host, &data.batch, 0.05);
        at_net_prepare(within);
        at_net_copy(alone, plain);
        at_net_forward(within, &data.batch);
        at_net_forward(alone, &data.batch);
        assert_memory_equal(at_net_logits(within, BATCH - 1),
                            at_net_logits(alone, BATCH - 1), CLASSES * sizeof(float));
        assert_true(net_hash(plain) == net_hash(host));
    }
    assert_ok(at_net_plan_new(spec, &options, &plan, &err), &err);
    assert_int_equal(at_net_new_within(&plan, host, &no, &err), AT_INVALID);
    at_net_plan_release(plan);
    at_net_release(within);
    at_net_release(alone);
    at_net_release(host);
    at_net_release(plain);
    net_data_free(&data);
    at_net_spec_release(spec);
}

/* Bytes become (byte - mean) * scale. */
static void test_bytes(void **state) {
    (void)state;
    at_net_spec *spec = resnet(1, 20);
    at_net_options options = {.batch = BATCH, .parts = 2};
    at_net *net = net_make(spec, &options, NULL);
    at_net_initialize(net, 7);
    net_data data = net_data_new(image, BATCH, CLASSES, 8);
    uint8_t *bytes = at_alloc(BATCH * 3 * 400);
    const float mean[3] = {120, 110, 100}, scale[3] = {0.01F, 0.02F, 0.03F};
    for (int n = 0; n < BATCH; n++)
        for (int p = 0; p < 400; p++)
            for (int c = 0; c < 3; c++) {
                uint8_t byte = (uint8_t)((n * 37 + p * 11 + c * 101) % 256);
                bytes[(n * 400 + p) * 3 + c] = byte;
                data.images[(n * 3 + c) * 400 + p] = ((float)byte - mean[c]) * scale[c];
            }
    at_net_forward(net, &data.batch);
    float want[CLASSES];
    memcpy(want, at_net_logits(net, BATCH - 1), sizeof want);
    at_batch batch = {.count = BATCH, .bytes = bytes};
    memcpy(batch.mean, mean, sizeof mean);
    memcpy(batch.scale, scale, sizeof scale);
    at_net_forward(net, &batch);
    assert_memory_equal(at_net_logits(net, BATCH - 1), want, sizeof want);
    at_free(bytes);
    net_data_free(&data);
    at_net_release(net);
    at_net_spec_release(spec);
}

static void test_limit(void **state) {
    (void)state;
    at_error err;
    at_net_plan *plan;
    at_net_spec *spec = resnet(1, 20);
    at_net_options options = training(NULL, 2);
    assert_ok(at_net_plan_new(spec, &options, &plan, &err), &err);
    at_net_sizes sizes = *at_net_plan_sizes(plan);
    assert_true(sizes.values == 272474); /* PyTorch's count of this net's */
    assert_true(sizes.workspace > sizes.parameters);
    at_net_plan_release(plan);
    options.limit = sizes.total;
    options.batch = 4 * BATCH;
    assert_int_equal(at_net_plan_new(spec, &options, &plan, &err), AT_NO_MEMORY);
    assert_non_null(strstr(err.text, "training on a batch of 24 would take"));
    int fits = 0;
    assert_int_equal(sscanf(err.hint, "a batch of %d", &fits), 1);
    assert_true(fits >= BATCH && fits < 4 * BATCH);
    options.batch = fits;
    assert_ok(at_net_plan_new(spec, &options, &plan, &err), &err);
    at_net_plan_release(plan);
    options.limit = 1 << 20;
    assert_int_equal(at_net_plan_new(spec, &options, &plan, &err), AT_NO_MEMORY);
    assert_non_null(strstr(err.hint, "not even one image"));
    at_net_spec_release(spec);
}

/* One parameter through three steps, by the formulas of optimizer.h. */
static void test_optimizers(void **state) {
    (void)state;
    at_optimizer_options o = at_optimizer_defaults();
    o.decay = 0.01F;
    for (size_t k = 0; at_optimizer_at(k); k++) {
        const at_optimizer *optimizer = at_optimizer_at(k);
        float w[16], g[16], m[16] = {0}, v[16] = {0};
        double want = 0.5, first = 0, second = 0, rate = 0.1;
        for (int i = 0; i < 16; i++)
            w[i] = 0.5F;
        for (uint64_t step = 1; step <= 3; step++, rate /= 2) {
            double gradient = 0.3 * (double)step - 0.5;
            at_update update = {
                .w = w, .g = g, .m = m, .v = v, .count = 16, .decay = o.decay};
            for (int i = 0; i < 16; i++)
                g[i] = (float)gradient;
            if (!optimizer->decays)
                update.decay = 0;
            optimizer->settle(&o, rate, step, &update);
            optimizer->run(at_isa_pick()->pointwise, &update);
            double d = gradient + (optimizer->decays ? 0.01 * want : 0);
            if (strcmp(optimizer->name, "sgd") == 0) {
                first = 0.9 * first - rate * d;
                want += first;
            } else if (strcmp(optimizer->name, "nag") == 0) {
                first = 0.9 * first + d;
                want -= rate * (d + 0.9 * first);
            } else if (strcmp(optimizer->name, "adam") == 0) {
                first = 0.9 * first + 0.1 * d;
                second = 0.999 * second + 0.001 * d * d;
                want -= rate * sqrt(1 - pow(0.999, (double)step)) /
                        (1 - pow(0.9, (double)step)) * first / (sqrt(second) + 1e-8);
            } else {
                first = 0.9 * first + 0.1 * d * d;
                want -= rate * d / sqrt(first + 1e-8);
            }
            assert_true(fabs((double)w[9] - want) < 1e-5);
        }
    }
    const int steps[] = {10, 20};
    assert_true(fabs(at_learning_rate(0.1, 0.5, steps, 2, 9) - 0.1) < 1e-12);
    assert_true(fabs(at_learning_rate(0.1, 0.5, steps, 2, 10) - 0.05) < 1e-12);
    assert_true(fabs(at_learning_rate(0.1, 0.5, steps, 2, 25) - 0.025) < 1e-12);
}

/* A job's loss falls: three classes of noise around different means. */
static void test_learns(void **state) {
    (void)state;
    at_net_spec *spec = resnet(2, 20);
    at_net_options options = training(NULL, 2);
    at_net *net = net_make(spec, &options, NULL);
    at_net_initialize(net, 1);
    net_data data = net_data_new(image, BATCH, CLASSES, 8);
    double first = at_net_step(net, &data.batch, 0.05), last = first;
    for (int i = 0; i < 15; i++)
        last = at_net_step(net, &data.batch, 0.05);
    assert_true(last < 0.3 * first);
    data.images[100] = NAN;
    assert_true(isnan(at_net_step(net, &data.batch, 0.05))); /* and it is seen */
    net_data_free(&data);
    at_net_release(net);
    at_net_spec_release(spec);
}

static void test_refused(void **state) {
    (void)state;
    at_error err;
    at_net_spec *spec;
    at_net_plan *plan;
    at_net_options options = training(NULL, 1);
    at_resnet_options wrong = {.version = 1, .depth = 19, .image = image, .classes = 2};
    assert_int_equal(at_resnet_new(&wrong, &spec, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "no ResNet of 19 layers"));
    assert_ok(at_net_spec_new(image, &spec, &err), &err);
    int x = at_net_layer(spec, "convolution", "a", 0,
                         &(at_layer_options){.filters = 4, .kernel = 50});
    assert_int_equal(x, -1);
    x = at_net_layer(spec, "softmax", "loss", x, NULL);
    assert_int_equal(at_net_plan_new(spec, &options, &plan, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "layer 'a': an image of 20 x 20 is smaller"));
    at_net_spec_release(spec);
    assert_ok(at_net_spec_new(image, &spec, &err), &err);
    x = at_net_layer(spec, "flatten", "f", 0, NULL);
    assert_int_equal(at_net_plan_new(spec, &options, &plan, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "one loss"));
    at_net_spec_release(spec);
}

static at_status plan_and_make(void *context) {
    at_net_plan *plan;
    at_net *net;
    at_net_options options = training(NULL, 2);
    at_status status = at_net_plan_new(context, &options, &plan, NULL);
    if (status != AT_OK)
        return status;
    status = at_net_new(&plan, NULL, NULL, &net, NULL);
    if (status == AT_OK)
        at_net_release(net);
    at_net_plan_release(plan);
    return status;
}

static void test_no_memory(void **state) {
    (void)state;
    at_net_spec *spec = resnet(1, 20);
    assert_true(at_test_sweep(plan_and_make, spec) > 10);
    at_net_spec_release(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits), cmocka_unit_test(test_restored),
        cmocka_unit_test(test_within),    cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_limit),     cmocka_unit_test(test_optimizers),
        cmocka_unit_test(test_learns),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
