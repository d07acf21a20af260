/* Spellings of one value: those that are surely the same, and those that a slip or two
 * part from a far more frequent one. */
#include "ops/explore/finding_list.h"
#include "ops/recipe/similar.h"

#include <string.h>

enum { SLIPS = 1500, SHOWN = 3 }; /* levels compared with each other; examples */

typedef struct merging {
    at_similar_level *levels;
    size_t count;
    size_t merged; /* spellings that another stands for */
} merging;

/* Is it another spelling, and not the same between blanks? */
static bool differs(const at_similar_level *l) {
    const char *from = l->bytes, *to = l->bytes + l->length;
    if (!l->kept)
        return false;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    return (size_t)(to - from) != l->kept_length ||
           memcmp(from, l->kept, l->kept_length) != 0;
}

static at_status merge(const at_finding_list *list, const at_axis *levels,
                       at_similar_mode mode, merging *out, at_error *err) {
    at_arena *arena = list->task->arena;
    *out = (merging){.count = (size_t)(levels->count - levels->other)};
    out->levels = at_arena_alloc(arena, (out->count + 1) * sizeof *out->levels);
    if (!out->levels)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to compare spellings");
    for (size_t i = 0; i < out->count; i++)
        out->levels[i] = (at_similar_level){.bytes = levels->names[i],
                                            .length = strlen(levels->names[i]),
                                            .count = levels->counts[i]};
    AT_TRY(
        at_similar_find(out->levels, out->count, mode, arena, list->task->cancel, err));
    for (size_t i = 0; i < out->count; i++)
        out->merged += differs(&out->levels[i]);
    return AT_OK;
}

/* The most frequent of those that `before` (may be NULL) does not merge yet. */
static const char *examples(const at_finding_list *list, const merging *m,
                            const merging *before) {
    at_text text = {0};
    int shown = 0;
    for (size_t i = 0; i < m->count && shown < SHOWN; i++) {
        const at_similar_level *l = &m->levels[i];
        if (!differs(l) || (before && differs(&before->levels[i])))
            continue;
        at_text_format(&text, "%s\"%.*s\" for \"%.*s\"", shown++ ? ", " : "",
                       (int)(l->length < 40 ? l->length : 40), l->bytes,
                       (int)(l->kept_length < 40 ? l->kept_length : 40), l->kept);
    }
    const char *copy = at_text_ok(&text) ? at_arena_text(list->task->arena,
                                                         at_text_get(&text), text.length)
                                         : NULL;
    at_text_fini(&text);
    return copy ? copy : "";
}

static void tell(at_finding_list *list, const at_column *column, const merging *m,
                 const merging *before) {
    at_arena *arena = list->task->arena;
    const char *name = column->name;
    size_t merged = m->merged - (before ? before->merged : 0);
    const char *what =
        before ? (merged == 1 ? "rare spelling looks like a slip"
                              : "rare spellings look like slips")
               : (merged == 1 ? "spelling differs from another only in case, blanks or "
                                "punctuation"
                              : "spellings differ from others only in case, blanks or "
                                "punctuation");
    at_finding_add(
        list,
        (at_finding){.kind = AT_FINDING_SPELLINGS,
                     .columns = name,
                     .text = at_arena_format(
                         arena, "%s %s: %s%s", at_finding_count(arena, (int64_t)merged),
                         what, examples(list, m, before), merged > SHOWN ? ", ..." : ""),
                     .perhaps = before != NULL});
}

static void join(at_finding_list *list, at_spelling_columns *columns,
                 const at_column *column) {
    if (columns->count == AT_SPELLING_COLUMNS)
        return;
    if (columns->count == 0)
        columns->finding = list->count;
    columns->names[columns->count++] = column->name;
}

void at_finding_merge(at_finding_list *list, const at_spelling_columns *columns,
                      const char *word) {
    if (columns->count && columns->finding < list->count)
        list->items[columns->finding].step = at_finding_step(
            list, "merge similar", columns->names, columns->count, NULL, 0, word);
}

at_status at_finding_spellings(at_finding_list *list, const at_column *column,
                               const at_axis *levels, at_spelling_columns *sure_columns,
                               at_spelling_columns *likely_columns, at_error *err) {
    merging sure, likely;
    AT_TRY(merge(list, levels, AT_SIMILAR_STRICTLY, &sure, err));
    if (sure.merged) {
        join(list, sure_columns, column);
        tell(list, column, &sure, NULL);
    }
    if (levels->count > SLIPS)
        return AT_OK;
    AT_TRY(merge(list, levels, AT_SIMILAR_USUALLY, &likely, err));
    if (likely.merged > sure.merged) {
        join(list, likely_columns, column);
        tell(list, column, &likely, &sure);
    }
    return AT_OK;
}
