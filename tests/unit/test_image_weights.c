/* Weights from elsewhere: a file with torchvision's names, as PyTorch writes it, against
 * the logits that PyTorch computed with it (golden/imported.txt, by golden/imported.py);
 * and files that are not what they should be. */
#include "net_world.h"
#include "resnet_formula.h"

#include "ops/base/safetensors.h"
#include "ops/learn/image_weights.h"
#include "ops/nn/resnet.h"

#include <unistd.h>

enum { CLASSES = 10, CASES = 3, ARRAYS = 1024, LINE = 512 };

static const double LOGITS_TOLERANCE = 1e-4; /* of the largest */

static const char *path_of(char path[64], const char *name) {
    snprintf(path, 64, "/tmp/at-%s-%ld.safetensors", name, (long)getpid());
    return path;
}

static at_net_spec *resnet(int depth, at_dims image) {
    at_error err;
    at_net_spec *spec;
    at_resnet_options options = {
        .version = 1, .depth = depth, .image = image, .classes = CLASSES};
    assert_ok(at_resnet_new(&options, &spec, &err), &err);
    return spec;
}

/* The file: every parameter by the formula, and the counters that PyTorch adds. `change`
 * may spoil arrays before they are written. */
static void write_file(const char *path, const at_net *net,
                       void (*change)(at_array *arrays, size_t *count)) {
    static const int64_t batches = 7;
    static char counters[ARRAYS][96];
    at_array arrays[ARRAYS];
    at_error err;
    const at_net_plan *plan = at_net_plan_of(net);
    size_t own = at_net_parameter_count(plan), count = 0;
    assert_true(own * 2 <= ARRAYS);
    for (size_t i = 0; i < own; i++) {
        const at_parameter *parameter = at_net_parameter(plan, i);
        const char *name = at_net_parameter_name(plan, i);
        size_t values = at_net_parameter_values(plan, i);
        float *data = at_alloc_array(values, sizeof *data);
        for (size_t k = 0; k < values; k++)
            data[k] = formula_value(name, parameter, k);
        arrays[count] = (at_array){
            .name = name, .dtype = AT_DTYPE_F32, .rank = parameter->rank, .data = data};
        memcpy(arrays[count++].shape, parameter->shape, sizeof parameter->shape);
    }
    for (size_t i = 0; i < own; i++)
        if (at_net_parameter(plan, i)->role == AT_ROLE_MEAN) {
            snprintf(counters[i], sizeof counters[i], "%.*snum_batches_tracked",
                     (int)(strlen(arrays[i].name) - strlen("running_mean")),
                     arrays[i].name);
            arrays[count++] = (at_array){
                .name = counters[i], .dtype = AT_DTYPE_I64, .rank = 0, .data = &batches};
        }
    const float *kept[ARRAYS];
    for (size_t i = 0; i < own; i++)
        kept[i] = arrays[i].data;
    if (change)
        change(arrays, &count);
    assert_ok(at_safetensors_write(path, arrays, count, NULL, 0, &err), &err);
    for (size_t i = 0; i < own; i++)
        at_free((void *)(uintptr_t)kept[i]);
}

static at_status load(const char *path, at_net *net, const char *except, at_error *err) {
    at_safetensors *file;
    assert_ok(at_safetensors_open(path, &file, err), err);
    at_status status = at_image_weights_load(net, file, except, err);
    at_safetensors_release(file);
    return status;
}

/* ---- against PyTorch ---- */

static void check_case(FILE *golden) {
    char line[LINE], path[64];
    at_error err;
    int depth, batch;
    at_dims image;
    assert_non_null(fgets(line, sizeof line, golden));
    assert_int_equal(
        sscanf(line, "case %d %d %d %d %d", &depth, &image.c, &image.h, &image.w, &batch),
        5);
    at_net_spec *spec = resnet(depth, image);
    at_net_options options = {.batch = batch, .parts = 1};
    at_net *net = net_make(spec, &options, NULL);
    write_file(path_of(path, "imported"), net, NULL);
    assert_ok(load(path, net, NULL, &err), &err);
    unlink(path);
    at_net_prepare(net);
    size_t values = (size_t)(batch * image.c * image.h * image.w);
    float *images = at_alloc_array(values, sizeof *images);
    for (size_t i = 0; i < values; i++)
        images[i] = (float)formula_uniform("images", i);
    at_batch data = {.count = batch, .nchw = images};
    (void)at_net_forward(net, &data);
    double largest = 1, off = 0;
    for (int32_t n = 0; n < batch; n++) {
        const float *ours = at_net_logits(net, n);
        assert_non_null(fgets(line, sizeof line, golden));
        char *at = line + strlen("logits");
        for (int k = 0; k < CLASSES; k++) {
            double want = strtod(at, &at);
            largest = fmax(largest, fabs(want));
            off = fmax(off, fabs((double)ours[k] - want));
        }
    }
    print_message("ResNet-%d, %d x %d: %.2g of the largest logit off\n", depth,
                  (int)image.h, (int)image.w, off / largest);
    assert_true(off <= LOGITS_TOLERANCE * largest);
    at_free(images);
    at_net_release(net);
    at_net_spec_release(spec);
}

static void test_against_pytorch(void **state) {
    (void)state;
    FILE *golden = fopen(ATELIER_SOURCE "/tests/unit/golden/imported.txt", "r");
    assert_non_null(golden);
    for (int i = 0; i < CASES; i++)
        check_case(golden);
    fclose(golden);
}

/* ---- the last layer, and damage ---- */

static void drop_last_layer(at_array *arrays, size_t *count) {
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (strncmp(arrays[i].name, "fc.", 3) != 0)
            arrays[kept++] = arrays[i];
    *count = kept;
}

static void turn_first(at_array *arrays, size_t *count) {
    (void)count;
    arrays[0].shape[0] /= 2;
    arrays[0].shape[1] *= 2;
}

static void other_type(at_array *arrays, size_t *count) {
    (void)count;
    arrays[1].dtype = AT_DTYPE_I32;
}

static void test_what_does_not_fit(void **state) {
    (void)state;
    const at_dims image = {3, 32, 32};
    char path[64];
    at_error err;
    at_net_spec *spec = resnet(20, image);
    at_net_options options = {.batch = 1, .parts = 1};
    at_net *net = net_make(spec, &options, NULL);
    write_file(path_of(path, "damaged"), net, drop_last_layer);
    assert_int_equal(load(path, net, NULL, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "fc.weight"));
    assert_ok(load(path, net, at_resnet_head(1), &err), &err);
    write_file(path, net, turn_first);
    assert_int_equal(load(path, net, NULL, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "'conv1.weight' of the weights is 8 x 6 x 3 x 3"));
    assert_non_null(strstr(err.text, "this net's is 16 x 3 x 3 x 3"));
    write_file(path, net, other_type);
    assert_int_equal(load(path, net, NULL, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "I32"));
    unlink(path);
    at_net_release(net);
    at_net_spec_release(spec);
}

/* ---- other precisions ---- */

typedef struct precision {
    at_dtype dtype;
    size_t size;
    union {
        double wide;
        uint16_t half;
    } given[4];
    float want[4];
} precision;

static const precision precisions[] = {
    {AT_DTYPE_F64,
     8,
     {{.wide = 1.5}, {.wide = -0.25}, {.wide = 0}, {.wide = 1e-3}},
     {1.5F, -0.25F, 0, 1e-3F}},
    /* 65504 is the largest, 2^-24 the least above 0 (IEEE 754 binary16). */
    {AT_DTYPE_F16,
     2,
     {{.half = 0x7bff}, {.half = 0x0001}, {.half = 0xc000}, {.half = 0x3555}},
     {65504, 0x1p-24F, -2, 0x1.554p-2F}},
    {AT_DTYPE_BF16,
     2,
     {{.half = 0x3f80}, {.half = 0xc049}, {.half = 0x0000}, {.half = 0x4000}},
     {1, -3.140625F, 0, 2}},
};

/* A fully connected layer of 2 x 2, in each precision. */
static void test_precisions(void **state) {
    (void)state;
    char path[64];
    at_error err;
    at_net_spec *spec;
    assert_ok(at_net_spec_new((at_dims){2, 1, 1}, &spec, &err), &err);
    int x =
        at_net_layer(spec, "fully_connected", "fc", 0, &(at_layer_options){.filters = 2});
    at_net_layer(spec, "softmax", "loss", x, NULL);
    at_net_options options = {.batch = 1, .parts = 1};
    at_net *net = net_make(spec, &options, NULL);
    for (size_t i = 0; i < COUNT(precisions); i++) {
        const precision *it = &precisions[i];
        char bytes[32];
        float got[4];
        for (size_t k = 0; k < 4; k++)
            memcpy(bytes + k * it->size, &it->given[k], it->size);
        const at_array array = {.name = "fc.weight",
                                .dtype = it->dtype,
                                .rank = 2,
                                .shape = {2, 2},
                                .data = bytes};
        assert_ok(
            at_safetensors_write(path_of(path, "precision"), &array, 1, NULL, 0, &err),
            &err);
        assert_ok(load(path, net, NULL, &err), &err);
        at_net_get(net, 0, got);
        for (int k = 0; k < 4; k++)
            assert_true(got[k] == it->want[k]);
    }
    unlink(path);
    at_net_release(net);
    at_net_spec_release(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_pytorch),
        cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_precisions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
