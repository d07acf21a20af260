#include "ops/learn/image_train.h"
#include "ops/base/file.h"
#include "ops/base/text.h"
#include "ops/learn/image_parts.h"

#include <inttypes.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to train");
}

static at_status prepare_files(at_image_training *t, const char *place, at_error *err) {
    const char *folder = t->request->checkpoints;
    t->best = folder ? at_path_join(folder, "best.safetensors") : NULL;
    t->checkpoint = folder ? at_path_join(folder, "checkpoint.safetensors") : NULL;
    if (!folder) {
        at_text name = {0};
        at_text_format(&name, "%s.best", place);
        t->best = at_text_take(&name);
    }
    size_t batch = (size_t)t->params.mini_batch_size;
    if (t->params.multi_label)
        t->targets = at_alloc_array(batch * (size_t)t->config.classes, sizeof(float));
    else
        t->labels = at_alloc_array(batch, sizeof *t->labels);
    bool room = t->labels || t->targets;
    return t->best && room && (!folder || t->checkpoint) ? AT_OK : no_memory(err);
}

static at_status resume(at_image_training *t, at_error *err) {
    t->progress = (at_image_progress){.best_epoch = -1};
    if (!t->checkpoint)
        return AT_OK;
    at_error why;
    at_status status =
        at_image_checkpoint_load(t->checkpoint, t->net, &t->progress, &why);
    at_net_prepare(t->net);
    if (status == AT_OK)
        at_image_say(t, "[INFO] Going on from epoch %" PRId64 ", batch %" PRId64,
                     t->progress.epoch, t->progress.batch);
    else if (status != AT_NOT_FOUND)
        at_image_say(t, "[WARNING] %s: training begins again", why.text);
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
        AT_TRY(at_image_keep_best(t, err));
        at_image_note(t, "interrupted in the first epoch, after %" PRId64 " batches",
                      t->progress.batch);
    } else {
        return status;
    }
    at_image_say(t, "[WARNING] %s", err->text);
    at_error_clear(err);
    return AT_OK;
}

at_status at_image_train(const at_image_train_request *request, const char *place,
                         at_error *err) {
    at_image_training t = {.request = request};
    at_status status = at_image_settle(&t, err);
    if (status == AT_OK)
        status = prepare_files(&t, place, err);
    if (status == AT_OK)
        status = at_image_make_nets(&t, err);
    if (status == AT_OK)
        status = resume(&t, err);
    if (status == AT_OK)
        status = salvage(&t, at_image_loop(&t, err), err);
    if (status == AT_OK && t.trunk)
        status = at_image_features_finish(&t, err);
    if (status == AT_OK)
        status = at_image_leave(&t, place, err);
    if (status == AT_OK && !at_cancelled(request->cancel))
        at_image_tidy(&t);
    at_image_training_fini(&t);
    return status;
}
