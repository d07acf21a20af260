/* Each hyperparameter of image-classification against a training without it: it changes
 * the weights, or the log, or it is told that it does nothing. And what a training
 * leaves.
 */
#include "ops/base/clock.h"
#include "ops/base/rng.h"
#include "ops/base/text.h"
#include "ops/image/gather.h"
#include "ops/learn/image_train.h"
#include "ops/learn/model.h"
#include "tests/unit/images.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

enum { IMAGES = 18, SIDE = 20 };

typedef struct world {
    char *folder;
    at_images *images, *grey;
    at_frame *frame, *grey_frame;
    at_pool *pool;
    at_text log; /* of the last training */
    int runs;
} world;

/* Pictures of three classes, which differ in their left columns; `channels` 1 or 3. */
static void make_set(world *w, int32_t channels, const char *name, at_images **images,
                     at_frame **frame) {
    at_error err;
    char *scratch = at_path_join(w->folder, "scratch");
    char *path = at_path_join(w->folder, name);
    at_gather *g;
    int fd = open(scratch, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_ok(at_gather_new(fd, scratch, NULL, false, &g, &err), &err);
    at_image_sink sink = at_gather_sink(g);
    static const char *const names[] = {"ant", "bee", "cat"};
    assert_ok(sink.classes(sink.context, names, 3, &err), &err);
    for (int i = 0; i < IMAGES; i++) {
        at_text file = {0};
        float label = (float)(i % 3);
        at_image image = pattern(SIDE, SIDE, channels);
        for (int k = 0; k < SIDE * SIDE * channels; k++)
            if (k / channels % SIDE / 7 == i % 3)
                at_image_own(&image)[k] = (uint8_t)(150 + (k * (i + 3)) % 100);
        at_text_format(&file, "P%d\n%d %d\n255\n", channels == 3 ? 6 : 5, SIDE, SIDE);
        at_text_append(&file, (const char *)image.pixels,
                       (size_t)(SIDE * SIDE * channels));
        at_image_item item = {file.data, file.length, &label, 1, "x", "x"};
        assert_ok(sink.image(sink.context, &item, &err), &err);
        at_image_fini(&image);
        at_text_fini(&file);
    }
    at_frame *made;
    assert_ok(at_gather_finish(g, &made, &err), &err);
    assert_ok(at_gather_save(g, made, path, &err), &err);
    at_frame_release(made);
    at_gather_release(g);
    assert_int_equal(unlink(scratch), 0);
    assert_ok(at_images_open(path, images, &err), &err);
    assert_ok(at_frame_open(path, frame, &err), &err);
    at_free(scratch);
    at_free(path);
}

static int setup(void **state) {
    static world w;
    at_error err;
    w = (world){.folder = at_test_folder()};
    make_set(&w, 3, "set.safetensors", &w.images, &w.frame);
    make_set(&w, 1, "grey.safetensors", &w.grey, &w.grey_frame);
    assert_ok(at_pool_new(1, &w.pool, &err), &err);
    *state = &w;
    return 0;
}

static int teardown(void **state) {
    world *w = *state;
    at_images_release(w->images);
    at_images_release(w->grey);
    at_frame_release(w->frame);
    at_frame_release(w->grey_frame);
    at_pool_release(w->pool);
    at_text_fini(&w->log);
    at_test_folder_remove(w->folder);
    return 0;
}

static void on_log(void *context, const char *line) {
    world *w = context;
    at_text_format(&w->log, "%s\n", line);
}

/* "optimizer = adam; eps = 1" over a few of the smallest settings. */
static json_t *settings(const char *more) {
    json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:s}", "num_layers", "20",
                            "image_shape", "3,16,16", "epochs", "2", "mini_batch_size",
                            "6", "learning_rate", "0.05");
    char text[400];
    snprintf(text, sizeof text, "%s", more);
    for (char *at = text; *at;) {
        char *end = at + strcspn(at, ";"), *equals = strstr(at, " = ");
        char *next = *end ? end + 1 : end;
        *end = '\0';
        assert_non_null(equals);
        *equals = '\0';
        json_object_set_new(all, at + strspn(at, " "), json_string(equals + 3));
        at = next;
    }
    return all;
}

/* Trains; *place: the model's folder (at_free). The holdout is the validation set. */
static at_status train(world *w, const char *more, uint64_t seed, double holdout,
                       char **place, at_error *err) {
    const at_fit_events events = {.context = w, .log = on_log};
    char name[24];
    json_t *given = settings(more);
    bool grey =
        strcmp(json_string_value(json_object_get(given, "image_shape")), "1,16,16") == 0;
    snprintf(name, sizeof name, "model-%d", w->runs++);
    *place = at_path_join(w->folder, name);
    at_text_clear(&w->log);
    at_image_train_request request = {.hyperparameters = given,
                                      .target = "label",
                                      .train = grey ? w->grey_frame : w->frame,
                                      .train_images = grey ? w->grey : w->images,
                                      .holdout = holdout,
                                      .seed = seed,
                                      .pool = w->pool,
                                      .events = &events};
    at_status status = at_image_train(&request, *place, err);
    json_decref(given);
    return status;
}

static void fnv_of_file(const char *folder, char out[17]) {
    at_text bytes = {0};
    at_error err;
    char *path = at_path_join(folder, "weights.safetensors");
    assert_ok(at_file_read(path, 1 << 26, &bytes, &err), &err);
    fnv((const uint8_t *)bytes.data, bytes.length, out);
    at_text_fini(&bytes);
    at_free(path);
}

static void weights_after(world *w, const char *more, uint64_t seed, char out[17]) {
    char *place;
    at_error err = {0};
    assert_ok(train(w, more, seed, 0, &place, &err), &err);
    fnv_of_file(place, out);
    at_free(place);
}

/* With `more` the weights are others than with `base` alone, or not. */
static void changes(world *w, const char *base, const char *more, bool differ) {
    char with[17], without[17], all[400];
    weights_after(w, base, 1, without);
    snprintf(all, sizeof all, "%s%s%s", base, *base ? ";" : "", more);
    weights_after(w, all, 1, with);
    if ((strcmp(with, without) != 0) != differ)
        fail_msg("'%s' over '%s': the weights are %s", more, base,
                 differ ? "the same" : "others");
}

static void test_what_changes_the_weights(void **state) {
    world *w = *state;
    changes(w, "", "learning_rate = 0.02", true);
    changes(w, "", "epochs = 1", true);
    changes(w, "", "mini_batch_size = 9", true);
    changes(w, "", "num_layers = 32", true);
    changes(w, "", "image_shape = 3,18,18", true);
    changes(w, "", "image_shape = 1,16,16", true);
    changes(w, "", "num_classes = 5", true);
    changes(w, "", "momentum = 0.5", true);
    changes(w, "", "weight_decay = 0.1", true);
    changes(w, "", "lr_scheduler_step = 1", true);
    changes(w, "lr_scheduler_step = 1", "lr_scheduler_factor = 0.5", true);
    changes(w, "", "augmentation_type = crop", true);
    changes(w, "augmentation_type = crop", "augmentation_type = crop_color", true);
    changes(w, "augmentation_type = crop_color",
            "augmentation_type = crop_color_transform", true);
    changes(w, "", "resize = 17", true);
    changes(w, "", "optimizer = nag", true);
    changes(w, "", "optimizer = adam", true);
    changes(w, "", "optimizer = rmsprop", true);
    changes(w, "optimizer = adam", "beta_1 = 0.5", true);
    changes(w, "optimizer = adam", "beta_2 = 0.9", true);
    changes(w, "optimizer = adam", "eps = 0.1", true);
    changes(w, "optimizer = rmsprop", "eps = 0.1", true);
    changes(w, "optimizer = rmsprop", "gamma = 0.5", true);
    char one[17], two[17];
    weights_after(w, "", 1, one);
    weights_after(w, "", 2, two);
    assert_string_not_equal(one, two);
}

static void told(world *w, const char *words) {
    if (!strstr(at_text_get(&w->log), words))
        fail_msg("'%s' is not in\n%s", words, at_text_get(&w->log));
}

/* What does nothing changes nothing, and says so. */
static void test_what_has_no_effect_is_told(void **state) {
    world *w = *state;
    const char *const cases[][3] = {
        {"optimizer = adam", "momentum = 0.1", "momentum has no effect: it is for sgd"},
        {"optimizer = rmsprop", "weight_decay = 0.1", "weight_decay has no effect"},
        {"", "beta_1 = 0.1", "beta_1 has no effect"},
        {"optimizer = nag", "beta_2 = 0.1", "beta_2 has no effect"},
        {"", "eps = 0.1", "eps has no effect"},
        {"optimizer = adam", "gamma = 0.1", "gamma has no effect"},
        {"", "lr_scheduler_factor = 0.3", "lr_scheduler_factor has no effect"},
        {"", "kv_store = dist_sync", "kv_store has no effect: one process trains"},
        {"", "early_stopping_patience = 2", "early_stopping is off"},
        {"", "early_stopping = 1", "no validation set to stop by"},
        {"", "checkpoint_frequency = 1", "no folder for checkpoints"},
        {"", "num_training_samples = 7", "num_training_samples is 7, but there are 18"},
        {"", "precision_dtype = float32", ""},
        {"", "multi_label = 0", ""},
        {"", "use_pretrained_model = 0", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        changes(w, cases[i][0], cases[i][1], false);
        told(w, cases[i][2]);
    }
}

static void test_what_the_log_says(void **state) {
    world *w = *state;
    at_error err = {0};
    char *place;
    assert_ok(train(w, "top_k = 2; mini_batch_size = 40", 1, 0.34, &place, &err), &err);
    told(w, "Epoch[1] Train-top_k_accuracy_2=");
    told(w, "Epoch[1] Validation-top_k_accuracy_2=");
    told(w, "mini_batch_size is more than the 12 training images");
    at_free(place);
    /* A rate of 0 learns nothing: patience is at its end as early as may be. */
    assert_ok(train(w,
                    "learning_rate = 0; epochs = 9; early_stopping = True; "
                    "early_stopping_min_epochs = 3; early_stopping_patience = 2; "
                    "early_stopping_tolerance = 0.9",
                    1, 0.34, &place, &err),
              &err);
    told(w, "Epoch[2] Train-accuracy");
    assert_null(strstr(at_text_get(&w->log), "Epoch[4]"));
    at_free(place);
}

static void refused(world *w, const char *more, const char *words) {
    at_error err = {0};
    char *place;
    assert_int_not_equal(train(w, more, 1, 0, &place, &err), AT_OK);
    if (!strstr(err.text, words) && !strstr(err.hint, words))
        fail_msg("'%s' is neither in '%s' nor in '%s'", words, err.text, err.hint);
    at_free(place);
}

static void test_refusals(void **state) {
    world *w = *state;
    refused(w, "use_pretrained_model = 1", "--weights FILE");
    refused(w, "image_shape = 3,24,24", "18 of 18 images");
    refused(w, "resize = 8", "resize");
    refused(w, "num_classes = 2", "3 classes");
    refused(w, "num_layers = 18", "16 rows");
    refused(w, "num_layers = 21", "20, 32, 44, 56 or 110");
    refused(w, "learning_rate = 1.5", "learning_rate");
    refused(w, "lr_scheduler_factor = 2", "lr_scheduler_factor");
    refused(w, "momentum = 2", "momentum");
    refused(w, "top_k = 1", "top_k");
    refused(w, "top_k = 3", "fewer than the 3 classes");
    refused(w, "checkpoint_frequency = 3", "at most the number of epochs, 2");
    refused(w, "early_stopping_tolerance = 2", "early_stopping_tolerance");
    refused(w, "augmentation_type = crops", "crop");
    refused(w, "optimizer = adams", "adam");
    refused(w, "kv_store = dist", "dist_sync");
    refused(w, "multi_label = 1", "is no list of labels");
    refused(w, "epochs = 0", "epochs");
}

/* The same again, bit for bit; and what is left can be asked. */
static void test_the_same_again(void **state) {
    world *w = *state;
    at_error err = {0};
    char one[17], two[17], *place;
    weights_after(w, "augmentation_type = crop_color_transform", 3, one);
    weights_after(w, "augmentation_type = crop_color_transform", 3, two);
    assert_string_equal(one, two);
    assert_ok(train(w, "epochs = 8", 3, 0, &place, &err), &err);
    at_model *model;
    assert_ok(at_model_load(place, &model, &err), &err);
    at_predictions p;
    assert_ok(at_model_predict_images(model, w->frame, w->images, NULL, &p, &err), &err);
    assert_int_equal(p.rows, IMAGES);
    assert_int_equal(p.outputs, 3);
    for (int64_t r = 0; r < p.rows; r++) {
        double sum = 0;
        for (int c = 0; c < 3; c++)
            sum += p.scores[3 * r + c];
        assert_true(fabs(sum - 1) < 1e-5);
    }
    at_predictions_fini(&p);
    at_model_release(model);
    at_free(place);
}

/* In a process of its own, with a checkpoint after every step; it never returns. */
static void train_in_child(world *w, const char *place, const char *checkpoints) {
    at_error err;
    at_pool *pool;
    json_t *given = settings("epochs = 6; augmentation_type = crop; optimizer = adam; "
                             "learning_rate = 0.01; lr_scheduler_step = 2,4");
    if (at_pool_new(2, &pool, &err) != AT_OK)
        _exit(2);
    at_image_train_request request = {.hyperparameters = given,
                                      .target = "label",
                                      .train = w->frame,
                                      .train_images = w->images,
                                      .holdout = 0.34,
                                      .checkpoints = checkpoints,
                                      .checkpoint_every = 1e-9,
                                      .seed = 4,
                                      .pool = pool};
    at_status status = at_image_train(&request, place, &err);
    at_pool_release(pool);
    json_decref(given);
    _exit(status == AT_OK ? 0 : 1);
}

/* Runs it until it is done, or for so many microseconds, then SIGKILL. True: done. */
static bool run_for(world *w, const char *place, const char *checkpoints, uint64_t us) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        train_in_child(w, place, checkpoints);
    if (us) {
        usleep((useconds_t)us);
        kill(child, SIGKILL);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) ? us && WTERMSIG(how) == SIGKILL
                                 : WEXITSTATUS(how) == 0);
    return !WIFSIGNALED(how);
}

/* Killed at random moments, also within an epoch and while files are written: the
 * weights are those of a run that nothing disturbed. */
static void test_killed(void **state) {
    world *w = *state;
    at_rng rng;
    at_rng_init(&rng, 9);
    at_error err;
    char whole[17], torn[17];
    char *place = at_path_join(w->folder, "whole"), *kept = at_path_join(w->folder, "c1");
    assert_ok(at_folder_make(kept, &err), &err);
    double began = at_now();
    assert_true(run_for(w, place, kept, 0));
    uint64_t lasts = (uint64_t)(1e6 * (at_now() - began));
    fnv_of_file(place, whole);
    at_free(place);
    at_free(kept);
    place = at_path_join(w->folder, "torn");
    kept = at_path_join(w->folder, "c2");
    assert_ok(at_folder_make(kept, &err), &err);
    int kills = 0;
    while (kills < 5 && !run_for(w, place, kept, 1000 + at_rng_below(&rng, lasts / 2)))
        kills++;
    if (kills == 5)
        assert_true(run_for(w, place, kept, 0));
    assert_true(kills >= 1);
    fnv_of_file(place, torn);
    assert_string_equal(torn, whole);
    at_free(place);
    at_free(kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_changes_the_weights),
        cmocka_unit_test(test_what_has_no_effect_is_told),
        cmocka_unit_test(test_what_the_log_says),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_the_same_again),
        cmocka_unit_test(test_killed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
