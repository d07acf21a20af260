/* %export: a dataset into a file. */
#include "magics/language/spec.h"
#include "magics/view/grid.h"
#include "ops/base/file.h"
#include "ops/frame/csv.h"
#include "ops/frame/jsonl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct export_options {
    const char *data, *path;
};

static const at_param arguments[] = {
    {.name = "dataset",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct export_options, data),
     .required = true,
     .help = "the dataset to write"},
    {.name = "file",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_PATH,
     .offset = offsetof(struct export_options, path),
     .required = true,
     .help = "where to; its ending says how: .csv, .tsv or .jsonl"},
};

static at_status write_file(const at_frame *frame, const char *path, at_error *err) {
    if (at_ends_fold(path, ".csv"))
        return at_csv_write_file(frame, path, ',', err);
    if (at_ends_fold(path, ".tsv"))
        return at_csv_write_file(frame, path, '\t', err);
    if (at_ends_fold(path, ".jsonl") || at_ends_fold(path, ".ndjson"))
        return at_jsonl_write_file(frame, path, err);
    at_fail(err, AT_INVALID, "the ending of '%.200s' says nothing about its format",
            path);
    return at_hint(err, "name it .csv, .tsv or .jsonl");
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
    at_frame *frame = NULL;
    AT_TRY(at_store_frame(context->workspace, o->data, &frame, err));
    at_status status = write_file(frame, path, err);
    if (!status)
        at_display_print(
            context->call->display, "%s written to %s: %s x %s, %s\n", o->data, path,
            at_view_plural(context->arena, at_frame_rows(frame), "row"),
            at_view_plural(context->arena, at_frame_columns(frame), "column"),
            at_view_bytes(context->arena, at_file_size(path)));
    at_frame_release(frame);
    return status;
}

static const char *const examples[] = {"%export bank_clean bank_clean.csv",
                                       "%export bank_clean bank_clean.jsonl", NULL};

const at_magic at_magic_export = {
    .name = "export",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DATA,
    .summary = "Writes a dataset to a CSV, TSV or JSON lines file",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .examples = examples,
    .options_size = sizeof(struct export_options),
    .run = run,
};
