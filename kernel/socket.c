#include "kernel/socket.h"

#include "ops/base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

enum {
    LINGER_MS = 1000,
    /* Messages a subscriber may lag behind. A stream message holds at most 256 KB, so
     * that a subscriber that has stopped costs about 64 MB at most. */
    PUBLISH_MARK = 256,
    WAIT_ITEMS = 2,
};

struct at_sockets {
    void *context;
};

struct at_socket {
    void *handle;
};

void at_frames_fini(at_frames *frames) {
    for (size_t i = 0; i < frames->count; i++)
        at_free(frames->items[i].data);
    at_free(frames->items);
    *frames = (at_frames){0};
}

static at_status fail_zmq(at_error *err, const char *what) {
    int code = zmq_errno();
    return at_fail(err, code == ENOMEM ? AT_NO_MEMORY : AT_IO, "%s: %s", what,
                   zmq_strerror(code));
}

at_status at_sockets_new(at_sockets **out, at_error *err) {
    at_sockets *sockets = at_alloc_zero(sizeof *sockets);
    if (!sockets)
        return at_fail(err, AT_NO_MEMORY, "no memory for the sockets");
    sockets->context = zmq_ctx_new();
    if (!sockets->context) {
        at_free(sockets);
        return fail_zmq(err, "cannot start ZeroMQ");
    }
    zmq_ctx_set(sockets->context, ZMQ_IO_THREADS, 1);
    *out = sockets;
    return AT_OK;
}

void at_sockets_release(at_sockets *sockets) {
    if (!sockets)
        return;
    while (zmq_ctx_term(sockets->context) != 0 && zmq_errno() == EINTR)
        continue;
    at_free(sockets);
}

static bool set_int(void *handle, int option, int value) {
    return zmq_setsockopt(handle, option, &value, sizeof value) == 0;
}

static at_status set_curve(void *handle, const at_curve *curve, at_error *err) {
    if (!curve || !curve->secret_key)
        return AT_OK;
    if (!zmq_has("curve")) {
        at_fail(err, AT_UNSUPPORTED,
                "the connection file asks for encryption (CurveZMQ), which this libzmq "
                "does not have");
        return at_hint(err, "install a libzmq that is built with libsodium");
    }
    if (zmq_setsockopt(handle, ZMQ_CURVE_SECRETKEY, curve->secret_key,
                       strlen(curve->secret_key) + 1) != 0 ||
        zmq_setsockopt(handle, ZMQ_CURVE_PUBLICKEY, curve->public_key,
                       strlen(curve->public_key) + 1) != 0 ||
        !set_int(handle, ZMQ_CURVE_SERVER, 1))
        return at_fail(err, AT_INVALID,
                       "the keys curve_publickey and curve_secretkey of the connection "
                       "file are not valid Z85 keys");
    return AT_OK;
}

at_status at_socket_new(at_sockets *sockets, at_socket_kind kind, const at_curve *curve,
                        at_socket **out, at_error *err) {
    at_socket *sock = at_alloc_zero(sizeof *sock);
    if (!sock)
        return at_fail(err, AT_NO_MEMORY, "no memory for a socket");
    sock->handle = zmq_socket(sockets->context, kind == AT_XPUB ? ZMQ_XPUB : ZMQ_ROUTER);
    if (!sock->handle) {
        at_free(sock);
        return fail_zmq(err, "cannot make a socket");
    }
    int64_t limit = (int64_t)AT_FRAME_LIMIT;
    bool ok = set_int(sock->handle, ZMQ_LINGER, LINGER_MS) &&
              zmq_setsockopt(sock->handle, ZMQ_MAXMSGSIZE, &limit, sizeof limit) == 0;
    if (kind == AT_XPUB)
        ok = ok && set_int(sock->handle, ZMQ_XPUB_VERBOSE, 1) &&
             set_int(sock->handle, ZMQ_XPUB_NODROP, 1) &&
             set_int(sock->handle, ZMQ_SNDHWM, PUBLISH_MARK);
    else /* Replies are few and must not be dropped while a client is slow. */
        ok = ok && set_int(sock->handle, ZMQ_ROUTER_HANDOVER, 1) &&
             set_int(sock->handle, ZMQ_SNDHWM, 0);
    at_status status = ok ? set_curve(sock->handle, curve, err)
                          : fail_zmq(err, "cannot configure a socket");
    if (status != AT_OK) {
        at_socket_release(sock);
        return status;
    }
    *out = sock;
    return AT_OK;
}

at_status at_socket_bind(at_socket *sock, const char *endpoint, at_error *err) {
    if (zmq_bind(sock->handle, endpoint) == 0)
        return AT_OK;
    int code = zmq_errno();
    at_fail(err, code == EADDRINUSE ? AT_BUSY : AT_IO, "cannot listen on %s: %s",
            endpoint, zmq_strerror(code));
    if (code == EADDRINUSE)
        at_hint(err, "another process has the port; start the kernel again");
    return err ? err->code : AT_IO;
}

void at_socket_release(at_socket *sock) {
    if (!sock)
        return;
    zmq_close(sock->handle);
    at_free(sock);
}

static at_status keep_frame(at_frames *out, zmq_msg_t *part, size_t *total) {
    size_t size = zmq_msg_size(part);
    *total += size;
    if (out->count >= AT_FRAMES_LIMIT || *total > AT_MESSAGE_LIMIT)
        return AT_LIMIT;
    at_bytes *grown =
        at_grow(out->items, &out->capacity, out->count + 1, sizeof *out->items);
    if (!grown)
        return AT_NO_MEMORY;
    out->items = grown;
    char *copy = at_copy_bytes(zmq_msg_data(part), size);
    if (!copy)
        return AT_NO_MEMORY;
    out->items[out->count++] = (at_bytes){copy, size};
    return AT_OK;
}

at_status at_socket_receive(at_socket *sock, at_frames *out, at_error *err) {
    at_status status = AT_OK;
    size_t total = 0;
    *out = (at_frames){0};
    for (bool more = true; more;) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        int rc;
        do
            rc = zmq_msg_recv(&part, sock->handle, ZMQ_DONTWAIT);
        while (rc < 0 && zmq_errno() == EINTR);
        if (rc < 0) {
            zmq_msg_close(&part);
            at_frames_fini(out);
            if (zmq_errno() == EAGAIN)
                return AT_BUSY;
            return fail_zmq(err, "cannot receive");
        }
        /* Past a limit the rest is still read, so that the next message starts clean. */
        if (status == AT_OK)
            status = keep_frame(out, &part, &total);
        more = zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
    if (status == AT_OK)
        return AT_OK;
    at_frames_fini(out);
    if (status == AT_LIMIT)
        return at_fail(err, AT_LIMIT, "a message of more than %zu frames or %zu bytes",
                       AT_FRAMES_LIMIT, AT_MESSAGE_LIMIT);
    return at_fail(err, status, "no memory for a message of %zu bytes", total);
}

at_status at_socket_send(at_socket *sock, const at_bytes *frames, size_t count,
                         at_error *err) {
    for (size_t i = 0; i < count; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0);
        int rc;
        do
            rc = zmq_send(sock->handle, frames[i].data ? frames[i].data : "",
                          frames[i].size, flags);
        while (rc < 0 && zmq_errno() == EINTR);
        if (rc < 0 && zmq_errno() == EAGAIN && i == 0)
            return AT_BUSY;
        if (rc < 0)
            return fail_zmq(err, "cannot send");
    }
    return AT_OK;
}

void at_socket_set_lossy(at_socket *sock, bool lossy) {
    set_int(sock->handle, ZMQ_XPUB_NODROP, lossy ? 0 : 1);
}

void at_socket_wait(at_socket *sock, bool input, int fd, double seconds) {
    zmq_pollitem_t items[WAIT_ITEMS] = {{NULL, fd, ZMQ_POLLIN, 0},
                                        {sock->handle, 0, ZMQ_POLLIN, 0}};
    long timeout = seconds < 0 ? -1 : (long)(seconds * 1e3 + 0.999);
    zmq_poll(items, input ? WAIT_ITEMS : 1, timeout);
}

void at_socket_version(char *out, size_t size) {
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    snprintf(out, size, "%d.%d.%d, %s CURVE", major, minor, patch,
             zmq_has("curve") ? "with" : "without");
}
