#include "ops/recipe/select.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <string.h>

static bool in_numeric(const at_column *c) {
    return at_type_numeric(c->type);
}

static bool in_category(const at_column *c) {
    return c->type == AT_TYPE_CATEGORY || c->type == AT_TYPE_BOOL;
}

static bool in_text(const at_column *c) {
    return c->type == AT_TYPE_TEXT;
}

static bool in_date(const at_column *c) {
    return c->type == AT_TYPE_DATE || c->type == AT_TYPE_TIMESTAMP;
}

static bool in_all(const at_column *c) {
    (void)c;
    return true;
}

static const struct {
    const char *name;
    bool (*has)(const at_column *column);
} kinds[] = {{"numeric", in_numeric},
             {"category", in_category},
             {"text", in_text},
             {"date", in_date},
             {"all", in_all}};

enum { KINDS = sizeof kinds / sizeof *kinds };

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* One code point further. */
static const char *next(const char *s) {
    s++;
    while (((unsigned char)*s & 0xC0) == 0x80)
        s++;
    return s;
}

/* '*' any run, '?' one letter. After a mismatch only the last '*' is tried again, which
 * is enough, and keeps the time at glob x name. */
bool at_select_glob(const char *glob, const char *name) {
    const char *star = NULL, *resume = NULL;
    while (*name) {
        if (*glob == '*') {
            star = ++glob;
            resume = name;
        } else if (*glob == '?') {
            glob++;
            name = next(name);
        } else if (lower(*glob) == lower(*name)) {
            glob++;
            name++;
        } else if (star) {
            glob = star;
            resume = next(resume);
            name = resume;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return !*glob;
}

static int find(const at_select_from *from, const char *name) {
    for (int i = 0; i < from->count; i++) {
        if (at_equal_fold(from->columns[i].name, name))
            return i;
    }
    return -1;
}

static at_status not_found(const at_select_from *from, const at_selector *selector,
                           bool glob, at_error *err) {
    at_fail(err, AT_NOT_FOUND,
            glob ? "no column matches '%s'" : "there is no column '%s'", selector->text);
    if (!err)
        return AT_NOT_FOUND;
    const char **names = at_alloc_array((size_t)from->count + KINDS, sizeof *names);
    size_t count = 0;
    for (int i = 0; names && i < from->count; i++)
        names[count++] = from->columns[i].name;
    for (size_t k = 0; names && !selector->literal && k < KINDS; k++)
        names[count++] = kinds[k].name;
    const char *near = names && !glob ? at_nearest(selector->text, names, count) : NULL;
    at_text list = {0};
    if (near) {
        at_hint(err, "did you mean %s?", near);
    } else {
        for (int i = 0; i < from->count && i < 20; i++)
            at_text_format(&list, "%s%s", i ? ", " : "", from->columns[i].name);
        at_hint(err, "the columns are %s%s", at_text_get(&list),
                from->count > 20 ? ", ..." : "");
    }
    at_text_fini(&list);
    at_free(names);
    return AT_NOT_FOUND;
}

static at_status select_one(const at_select_from *from, const at_selector *selector,
                            const char *target, bool *chosen, at_error *err) {
    int named = find(from, selector->text);
    if (named >= 0) {
        if (target && at_equal_fold(selector->text, target)) {
            at_fail(err, AT_INVALID,
                    "'%s' is the target: a preparation leaves it as it is", target);
            return err ? at_hint(err, "change it with %%%%clean") : AT_INVALID;
        }
        chosen[named] = true;
        return AT_OK;
    }
    if (selector->literal)
        return not_found(from, selector, false, err);
    for (size_t k = 0; k < KINDS; k++) {
        if (!at_equal_fold(selector->text, kinds[k].name))
            continue;
        for (int i = 0; i < from->count; i++) {
            bool made = from->origins && from->origins[i].indicator && k == 0;
            if (kinds[k].has(&from->columns[i]) && !made &&
                !(target && at_equal_fold(from->columns[i].name, target)))
                chosen[i] = true;
        }
        return AT_OK;
    }
    bool glob = strpbrk(selector->text, "*?") != NULL, any = false;
    for (int i = 0; glob && i < from->count; i++) {
        if (at_select_glob(selector->text, from->columns[i].name) &&
            !(target && at_equal_fold(from->columns[i].name, target)))
            any = chosen[i] = true;
    }
    return any ? AT_OK : not_found(from, selector, glob, err);
}

at_status at_select(const at_select_from *from, const at_selector *selectors,
                    size_t count, const char *target, at_arena *arena, int **out,
                    size_t *found, at_error *err) {
    *found = 0;
    bool *chosen = at_arena_alloc(arena, (size_t)from->count + 1);
    *out = at_arena_alloc(arena, ((size_t)from->count + 1) * sizeof **out);
    if (!chosen || !*out)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        AT_TRY(select_one(from, &selectors[i], target, chosen, err));
    for (int i = 0; i < from->count; i++) {
        if (chosen[i])
            (*out)[(*found)++] = i;
    }
    return AT_OK;
}

at_status at_select_columns(const at_frame *frame, const at_selector *selectors,
                            size_t count, const char *target, at_arena *arena, int **out,
                            size_t *found, at_error *err) {
    at_select_from from = {.columns = at_frame_column(frame, 0),
                           .count = at_frame_columns(frame)};
    return at_select(&from, selectors, count, target, arena, out, found, err);
}

at_status at_step_resolve(at_step *step, const at_sheet *sheet,
                          const at_step_context *context, at_error *err) {
    at_select_from from = {
        .columns = sheet->columns, .origins = sheet->origins, .count = sheet->count};
    int *places;
    size_t found;
    AT_TRY(at_select(&from, step->args.columns, step->args.column_count, context->target,
                     &step->arena, &places, &found, err));
    const char **names = at_arena_alloc(&step->arena, (found + 1) * sizeof *names);
    for (size_t i = 0; names && i < found; i++) {
        const char *name = sheet->columns[places[i]].name;
        names[i] = at_arena_text(&step->arena, name, strlen(name));
        if (!names[i])
            names = NULL;
    }
    if (!names)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    step->columns = names;
    step->column_count = found;
    return AT_OK;
}
