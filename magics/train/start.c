#include "magics/train/start.h"
#include "magics/workspace/store.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to start training");
}

static at_status check(const at_train_start *start, const at_algorithm *algorithm,
                       at_error *err) {
    const char *given = start->from                ? "--from"
                        : start->weights           ? "--weights"
                        : start->freeze            ? "--freeze"
                        : start->freeze_stages > 0 ? "--freeze-stages"
                                                   : NULL;
    if (given && algorithm->learner)
        return at_fail(err, AT_INVALID, "%s goes with image-classification", given);
    if (start->from && start->weights) {
        at_fail(err, AT_INVALID, "--from and --weights both say what to start from");
        return at_hint(err, "leave one out");
    }
    if (start->freeze && start->freeze_stages > 0) {
        at_fail(err, AT_INVALID,
                "--freeze keeps all but the last layer, --freeze-stages "
                "only the first stages");
        return at_hint(err, "leave one out");
    }
    return AT_OK;
}

static at_status add_model(at_context *context, const char *name, json_t *spec,
                           json_t *channels, const char **used, at_error *err) {
    at_entry model;
    AT_TRY(at_store_find(context->workspace, AT_KIND_MODEL, name, context->arena, &model,
                         err));
    const char *path =
        at_store_path(context->workspace, AT_KIND_MODEL, model.id, context->arena);
    *used = at_arena_text(context->arena, model.id, strlen(model.id));
    at_status status = AT_OK;
    if (!path || !*used ||
        json_object_set_new(channels, "from", json_string(path)) != 0 ||
        json_object_set_new(
            spec, "from", json_pack("{s:s, s:s}", "model", model.name, "id", model.id)) !=
            0)
        status = no_memory(err);
    at_entry_fini(&model);
    return status;
}

at_status at_train_start_add(at_context *context, const at_train_start *start,
                             const at_algorithm *algorithm, json_t *spec,
                             json_t *channels, const char **used, at_error *err) {
    *used = NULL;
    AT_TRY(check(start, algorithm, err));
    if (start->from)
        AT_TRY(add_model(context, start->from, spec, channels, used, err));
    if (start->weights) {
        char path[PATH_MAX];
        if (!realpath(start->weights, path))
            return at_fail_errno(err, "cannot open %s", start->weights);
        if (json_object_set_new(channels, "weights", json_string(path)) != 0)
            return no_memory(err);
    }
    if (start->freeze && json_object_set_new(spec, "freeze", json_true()) != 0)
        return no_memory(err);
    if (start->freeze_stages > 0 &&
        json_object_set_new(spec, "freeze_stages", json_integer(start->freeze_stages)) !=
            0)
        return no_memory(err);
    return AT_OK;
}
