/* Route: a request in, an answer out: DESIGN 3 above the sockets.
 *
 * - GET /ping
 * - POST /endpoints/NAME/invocations, as boto3's sagemaker-runtime asks; failures of the
 *   payload are 424 ModelError with OriginalStatusCode
 * - POST /invocations, the only endpoint, with plain statuses */
#ifndef ATELIER_MAGICS_DEPLOY_ROUTE_H
#define ATELIER_MAGICS_DEPLOY_ROUTE_H

#include "magics/adapter/http_server.h"
#include "magics/deploy/endpoint.h"

#include <stdatomic.h>

enum { AT_BODY_LIMIT = 6291456 }; /* bytes; as SageMaker's */

typedef struct at_route {
    at_endpoints *endpoints;
    atomic_int port; /* that a Host header must name; known once the server listens */
    /* Further hosts that may be named, NULL-terminated: "host", "host:port", or "*". A
     * web page can reach loopback; its Host header gives it away. May be NULL. */
    const char *const *hosts;
} at_route;

/* An at_http_handler; context is an at_route. */
void at_route_handle(void *context, const at_http_request *request,
                     at_http_answer *answer);

#endif
