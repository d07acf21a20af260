/* Cells, options, bodies, scripts, and the cursor in them: everything that reads a cell,
 * nothing that runs one. The first byte places the cursor. */
#include "magics/language/complete.h"
#include "magics/language/execute.h"
#include "magics/language/expand.h"
#include "magics/language/inspect.h"
#include "magics/language/is_complete.h"
#include "magics/language/notebook.h"
#include "magics/language/point.h"
#include "magics/language/settings.h"
#include "magics/language/sqlcell.h"
#include "magics/language/stepline.h"

#include <stdlib.h>
#include <string.h>

/* Places in errors and parts are places in the cell. */
static void check(bool good) {
    if (!good)
        __builtin_trap();
}

static void parse_part(const at_part *part, const at_session *session, const char *code,
                       size_t length, at_arena *arena) {
    const at_magic *magic;
    at_options options;
    at_error err = {0};
    check(part->from <= part->to && part->to <= length);
    check(part->body_from <= part->body_to && part->body_to <= length);
    if (part->kind == AT_PART_SQL)
        (void)at_foreign_check(part->text, length, part->body_from, part->body_to, &err);
    if (part->kind != AT_PART_LINE && part->kind != AT_PART_CELL)
        return;
    check(part->options_from <= part->options_to && part->options_to <= length);
    if (!at_execute_find(part, code, length, &magic, &err))
        (void)!at_execute_parse(magic, part, session, code, length, arena, &options,
                                &err);
    check(strlen(err.context) < sizeof err.context);
}

static void parse(const at_session *session, const char *code, size_t length) {
    at_arena arena = {0};
    at_part *parts;
    size_t count;
    at_error err = {0};
    if (!at_cell_split(code, length, &arena, &parts, &count, &err))
        for (size_t i = 0; i < count; i++)
            parse_part(&parts[i], session, code, length, &arena);
    /* the whole text as steps and as settings too */
    at_expanded body;
    at_step_lines steps;
    at_settings settings;
    if (at_utf8_valid(code, length) &&
        !at_expand(session, code, length, 0, length, &arena, &body, &err)) {
        (void)!at_steplines_parse(AT_STEP_CLEAN | AT_STEP_PREPARE, &body, code, length,
                                  &arena, &steps, &err);
        (void)!at_settings_parse(NULL, 0, &body, code, length, &arena, &settings, &err);
    }
    at_arena_fini(&arena);
}

static void look(at_session *session, const char *code, size_t length, size_t cursor) {
    at_completion completion;
    at_inspection inspection;
    at_error err = {0};
    char indent[32];
    if (!at_complete(session, code, length, cursor, &completion, &err)) {
        check(completion.start <= completion.end && completion.end <= length);
        json_decref(completion.matches);
        json_decref(completion.types);
    }
    if (!at_inspect(session, code, length, cursor, &inspection, &err) && inspection.found)
        at_bundle_fini(&inspection.bundle);
    (void)at_is_complete(code, length, indent);
}

/* A script read, written and read again holds the same cells. */
static void convert(const char *text, size_t length) {
    at_notebook first = {0}, second = {0};
    at_text written = {0};
    at_error err = {0};
    if (!at_notebook_from_script(text, length, &first, &err) &&
        !at_notebook_to_script(&first, &written, &err)) {
        check(!at_notebook_from_script(at_text_get(&written), written.length, &second,
                                       &err));
        check(first.count == second.count);
        for (size_t i = 0; i < first.count; i++)
            check(first.cells[i].kind == second.cells[i].kind);
    }
    at_text_fini(&written);
    at_notebook_fini(&first);
    at_notebook_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    at_session *session = NULL;
    at_error err = {0};
    if (size < 1 || size > 1 << 16 ||
        at_session_new("/nonexistent/atelier", &session, &err))
        return 0;
    if (at_session_set(session, "target", "a 'b' \"c\"\nd", &err))
        abort();
    size_t length = size - 1, cursor = length ? data[0] * length / 255 : 0;
    char *code =
        malloc(length + 1); /* exact size: the sanitizer sees every byte beyond */
    if (code) {
        memcpy(code, data + 1, length);
        code[length] = '\0';
        parse(session, code, length);
        /* a cursor is between characters */
        while (cursor < length && ((unsigned char)code[cursor] & 0xC0) == 0x80)
            cursor++;
        look(session, code, length, cursor);
        convert(code, length);
    }
    free(code);
    at_session_release(session);
    return 0;
}
