#include "magics/language/execute.h"
#include "magics/language/command.h"
#include "magics/language/expand.h"
#include "magics/language/help.h"
#include "magics/language/point.h"
#include "magics/language/settings.h"
#include "magics/language/sqlcell.h"
#include "magics/language/stepline.h"
#include "ops/base/suggest.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_LIMIT = 8 }; /* cells in cells: each takes some of the stack */

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "no memory left to run the cell");
}

static at_status unknown_magic(const at_part *part, at_error *err) {
    size_t count;
    const at_magic *const *magics = at_magics(&count);
    const char **names = at_alloc_array(count, sizeof *names);
    if (!names)
        return no_memory(err);
    for (size_t i = 0; i < count; i++)
        names[i] = magics[i]->name;
    const char *near = at_nearest(part->name, names, count);
    const at_magic *magic = near ? at_magic_find(near) : NULL;
    at_free(names);
    at_fail(err, AT_NOT_FOUND, "there is no magic %s%.100s",
            part->kind == AT_PART_CELL ? "%%" : "%", part->name);
    if (magic)
        return at_hint(err, "did you mean %s%s?",
                       magic->forms & AT_MAGIC_LINE ? "%" : "%%", magic->name);
    return at_hint(err, "%%help lists them");
}

at_status at_execute_find(const at_part *part, const char *code, size_t length,
                          const at_magic **out, at_error *err) {
    const at_magic *magic = at_magic_find(part->name);
    bool cell = part->kind == AT_PART_CELL;
    at_status status = AT_OK;
    *out = magic;
    if (!magic) {
        status = unknown_magic(part, err);
    } else if (!(magic->forms & (cell ? AT_MAGIC_CELL : AT_MAGIC_LINE))) {
        at_fail(err, AT_INVALID, "%s%s is written with %s", cell ? "%%" : "%",
                magic->name, cell ? "one %" : "%% and a body below it");
        status = at_hint(err, "%s%s ...", cell ? "%" : "%%", magic->name);
    }
    if (status)
        at_point(err, code, length, part->from, part->options_from);
    return status;
}

static bool only_blank(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n')
            return false;
    return true;
}

static at_status check_empty(const at_magic *magic, const at_part *part, const char *code,
                             size_t length, at_error *err) {
    bool empty = only_blank(code + part->body_from, part->body_to - part->body_from);
    if (magic->body.kind == AT_BODY_NONE && !empty && part->kind == AT_PART_CELL) {
        at_fail(err, AT_INVALID, "%%%%%s takes no body", magic->name);
        at_point(err, code, length, part->body_from, part->body_from);
        return AT_INVALID;
    }
    if (magic->body.kind != AT_BODY_NONE && part->kind == AT_PART_CELL &&
        !magic->body.optional && empty) {
        at_fail(err, AT_INVALID, "%%%%%s needs a body below its line: %s", magic->name,
                magic->body.help ? magic->body.help : "see its help");
        (void)at_hint(err, "%%%%%s? shows examples", magic->name);
        at_point(err, code, length, part->options_to, part->options_to);
        return AT_INVALID;
    }
    return AT_OK;
}

/* SQL as typed, below as many blank lines as stand above it. */
static at_status sql_body(const at_part *part, const char *code, at_arena *arena,
                          void *place, at_error *err) {
    size_t lines = 0, n = part->body_to - part->body_from;
    for (size_t i = 0; i < part->body_from; i++)
        lines += code[i] == '\n';
    if (only_blank(code + part->body_from, n))
        return AT_OK;
    char *text = at_arena_alloc(arena, lines + n + 1);
    if (!text)
        return no_memory(err);
    memset(text, '\n', lines);
    memcpy(text + lines, code + part->body_from, n);
    memcpy(place, &text, sizeof text);
    return AT_OK;
}

static at_status parse_body(const at_magic *magic, const at_part *part,
                            const at_session *session, const char *code, size_t length,
                            at_arena *arena, at_options *options, at_error *err) {
    const at_body_spec *spec = &magic->body;
    void *place = (char *)options->base + spec->offset;
    if (spec->kind == AT_BODY_TEXT && spec->sql)
        return sql_body(part, code, arena, place, err);
    at_expanded body;
    AT_TRY(at_expand(session, code, length, part->body_from, part->body_to, arena, &body,
                     err));
    if (spec->kind == AT_BODY_TEXT) {
        memcpy(place, &body.text, sizeof body.text);
        return AT_OK;
    }
    if (spec->kind == AT_BODY_STEPS) {
        at_step_lines lines;
        AT_TRY(at_steplines_parse(spec->steps, &body, code, length, arena, &lines, err));
        memcpy(place, &lines, sizeof lines);
        return AT_OK;
    }
    size_t count = 0;
    const at_param *table = spec->settings ? spec->settings(options->base, &count) : NULL;
    at_settings settings;
    AT_TRY(at_settings_parse(table, count, &body, code, length, arena, &settings, err));
    memcpy(place, &settings, sizeof settings);
    return AT_OK;
}

at_status at_execute_parse(const at_magic *magic, const at_part *part,
                           const at_session *session, const char *code, size_t length,
                           at_arena *arena, at_options *out, at_error *err) {
    AT_TRY(at_options_parse(magic, session, code, length, part->options_from,
                            part->options_to, arena, out, err));
    if (out->help)
        return AT_OK;
    AT_TRY(check_empty(magic, part, code, length, err));
    if (magic->body.kind == AT_BODY_NONE)
        return AT_OK;
    return parse_body(magic, part, session, code, length, arena, out, err);
}

/* A failure of `run` that has no place yet: the word that its text quotes, else the
 * magic. */
static void point_at_word(const at_part *part, const at_options *options,
                          const char *code, size_t length, at_error *err) {
    if (!err || err->context[0] || err->code == AT_CANCELLED || err->code == AT_NO_MEMORY)
        return;
    for (size_t i = 0; i < options->word_count; i++) {
        const at_word *word = &options->words[i];
        char quoted[132];
        int n = snprintf(quoted, sizeof quoted, "'%s'", word->text);
        if (n > 2 && (size_t)n < sizeof quoted && strstr(err->text, quoted)) {
            at_point(err, code, length, word->from, word->to);
            return;
        }
    }
    at_point(err, code, length, part->from, part->options_from);
}

/* A step that failed on its data begins its error with "line 3, STEP: " (at_recipe_fit).
 * The place is that line: the column or value that the text quotes, or, in an expression,
 * where SQL's own caret stands. */
static void point_at_step(const at_magic *magic, const at_options *options,
                          const char *code, size_t length, at_error *err) {
    int line = 0, column = 0;
    if (!err || magic->body.kind != AT_BODY_STEPS ||
        sscanf(err->text, "line %d, ", &line) != 1)
        return;
    const at_step_lines *steps =
        (const void *)((const char *)options->base + magic->body.offset);
    const at_step_line *step = NULL;
    for (size_t i = 0; i < steps->count && !step; i++)
        step = steps->items[i].line == line ? &steps->items[i] : NULL;
    if (!step)
        return;
    size_t from = at_point_offset(code, length, line, 1), to = from;
    while (to < length && code[to] != '\n')
        to++;
    char *place = err->context[0] ? strstr(err->text, " (line 1, column ") : NULL;
    const char *found = NULL;
    size_t wide = 1;
    if (place && step->args.expression &&
        sscanf(place, " (line 1, column %d)", &column) == 1) {
        *place = '\0';
        err->context[0] = '\0';
        found = memmem(code + from, to - from, step->args.expression,
                       strlen(step->args.expression));
        found = found ? found + column - 1 : NULL;
    } else {
        const char *quote = strrchr(err->text, '\'');
        const char *open = quote && quote > err->text
                               ? memrchr(err->text, '\'', (size_t)(quote - err->text))
                               : NULL;
        if (open && quote > open + 1) {
            wide = (size_t)(quote - open) - 1;
            found = memmem(code + from, to - from, open + 1, wide);
        }
    }
    while (!found && from < to && (code[from] == ' ' || code[from] == '\t'))
        from++;
    size_t at = found ? (size_t)(found - code) : from;
    at_point(err, code, length, at, found ? at + wide : to);
}

static at_status run_magic(at_context *context, const at_part *part, const char *code,
                           size_t length, at_error *err) {
    const at_magic *magic;
    at_options options;
    AT_TRY(at_execute_find(part, code, length, &magic, err));
    AT_TRY(at_execute_parse(magic, part, context->session, code, length, context->arena,
                            &options, err));
    if (options.help)
        return at_help_page(context->call->display, magic, err);
    at_context inner = *context;
    inner.workspace = NULL;
    if (!magic->detached)
        AT_TRY(at_session_workspace(context->session, context->call->display,
                                    &inner.workspace, err));
    at_running outer =
        at_session_cell(context->session, (at_running){code, length, part->options_from});
    at_status status = magic->run(&inner, options.base, err);
    (void)at_session_cell(context->session, outer);
    if (status)
        point_at_step(magic, &options, code, length, err);
    if (status)
        point_at_word(part, &options, code, length, err);
    return status;
}

static at_status run_shell(at_context *context, const at_part *part, const char *code,
                           size_t length, at_error *err) {
    const char *text = at_arena_text(context->arena, code + part->body_from,
                                     part->body_to - part->body_from);
    if (!text)
        return no_memory(err);
    at_status status = at_command_run(context->call, context->session, text, err);
    if (status && status != AT_CANCELLED)
        at_point(err, code, length, part->from, part->to);
    return status;
}

static at_status run_part(at_context *context, const at_part *part, bool last,
                          const char *code, size_t length, at_error *err) {
    switch (part->kind) {
    case AT_PART_SQL: {
        at_sqlcell cell = {.code = part->text,
                           .length = length,
                           .from = part->body_from,
                           .to = part->body_to,
                           .last = last};
        return at_sqlcell_run(context, &cell, err);
    }
    case AT_PART_SHELL:
        return run_shell(context, part, code, length, err);
    case AT_PART_HELP: {
        at_status status = at_help_name(context, part->name, part->magic, err);
        if (status)
            at_point(err, code, length, part->from, part->to);
        return status;
    }
    case AT_PART_LINE:
    case AT_PART_CELL:
        break;
    }
    return run_magic(context, part, code, length, err);
}

/* The cell that [from, length) is. */
static at_status run_cell(at_context *context, const char *code, size_t from,
                          size_t length, at_error *err) {
    at_part *parts;
    size_t count;
    AT_TRY(at_cell_split_from(code, from, length, context->arena, &parts, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (at_cancelled(context->call->cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
        AT_TRY(run_part(context, &parts[i], i + 1 == count, code, length, err));
    }
    return AT_OK;
}

at_status at_execute(at_context *context, const char *code, size_t length,
                     at_error *err) {
    return run_cell(context, code, 0, length, err);
}

at_status at_context_run(at_context *context, const char *code, at_error *err) {
    at_context inner = *context;
    if (++inner.depth >= DEPTH_LIMIT)
        return at_fail(err, AT_LIMIT, "%%time stands in itself too often");
    /* Where it stands in the cell around it, so that its errors point there. */
    at_running outer = at_session_running(context->session);
    const char *text = code + strspn(code, "\n");
    size_t length = strlen(text);
    const char *found = outer.code && length
                            ? memmem(outer.code + outer.options,
                                     outer.length - outer.options, text, length)
                            : NULL;
    if (!found)
        return at_execute(&inner, code, strlen(code), err);
    size_t from = (size_t)(found - outer.code);
    return run_cell(&inner, outer.code, from, from + length, err);
}
