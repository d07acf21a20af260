#include "magics/language/is_complete.h"
#include "magics/language/cell.h"
#include "magics/language/execute.h"
#include "magics/language/sqlcell.h"
#include "ops/frame/sql.h"

#include <string.h>

static bool ends_blank(const char *code, size_t length) {
    size_t lines = 0;
    while (length > 0 && (code[length - 1] == '\n' || code[length - 1] == ' ' ||
                          code[length - 1] == '\t' || code[length - 1] == '\r'))
        lines += code[--length] == '\n';
    return lines >= 1;
}

static bool backslash(const char *code, size_t length) {
    return length > 0 && code[length - 1] == '\\';
}

static at_completeness of_cell(const at_part *part, const char *code, size_t length,
                               at_arena *arena) {
    const at_magic *magic;
    at_error err = {0};
    if (at_execute_find(part, code, length, &magic, &err))
        return AT_INVALID_CODE;
    if (backslash(code, length))
        return AT_INCOMPLETE;
    if (magic->body.kind == AT_BODY_NONE)
        return AT_COMPLETE;
    if (part->body_from >= length && part->options_to == length)
        return magic->body.optional && part->kind == AT_PART_LINE ? AT_COMPLETE
                                                                  : AT_INCOMPLETE;
    if (!ends_blank(code, length))
        return AT_INCOMPLETE;
    at_options options;
    /* Variables are not known here: a body that needs them is not called wrong. */
    at_status status =
        at_execute_parse(magic, part, NULL, code, length, arena, &options, &err);
    return status == AT_SYNTAX ? AT_INVALID_CODE : AT_COMPLETE;
}

static at_completeness of_line(const at_part *part, const char *code, size_t length,
                               at_arena *arena) {
    const at_magic *magic;
    at_error err = {0};
    at_options options;
    if (backslash(code, length))
        return AT_INCOMPLETE;
    if (at_execute_find(part, code, length, &magic, &err))
        return AT_INVALID_CODE;
    at_status status = at_options_parse(magic, NULL, code, length, part->options_from,
                                        part->options_to, arena, &options, &err);
    return status == AT_SYNTAX || status == AT_INVALID ? AT_INVALID_CODE : AT_COMPLETE;
}

static at_completeness of_sql(const at_part *part, size_t length) {
    at_error err = {0};
    if (at_foreign_check(part->text, length, part->body_from, part->body_to, &err))
        return AT_INVALID_CODE;
    const char *sql = part->text + part->body_from;
    size_t n = part->body_to - part->body_from;
    return at_sql_open_ended(sql, n) ? AT_INCOMPLETE : AT_COMPLETE;
}

at_completeness at_is_complete(const char *code, size_t length, char *indent) {
    at_arena arena = {0};
    at_part *parts;
    size_t count;
    at_error err = {0};
    at_completeness answer = AT_COMPLETE;
    indent[0] = '\0';
    if (at_cell_split(code, length, &arena, &parts, &count, &err))
        answer = AT_INVALID_CODE;
    for (size_t i = 0; i < count && answer == AT_COMPLETE; i++) {
        bool last = i + 1 == count;
        const at_part *part = &parts[i];
        if (part->kind == AT_PART_CELL)
            answer = of_cell(part, code, length, &arena);
        else if (part->kind == AT_PART_LINE)
            answer = of_line(part, code, length, &arena);
        else if (part->kind == AT_PART_SHELL)
            answer = last && backslash(code, length) ? AT_INCOMPLETE : AT_COMPLETE;
        else if (part->kind == AT_PART_SQL && (last || parts[i + 1].kind == AT_PART_SQL))
            answer = of_sql(part, length);
    }
    at_arena_fini(&arena);
    return answer;
}
