/* Libraries that are loaded at first use (dlopen), so that the kernel stays light:
 * OpenBLAS, curl, libarchive, microhttpd, XGBoost. Each has one adapter, which holds its
 * table. */
#ifndef ATELIER_OPS_BASE_LIBRARY_H
#define ATELIER_OPS_BASE_LIBRARY_H

#include "ops/base/error.h"

#include <stddef.h>

typedef struct at_symbol {
    const char *name;
    void **place; /* where its address goes */
} at_symbol;

/* Loads the first of `names` (NULL-terminated sonames) that is found and resolves every
 * symbol. AT_UNSUPPORTED with `package` in the hint ("install libcurl4") otherwise. The
 * library stays loaded. Call it under pthread_once or a lock of the adapter's. */
AT_MUST_USE at_status at_library_load(const char *const *names, const char *package,
                                      const at_symbol *symbols, size_t count,
                                      at_error *err);

#endif
