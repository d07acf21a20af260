/* Hyperparameters that were given and come to nothing: each is told, in the log and in
 * the model's card. */
#include "ops/learn/image_parts.h"

#include <string.h>

/* Is `word` one of those in `list`, which are parted by blanks? */
static bool among(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static bool given(const at_image_training *t, const char *name) {
    return json_object_get(t->request->hyperparameters, name) != NULL;
}

static void idle(at_image_training *t, const char *name, const char *why) {
    if (!given(t, name))
        return;
    at_image_say(t, "[WARNING] %s has no effect: %s", name, why);
    at_image_note(t, "%s has no effect: %s", name, why);
}

static void tell_optimizer(at_image_training *t) {
    static const struct {
        const char *name, *optimizers, *why;
    } table[] = {
        {"momentum", "sgd nag", "it is for sgd and nag"},
        {"weight_decay", "sgd nag", "it is for sgd and nag"},
        {"beta_1", "adam", "it is for adam"},
        {"beta_2", "adam", "it is for adam"},
        {"eps", "adam rmsprop", "it is for adam and rmsprop"},
        {"gamma", "rmsprop", "it is for rmsprop"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!among(table[i].optimizers, t->params.optimizer))
            idle(t, table[i].name, table[i].why);
}

static void tell_stopping(at_image_training *t) {
    static const char *const parts[] = {"early_stopping_min_epochs",
                                        "early_stopping_patience",
                                        "early_stopping_tolerance"};
    const char *why = !t->params.early_stopping  ? "early_stopping is off"
                      : t->validation.count == 0 ? "there is no validation set to stop by"
                                                 : NULL;
    if (!why)
        return;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        idle(t, parts[i], why);
    if (t->params.early_stopping)
        idle(t, "early_stopping", why);
}

void at_image_tell_idle(at_image_training *t) {
    tell_optimizer(t);
    tell_stopping(t);
    if (!t->params.lr_scheduler_step)
        idle(t, "lr_scheduler_factor", "no lr_scheduler_step says when it is applied");
    if (t->params.kv_store)
        idle(t, "kv_store", "one process trains, with all of this machine's processors");
    if (t->params.checkpoint_frequency != AT_AUTO_INT && !t->request->checkpoints)
        idle(t, "checkpoint_frequency", "there is no folder for checkpoints");
    if (t->params.mini_batch_size > (int64_t)t->train.count)
        at_image_say(t,
                     "[WARNING] mini_batch_size is more than the %zu training images: "
                     "they come several times in a batch",
                     t->train.count);
}
