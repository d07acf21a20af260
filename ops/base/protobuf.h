/* Protocol buffers, writing (protobuf.dev, "Encoding"): as much as a file format made of
 * them asks for. A message is a text that fields are appended to; a message within one is
 * built first and then put in as bytes. Failed allocations stick to the text. */
#ifndef ATELIER_OPS_BASE_PROTOBUF_H
#define ATELIER_OPS_BASE_PROTOBUF_H

#include "ops/base/text.h"

void at_protobuf_int(at_text *message, int field, int64_t value); /* int32, int64, enum */
void at_protobuf_float(at_text *message, int field, float value);
void at_protobuf_bytes(at_text *message, int field, const void *bytes, size_t length);
void at_protobuf_text(at_text *message, int field, const char *text);
/* Another message as a field of this one. */
void at_protobuf_message(at_text *message, int field, const at_text *part);
/* The head of a field of `length` bytes that are written elsewhere; and its size. */
void at_protobuf_head(at_text *message, int field, uint64_t length);
size_t at_protobuf_head_size(int field, uint64_t length);

#endif
