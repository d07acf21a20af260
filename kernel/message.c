#include "kernel/message.h"

#include "ops/base/memory.h"

#include <assert.h>

at_origin *at_origin_retain(at_origin *origin) {
    if (origin)
        atomic_fetch_add_explicit(&origin->references, 1, memory_order_relaxed);
    return origin;
}

void at_origin_release(at_origin *origin) {
    if (!origin ||
        atomic_fetch_sub_explicit(&origin->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < origin->identity_count; i++)
        at_free(origin->identities[i].data);
    at_free(origin->identities);
    at_free(origin->header.data);
    at_free(origin);
}

void at_message_release(at_message *message) {
    if (!message)
        return;
    json_decref(message->header);
    at_frames_fini(&message->frames);
    at_free(message);
}

size_t at_message_size(const at_message *message) {
    size_t size = 0;
    for (size_t i = 0; i < message->frames.count; i++)
        size += message->frames.items[i].size;
    return size;
}

static bool copy_frame(at_bytes *to, const at_bytes *from) {
    to->data = at_copy_bytes(from->data, from->size);
    to->size = from->size;
    return to->data != NULL;
}

at_origin *at_message_origin(const at_message *message) {
    at_origin *origin = at_alloc_zero(sizeof *origin);
    if (!origin)
        return NULL;
    atomic_init(&origin->references, 1);
    origin->identities = at_alloc_array(message->identities, sizeof *origin->identities);
    bool ok = origin->identities &&
              copy_frame(&origin->header, &message->parts[AT_PART_HEADER]);
    for (size_t i = 0; ok && i < message->identities; i++) {
        ok = copy_frame(&origin->identities[i], &message->frames.items[i]);
        origin->identity_count = i + 1;
    }
    if (ok)
        return origin;
    at_origin_release(origin);
    return NULL;
}

at_status at_message_content(const at_message *message, json_t **out, at_error *err) {
    const at_bytes *content = &message->parts[AT_PART_CONTENT];
    json_error_t where;
    *out = json_loadb(content->data, content->size, JSON_ALLOW_NUL, &where);
    if (!*out)
        return at_fail(err, AT_CORRUPT, "the content of the %s is not JSON: %s",
                       message->type, where.text);
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return at_fail(err, AT_CORRUPT, "the content of the %s is not a JSON object",
                       message->type);
    }
    return AT_OK;
}
