/* Socket: the one adapter of libzmq. A socket belongs to the thread that uses it; it may
 * be handed over once, at a thread's start. Frames are plain byte strings. */
#ifndef ATELIER_KERNEL_SOCKET_H
#define ATELIER_KERNEL_SOCKET_H

#include "ops/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Most that one message that comes in may have: bytes of a frame, bytes and frames in
 * all. */
#define AT_FRAME_LIMIT   ((size_t)128 << 20)
#define AT_MESSAGE_LIMIT ((size_t)256 << 20)
#define AT_FRAMES_LIMIT  ((size_t)1024)

typedef struct at_bytes {
    char *data; /* NUL-terminated for convenience; the NUL is not counted */
    size_t size;
} at_bytes;

typedef struct at_frames {
    at_bytes *items;
    size_t count, capacity;
} at_frames; /* zero-initialise; owns its items */

void at_frames_fini(at_frames *frames);

/* Z85 keys of CurveZMQ, 40 characters each; both NULL: no encryption. */
typedef struct at_curve {
    const char *public_key, *secret_key;
} at_curve;

typedef struct at_sockets at_sockets; /* what sockets share: one I/O thread */
typedef struct at_socket at_socket;

typedef enum at_socket_kind { AT_ROUTER, AT_XPUB } at_socket_kind;

AT_MUST_USE at_status at_sockets_new(at_sockets **out, at_error *err);
void at_sockets_release(at_sockets *sockets); /* waits up to 1 s for what is unsent */

AT_MUST_USE at_status at_socket_new(at_sockets *sockets, at_socket_kind kind,
                                    const at_curve *curve, at_socket **out,
                                    at_error *err);
AT_MUST_USE at_status at_socket_bind(at_socket *socket, const char *endpoint,
                                     at_error *err);
void at_socket_release(at_socket *socket);

/* One whole message, without waiting. AT_BUSY: none is there. AT_LIMIT: one was there
 * that passes the limits above; it is gone. */
AT_MUST_USE at_status at_socket_receive(at_socket *socket, at_frames *out, at_error *err);
/* Sends copies of the frames as one message, without waiting. AT_BUSY: a subscriber is
 * full (XPUB that is not lossy), nothing was sent. */
AT_MUST_USE at_status at_socket_send(at_socket *socket, const at_bytes *frames,
                                     size_t count, at_error *err);
/* XPUB: whether a subscriber that is full loses messages (true) or holds up the send. */
void at_socket_set_lossy(at_socket *socket, bool lossy);

/* Waits for a message (when `input`), for `fd` to become readable, or for `seconds`
 * (below 0: for ever). */
void at_socket_wait(at_socket *socket, bool input, int fd, double seconds);

/* "4.3.4, with CURVE": for `atelier doctor`. */
void at_socket_version(char *out, size_t size);

#endif
