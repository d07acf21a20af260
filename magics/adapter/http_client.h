/* HTTP client: the one adapter of libcurl, loaded at first use.
 *
 * Follows at most 10 redirects, only to http and https; gives up on a connection that
 * does not open within 20 s and on one that brings nothing for `stall` seconds. A raised
 * cancel is seen within 50 ms. */
#ifndef ATELIER_MAGICS_ADAPTER_HTTP_CLIENT_H
#define ATELIER_MAGICS_ADAPTER_HTTP_CLIENT_H

#include "ops/base/cancel.h"
#include "ops/base/error.h"
#include "ops/base/text.h"

#include <stdint.h>

typedef struct at_http_call {
    const char *url;            /* http or https */
    const char *method;         /* NULL: GET, or POST where there is a body */
    const char *const *headers; /* "Name: value" lines ending with NULL; may be NULL */
    const char *body;           /* NULL: none */
    size_t length;
    int64_t from;            /* > 0: ask for the bytes from here on (Range) */
    bool direct;             /* pass by any proxy: for our own server */
    double stall;            /* seconds without a byte; 0 = 30 */
    double deadline;         /* seconds in all; 0 = none */
    const at_cancel *cancel; /* may be NULL */
    /* The answer has begun; may be NULL. `total`: bytes of the whole thing, -1 if
     * unknown; `from`: where these bytes begin, 0 when the server sends all of it anyway.
     * A status that is not AT_OK ends the call with it. */
    at_status (*begin)(void *context, int status, int64_t from, int64_t total,
                       at_error *err);
    /* Bytes of the answer's body. */
    at_status (*write)(void *context, const char *bytes, size_t length, at_error *err);
    void *context;
} at_http_call;

typedef struct at_http_reply {
    int status;             /* 200, 404, ... */
    char content_type[128]; /* "" if none */
    char tag[256];          /* the ETag, or else Last-Modified, as sent; "" if none */
} at_http_reply;

/* Any status of HTTP is AT_OK; AT_NETWORK is a connection that failed or broke. */
AT_MUST_USE at_status at_http_perform(const at_http_call *call, at_http_reply *reply,
                                      at_error *err);

#endif
