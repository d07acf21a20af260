#include "magics/language/cell.h"
#include "magics/language/point.h"
#include "ops/base/letter.h"
#include "ops/base/text.h"

#include <string.h>

/* What is open in SQL where a line begins. */
typedef struct sql_state {
    char quote;     /* ' " ` or ], whichever closes; 0: none */
    bool comment;   /* in a block comment */
    int depth;      /* of ( */
    bool statement; /* something but blanks and comments since the last ; */
} sql_state;

typedef struct splitter {
    const char *code;
    size_t length;
    char *clean; /* the code with # lines blanked out; NULL: none had to be */
    at_arena *arena;
    at_part *parts;
    size_t count, capacity;
    sql_state sql;
    bool in_sql; /* the last part is SQL and grows */
    at_error *err;
} splitter;

static bool name_char(char c) {
    return at_is_name(c) || c == '-';
}

static size_t line_end(const char *code, size_t length, size_t from) {
    const char *end = from < length ? memchr(code + from, '\n', length - from) : NULL;
    return end ? (size_t)(end - code) : length;
}

static bool nothing_open(const sql_state *sql) {
    return !sql->quote && !sql->comment && sql->depth == 0;
}

/* Follows quotes, brackets and comments over one line [from, to). */
static void scan_sql(sql_state *sql, const char *code, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        char c = code[i], next = i + 1 < to ? code[i + 1] : '\0';
        if (sql->comment) {
            if (c == '*' && next == '/') {
                sql->comment = false;
                i++;
            }
        } else if (sql->quote) {
            if (c == sql->quote) { /* a doubled quote closes and opens again: the same */
                sql->quote = '\0';
            }
        } else if (c == '-' && next == '-') {
            return;
        } else if (c == '/' && next == '*') {
            sql->comment = true;
            i++;
        } else if (c == '\'' || c == '"' || c == '`' || c == '[') {
            sql->quote = c == '[' ? ']' : c;
            sql->statement = true;
        } else if (c == '(' || c == ')') {
            sql->depth += c == '(' ? 1 : sql->depth > 0 ? -1 : 0;
            sql->statement = true;
        } else if (c == ';') {
            sql->statement = false;
            sql->depth = 0;
        } else if (!at_is_blank(c)) {
            sql->statement = true;
        }
    }
}

size_t at_cell_options_end(const char *code, size_t length, size_t from) {
    char quote = '\0';
    bool word = false;
    size_t i = from;
    for (; i < length && code[i] != '\n'; i++) {
        char c = code[i];
        if (c == '\\' && quote != '\'' && i + 1 < length) {
            i++;
            if (code[i] == '\r' && i + 1 < length && code[i + 1] == '\n')
                i++;
        } else if (quote) {
            if (c == quote)
                quote = '\0';
        } else if (c == '\'' || c == '"' || c == '`') {
            quote = c;
        } else if (c == '#' && !word) {
            return line_end(code, length, i);
        }
        word = !at_is_blank(c);
    }
    return i;
}

/* A ! line goes on while it ends in a backslash. */
static size_t shell_end(const char *code, size_t length, size_t from) {
    size_t end = line_end(code, length, from);
    while (end < length) {
        size_t last = end;
        if (last > from && code[last - 1] == '\r')
            last--;
        if (last == from || code[last - 1] != '\\')
            break;
        end = line_end(code, length, end + 1);
    }
    return end;
}

static at_part *add_part(splitter *s, at_part_kind kind, size_t from, size_t to) {
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 8;
        at_part *grown = at_arena_alloc(s->arena, capacity * sizeof *grown);
        if (!grown) {
            at_fail(s->err, AT_NO_MEMORY, "no memory left to read the cell");
            return NULL;
        }
        if (s->count)
            memcpy(grown, s->parts, s->count * sizeof *grown);
        s->parts = grown;
        s->capacity = capacity;
    }
    s->in_sql = kind == AT_PART_SQL;
    at_part *part = &s->parts[s->count++];
    *part = (at_part){.kind = kind, .from = from, .to = to};
    return part;
}

static at_status name_part(splitter *s, at_part *part, size_t from, size_t to) {
    part->name = at_arena_text(s->arena, s->code + from, to - from);
    return part->name ? AT_OK
                      : at_fail(s->err, AT_NO_MEMORY, "no memory left to read the cell");
}

/* Is [from, to) "%name?", "%%name?" or "dataset?" (also "dataset.column?")? */
static bool is_help(const char *code, size_t from, size_t to, size_t *name_from,
                    size_t *name_to, bool *magic) {
    while (to > from && at_is_blank(code[to - 1]))
        to--;
    size_t end = to;
    while (end > from && code[end - 1] == '?')
        end--;
    if (end == to || to - end > 2)
        return false;
    size_t at = from;
    while (at < end && at < from + 2 && code[at] == '%')
        at++;
    *magic = at > from;
    if (at == end || !(at_is_letter(code[at]) || (!*magic && code[at] == '_')))
        return false;
    for (size_t i = at; i < end; i++)
        if (!name_char(code[i]) && !(code[i] == '.' && !*magic))
            return false;
    *name_from = at;
    *name_to = end;
    return true;
}

/* A run of SQL that is only blanks and comments says nothing. */
static bool says_nothing(const char *code, const at_part *part) {
    sql_state sql = {0};
    for (size_t from = part->body_from; from < part->body_to;) {
        size_t end = line_end(code, part->body_to, from);
        bool open = sql.comment;
        size_t at = from;
        while (at < end && at_is_blank(code[at]))
            at++;
        scan_sql(&sql, code, from, end);
        if (sql.statement || sql.quote)
            return false;
        for (size_t i = at; i < end && !open; i++)
            if (code[i] == ';')
                return false; /* let SQL say what it thinks of it */
        from = end + 1;
    }
    return !sql.comment;
}

/* Drops runs of SQL that hold only comments. */
static size_t drop_silent(at_part *parts, size_t count, const char *code) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (parts[i].kind != AT_PART_SQL || !says_nothing(code, &parts[i]))
            parts[kept++] = parts[i];
    return kept;
}

/* A # line: a comment. Inside a run of SQL it is blanked out, for SQLite knows none. */
static at_status blank_out(splitter *s, size_t from, size_t to) {
    if (!s->in_sql)
        return AT_OK;
    if (!s->clean)
        s->clean = at_arena_text(s->arena, s->code, s->length);
    if (!s->clean)
        return at_fail(s->err, AT_NO_MEMORY, "no memory left to read the cell");
    memset(s->clean + from, ' ', to - from);
    return AT_OK;
}

/* %name or %%name at `from`; *next is where the splitter goes on. */
static at_status split_magic(splitter *s, size_t from, size_t *next) {
    bool cell = s->code[from + 1] == '%';
    size_t name = from + 1 + (cell ? 1 : 0), end = name;
    while (end < s->length && name_char(s->code[end]))
        end++;
    if (cell)
        s->count = drop_silent(s->parts, s->count, s->clean ? s->clean : s->code);
    if (cell && s->count > 0) {
        at_fail(s->err, AT_SYNTAX, "%%%%%.*s must be the first line of its cell",
                (int)(end - name < 60 ? end - name : 60), s->code + name);
        (void)at_hint(s->err, "put it in a cell of its own");
        at_point(s->err, s->code, s->length, from, end);
        return AT_SYNTAX;
    }
    size_t options_end = at_cell_options_end(s->code, s->length, end);
    at_part *part = add_part(s, cell ? AT_PART_CELL : AT_PART_LINE, from, options_end);
    if (!part)
        return AT_NO_MEMORY;
    part->options_from = end;
    part->options_to = options_end;
    size_t after = options_end < s->length ? options_end + 1 : options_end;
    part->body_from = part->body_to = after;
    if (cell)
        part->to = part->body_to = s->length;
    *next = cell ? s->length : after;
    return name_part(s, part, name, end);
}

static at_status split_line(splitter *s, size_t from, size_t *next) {
    const char *code = s->code;
    size_t end = line_end(code, s->length, from), name_from, name_to;
    *next = end < s->length ? end + 1 : end;
    char first = from < end ? code[from] : '\0',
         second = from + 1 < end ? code[from + 1] : '\0';
    char third = from + 2 < end ? code[from + 2] : '\0';
    bool magic, free = nothing_open(&s->sql);
    if (free && (!s->sql.statement || first == '%') &&
        is_help(code, from, end, &name_from, &name_to, &magic)) {
        s->sql = (sql_state){0};
        at_part *part = add_part(s, AT_PART_HELP, from, end);
        if (!part)
            return AT_NO_MEMORY;
        part->magic = magic;
        return name_part(s, part, name_from, name_to);
    }
    if (free && first == '%' &&
        (at_is_letter(second) || (second == '%' && at_is_letter(third)))) {
        s->sql = (sql_state){0};
        return split_magic(s, from, next);
    }
    if (free && first == '!' && second != '=') {
        s->sql = (sql_state){0};
        end = shell_end(code, s->length, from);
        *next = end < s->length ? end + 1 : end;
        at_part *part = add_part(s, AT_PART_SHELL, from, end);
        if (!part)
            return AT_NO_MEMORY;
        part->body_from = from + 1;
        part->body_to = end;
        return AT_OK;
    }
    if (free && first == '#' && !s->sql.statement)
        return blank_out(s, from, end);
    bool was = s->sql.statement || !free;
    scan_sql(&s->sql, code, from, end);
    bool something = false;
    for (size_t i = from; i < end && !something; i++)
        something = !at_is_blank(code[i]);
    if (!something && !s->in_sql && !was)
        return AT_OK; /* blank lines between parts belong to none */
    if (!s->in_sql) {
        at_part *part = add_part(s, AT_PART_SQL, from, end);
        if (!part)
            return AT_NO_MEMORY;
        part->body_from = from;
    }
    at_part *part = &s->parts[s->count - 1];
    part->to = part->body_to = end;
    return AT_OK;
}

at_status at_cell_split(const char *code, size_t length, at_arena *arena, at_part **out,
                        size_t *count, at_error *err) {
    return at_cell_split_from(code, 0, length, arena, out, count, err);
}

at_status at_cell_split_from(const char *code, size_t from, size_t length,
                             at_arena *arena, at_part **out, size_t *count,
                             at_error *err) {
    *out = NULL;
    *count = 0;
    if (length > AT_CELL_MAX)
        return at_fail(err, AT_LIMIT, "a cell may hold at most %d MB", AT_CELL_MAX >> 20);
    if (!at_utf8_valid(code, length) || (length && memchr(code, '\0', length)))
        return at_fail(err, AT_SYNTAX, "the cell is not UTF-8 text");
    splitter s = {.code = code, .length = length, .arena = arena, .err = err};
    for (size_t at = from; at < length;) {
        size_t next = length;
        AT_TRY(split_line(&s, at, &next));
        at = next;
    }
    const char *text = s.clean ? s.clean : code;
    *count = drop_silent(s.parts, s.count, text);
    *out = s.parts;
    for (size_t i = 0; i < *count; i++)
        s.parts[i].text = text;
    return AT_OK;
}
