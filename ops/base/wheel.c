#include "ops/base/wheel.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const at_wheel at_wheel_xgboost = {
    .name = "xgboost",
    .variable = "ATELIER_XGBOOST",
    .path = "xgboost/lib/libxgboost.so",
    .sonames = {"libxgboost.so.0", "libxgboost.so"},
    .package = "xgboost-cpu",
    .serves = "%%train --algorithm xgboost",
};

const at_wheel at_wheel_lightgbm = {
    .name = "lightgbm",
    .variable = "ATELIER_LIGHTGBM",
    .path = "lightgbm/lib/lib_lightgbm.so",
    .sonames = {"lib_lightgbm.so"},
    .package = "lightgbm",
    .serves = "%%train --algorithm lightgbm",
};

static const at_wheel *const WHEELS[] = {&at_wheel_xgboost, &at_wheel_lightgbm};

const at_wheel *at_wheel_at(size_t index) {
    return index < sizeof WHEELS / sizeof *WHEELS ? WHEELS[index] : NULL;
}

/* A search under way: `status` turns AT_OK with the first that serves. */
typedef struct search {
    const at_wheel *wheel;
    const at_symbol *symbols;
    size_t count;
    char *found;
    at_status status;
    at_error best; /* of a library that is there and does not serve */
} search;

static bool try_file(search *s, const char *name) {
    const char *const names[] = {name, NULL};
    at_error err = {0};
    s->status = at_library_load(names, s->wheel->package, s->symbols, s->count, &err);
    if (s->status == AT_OK && s->found)
        snprintf(s->found, AT_WHEEL_FOUND, "%s", name);
    if (s->status != AT_OK && (strchr(name, '/') || strstr(err.text, "no function")))
        s->best = err;
    return s->status == AT_OK;
}

/* An environment, as Python has them: PREFIX/lib/python3.11/site-packages. */
static bool try_prefix(search *s, const char *prefix) {
    at_text pattern = {0};
    glob_t hits = {0};
    bool done = false;
    at_text_format(&pattern, "%s/lib/python3*/{site,dist}-packages/%s", prefix,
                   s->wheel->path);
    if (at_text_ok(&pattern) && glob(at_text_get(&pattern), GLOB_BRACE, NULL, &hits) == 0)
        for (size_t i = hits.gl_pathc; i > 0 && !done; i--) /* the newest Python first */
            done = try_file(s, hits.gl_pathv[i - 1]);
    globfree(&hits);
    at_text_fini(&pattern);
    return done;
}

/* "/a/b/c" -> "/a/b"; false at the root. */
static bool go_up(char *path) {
    char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return false;
    *slash = '\0';
    return true;
}

static bool try_above_program(search *s) {
    enum { LEVELS = 5 };
    char path[PATH_MAX + 8];
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 8);
    if (length <= 0)
        return false;
    path[length] = '\0';
    for (int level = 0; level < LEVELS && go_up(path); level++) {
        size_t end = strlen(path);
        memcpy(path + end, "/.venv", sizeof "/.venv");
        if (access(path, X_OK) == 0 && try_prefix(s, path))
            return true;
        path[end] = '\0';
    }
    return false;
}

/* The environment whose python3 comes first on the PATH. */
static bool try_path(search *s) {
    const char *rest = getenv("PATH");
    while (rest && *rest) {
        size_t length = strcspn(rest, ":");
        char program[PATH_MAX];
        int written =
            snprintf(program, sizeof program, "%.*s/python3", (int)length, rest);
        if (length > 0 && written > 0 && (size_t)written < sizeof program &&
            access(program, X_OK) == 0)
            return go_up(program) && go_up(program) && try_prefix(s, program);
        rest += length + (rest[length] == ':');
    }
    return false;
}

static bool try_variable_prefix(search *s, const char *variable, const char *below) {
    const char *prefix = getenv(variable);
    if (!prefix || !*prefix)
        return false;
    char path[PATH_MAX];
    int written = snprintf(path, sizeof path, "%s%s", prefix, below);
    return written > 0 && (size_t)written < sizeof path && try_prefix(s, path);
}

static bool look(search *s) {
    const char *named = getenv(s->wheel->variable);
    if (named && *named)
        return try_file(s, named);
    if (try_above_program(s) || try_variable_prefix(s, "VIRTUAL_ENV", "") ||
        try_variable_prefix(s, "CONDA_PREFIX", "") || try_path(s) ||
        try_variable_prefix(s, "HOME", "/.local") || try_prefix(s, "/usr/local"))
        return true;
    for (size_t i = 0; i < 3 && s->wheel->sonames[i]; i++)
        if (try_file(s, s->wheel->sonames[i]))
            return true;
    return false;
}

at_status at_wheel_load(const at_wheel *wheel, const at_symbol *symbols, size_t count,
                        char found[AT_WHEEL_FOUND], at_error *err) {
    search s = {.wheel = wheel, .symbols = symbols, .count = count, .found = found};
    if (look(&s))
        return AT_OK;
    if (s.best.text[0])
        at_fail(err, AT_UNSUPPORTED, "%s", s.best.text);
    else
        at_fail(err, AT_UNSUPPORTED, "the library of %s is not on this machine",
                wheel->name);
    return at_hint(err,
                   "install it: pip install %s (or set %s to the path of its library)",
                   wheel->package, wheel->variable);
}
