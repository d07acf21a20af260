/* %fetch: a table or a set of images from a file or the web. */
#include "magics/data/image_set.h"
#include "magics/data/model_files.h"
#include "magics/data/source.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"
#include "magics/view/progress.h"
#include "ops/base/file.h"
#include "ops/frame/csv.h"
#include "ops/frame/jsonl.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct fetch_options {
    const char *name, *source;
    const char *member, *sha256, *format;
    const char *delimiter, *quote, *decimal, *header, *encoding, *on_bad_row, *classes;
    at_words missing, types, names;
    int64_t skip_lines;
    bool fresh;
};

static const char *const formats[] = {"auto",     "csv",    "tsv",   "jsonl",
                                      "recordio", "idx",    "cifar", "manifest",
                                      "lst",      "folder", NULL};
static const char *const headers[] = {"auto", "yes", "no", NULL};
static const char *const encodings[] = {"auto",     "utf-8",        "utf-16le",
                                        "utf-16be", "windows-1252", NULL};
static const char *const bad_rows[] = {"error", "skip", "fill", NULL};
static const char *const decimals[] = {"auto", ".", ",", NULL};

#define PLACE(field) .offset = offsetof(struct fetch_options, field)

static const at_param arguments[] = {
    {.name = "name",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_NEW_NAME,
     PLACE(name),
     .required = true,
     .help = "name of the new dataset"},
    {.name = "source",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_SOURCE,
     PLACE(source),
     .required = true,
     .help = "a path, or an http or https address"},
};

static const at_param options[] = {
    {.name = "member",
     .kind = AT_PARAM_TEXT,
     PLACE(member),
     .help = "which file of an archive: its path in it, or the end of that"},
    {.name = "sha256",
     .kind = AT_PARAM_TEXT,
     PLACE(sha256),
     .help = "what the file must be, as 64 hexadecimal digits"},
    {.name = "fresh",
     .kind = AT_PARAM_FLAG,
     PLACE(fresh),
     .help = "download again, whatever the cache has"},
    {.name = "format",
     .kind = AT_PARAM_CHOICE,
     .choices = formats,
     PLACE(format),
     .fallback = "auto",
     .help = "what is in the file; auto goes by its name and its first bytes"},
    {.name = "delimiter",
     .kind = AT_PARAM_TEXT,
     PLACE(delimiter),
     .fallback = "auto",
     .help =
         "what parts the fields: one character, or comma, semicolon, tab, pipe, space"},
    {.name = "quote",
     .kind = AT_PARAM_TEXT,
     PLACE(quote),
     .fallback = "auto",
     .help = "the quotation mark, or none"},
    {.name = "header",
     .kind = AT_PARAM_CHOICE,
     .choices = headers,
     PLACE(header),
     .fallback = "auto",
     .help = "whether the first line holds the names"},
    {.name = "names",
     .kind = AT_PARAM_LIST,
     PLACE(names),
     .help = "names for the columns, comma-separated"},
    {.name = "encoding",
     .kind = AT_PARAM_CHOICE,
     .choices = encodings,
     PLACE(encoding),
     .fallback = "auto",
     .help = "how characters are written"},
    {.name = "decimal",
     .kind = AT_PARAM_CHOICE,
     .choices = decimals,
     PLACE(decimal),
     .fallback = "auto",
     .help = "the decimal mark of numbers"},
    {.name = "missing",
     .kind = AT_PARAM_LIST,
     PLACE(missing),
     .help =
         "cells that mean a missing value, comma-separated, instead of NA, null, ? ..."},
    {.name = "types",
     .kind = AT_PARAM_LIST,
     .refers = AT_REFERS_NOTHING,
     PLACE(types),
     .help = "types of single columns, as in zip=text,price=float"},
    {.name = "skip-lines",
     .kind = AT_PARAM_INT,
     PLACE(skip_lines),
     .fallback = "0",
     .min = 0,
     .max = 1e9,
     .unit = "lines",
     .help = "lines before the header to pass over"},
    {.name = "on-bad-row",
     .kind = AT_PARAM_CHOICE,
     .choices = bad_rows,
     PLACE(on_bad_row),
     .fallback = "error",
     .help = "what to do with a row that has too many or too few fields, or with an "
             "image that cannot be read; fill: cells that a row lacks at its end are "
             "missing"},
    {.name = "classes",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_PATH,
     PLACE(classes),
     .help = "names of the classes of images, by their numbers: a file with one a line, "
             "or the names, comma-separated"},
};

static at_status read_mark(const char *option, const char *text, char *out,
                           at_error *err) {
    static const struct {
        const char *word;
        char mark;
    } words[] = {{"auto", 0},   {"comma", ','}, {"semicolon", ';'}, {"tab", '\t'},
                 {"\\t", '\t'}, {"pipe", '|'},  {"space", ' '},     {"none", -1}};
    if (strlen(text) == 1) {
        *out = *text;
        return AT_OK;
    }
    for (size_t i = 0; i < AT_COUNT(words); i++)
        if (strcasecmp(text, words[i].word) == 0) {
            *out = words[i].mark;
            return AT_OK;
        }
    at_fail(err, AT_INVALID, "--%s takes one character, not '%.40s'", option, text);
    return at_hint(err, "or one of comma, semicolon, tab, pipe, space");
}

/* zip=text,price=float into pairs that end with NULLs. */
static at_status read_types(at_words words, at_arena *arena, const char *const (**out)[2],
                            at_error *err) {
    const char *(*pairs)[2] = at_arena_alloc(arena, (words.count + 1) * sizeof *pairs);
    if (!pairs)
        return at_fail(err, AT_NO_MEMORY, "no memory left to fetch");
    for (size_t i = 0; i < words.count; i++) {
        const char *equals = strrchr(words.items[i], '=');
        at_type type;
        if (!equals || equals == words.items[i])
            return at_fail(err, AT_INVALID, "--types takes COLUMN=TYPE, not '%.60s'",
                           words.items[i]);
        if (!at_type_from_name(equals + 1, &type)) {
            at_fail(err, AT_INVALID, "'%.60s' is not a type", equals + 1);
            return at_hint(
                err, "choose from int, float, bool, text, category, date, timestamp");
        }
        pairs[i][0] =
            at_arena_text(arena, words.items[i], (size_t)(equals - words.items[i]));
        pairs[i][1] = equals + 1;
        if (!pairs[i][0])
            return at_fail(err, AT_NO_MEMORY, "no memory left to fetch");
    }
    *out = (const char *const(*)[2])pairs;
    return AT_OK;
}

/* The words with a NULL at the end; NULL for none. */
static const char *const *terminated(at_words words, at_arena *arena) {
    if (!words.count)
        return NULL;
    const char **list = at_arena_alloc(arena, (words.count + 1) * sizeof *list);
    for (size_t i = 0; list && i < words.count; i++)
        list[i] = words.items[i];
    return list;
}

static at_status read_options(const struct fetch_options *o, at_arena *arena,
                              at_csv_options *csv, at_error *err) {
    *csv = at_csv_options_default();
    AT_TRY(read_mark("delimiter", o->delimiter, &csv->delimiter, err));
    AT_TRY(read_mark("quote", o->quote, &csv->quote, err));
    if (strcmp(o->format, "tsv") == 0 && !csv->delimiter)
        csv->delimiter = '\t';
    csv->decimal = strcmp(o->decimal, "auto") == 0 ? 0 : *o->decimal;
    csv->header = strcmp(o->header, "auto") == 0  ? AT_AUTO
                  : strcmp(o->header, "yes") == 0 ? AT_YES
                                                  : AT_NO;
    csv->encoding = strcmp(o->encoding, "auto") == 0 ? NULL : o->encoding;
    csv->skip_bad_rows = strcmp(o->on_bad_row, "skip") == 0;
    csv->fill_short_rows = strcmp(o->on_bad_row, "fill") == 0;
    csv->skip_lines = o->skip_lines;
    csv->missing = terminated(o->missing, arena);
    csv->names = terminated(o->names, arena);
    return o->types.count ? read_types(o->types, arena, &csv->types, err) : AT_OK;
}

/* By --format, else by the name's ending, else by the first byte that is no blank. */
static bool is_jsonl(const struct fetch_options *o, const at_source *source) {
    static const char *const ends[] = {".jsonl", ".ndjson", ".jsonlines", ".json"};
    if (strcmp(o->format, "auto") != 0)
        return strcmp(o->format, "jsonl") == 0;
    for (size_t i = 0; source->name && i < AT_COUNT(ends); i++)
        if (at_ends_fold(source->name, ends[i]))
            return true;
    char head[256];
    int fd = open(source->path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, head, sizeof head) : 0;
    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < got; i++)
        if (!strchr(" \t\r\n", head[i]) || !head[i])
            return head[i] == '{';
    return false;
}

/* What says how a table of text is read says nothing about JSON or images: refused, not
 * passed over in silence. */
static at_status check_textual(const struct fetch_options *o, const char *as,
                               at_error *err) {
    const struct {
        const char *name;
        bool given;
    } textual[] = {{"delimiter", strcmp(o->delimiter, "auto") != 0},
                   {"quote", strcmp(o->quote, "auto") != 0},
                   {"header", strcmp(o->header, "auto") != 0},
                   {"names", o->names.count > 0},
                   {"encoding", strcmp(o->encoding, "auto") != 0},
                   {"decimal", strcmp(o->decimal, "auto") != 0},
                   {"missing", o->missing.count > 0},
                   {"types", o->types.count > 0},
                   {"skip-lines", o->skip_lines > 0}};
    for (size_t i = 0; i < AT_COUNT(textual); i++)
        if (textual[i].given) {
            at_fail(err, AT_INVALID, "--%s is for CSV and TSV; %.200s is read as %s",
                    textual[i].name, o->source, as);
            return at_hint(err, "leave it out and change the dataset with %%%%clean, or, "
                                "if it is a table of text, add --format csv");
        }
    return AT_OK;
}

static void on_progress(void *context, int64_t done, int64_t total) {
    at_progress_update(context, (double)done, (double)total, NULL);
}

static at_status read_table(at_context *context, const struct fetch_options *o,
                            const at_csv_options *csv, const at_source *source,
                            at_frame **out, at_csv_report *report, at_error *err) {
    at_progress *progress = NULL;
    bool jsonl = is_jsonl(o, source);
    if (jsonl)
        AT_TRY(check_textual(o, "JSON lines", err));
    AT_TRY(at_progress_new(context->call->display,
                           at_arena_format(context->arena, "Reading %s", o->name),
                           AT_UNIT_BYTES, false, &progress, err));
    at_read_context read = {.pool = at_session_pool(context->session),
                            .cancel = context->call->cancel,
                            .progress = on_progress,
                            .context = progress};
    at_status status = jsonl
                           ? at_jsonl_read_file(source->path, csv->skip_bad_rows, &read,
                                                out, report, err)
                           : at_csv_read_file(source->path, csv, &read, out, report, err);
    at_progress_finish(progress, status != AT_OK, status ? "failed" : "read");
    at_progress_release(progress);
    if (status && source->unpacked.path &&
        err) /* the user knows the member, not the file */
        at_prefix(err, "%.200s", source->name);
    return status;
}

static json_t *make_lineage(const struct fetch_options *o) {
    json_t *lineage = at_lineage_origin("fetch", o->source);
    json_t *missing = lineage && o->missing.count ? json_array() : NULL;
    for (size_t i = 0; missing && i < o->missing.count; i++)
        json_array_append_new(missing, json_string(o->missing.items[i]));
    if (missing) /* an endpoint reads its CSV by the same markers */
        json_object_set_new(lineage, "missing", missing);
    return lineage;
}

static at_status show(at_context *context, const struct fetch_options *o,
                      const at_source *source, const at_frame *frame,
                      const at_csv_report *report, at_error *err) {
    at_display *display = context->call->display;
    if (source->note)
        at_display_print(display, "%s: %s\n", o->name, source->note);
    if (report->notes[0])
        at_display_print(display, "%s\n", report->notes);
    at_table_options table = {.rows = 5,
                              .title = o->name,
                              .types = true,
                              .more =
                                  at_arena_format(context->arena, "%%show %s", o->name)};
    at_bundle bundle;
    AT_TRY(at_view_table(frame, -1, &table, &bundle, err));
    at_view_send(display, &bundle);
    return AT_OK;
}

static at_status fetch_table(at_context *context, const struct fetch_options *o,
                             const at_csv_options *csv, at_source *source,
                             at_error *err) {
    at_frame *frame = NULL;
    at_csv_report report = {0};
    AT_TRY(at_source_unpack(context, o->member, source, err));
    AT_TRY(read_table(context, o, csv, source, &frame, &report, err));
    json_t *lineage = make_lineage(o);
    at_status status =
        lineage ? at_store_put_frame(context->workspace, o->name, frame, lineage, err)
                : at_fail(err, AT_NO_MEMORY, "no memory left to keep %s", o->name);
    json_decref(lineage);
    if (!status)
        status = show(context, o, source, frame, &report, err);
    at_frame_release(frame);
    return status;
}

static at_status fetch_images(at_context *context, const struct fetch_options *o,
                              at_source *source, bool *taken, at_error *err) {
    at_image_fetch images = {.name = o->name,
                             .source = o->source,
                             .member = o->member,
                             .format = o->format,
                             .classes = o->classes,
                             .fresh = o->fresh,
                             .skip_bad = strcmp(o->on_bad_row, "skip") == 0};
    const at_image_reader *reader;
    at_image_found *found;
    at_status status = at_image_set_find(context, &images, source, &found, &reader, err);
    *taken = reader != NULL;
    if (!status && !reader && o->classes)
        status = at_fail(err, AT_INVALID, "--classes is for images; %.200s is a table",
                         o->source);
    if (reader && !status)
        status = check_textual(o, reader->title, err);
    if (reader && !status)
        status = at_image_set_fetch(found, err);
    at_image_found_release(found);
    return status;
}

/* Before anything is downloaded. A model's name may be what a dataset's may not. */
static at_status check_name(const struct fetch_options *o, at_error *err) {
    bool model = at_ends_fold(o->source, ".gz") || at_ends_fold(o->source, ".tgz") ||
                 at_ends_fold(o->source, ".zip") || at_folder_exists(o->source);
    return at_store_check_name(model ? AT_KIND_MODEL : AT_KIND_DATASET, o->name, err);
}

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct fetch_options *o = given;
    at_csv_options csv;
    at_source source;
    AT_TRY(check_name(o, err));
    AT_TRY(read_options(o, context->arena, &csv, err));
    at_source_options where = {
        .source = o->source, .sha256 = o->sha256, .fresh = o->fresh};
    AT_TRY(at_source_open(context, &where, &source, err));
    bool taken = false;
    at_status status = AT_OK;
    if (strcmp(o->format, "auto") == 0)
        status = at_model_files_fetch(context, o->name, &source, o->source, &taken, err);
    if (status == AT_OK && !taken)
        status = at_store_check_name(AT_KIND_DATASET, o->name, err);
    if (status == AT_OK && !taken)
        status = fetch_images(context, o, &source, &taken, err);
    if (status == AT_OK && !taken)
        status = fetch_table(context, o, &csv, &source, err);
    at_source_close(&source);
    return status;
}

static const char *const examples[] = {
    "%fetch bank https://sagemaker-sample-data-us-west-2.s3-us-west-2.amazonaws.com/"
    "autopilot/direct_marketing/bank-additional.zip --member bank-additional-full.csv",
    "%fetch bikes bikes.csv --delimiter semicolon --encoding windows-1252",
    "%fetch caltech caltech-256-60-train.rec",
    "%fetch pets ~/pictures/pets --on-bad-row skip",
    "%fetch survey answers.tsv --missing \"unknown,n/a\" --types zip=text --on-bad-row "
    "skip",
    NULL};

const at_magic at_magic_fetch = {
    .name = "fetch",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DATA,
    .summary = "Makes a dataset of a file, a folder or a download: tables (CSV, TSV, "
               "JSON lines) and images",
    .details =
        "Images are RecordIO (`.rec`, with its `.lst` and `.idx`), folders of pictures "
        "(a "
        "folder is a class), IDX as of MNIST, CIFAR binary, lists (`.lst`) and augmented "
        "manifests; JPEG, PNG, BMP and GIF are read. A dataset of images is a table too, "
        "with columns id, label, width, height and source.\n\n"
        "A model's folder, or the model.tar.gz that `%export` and `atelier train` leave, "
        "becomes a model of that name.\n\n"
        "Archives (zip, tar) and packed files (gz, bz2, xz) are opened. Delimiter, "
        "quotes, "
        "header, encoding, decimal mark, missing cells and types are found out; each has "
        "an option that overrides it. Downloads are kept in the workspace's cache and "
        "continued where they broke. `ATELIER_MIRROR` names a folder whose files stand "
        "for addresses that end in their names, for work without a network.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct fetch_options),
    .run = run,
};
