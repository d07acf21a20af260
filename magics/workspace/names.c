/* Names: what things may be called, fresh ids, and where the files of an id are. */
#include "magics/workspace/workspace.h"
#include "ops/base/crypto.h"
#include "ops/base/letter.h"
#include "ops/base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = 128 };

static const char *const kinds[] = {"dataset", "recipe", "model", "job", "endpoint"};

const char *at_kind_name(at_kind kind) {
    return kinds[kind];
}

bool at_kind_from_name(const char *name, at_kind *out) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], name) == 0) {
            *out = (at_kind)i;
            return true;
        }
    return false;
}

at_status at_store_check_name(at_kind kind, const char *name, at_error *err) {
    bool dash = kind == AT_KIND_MODEL || kind == AT_KIND_ENDPOINT || kind == AT_KIND_JOB;
    const char *what = at_kind_name(kind);
    size_t length = strlen(name);
    if (length == 0)
        return at_fail(err, AT_INVALID, "the name of the %s is empty", what);
    if (length > NAME_MAX_BYTES)
        return at_fail(err, AT_LIMIT, "the name of the %s is longer than %d bytes", what,
                       NAME_MAX_BYTES);
    bool good = !at_is_digit(name[0]);
    for (const char *p = name; good && *p; p++)
        good = at_is_name(*p) || (dash && p > name && *p == '-');
    if (!good) {
        (void)at_fail(err, AT_INVALID, "'%s' is not a name for %s %s", name,
                      strchr("aeiou", what[0]) ? "an" : "a", what);
        return err ? at_hint(err,
                             "use letters, digits%s and _, and begin with a letter or _",
                             dash ? ", -" : "")
                   : AT_INVALID;
    }
    if (kind == AT_KIND_DATASET && strncasecmp(name, "sqlite_", 7) == 0)
        return at_fail(err, AT_INVALID,
                       "'%s': names that begin with sqlite_ belong to SQL itself", name);
    return AT_OK;
}

void at_store_new_id(char out[33]) {
    unsigned char bytes[16];
    at_crypto_random(bytes, sizeof bytes);
    at_crypto_hex(out, bytes, sizeof bytes);
}

const char *at_store_path(at_workspace *workspace, at_kind kind, const char *id,
                          at_arena *arena) {
    const char *folder = at_workspace_folder(workspace);
    switch (kind) {
    case AT_KIND_DATASET:
        return at_arena_format(arena, "%s/frames/%s.safetensors", folder, id);
    case AT_KIND_MODEL:
        return at_arena_format(arena, "%s/models/%s", folder, id);
    case AT_KIND_JOB:
        return at_arena_format(arena, "%s/jobs/%s", folder, id);
    case AT_KIND_RECIPE:
    case AT_KIND_ENDPOINT:
        break;
    }
    return NULL; /* these live in their card */
}
