/* Wire: between frames and messages. Coming in: find the delimiter, check the signature,
 * then parse the header, in this order. Going out: header, parent, signature.
 *
 *     identities... <IDS|MSG> signature header parent metadata content buffers... */
#ifndef ATELIER_KERNEL_WIRE_H
#define ATELIER_KERNEL_WIRE_H

#include "kernel/message.h"
#include "kernel/sign.h"
#include "kernel/socket.h"

#include <stdatomic.h>
#include <stdint.h>

#define AT_PROTOCOL_VERSION "5.5"
#define AT_IDENTITIES_LIMIT 16
#define AT_HEADER_LIMIT ((size_t)64 * 1024) /* bytes of the header and of the parent */

typedef struct at_wire {
    at_signer signer;
    char session[37];  /* of this kernel's life */
    char username[64]; /* JSON text with its quotes */
    atomic_ulong sent; /* numbers the messages */
} at_wire;

AT_MUST_USE at_status at_wire_init(at_wire *wire, const char *scheme, const char *key,
                                   at_error *err);
void at_wire_fini(at_wire *wire);

/* Takes the frames. What fails is to be logged and dropped. */
AT_MUST_USE at_status at_wire_read(at_wire *wire, at_frames *frames, at_message **out,
                                   at_error *err);

/* One message to send. All texts are borrowed. */
typedef struct at_letter {
    const char *type;
    const at_origin *origin; /* NULL: no parent */
    const char *topic;       /* first frame on iopub; NULL: the origin's identities */
    int64_t when;            /* at_wall_us of the header's date */
    const char *content;     /* JSON */
    size_t content_size;
} at_letter;

/* A letter signed and ready for at_socket_send, which may be tried several times. Borrows
 * the letter's content, topic and origin; holds no memory of its own. */
typedef struct at_packet {
    at_bytes frames[AT_IDENTITIES_LIMIT + 8];
    size_t count;
    char id[80], header[640], signature[AT_SIGNATURE_SIZE];
} at_packet;

AT_MUST_USE at_status at_wire_pack(at_wire *wire, const at_letter *letter, at_packet *out,
                                   at_error *err);
/* Packs and sends in one. */
AT_MUST_USE at_status at_wire_send(at_wire *wire, at_socket *socket,
                                   const at_letter *letter, at_error *err);

#endif
