/* Kernelspec: what Jupyter knows of us, and where it looks. The files of kernelspec/ are
 * in the binary, so that an installed one needs no source tree. */
#ifndef ATELIER_KERNEL_KERNELSPEC_H
#define ATELIER_KERNEL_KERNELSPEC_H

#include "ops/base/error.h"

#include <stddef.h>

/* Written by the build (kernel/CMakeLists.txt) into generated/kernelspec_files.c. */
typedef struct at_kernelspec_file {
    const char *name;
    const unsigned char *bytes;
    size_t size;
} at_kernelspec_file;
extern const at_kernelspec_file at_kernelspec_files[];
extern const size_t at_kernelspec_file_count;

/* Where to install: what the command line says. */
typedef enum at_kernelspec_target {
    AT_TARGET_USER,       /* the person's own data folder */
    AT_TARGET_SYS_PREFIX, /* the virtual or conda environment that is active */
    AT_TARGET_PREFIX      /* a given prefix */
} at_kernelspec_target;

/* PREFIX/share/jupyter/kernels/atelier, as the target has it. Caller frees *out. */
AT_MUST_USE at_status at_kernelspec_folder(at_kernelspec_target target,
                                           const char *prefix, char **out, at_error *err);
/* Writes kernel.json, with the running binary as its argv[0], and the logos. */
AT_MUST_USE at_status at_kernelspec_install(const char *folder, at_error *err);
AT_MUST_USE at_status at_kernelspec_uninstall(const char *folder, at_error *err);

enum { AT_PATH_SIZE = 4096 }; /* of a path with its NUL: PATH_MAX on Linux */

/* The folders "kernels/" that Jupyter searches, in its order, each once: at most `size`,
 * paths. As in jupyter_core: JUPYTER_PATH, the person's, the environments',
 * the system's. Returns how many. */
size_t at_kernelspec_search(char (*out)[AT_PATH_SIZE], size_t size);

/* The absolute path of the running binary; false if the system does not say. */
bool at_binary_path(char out[AT_PATH_SIZE]);
/* The first program `name` on $PATH; false if none. */
bool at_program_find(const char *name, char out[AT_PATH_SIZE]);

#endif
