/* Message: one message that came in, as raw frames and its parsed header. Moved by
 * pointer to pointer: who takes it empties the giver's pointer; its one holder releases
 * it. Whoever handles it parses the rest.
 *
 * Origin: who asked, frozen. The routing identities and the header's own bytes, shared by
 * everything that is sent because of one request, also after the request has ended. */
#ifndef ATELIER_KERNEL_MESSAGE_H
#define ATELIER_KERNEL_MESSAGE_H

#include "kernel/socket.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* The frames of a message after its identities and the delimiter. */
enum {
    AT_PART_SIGNATURE,
    AT_PART_HEADER,
    AT_PART_PARENT,
    AT_PART_METADATA,
    AT_PART_CONTENT,
    AT_PART_BUFFERS /* and all that follow */
};

typedef struct at_origin {
    atomic_int references;
    at_bytes *identities;
    size_t identity_count;
    at_bytes header; /* JSON text, exactly as it came: the parent_header of all answers */
} at_origin;

at_origin *at_origin_retain(at_origin *origin); /* NULL is fine */
void at_origin_release(at_origin *origin);

typedef struct at_message at_message;
struct at_message {
    at_message *next; /* in a queue */
    at_frames frames;
    size_t identities;     /* frames.items[0 .. identities) say where it came from */
    const at_bytes *parts; /* by AT_PART_*; borrowed from frames */
    json_t *header;
    const char *type, *id, *subshell; /* borrowed from header; subshell may be NULL */
    double arrived;                   /* at_now when it was read */
    bool aborted;                     /* to be answered with status "aborted", not run */
};

void at_message_release(at_message *message);
size_t at_message_size(const at_message *message); /* bytes of all frames */
/* New reference; NULL on no memory. */
at_origin *at_message_origin(const at_message *message);
/* The content; new reference. AT_CORRUPT if it is no JSON object. */
AT_MUST_USE at_status at_message_content(const at_message *message, json_t **out,
                                         at_error *err);

#endif
