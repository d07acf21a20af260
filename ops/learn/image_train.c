#include "ops/learn/image_train.h"
#include "ops/base/clock.h"
#include "ops/base/file.h"
#include "ops/base/text.h"
#include "ops/frame/split.h"
#include "ops/image/pipeline.h"
#include "ops/learn/image_checkpoint.h"
#include "ops/learn/image_data.h"
#include "ops/learn/image_parts.h"
#include "ops/learn/image_weights.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { KEPT_BYTES = 1 << 30 }; /* most memory for decoded pictures, each set */

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to train");
}

static void say(const at_image_train_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(const at_image_train_request *request, const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (request->events && request->events->log)
        request->events->log(request->events->context, line);
}

static void point(const at_image_train_request *request, const char *series,
                  const char *metric, double x, double y) {
    if (request->events && request->events->point && isfinite(y))
        request->events->point(request->events->context, series, metric, x, y);
}

/* ---- the data ---- */

static at_status hold_out(at_image_training *t, const at_frame *all, int label,
                          at_error *err) {
    const at_image_train_request *request = t->request;
    const double share[2] = {1 - request->holdout, request->holdout};
    at_split split;
    AT_TRY(at_split_rows(all, label, share, 2, request->seed, &split, err));
    at_frame *part[2] = {NULL, NULL};
    at_status status = AT_OK;
    for (int i = 0; status == AT_OK && i < 2; i++)
        status = at_frame_take_rows(all, split.rows[i], split.count[i], &part[i], err);
    at_split_fini(&split);
    if (status == AT_OK)
        status = at_image_data_init(part[0], request->train_images, request->target,
                                    &t->target, &t->train, err);
    if (status == AT_OK && at_frame_rows(part[1]) > 0)
        status = at_image_data_init(part[1], request->train_images, request->target,
                                    &t->target, &t->validation, err);
    at_frame_release(part[0]);
    at_frame_release(part[1]);
    return status;
}

static at_status take_data(at_image_training *t, at_error *err) {
    const at_image_train_request *request = t->request;
    int label = at_frame_find(request->train, request->target);
    if (label < 0)
        return at_fail(err, AT_INVALID, "the dataset has no column '%s'",
                       request->target);
    AT_TRY(at_target_learn(at_frame_column(request->train, label), 0, &t->target, err));
    if (t->target.problem == AT_REGRESSION) {
        at_fail(err, AT_INVALID, "column '%s' holds numbers, not the names of classes",
                request->target);
        return at_hint(err, "image-classification needs a label for each picture");
    }
    if (request->validation) {
        AT_TRY(at_image_data_init(request->train, request->train_images, request->target,
                                  &t->target, &t->train, err));
        AT_TRY(at_image_data_init(request->validation, request->validation_images,
                                  request->target, &t->target, &t->validation, err));
    } else if (request->holdout > 0) {
        AT_TRY(hold_out(t, request->train, label, err));
    } else {
        AT_TRY(at_image_data_init(request->train, request->train_images, request->target,
                                  &t->target, &t->train, err));
    }
    return AT_OK;
}

static at_status settle(at_image_training *t, at_error *err) {
    const at_image_train_request *request = t->request;
    AT_TRY(at_params_from_json(at_image_param_table, at_image_param_count,
                               request->hyperparameters, &t->arena, &t->params, err));
    const at_image_params *p = &t->params;
    if (p->multi_label)
        return at_fail(err, AT_UNSUPPORTED, "multi_label = 1 cannot be trained yet");
    if (strcmp(p->precision_dtype, "float32") != 0)
        return at_fail(err, AT_UNSUPPORTED,
                       "precision_dtype = %s cannot be trained yet; use float32",
                       p->precision_dtype);
    if (p->use_pretrained_model && !request->weights) {
        at_fail(err, AT_INVALID, "use_pretrained_model = 1, but no weights were given");
        return at_hint(err, "name a safetensors file with torchvision's or timm's names: "
                            "--weights FILE");
    }
    AT_TRY(take_data(t, err));
    AT_TRY(at_image_params_check(p, t->target.classes, &t->config, err));
    if (p->num_training_samples != AT_AUTO_INT &&
        p->num_training_samples != (int64_t)t->train.count)
        say(request,
            "[WARNING] num_training_samples is %" PRId64 ", but there are %zu images to "
            "train on",
            p->num_training_samples, t->train.count);
    const at_image_config *c = &t->config;
    t->prep = at_prep_default(c->channels, c->height, c->width,
                              p->resize == AT_AUTO_INT ? 0 : (int32_t)p->resize);
    AT_TRY(at_prep_check(&t->prep, err));
    AT_TRY(at_image_data_fits(&t->train, &t->prep, err));
    if (t->validation.count)
        AT_TRY(at_image_data_fits(&t->validation, &t->prep, err));
    t->augment.seed = request->seed;
    if (!at_augment_from_name(p->augmentation_type, &t->augment.kind))
        return at_fail(err, AT_INVALID, "unknown augmentation_type '%s'",
                       p->augmentation_type);
    t->resnet = (at_resnet_options){.version = 2,
                                    .depth = c->layers,
                                    .image = {c->channels, c->height, c->width},
                                    .classes = c->classes};
    return AT_OK;
}

/* ---- the nets ---- */

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
        say(t->request,
            "[INFO] ResNet-%d for %d classes: %.1f million weights, %.0f MB of memory "
            "for "
            "batches of %" PRId64,
            t->config.layers, t->config.classes, (double)sizes->values / 1e6,
            (double)sizes->total / 1e6, p->mini_batch_size);
    }
    at_status status = at_net_new(&planned, t->request->pool, NULL, out, err);
    at_net_plan_release(planned);
    return status;
}

/* torchvision calls a block's parts "layer1.0.conv1", MXNet's twin "stage1_unit1_". */
static int version_of(const at_safetensors *weights) {
    return at_safetensors_find(weights, "layer1.0.conv1.weight") ? 1 : 2;
}

static at_status make_nets(at_image_training *t, at_error *err) {
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

/* ---- the loop ---- */

static at_status open_pipeline(at_image_training *t, const at_image_data *data,
                               at_pipeline **out, at_error *err) {
    bool training = data == &t->train;
    at_pipeline_options options = {
        .images = data->images,
        .ids = data->ids,
        .count = data->count,
        .prep = t->prep,
        .augment = {.kind = training ? t->augment.kind : AT_AUGMENT_NONE,
                    .seed = t->augment.seed},
        .shuffle = training,
        .tail = training ? AT_TAIL_WRAP : AT_TAIL_SHORT,
        .batch = (int32_t)t->params.mini_batch_size,
        .budget = KEPT_BYTES,
        .first_epoch = training ? (uint64_t)t->progress.epoch : 0,
        .first_batch = training ? (size_t)t->progress.batch : 0,
        .epochs = training ? (uint64_t)t->params.epochs : 0,
        .cancel = t->request->cancel,
    };
    return at_pipeline_new(&options, out, err);
}

static at_batch batch_of(at_image_training *t, const at_image_data *data,
                         const at_pipeline_batch *images) {
    at_batch batch = {
        .count = images->count, .bytes = images->pixels, .labels = t->labels};
    for (int32_t n = 0; n < images->count; n++)
        t->labels[n] = data->labels[images->places[n]];
    for (int32_t c = 0; c < t->prep.c; c++) {
        batch.mean[c] = t->prep.mean[c];
        batch.scale[c] = 1 / t->prep.deviation[c];
    }
    return batch;
}

/* How many of the batch are right, and right among the k most probable. */
static void count_right(const at_image_training *t, const at_net *net, int32_t count,
                        double *right, double *right_k) {
    int64_t k = t->params.top_k == AT_AUTO_INT ? 1 : t->params.top_k;
    for (int32_t n = 0; n < count; n++) {
        const float *p = at_net_output(net, n);
        int64_t above = 0;
        for (int32_t c = 0; c < t->config.classes; c++)
            above +=
                p[c] > p[t->labels[n]] || (p[c] == p[t->labels[n]] && c < t->labels[n]);
        *right += above == 0;
        *right_k += above < k;
    }
}

static at_status validate(at_image_training *t, double *accuracy, double *loss,
                          double *top_k, at_error *err) {
    at_net_copy(t->judge, t->net);
    at_pipeline_batch images;
    double right = 0, right_k = 0, sum = 0;
    size_t batches = at_pipeline_batches(t->judging);
    for (size_t b = 0; b < batches; b++) {
        AT_TRY(at_pipeline_next(t->judging, &images, err));
        at_batch batch = batch_of(t, &t->validation, &images);
        sum += at_net_forward(t->judge, &batch) * images.count;
        count_right(t, t->judge, images.count, &right, &right_k);
    }
    double count = (double)t->validation.count;
    *accuracy = right / count;
    *top_k = right_k / count;
    *loss = sum / count;
    return AT_OK;
}

static at_status keep_best(at_image_training *t, at_error *err) {
    t->progress.best_epoch = t->progress.epoch;
    return at_image_weights_save(t->net, t->best, err);
}

/* checkpoint_frequency: the weights of this epoch, beside what the job goes on from. */
static at_status keep_epoch(at_image_training *t, int64_t epoch, at_error *err) {
    if (!t->request->checkpoints)
        return AT_OK;
    char name[64];
    snprintf(name, sizeof name, "epoch-%04" PRId64 ".safetensors", epoch);
    char *path = at_path_join(t->request->checkpoints, name);
    at_status status = path ? at_image_weights_save(t->net, path, err) : no_memory(err);
    if (status == AT_OK)
        say(t->request, "[INFO] Saved checkpoint to \"%s\"", path);
    at_free(path);
    return status;
}

static at_status checkpoint(at_image_training *t, at_error *err) {
    t->saved = at_now();
    return t->checkpoint
               ? at_image_checkpoint_save(t->checkpoint, t->net, &t->progress, err)
               : AT_OK;
}

/* What an epoch came to; *stop: patience is at its end. */
static at_status end_epoch(at_image_training *t, bool *stop, at_error *err) {
    const at_image_train_request *request = t->request;
    at_image_progress *now = &t->progress;
    int64_t e = now->epoch;
    double images = (double)now->images, train_accuracy = now->right / images;
    say(request, "[INFO] Epoch[%" PRId64 "] Train-accuracy=%f", e, train_accuracy);
    if (t->params.top_k != AT_AUTO_INT)
        say(request, "[INFO] Epoch[%" PRId64 "] Train-top_k_accuracy_%" PRId64 "=%f", e,
            t->params.top_k, now->right_k / images);
    say(request, "[INFO] Epoch[%" PRId64 "] Train-cross-entropy=%f", e,
        now->loss / images);
    say(request, "[INFO] Epoch[%" PRId64 "] Time cost=%.3f", e,
        at_now() - t->epoch_began);
    point(request, "train", "accuracy", (double)(e + 1), train_accuracy);
    double accuracy = train_accuracy, loss = now->loss / images, top_k;
    if (t->judge) {
        AT_TRY(validate(t, &accuracy, &loss, &top_k, err));
        say(request, "[INFO] Epoch[%" PRId64 "] Validation-accuracy=%f", e, accuracy);
        if (t->params.top_k != AT_AUTO_INT)
            say(request,
                "[INFO] Epoch[%" PRId64 "] Validation-top_k_accuracy_%" PRId64 "=%f", e,
                t->params.top_k, top_k);
        point(request, "validation", "cross_entropy", (double)(e + 1), loss);
        point(request, "validation", "accuracy", (double)(e + 1), accuracy);
    }
    /* Without a validation set the last epoch is the best one. */
    if (now->best_epoch < 0 || !t->judge || accuracy > now->best_accuracy) {
        if (t->judge)
            say(request, "[INFO] Storing the best model with validation accuracy: %f",
                accuracy);
        AT_TRY(keep_best(t, err));
        now->best_accuracy = accuracy;
        now->best_loss = loss;
        now->train_accuracy = train_accuracy;
    }
    if (t->params.checkpoint_frequency != AT_AUTO_INT &&
        (e + 1) % t->params.checkpoint_frequency == 0)
        AT_TRY(keep_epoch(t, e + 1, err));
    *stop = t->judge && at_image_patience_step(&now->patience, &t->params, e, accuracy);
    now->epoch++;
    now->batch = 0;
    now->images = 0;
    now->loss = now->right = now->right_k = 0;
    t->epoch_began = at_now();
    return checkpoint(t, err);
}

static void tell(at_image_training *t, size_t batches) {
    const at_fit_events *events = t->request->events;
    double now = at_now();
    t->rate_images += t->params.mini_batch_size;
    if (!events || !events->progress || now - t->told < 0.1)
        return;
    t->told = now;
    double rate = (double)t->rate_images / (now - t->began);
    double done = (double)t->progress.epoch + (double)t->progress.batch / (double)batches;
    char what[96];
    snprintf(what, sizeof what, "epoch %" PRId64 " of %" PRId64 " · %.*f images/s",
             t->progress.epoch + 1, t->params.epochs, rate < 10 ? 1 : 0, rate);
    events->progress(events->context, done, (double)t->params.epochs, what);
}

static at_status lost(at_image_training *t, double loss, at_error *err) {
    at_fail(err, AT_INVALID,
            "the loss became %s in epoch %" PRId64 ", batch %" PRId64
            ": training has diverged",
            isnan(loss) ? "not a number" : "infinite", t->progress.epoch + 1,
            t->progress.batch + 1);
    return at_hint(err, "lower learning_rate (it is %g)", t->params.learning_rate);
}

/* One batch: step, sums, what is shown of it. */
static at_status step(at_image_training *t, const at_pipeline_batch *images,
                      size_t batches, at_error *err) {
    at_image_progress *now = &t->progress;
    double rate = at_image_learning_rate(&t->params, &t->config, now->epoch);
    at_batch batch = batch_of(t, &t->train, images);
    double loss = at_net_step(t->net, &batch, rate);
    if (!isfinite(loss))
        return lost(t, loss, err);
    now->loss += loss * images->count;
    count_right(t, t->net, images->count, &now->right, &now->right_k);
    now->images += images->count;
    now->batch++;
    size_t every = batches / 20 + 1;
    if ((size_t)now->batch % every == 0)
        point(t->request, "train", "cross_entropy",
              (double)now->epoch + (double)now->batch / (double)batches,
              now->loss / (double)now->images);
    tell(t, batches);
    return AT_OK;
}

static at_status loop(at_image_training *t, at_error *err) {
    size_t batches = at_pipeline_batches(t->feed);
    bool stop = false;
    t->began = t->epoch_began = t->saved = at_now();
    while (!stop && t->progress.epoch < t->params.epochs) {
        at_pipeline_batch images;
        AT_TRY(at_pipeline_next(t->feed, &images, err));
        AT_TRY(step(t, &images, batches, err));
        if ((size_t)t->progress.batch == batches)
            AT_TRY(end_epoch(t, &stop, err));
        else if (t->request->checkpoint_every > 0 &&
                 at_now() - t->saved >= t->request->checkpoint_every)
            AT_TRY(checkpoint(t, err));
        if (at_cancelled(t->request->cancel)) {
            AT_TRY(checkpoint(t, err));
            return at_fail(err, AT_CANCELLED, "interrupted");
        }
    }
    if (stop)
        at_image_note(
            t, "stopped early after epoch %" PRId64 ": validation accuracy grew no more",
            t->progress.epoch);
    return AT_OK;
}

/* ---- all of it ---- */

static at_status prepare_files(at_image_training *t, const char *place, at_error *err) {
    const char *folder = t->request->checkpoints;
    t->best = folder ? at_path_join(folder, "best.safetensors") : NULL;
    t->checkpoint = folder ? at_path_join(folder, "checkpoint.safetensors") : NULL;
    if (!folder) {
        at_text name = {0};
        at_text_format(&name, "%s.best", place);
        t->best = at_text_take(&name);
    }
    t->labels = at_alloc_array((size_t)t->params.mini_batch_size, sizeof *t->labels);
    return t->best && t->labels && (!folder || t->checkpoint) ? AT_OK : no_memory(err);
}

static at_status resume(at_image_training *t, at_error *err) {
    t->progress = (at_image_progress){.best_epoch = -1};
    if (!t->checkpoint)
        return AT_OK;
    at_error why;
    at_status status =
        at_image_checkpoint_load(t->checkpoint, t->net, &t->progress, &why);
    if (status == AT_OK)
        say(t->request, "[INFO] Going on from epoch %" PRId64 ", batch %" PRId64,
            t->progress.epoch, t->progress.batch);
    else if (status != AT_NOT_FOUND)
        say(t->request, "[WARNING] %s: training begins again", why.text);
    (void)err;
    return AT_OK;
}

/* What there is when the loop ends before its time. */
static at_status salvage(at_image_training *t, at_status status, at_error *err) {
    if (status != AT_CANCELLED && status != AT_INVALID)
        return status;
    if (t->progress.best_epoch >= 0) {
        at_image_note(t, "%s; the model is that of epoch %" PRId64, err->text,
                      t->progress.best_epoch + 1);
    } else if (status == AT_CANCELLED && t->progress.batch > 0) {
        AT_TRY(keep_best(t, err));
        at_image_note(t, "interrupted in the first epoch, after %" PRId64 " batches",
                      t->progress.batch);
    } else {
        return status;
    }
    say(t->request, "[WARNING] %s", err->text);
    at_error_clear(err);
    return AT_OK;
}

at_status at_image_train(const at_image_train_request *request, const char *place,
                         at_error *err) {
    at_image_training t = {.request = request};
    at_status status = settle(&t, err);
    if (status == AT_OK)
        status = prepare_files(&t, place, err);
    if (status == AT_OK)
        status = make_nets(&t, err);
    if (status == AT_OK)
        status = resume(&t, err);
    if (status == AT_OK)
        status = open_pipeline(&t, &t.train, &t.feed, err);
    if (status == AT_OK && t.judge)
        status = open_pipeline(&t, &t.validation, &t.judging, err);
    if (status == AT_OK)
        status = salvage(&t, loop(&t, err), err);
    if (status == AT_OK)
        status = at_image_leave(&t, place, err);
    if (status == AT_OK && !at_cancelled(request->cancel))
        at_image_tidy(&t);
    at_image_training_fini(&t);
    return status;
}
