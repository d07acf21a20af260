#include "ops/frame/csv_run.h"

#include "ops/base/clock.h"
#include "ops/base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 256 << 10, /* bytes: with its marks it stays in a core's second-level cache */
    CHUNK_LEAST = 64,  /* for tests, through ATELIER_CSV_CHUNK */
    SLOTS_PER_THREAD = 2 /* chunks that wait for their turn */
};

typedef struct at_csv_run_state {
    const at_csv_pass *pass;
    const at_read_context *context;
    at_csv_table *table;
    at_csv_report *report;
    pthread_t caller;
    int64_t chunk_bytes, next_offset; /* where the next chunk's first record must begin */
    double told;                      /* progress was last reported */
    at_error error;
    pthread_mutex_t lock; /* guards what follows, but for the commit of one's own chunk */
    pthread_cond_t moved;
    at_csv_chunk *slots;
    bool *ready;
    size_t slot_count, chunk_count, next_read, next_commit;
    bool committing, stop, not_utf8;
    at_status status;
} at_csv_run_state;

int64_t at_csv_line_of(const at_csv_source *source, const at_csv_dialect *dialect,
                       int64_t offset) {
    char piece[65536];
    int64_t lines = 1;
    for (int64_t at = 0; at < offset;) {
        size_t got, want = sizeof piece;
        want = offset - at < (int64_t)want ? (size_t)(offset - at) : want;
        if (at_csv_source_read(source, at, piece, want, &got, NULL) != AT_OK || got == 0)
            break;
        for (size_t i = 0; i < got; i++)
            lines += piece[i] == (char)dialect->marks.newline;
        at += (int64_t)got;
    }
    return lines;
}

/* "row 12 (line 14)": rows of data from 1, lines of the file from 1. */
static void name_place(const at_csv_run_state *run, int64_t row, int64_t offset,
                       char *out, size_t size) {
    snprintf(out, size, "row %lld (line %lld)", (long long)row + 1,
             (long long)at_csv_line_of(run->pass->source, run->pass->dialect, offset));
}

static at_status fail_ragged(at_csv_run_state *run, const at_csv_chunk *chunk) {
    const at_csv_dialect *d = run->pass->dialect;
    char place[80];
    size_t fields = chunk->bad_fields, columns = (size_t)d->columns;
    name_place(run, run->table->rows + chunk->bad_at, chunk->bad_offsets[0], place,
               sizeof place);
    if (fields < columns)
        at_fail(&run->error, AT_INVALID,
                "%s has %zu field%s, not %zu: column '%s' and those after it are absent",
                place, fields, fields == 1 ? "" : "s", columns, d->names[fields]);
    else
        at_fail(&run->error, AT_INVALID,
                "%s has %zu fields, not %zu: the last column is '%s'", place, fields,
                columns, d->names[columns - 1]);
    return at_hint(&run->error,
                   fields < columns && 2 * fields > columns
                       ? "such rows can be passed over: --on-bad-row skip; or their last "
                         "cells be missing: --on-bad-row fill"
                       : "such rows can be passed over: --on-bad-row skip");
}

static at_status fail_cell(at_csv_run_state *run, const at_csv_chunk *chunk) {
    const at_csv_pass *pass = run->pass;
    const char *name = pass->dialect->names[chunk->fail_column];
    char place[80];
    name_place(run, run->table->rows + chunk->fail_row,
               chunk->first + chunk->starts[chunk->fail_row], place, sizeof place);
    int forced = pass->forced[chunk->fail_column];
    if (!chunk->fail_cell[0] || forced < 0) {
        at_fail(&run->error, AT_INVALID,
                "%s, column '%s' is neither UTF-8 nor Windows-1252 text", place, name);
        return at_hint(&run->error, "say how it is written, for example --encoding big5");
    }
    at_fail(&run->error, AT_INVALID, "%s, column '%s': '%s' is no %s", place, name,
            chunk->fail_cell, at_type_name((at_type)forced));
    return at_hint(&run->error, "read the column as text or category and clean it first");
}

static at_status fail_tail(at_csv_run_state *run, const at_csv_chunk *chunk) {
    int64_t line =
        at_csv_line_of(run->pass->source, run->pass->dialect, chunk->tail_offset + 1);
    at_fail(&run->error, chunk->tail_status, "line %lld: %s", (long long)line,
            chunk->error.text);
    return at_hint(&run->error, "a quote that is part of a text can be read with the "
                                "quote switched off");
}

/* A cell that is not UTF-8, and the row it stands in. */
typedef struct at_not_utf8 {
    int64_t row; /* in the chunk, of the good ones */
    int64_t offset;
    int column;
} at_not_utf8;

static at_not_utf8 find_not_utf8(const at_csv_run_state *run, const at_csv_chunk *chunk) {
    const at_csv_dialect *d = run->pass->dialect;
    const char *text = chunk->text + chunk->text_from, *p = text, *record = text;
    const char *end = text + (chunk->end - chunk->first);
    at_not_utf8 found = {0};
    while (p < end) {
        bool open;
        const char *stop = at_csv_field_end(p, end, &d->marks, &open);
        if (!at_utf8_valid(p, (size_t)(stop - p)))
            break;
        bool last = stop < end && *stop != d->marks.delimiter;
        found.column = last ? 0 : found.column + 1;
        p = stop < end ? stop + 1 : end;
        record = last ? p : record;
    }
    found.offset = chunk->first + (record - text);
    while (found.row < chunk->rows && chunk->starts[found.row] < record - text)
        found.row++;
    return found;
}

static at_status fail_utf8(at_csv_run_state *run, const at_not_utf8 *found) {
    const at_csv_dialect *d = run->pass->dialect;
    char place[80];
    name_place(run, run->table->rows + found->row, found->offset, place, sizeof place);
    at_fail(&run->error, AT_INVALID, "%s, column '%s' is not UTF-8 text", place,
            found->column < d->columns ? d->names[found->column] : "?");
    return at_hint(&run->error, "leave the encoding to be found out, or say which it is");
}

/* Tells what is wrong with the chunk that comes first in the input; AT_OK: nothing. */
static at_status check(at_csv_run_state *run, const at_csv_chunk *chunk) {
    if (chunk->status != AT_OK) {
        run->error = chunk->error;
        return chunk->status;
    }
    bool ragged = chunk->bad_rows > 0 && !run->pass->options->skip_bad_rows;
    if (chunk->not_utf8) {
        if (!run->report->encoding) { /* only a guess: another one is tried */
            run->not_utf8 = true;
            return AT_OK;
        }
        at_not_utf8 found = find_not_utf8(run, chunk);
        return ragged && chunk->bad_offsets[0] < found.offset ? fail_ragged(run, chunk)
                                                              : fail_utf8(run, &found);
    }
    bool refused = chunk->fail_column >= 0;
    if (ragged && (!refused || chunk->bad_at <= chunk->fail_row))
        return fail_ragged(run, chunk);
    if (refused)
        return fail_cell(run, chunk);
    return chunk->tail_status == AT_OK ? AT_OK : fail_tail(run, chunk);
}

static void note_bad_rows(at_csv_run_state *run, const at_csv_chunk *chunk) {
    at_csv_report *report = run->report;
    for (int64_t i = 0; i < chunk->bad_rows && i < 10 && report->bad_rows + i < 10; i++)
        report->first_bad[report->bad_rows + i] = chunk->bad_offsets[i];
    report->bad_rows += chunk->bad_rows;
}

/* The chunk's turn has come: all before it is in the table. */
static at_status commit(at_csv_run_state *run, at_csv_chunk *chunk) {
    bool covered =
        chunk->first < 0 && chunk->status == AT_OK && run->next_offset >= chunk->limit;
    if (covered)
        return AT_OK;
    /* The guess where its records begin was wrong: the cut fell into quotes. */
    if (chunk->first != run->next_offset)
        at_csv_chunk_read(chunk, run->pass, run->next_offset);
    at_status status = check(run, chunk);
    if (status != AT_OK || run->not_utf8)
        return status;
    note_bad_rows(run, chunk);
    run->next_offset = chunk->end;
    return at_csv_table_commit(run->table, run->pass, chunk, &run->error);
}

static void tell(at_csv_run_state *run) {
    const at_read_context *context = run->context;
    if (!context || !context->progress || !pthread_equal(pthread_self(), run->caller))
        return;
    double now = at_now();
    if (now - run->told >= 0.2) {
        run->told = now;
        context->progress(context->context, run->next_offset, run->pass->source->size);
    }
}

/* Commits what is ready, in order; others go on reading. Called and left with the lock.
 */
static void commit_ready(at_csv_run_state *run) {
    if (run->committing)
        return;
    run->committing = true;
    while (!run->stop && run->next_commit < run->chunk_count &&
           run->ready[run->next_commit % run->slot_count]) {
        at_csv_chunk *chunk = &run->slots[run->next_commit % run->slot_count];
        pthread_mutex_unlock(&run->lock);
        at_status status =
            run->context && at_cancelled(run->context->cancel)
                ? at_fail(&run->error, AT_CANCELLED, "reading was interrupted")
                : commit(run, chunk);
        tell(run);
        pthread_mutex_lock(&run->lock);
        run->ready[run->next_commit % run->slot_count] = false;
        run->next_commit++;
        if (status != AT_OK || run->not_utf8) {
            run->status = status;
            run->stop = true;
        }
        pthread_cond_broadcast(&run->moved);
    }
    run->committing = false;
}

static void work(void *context, size_t index) {
    at_csv_run_state *run = context;
    (void)index;
    pthread_mutex_lock(&run->lock);
    while (!run->stop && run->next_read < run->chunk_count) {
        size_t i = run->next_read;
        if (i >= run->next_commit + run->slot_count) {
            pthread_cond_wait(&run->moved, &run->lock);
            continue;
        }
        run->next_read++;
        /* Where everything before is committed, nothing has to be guessed. */
        int64_t first = i == run->next_commit && !run->committing ? run->next_offset : -1;
        pthread_mutex_unlock(&run->lock);
        at_csv_chunk *chunk = &run->slots[i % run->slot_count];
        const at_csv_pass *pass = run->pass;
        chunk->begin = pass->dialect->start + (int64_t)i * run->chunk_bytes;
        chunk->limit = chunk->begin + run->chunk_bytes;
        if (chunk->limit > pass->source->size)
            chunk->limit = pass->source->size;
        at_csv_chunk_read(chunk, pass, first);
        pthread_mutex_lock(&run->lock);
        run->ready[i % run->slot_count] = true;
        commit_ready(run);
    }
    pthread_mutex_unlock(&run->lock);
}

static int64_t chunk_size(void) {
    const char *text = getenv("ATELIER_CSV_CHUNK");
    int64_t bytes;
    return text && at_parse_int(text, &bytes) && bytes >= CHUNK_LEAST &&
                   bytes <= CHUNK * 64
               ? bytes
               : CHUNK;
}

static bool make_slots(at_csv_run_state *run, size_t threads) {
    size_t columns = (size_t)run->pass->dialect->columns;
    run->slot_count = threads == 1 ? 1 : threads * SLOTS_PER_THREAD;
    run->slots = at_alloc_array(run->slot_count, sizeof *run->slots);
    run->ready = at_alloc_array(run->slot_count, sizeof *run->ready);
    if (!run->slots || !run->ready)
        return false;
    for (size_t i = 0; i < run->slot_count; i++) {
        run->slots[i].segments = at_alloc_array(columns, sizeof(at_csv_segment));
        if (!run->slots[i].segments)
            return false;
    }
    return true;
}

at_status at_csv_run(const at_csv_pass *pass, const at_read_context *context,
                     at_csv_table *table, at_csv_report *report, bool *not_utf8,
                     at_error *err) {
    int64_t bytes = pass->source->size - pass->dialect->start;
    at_csv_run_state run = {.pass = pass,
                            .context = context,
                            .table = table,
                            .report = report,
                            .caller = pthread_self(),
                            .chunk_bytes = chunk_size(),
                            .next_offset = pass->dialect->start,
                            .told = at_now(),
                            .lock = PTHREAD_MUTEX_INITIALIZER,
                            .moved = PTHREAD_COND_INITIALIZER};
    run.chunk_count = (size_t)((bytes + run.chunk_bytes - 1) / run.chunk_bytes);
    at_pool *pool = context ? context->pool : NULL;
    size_t threads = at_pool_threads(pool);
    if (threads > run.chunk_count)
        threads = run.chunk_count ? run.chunk_count : 1;
    if (!make_slots(&run, threads))
        run.status = at_fail(&run.error, AT_NO_MEMORY, "out of memory");
    else
        at_pool_run(threads > 1 ? pool : NULL, threads, work, &run);
    for (size_t i = 0; run.slots && i < run.slot_count; i++)
        at_csv_chunk_fini(&run.slots[i], pass->dialect->columns);
    at_free(run.slots);
    at_free(run.ready);
    pthread_cond_destroy(&run.moved);
    pthread_mutex_destroy(&run.lock);
    *not_utf8 = run.not_utf8;
    if (run.status != AT_OK && err)
        *err = run.error;
    return run.status;
}
