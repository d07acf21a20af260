/* The hyperparameters of image-classification: defaults, what hangs together, the rate's
 * schedule and the patience. */
#include "unit.h"

#include "ops/learn/image_params.h"

static at_arena arena;

static at_image_params given(const char *json) {
    at_image_params params;
    at_error err = {0};
    json_t *object = json_loads(json, 0, NULL);
    assert_non_null(object);
    assert_ok(at_params_from_json(at_image_param_table, at_image_param_count, object,
                                  &arena, &params, &err),
              &err);
    json_decref(object);
    return params;
}

static int release(void **state) {
    (void)state;
    at_arena_fini(&arena);
    return 0;
}

/* The values of the developer guide's table. */
static void test_defaults(void **state) {
    (void)state;
    at_image_params p = given("{}");
    assert_int_equal(p.num_layers, 152);
    assert_string_equal(p.image_shape, "3,224,224");
    assert_int_equal(p.epochs, 30);
    assert_int_equal(p.mini_batch_size, 32);
    assert_same_real(p.learning_rate, 0.1);
    assert_same_real(p.momentum, 0.9);
    assert_same_real(p.weight_decay, 1e-4);
    assert_same_real(p.eps, 1e-8);
    assert_string_equal(p.optimizer, "sgd");
    assert_null(p.lr_scheduler_step);
    assert_int_equal(p.early_stopping_min_epochs, 10);
    assert_false(p.early_stopping);
    at_image_config config;
    at_error err = {0};
    assert_ok(at_image_params_check(&p, 257, &config, &err), &err);
    assert_int_equal(config.channels, 3);
    assert_int_equal(config.height, 224);
    assert_int_equal(config.classes, 257);
}

static void refused(const char *json, int32_t classes, const char *part) {
    at_image_params p = given(json);
    at_image_config config;
    at_error err = {0};
    assert_int_equal(at_image_params_check(&p, classes, &config, &err), AT_INVALID);
    if (!strstr(err.text, part))
        fail_msg("'%s' is not in '%s'", part, err.text);
}

static void test_what_hangs_together(void **state) {
    (void)state;
    refused("{\"image_shape\": \"3,224\"}", 2, "image_shape is '3,224'");
    refused("{\"image_shape\": \"2,32,32\", \"num_layers\": \"18\"}", 2, "2 channels");
    refused("{\"image_shape\": \"3,28,28\", \"num_layers\": \"18\"}", 2, "28 rows");
    refused("{\"num_layers\": \"20\"}", 2, "224 rows");
    refused("{\"num_layers\": \"18\", \"lr_scheduler_step\": \"20,10\"}", 2, "20,10");
    refused("{\"num_layers\": \"18\", \"lr_scheduler_step\": \"5,\"}", 2, "5,");
    refused("{\"num_layers\": \"18\", \"num_classes\": \"3\"}", 5, "5 classes");
    refused("{\"num_layers\": \"18\"}", 1, "1 class;");
    refused("{\"num_layers\": \"18\", \"top_k\": \"5\"}", 5, "top_k is 5");
    refused("{\"num_layers\": \"18\", \"epochs\": \"3\", "
            "\"checkpoint_frequency\": \"4\"}",
            2, "checkpoint_frequency is 4");
    refused("{\"num_layers\": \"18\", \"multi_label\": \"1\", \"num_classes\": \"5\"}", 3,
            "num_classes is 5");
    refused("{\"num_layers\": \"18\", \"multi_label\": \"1\", \"top_k\": \"2\"}", 3,
            "top_k");
    refused("{\"num_layers\": \"18\", \"use_weighted_loss\": \"1\"}", 5, "multi_label");
}

static void test_the_rate_falls_after_its_epochs(void **state) {
    (void)state;
    at_image_params p = given("{\"num_layers\": \"18\", \"learning_rate\": \"0.5\", "
                              "\"lr_scheduler_step\": \"2, 4\", "
                              "\"lr_scheduler_factor\": \"0.5\"}");
    at_image_config config;
    at_error err = {0};
    assert_ok(at_image_params_check(&p, 2, &config, &err), &err);
    const double want[] = {0.5, 0.5, 0.25, 0.25, 0.125, 0.125};
    for (int64_t epoch = 0; epoch < 6; epoch++)
        assert_same_real(at_image_learning_rate(&p, &config, epoch), want[epoch]);
}

static void test_patience(void **state) {
    (void)state;
    at_image_params p =
        given("{\"early_stopping\": \"True\", \"early_stopping_min_epochs\": \"3\", "
              "\"early_stopping_patience\": \"2\", "
              "\"early_stopping_tolerance\": \"0.1\"}");
    at_image_patience patience = {0};
    assert_false(at_image_patience_step(&patience, &p, 0, 0.5));
    assert_false(at_image_patience_step(&patience, &p, 1, 0.54)); /* under 10 % more */
    assert_true(at_image_patience_step(&patience, &p, 2, 0.549));
    patience = (at_image_patience){0};
    assert_false(at_image_patience_step(&patience, &p, 0, 0.5));
    assert_false(at_image_patience_step(&patience, &p, 1, 0.5));
    assert_false(at_image_patience_step(&patience, &p, 2, 0.6));
    assert_false(at_image_patience_step(&patience, &p, 3, 0.6));
    assert_true(at_image_patience_step(&patience, &p, 4, 0.6));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_defaults, release),
        cmocka_unit_test_teardown(test_what_hangs_together, release),
        cmocka_unit_test_teardown(test_the_rate_falls_after_its_epochs, release),
        cmocka_unit_test_teardown(test_patience, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
