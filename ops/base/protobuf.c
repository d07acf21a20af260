#include "ops/base/protobuf.h"

#include <string.h>

enum { VARINT = 0, BYTES = 2, FIXED32 = 5 }; /* wire types */

static void varint(at_text *message, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        at_text_char(message, (char)(value | 0x80));
    at_text_char(message, (char)value);
}

static size_t varint_size(uint64_t value) {
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

static uint64_t tag(int field, int type) {
    return (uint64_t)field << 3 | (uint64_t)type;
}

void at_protobuf_int(at_text *message, int field, int64_t value) {
    varint(message, tag(field, VARINT));
    varint(message, (uint64_t)value);
}

void at_protobuf_float(at_text *message, int field, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    varint(message, tag(field, FIXED32));
    for (int i = 0; i < 4; i++)
        at_text_char(message, (char)(bits >> (8 * i)));
}

void at_protobuf_bytes(at_text *message, int field, const void *bytes, size_t length) {
    at_protobuf_head(message, field, length);
    at_text_append(message, bytes, length);
}

void at_protobuf_text(at_text *message, int field, const char *text) {
    at_protobuf_bytes(message, field, text, strlen(text));
}

void at_protobuf_message(at_text *message, int field, const at_text *part) {
    message->failed |= part->failed;
    at_protobuf_bytes(message, field, at_text_get(part), part->length);
}

void at_protobuf_head(at_text *message, int field, uint64_t length) {
    varint(message, tag(field, BYTES));
    varint(message, length);
}

size_t at_protobuf_head_size(int field, uint64_t length) {
    return varint_size(tag(field, BYTES)) + varint_size(length);
}
