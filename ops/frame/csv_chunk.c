/* One chunk: read, scanned for separators, cut into rows, converted column by column. */
#include "ops/base/text.h"
#include "ops/frame/csv_reader.h"

#include <string.h>

enum { OVERLAP = 4096, BLOCK = 64 };

static bool fail_memory(at_csv_chunk *chunk) {
    chunk->status = at_fail(&chunk->error, AT_NO_MEMORY, "out of memory");
    return false;
}

/* Reads on until `want` bytes from `offset` are there, or all; zeros and room for a last
 * newline follow. */
static bool load(at_csv_chunk *chunk, const at_csv_source *source, int64_t offset,
                 size_t want) {
    char *text = at_grow(chunk->text, &chunk->text_capacity, want + 4 * BLOCK, 1);
    if (!text)
        return fail_memory(chunk);
    chunk->text = text;
    size_t have = chunk->text_length, got = 0;
    chunk->status = at_csv_source_read(source, offset + (int64_t)have, text + have,
                                       want - have, &got, &chunk->error);
    if (chunk->status != AT_OK)
        return false;
    chunk->text_length = have + got;
    memset(text + chunk->text_length, 0, 2 * BLOCK);
    return true;
}

static bool room_for_marks(at_csv_chunk *chunk, size_t more) {
    uint32_t *marks = at_grow(chunk->marks, &chunk->mark_capacity,
                              chunk->mark_count + more + BLOCK, sizeof *marks);
    if (!marks)
        return fail_memory(chunk);
    chunk->marks = marks;
    return true;
}

/* Index of the first newline mark at or after position `least`, or mark_count. */
static size_t find_end(const at_csv_chunk *chunk, const char *text, char newline,
                       size_t least) {
    size_t low = 0, high = chunk->mark_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (chunk->marks[middle] < least)
            low = middle + 1;
        else
            high = middle;
    }
    while (low < chunk->mark_count && text[chunk->marks[low]] != newline)
        low++;
    return low;
}

/* The scan by the letter, for quotes inside of fields. True: a record that ends at or
 * after `least`, or the end of the text, was reached. */
static bool scan_slowly(at_csv_chunk *chunk, const char *text, size_t length,
                        const at_csv_marks *marks, size_t least, bool *open) {
    const char *p = text, *end = text + length;
    chunk->mark_count = 0;
    while (p < end) {
        p = at_csv_field_end(p, end, marks, open);
        if (p == end)
            return false;
        if (!room_for_marks(chunk, 1))
            return false;
        chunk->marks[chunk->mark_count++] = (uint32_t)(p - text);
        if (*p == (char)marks->newline && (size_t)(p - text) >= least)
            return true;
        p++;
    }
    return false;
}

typedef struct at_scanning {
    at_scan scan;
    size_t done; /* bytes scanned */
    bool slow, open;
} at_scanning;

/* Scans what was loaded; true when the last own record is complete. */
static bool scan_on(at_csv_chunk *chunk, const at_csv_pass *pass, at_scanning *s,
                    size_t from, size_t least, bool last) {
    const char *text = chunk->text + from;
    size_t length = chunk->text_length - from;
    const at_csv_marks *marks = &pass->dialect->marks;
    if (!s->slow) {
        size_t to = last ? (length + BLOCK - 1) / BLOCK * BLOCK : length / BLOCK * BLOCK;
        if (to > s->done) {
            if (!room_for_marks(chunk, to - s->done))
                return false;
            chunk->mark_count +=
                pass->scan(&s->scan, text, s->done, to, chunk->marks + chunk->mark_count);
            s->done = to;
        }
        s->slow = s->scan.odd;
        s->open = s->scan.in_quote;
    }
    if (s->slow) {
        bool reached = scan_slowly(chunk, text, length, marks, least, &s->open);
        return reached || (last && !s->open && chunk->status == AT_OK);
    }
    size_t end = find_end(chunk, text, (char)marks->newline, least);
    if (end < chunk->mark_count) {
        for (size_t i = end + 1; i < chunk->mark_count; i++)
            s->scan.newlines -= text[chunk->marks[i]] == (char)marks->newline;
        chunk->mark_count = end + 1;
        return true;
    }
    return last && !s->open;
}

/* The last record has no end: told after whatever is wrong with those before it, which
 * are kept. */
static void fail_tail(at_csv_chunk *chunk, const char *text, char newline, bool open) {
    size_t count = chunk->mark_count;
    chunk->tail_offset = chunk->first + (count ? chunk->marks[count - 1] : 0);
    chunk->tail_status =
        open ? at_fail(&chunk->error, AT_SYNTAX, "a quote is never closed")
             : at_fail(&chunk->error, AT_LIMIT, "a record is longer than %d MB",
                       AT_CSV_RECORD_LIMIT >> 20);
    while (count > 0 && text[chunk->marks[count - 1]] != newline)
        count--;
    chunk->mark_count = count;
}

/* Marks every separator of the chunk's own records, which begin at text + from. */
static bool scan_records(at_csv_chunk *chunk, const at_csv_pass *pass, int64_t offset,
                         size_t from, at_scanning *s) {
    const at_csv_dialect *d = pass->dialect;
    int64_t own =
        chunk->limit - offset - (int64_t)from; /* bytes in which records begin */
    size_t least = (size_t)own - 1;
    for (size_t overlap = OVERLAP;; overlap *= 4) {
        bool last = offset + (int64_t)chunk->text_length >= pass->source->size;
        size_t length = chunk->text_length;
        if (last && length > from && chunk->text[length - 1] != (char)d->marks.newline)
            chunk->text[chunk->text_length++] = (char)d->marks.newline;
        bool done = scan_on(chunk, pass, s, from, least, last);
        if (chunk->status != AT_OK)
            return false;
        if (done)
            return true;
        if (last || overlap > AT_CSV_RECORD_LIMIT) {
            fail_tail(chunk, chunk->text + from, (char)d->marks.newline, s->open);
            s->slow = true; /* its newlines are to be counted */
            return true;
        }
        if (!load(chunk, pass->source, offset, (size_t)own + from + overlap * 4))
            return false;
    }
}

/* True if every row has its fields, so that marks need no look at all one by one. */
static bool regular(const at_csv_chunk *chunk, const char *text, size_t fields,
                    char newline, size_t newlines) {
    if (fields == 1 || chunk->mark_count % fields ||
        newlines != chunk->mark_count / fields)
        return false;
    for (size_t i = fields - 1; i < chunk->mark_count; i += fields) {
        if (text[chunk->marks[i]] != newline)
            return false;
    }
    return true;
}

/* A line without anything on it is no record; with one column, nor is an empty one. */
static bool blank_line(const char *p, const char *end, bool one) {
    if (end > p && end[-1] == '\r')
        end--;
    while (!one && p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p == end;
}

static void note_bad(at_csv_chunk *chunk, int64_t offset, size_t fields) {
    if (chunk->bad_rows == 0) {
        chunk->bad_fields = fields;
        chunk->bad_at = chunk->rows;
    }
    if (chunk->bad_rows < 10)
        chunk->bad_offsets[chunk->bad_rows] = offset;
    chunk->bad_rows++;
}

/* As cut_rows, and a row that lacks less than half of its fields has empty ones: their
 * marks are that of its last (see cell_at). */
static bool fill_rows(at_csv_chunk *chunk, const char *text, size_t fields,
                      char newline) {
    size_t count = chunk->mark_count, kept = 0;
    uint32_t *old = chunk->marks, *marks = at_alloc_array(2 * count + 1, sizeof *marks);
    uint32_t start = 0;
    if (!marks)
        return fail_memory(chunk);
    for (size_t i = 0, end; i < count; i = end + 1) {
        for (end = i; text[old[end]] != newline; end++)
            ;
        size_t have = end - i + 1;
        uint32_t stop = old[end];
        if (have <= fields && 2 * have > fields) {
            memcpy(marks + kept, old + i, have * sizeof *marks);
            kept += have;
            if (have < fields && stop > start && text[stop - 1] == '\r')
                marks[kept - 1]--;
            for (size_t k = have; k < fields; k++, kept++)
                marks[kept] = marks[kept - 1];
            chunk->starts[chunk->rows++] = start;
        } else if (have > 1 || !blank_line(text + start, text + stop, false)) {
            note_bad(chunk, chunk->first + start, have);
        }
        start = stop + 1;
    }
    at_free(old);
    chunk->marks = marks;
    chunk->mark_capacity = 2 * count + 1;
    chunk->mark_count = kept;
    return true;
}

/* Fills starts and leaves only the marks of whole rows. */
static bool cut_rows(at_csv_chunk *chunk, const char *text, size_t fields, char newline,
                     size_t newlines, bool fill) {
    size_t most = (fill ? 2 : 1) * (chunk->mark_count / fields) + 2;
    uint32_t *starts =
        at_grow(chunk->starts, &chunk->starts_capacity, most, sizeof *starts);
    if (!starts)
        return fail_memory(chunk);
    chunk->starts = starts;
    uint32_t start = 0;
    if (regular(chunk, text, fields, newline, newlines)) {
        for (size_t i = fields - 1; i < chunk->mark_count; i += fields) {
            starts[chunk->rows++] = start;
            start = chunk->marks[i] + 1;
        }
        return true;
    }
    if (fill && fields > 1)
        return fill_rows(chunk, text, fields, newline);
    uint32_t *marks = chunk->marks;
    size_t kept = 0;
    for (size_t i = 0, end; i < chunk->mark_count; i = end + 1) {
        for (end = i; text[marks[end]] != newline; end++)
            ;
        size_t count = end - i + 1;
        uint32_t stop = marks[end];
        if (count == fields &&
            !(count == 1 && blank_line(text + start, text + stop, true))) {
            memmove(marks + kept, marks + i, count * sizeof *marks);
            kept += count;
            starts[chunk->rows++] = start;
        } else if (count > 1 || !blank_line(text + start, text + stop, false)) {
            note_bad(chunk, chunk->first + start, count);
        }
        start = stop + 1;
    }
    chunk->mark_count = kept;
    return true;
}

/* Where the first record begins: after the first newline from `begin - 1` on. */
static bool find_first(at_csv_chunk *chunk, const at_csv_pass *pass, size_t *from) {
    size_t own =
        (size_t)(chunk->limit - chunk->begin); /* the newline is before limit - 1 */
    size_t length = chunk->text_length < own ? chunk->text_length : own;
    const char *newline = memchr(chunk->text, pass->dialect->marks.newline, length);
    if (!newline)
        return false;
    *from = (size_t)(newline - chunk->text) + 1;
    return true;
}

static void reset(at_csv_chunk *chunk) {
    chunk->first = chunk->end = -1;
    chunk->rows = chunk->bad_rows = 0;
    chunk->text_length = chunk->mark_count = 0;
    chunk->status = AT_OK;
    chunk->tail_status = AT_OK;
    chunk->fail_column = -1;
    chunk->not_utf8 = false;
}

void at_csv_chunk_read(at_csv_chunk *chunk, const at_csv_pass *pass, int64_t first) {
    reset(chunk);
    if (first >= chunk->limit) { /* a record of an earlier chunk covers it all */
        chunk->first = chunk->end = first;
        return;
    }
    int64_t offset = first >= 0 ? first : chunk->begin - 1;
    size_t from = 0;
    if (!load(chunk, pass->source, offset, (size_t)(chunk->limit - offset) + OVERLAP) ||
        (first < 0 && !find_first(chunk, pass, &from)))
        return;
    chunk->first = offset + (int64_t)from;
    chunk->text_from = from;
    const at_csv_dialect *d = pass->dialect;
    char newline = (char)d->marks.newline;
    at_scanning s = {.scan = {.delimiter = d->marks.delimiter,
                              .newline = newline,
                              .quote = d->marks.quote,
                              .after_start = true}};
    if (!scan_records(chunk, pass, offset, from, &s))
        return;
    const char *text = chunk->text + from;
    size_t count = chunk->mark_count, newlines = s.slow ? 0 : s.scan.newlines;
    uint32_t stop = count ? chunk->marks[count - 1] + 1 : 0;
    for (size_t i = 0; s.slow && i < count; i++)
        newlines += text[chunk->marks[i]] == newline;
    chunk->end = chunk->first + stop;
    if (chunk->end > pass->source->size)
        chunk->end = pass->source->size;
    chunk->not_utf8 = d->check_utf8 && s.scan.wide && !at_utf8_valid(text, stop);
    if (!cut_rows(chunk, text, (size_t)d->columns, newline, newlines,
                  pass->options->fill_short_rows) ||
        chunk->not_utf8)
        return;
    for (int i = 0; i < pass->active_count; i++) {
        if (!at_csv_convert(chunk, pass, pass->active[i]))
            return;
    }
}

void at_csv_chunk_fini(at_csv_chunk *chunk, int columns) {
    for (int c = 0; chunk->segments && c < columns; c++) {
        at_csv_segment *segment = &chunk->segments[c];
        at_free(segment->values);
        at_free(segment->validity);
        at_free(segment->level_missing);
        at_free(segment->bytes);
        at_dictionary_fini(&segment->levels);
    }
    at_free(chunk->segments);
    at_free(chunk->text);
    at_free(chunk->marks);
    at_free(chunk->starts);
    at_free(chunk->scratch);
}
