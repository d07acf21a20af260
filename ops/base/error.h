/* Status and error: how every fallible function of Atelier answers.
 *
 * A fallible function returns an at_status (0 = AT_OK) and, when it fails, fills an
 * at_error that its caller owns. An unused status warns. Asserts are for our own bugs,
 * never for a user's input; nothing in a library exits.
 *
 *     at_status at_thing_open(const char *path, at_thing **out, at_error *err);
 *
 * `err` may be NULL where the caller needs only the status. */
#ifndef ATELIER_OPS_BASE_ERROR_H
#define ATELIER_OPS_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

typedef enum at_status {
    AT_OK = 0,
    AT_INVALID,     /* the caller's (user's) input is wrong */
    AT_SYNTAX,      /* text that does not parse; context shows line and caret */
    AT_NOT_FOUND,   /* a name, file or column that does not exist */
    AT_EXISTS,      /* something is in the way */
    AT_IO,          /* the operating system said no */
    AT_CORRUPT,     /* a file or message that breaks its format */
    AT_LIMIT,       /* a stated maximum was passed */
    AT_NO_MEMORY,   /* allocation failed */
    AT_CANCELLED,   /* interrupted by the user */
    AT_UNSUPPORTED, /* valid, but not available here */
    AT_NETWORK,     /* a remote host failed or refused */
    AT_BUSY,        /* held by another process */
    AT_INTERNAL     /* our bug */
} at_status;

#define AT_MUST_USE     __attribute__((warn_unused_result))
#define AT_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* A value type: no cleanup. Text longer than a field is cut at a UTF-8 boundary. */
typedef struct at_error {
    at_status code;
    char text[1024];    /* one sentence: what was wrong, where */
    char hint[512];     /* what to do about it; may be empty */
    char context[1024]; /* the lines it is about, with a caret; may be empty */
} at_error;

/* Fills *err (when not NULL) and returns `code`, so that callers write
 * `return at_fail(err, AT_INVALID, "...");`. Clears hint and context. */
at_status at_fail(at_error *err, at_status code, const char *format, ...) AT_PRINTF(3, 4);
/* As at_fail, with strerror(errno) appended: "cannot open x.csv: No such file". AT_IO, or
 * AT_NOT_FOUND for ENOENT. */
at_status at_fail_errno(at_error *err, const char *format, ...) AT_PRINTF(2, 3);
/* Adds or replaces the hint; returns err->code. */
at_status at_hint(at_error *err, const char *format, ...) AT_PRINTF(2, 3);
/* Puts "prefix: " before the text; returns err->code. */
at_status at_prefix(at_error *err, const char *format, ...) AT_PRINTF(2, 3);
/* Sets the context block; returns err->code. */
at_status at_show(at_error *err, const char *context);
/* Empties *err. */
void at_error_clear(at_error *err);
/* "InvalidInput", "SyntaxError", "NotFound" ...: the ename of a Jupyter error. */
const char *at_status_name(at_status code);

/* Passes a failure up. */
#define AT_TRY(call)                                                                     \
    do {                                                                                 \
        at_status at_try_ = (call);                                                      \
        if (at_try_ != AT_OK)                                                            \
            return at_try_;                                                              \
    } while (0)

#endif
