#include "magics/deploy/response.h"
#include "ops/base/suggest.h"
#include "ops/frame/csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const at_response_key_names[AT_KEY_COUNT + 1] = {
    "predicted_label", "probability", "probabilities", "labels", NULL};

const char *at_response_key_name(at_response_key key) {
    return at_response_key_names[key];
}

void at_response_quote(const char *text, at_text *out) {
    bool valid = at_utf8_valid(text, strlen(text)); /* what a client sent may not be */
    at_text_char(out, '"');
    for (const char *at = text; *at;) {
        size_t plain = 0; /* a run that needs no escape */
        while ((unsigned char)at[plain] >= ' ' && at[plain] != '"' && at[plain] != '\\' &&
               (valid || (unsigned char)at[plain] < 0x80))
            plain++;
        at_text_append(out, at, plain);
        at += plain;
        if (*at == '"' || *at == '\\')
            at_text_format(out, "\\%c", *at++);
        else if (*at == '\n')
            at_text_put(out, "\\n"), at++;
        else if ((unsigned char)*at >= 0x80)
            at_text_char(out, '?'), at++;
        else if (*at)
            at_text_format(out, "\\u%04x", (unsigned char)*at++);
    }
    at_text_char(out, '"');
}

static at_status read_keys(at_response *response, const json_t *keys, at_error *err) {
    size_t n = json_array_size(keys);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(keys, i));
        at_response_key key = 0;
        while (name && key < AT_KEY_COUNT &&
               strcmp(name, at_response_key_names[key]) != 0)
            key++;
        if (!name || key == AT_KEY_COUNT) {
            const char *nearest =
                name ? at_nearest(name, at_response_key_names, AT_KEY_COUNT) : NULL;
            at_fail(err, AT_INVALID, "'%.100s' is not a part of a response",
                    name ? name : "");
            return nearest ? at_hint(err, "did you mean %s?", nearest)
                           : at_hint(err, "choose from predicted_label, probability, "
                                          "probabilities, labels");
        }
        for (size_t k = 0; k < response->count; k++)
            if (response->keys[k] == key)
                return at_fail(err, AT_INVALID, "%s stands twice in the response", name);
        if (response->problem == AT_REGRESSION && key != AT_KEY_LABEL) {
            at_fail(err, AT_INVALID, "a regression has no %s", name);
            return at_hint(err, "its response is predicted_label alone");
        }
        response->keys[response->count++] = key;
    }
    if (!response->count)
        response->keys[response->count++] = AT_KEY_LABEL;
    return AT_OK;
}

/* Labels that are all whole numbers are numbers in JSON too, as they were in the table.
 */
static bool all_numbers(const char *const *labels, int classes) {
    char again[32];
    for (int i = 0; i < classes; i++) {
        int64_t value;
        if (!at_parse_int(labels[i], &value))
            return false;
        snprintf(again, sizeof again, "%lld", (long long)value);
        if (strcmp(again, labels[i]) != 0)
            return false;
    }
    return true;
}

at_status at_response_init(at_response *response, const json_t *keys, at_problem problem,
                           const char *const *labels, int classes, at_arena *arena,
                           at_error *err) {
    *response = (at_response){.problem = problem, .classes = classes};
    AT_TRY(read_keys(response, keys, err));
    size_t n = classes > 0 ? (size_t)classes : 1;
    response->csv = at_arena_alloc(arena, n * sizeof *response->csv);
    response->json = at_arena_alloc(arena, n * sizeof *response->json);
    at_text piece = {0}, all = {0};
    bool ok = response->csv && response->json, numbers = all_numbers(labels, classes);
    at_text_char(&all, '[');
    for (int i = 0; i < classes && ok; i++) {
        at_text_clear(&piece);
        at_csv_put_cell(&piece, labels[i], strlen(labels[i]), ',');
        response->csv[i] = at_arena_text(arena, at_text_get(&piece), piece.length);
        at_text_clear(&piece);
        if (numbers)
            at_text_put(&piece, labels[i]);
        else
            at_response_quote(labels[i], &piece);
        response->json[i] = at_arena_text(arena, at_text_get(&piece), piece.length);
        at_text_format(&all, "%s%s", i ? ", " : "", at_text_get(&piece));
        ok = response->csv[i] && response->json[i];
    }
    at_text_char(&all, ']');
    at_text_clear(&piece);
    at_csv_put_cell(&piece, at_text_get(&all), all.length, ',');
    response->json_labels = at_arena_text(arena, at_text_get(&all), all.length);
    response->csv_labels = at_arena_text(arena, at_text_get(&piece), piece.length);
    ok = ok && at_text_ok(&piece) && at_text_ok(&all) && response->json_labels &&
         response->csv_labels;
    at_text_fini(&piece);
    at_text_fini(&all);
    return ok ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory left for the endpoint");
}

static void put_real(double value, bool json, at_text *out) {
    char digits[32];
    if (!isfinite(value) && json)
        at_text_put(out, "null"); /* JSON has no such number */
    else
        at_text_append(out, digits, at_format_real(value, digits));
}

/* The probability of class k in row i. */
static double probability(const at_response *response, const at_predictions *p,
                          int64_t row, int k) {
    const double *scores = p->scores + row * p->outputs;
    if (response->problem == AT_BINARY)
        return k == 1 ? scores[0] : 1 - scores[0];
    return scores[k];
}

static void put_probabilities(const at_response *response, const at_predictions *p,
                              int64_t row, bool csv, at_text *out) {
    at_text_put(out, csv ? "\"[" : "[");
    for (int k = 0; k < response->classes; k++) {
        if (k)
            at_text_put(out, ", ");
        put_real(probability(response, p, row, k), true, out);
    }
    at_text_put(out, csv ? "]\"" : "]");
}

static void put_value(const at_response *response, at_response_key key, bool csv,
                      const at_predictions *p, int64_t row, at_text *out) {
    int label = p->labels ? p->labels[row] : 0;
    switch (key) {
    case AT_KEY_LABEL:
        if (response->problem == AT_REGRESSION)
            put_real(p->scores[row * p->outputs], !csv, out);
        else
            at_text_put(out, csv ? response->csv[label] : response->json[label]);
        break;
    case AT_KEY_PROBABILITY:
        put_real(probability(response, p, row, label), !csv, out);
        break;
    case AT_KEY_PROBABILITIES:
        put_probabilities(response, p, row, csv, out);
        break;
    default:
        at_text_put(out, csv ? response->csv_labels : response->json_labels);
        break;
    }
}

void at_response_begin(at_media media, at_text *out) {
    if (media == AT_MEDIA_JSON)
        at_text_put(out, "{\"predictions\":[");
}

void at_response_rows(const at_response *response, at_media media,
                      const at_predictions *predictions, at_text *out) {
    bool csv = media == AT_MEDIA_CSV;
    for (int64_t row = 0; row < predictions->rows; row++) {
        if (media == AT_MEDIA_JSON && row > 0)
            at_text_char(out, ',');
        if (!csv)
            at_text_char(out, '{');
        for (size_t k = 0; k < response->count; k++) {
            if (k)
                at_text_char(out, ',');
            if (!csv) {
                at_text_char(out, '"');
                at_text_put(out, at_response_key_names[response->keys[k]]);
                at_text_put(out, "\":");
            }
            put_value(response, response->keys[k], csv, predictions, row, out);
        }
        at_text_put(out, csv ? "\n" : media == AT_MEDIA_JSONL ? "}\n" : "}");
    }
}

void at_response_end(at_media media, at_text *out) {
    if (media == AT_MEDIA_JSON)
        at_text_put(out, "]}");
}
