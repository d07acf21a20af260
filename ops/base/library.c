#include "ops/base/library.h"

#include <dlfcn.h>

at_status at_library_load(const char *const *names, const char *package,
                          const at_symbol *symbols, size_t count, at_error *err) {
    void *library = NULL;
    for (size_t i = 0; names[i] && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *reason = dlerror();
        at_fail(err, AT_UNSUPPORTED, "cannot load the library %s: %s",
                names[0] ? names[0] : package, reason ? reason : "no name given");
        at_hint(err, "install %s", package);
        return AT_UNSUPPORTED;
    }
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(library, symbols[i].name);
        if (!address) {
            at_fail(err, AT_UNSUPPORTED, "the library %s here has no function %s",
                    names[0], symbols[i].name);
            at_hint(err, "install a newer %s", package);
            for (size_t j = 0; j < i; j++) /* no pointer into what is closed */
                *symbols[j].place = NULL;
            dlclose(library);
            return AT_UNSUPPORTED;
        }
        *symbols[i].place = address;
    }
    return AT_OK;
}
