/* Cache: downloads kept in WORKSPACE/cache, by address:
 *
 *     KEY.data        a whole download        KEY.json        {"url", "tag"}
 *     KEY.part        one that broke off      KEY.part.json   {"url", "tag"}
 *
 * The tag is the ETag or the date that came with the bytes: by it a server says that they
 * are still the same, so that a part can be continued and a whole be used again. */
#ifndef ATELIER_MAGICS_DATA_CACHE_H
#define ATELIER_MAGICS_DATA_CACHE_H

#include "ops/base/cancel.h"
#include "ops/base/error.h"
#include "ops/base/memory.h"

#include <stdint.h>

typedef struct at_cache {
    const char *folder;
    const char *data, *data_note, *part, *part_note; /* paths */
} at_cache;

/* The places for this address, in the arena. Makes the folder. */
AT_MUST_USE at_status at_cache_init(at_cache *cache, const char *workspace,
                                    const char *url, at_arena *arena, at_error *err);
/* The tag in a note about this address, in the arena; NULL: none. */
const char *at_cache_tag(const char *note, const char *url, at_arena *arena);
AT_MUST_USE at_status at_cache_note(const char *note, const char *url, const char *tag,
                                    at_error *err);
/* The SHA-256 of a file as 64 hex digits and a NUL. */
AT_MUST_USE at_status at_cache_digest(const char *path, const at_cancel *cancel,
                                      char out[65], at_error *err);

#endif
