#include "magics/adapter/archive.h"
#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <string.h>

enum { LISTED_MAX = 8 };

/* Is `want` the whole name, or its end after a '/'? */
static bool is_tail(const char *name, const char *want) {
    size_t n = strlen(name), m = strlen(want);
    return n >= m && strcmp(name + n - m, want) == 0 &&
           (n == m || name[n - m - 1] == '/');
}

/* What archivers and file managers leave behind. */
static bool is_litter(const char *name) {
    const char *base = strrchr(name, '/');
    base = base ? base + 1 : name;
    return base[0] == '.' || strncmp(name, "__MACOSX/", 9) == 0 ||
           strcmp(base, "Thumbs.db") == 0;
}

static at_status hint_members(const at_archive_list *list, at_error *err) {
    at_text names = {0};
    size_t shown = 0;
    for (size_t i = 0; i < list->count && shown < LISTED_MAX; i++)
        if (!is_litter(list->members[i].name))
            at_text_format(&names, "%s%.60s", shown++ ? ", " : "", list->members[i].name);
    if (list->count > shown)
        at_text_format(&names, " ... (%zu files in all)", list->count);
    at_hint(err, "choose one with --member; there are %s", at_text_get(&names));
    at_text_fini(&names);
    return err ? err->code : AT_INVALID;
}

static at_status choose_named(const at_archive_list *list, const char *want,
                              const char *archive_name, size_t *index, at_error *err) {
    size_t tails = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->members[i].name, want) == 0) {
            *index = i;
            return AT_OK;
        }
        if (is_tail(list->members[i].name, want)) {
            *index = i;
            tails++;
        }
    }
    if (tails == 1)
        return AT_OK;
    if (tails > 1) {
        at_fail(err, AT_INVALID, "'%.200s' is the end of %zu names in %.200s", want,
                tails, archive_name);
        return at_hint(err, "write more of the path, as in --member %s",
                       list->members[*index].name);
    }
    at_fail(err, AT_NOT_FOUND, "%.200s has no member '%.200s'", archive_name, want);
    const char *nearest = NULL;
    for (size_t i = 0, best = strlen(want) / 3 + 1; i < list->count; i++) {
        const char *base = strrchr(list->members[i].name, '/');
        base = base ? base + 1 : list->members[i].name;
        size_t distance = at_edit_distance(base, want);
        if (distance <= best) {
            best = distance;
            nearest = list->members[i].name;
        }
    }
    return nearest ? at_hint(err, "did you mean --member %s?", nearest)
                   : hint_members(list, err);
}

at_status at_archive_choose(const at_archive_list *list, const char *want,
                            const char *archive_name, size_t *index, at_error *err) {
    if (want)
        return choose_named(list, want, archive_name, index, err);
    size_t found = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (is_litter(list->members[i].name))
            continue;
        if (found++ == 0)
            *index = i;
    }
    if (found == 1)
        return AT_OK;
    if (found == 0)
        return at_fail(err, AT_INVALID, "there is no file in %.200s", archive_name);
    at_fail(err, AT_INVALID, "%.200s holds %zu files", archive_name, found);
    return hint_members(list, err);
}
