/* What is odd about the texts of a column. */
#include "ops/base/memory.h"
#include "ops/explore/axis.h"
#include "ops/explore/finding_list.h"

#include <string.h>

enum { LEVELS = 5000, LONG_TEXT = 120, MARKERS = 24, MEMBERS = AT_SPELLING_COLUMNS };

/* Columns that hold the same word for "nothing is known". */
typedef struct marker {
    const char *text; /* as it stands in the cells, in the arena */
    const char *columns[MEMBERS];
    size_t count;
    int64_t cells;
} marker;

typedef struct survey {
    at_finding_list *list;
    marker markers[MARKERS];
    size_t marker_count;
    marker blank; /* columns with blanks around values */
    const char *example;
    at_spelling_columns sure, likely;
} survey;

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Does it say that nothing is known? "none" and "no" may well be answers. */
static bool is_marker(const char *text) {
    static const char *const words[] = {"?",
                                        "-",
                                        "--",
                                        "---",
                                        "n/a",
                                        "#n/a",
                                        "na",
                                        "n.a.",
                                        "nan",
                                        "null",
                                        "unknown",
                                        "missing",
                                        "unk",
                                        "tbd",
                                        "(null)",
                                        "(na)",
                                        "<na>",
                                        "not available",
                                        "not applicable",
                                        "no data",
                                        "\\n",
                                        "undefined"};
    while (is_blank(*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t k = 0;
        while (k < length && words[i][k] &&
               (text[k] == words[i][k] || (text[k] | 0x20) == words[i][k]))
            k++;
        if (k == length && !words[i][k])
            return true;
    }
    return false;
}

static void note_marker(survey *s, const at_column *column, const char *text,
                        int64_t cells) {
    size_t m = 0;
    while (m < s->marker_count && strcmp(s->markers[m].text, text) != 0)
        m++;
    if (m == MARKERS)
        return;
    if (m == s->marker_count) {
        const char *copy = at_arena_text(s->list->task->arena, text, strlen(text));
        if (!copy)
            return;
        s->markers[s->marker_count++] = (marker){.text = copy};
    }
    marker *k = &s->markers[m];
    if (k->count < MEMBERS) {
        k->columns[k->count++] = column->name;
        k->cells += cells;
    }
}

static const char *join(at_arena *arena, const char *const *names, size_t count) {
    at_text text = {0};
    for (size_t i = 0; i < count; i++)
        at_text_format(&text, "%s%s", i ? ", " : "", names[i]);
    const char *copy =
        at_text_ok(&text) ? at_arena_text(arena, at_text_get(&text), text.length) : NULL;
    at_text_fini(&text);
    return copy;
}

static void tell_markers(survey *s) {
    at_arena *arena = s->list->task->arena;
    for (size_t m = 0; m < s->marker_count; m++) {
        const marker *k = &s->markers[m];
        at_finding_add(
            s->list, (at_finding){.kind = AT_FINDING_MARKERS,
                                  .columns = join(arena, k->columns, k->count),
                                  .text = at_arena_format(
                                      arena, "\"%s\" in %s %s says that nothing is known",
                                      k->text, at_finding_count(arena, k->cells),
                                      k->cells == 1 ? "cell" : "cells"),
                                  .step = at_finding_step(s->list, "missing", k->columns,
                                                          k->count, &k->text, 1, NULL)});
    }
}

static void note_blanks(survey *s, const at_column *column, const at_axis *levels) {
    int64_t cells = 0;
    for (int i = 0; i < levels->count - levels->other; i++) {
        const char *text = levels->names[i];
        size_t length = strlen(text);
        if (length == 0 || (!is_blank(text[0]) && !is_blank(text[length - 1])))
            continue;
        cells += levels->counts[i];
        if (!s->example)
            s->example = at_arena_text(s->list->task->arena, text, length);
    }
    if (cells && s->blank.count < MEMBERS) {
        s->blank.columns[s->blank.count++] = column->name;
        s->blank.cells += cells;
    }
}

static void tell_blanks(survey *s) {
    at_arena *arena = s->list->task->arena;
    const marker *k = &s->blank;
    if (!k->count)
        return;
    at_finding_add(
        s->list,
        (at_finding){
            .kind = AT_FINDING_BLANKS,
            .columns = join(arena, k->columns, k->count),
            .text = at_arena_format(
                arena, "%s %s blanks around the value, such as \"%.40s\"",
                at_finding_count(arena, k->cells),
                k->cells == 1 ? "cell has" : "cells have", s->example ? s->example : ""),
            .step =
                at_finding_step(s->list, "trim", k->columns, k->count, NULL, 0, NULL)});
}

/* Most of its values are numbers: what are the others? */
static void tell_numbers(survey *s, const at_column *column, const at_axis *levels) {
    at_arena *arena = s->list->task->arena;
    int64_t numbers = 0, others = 0;
    int kinds = 0;
    bool padded = false; /* 01234: a code, whose zeros a number would lose */
    const char *other = NULL, *name = column->name;
    for (int i = 0; i < levels->count - levels->other; i++) {
        double value;
        const char *text = levels->names[i];
        padded |= text[0] == '0' && text[1] >= '0' && text[1] <= '9';
        if (at_parse_real(text, &value)) {
            numbers += levels->counts[i];
            kinds++;
        } else if (!is_marker(levels->names[i])) {
            others += levels->counts[i];
            other = other ? other : levels->names[i];
        }
    }
    if (kinds < 3 || numbers < 9 * others || padded)
        return;
    at_text text = {0};
    at_text_format(&text, "%s cells hold numbers as text",
                   at_finding_count(arena, numbers));
    if (other)
        at_text_format(&text, "; %s do not, such as \"%.40s\"",
                       at_finding_count(arena, others), other);
    const char *step = at_finding_step(s->list, "parse number", &name, 1, NULL, 0, NULL);
    at_finding_add(s->list, (at_finding){.kind = AT_FINDING_NUMBERS,
                                         .columns = name,
                                         .text = at_arena_text(arena, at_text_get(&text),
                                                               text.length),
                                         .step = step,
                                         .perhaps = other != NULL});
    at_text_fini(&text);
}

at_status at_finding_texts(at_finding_list *list, at_error *err) {
    survey s = {.list = list};
    const at_findings_task *t = list->task;
    for (int i = 0; i < at_frame_columns(t->frame); i++) {
        const at_column *column = at_frame_column(t->frame, i);
        const at_profile *p = &t->profiles[i];
        if (!at_type_textual(column->type) || p->distinct > LEVELS ||
            p->distinct == p->rows)
            continue;
        if (at_cancelled(t->cancel))
            return at_fail(err, AT_CANCELLED, "interrupted while looking at %s",
                           column->name);
        at_axis levels;
        AT_TRY(at_axis_levels(column, LEVELS, &levels, err));
        for (int k = 0; k < levels.count - levels.other; k++)
            if (is_marker(levels.names[k]))
                note_marker(&s, column, levels.names[k], levels.counts[k]);
        note_blanks(&s, column, &levels);
        tell_numbers(&s, column, &levels);
        at_status status =
            p->longest > LONG_TEXT
                ? AT_OK
                : at_finding_spellings(list, column, &levels, &s.sure, &s.likely, err);
        at_axis_fini(&levels);
        AT_TRY(status);
    }
    tell_blanks(&s);
    tell_markers(&s);
    at_finding_merge(list, &s.sure, "strictly");
    at_finding_merge(list, &s.likely, NULL);
    return AT_OK;
}
