#include "ops/frame/csv_record.h"

#include <string.h>

static bool ends_line(char c, const at_csv_marks *marks) {
    return marks->newline ? c == (char)marks->newline : c == '\n' || c == '\r';
}

const char *at_csv_field_end(const char *p, const char *end, const at_csv_marks *marks,
                             bool *open) {
    *open = false;
    if (marks->quote >= 0 && p < end && *p == (char)marks->quote) {
        *open = true;
        for (p++; p < end; p++) {
            if (*p != (char)marks->quote)
                continue;
            if (p + 1 < end && p[1] == (char)marks->quote) {
                p++;
                continue;
            }
            *open = false;
            p++;
            break;
        }
    }
    while (p < end && *p != marks->delimiter && !ends_line(*p, marks))
        p++;
    return p;
}

size_t at_csv_unquote(const char *field, size_t length, char quote, char *out) {
    size_t n = 0, i = 1;
    for (; i < length; i++) {
        if (field[i] == quote) {
            if (i + 1 == length || field[i + 1] != quote)
                break;
            i++;
        }
        out[n++] = field[i];
    }
    if (i + 1 < length) { /* after the closing quote */
        memcpy(out + n, field + i + 1, length - i - 1);
        n += length - i - 1;
    }
    return n;
}

static bool add_field(at_csv_record *record, size_t *capacity, at_arena *arena,
                      const char *field, size_t length, const at_csv_marks *marks) {
    if (record->count == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 16;
        const char **fields = at_arena_alloc(arena, more * sizeof *fields);
        size_t *lengths = at_arena_alloc(arena, more * sizeof *lengths);
        if (!fields || !lengths)
            return false;
        if (record->count) {
            memcpy(fields, record->fields, record->count * sizeof *fields);
            memcpy(lengths, record->lengths, record->count * sizeof *lengths);
        }
        record->fields = fields;
        record->lengths = lengths;
        *capacity = more;
    }
    char *copy = at_arena_text(arena, field, length);
    if (!copy)
        return false;
    if (marks->quote >= 0 && length && *field == (char)marks->quote) {
        length = at_csv_unquote(field, length, (char)marks->quote, copy);
        copy[length] = '\0';
    }
    record->fields[record->count] = copy;
    record->lengths[record->count] = length;
    record->count++;
    return true;
}

static int64_t count_lines(const char *from, const char *to, const at_csv_marks *marks) {
    int64_t lines = 0;
    if (marks->newline) {
        while ((from = memchr(from, marks->newline, (size_t)(to - from)))) {
            lines++;
            from++;
        }
        return lines;
    }
    for (; from < to; from++) {
        bool pair = *from == '\r' && from + 1 < to && from[1] == '\n';
        lines += ends_line(*from, marks) && !pair;
    }
    return lines;
}

bool at_csv_record_next(const char **cursor, const char *end, const at_csv_marks *marks,
                        int64_t *line, at_arena *arena, at_csv_record *record,
                        at_error *err) {
    const char *p = *cursor;
    size_t capacity = 0;
    *record = (at_csv_record){.line = *line};
    if (err)
        at_error_clear(err);
    if (p >= end)
        return false;
    for (;;) {
        bool open;
        const char *stop = at_csv_field_end(p, end, marks, &open);
        if (open) {
            at_fail(err, AT_SYNTAX, "the quote that opens on line %lld is never closed",
                    (long long)(record->line + count_lines(*cursor, p, marks)));
            return false;
        }
        size_t length = (size_t)(stop - p);
        bool last = stop == end || *stop != marks->delimiter;
        if (last && stop < end && *stop == '\n' && length && p[length - 1] == '\r')
            length--;
        if (!add_field(record, &capacity, arena, p, length, marks)) {
            at_fail(err, AT_NO_MEMORY, "out of memory");
            return false;
        }
        p = stop;
        if (last)
            break;
        p++;
    }
    if (p < end && *p == '\r' && !marks->newline && p + 1 < end && p[1] == '\n')
        p++;
    p += p < end;
    *line += count_lines(*cursor, p, marks);
    *cursor = p;
    return true;
}

bool at_csv_next(const char **cursor, const char *end, char delimiter, int64_t *line,
                 at_arena *arena, at_csv_record *record, at_error *err) {
    const at_csv_marks marks = {.delimiter = delimiter, .quote = '"'};
    return at_csv_record_next(cursor, end, &marks, line, arena, record, err);
}
