#include "magics/adapter/http_server.h"
#include "ops/base/clock.h"
#include "ops/base/library.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* Bytes of request line and headers. The library wipes as much after each request, of
     * each connection: four times of it made every request a quarter slower. */
    HEADER_LIMIT = 8 * 1024,
    ARENA_ROOM = 16 *
        1024, /* of the stack, for what a request needs; more is allocated */
    KEEP_LIMIT = 64 * 1024, /* larger buffers are given back after a request */
    DISCARD_FACTOR = 8,     /* bodies up to so many times the limit are read to their end,
                               since most clients read no answer before they have sent all */
    BACKLOG = 256,
};

/* The table of the library. Written once, before the first server starts. */
static struct {
    __typeof__(MHD_start_daemon) *start_daemon;
    __typeof__(MHD_stop_daemon) *stop_daemon;
    __typeof__(MHD_quiesce_daemon) *quiesce_daemon;
    __typeof__(MHD_get_connection_info) *get_connection_info;
    __typeof__(MHD_lookup_connection_value) *lookup_connection_value;
    __typeof__(MHD_create_response_from_buffer) *create_response_from_buffer;
    __typeof__(MHD_add_response_header) *add_response_header;
    __typeof__(MHD_queue_response) *queue_response;
    __typeof__(MHD_destroy_response) *destroy_response;
} mhd;
static at_status load_status;
static at_error load_error;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

#define SYMBOL(field) {"MHD_" #field, (void **)&mhd.field}

static void load(void) {
    static const char *const names[] = {"libmicrohttpd.so.12", "libmicrohttpd.so", NULL};
    const at_symbol symbols[] = {
        SYMBOL(start_daemon),
        SYMBOL(stop_daemon),
        SYMBOL(quiesce_daemon),
        SYMBOL(get_connection_info),
        SYMBOL(lookup_connection_value),
        SYMBOL(create_response_from_buffer),
        SYMBOL(add_response_header),
        SYMBOL(queue_response),
        SYMBOL(destroy_response),
    };
    load_status = at_library_load(names, "libmicrohttpd12", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
}

/* One client. Its buffers serve one request after another. */
typedef struct connection {
    struct connection *next, *previous;
    int fd;
    _Atomic(double) since; /* the request began, or the last one ended */
    atomic_bool busy;
    bool too_large;
    size_t discarded; /* bytes of a body that is too large */
    at_text body;     /* of the request */
    at_text answer;   /* of the reply; read by the library until it is sent */
} connection;

struct at_http_server {
    at_http_server_config config;
    struct MHD_Daemon *daemon;
    int port;
    pthread_mutex_t lock; /* guards the list; a socket in it is open */
    connection *first;
};

void at_http_answer_header(at_http_answer *answer, const char *name, const char *value) {
    if (answer->extra_count == AT_HTTP_EXTRA_MAX)
        return;
    answer->extra[answer->extra_count].name = name;
    answer->extra[answer->extra_count++].value = value;
}

static connection *connection_of(struct MHD_Connection *handle) {
    const union MHD_ConnectionInfo *info =
        mhd.get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void connection_open(at_http_server *server, struct MHD_Connection *handle,
                            void **place) {
    connection *c = at_alloc_zero(sizeof *c);
    *place = c;
    if (!c)
        return; /* its requests are refused */
    const union MHD_ConnectionInfo *info =
        mhd.get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
    c->fd = info ? info->connect_fd : -1;
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    atomic_store(&c->since, at_now());
    pthread_mutex_lock(&server->lock);
    c->next = server->first;
    if (c->next)
        c->next->previous = c;
    server->first = c;
    pthread_mutex_unlock(&server->lock);
}

static void connection_close(at_http_server *server, connection *c) {
    if (!c)
        return;
    pthread_mutex_lock(&server->lock);
    if (c->previous)
        c->previous->next = c->next;
    else
        server->first = c->next;
    if (c->next)
        c->next->previous = c->previous;
    pthread_mutex_unlock(&server->lock);
    at_text_fini(&c->body);
    at_text_fini(&c->answer);
    at_free(c);
}

/* The library calls this before it closes the socket. */
static void on_connection(void *context, struct MHD_Connection *handle, void **place,
                          enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        connection_open(context, handle, place);
    else
        connection_close(context, *place);
}

static void renew(at_text *text) {
    if (text->capacity > KEEP_LIMIT || text->failed)
        at_text_fini(text);
    else
        at_text_clear(text);
}

static void on_completed(void *context, struct MHD_Connection *handle, void **place,
                         enum MHD_RequestTerminationCode code) {
    (void)context;
    (void)handle;
    (void)code;
    connection *c = *place;
    if (!c)
        return;
    renew(&c->body);
    renew(&c->answer);
    c->too_large = false;
    c->discarded = 0;
    atomic_store(&c->since, at_now());
    atomic_store(&c->busy, false);
}

static enum MHD_Result send_answer(struct MHD_Connection *handle, connection *c,
                                   const at_http_answer *answer) {
    static char no_memory[] =
        "{\"error\":{\"message\":\"the server is out of memory\"}}\n";
    bool ok = at_text_ok(&c->answer);
    struct MHD_Response *response = mhd.create_response_from_buffer(
        ok ? c->answer.length : sizeof no_memory - 1,
        ok ? (c->answer.data ? c->answer.data : (char *)no_memory) : (char *)no_memory,
        MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    mhd.add_response_header(response, "Content-Type",
                            ok ? answer->content_type : "application/json");
    for (size_t i = 0; ok && i < answer->extra_count; i++)
        mhd.add_response_header(response, answer->extra[i].name, answer->extra[i].value);
    enum MHD_Result queued =
        mhd.queue_response(handle, ok ? (unsigned)answer->status : 500, response);
    mhd.destroy_response(response);
    return queued;
}

static enum MHD_Result answer_request(at_http_server *server,
                                      struct MHD_Connection *handle, connection *c,
                                      const char *path, const char *method) {
    _Alignas(
        16) char room[ARENA_ROOM]; /* one for all connections: it stays in the cache */
    at_arena arena = at_arena_over(room, sizeof room);
    at_http_request request = {
        .method = method,
        .path = path,
        .host = mhd.lookup_connection_value(handle, MHD_HEADER_KIND, "Host"),
        .content_type =
            mhd.lookup_connection_value(handle, MHD_HEADER_KIND, "Content-Type"),
        .accept = mhd.lookup_connection_value(handle, MHD_HEADER_KIND, "Accept"),
        .body = at_text_get(&c->body),
        .length = c->body.length,
        .too_large = c->too_large,
        .arena = &arena,
    };
    at_http_answer answer = {
        .status = 500, .content_type = "application/json", .body = &c->answer};
    if (c->body.failed)
        c->answer.failed = true;
    else
        server->config.handler(server->config.context, &request, &answer);
    enum MHD_Result queued = send_answer(handle, c, &answer);
    at_arena_fini(&arena);
    return queued;
}

/* The declared length of the body, or 0. */
static size_t declared_length(struct MHD_Connection *handle) {
    const char *text =
        mhd.lookup_connection_value(handle, MHD_HEADER_KIND, "Content-Length");
    int64_t length = 0;
    if (!text || !at_parse_int(text, &length) || length < 0)
        return 0;
    return (size_t)length;
}

static enum MHD_Result begin_request(at_http_server *server,
                                     struct MHD_Connection *handle, connection *c,
                                     const char *path, const char *method) {
    atomic_store(&c->since, at_now());
    atomic_store(&c->busy, true);
    size_t limit = server->config.body_limit, length = declared_length(handle);
    c->too_large = length > limit;
    if (c->too_large && (length > limit * DISCARD_FACTOR ||
                         mhd.lookup_connection_value(handle, MHD_HEADER_KIND, "Expect")))
        return answer_request(server, handle, c, path, method);
    return MHD_YES;
}

static enum MHD_Result take_body(at_http_server *server, connection *c, const char *bytes,
                                 size_t length) {
    size_t limit = server->config.body_limit;
    if (!c->too_large && c->body.length + length <= limit) {
        at_text_append(&c->body, bytes, length);
        return MHD_YES;
    }
    if (!c->too_large) /* chunked: only now is it known */
        at_text_fini(&c->body);
    c->too_large = true;
    c->discarded += length;
    return c->discarded <= limit * DISCARD_FACTOR ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *handle,
                                  const char *path, const char *method,
                                  const char *version, const char *bytes, size_t *length,
                                  void **place) {
    (void)version;
    at_http_server *server = context;
    connection *c = connection_of(handle);
    if (!c)
        return MHD_NO;
    if (!*place) { /* the headers are here, the body is not */
        *place = c;
        return begin_request(server, handle, c, path, method);
    }
    if (*length) {
        enum MHD_Result taken = take_body(server, c, bytes, *length);
        *length = 0;
        return taken;
    }
    return answer_request(server, handle, c, path, method);
}

/* A listening socket on the configured address. The port that was got in *port. */
static at_status listen_on(const at_http_server_config *config, int *out, int *port,
                           at_error *err) {
    const char *address = config->address ? config->address : "127.0.0.1";
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {0};
    socklen_t size;
    if (inet_pton(AF_INET, address, &at.v4.sin_addr) == 1) {
        at.v4.sin_family = AF_INET;
        at.v4.sin_port = htons((uint16_t)config->port);
        size = sizeof at.v4;
    } else if (inet_pton(AF_INET6, address, &at.v6.sin6_addr) == 1) {
        at.v6.sin6_family = AF_INET6;
        at.v6.sin6_port = htons((uint16_t)config->port);
        size = sizeof at.v6;
    } else {
        at_fail(err, AT_INVALID, "'%s' is not an IP address to listen on", address);
        return at_hint(err, "write it in digits, as 127.0.0.1 or 0.0.0.0");
    }
    int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return at_fail_errno(err, "cannot open a socket");
    int on = 1; /* a restart gets its port although old connections linger */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &at.any, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, &at.any, &size) != 0) {
        at_status status = AT_BUSY;
        if (errno == EADDRINUSE)
            at_fail(err, AT_BUSY, "port %d of %s is in use", config->port, address);
        else
            status =
                at_fail_errno(err, "cannot listen on %s port %d", address, config->port);
        close(fd);
        return status;
    }
    *port = ntohs(at.any.sa_family == AF_INET ? at.v4.sin_port : at.v6.sin6_port);
    *out = fd;
    return AT_OK;
}

at_status at_http_server_start(const at_http_server_config *config, at_http_server **out,
                               at_error *err) {
    pthread_once(&load_once, load);
    if (load_status) {
        if (err)
            *err = load_error;
        return load_status;
    }
    at_http_server *server = at_alloc_zero(sizeof *server);
    if (!server)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the HTTP server");
    server->config = *config;
    pthread_mutex_init(&server->lock, NULL);
    int fd = -1;
    at_status status = listen_on(config, &fd, &server->port, err);
    if (!status) {
        server->daemon = mhd.start_daemon(
            MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_USE_ITC, 0, NULL, NULL,
            on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
            MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
            MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
            MHD_OPTION_CONNECTION_LIMIT, config->connections,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_LIMIT,
            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(config->timeout + 0.999),
            MHD_OPTION_THREAD_POOL_SIZE, config->threads > 1 ? config->threads : 0u,
            MHD_OPTION_END);
        if (!server->daemon) {
            status = at_fail(err, AT_IO, "the HTTP server does not start");
            close(fd);
        }
    }
    if (status) {
        pthread_mutex_destroy(&server->lock);
        at_free(server);
        return status;
    }
    *out = server;
    return AT_OK;
}

int at_http_server_port(const at_http_server *server) {
    return server->port;
}

void at_http_server_sweep(at_http_server *server) {
    double oldest = at_now() - 2 * server->config.timeout;
    pthread_mutex_lock(&server->lock);
    for (connection *c = server->first; c; c = c->next)
        if (atomic_load(&c->since) < oldest)
            shutdown(c->fd, SHUT_RDWR); /* the library sees the end and closes it */
    pthread_mutex_unlock(&server->lock);
}

static bool any_busy(at_http_server *server) {
    bool busy = false;
    pthread_mutex_lock(&server->lock);
    for (connection *c = server->first; c && !busy; c = c->next)
        busy = atomic_load(&c->busy);
    pthread_mutex_unlock(&server->lock);
    return busy;
}

void at_http_server_stop(at_http_server *server, double seconds) {
    if (!server)
        return;
    int fd = mhd.quiesce_daemon(server->daemon);
    for (double end = at_now() + seconds; at_now() < end && any_busy(server);)
        at_sleep(0.005);
    mhd.stop_daemon(server->daemon);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    pthread_mutex_destroy(&server->lock);
    at_free(server);
}
