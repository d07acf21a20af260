#include "magics/view/base64.h"

void at_base64_put(at_text *out, const void *data, size_t length) {
    const unsigned char *bytes = data;
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        uint32_t word = (uint32_t)bytes[i] << 16;
        if (i + 1 < length)
            word |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < length)
            word |= (uint32_t)bytes[i + 2];
        at_text_char(out, digits[word >> 18 & 63]);
        at_text_char(out, digits[word >> 12 & 63]);
        at_text_char(out, i + 1 < length ? digits[word >> 6 & 63] : '=');
        at_text_char(out, i + 2 < length ? digits[word & 63] : '=');
    }
}
