#include "kernel/kernelspec.h"

#include "ops/base/file.h"
#include "ops/base/memory.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char NAME[] = "atelier";

bool at_binary_path(char out[AT_PATH_SIZE]) {
    ssize_t n = readlink("/proc/self/exe", out, AT_PATH_SIZE - 1);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

bool at_program_find(const char *name, char out[AT_PATH_SIZE]) {
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t n = strcspn(path, ":");
        int length = snprintf(out, AT_PATH_SIZE, "%.*s/%s", (int)n, path, name);
        if (n > 0 && length < AT_PATH_SIZE && access(out, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    out[0] = '\0';
    return false;
}

/* The person's own data folder of Jupyter. */
static bool user_folder(char out[AT_PATH_SIZE]) {
    const char *data = getenv("JUPYTER_DATA_DIR");
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && *data)
        return snprintf(out, AT_PATH_SIZE, "%s", data) < AT_PATH_SIZE;
    if (xdg && *xdg)
        return snprintf(out, AT_PATH_SIZE, "%s/jupyter", xdg) < AT_PATH_SIZE;
    if (home && *home)
        return snprintf(out, AT_PATH_SIZE, "%s/.local/share/jupyter", home) <
               AT_PATH_SIZE;
    return false;
}

static const char *environment(void) {
    const char *virtual = getenv("VIRTUAL_ENV"), *conda = getenv("CONDA_PREFIX");
    return virtual && *virtual ? virtual : conda && *conda ? conda : NULL;
}

at_status at_kernelspec_folder(at_kernelspec_target target, const char *prefix,
                               char **out, at_error *err) {
    char base[AT_PATH_SIZE], folder[AT_PATH_SIZE];
    if (target == AT_TARGET_USER && !user_folder(base)) {
        at_fail(err, AT_NOT_FOUND, "HOME is not set: there is no personal folder");
        return at_hint(err, "use --prefix FOLDER");
    }
    if (target == AT_TARGET_SYS_PREFIX) {
        prefix = environment();
        if (!prefix) {
            at_fail(err, AT_NOT_FOUND,
                    "no virtual or conda environment is active (VIRTUAL_ENV and "
                    "CONDA_PREFIX are not set)");
            return at_hint(err, "activate one, or use --user or --prefix FOLDER");
        }
    }
    if (target != AT_TARGET_USER) {
        char *absolute = realpath(prefix, NULL);
        int n =
            snprintf(base, sizeof base, "%s/share/jupyter", absolute ? absolute : prefix);
        free(absolute);
        if (n >= AT_PATH_SIZE)
            return at_fail(err, AT_LIMIT, "the path %s is too long", prefix);
    }
    if (snprintf(folder, sizeof folder, "%s/kernels/%s", base, NAME) >= AT_PATH_SIZE)
        return at_fail(err, AT_LIMIT, "the path %s is too long", base);
    *out = at_copy_text(folder);
    return *out ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory for a path");
}

static at_status write_file(const char *folder, const char *name, const void *bytes,
                            size_t size, at_error *err) {
    char *path = at_path_join(folder, name);
    if (!path)
        return at_fail(err, AT_NO_MEMORY, "no memory for a path");
    at_status status = at_file_write(path, bytes, size, err);
    at_free(path);
    return status;
}

/* kernel.json.in with the running binary in the place of @ATELIER@. */
static at_status write_spec(const char *folder, const at_kernelspec_file *file,
                            at_error *err) {
    char binary[AT_PATH_SIZE];
    if (!at_binary_path(binary))
        return at_fail_errno(err, "cannot find the path of this program");
    json_t *spec = json_loadb((const char *)file->bytes, file->size, 0, NULL);
    json_t *argv = json_object_get(spec, "argv");
    if (!spec || json_array_set_new(argv, 0, json_string(binary)) != 0) {
        json_decref(spec);
        return at_fail(err, AT_INTERNAL, "the kernel.json of this binary is broken");
    }
    char *text = json_dumps(spec, JSON_INDENT(2));
    json_decref(spec);
    if (!text)
        return at_fail(err, AT_NO_MEMORY, "no memory for kernel.json");
    at_status status = write_file(folder, "kernel.json", text, strlen(text), err);
    free(text);
    return status;
}

at_status at_kernelspec_install(const char *folder, at_error *err) {
    const at_kernelspec_file *spec = NULL;
    AT_TRY(at_folder_make(folder, err));
    for (size_t i = 0; i < at_kernelspec_file_count; i++) {
        const at_kernelspec_file *file = &at_kernelspec_files[i];
        if (strcmp(file->name, "kernel.json.in") == 0)
            spec = file;
        else
            AT_TRY(write_file(folder, file->name, file->bytes, file->size, err));
    }
    /* Last: with it the folder becomes a kernel. */
    return spec ? write_spec(folder, spec, err)
                : at_fail(err, AT_INTERNAL, "this binary holds no kernel.json");
}

at_status at_kernelspec_uninstall(const char *folder, at_error *err) {
    if (!at_folder_exists(folder))
        return at_fail(err, AT_NOT_FOUND, "the kernel is not installed in %s", folder);
    return at_file_remove(folder, err);
}

static size_t add(char (*out)[AT_PATH_SIZE], size_t size, size_t count, const char *base,
                  size_t length, const char *below) {
    char path[AT_PATH_SIZE];
    int n = snprintf(path, sizeof path, "%.*s%s/kernels", (int)length, base, below);
    if (count >= size || length == 0 || n >= AT_PATH_SIZE)
        return count;
    for (size_t i = 0; i < count; i++)
        if (strcmp(out[i], path) == 0)
            return count;
    memcpy(out[count], path, (size_t)n + 1);
    return count + 1;
}

size_t at_kernelspec_search(char (*out)[AT_PATH_SIZE], size_t size) {
    size_t count = 0;
    char path[AT_PATH_SIZE];
    for (const char *list = getenv("JUPYTER_PATH"); list && *list;) {
        size_t n = strcspn(list, ":");
        count = add(out, size, count, list, n, "");
        list += n + (list[n] == ':');
    }
    if (user_folder(path))
        count = add(out, size, count, path, strlen(path), "");
    const char *active = environment();
    if (active)
        count = add(out, size, count, active, strlen(active), "/share/jupyter");
    /* The prefix of the jupyter that is found first: BIN/jupyter, BIN/../share/jupyter.
     */
    if (at_program_find("jupyter", path)) {
        char *slash = strrchr(path, '/');
        for (int up = 0; up < 2 && slash; up++, slash = strrchr(path, '/'))
            *slash = '\0';
        count = add(out, size, count, path, strlen(path), "/share/jupyter");
    }
    count = add(out, size, count, "/usr/local/share/jupyter", 24, "");
    return add(out, size, count, "/usr/share/jupyter", 18, "");
}
