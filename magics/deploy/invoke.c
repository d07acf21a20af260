/* %%invoke: asks an endpoint. */
#include "magics/deploy/picture.h"
#include "magics/deploy/response.h"
#include "magics/deploy/route.h"
#include "magics/deploy/serve.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"
#include "ops/base/file.h"
#include "ops/frame/csv.h"
#include "ops/frame/jsonl.h"
#include "ops/image/image.h"

#include <stdlib.h>
#include <string.h>

struct invoke_options {
    const char *endpoint, *content_type, *accept, *file, *data;
    int64_t row;
    const char *body;
};

/* What is sent. */
typedef struct payload {
    const char *bytes;
    size_t length;
    const char *content_type;
    bool picture;
} payload;

enum { SHOWN_MAX = 16 * 1024 }; /* bytes of an answer on the screen */

static const char *const media_types[] = {"text/csv", "application/json",
                                          "application/jsonlines", NULL};

static const at_param arguments[] = {
    {.name = "endpoint",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_ENDPOINT,
     .offset = offsetof(struct invoke_options, endpoint),
     .required = true,
     .help = "the endpoint to ask"},
};

static const at_param options[] = {
    {.name = "content-type",
     .kind = AT_PARAM_TEXT,
     .offset = offsetof(struct invoke_options, content_type),
     .choices = media_types,
     .help = "what the body is: text/csv (when left out), application/json or "
             "application/jsonlines"},
    {.name = "accept",
     .kind = AT_PARAM_TEXT,
     .offset = offsetof(struct invoke_options, accept),
     .choices = media_types,
     .help = "what the answer shall be; the same as the body when absent"},
    {.name = "file",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_PATH,
     .offset = offsetof(struct invoke_options, file),
     .help = "send this file: a picture, or rows"},
    {.name = "data",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_DATASET,
     .offset = offsetof(struct invoke_options, data),
     .help = "send a picture of this dataset: that of --row"},
    {.name = "row",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct invoke_options, row),
     .fallback = "1",
     .min = 1,
     .max = 1e12,
     .help = "which row of --data, from 1"},
};

/* What a failed request says: our server's own words out of its JSON. */
static at_status refusal(const char *endpoint, int code, const char *body, size_t length,
                         at_error *err) {
    json_t *outer = json_loadb(body, length, 0, NULL);
    const char *original = json_string_value(json_object_get(outer, "OriginalMessage"));
    json_t *inner = original ? json_loads(original, 0, NULL) : json_incref(outer);
    const char *message = json_string_value(json_object_get(inner, "message"));
    const char *hint = json_string_value(json_object_get(inner, "hint"));
    if (!message)
        message = json_string_value(json_object_get(inner, "Message"));
    json_int_t status = json_integer_value(json_object_get(outer, "OriginalStatusCode"));
    at_fail(err, AT_INVALID, "%s answered %d: %s", endpoint, status ? (int)status : code,
            message ? message : body);
    if (hint)
        at_hint(err, "%s", hint);
    json_decref(inner);
    json_decref(outer);
    return err ? err->code : AT_INVALID;
}

/* The answer as a frame; AT_INVALID where it is none. */
static at_status answer_frame(const char *body, size_t length, at_media media,
                              at_frame **out, at_error *err) {
    at_read_context context = {0};
    at_csv_report report;
    if (media == AT_MEDIA_CSV) {
        at_csv_options csv = at_csv_options_default();
        csv.delimiter = ',';
        csv.header = AT_NO;
        return at_csv_read(body, length, &csv, &context, out, &report, err);
    }
    if (media == AT_MEDIA_JSONL)
        return at_jsonl_read(body, length, false, &context, out, &report, err);
    json_t *answer = json_loadb(body, length, 0, NULL), *item;
    size_t i;
    at_text lines = {0};
    json_array_foreach(json_object_get(answer, "predictions"), i, item) {
        char *line = json_dumps(item, JSON_COMPACT | JSON_REAL_PRECISION(17));
        at_text_put(&lines, line ? line : "{}");
        at_text_char(&lines, '\n');
        free(line); /* jansson's own allocation */
    }
    json_decref(answer);
    at_status status = at_jsonl_read(at_text_get(&lines), lines.length, false, &context,
                                     out, &report, err);
    at_text_fini(&lines);
    return status;
}

/* Names for the columns of a headless CSV answer: what the endpoint was deployed with. */
static at_status name_columns(at_context *context, const char *endpoint, at_frame **frame,
                              at_error *err) {
    at_entry entry;
    AT_TRY(at_store_find(context->workspace, AT_KIND_ENDPOINT, endpoint, context->arena,
                         &entry, err));
    const json_t *keys = json_object_get(entry.card, "response");
    at_frame_builder *builder = NULL;
    at_status status = at_frame_builder_new(&builder, err);
    for (int i = 0; i < at_frame_columns(*frame) && !status; i++) {
        const char *name = json_string_value(json_array_get(keys, (size_t)i));
        if (!name && i == 0)
            name = at_response_key_name(AT_KEY_LABEL);
        status = at_frame_builder_share(builder, *frame, i, name, err);
    }
    at_frame *named = NULL;
    if (!status)
        status = at_frame_builder_finish(builder, &named, err);
    else
        at_frame_builder_release(builder);
    if (!status) {
        at_frame_release(*frame);
        *frame = named;
    }
    at_entry_fini(&entry);
    return status;
}

/* The answer as it came, less its last line end, as far as a screen takes it. */
static const char *answer_text(const char *body, size_t length, at_arena *arena) {
    size_t shown = length < SHOWN_MAX ? length : SHOWN_MAX;
    while (shown < length && shown > 0 && ((unsigned char)body[shown] & 0xC0) == 0x80)
        shown--;
    if (shown < length)
        return at_arena_format(arena, "%.*s\n... (%s in all)", (int)shown, body,
                               at_view_bytes(arena, (int64_t)length));
    return at_arena_text(arena, body,
                         shown && body[shown - 1] == '\n' ? shown - 1 : shown);
}

/* The answer as a bundle with a table, where it is one. */
static at_status answer_table(at_context *context, const struct invoke_options *o,
                              at_frame **frame, at_media media, at_bundle *bundle,
                              at_error *err) {
    if (media == AT_MEDIA_CSV)
        AT_TRY(name_columns(context, o->endpoint, frame, err));
    at_table_options table = {.title = o->endpoint};
    return at_view_table(*frame, -1, &table, bundle, err);
}

/* Once: a table where HTML is shown, and the very bytes where text is. */
static at_status show(at_context *context, const struct invoke_options *o,
                      const char *body, size_t length, const char *content_type,
                      at_error *err) {
    at_display *display = context->call->display;
    const char *text = answer_text(body, length, context->arena);
    if (!text)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the answer");
    bool utf8;
    int header;
    at_media media = at_media_of_content(content_type, &utf8, &header);
    at_frame *frame = NULL;
    if (media == AT_MEDIA_NONE || answer_frame(body, length, media, &frame, NULL)) {
        at_display_print(display, "%s\n", text);
        return AT_OK;
    }
    at_bundle bundle;
    at_status status = answer_table(context, o, &frame, media, &bundle, err);
    if (!status) {
        at_bundle_put(&bundle, "text/plain", text);
        at_view_send(display, &bundle);
    }
    at_frame_release(frame);
    return status;
}

static at_status read_file(at_context *context, const char *path, payload *out,
                           at_error *err) {
    at_text text = {0};
    at_status status = at_file_read(path, AT_BODY_LIMIT, &text, err);
    if (status == AT_OK) {
        out->length = text.length;
        out->bytes = at_arena_text(context->arena, at_text_get(&text), text.length);
        if (!out->bytes)
            status = at_fail(err, AT_NO_MEMORY, "no memory left for %s", path);
    }
    at_text_fini(&text);
    out->picture = status == AT_OK &&
                   at_image_recognise(out->bytes, out->length) != AT_IMAGE_UNKNOWN;
    return status;
}

/* The body, a file, or a dataset's picture: one of them. */
static at_status take_payload(at_context *context, const struct invoke_options *o,
                              payload *out, at_error *err) {
    bool body = o->body && o->body[strspn(o->body, " \t\r\n")];
    if ((o->file != NULL) + (o->data != NULL) + body > 1)
        return at_fail(err, AT_INVALID,
                       "the body, --file and --data are three ways to say what is sent; "
                       "use one");
    *out = (payload){.bytes = o->body ? o->body : "",
                     .length = o->body ? strlen(o->body) : 0};
    if (o->file)
        AT_TRY(read_file(context, o->file, out, err));
    if (o->data) {
        AT_TRY(
            at_picture_of_row(context, o->data, o->row, &out->bytes, &out->length, err));
        out->picture = true;
    }
    out->content_type = o->content_type ? o->content_type
                        : out->picture  ? "application/x-image"
                                        : "text/csv";
    return AT_OK;
}

/* Starts the server where it does not run, and asks it. */
static at_status ask(at_context *context, const struct invoke_options *o,
                     const payload *sent, int *code, char content_type[128],
                     char **answer, size_t *length, at_error *err) {
    at_workspace *workspace = context->workspace;
    at_server_info server;
    AT_TRY(at_server_find(workspace, &server, err));
    bool ran = server.running;
    AT_TRY(at_server_ensure(workspace, context->call->cancel, &server, err));
    if (!ran) {
        at_display_print(context->call->display,
                         "The server did not run; it is up again on port %d.\n",
                         server.port);
    }
    AT_TRY(at_server_check(workspace, o->endpoint, err));
    return at_server_invoke(workspace, o->endpoint, sent->content_type, o->accept,
                            sent->bytes, sent->length, context->call->cancel, code,
                            content_type, answer, length, err);
}

static at_status exchange(at_context *context, const struct invoke_options *o,
                          const payload *sent, const at_entry *entry, at_error *err) {
    at_workspace *workspace = context->workspace;
    int code = 0;
    char *answer = NULL, content_type[128];
    size_t length = 0;
    at_status asked = ask(context, o, sent, &code, content_type, &answer, &length, err);
    at_server_info server;
    if (asked == AT_NETWORK && at_server_find(workspace, &server, NULL) == AT_OK &&
        !server.running) /* it was killed just now: asking again does no harm */
        asked = ask(context, o, sent, &code, content_type, &answer, &length, err);
    AT_TRY(asked);
    at_status status = code != 200 ? refusal(o->endpoint, code, answer, length, err)
                       : sent->picture
                           ? at_picture_show_answer(context, entry, sent->bytes,
                                                    sent->length, answer, length, err)
                           : show(context, o, answer, length, content_type, err);
    at_free(answer);
    return status;
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct invoke_options *o = given;
    at_entry entry;
    AT_TRY(at_store_find(context->workspace, AT_KIND_ENDPOINT, o->endpoint,
                         context->arena, &entry, err));
    payload sent;
    at_status status = take_payload(context, o, &sent, err);
    if (status == AT_OK)
        status = exchange(context, o, &sent, &entry, err);
    at_entry_fini(&entry);
    return status;
}

static const char *const examples[] = {
    "%%invoke bank-ep --content-type text/csv\n"
    "56,housemaid,married,basic.4y,no,no,no,telephone,may,mon,1,999,0,nonexistent",
    "%%invoke flights-ep --content-type application/json\n"
    "{\"instances\": [{\"temperature\": -2.5, \"humidity\": 91}]}",
    "%invoke reader-ep --file seven.png", "%invoke reader-ep --data digits_test --row 7",
    NULL};

const at_magic at_magic_invoke = {
    .name = "invoke",
    .forms = AT_MAGIC_CELL | AT_MAGIC_LINE,
    .stage = AT_STAGE_DEPLOY,
    .summary = "Sends the body to an endpoint and shows its answer",
    .details =
        "A row of CSV holds the columns in order, without the target and dropped ones; a "
        "first line with names makes it a header, and then columns match by name. An "
        "empty field (CSV) or `null` (JSON) is a missing value. A model of images takes "
        "one picture: a file, or a row of an image dataset.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .body = {.kind = AT_BODY_TEXT,
             .optional = true,
             .offset = offsetof(struct invoke_options, body),
             .help = "the rows to predict, as CSV, JSON or JSON lines"},
    .examples = examples,
    .options_size = sizeof(struct invoke_options),
    .run = run,
};
