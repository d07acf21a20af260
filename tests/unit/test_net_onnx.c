/* Nets as ONNX: every layer is written. With $ATELIER_ONNX_FOLDER set, nets, inputs and
 * what we make of them are left there, for tests/protocol/test_export.py to run. */
#include "net_world.h"

#include "ops/base/file.h"
#include "ops/base/protobuf.h"
#include "ops/learn/image_weights.h"
#include "ops/nn/net_onnx.h"

#include <unistd.h>

enum { COUNT_IMAGES = 3, CLASSES = 5 };

static const at_dims image = {3, 17, 14};
static const float mean[] = {100, 120, 140}, deviation[] = {50, 60, 70};

static int layer(at_net_spec *spec, const char *kind, const char *name, int x,
                 at_layer_options options) {
    return at_net_layer(spec, kind, name, x, &options);
}

/* Convolutions with a bias and even kernels, every pool, a sum, sigmoids. */
static int build_pools(at_net_spec *spec) {
    int x = layer(spec, "convolution", "a", 0,
                  (at_layer_options){.filters = 20, .kernel = 3, .pad = 1, .bias = true});
    x = layer(spec, "relu", "r", x, (at_layer_options){0});
    int y = layer(
        spec, "average_pool", "avg", x,
        (at_layer_options){.kernel = 3, .stride = 2, .pad = 1}); /* past the edges */
    int z = layer(spec, "max_pool", "max", x,
                  (at_layer_options){.kernel = 3, .stride = 2, .pad = 1});
    x = at_net_sum(spec, "sum", y, z);
    x = layer(spec, "convolution", "b", x,
              (at_layer_options){.filters = 4, .kernel = 2, .stride = 2});
    x = layer(spec, "flatten", "flat", x, (at_layer_options){0});
    x = layer(spec, "fully_connected", "hidden", x,
              (at_layer_options){.filters = 18, .bias = true});
    x = layer(spec, "relu", "rectified", x, (at_layer_options){0});
    x = layer(spec, "fully_connected", "fc", x, (at_layer_options){.filters = CLASSES});
    return layer(spec, "sigmoid", "loss", x, (at_layer_options){0});
}

/* Batch norms first, alone and with a ReLU; dropout; a softmax. */
static int build_norms(at_net_spec *spec) {
    int x = layer(spec, "batch_norm", "data", 0,
                  (at_layer_options){.fixed_scale = true, .epsilon = 2e-5F});
    x = layer(spec, "convolution", "a", x,
              (at_layer_options){.filters = 33, .kernel = 5, .stride = 2, .pad = 2});
    x = layer(spec, "batch_norm", "bn", x, (at_layer_options){0});
    x = layer(spec, "dropout", "drop", x, (at_layer_options){.rate = 0.5F});
    x = layer(spec, "global_pool", "pool", x, (at_layer_options){0});
    x = layer(spec, "fully_connected", "fc", x,
              (at_layer_options){.filters = CLASSES, .bias = true});
    return layer(spec, "softmax", "loss", x, (at_layer_options){0});
}

static const struct {
    const char *name;
    int (*build)(at_net_spec *spec);
} nets[] = {{"pools", build_pools}, {"norms", build_norms}};

/* A file for the other side, or nothing. */
static void leave(const char *folder, const char *name, const char *what,
                  const void *bytes, size_t length) {
    at_error err;
    at_text path = {0};
    if (!getenv("ATELIER_ONNX_FOLDER"))
        return;
    at_text_format(&path, "%s/%s.%s", folder, name, what);
    assert_ok(at_file_write(at_text_get(&path), bytes, length, &err), &err);
    at_text_fini(&path);
}

static void run(at_net *net, const char *folder, const char *name) {
    uint8_t bytes[COUNT_IMAGES * 17 * 14 * 3];
    at_rng rng;
    at_rng_init(&rng, 9);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)at_rng_below(&rng, 256);
    at_batch batch = {.count = COUNT_IMAGES, .bytes = bytes};
    for (int c = 0; c < 3; c++) {
        batch.mean[c] = mean[c];
        batch.scale[c] = 1 / deviation[c];
    }
    (void)at_net_forward(net, &batch);
    float output[COUNT_IMAGES][CLASSES];
    for (int32_t n = 0; n < COUNT_IMAGES; n++)
        memcpy(output[n], at_net_output(net, n), sizeof output[n]);
    leave(folder, name, "input", bytes, sizeof bytes);
    leave(folder, name, "output", output, sizeof output);
}

static at_status write_onnx(const at_net_spec *spec, const char *weights,
                            const char *path, at_error *err) {
    const at_meta meta[] = {{"classes", "[\"a\"]"}};
    at_net_onnx_options options = {.mean = mean,
                                   .deviation = deviation,
                                   .name = "test",
                                   .text = "a test",
                                   .meta = meta,
                                   .meta_count = 1};
    at_safetensors *file;
    assert_ok(at_safetensors_open(weights, &file, err), err);
    at_status status = at_net_onnx_write(spec, file, &options, path, err);
    at_safetensors_release(file);
    return status;
}

static void check(size_t index, const char *folder) {
    at_error err;
    at_net_spec *spec;
    const char *name = nets[index].name;
    assert_ok(at_net_spec_new(image, &spec, &err), &err);
    assert_true(nets[index].build(spec) > 0);
    at_net_options options = {.batch = COUNT_IMAGES, .parts = 1};
    at_net *net = net_make(spec, &options, NULL);
    at_net_initialize(net, 3);
    net_shake(net, 4);
    at_net_prepare(net);
    run(net, folder, name);
    at_text weights = {0}, path = {0};
    at_text_format(&weights, "%s/%s.safetensors", folder, name);
    at_text_format(&path, "%s/%s.onnx", folder, name);
    assert_ok(at_image_weights_save(net, at_text_get(&weights), &err), &err);
    assert_ok(write_onnx(spec, at_text_get(&weights), at_text_get(&path), &err), &err);
    assert_true(at_file_size(at_text_get(&path)) > 1000);
    /* Weights of another net: told, and no file is left. */
    const float one = 1;
    const at_array other = {.name = "a.weight", .dtype = AT_DTYPE_F32, .data = &one};
    assert_ok(at_safetensors_write(at_text_get(&weights), &other, 1, NULL, 0, &err),
              &err);
    at_text_put(&path, ".no");
    assert_int_equal(write_onnx(spec, at_text_get(&weights), at_text_get(&path), &err),
                     AT_CORRUPT);
    assert_non_null(strstr(err.text, "the weights lack"));
    assert_false(at_file_exists(at_text_get(&path)));
    at_text_fini(&weights);
    at_text_fini(&path);
    at_net_release(net);
    at_net_spec_release(spec);
}

static void test_nets(void **state) {
    (void)state;
    char made[] = "/tmp/at-onnx-XXXXXX";
    const char *given = getenv("ATELIER_ONNX_FOLDER");
    const char *folder = given ? given : mkdtemp(made);
    assert_non_null(folder);
    for (size_t i = 0; i < COUNT(nets); i++)
        check(i, folder);
    at_error err;
    if (!given)
        assert_ok(at_file_remove(folder, &err), &err);
}

/* The examples of protobuf.dev/programming-guides/encoding. */
static void test_protobuf(void **state) {
    (void)state;
    at_text message = {0}, outer = {0};
    at_protobuf_int(&message, 1, 150);
    assert_memory_equal(at_text_get(&message), "\x08\x96\x01", 3);
    at_protobuf_message(&outer, 3, &message);
    assert_int_equal(outer.length, 5);
    assert_memory_equal(at_text_get(&outer), "\x1a\x03\x08\x96\x01", 5);
    at_text_clear(&message);
    at_protobuf_text(&message, 2, "testing");
    assert_int_equal(message.length, 9);
    assert_memory_equal(at_text_get(&message), "\x12\x07testing", 9);
    at_text_clear(&message);
    at_protobuf_int(&message, 2, -2); /* ten bytes: two's complement of 64 bits */
    assert_int_equal(message.length, 11);
    at_text_clear(&message);
    at_protobuf_float(&message, 2, 1);
    assert_memory_equal(at_text_get(&message), "\x15\x00\x00\x80\x3f", 5);
    at_text_clear(&message);
    at_protobuf_head(&message, 16, 300);
    assert_int_equal(message.length, at_protobuf_head_size(16, 300));
    assert_int_equal(message.length, 4);
    at_text_fini(&message);
    at_text_fini(&outer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nets),
        cmocka_unit_test(test_protobuf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
