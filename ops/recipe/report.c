#include "ops/recipe/report.h"

#include "ops/base/text.h"

#include <string.h>

at_status at_tally_init(at_tally *tally, at_step_report *report, at_error *err) {
    *tally = (at_tally){.report = report};
    if (!report)
        return AT_OK;
    tally->key = at_alloc_zero(sizeof *tally->key);
    return tally->key ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

/* "missing" is another thing than "": one byte tells, then length and bytes. */
static void put_part(at_text *key, const char *bytes, int64_t length) {
    size_t size = bytes ? (size_t)length : 0;
    at_text_char(key, bytes ? 'v' : 'm');
    at_text_append(key, (const char *)&size, sizeof size);
    at_text_append(key, bytes ? bytes : "", size);
}

static const char *take_part(at_arena *arena, const char **at, bool *ok) {
    bool there = *(*at)++ == 'v';
    size_t size, shown;
    memcpy(&size, *at, sizeof size);
    *at += sizeof size;
    const char *bytes = *at;
    *at += size;
    if (!there)
        return NULL;
    shown = size;
    if (size > AT_TALLY_LENGTH) { /* cut at a letter's begin */
        shown = AT_TALLY_LENGTH;
        while (shown && ((unsigned char)bytes[shown] & 0xC0) == 0x80)
            shown--;
    }
    const char *text = shown == size ? at_arena_text(arena, bytes, size)
                                     : at_arena_format(arena, "%.*s…", (int)shown, bytes);
    *ok = *ok && text;
    return text;
}

void at_tally_add(at_tally *tally, const char *column, const char *before,
                  int64_t before_length, const char *after, int64_t after_length,
                  int64_t count) {
    if (!tally->report || count == 0)
        return;
    tally->report->cells += count;
    at_text *key = tally->key;
    at_text_clear(key);
    put_part(key, column, (int64_t)strlen(column));
    put_part(key, before, before_length);
    put_part(key, after, after_length);
    if (!at_text_ok(key)) {
        tally->failed = true;
        return;
    }
    uint32_t known = at_dictionary_find(&tally->changes, at_text_get(key), key->length);
    if (known == AT_DICTIONARY_NONE) {
        if (tally->changes.count >= AT_TALLY_MOST)
            return;
        int64_t *counts = at_grow(tally->counts, &tally->capacity,
                                  (size_t)tally->changes.count + 1, sizeof *counts);
        if (counts) {
            tally->counts = counts;
            known = at_dictionary_add(&tally->changes, at_text_get(key), key->length);
        }
        if (!counts || known == AT_DICTIONARY_NONE) {
            tally->failed = true;
            return;
        }
        tally->counts[known] = 0;
    }
    tally->counts[known] += count;
}

void at_tally_cells(at_tally *tally, const char *name, const at_column *before,
                    int64_t before_row, const at_column *after, int64_t after_row) {
    if (!tally->report)
        return;
    at_text from = {0}, to = {0};
    bool was = before_row >= 0 && at_column_valid(before, before_row);
    bool is = after_row >= 0 && at_column_valid(after, after_row);
    if (was)
        at_column_format(before, before_row, &from);
    if (is)
        at_column_format(after, after_row, &to);
    if (!at_text_ok(&from) || !at_text_ok(&to))
        tally->failed = true;
    at_tally_add(tally, name, was ? at_text_get(&from) : NULL, (int64_t)from.length,
                 is ? at_text_get(&to) : NULL, (int64_t)to.length, 1);
    at_text_fini(&from);
    at_text_fini(&to);
}

/* The most frequent changes, earlier ones first among equals. */
static bool fill(at_tally *tally) {
    at_step_report *report = tally->report;
    int most = (int)(sizeof report->examples / sizeof *report->examples);
    bool ok = true;
    while (report->example_count < most) {
        uint32_t best = AT_DICTIONARY_NONE;
        for (uint32_t k = 0; k < tally->changes.count; k++) {
            if (tally->counts[k] > 0 &&
                (best == AT_DICTIONARY_NONE || tally->counts[k] > tally->counts[best]))
                best = k;
        }
        if (best == AT_DICTIONARY_NONE)
            break;
        const char *at = tally->changes.bytes + tally->changes.offsets[best];
        int place = report->example_count++;
        report->examples[place].column = take_part(report->arena, &at, &ok);
        report->examples[place].before = take_part(report->arena, &at, &ok);
        report->examples[place].after = take_part(report->arena, &at, &ok);
        report->examples[place].count = tally->counts[best];
        tally->counts[best] = 0;
    }
    return ok;
}

at_status at_tally_finish(at_tally *tally, at_status status, at_error *err) {
    if (status == AT_OK && tally->report && (tally->failed || !fill(tally)))
        status = at_fail(err, AT_NO_MEMORY, "out of memory");
    if (tally->key)
        at_text_fini(tally->key);
    at_free(tally->key);
    at_dictionary_fini(&tally->changes);
    at_free(tally->counts);
    *tally = (at_tally){0};
    return status;
}
