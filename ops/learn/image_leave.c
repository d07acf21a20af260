#include "ops/base/file.h"
#include "ops/base/text.h"
#include "ops/learn/image_parts.h"
#include "ops/learn/model_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The number after `key` in a file of such lines; -1: there is none. */
static int64_t number_in(const char *path, const char *key) {
    at_text text = {0};
    int64_t value = -1;
    if (at_file_read(path, 1 << 16, &text, NULL) == AT_OK) {
        const char *at = strstr(at_text_get(&text), key);
        char digits[24] = "";
        if (at && sscanf(at + strlen(key), " %23[0-9]", digits) == 1 &&
            !at_parse_int(digits, &value))
            value = -1;
    }
    at_text_fini(&text);
    return value;
}

size_t at_image_memory_left(void) {
    int64_t left = number_in("/proc/meminfo", "MemAvailable:");
    left = left < 0 ? -1 : left * 1024;
    int64_t most = number_in("/sys/fs/cgroup/memory.max", "");
    int64_t used = number_in("/sys/fs/cgroup/memory.current", "");
    if (most >= 0 && used >= 0 && (left < 0 || most - used < left))
        left = most > used ? most - used : 1;
    return left < 0 ? 0 : (size_t)left;
}

static void set_top_k(json_t *metrics, int64_t k, double value) {
    char key[48];
    snprintf(key, sizeof key, "top_%" PRId64 "_accuracy", k);
    json_object_set_new(metrics, key, json_real(value));
}

static json_t *validation_of(const at_image_training *t) {
    const at_image_progress *now = &t->progress;
    json_t *metrics = json_object();
    const at_image_verdict *best = &now->best;
    if (now->sums.images > 0 && best->accuracy <= 0)
        return metrics; /* interrupted in the first epoch: nothing was measured */
    json_object_set_new(metrics, "train_accuracy", json_real(best->train_accuracy));
    if (t->judge) {
        json_object_set_new(metrics, "accuracy", json_real(best->accuracy));
        json_object_set_new(metrics, "cross_entropy", json_real(best->loss));
        if (t->params.top_k != AT_AUTO_INT)
            set_top_k(metrics, t->params.top_k, best->top_k);
        if (t->params.multi_label) {
            json_object_set_new(metrics, "mean_average_precision",
                                json_real(best->mean_precision));
            json_object_set_new(metrics, "f1_macro", json_real(best->f1));
        }
    }
    return metrics;
}

static json_t *net_of(const at_image_training *t) {
    const at_resnet_options *net = &t->resnet;
    return json_pack("{s:i, s:i, s:i, s:b}", "version", net->version, "depth", net->depth,
                     "classes", net->classes, "multi_label", net->multi_label);
}

enum { LINEAGE = 64 }; /* generations that a card names */

/* What it started from, and that model in turn. */
static void note_start(const at_image_training *t, json_t *card) {
    const at_image_train_request *request = t->request;
    const char *head = t->start.head ? "kept" : "new";
    if (request->weights)
        json_object_set_new(
            card, "started_from",
            json_pack("{s:s, s:s}", "weights", request->weights, "last layer", head));
    if (t->start.card) {
        json_object_set_new(card, "started_from",
                            json_pack("{s:s, s:s?, s:s}", "model", t->start.name, "id",
                                      request->from_id, "last layer", head));
        json_t *lineage =
            json_pack("[{s:s, s:s?}]", "model", t->start.name, "id", request->from_id);
        size_t i;
        json_t *before;
        json_array_foreach(json_object_get(t->start.card, "lineage"), i, before) {
            if (i + 1 < LINEAGE)
                json_array_append(lineage, before);
        }
        json_object_set_new(card, "lineage", lineage);
    }
    if (request->freeze)
        json_object_set_new(card, "frozen", json_string("all but the last layer"));
    else if (request->freeze_stages > 0) {
        char text[48];
        snprintf(text, sizeof text, "the stem and %d stage%s", request->freeze_stages,
                 request->freeze_stages > 1 ? "s" : "");
        json_object_set_new(card, "frozen", json_string(text));
    }
}

static json_t *card_of(at_image_training *t) {
    json_t *card = json_pack(
        "{s:s, s:s, s:s, s:o?, s:o?, s:I, s:o?, s:o?, s:[], s:[], s:I, s:I, s:I, s:o?, "
        "s:I, s:O?}",
        "format", AT_MODEL_FORMAT, "algorithm", AT_IMAGE_ALGORITHM, "column",
        t->request->target, "target", at_target_to_json(&t->target), "hyperparameters",
        at_params_to_json(at_image_param_table, at_image_param_count, &t->params), "seed",
        (json_int_t)t->request->seed, "prep", at_prep_to_json(&t->prep), "resnet",
        net_of(t), "inputs", "ignored", "rows", (json_int_t)t->train.count,
        "validation_rows", (json_int_t)t->validation.count, "left_out",
        (json_int_t)(t->train.left_out + t->validation.left_out), "validation",
        validation_of(t), "best_epoch", (json_int_t)(t->progress.best_epoch + 1), "notes",
        t->notes);
    if (card)
        note_start(t, card);
    if (card && t->params.multi_label)
        json_object_set_new(card, "label_lists",
                            json_string(t->lists.numbers ? "numbers" : "flags"));
    return card;
}

static at_status write_card(at_image_training *t, const char *folder, at_error *err) {
    json_t *card = card_of(t);
    char *text = card ? json_dumps(card, JSON_INDENT(1)) : NULL;
    char *path = at_path_join(folder, "model.json");
    at_status status = text && path
                           ? at_file_write(path, text, strlen(text), err)
                           : at_fail(err, AT_NO_MEMORY, "not enough memory to save");
    free(text);
    at_free(path);
    json_decref(card);
    return status;
}

/* Under a second name: a stopped training that goes on has its best still. */
static at_status take_best(const char *best, const char *weights, at_error *err) {
    if (link(best, weights) == 0)
        return AT_OK;
    return at_file_commit(best, weights, err); /* a file system without links */
}

void at_image_tidy(at_image_training *t) {
    if (t->checkpoint)
        (void)!at_file_remove(t->checkpoint, NULL);
    (void)!at_file_remove(t->best, NULL);
}

at_status at_image_leave(at_image_training *t, const char *place, at_error *err) {
    at_text name = {0};
    at_text_format(&name, "%s.part-%ld", place, (long)getpid());
    char *folder = at_text_take(&name);
    char *weights = folder ? at_path_join(folder, "weights.safetensors") : NULL;
    at_status status =
        weights ? AT_OK : at_fail(err, AT_NO_MEMORY, "not enough memory to save");
    if (status == AT_OK)
        status = at_file_remove(folder, err);
    if (status == AT_OK)
        status = at_folder_make(folder, err);
    if (status == AT_OK)
        status = write_card(t, folder, err);
    if (status == AT_OK)
        status = take_best(t->best, weights, err);
    if (status == AT_OK)
        status = at_file_commit(folder, place, err);
    if (status != AT_OK && folder)
        (void)!at_file_remove(folder, NULL);
    at_free(folder);
    at_free(weights);
    return status;
}

void at_image_training_fini(at_image_training *t) {
    at_pipeline_release(t->feed);
    at_pipeline_release(t->judging);
    at_net_release(t->net);
    at_net_release(t->judge);
    at_net_release(t->trunk);
    at_net_spec_release(t->head_spec);
    at_free(t->head_values);
    at_free(t->inputs);
    at_free(t->order);
    at_free(t->places);
    at_net_spec_release(t->spec);
    at_image_start_fini(&t->start);
    at_image_data_fini(&t->train);
    at_image_data_fini(&t->validation);
    at_target_fini(&t->target);
    at_arena_fini(&t->arena);
    json_decref(t->notes);
    at_free(t->labels);
    at_free(t->targets);
    at_free(t->best);
    at_free(t->checkpoint);
}
