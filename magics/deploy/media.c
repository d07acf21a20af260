#include "magics/deploy/response.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    at_media media;
} known[] = {
    {"text/csv", AT_MEDIA_CSV},
    {"application/json", AT_MEDIA_JSON},
    {"application/jsonlines", AT_MEDIA_JSONL},
    {"application/x-jsonlines", AT_MEDIA_JSONL},
    {"application/jsonl", AT_MEDIA_JSONL},
    {"application/x-ndjson", AT_MEDIA_JSONL},
};

const char *at_media_type(at_media media) {
    static const char *const types[] = {"text/csv; charset=utf-8", "application/json",
                                        "application/jsonlines"};
    return types[media];
}

static const char *skip(const char *at) {
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

static at_media media_named(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == length &&
            strncasecmp(known[i].name, name, length) == 0)
            return known[i].media;
    return AT_MEDIA_NONE;
}

/* The value of parameter `name` at `at` ("charset=utf-8"), or NULL; *length without
 * quotes. */
static const char *parameter(const char *at, const char *name, size_t *length) {
    size_t n = strlen(name);
    if (strncasecmp(at, name, n) != 0 || at[n] != '=')
        return NULL;
    at += n + 1;
    if (*at == '"')
        at++;
    *length = strcspn(at, "\"; \t,");
    return at;
}

static bool is(const char *value, size_t length, const char *word) {
    return strlen(word) == length && strncasecmp(value, word, length) == 0;
}

at_media at_media_of_content(const char *content_type, bool *charset_ok, int *header) {
    *charset_ok = true;
    *header = -1;
    const char *at = skip(content_type ? content_type : "");
    if (!*at)
        return AT_MEDIA_CSV;
    size_t length = strcspn(at, "; \t,");
    at_media media = media_named(at, length);
    for (at += length; *(at += strcspn(at, ";"));) {
        at = skip(at + 1);
        size_t n = 0;
        const char *value = parameter(at, "charset", &n);
        if (value)
            *charset_ok = is(value, n, "utf-8") || is(value, n, "utf8") ||
                          is(value, n, "us-ascii") || is(value, n, "ascii");
        value = parameter(at, "header", &n);
        if (value && is(value, n, "present"))
            *header = 1;
        else if (value && is(value, n, "absent"))
            *header = 0;
    }
    return media;
}

/* The weight (q=) among the parameters of one entry; 1 without. */
static double weight(const char *at, const char *end) {
    for (; at < end; at++) {
        if (*at != ';')
            continue;
        const char *name = skip(at + 1);
        if ((*name == 'q' || *name == 'Q') && name[1] == '=') {
            char digits[8] = "";
            size_t n = strcspn(name + 2, ",; \t");
            memcpy(digits, name + 2, n < 7 ? n : 7);
            double q = 1;
            return at_parse_real(digits, &q) && q >= 0 && q <= 1 ? q : 1;
        }
    }
    return 1;
}

at_media at_media_of_accept(const char *accept, at_media fallback) {
    if (!accept || !*skip(accept))
        return fallback;
    at_media best = AT_MEDIA_NONE;
    double best_weight = 0;
    for (const char *at = accept; *at;) {
        at = skip(at);
        const char *end = at + strcspn(at, ",");
        size_t length = strcspn(at, "; \t,");
        at_media media = media_named(at, length);
        if (is(at, length, "*/*") || is(at, length, "*"))
            media = fallback;
        else if (is(at, length, "text/*"))
            media = AT_MEDIA_CSV;
        else if (is(at, length, "application/*"))
            media = fallback == AT_MEDIA_CSV ? AT_MEDIA_JSON : fallback;
        double q = weight(at, end);
        /* Of equals the fallback wins, else the one that came first. */
        if (media != AT_MEDIA_NONE &&
            (q > best_weight || (q == best_weight && q > 0 && media == fallback))) {
            best = media;
            best_weight = q;
        }
        at = *end ? end + 1 : end;
    }
    return best;
}
