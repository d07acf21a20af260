/* Channels of rows, as SageMaker's algorithms take CSV: no header, the label first. */
#include "magics/train/container_parts.h"
#include "ops/base/file.h"
#include "ops/base/sink.h"
#include "ops/base/text.h"
#include "ops/frame/csv.h"

#include <inttypes.h>
#include <string.h>

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory for the channels");
}

static bool is_part(const at_image_file *file) {
    return at_path_base(file->name)[0] != '_' && file->length > 0; /* _SUCCESS */
}

/* One file after the other, each ended by a line's end. */
static at_status join(const at_image_files *files, const char *to, at_error *err) {
    at_sink sink;
    AT_TRY(at_sink_open(&sink, to, err));
    at_status status = AT_OK;
    for (size_t i = 0; i < files->count && status == AT_OK; i++) {
        at_image_view view;
        if (!is_part(&files->items[i]))
            continue;
        status = at_image_view_open(&files->items[i], &view, err);
        if (status != AT_OK)
            break;
        status = at_sink_write(&sink, view.bytes, view.length, err);
        if (status == AT_OK && view.bytes[view.length - 1] != '\n')
            status = at_sink_write(&sink, "\n", 1, err);
        at_image_view_close(&view);
    }
    return at_sink_close(&sink, status, err);
}

/* The channel as one file: its only one, or all of them together. */
static at_status one_file(at_container *c, const char *channel, const char **out,
                          at_error *err) {
    at_image_files files = {0};
    const char *folder = at_container_path(c, "input/data/%s", channel);
    const char *joined = at_arena_format(&c->arena, "%s/%s.csv", c->scratch, channel);
    if (!folder || !joined)
        return no_memory(err);
    at_status status = at_image_files_walk(&files, folder, err);
    size_t parts = 0;
    for (size_t i = 0; status == AT_OK && i < files.count; i++) {
        if (!is_part(&files.items[i]))
            continue;
        parts++;
        *out = at_arena_format(&c->arena, "%s", files.items[i].path);
    }
    if (status == AT_OK && parts == 0)
        status = at_fail(err, AT_INVALID, "channel %s is empty", channel);
    if (status == AT_OK && parts > 1) {
        status = join(&files, joined, err);
        *out = joined;
    }
    at_image_files_fini(&files);
    return status == AT_OK && !*out ? no_memory(err) : status;
}

static at_status read_csv(at_container *c, const char *channel, const char *path,
                          const char *const (*types)[2], at_frame **out, at_error *err) {
    at_csv_options options = at_csv_options_default();
    at_read_context context = {.pool = c->pool, .cancel = &c->cancel};
    at_csv_report report = {0};
    options.delimiter = ',';
    options.header = AT_NO;
    options.types = types;
    at_status status = at_csv_read_file(path, &options, &context, out, &report, err);
    return status == AT_OK ? AT_OK : at_prefix(err, "channel %s", channel);
}

/* Numbers are numbers: a column of whole ones in one channel and of others in the next
 * is one of reals in both, whatever the rows of each happen to be. */
static at_status types_of(at_container *c, const at_frame *frame,
                          const char *const (**out)[2], at_error *err) {
    int columns = at_frame_columns(frame);
    const char *(*pairs)[2] =
        at_arena_alloc(&c->arena, ((size_t)columns + 1) * sizeof *pairs);
    if (!pairs)
        return no_memory(err);
    for (int i = 0; i < columns; i++) {
        const at_column *column = at_frame_column(frame, i);
        bool real = i > 0 && at_type_numeric(column->type);
        pairs[i][0] = at_arena_format(&c->arena, "%s", column->name);
        pairs[i][1] = at_type_name(real ? AT_TYPE_FLOAT : column->type);
        if (!pairs[i][0])
            return no_memory(err);
    }
    *out = (const char *const(*)[2])pairs;
    return AT_OK;
}

static at_status save(at_container *c, const char *channel, const at_frame *frame,
                      at_error *err) {
    const char *path =
        at_arena_format(&c->arena, "%s/%s.safetensors", c->scratch, channel);
    if (!path)
        return no_memory(err);
    AT_TRY(at_frame_save(frame, path, err));
    at_container_say("[INFO] Channel %s: %" PRId64 " rows, %d columns after the label",
                     channel, at_frame_rows(frame), at_frame_columns(frame) - 1);
    return json_object_set_new(c->channels, channel, json_string(path)) == 0
               ? AT_OK
               : no_memory(err);
}

/* feature_dim says what is seen anyway; a wrong one says that the data is another. */
static at_status check_columns(at_container *c, const at_frame *train, at_error *err) {
    const char *given =
        json_string_value(json_object_get(c->hyperparameters, "feature_dim"));
    int columns = at_frame_columns(train) - 1;
    int64_t dim;
    if (columns < 1) {
        at_fail(err, AT_INVALID, "channel train has one column: the label alone");
        return at_hint(err, "commas part the columns");
    }
    if (given && strcmp(given, "auto") != 0 &&
        (!at_parse_int(given, &dim) || dim != columns))
        return at_fail(err, AT_INVALID,
                       "feature_dim is %.40s, but the rows have %d columns after the "
                       "label",
                       given, columns);
    json_object_del(c->hyperparameters, "feature_dim");
    return json_object_set_new(c->spec, "target",
                               json_string(at_frame_column(train, 0)->name)) == 0
               ? AT_OK
               : no_memory(err);
}

static at_status read_train(at_container *c, const char *const (**types)[2],
                            at_error *err) {
    const char *path = NULL;
    at_frame *seen = NULL, *train = NULL;
    AT_TRY(one_file(c, "train", &path, err));
    AT_TRY(read_csv(c, "train", path, NULL, &seen, err));
    at_status status = types_of(c, seen, types, err);
    at_frame_release(seen);
    if (status == AT_OK)
        status = read_csv(c, "train", path, *types, &train, err);
    if (status == AT_OK)
        status = check_columns(c, train, err);
    if (status == AT_OK)
        status = save(c, "train", train, err);
    at_frame_release(train);
    return status;
}

at_status at_container_rows(at_container *c, at_error *err) {
    const char *const(*types)[2] = NULL;
    const char *type = json_string_value(
        json_object_get(json_object_get(c->inputs, "train"), "ContentType"));
    if (type && strstr(type, "label_size=0"))
        return at_fail(err, AT_INVALID, "channel train has no labels (%.80s)", type);
    AT_TRY(read_train(c, &types, err));
    if (!at_container_has(c, "validation"))
        return AT_OK;
    const char *path = NULL;
    at_frame *frame = NULL;
    AT_TRY(one_file(c, "validation", &path, err));
    AT_TRY(read_csv(c, "validation", path, types, &frame, err));
    at_status status = save(c, "validation", frame, err);
    at_frame_release(frame);
    return status;
}
