/* HTTP server: the one adapter of libmicrohttpd, loaded at first use.
 *
 * Bounded: headers (8 KB), bodies (`body_limit`), connections, and time: a connection
 * that sends or takes nothing for `timeout` seconds is closed, and so is one whose
 * request is not done after twice that, however busily it dribbles. Connections over the
 * limit wait in the listen queue until a place is free.
 *
 * The handler runs on the server's threads, one call a request, several at a time. */
#ifndef ATELIER_MAGICS_ADAPTER_HTTP_SERVER_H
#define ATELIER_MAGICS_ADAPTER_HTTP_SERVER_H

#include "ops/base/error.h"
#include "ops/base/memory.h"
#include "ops/base/text.h"

/* A whole request. Everything is borrowed until the handler returns. */
typedef struct at_http_request {
    const char *method;
    const char *path;                         /* decoded, without the query */
    const char *host, *content_type, *accept; /* NULL: the header was not sent */
    const char *body;                         /* NUL-terminated; "" for none */
    size_t length;
    bool too_large;  /* the body was over the limit and was thrown away */
    at_arena *arena; /* of this request; released when it is answered */
} at_http_request;

enum { AT_HTTP_EXTRA_MAX = 4 };

/* What the handler fills. Texts must live as long as the request's arena, or for ever. */
typedef struct at_http_answer {
    int status;
    const char *content_type;
    struct {
        const char *name, *value;
    } extra[AT_HTTP_EXTRA_MAX]; /* more headers */
    size_t extra_count;
    at_text *body; /* the connection's own, empty: append to it */
} at_http_answer;

void at_http_answer_header(at_http_answer *answer, const char *name, const char *value);

typedef void at_http_handler(void *context, const at_http_request *request,
                             at_http_answer *answer);

typedef struct at_http_server_config {
    const char *address; /* an IPv4 or IPv6 address in digits; NULL: 127.0.0.1 */
    int port;            /* 0: any free one */
    unsigned threads, connections;
    double timeout;    /* seconds */
    size_t body_limit; /* bytes */
    at_http_handler *handler;
    void *context;
} at_http_server_config;

typedef struct at_http_server at_http_server;

/* Binds and serves. AT_BUSY when the port is taken. */
AT_MUST_USE at_status at_http_server_start(const at_http_server_config *config,
                                           at_http_server **out, at_error *err);
int at_http_server_port(const at_http_server *server);
/* Closes the connections whose time is over. Call it about once a second. */
void at_http_server_sweep(at_http_server *server);
/* Takes no more connections, lets running requests end for up to `seconds`, then closes.
 */
void at_http_server_stop(at_http_server *server, double seconds);

#endif
