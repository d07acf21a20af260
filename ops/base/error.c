#include "ops/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cuts a truncated UTF-8 sequence off the end of `text`. */
static void trim_utf8(char *text) {
    size_t n = strlen(text), i = n;
    while (i > 0 && ((unsigned char)text[i - 1] & 0xC0) == 0x80)
        i--;
    if (i == 0)
        return;
    unsigned char lead = (unsigned char)text[i - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (i - 1) < want)
        text[i - 1] = '\0';
}

static void put(char *out, size_t size, const char *format, va_list args) {
    int n = vsnprintf(out, size, format, args);
    if (n >= 0 && (size_t)n >= size)
        trim_utf8(out);
}

at_status at_fail(at_error *err, at_status code, const char *format, ...) {
    if (err) {
        at_error_clear(err);
        err->code = code;
        va_list args;
        va_start(args, format);
        put(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return code;
}

at_status at_fail_errno(at_error *err, const char *format, ...) {
    int saved = errno;
    at_status code = saved == ENOENT   ? AT_NOT_FOUND
                     : saved == ENOMEM ? AT_NO_MEMORY
                     : saved == EEXIST ? AT_EXISTS
                                       : AT_IO;
    if (err) {
        at_error_clear(err);
        err->code = code;
        char what[sizeof err->text];
        va_list args;
        va_start(args, format);
        put(what, sizeof what, format, args);
        va_end(args);
        char reason[128] = "";
        const char *said = strerror_r(saved, reason, sizeof reason);
        int n = snprintf(err->text, sizeof err->text, "%s: %s", what, said);
        if (n >= (int)sizeof err->text)
            trim_utf8(err->text);
    }
    return code;
}

at_status at_hint(at_error *err, const char *format, ...) {
    if (!err)
        return AT_INTERNAL;
    va_list args;
    va_start(args, format);
    put(err->hint, sizeof err->hint, format, args);
    va_end(args);
    return err->code;
}

at_status at_prefix(at_error *err, const char *format, ...) {
    if (!err)
        return AT_INTERNAL;
    char old[sizeof err->text], before[sizeof err->text];
    memcpy(old, err->text, sizeof old);
    va_list args;
    va_start(args, format);
    put(before, sizeof before, format, args);
    va_end(args);
    int n = snprintf(err->text, sizeof err->text, "%s: %s", before, old);
    if (n >= (int)sizeof err->text)
        trim_utf8(err->text);
    return err->code;
}

at_status at_show(at_error *err, const char *context) {
    if (!err)
        return AT_INTERNAL;
    int n = snprintf(err->context, sizeof err->context, "%s", context);
    if (n >= (int)sizeof err->context)
        trim_utf8(err->context);
    return err->code;
}

void at_error_clear(at_error *err) {
    err->code = AT_OK;
    err->text[0] = err->hint[0] = err->context[0] = '\0';
}

const char *at_status_name(at_status code) {
    switch (code) {
    case AT_OK:
        return "Ok";
    case AT_INVALID:
        return "InvalidInput";
    case AT_SYNTAX:
        return "SyntaxError";
    case AT_NOT_FOUND:
        return "NotFound";
    case AT_EXISTS:
        return "AlreadyExists";
    case AT_IO:
        return "InputOutputError";
    case AT_CORRUPT:
        return "CorruptData";
    case AT_LIMIT:
        return "LimitExceeded";
    case AT_NO_MEMORY:
        return "OutOfMemory";
    case AT_CANCELLED:
        return "Interrupted";
    case AT_UNSUPPORTED:
        return "Unsupported";
    case AT_NETWORK:
        return "NetworkError";
    case AT_BUSY:
        return "Busy";
    case AT_INTERNAL:
        return "InternalError";
    }
    return "Error";
}
