/* Source: what the SOURCE of %fetch names, made a file on this machine that can be read:
 * a path, or a web address through the mirror or the cache; and out of an archive, one
 * member. */
#ifndef ATELIER_MAGICS_DATA_SOURCE_H
#define ATELIER_MAGICS_DATA_SOURCE_H

#include "magics/language/context.h"

typedef struct at_source {
    const char *path;    /* to read */
    const char *name;    /* whose ending says what is in it */
    at_scratch unpacked; /* what was unpacked for this */
    const char *note;    /* for the user: where it came from, if not simply from there */
} at_source;

typedef struct at_source_options {
    const char *source; /* a path, file://..., http://..., https://... */
    const char *member; /* of an archive; may be NULL */
    const char *sha256; /* of the file as it comes; may be NULL */
    bool fresh;
    bool
        whole; /* an archive is left as it is, and a folder is fine (path alone is set) */
} at_source_options;

/* Texts are in the context's arena. Shows progress where it takes long. $ATELIER_MIRROR
 * names a folder: a file there of the same name as the last part of an address's path is
 * taken instead. */
AT_MUST_USE at_status at_source_open(at_context *context,
                                     const at_source_options *options, at_source *out,
                                     at_error *err);
void at_source_close(at_source *source);

/* The last part of an address's path, decoded; NULL where there is none that names a
 * file. */
const char *at_source_last_part(const char *url, at_arena *arena);

#endif
