/* The loop of a training: steps, what an epoch came to, what is kept of it. */
#include "ops/base/clock.h"
#include "ops/base/file.h"
#include "ops/learn/image_parts.h"
#include "ops/learn/image_weights.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

at_status at_image_keep_best(at_image_training *t, at_error *err) {
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
    if (t->trunk)
        at_image_join(t);
    at_status status =
        path ? at_image_weights_save(t->trunk ? t->trunk : t->net, path, err)
             : at_fail(err, AT_NO_MEMORY, "not enough memory to train");
    if (status == AT_OK)
        at_image_say(t, "[INFO] Saved checkpoint to \"%s\"", path);
    at_free(path);
    return status;
}

static at_status checkpoint(at_image_training *t, at_error *err) {
    t->saved = at_now();
    return t->checkpoint
               ? at_image_checkpoint_save(t->checkpoint, t->net, &t->progress, err)
               : AT_OK;
}

static void tell_epoch(const at_image_training *t, const char *series, const char *title,
                       double accuracy, double loss, double top_k) {
    int64_t e = t->progress.epoch;
    at_image_say(t, "[INFO] Epoch[%" PRId64 "] %s-accuracy=%f", e, title, accuracy);
    if (t->params.top_k != AT_AUTO_INT)
        at_image_say(t, "[INFO] Epoch[%" PRId64 "] %s-top_k_accuracy_%" PRId64 "=%f", e,
                     title, t->params.top_k, top_k);
    at_image_say(t, "[INFO] Epoch[%" PRId64 "] %s-cross-entropy=%f", e, title, loss);
    at_image_point(t, series, "accuracy", (double)(e + 1), accuracy);
}

/* What this epoch came to, told. */
static at_status judge(at_image_training *t, at_image_verdict *out, at_error *err) {
    const at_image_sums *sums = &t->progress.sums;
    double images = (double)sums->images;
    *out = (at_image_verdict){.accuracy = sums->right / images,
                              .loss = sums->loss / images,
                              .top_k = sums->right_k / images,
                              .train_accuracy = sums->right / images};
    tell_epoch(t, "train", "Train", out->accuracy, out->loss, out->top_k);
    at_image_say(t, "[INFO] Epoch[%" PRId64 "] Time cost=%.3f", t->progress.epoch,
                 at_now() - t->epoch_began);
    if (!t->judge)
        return AT_OK;
    AT_TRY(at_image_validate(t, out, err));
    tell_epoch(t, "validation", "Validation", out->accuracy, out->loss, out->top_k);
    at_image_point(t, "validation", "cross_entropy", (double)(t->progress.epoch + 1),
                   out->loss);
    if (t->params.multi_label)
        at_image_say(t, "[INFO] Epoch[%" PRId64 "] Validation-mean_average_precision=%f",
                     t->progress.epoch, out->mean_precision);
    return AT_OK;
}

/* By validation accuracy; without a validation set the last epoch is the best one. Of
 * several labels most are absent, and accuracy often stands still: then the loss tells.
 */
static bool is_best(const at_image_training *t, const at_image_verdict *verdict) {
    const at_image_verdict *best = &t->progress.best;
    if (t->progress.best_epoch < 0 || !t->judge || verdict->accuracy > best->accuracy)
        return true;
    return t->params.multi_label && verdict->accuracy >= best->accuracy &&
           verdict->loss < best->loss;
}

/* *stop: patience is at its end. */
static at_status end_epoch(at_image_training *t, bool *stop, at_error *err) {
    at_image_progress *now = &t->progress;
    int64_t e = now->epoch;
    at_image_verdict verdict;
    AT_TRY(judge(t, &verdict, err));
    if (is_best(t, &verdict)) {
        if (t->judge)
            at_image_say(t, "[INFO] Storing the best model with validation accuracy: %f",
                         verdict.accuracy);
        AT_TRY(at_image_keep_best(t, err));
        now->best = verdict;
    }
    if (t->params.checkpoint_frequency != AT_AUTO_INT &&
        (e + 1) % t->params.checkpoint_frequency == 0)
        AT_TRY(keep_epoch(t, e + 1, err));
    *stop = t->judge &&
            at_image_patience_step(&now->patience, &t->params, e, verdict.accuracy);
    now->epoch++;
    now->batch = 0;
    now->sums = (at_image_sums){0};
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
    at_batch batch = at_image_batch(t, &t->train, images);
    double loss = at_net_step(t->net, &batch, rate);
    if (!isfinite(loss))
        return lost(t, loss, err);
    at_image_sum(t, t->net, images->count, loss, &now->sums);
    now->batch++;
    size_t every = batches / 20 + 1;
    if ((size_t)now->batch % every == 0)
        at_image_point(t, "train", "cross_entropy",
                       (double)now->epoch + (double)now->batch / (double)batches,
                       now->sums.loss / (double)now->sums.images);
    tell(t, batches);
    return AT_OK;
}

at_status at_image_loop(at_image_training *t, at_error *err) {
    AT_TRY(at_image_feed_open(t, err));
    size_t batches = at_image_feed_batches(t, &t->train);
    bool stop =
        t->judge && /* killed after the last epoch's checkpoint */
        at_image_patience_over(&t->progress.patience, &t->params, t->progress.epoch);
    t->began = t->epoch_began = t->saved = at_now();
    while (!stop && t->progress.epoch < t->params.epochs) {
        at_pipeline_batch images;
        AT_TRY(at_image_feed_next(t, &t->train, (size_t)t->progress.batch, &images, err));
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
