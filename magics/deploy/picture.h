/* Pictures at an endpoint: what a model of images takes over HTTP and what it answers, as
 * SageMaker's image classification does: one JPEG or PNG a request (image/jpeg,
 * image/png, application/x-image), back a JSON array of probabilities, one a class, or
 * with Accept: application/jsonlines {"prediction": [...]}. */
#ifndef ATELIER_MAGICS_DEPLOY_PICTURE_H
#define ATELIER_MAGICS_DEPLOY_PICTURE_H

#include "magics/adapter/http_server.h"
#include "magics/deploy/endpoint.h"
#include "magics/language/context.h"

/* 0: answered; else the status of the failure in *err. */
int at_picture_answer(const at_endpoint *endpoint, const at_http_request *request,
                      at_http_answer *answer, at_error *err);

/* In a cell: the probabilities `answer` (a JSON array) of the classes of endpoint
 * `entry`'s model, the most probable first, beside the picture. AT_INVALID where it is no
 * such answer. */
AT_MUST_USE at_status at_picture_show_answer(at_context *context, const at_entry *entry,
                                             const void *bytes, size_t size,
                                             const char *answer, size_t length,
                                             at_error *err);
/* The bytes of row `row` (from 1) of an image dataset, in the arena. */
AT_MUST_USE at_status at_picture_of_row(at_context *context, const char *dataset,
                                        int64_t row, const char **bytes, size_t *length,
                                        at_error *err);

#endif
