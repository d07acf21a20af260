/* Source: what the SOURCE of %fetch names, made a file on this machine that can be read
 * (or a folder): a path, or a web address through the mirror or the cache; and then, out
 * of an archive, one member. */
#ifndef ATELIER_MAGICS_DATA_SOURCE_H
#define ATELIER_MAGICS_DATA_SOURCE_H

#include "magics/language/context.h"

struct at_archive_list; /* magics/adapter/archive.h */

typedef struct at_source {
    const char *path;    /* to read */
    const char *name;    /* whose ending says what is in it */
    at_scratch unpacked; /* what was unpacked for this */
    const char *note;    /* for the user: where it came from, if not simply from there */
    bool folder;
    const struct at_archive_list *list; /* of at_source_list */
} at_source;

typedef struct at_source_options {
    const char *source; /* a path, file://..., http://..., https://... */
    const char *sha256; /* of the file as it comes; may be NULL */
    bool fresh;
} at_source_options;

/* Texts are in the context's arena. Shows progress where it takes long. $ATELIER_MIRROR
 * names a folder: a file there of the same name as the last part of an address's path is
 * taken instead. */
AT_MUST_USE at_status at_source_open(at_context *context,
                                     const at_source_options *options, at_source *out,
                                     at_error *err);
void at_source_close(at_source *source);
/* What is in the file, if it is an archive; found out once. */
AT_MUST_USE at_status at_source_list(at_context *context, at_source *source,
                                     const struct at_archive_list **out, at_error *err);
/* Makes of an archive the member that `member` means (NULL: the only one that is data),
 * and of a packed file what is in it. AT_INVALID for a folder. */
AT_MUST_USE at_status at_source_unpack(at_context *context, const char *member,
                                       at_source *source, at_error *err);

/* The last part of an address's path, decoded; NULL where there is none that names a
 * file. */
const char *at_source_last_part(const char *url, at_arena *arena);

#endif
