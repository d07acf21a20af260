/* Base64 (RFC 4648), for data URIs. */
#ifndef ATELIER_MAGICS_VIEW_BASE64_H
#define ATELIER_MAGICS_VIEW_BASE64_H

#include "ops/base/text.h"

void at_base64_put(at_text *out, const void *bytes, size_t length);

#endif
