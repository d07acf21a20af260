/* Response: what an endpoint answers a row with, and how it is written: the keys of
 * Autopilot's inference responses (predicted_label, probability, probabilities, labels),
 * as CSV, JSON or JSON lines. Immutable once made. */
#ifndef ATELIER_MAGICS_DEPLOY_RESPONSE_H
#define ATELIER_MAGICS_DEPLOY_RESPONSE_H

#include "ops/base/memory.h"
#include "ops/base/text.h"
#include "ops/learn/model.h"

#include <jansson.h>

typedef enum at_media {
    AT_MEDIA_CSV,
    AT_MEDIA_JSON,
    AT_MEDIA_JSONL,
    AT_MEDIA_NONE
} at_media;

const char *at_media_type(at_media media); /* "text/csv; charset=utf-8", ... */
/* What a Content-Type names; NULL or "": CSV; AT_MEDIA_NONE: something else. *charset_ok:
 * no charset was named, or UTF-8. *header: of RFC 4180's header=present|absent. */
at_media at_media_of_content(const char *content_type, bool *charset_ok, int *header);
/* The best of an Accept header; `fallback` where it is absent or takes anything. */
at_media at_media_of_accept(const char *accept, at_media fallback);

typedef enum at_response_key {
    AT_KEY_LABEL,         /* predicted_label: a class, or the number of a regression */
    AT_KEY_PROBABILITY,   /* of the predicted label */
    AT_KEY_PROBABILITIES, /* of every label, in the order of labels */
    AT_KEY_LABELS,
    AT_KEY_COUNT
} at_response_key;

const char *at_response_key_name(at_response_key key);
extern const char *const at_response_key_names[AT_KEY_COUNT + 1]; /* NULL-terminated */

typedef struct at_response {
    at_response_key keys[AT_KEY_COUNT];
    size_t count;
    at_problem problem;
    int classes;
    /* Ready to write, one a class, and all of them: */
    const char **csv, **json;
    const char *csv_labels, *json_labels;
} at_response;

/* keys: an array of names; NULL or empty: predicted_label alone. A key that is unknown,
 * that stands twice, or that a regression does not have: AT_INVALID. Texts go into
 * `arena`. */
AT_MUST_USE at_status at_response_init(at_response *response, const json_t *keys,
                                       at_problem problem, const char *const *labels,
                                       int classes, at_arena *arena, at_error *err);

/* Begin, the rows of all predictions, end. */
void at_response_begin(at_media media, at_text *out);
void at_response_rows(const at_response *response, at_media media,
                      const at_predictions *predictions, at_text *out);
void at_response_end(at_media media, at_text *out);

/* Appends `text` as a JSON string with its quotes. Where it is not
 * UTF-8, its bytes beyond ASCII become '?'. */
void at_response_quote(const char *text, at_text *out);

#endif
