/* Endpoint: a model under a name, ready to answer; and the set of those that a server
 * has. An endpoint is refcounted and immutable, so that a reload swaps it under running
 * requests. */
#ifndef ATELIER_MAGICS_DEPLOY_ENDPOINT_H
#define ATELIER_MAGICS_DEPLOY_ENDPOINT_H

#include "magics/deploy/intake.h"
#include "magics/deploy/payload.h"
#include "magics/deploy/response.h"
#include "ops/learn/model.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct at_endpoint {
    atomic_int references;
    const char *id, *name;
    at_model *model;
    at_intake intake;
    at_response response;
    at_arena arena;
} at_endpoint;

/* Retains the model. `card` as in store.h: {"response": [...], "missing": [...]?}. */
AT_MUST_USE at_status at_endpoint_new(const char *id, const char *name,
                                      const at_model *model, const json_t *card,
                                      at_endpoint **out, at_error *err);
at_endpoint *at_endpoint_retain(at_endpoint *endpoint);
void at_endpoint_release(at_endpoint *endpoint); /* NULL is fine */

/* Answers a payload of its intake: appends to *out. *fault: the failure is the server's
 * and not the payload's. */
AT_MUST_USE at_status at_endpoint_answer(const at_endpoint *endpoint, at_payload *payload,
                                         at_media media, at_text *out, bool *fault,
                                         at_error *err);

/* What a server serves; swapped whole. */
typedef struct at_endpoints {
    pthread_mutex_t lock;
    at_endpoint **items;
    size_t count;
} at_endpoints;

void at_endpoints_init(at_endpoints *set);
void at_endpoints_fini(at_endpoints *set);
/* The endpoint of this name (ASCII case-insensitive), retained; NULL: none. */
at_endpoint *at_endpoints_get(at_endpoints *set, const char *name);
/* The only endpoint, retained; NULL where there are none or several. */
at_endpoint *at_endpoints_only(at_endpoints *set);
/* "a, b, c", for errors. Appends. */
void at_endpoints_names(at_endpoints *set, at_text *out);
/* Takes the array (at_alloc) and a reference to each item; releases the old ones. */
void at_endpoints_take(at_endpoints *set, at_endpoint **items, size_t count);

#endif
