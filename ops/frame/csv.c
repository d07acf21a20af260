#include "ops/frame/csv.h"

#include "ops/base/file.h"
#include "ops/base/suggest.h"
#include "ops/frame/csv_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Most bytes of an input that must be held in memory whole: a pipe, or UTF-16. */
static const size_t whole_limit = (size_t)8 << 30;

at_csv_options at_csv_options_default(void) {
    return (at_csv_options){.header = AT_AUTO};
}

at_status at_csv_source_read(const at_csv_source *source, int64_t offset, char *out,
                             size_t length, size_t *got, at_error *err) {
    int64_t left = source->size > offset ? source->size - offset : 0;
    size_t want = (int64_t)length < left ? length : (size_t)left;
    *got = 0;
    if (source->fd < 0) {
        if (want)
            memcpy(out, source->bytes + offset, want);
        *got = want;
        return AT_OK;
    }
    while (*got < want) {
        ssize_t n =
            pread(source->fd, out + *got, want - *got, (off_t)(offset + (int64_t)*got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return at_fail_errno(err, "cannot read the file");
        if (n == 0)
            return at_fail(err, AT_IO, "the file became shorter while it was read");
        *got += (size_t)n;
    }
    return AT_OK;
}

/* Everything of one reading. */
typedef struct at_csv_job {
    at_csv_source source;
    const at_csv_options *options;
    const at_read_context *context;
    at_csv_report *report;
    at_arena arena;
    at_csv_dialect dialect;
    at_csv_table table;
    int8_t *forced;
    int *active;
    atomic_uchar *kinds, *plain;
} at_csv_job;

/* Types that the options force, by column. */
static at_status find_forced(at_csv_job *job, at_error *err) {
    const at_csv_dialect *d = &job->dialect;
    memset(job->forced, -1, (size_t)d->columns);
    for (const char *const(*pair)[2] = job->options->types; pair && (*pair)[0]; pair++) {
        int found = -1;
        for (int c = 0; c < d->columns && found < 0; c++)
            found = at_equal_fold(d->names[c], (*pair)[0]) ? c : -1;
        if (found < 0) {
            const char *near = at_nearest((*pair)[0], d->names, (size_t)d->columns);
            at_fail(err, AT_INVALID, "there is no column '%s' to give a type",
                    (*pair)[0]);
            if (near && err)
                at_hint(err, "did you mean '%s'?", near);
            return AT_INVALID;
        }
        at_type type;
        if (!at_type_from_name((*pair)[1], &type)) {
            at_fail(err, AT_INVALID, "unknown type '%s' for column '%s'", (*pair)[1],
                    (*pair)[0]);
            if (err)
                at_hint(err, "types: int, float, bool, text, category, date, timestamp");
            return AT_INVALID;
        }
        job->forced[found] = (int8_t)type;
    }
    return AT_OK;
}

static at_status prepare(at_csv_job *job, at_csv_charset charset, at_error *err) {
    AT_TRY(at_csv_detect(&job->source, job->options, charset, &job->arena, &job->dialect,
                         job->report, err));
    if (job->dialect.not_utf8)
        return AT_OK;
    size_t columns = (size_t)job->dialect.columns;
    job->forced = at_arena_alloc(&job->arena, columns);
    job->active = at_arena_alloc(&job->arena, columns * sizeof *job->active);
    job->kinds = at_arena_alloc(&job->arena, columns);
    job->plain = at_arena_alloc(&job->arena, columns);
    job->table.columns = at_alloc_array(columns, sizeof *job->table.columns);
    if (!job->forced || !job->active || !job->kinds || !job->plain || !job->table.columns)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    job->table.count = (int)columns;
    for (int c = 0; c < (int)columns; c++) {
        job->active[c] = c;
        job->table.columns[c].orders = AT_ORDER_BOTH;
    }
    double rows = (double)job->source.size / (job->dialect.record_bytes + 0.001);
    job->table.expected = (int64_t)(rows * 1.02) + 64;
    return find_forced(job, err);
}

/* Passes until every column is of one kind; mostly one pass. *not_utf8 as at_csv_run. */
static at_status read_passes(at_csv_job *job, bool *not_utf8, at_error *err) {
    const at_csv_dialect *d = &job->dialect;
    at_csv_pass pass = {.source = &job->source,
                        .dialect = d,
                        .options = job->options,
                        .scan = at_scan_pick(),
                        .numbers = at_numbers_pick(),
                        .active = job->active,
                        .active_count = d->columns,
                        .forced = job->forced,
                        .kinds = job->kinds,
                        .plain = job->plain};
    for (int c = 0; c < d->columns; c++)
        atomic_store(&job->kinds[c], d->kinds[c]);
    while (pass.active_count > 0) {
        job->table.rows = 0;
        job->report->bad_rows = 0;
        AT_TRY(at_csv_run(&pass, job->context, &job->table, job->report, not_utf8, err));
        if (*not_utf8)
            return AT_OK;
        pass.active_count = at_csv_table_settle(&job->table, &pass, job->active);
        for (int i = 0; i < pass.active_count; i++) {
            int c = job->active[i];
            atomic_store(&job->kinds[c], (unsigned char)job->table.columns[c].kind);
            atomic_store(&job->plain[c], 0);
        }
    }
    return AT_OK;
}

static void finish_report(at_csv_job *job) {
    at_csv_report *report = job->report;
    report->rows = job->table.rows;
    for (int64_t i = 0; i < report->bad_rows && i < 10; i++)
        report->first_bad[i] =
            at_csv_line_of(&job->source, &job->dialect, report->first_bad[i]);
    if (report->bad_rows > 0) {
        size_t used = strlen(report->notes);
        snprintf(
            report->notes + used, sizeof report->notes - used,
            "%sSkipped %lld row%s with a wrong number of fields, the first on line %lld.",
            used ? " " : "", (long long)report->bad_rows,
            report->bad_rows == 1 ? "" : "s", (long long)report->first_bad[0]);
    }
}

static at_status read_source(at_csv_job *job, at_csv_charset charset, at_frame **out,
                             at_error *err) {
    bool not_utf8 = false;
    AT_TRY(prepare(job, charset, err));
    const char *encoding = job->report->encoding;
    if (charset == AT_CSV_UTF8_GUESS)
        job->report->encoding = NULL; /* a failure is no error yet */
    not_utf8 = job->dialect.not_utf8;
    if (!not_utf8)
        AT_TRY(read_passes(job, &not_utf8, err));
    job->report->encoding = encoding;
    if (not_utf8) {
        at_csv_table_fini(&job->table);
        *job->report = (at_csv_report){0};
        return read_source(job, AT_CSV_LATIN_GUESS, out, err);
    }
    AT_TRY(at_csv_table_frame(&job->table, &job->dialect, job->forced, out, err));
    finish_report(job);
    return AT_OK;
}

static at_status run_job(at_csv_job *job, at_csv_charset charset, at_frame **out,
                         at_error *err) {
    at_status status = read_source(job, charset, out, err);
    at_csv_table_fini(&job->table);
    at_arena_fini(&job->arena);
    return status;
}

/* Which of the two native encodings a name means; false for any other. */
static bool native(const char *encoding, at_csv_charset *charset) {
    static const struct {
        const char *name;
        at_csv_charset charset;
    } names[] = {{"utf-8", AT_CSV_UTF8},   {"utf8", AT_CSV_UTF8},
                 {"ascii", AT_CSV_UTF8},   {"windows-1252", AT_CSV_LATIN},
                 {"cp1252", AT_CSV_LATIN}, {"latin-1", AT_CSV_LATIN},
                 {"latin1", AT_CSV_LATIN}, {"iso-8859-1", AT_CSV_LATIN}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (at_equal_fold(encoding, names[i].name)) {
            *charset = names[i].charset;
            return true;
        }
    }
    return false;
}

/* Other encodings are converted whole, then read as UTF-8. */
static at_status read_converted(at_csv_job *job, const char *encoding, at_frame **out,
                                at_error *err) {
    at_text raw = {0}, text = {0};
    size_t length = (size_t)job->source.size, got = 0, skip = 0;
    const char *bytes = job->source.bytes;
    at_status status = AT_OK;
    if (job->source.size > (int64_t)whole_limit)
        return at_fail(err, AT_LIMIT, "a file in %s may have at most %zu GB", encoding,
                       whole_limit >> 30);
    char *copy = NULL;
    if (job->source.fd >= 0) {
        copy = at_alloc(length + 1);
        status = copy ? at_csv_source_read(&job->source, 0, copy, length, &got, err)
                      : at_fail(err, AT_NO_MEMORY, "out of memory");
        bytes = copy;
    }
    if (status == AT_OK) {
        at_csv_sniff(bytes, length, &skip);
        status = at_csv_transcode(bytes + skip, length - skip, encoding, &text, err);
    }
    at_free(copy);
    at_text_fini(&raw);
    if (status == AT_OK) {
        int fd = job->source.fd;
        job->source = (at_csv_source){-1, at_text_get(&text), (int64_t)text.length};
        status = run_job(job, AT_CSV_UTF8, out, err);
        job->source.fd = fd;
    }
    if (status == AT_OK)
        snprintf(job->report->notes + strlen(job->report->notes),
                 sizeof job->report->notes - strlen(job->report->notes),
                 "%sConverted from %s.", job->report->notes[0] ? " " : "", encoding);
    at_text_fini(&text);
    return status;
}

static at_status read_any(at_csv_source source, const at_csv_options *options,
                          const at_read_context *context, at_frame **out,
                          at_csv_report *report, at_error *err) {
    const at_csv_options plain = at_csv_options_default();
    at_csv_report unused;
    at_csv_job job = {.source = source,
                      .options = options ? options : &plain,
                      .context = context,
                      .report = report ? report : &unused};
    *job.report = (at_csv_report){0};
    char head[1024];
    size_t got, skip;
    AT_TRY(at_csv_source_read(&source, 0, head, sizeof head, &got, err));
    const char *said = job.options->encoding, *seen = at_csv_sniff(head, got, &skip);
    at_csv_charset charset = AT_CSV_UTF8_GUESS;
    if (said && !native(said, &charset))
        return read_converted(&job, said, out, err);
    if (!said && seen && strcmp(seen, "utf-8") != 0)
        return read_converted(&job, seen, out, err);
    return run_job(&job, charset, out, err);
}

at_status at_csv_read(const char *bytes, size_t length, const at_csv_options *options,
                      const at_read_context *context, at_frame **out,
                      at_csv_report *report, at_error *err) {
    at_csv_source source = {.fd = -1, .bytes = bytes, .size = (int64_t)length};
    return read_any(source, options, context, out, report, err);
}

at_status at_csv_read_file(const char *path, const at_csv_options *options,
                           const at_read_context *context, at_frame **out,
                           at_csv_report *report, at_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return at_fail_errno(err, "cannot open %s", path);
    struct stat info;
    at_status status;
    if (fstat(fd, &info) != 0) {
        status = at_fail_errno(err, "cannot open %s", path);
    } else if (S_ISDIR(info.st_mode)) {
        status = at_fail(err, AT_INVALID, "%s is a folder", path);
    } else if (S_ISREG(info.st_mode)) {
        at_csv_source source = {.fd = fd, .size = (int64_t)info.st_size};
        status = read_any(source, options, context, out, report, err);
    } else { /* a pipe: no place in it can be read twice */
        at_text text = {0};
        status = at_file_read(path, whole_limit, &text, err);
        if (status == AT_OK)
            status = at_csv_read(at_text_get(&text), text.length, options, context, out,
                                 report, err);
        at_text_fini(&text);
    }
    close(fd);
    if (status != AT_OK && err && status != AT_CANCELLED)
        at_prefix(err, "%s", at_path_base(path));
    return status;
}
