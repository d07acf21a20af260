#include "ops/base/file.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/image_train.h"
#include "ops/learn/model_parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CARD_LIMIT = 256 << 20 };

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for the model's files");
}

static at_status save_card(const at_model *model, const char *folder, at_error *err) {
    char *path = at_path_join(folder, "model.json");
    /* 17 digits: every double reads back as itself. */
    char *text = json_dumps(model->card, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    at_status status =
        path && text ? at_file_write(path, text, strlen(text), err) : no_memory(err);
    free(text);
    at_free(path);
    return status;
}

static at_status save_weights(const at_model *model, const char *folder, at_error *err) {
    char *path = at_path_join(folder, "weights.safetensors");
    at_status status =
        path ? model->learner->save(model->state, path, err) : no_memory(err);
    at_free(path);
    return status;
}

/* Puts `temporary` where `folder` is: at every moment there is the old model or the new.
 */
static at_status swap_in(const char *temporary, const char *folder, at_error *err) {
    if (!at_folder_exists(folder))
        return at_file_commit(temporary, folder, err);
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, folder, RENAME_EXCHANGE) == 0)
        return at_file_remove(temporary, err);
    /* A file system that cannot exchange: the old one goes first. */
    AT_TRY(at_file_remove(folder, err));
    return at_file_commit(temporary, folder, err);
}

at_status at_model_save(const at_model *model, const char *folder, at_error *err) {
    at_text name = {0};
    at_text_format(&name, "%s.part-%ld", folder, (long)getpid());
    char *temporary = at_text_take(&name);
    if (!temporary)
        return no_memory(err);
    at_status status = at_file_remove(temporary, err);
    if (status == AT_OK)
        status = at_folder_make(temporary, err);
    if (status == AT_OK)
        status = save_card(model, temporary, err);
    if (status == AT_OK)
        status = save_weights(model, temporary, err);
    if (status == AT_OK)
        status = swap_in(temporary, folder, err);
    if (status != AT_OK)
        (void)!at_file_remove(temporary, NULL);
    at_free(temporary);
    return status;
}

static at_status check_format(const json_t *card, const char *folder, at_error *err) {
    const char *format = json_string_value(json_object_get(card, "format"));
    if (!format || strncmp(format, "atelier-model/", 14) != 0)
        return at_fail(err, AT_CORRUPT, "%s/model.json is not a model's", folder);
    if (strcmp(format, AT_MODEL_FORMAT) != 0)
        return at_fail(err, AT_UNSUPPORTED,
                       "the model in %s has the format %.40s; this program reads %s",
                       folder, format, AT_MODEL_FORMAT);
    return AT_OK;
}

static at_status load_card(const char *folder, json_t **out, at_error *err) {
    char *path = at_path_join(folder, "model.json");
    at_text text = {0};
    at_status status = path ? at_file_read(path, CARD_LIMIT, &text, err) : no_memory(err);
    json_error_t where;
    json_t *card = NULL;
    if (status == AT_OK) {
        card = json_loadb(at_text_get(&text), text.length, 0, &where);
        if (!card)
            status = json_error_code(&where) == json_error_out_of_memory
                         ? no_memory(err)
                         : at_fail(err, AT_CORRUPT, "%s is damaged: line %d, %s", path,
                                   where.line, where.text);
    }
    if (status == AT_OK)
        status = check_format(card, folder, err);
    at_text_fini(&text);
    at_free(path);
    if (status != AT_OK)
        json_decref(card);
    else
        *out = card;
    return status;
}

at_status at_model_load(const char *folder, at_model **out, at_error *err) {
    *out = NULL;
    json_t *card;
    AT_TRY(load_card(folder, &card, err));
    const char *algorithm = json_string_value(json_object_get(card, "algorithm"));
    if (algorithm && strcmp(algorithm, AT_IMAGE_ALGORITHM) == 0)
        return at_model_make_images(card, folder, out, err);
    const at_learner *learner = algorithm ? at_learner_find(algorithm) : NULL;
    at_learned *state = NULL;
    char *path = at_path_join(folder, "weights.safetensors");
    at_status status = AT_OK;
    if (!learner)
        status = at_fail(err, AT_UNSUPPORTED,
                         "the model in %s is of an unknown algorithm, %.80s", folder,
                         algorithm ? algorithm : "(none)");
    else
        status = path ? learner->load(path, &state, err) : no_memory(err);
    at_free(path);
    if (status != AT_OK) {
        json_decref(card);
        return status == AT_NOT_FOUND
                   ? at_fail(err, AT_CORRUPT, "the model in %s has no weights", folder)
                   : status;
    }
    status = at_model_make(card, learner, state, out, err);
    if (status != AT_OK)
        at_prefix(err, "%s", folder);
    return status;
}
