/* %export: a dataset or a model into a file, whose ending says how. */
#include "magics/data/model_files.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"
#include "ops/base/file.h"
#include "ops/frame/csv.h"
#include "ops/frame/jsonl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct export_options {
    const char *name, *path;
};

static const at_param arguments[] = {
    {.name = "name",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_ANY,
     .offset = offsetof(struct export_options, name),
     .required = true,
     .help = "the dataset or the model to write"},
    {.name = "file",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_PATH,
     .offset = offsetof(struct export_options, path),
     .required = true,
     .help =
         "where to; its ending says how: .csv, .tsv or .jsonl for a dataset, .onnx or "
         ".safetensors for a model of pictures"},
};

static bool is_model(at_context *context, const char *name) {
    at_entry entry;
    at_status status = at_store_find(context->workspace, AT_KIND_MODEL, name,
                                     context->arena, &entry, NULL);
    at_entry_fini(&entry);
    return status == AT_OK;
}

static at_status write_file(const at_frame *frame, const char *path, at_error *err) {
    if (at_ends_fold(path, ".csv"))
        return at_csv_write_file(frame, path, ',', err);
    if (at_ends_fold(path, ".tsv"))
        return at_csv_write_file(frame, path, '\t', err);
    if (at_ends_fold(path, ".jsonl") || at_ends_fold(path, ".ndjson"))
        return at_jsonl_write_file(frame, path, err);
    at_fail(err, AT_INVALID, "the ending of '%.200s' says nothing about its format",
            path);
    return at_hint(
        err, "name it .csv, .tsv or .jsonl; a model: .tar.gz, .onnx or .safetensors");
}

static at_status export_dataset(at_context *context, const struct export_options *o,
                                const char *path, at_error *err) {
    at_frame *frame = NULL;
    at_status status = at_store_frame(context->workspace, o->name, &frame, err);
    if (status == AT_NOT_FOUND && is_model(context, o->name)) {
        at_fail(err, AT_INVALID, "%s is a model, and '%.200s' is no file of one", o->name,
                path);
        return at_hint(err, "name it .tar.gz, .onnx or .safetensors");
    }
    AT_TRY(status);
    status = write_file(frame, path, err);
    if (!status)
        at_display_print(
            context->call->display, "%s written to %s: %s x %s, %s\n", o->name, path,
            at_view_plural(context->arena, at_frame_rows(frame), "row"),
            at_view_plural(context->arena, at_frame_columns(frame), "column"),
            at_view_bytes(context->arena, at_file_size(path)));
    at_frame_release(frame);
    return status;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct export_options *o = given;
    const char *path = o->path, *home = getenv("HOME");
    if (path[0] == '~' && path[1] == '/' && home)
        path = at_arena_format(context->arena, "%s%s", home, path + 1);
    if (!path)
        return at_fail(err, AT_NO_MEMORY, "no memory left to export");
    if (at_folder_exists(path))
        return at_fail(err, AT_INVALID, "%.300s is a folder", path);
    return at_model_files_named(path) ? at_model_files_export(context, o->name, path, err)
                                      : export_dataset(context, o, path, err);
}

static const char *const examples[] = {
    "%export bank_clean bank_clean.csv", "%export bank_clean bank_clean.jsonl",
    "%export reader reader.onnx", "%export reader model.tar.gz", NULL};

const at_magic at_magic_export = {
    .name = "export",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DATA,
    .summary =
        "Writes a dataset to CSV, TSV or JSON lines, a model of pictures to ONNX or "
        "safetensors",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .examples = examples,
    .options_size = sizeof(struct export_options),
    .run = run,
};
