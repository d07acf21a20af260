/* Iopub: publishes what a kernel does and prints. One thread, sole owner of the socket;
 * others post to a queue of at most 64 MB and wait there when it is full.
 *
 * Lossless while subscribers read. When one takes nothing for 5 s, messages to
 * subscribers that are full are dropped, and the others go on at a pace they can follow.
 * Streams of one cell that follow each other are joined. Under a Jupyter server
 * (JPY_SESSION_NAME) its limits of 1,000,000 bytes and 1000 messages a second are kept
 * to; $ATELIER_IOPUB_RATE (bytes a second, 0: no limit) says otherwise. */
#ifndef ATELIER_KERNEL_IOPUB_H
#define ATELIER_KERNEL_IOPUB_H

#include "kernel/display.h"
#include "kernel/message.h"
#include "kernel/wire.h"

typedef struct at_iopub at_iopub;

/* Takes the socket. */
AT_MUST_USE at_status at_iopub_new(at_wire *wire, at_socket *socket, at_iopub **out,
                                   at_error *err);
/* Sends what is queued (at most a second) and releases. */
void at_iopub_release(at_iopub *iopub);

/* Any thread. Origins are retained, contents borrowed. `type` is static. */
void at_iopub_post(at_iopub *iopub, const char *type, at_origin *origin,
                   const json_t *content);
/* The same, never waiting for room: for what a full queue must not hold up. */
void at_iopub_post_now(at_iopub *iopub, const char *type, at_origin *origin,
                       const json_t *content);
void at_iopub_stream(at_iopub *iopub, at_origin *origin, at_stream stream,
                     const char *text, size_t length);
/* {"execution_state": state}. Never waits for room. */
void at_iopub_status(at_iopub *iopub, at_origin *origin, const char *state);
/* What is queued goes out now rather than being joined with what may come. */
void at_iopub_hurry(at_iopub *iopub);

#endif
