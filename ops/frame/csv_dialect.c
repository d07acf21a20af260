/* What a CSV is written in: delimiter, line ends, header, decimal mark, found out from
 * its first records. Options override every guess. */
#include "ops/base/text.h"
#include "ops/frame/csv_reader.h"

#include <stdio.h>
#include <string.h>

enum { SAMPLE = 256 << 10, RECORDS = 1000, PREAMBLE = 50 };

typedef struct at_sample {
    const char *begin, *end; /* whole lines, after the mark and the skipped ones */
    bool whole;              /* the input ends here */
    at_csv_record *records;
    const char **after; /* where record i ends */
    size_t count;
    at_error error; /* why the records end, if they do before the sample */
} at_sample;

/* '\r' only where no '\n' stands outside of quotes: old Macintosh files, which may hold
 * '\n' inside of cells. A '\r' before a '\n' says nothing: with an odd quote (5" wide)
 * all of a file may look quoted. */
static int find_newline(const char *p, const char *end, int quote) {
    bool quoted = false, carriage = false;
    for (; p < end; p++) {
        quoted ^= quote >= 0 && *p == (char)quote;
        if (!quoted && *p == '\n')
            return '\n';
        carriage |= *p == '\r' && p + 1 < end && p[1] != '\n';
    }
    return carriage ? '\r' : '\n';
}

/* The sample's records with these marks. What the cut broke off is left out; so is all
 * after a quote that stays open. */
static bool split(at_sample *s, const at_csv_marks *marks, at_arena *arena) {
    const char *cursor = s->begin;
    int64_t line = 1;
    s->records = at_arena_alloc(arena, RECORDS * sizeof *s->records);
    s->after = at_arena_alloc(arena, RECORDS * sizeof *s->after);
    if (!s->records || !s->after)
        return false;
    s->count = 0;
    while (s->count < RECORDS && at_csv_record_next(&cursor, s->end, marks, &line, arena,
                                                    &s->records[s->count], &s->error)) {
        if (cursor == s->end && !s->whole && cursor[-1] != (char)marks->newline)
            break;
        s->after[s->count++] = cursor;
        if (s->records[s->count - 1].count > AT_CSV_COLUMNS)
            break;
    }
    return s->error.code != AT_NO_MEMORY;
}

static bool blank_record(const at_csv_record *r) {
    size_t length = r->lengths[0];
    const char *cell = r->fields[0];
    at_cell_trim(&cell, &length);
    return r->count == 1 && length == 0;
}

/* The most frequent number of fields, and how many records have it. */
static size_t usual_count(const at_sample *s, size_t *having, size_t *all) {
    size_t best = 0;
    *having = *all = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (blank_record(&s->records[i]))
            continue;
        (*all)++;
        size_t same = 0, fields = s->records[i].count;
        if (fields == best)
            continue;
        for (size_t k = i; k < s->count; k++)
            same += s->records[k].count == fields && !blank_record(&s->records[k]);
        if (same > *having || (same == *having && fields > best)) {
            *having = same;
            best = fields;
        }
    }
    return best;
}

/* How much of the table is numbers and dates under these marks, from 0 to 1. */
static double typed_share(const at_sample *s, size_t fields, char decimal) {
    const at_cell_rules rules = {.decimal = decimal};
    size_t typed = 0, cells = 0;
    for (size_t i = 1; i < s->count && i < 100; i++) {
        const at_csv_record *r = &s->records[i];
        if (r->count != fields)
            continue;
        for (size_t c = 0; c < fields && c < 200; c++) {
            cells += r->lengths[c] > 0;
            typed += r->lengths[c] > 0 &&
                     at_cell_guess(r->fields[c], r->lengths[c], &rules) != AT_CELL_STRING;
        }
    }
    return cells ? (double)typed / (double)cells : 0;
}

/* The delimiter under which most records have the same number of fields, two or more. */
static bool find_delimiter(at_sample *s, at_csv_marks *marks, at_arena *arena) {
    static const char candidates[] = {',', ';', '\t', '|', ' '};
    double best = 0;
    char found = ',';
    for (size_t k = 0; k < sizeof candidates; k++) {
        size_t having, all;
        at_arena scratch = {0};
        if (!memchr(s->begin, candidates[k], (size_t)(s->end - s->begin)))
            continue; /* one field a record */
        marks->delimiter = candidates[k];
        if (!split(s, marks, &scratch)) {
            at_arena_fini(&scratch);
            return false;
        }
        size_t fields = usual_count(s, &having, &all);
        if (fields >= 2 && all > 0) {
            double share = (double)having / (double)all;
            double point = typed_share(s, fields, '.');
            double comma = candidates[k] == ',' ? 0 : typed_share(s, fields, ',');
            double typed = point > comma ? point : comma;
            double score = share * share * (0.5 + typed) *
                           (1 + 0.02 * (double)(fields < 50 ? fields : 50));
            /* Blanks part words as well: they count only between numbers. */
            if (candidates[k] == ' ' && (share < 1 || typed < 1))
                score = 0;
            if (score > best) {
                best = score;
                found = candidates[k];
            }
        }
        at_arena_fini(&scratch);
    }
    marks->delimiter = found;
    return split(s, marks, arena);
}

/* Decimal commas against decimal points, over all cells; "1,234" is neither. */
static char find_decimal(const at_sample *s, size_t first) {
    const at_cell_rules point = {.decimal = '.', .thousands = ','};
    const at_cell_rules comma = {.decimal = ',', .thousands = '.'};
    size_t points = 0, commas = 0;
    for (size_t i = first; i < s->count; i++) {
        const at_csv_record *r = &s->records[i];
        for (size_t c = 0; c < r->count; c++) {
            double value;
            if (!memchr(r->fields[c], ',', r->lengths[c]) &&
                !memchr(r->fields[c], '.', r->lengths[c]))
                continue;
            bool as_point = at_cell_real(r->fields[c], r->lengths[c], &point, &value);
            bool as_comma = at_cell_real(r->fields[c], r->lengths[c], &comma, &value);
            points += as_point && !as_comma;
            commas += as_comma && !as_point;
        }
    }
    return commas > points ? ',' : '.';
}

/* The kind of column `c` over the records from `first` on; `found`: cells that are there.
 */
static at_cell_kind column_kind(const at_sample *s, const at_csv_dialect *d, size_t first,
                                size_t c, size_t *found) {
    at_cell_kind kind = AT_CELL_EMPTY;
    *found = 0;
    for (size_t i = first; i < s->count && kind != AT_CELL_STRING; i++) {
        const at_csv_record *r = &s->records[i];
        if (r->count != (size_t)d->columns ||
            at_missing_is(&d->missing, r->fields[c], r->lengths[c]))
            continue;
        (*found)++;
        kind = at_cell_join(kind, at_cell_guess(r->fields[c], r->lengths[c], &d->rules));
    }
    return kind;
}

/* Is the record at `row` a header? A word over a column of numbers, dates or truths says
 * yes; a value of the column's own kind says no. Where all is words: yes, if the record's
 * words are there, differ, and do not come again below. */
static bool is_header(const at_sample *s, const at_csv_dialect *d, size_t row) {
    const at_csv_record *head = &s->records[row];
    size_t yes = 0, no = 0, columns = (size_t)d->columns;
    for (size_t c = 0; c < columns; c++) {
        size_t found;
        at_cell_kind kind = column_kind(s, d, row + 1, c, &found);
        at_cell_kind own = at_cell_guess(head->fields[c], head->lengths[c], &d->rules);
        bool missing = at_missing_is(&d->missing, head->fields[c], head->lengths[c]);
        if (missing)
            continue;
        if (own != AT_CELL_STRING)
            no++;
        else if (kind != AT_CELL_STRING && kind != AT_CELL_EMPTY)
            yes++;
    }
    if (yes || no)
        return yes >= no || yes > 2;
    at_dictionary words = {0};
    bool differ = true;
    size_t filled = 0;
    for (size_t c = 0; c < columns; c++) {
        if (head->lengths[c] == 0)
            continue;
        filled++;
        differ &=
            at_dictionary_add(&words, head->fields[c], head->lengths[c]) == filled - 1;
    }
    size_t again = 0;
    for (size_t i = row + 1; i < s->count && i < row + 200; i++) {
        const at_csv_record *r = &s->records[i];
        for (size_t c = 0; c < columns && r->count == columns; c++)
            again += head->lengths[c] > 0 && r->lengths[c] == head->lengths[c] &&
                     memcmp(r->fields[c], head->fields[c], r->lengths[c]) == 0;
    }
    at_dictionary_fini(&words);
    return differ && filled > 0 && again == 0;
}

/* Bytes above 127 in pairs: a text in Chinese, Japanese, Cyrillic ... In Windows-1252
 * they are single accents between plain letters. */
static bool is_foreign(const char *p, size_t length) {
    size_t wide = 0, pairs = 0;
    for (size_t i = 0; i < length; i++) {
        bool high = (signed char)p[i] < 0;
        wide += high;
        pairs += high && i + 1 < length && (signed char)p[i + 1] < 0;
    }
    return wide >= 4 && pairs * 3 > wide;
}

/* A guess at Windows-1252 is given up where the text speaks against it. */
static at_status check_foreign(const at_sample *s, const at_csv_dialect *d,
                               at_error *err) {
    if (!d->guessed_latin || !is_foreign(s->begin, (size_t)(s->end - s->begin)))
        return AT_OK;
    for (size_t i = 0; i < s->count; i++) {
        const at_csv_record *r = &s->records[i];
        for (size_t c = 0; c < r->count; c++) {
            if (!is_foreign(r->fields[c], r->lengths[c]))
                continue;
            at_fail(err, AT_INVALID,
                    "line %lld, column %zu is neither UTF-8 nor Windows-1252 text",
                    (long long)r->line, c + 1);
            if (err)
                at_hint(err, "say how it is written, for example --encoding big5");
            return AT_INVALID;
        }
    }
    return AT_OK;
}

static at_status copy_name(const char *cell, size_t length, const at_csv_dialect *d,
                           at_arena *arena, const char **out, at_error *err) {
    at_cell_trim(&cell, &length);
    char *copy = at_arena_alloc(arena, length * 3 + 1);
    if (!copy)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    if (d->guessed_latin && !at_csv_is_latin(cell, length)) {
        at_fail(err, AT_INVALID,
                "row 1 (the header) is neither UTF-8 nor Windows-1252 text");
        if (err)
            at_hint(err, "say how it is written, for example --encoding big5");
        return AT_INVALID;
    }
    if (d->latin)
        length = at_csv_from_latin(cell, length, copy);
    else
        memcpy(copy, cell, length);
    for (size_t i = 0; i < length; i++) { /* names stand on one line */
        if ((unsigned char)copy[i] < ' ')
            copy[i] = ' ';
    }
    copy[length] = '\0';
    *out = copy;
    return AT_OK;
}

at_status at_csv_unique_names(const char **names, int count, at_arena *arena,
                              at_error *err) {
    at_dictionary seen = {0};
    at_status status = AT_OK;
    for (int c = 0; c < count && status == AT_OK; c++) {
        const char *name = *names[c] ? names[c] : at_arena_format(arena, "c%d", c + 1);
        const char *base = name;
        for (int k = 2; name; k++) {
            at_text lower = {0};
            for (const char *p = name; *p; p++)
                at_text_char(&lower, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
            uint32_t before = seen.count;
            uint32_t place = at_dictionary_add(&seen, at_text_get(&lower), lower.length);
            bool ok = at_text_ok(&lower) && place != AT_DICTIONARY_NONE;
            at_text_fini(&lower);
            if (!ok)
                name = NULL;
            if (!ok || seen.count != before)
                break;
            name = at_arena_format(arena, "%s_%d", base, k);
        }
        names[c] = name;
        if (!name)
            status = at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    at_dictionary_fini(&seen);
    return status;
}

static at_status make_names(const at_sample *s, size_t row, const at_csv_options *options,
                            at_csv_dialect *d, at_arena *arena, at_error *err) {
    size_t columns = (size_t)d->columns, given = 0;
    d->names = at_arena_alloc(arena, columns * sizeof *d->names);
    if (!d->names)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    while (options->names && options->names[given])
        given++;
    if (options->names && given != columns)
        return at_fail(err, AT_INVALID, "%zu names for %zu columns", given, columns);
    for (size_t c = 0; c < columns; c++) {
        d->names[c] = "";
        if (options->names) {
            d->names[c] = options->names[c];
        } else if (d->header && c < s->records[row].count) {
            AT_TRY(copy_name(s->records[row].fields[c], s->records[row].lengths[c], d,
                             arena, &d->names[c], err));
        }
    }
    return at_csv_unique_names(d->names, d->columns, arena, err);
}

/* Lines before the table (a title, a count) have fewer fields than it. */
static size_t find_table(const at_sample *s, const at_csv_options *options,
                         at_csv_dialect *d, at_csv_report *report) {
    size_t having, all, row = 0, skipped = 0;
    size_t usual = usual_count(s, &having, &all);
    if (all == 0) { /* blank lines alone */
        d->columns = 0;
        return 0;
    }
    for (row = 0; row < s->count && row < PREAMBLE; row++) {
        if (blank_record(&s->records[row]))
            continue;
        if (s->records[row].count >= usual || options->header != AT_AUTO ||
            having * 2 < all)
            break;
        skipped++;
    }
    if (row == s->count || row == PREAMBLE) {
        for (row = 0, skipped = 0; blank_record(&s->records[row]);)
            row++;
    }
    d->columns = (int)s->records[row].count;
    if (skipped && row)
        snprintf(report->notes, sizeof report->notes,
                 "Passed over %zu line%s before the table.", skipped,
                 skipped == 1 ? "" : "s");
    return row;
}

static at_status read_sample(const at_csv_source *source, const at_csv_options *options,
                             at_arena *arena, char **bytes, size_t *length, size_t *start,
                             at_error *err) {
    size_t want = source->size < SAMPLE ? (size_t)source->size : SAMPLE;
    *bytes = at_arena_alloc(arena, want + 1);
    if (!*bytes)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    AT_TRY(at_csv_source_read(source, 0, *bytes, want, length, err));
    *start = 0;
    at_csv_sniff(*bytes, *length, start);
    if (memchr(*bytes, '\0', *length)) {
        at_fail(err, AT_INVALID, "this is not a text file: byte %zu is 0",
                (size_t)((char *)memchr(*bytes, '\0', *length) - *bytes) + 1);
        if (err)
            at_hint(err, "name a CSV or TSV file, or the member of an archive");
        return AT_INVALID;
    }
    for (int64_t i = 0; i < options->skip_lines && *start < *length; i++) {
        const char *at = *bytes + *start;
        size_t line = strcspn(at, "\r\n");
        *start += line;
        *start += *start < *length && (*bytes)[*start] == '\r';
        *start += *start < *length && (*bytes)[*start] == '\n';
    }
    return AT_OK;
}

static at_status describe(at_sample *s, const at_csv_options *options, at_arena *arena,
                          at_csv_dialect *d, at_csv_report *report, size_t *row,
                          at_error *err) {
    if (s->count == 0 && s->error.code != AT_OK) {
        if (err)
            *err = s->error;
        return s->error.code;
    }
    AT_TRY(check_foreign(s, d, err));
    *row = find_table(s, options, d, report);
    if (d->columns == 0)
        return at_fail(err, AT_INVALID, "the file is empty: no header, no rows");
    if (d->columns > AT_CSV_COLUMNS)
        return at_fail(err, AT_LIMIT, "more than %d columns", AT_CSV_COLUMNS);
    d->rules.decimal = options->decimal ? options->decimal : find_decimal(s, *row);
    d->rules.thousands = d->rules.decimal == '.' ? ',' : '.';
    d->header = options->header == AT_YES ||
                (options->header == AT_AUTO && is_header(s, d, *row));
    return make_names(s, *row, options, d, arena, err);
}

at_status at_csv_detect(const at_csv_source *source, const at_csv_options *options,
                        at_csv_charset charset, at_arena *arena, at_csv_dialect *d,
                        at_csv_report *report, at_error *err) {
    *d = (at_csv_dialect){.marks = {.quote = options->quote == -1  ? -1
                                             : options->quote == 0 ? '"'
                                                                   : options->quote},
                          .latin = charset >= AT_CSV_LATIN,
                          .guessed_latin = charset == AT_CSV_LATIN_GUESS,
                          .check_utf8 = charset <= AT_CSV_UTF8_GUESS};
    at_missing_words_init(&d->missing,
                          options->missing ? options->missing : at_missing_default);
    char *bytes;
    size_t length, start, row;
    AT_TRY(read_sample(source, options, arena, &bytes, &length, &start, err));
    at_sample s = {.begin = bytes + start, .end = bytes + length};
    s.whole = (int64_t)length == source->size;
    d->marks.newline = find_newline(s.begin, s.end, d->marks.quote);
    d->marks.delimiter = options->delimiter;
    if (!(options->delimiter ? split(&s, &d->marks, arena)
                             : find_delimiter(&s, &d->marks, arena)))
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    d->not_utf8 = d->check_utf8 && s.count &&
                  !at_utf8_valid(s.begin, (size_t)(s.after[0] - s.begin));
    if (d->not_utf8 && charset == AT_CSV_UTF8)
        return at_fail(err, AT_INVALID, "row 1 (the header) is not UTF-8 text");
    if (d->not_utf8)
        return AT_OK;
    AT_TRY(describe(&s, options, arena, d, report, &row, err));
    size_t first = row + (d->header ? 1 : 0);
    const char *data = first ? s.after[first - 1] : s.begin;
    d->start = data - bytes;
    d->kinds = at_arena_alloc(arena, (size_t)d->columns);
    if (!d->kinds)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (int c = 0; c < d->columns; c++) {
        size_t found;
        d->kinds[c] = (uint8_t)column_kind(&s, d, first, (size_t)c, &found);
    }
    size_t records = s.count - first;
    d->record_bytes =
        records ? (double)(s.after[s.count - 1] - data) / (double)records : 64;
    report->delimiter = d->marks.delimiter;
    report->decimal = d->rules.decimal;
    report->header = d->header;
    report->encoding = d->latin ? "windows-1252" : "utf-8";
    return AT_OK;
}
