#include "magics/train/container.h"
#include "magics/train/container_parts.h"
#include "magics/workspace/job.h"
#include "ops/base/file.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"
#include "ops/image/reader.h"
#include "ops/learn/image_train.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX = 1 << 20 /* bytes of a file of settings */, USAGE = 2 };

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to train");
}

const char *at_container_path(at_container *c, const char *format, ...) {
    char inside[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(inside, sizeof inside, format, arguments);
    va_end(arguments);
    return length < 0 || (size_t)length >= sizeof inside
               ? NULL
               : at_arena_format(&c->arena, "%s/%s", c->root, inside);
}

void at_container_say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

bool at_container_has(at_container *c, const char *channel) {
    const char *path = at_container_path(c, "input/data/%s", channel);
    return path && at_folder_exists(path);
}

const char *at_container_type(at_container *c, const char *channel) {
    const char *type = json_string_value(
        json_object_get(json_object_get(c->inputs, channel), "ContentType"));
    const char *found = type ? at_arena_text(&c->arena, type, strcspn(type, "; ")) : NULL;
    return found ? found : "";
}

/* ---- settings ---- */

/* A file of settings; one that is not there is an empty object. */
static at_status read_config(at_container *c, const char *name, json_t **out,
                             at_error *err) {
    const char *path = at_container_path(c, "input/config/%s", name);
    if (!path)
        return no_memory(err);
    if (at_file_exists(path))
        return at_job_read_json(path, CONFIG_MAX, out, err);
    *out = json_object();
    return *out ? AT_OK : no_memory(err);
}

static at_status check_hosts(at_container *c, at_error *err) {
    json_t *resources = NULL;
    AT_TRY(read_config(c, "resourceconfig.json", &resources, err));
    size_t hosts = json_array_size(json_object_get(resources, "hosts"));
    json_decref(resources);
    if (hosts <= 1)
        return AT_OK;
    at_fail(err, AT_UNSUPPORTED, "there are %zu hosts, and training runs on one", hosts);
    return at_hint(err, "set InstanceCount to 1");
}

static at_status check_modes(at_container *c, at_error *err) {
    const char *channel;
    json_t *about;
    json_object_foreach(c->inputs, channel, about) {
        const char *mode = json_string_value(json_object_get(about, "TrainingInputMode"));
        if (mode && strcmp(mode, "Pipe") == 0) {
            at_fail(err, AT_UNSUPPORTED, "channel %.60s comes in Pipe mode", channel);
            return at_hint(err, "set TrainingInputMode to File or FastFile");
        }
    }
    return AT_OK;
}

/* What the service adds for itself, and what means nothing on one host. */
static bool is_foreign(const char *name) {
    return name[0] == '_' || strncmp(name, "sagemaker_", 10) == 0 ||
           strcmp(name, "kv_store") == 0;
}

static at_status read_hyperparameters(at_container *c, at_error *err) {
    json_t *given = NULL, *value;
    const char *name;
    AT_TRY(read_config(c, "hyperparameters.json", &given, err));
    c->hyperparameters = json_object();
    at_status status = c->hyperparameters ? AT_OK : no_memory(err);
    json_object_foreach(given, name, value) {
        if (status != AT_OK || is_foreign(name))
            continue;
        if (!json_is_string(value))
            status = at_fail(err, AT_INVALID,
                             "hyperparameters.json: %.60s is no text; all values are "
                             "texts, as in \"3\"",
                             name);
        else if (json_object_set(c->hyperparameters, name, value) != 0)
            status = no_memory(err);
    }
    json_decref(given);
    return status;
}

/* Pictures or rows? By the type of the channel, else by what lies in it. */
static at_status has_pictures(at_container *c, bool *out, at_error *err) {
    const char *type = at_container_type(c, "train");
    if (strcmp(type, "application/x-recordio-protobuf") == 0) {
        at_fail(err, AT_UNSUPPORTED, "channel train is of %s, which is not read", type);
        return at_hint(err, "give it as text/csv: no header, the label first");
    }
    *out = strncmp(type, "image/", 6) == 0 || strcmp(type, "application/x-image") == 0 ||
           strcmp(type, "application/x-recordio") == 0;
    if (*out || strcmp(type, "text/csv") == 0)
        return AT_OK;
    at_image_files files = {0};
    at_status status = at_container_files(c, "train", &files, err);
    *out = status == AT_OK && at_image_reader_for(&files) != NULL;
    at_image_files_fini(&files);
    return status;
}

static at_status choose_algorithm(at_container *c, at_error *err) {
    const char *name = c->name;
    if (!name) {
        bool pictures;
        AT_TRY(has_pictures(c, &pictures, err));
        name = pictures ? AT_IMAGE_ALGORITHM : "linear-learner";
    }
    if (at_algorithm_find(name, &c->algorithm))
        return AT_OK;
    const char *names[32];
    size_t count = 0;
    while (count < 32 && at_algorithm_at(count, &c->algorithm))
        names[count++] = c->algorithm.name;
    const char *nearest = at_nearest(name, names, count);
    at_fail(err, AT_INVALID, "there is no algorithm '%.60s'", name);
    return nearest ? at_hint(err, "did you mean %s?", nearest) : AT_INVALID;
}

static at_status read_settings(at_container *c, at_error *err) {
    AT_TRY(check_hosts(c, err));
    AT_TRY(read_config(c, "inputdataconfig.json", &c->inputs, err));
    AT_TRY(check_modes(c, err));
    AT_TRY(read_hyperparameters(c, err));
    if (!at_container_has(c, "train")) {
        at_fail(err, AT_NOT_FOUND, "there is no channel train: %.300s/input/data/train",
                c->root);
        return at_hint(err, "the training data comes in a channel of that name");
    }
    return choose_algorithm(c, err);
}

/* ---- the job ---- */

static void on_log(void *context, const char *line) {
    (void)context;
    at_container_say("%s", line);
}

static at_status make_scratch(at_container *c, at_error *err) {
    const char *given = getenv("TMPDIR");
    char *path =
        at_arena_format(&c->arena, "%s/atelier-XXXXXX", given && *given ? given : "/tmp");
    if (!path)
        return no_memory(err);
    if (!mkdtemp(path))
        return at_fail_errno(err, "cannot make a folder %s", path);
    c->scratch = path;
    return AT_OK;
}

static at_status make_spec(at_container *c, at_error *err) {
    c->spec = json_pack("{s:s, s:O, s:i, s:f, s:{}}", "algorithm", c->algorithm.name,
                        "hyperparameters", c->hyperparameters, "seed", 0, "holdout", 0.0,
                        "channels");
    c->channels = json_object_get(c->spec, "channels");
    return c->channels ? AT_OK : no_memory(err);
}

/* Folders of a container may be mounts of their own: renaming across them fails. The card
 * comes last: where it is, the model is whole. */
static at_status leave_model(at_container *c, const char *folder, at_error *err) {
    at_image_files files = {0};
    const char *made = at_arena_format(&c->arena, "%s/model", folder);
    const char *model = at_container_path(c, "model");
    if (!made || !model)
        return no_memory(err);
    at_status status = at_folder_make(model, err);
    if (status == AT_OK)
        status = at_image_files_walk(&files, made, err);
    for (int last = 0; last < 2; last++)
        for (size_t i = 0; i < files.count && status == AT_OK; i++) {
            const at_image_file *file = &files.items[i];
            const char *to = at_arena_format(&c->arena, "%s/%s", model, file->name);
            if ((strcmp(file->name, "model.json") == 0) == last)
                status = to ? at_file_copy(file->path, to, err) : no_memory(err);
        }
    at_image_files_fini(&files);
    if (status == AT_OK)
        status = at_file_remove(made, err);
    if (status == AT_OK)
        at_container_say("[INFO] The model is in %s", model);
    return status;
}

static at_status fit(at_container *c, at_error *err) {
    const char *kept = at_container_path(c, "checkpoints");
    const char *folder = kept && at_folder_exists(kept) ? kept : c->scratch;
    const at_job_kind *kind = at_job_kind_find("train");
    at_fit_events events = {.log = on_log};
    json_t *result = json_object();
    if (!kept || !result) {
        json_decref(result);
        return no_memory(err);
    }
    at_status status = kind->run(c->spec, folder, &events, &c->cancel, result, err);
    json_decref(result);
    return status == AT_OK ? leave_model(c, folder, err) : status;
}

static at_status work(at_container *c, at_error *err) {
    const char *job = getenv("TRAINING_JOB_NAME");
    AT_TRY(at_job_listen(&c->cancel, err));
    AT_TRY(read_settings(c, err));
    at_container_say("[INFO] Training %s%s%s", c->algorithm.name, job ? ", job " : "",
                     job ? job : "");
    AT_TRY(make_scratch(c, err));
    AT_TRY(make_spec(c, err));
    AT_TRY(at_pool_new(0, &c->pool, err));
    AT_TRY(c->algorithm.learner ? at_container_rows(c, err)
                                : at_container_images(c, err));
    AT_TRY(at_container_weights(c, err));
    return fit(c, err);
}

/* ---- the end ---- */

static void tell_failure(at_container *c, const at_error *why) {
    const char *output = at_container_path(c, "output");
    const char *path = at_container_path(c, "output/failure");
    char *text = at_arena_format(&c->arena, "%s: %s%s%s\n", at_status_name(why->code),
                                 why->text, why->hint[0] ? "\nhint: " : "", why->hint);
    at_error err = {0};
    fflush(stdout);
    fprintf(stderr, "%s", text ? text : "");
    if (!output || !path || !text || at_folder_make(output, &err) != AT_OK ||
        at_file_write(path, text, strlen(text), &err) != AT_OK)
        fprintf(stderr, "atelier train: cannot write output/failure: %s\n", err.text);
}

static void container_fini(at_container *c) {
    if (c->scratch)
        (void)!at_file_remove(c->scratch, NULL);
    json_decref(c->hyperparameters);
    json_decref(c->inputs);
    json_decref(c->spec);
    at_pool_release(c->pool);
    at_arena_fini(&c->arena);
}

int at_container_main(int argc, char **argv) {
    at_container *c = at_alloc_zero(sizeof *c);
    if (!c)
        return 1;
    c->root = "/opt/ml";
    for (int i = 1; i < argc; i += 2) {
        const char **place = strcmp(argv[i], "--root") == 0        ? &c->root
                             : strcmp(argv[i], "--algorithm") == 0 ? &c->name
                                                                   : NULL;
        if (!place || i + 1 == argc) {
            fprintf(stderr, "usage: atelier train [--root FOLDER] [--algorithm NAME]\n");
            at_free(c);
            return USAGE;
        }
        *place = argv[i + 1];
    }
    at_error err = {0};
    at_status status = work(c, &err);
    if (status == AT_CANCELLED)
        at_hint(&err, "it was stopped before there was a model");
    if (status != AT_OK)
        tell_failure(c, &err);
    container_fini(c);
    /* The thread that waits for signals points at `c`, which ends with the process. */
    return status != AT_OK;
}
