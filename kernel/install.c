#include "kernel/install.h"

#include "kernel/kernelspec.h"
#include "ops/base/memory.h"
#include "ops/base/suggest.h"

#include <stdio.h>
#include <string.h>

enum { SEARCH_MAX = 32, USAGE = 2 };

typedef struct at_place {
    at_kernelspec_target target;
    const char *prefix;
    bool given;
} at_place;

static at_status parse(int argc, char **argv, at_place *place, at_error *err) {
    static const char *const options[] = {"--user", "--sys-prefix", "--prefix"};
    *place = (at_place){.target = AT_TARGET_USER};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        bool prefix = strcmp(word, "--prefix") == 0;
        bool joined = strncmp(word, "--prefix=", 9) == 0;
        bool user = strcmp(word, "--user") == 0;
        if (!prefix && !joined && !user && strcmp(word, "--sys-prefix") != 0) {
            at_fail(err, AT_INVALID, "unknown option '%.80s'", word);
            const char *near = at_nearest(word, options, 3);
            if (near)
                return at_hint(err, "did you mean %s?", near);
            return at_hint(err, "use --user, --sys-prefix or --prefix FOLDER");
        }
        if (place->given)
            return at_fail(err, AT_INVALID,
                           "only one of --user, --sys-prefix and --prefix can be given");
        place->given = true;
        place->target = user               ? AT_TARGET_USER
                        : prefix || joined ? AT_TARGET_PREFIX
                                           : AT_TARGET_SYS_PREFIX;
        place->prefix = joined ? word + 9 : prefix && i + 1 < argc ? argv[++i] : NULL;
        if ((prefix || joined) && (!place->prefix || !*place->prefix))
            return at_fail(err, AT_INVALID, "--prefix needs a folder");
    }
    return AT_OK;
}

static int complain(const char *command, const at_error *err) {
    fprintf(stderr, "atelier %s: %s\n", command, err->text);
    if (err->hint[0])
        fprintf(stderr, "hint: %s\n", err->hint);
    return err->code == AT_INVALID ? USAGE : 1;
}

/* Whether Jupyter looks into the folder above `folder`. */
static bool is_searched(const char *folder) {
    char search[SEARCH_MAX][AT_PATH_SIZE];
    size_t count = at_kernelspec_search(search, SEARCH_MAX);
    const char *slash = strrchr(folder, '/');
    size_t length = slash ? (size_t)(slash - folder) : 0;
    for (size_t i = 0; i < count; i++)
        if (strlen(search[i]) == length && memcmp(search[i], folder, length) == 0)
            return true;
    return false;
}

int at_install_main(int argc, char **argv) {
    at_error err;
    at_place place;
    char *folder = NULL;
    at_status status = parse(argc, argv, &place, &err);
    if (status == AT_OK)
        status = at_kernelspec_folder(place.target, place.prefix, &folder, &err);
    if (status == AT_OK)
        status = at_kernelspec_install(folder, &err);
    if (status == AT_OK) {
        printf("Atelier is installed in %s\n", folder);
        if (!is_searched(folder)) {
            const char *end = strstr(folder, "/kernels/");
            printf("Jupyter does not look there. Start it with\n"
                   "    JUPYTER_PATH=%.*s jupyter lab\n",
                   (int)(end - folder), folder);
        }
    }
    at_free(folder);
    return status == AT_OK ? 0 : complain("install", &err);
}

int at_uninstall_main(int argc, char **argv) {
    at_error err;
    at_place place;
    char *folder = NULL;
    at_status status = parse(argc, argv, &place, &err);
    if (status == AT_OK)
        status = at_kernelspec_folder(place.target, place.prefix, &folder, &err);
    if (status == AT_OK)
        status = at_kernelspec_uninstall(folder, &err);
    if (status == AT_OK)
        printf("Removed %s\n", folder);
    at_free(folder);
    return status == AT_OK ? 0 : complain("uninstall", &err);
}
