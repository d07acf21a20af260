/* Wheels: libraries that are best had from a Python wheel, looked for where pip puts
 * them, and loaded at first use (ops/base/library.h). One table serves the adapters and
 * `atelier doctor`.
 *
 * Looked for, in this order: the file that an environment variable names; the .venv of a
 * folder above the program (which ./run makes); the environments of $VIRTUAL_ENV and
 * $CONDA_PREFIX; the one of the `python3` on the PATH; ~/.local; /usr/local; the system's
 * own library. The first that loads and has what is needed serves. */
#ifndef ATELIER_OPS_BASE_WHEEL_H
#define ATELIER_OPS_BASE_WHEEL_H

#include "ops/base/library.h"

typedef struct at_wheel {
    const char *name;       /* "xgboost" */
    const char *variable;   /* "ATELIER_XGBOOST" */
    const char *path;       /* in site-packages: "xgboost/lib/libxgboost.so" */
    const char *sonames[3]; /* the system's, NULL-terminated */
    const char *package;    /* "xgboost-cpu": pip install it */
    const char *serves;     /* "%%train --algorithm xgboost" */
} at_wheel;

extern const at_wheel at_wheel_xgboost, at_wheel_lightgbm;

/* All of them; NULL past the last. */
const at_wheel *at_wheel_at(size_t index);

/* Loads it and resolves every symbol; `found` (may be NULL) gets the path or the soname.
 * AT_UNSUPPORTED, with what to install as the hint. Call it under pthread_once or a lock
 * of the adapter's. */
enum { AT_WHEEL_FOUND = 4096 };
AT_MUST_USE at_status at_wheel_load(const at_wheel *wheel, const at_symbol *symbols,
                                    size_t count, char found[AT_WHEEL_FOUND],
                                    at_error *err);

#endif
