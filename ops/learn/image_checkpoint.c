#include "ops/learn/image_checkpoint.h"
#include "ops/base/file.h"
#include "ops/base/safetensors.h"

#include <string.h>

/* The progress as it stands in memory, with a mark of its form: the file is read by the
 * program that wrote it, or the training begins again. */
typedef struct stored {
    char form[8];
    uint64_t steps, seed;
    at_image_progress progress;
} stored;

static const char form[8] = "image/2";

at_status at_image_checkpoint_save(const char *path, at_net *net,
                                   const at_image_progress *progress, at_error *err) {
    at_net_memory memory = at_net_memory_of(net);
    stored head;
    memset(&head, 0, sizeof head); /* padding too: the file's bytes are all known */
    memcpy(head.form, form, sizeof form);
    head.steps = memory.steps;
    head.seed = memory.seed;
    head.progress = *progress;
    const at_array arrays[] = {
        {.name = "parameters",
         .dtype = AT_DTYPE_F32,
         .rank = 1,
         .shape = {(int64_t)memory.parameter_floats},
         .data = memory.parameters},
        {.name = "state",
         .dtype = AT_DTYPE_F32,
         .rank = 1,
         .shape = {(int64_t)memory.state_floats},
         .data = memory.state},
        {.name = "progress",
         .dtype = AT_DTYPE_U8,
         .rank = 1,
         .shape = {(int64_t)sizeof head},
         .data = &head},
    };
    return at_safetensors_write(path, arrays, sizeof arrays / sizeof *arrays, NULL, 0,
                                err);
}

static const at_array *array_of(const at_safetensors *file, const char *name,
                                at_dtype dtype, size_t length) {
    const at_array *array = at_safetensors_find(file, name);
    return array && array->dtype == dtype && array->rank == 1 &&
                   array->shape[0] == (int64_t)length
               ? array
               : NULL;
}

at_status at_image_checkpoint_load(const char *path, at_net *net,
                                   at_image_progress *progress, at_error *err) {
    if (!at_file_exists(path))
        return at_fail(err, AT_NOT_FOUND, "there is no checkpoint");
    at_safetensors *file = NULL;
    AT_TRY(at_safetensors_open(path, &file, err));
    at_net_memory memory = at_net_memory_of(net);
    const at_array *parameters =
        array_of(file, "parameters", AT_DTYPE_F32, memory.parameter_floats);
    const at_array *state = array_of(file, "state", AT_DTYPE_F32, memory.state_floats);
    const at_array *head = array_of(file, "progress", AT_DTYPE_U8, sizeof(stored));
    at_status status = AT_OK;
    stored read;
    if (head)
        memcpy(&read, head->data, sizeof read);
    if (!parameters || !state || !head || memcmp(read.form, form, sizeof form) != 0) {
        status = at_fail(err, AT_CORRUPT, "%s belongs to another training", path);
    } else {
        /* Restore copies from these; the file stays mapped until then. */
        memory.parameters = (float *)(uintptr_t)parameters->data;
        memory.state = (float *)(uintptr_t)state->data;
        memory.steps = read.steps;
        memory.seed = read.seed;
        at_net_restore(net, &memory);
        *progress = read.progress;
    }
    at_safetensors_release(file);
    return status;
}
