/* JSON: small helpers over jansson for the kernel's messages. */
#ifndef ATELIER_KERNEL_JSON_H
#define ATELIER_KERNEL_JSON_H

#include "ops/base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Appends `bytes` as a JSON string with its quotes. What is not valid UTF-8 becomes
 * U+FFFD, one for each byte, so that any program's output can travel. */
void at_json_put_string(at_text *out, const char *bytes, size_t length);
/* How many bytes at the end begin a UTF-8 sequence that is not complete: 0 to 3. */
size_t at_utf8_unfinished(const char *bytes, size_t length);

/* Appends the value as compact JSON. */
void at_json_dump(at_text *out, const json_t *value);

/* Fields of a content, with what stands for an absent or ill-typed one. */
bool at_json_bool(const json_t *object, const char *key, bool fallback);
int64_t at_json_int(const json_t *object, const char *key, int64_t fallback);
/* Borrowed; *length (may be NULL) counts bytes. */
const char *at_json_text(const json_t *object, const char *key, const char *fallback,
                         size_t *length);

#endif
