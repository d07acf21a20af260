/* parse number C: texts that hold numbers with marks and units become numbers. Whether
 * the comma parts thousands or decimals is found from all cells, unless said. */
#include "ops/recipe/fold.h"
#include "ops/recipe/json.h"
#include "ops/recipe/parsed.h"
#include "ops/recipe/reading.h"

#include <math.h>
#include <string.h>

/* (step->column_count) */
typedef struct number_state {
    bool comma; /* is the decimal mark */
    bool whole; /* no fraction was written: an int column */
} number_state;

enum { MOST_UNITS = 1000, SHOWN_UNITS = 6 };

static bool takes(at_type type) {
    return at_type_textual(type);
}

static at_status new_state(at_step *step, number_state **out, at_error *err) {
    step->state = *out =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof **out);
    return *out ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status fit_column(const at_step *step, const at_column *c, number_state *state,
                            at_error *err) {
    int64_t read[2] = {0}, cells = 0, bad[2] = {-1, -1};
    bool fraction[2] = {false, false};
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_column_text(c, i, &length);
        cells += text != NULL;
        for (int comma = 0; text && comma < 2; comma++) {
            at_read_number number;
            if (!at_reading_number(text, (size_t)length, comma, &number)) {
                bad[comma] = bad[comma] < 0 ? i : bad[comma];
                continue;
            }
            read[comma]++;
            bool whole = fabs(number.value) < 0x1p53 &&
                         !(fabs(number.value - rint(number.value)) > 0);
            fraction[comma] = fraction[comma] || number.fraction || !whole;
        }
    }
    state->comma =
        step->args.word ? strcmp(step->args.word, "comma") == 0 : read[1] > read[0];
    state->whole = !fraction[state->comma];
    return at_parsed_judge(c, read[state->comma], cells, bad[state->comma], "numbers",
                           err);
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(
        at_parsed_resolve(step, sheet, context, takes, at_type_numeric, "numbers", err));
    number_state *state;
    AT_TRY(new_state(step, &state, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(fit_column(step, &sheet->columns[place], &state[i], err));
    }
    return AT_OK;
}

/* The units met, to be checked by the user: oz and ounce are one, oz and ml are not. */
typedef struct units {
    at_dictionary names; /* in small letters */
    int64_t counts[MOST_UNITS];
    bool failed;
} units;

static void meet(units *u, const at_read_number *number) {
    if (!u || !number->unit_length)
        return;
    at_text name = {0};
    const char *at = number->unit, *end = at + number->unit_length;
    while (at < end)
        at_fold_put(&name, at_fold_small(at_fold_next(&at, end)));
    uint32_t k = at_dictionary_find(&u->names, at_text_get(&name), name.length);
    if (k == AT_DICTIONARY_NONE && u->names.count < MOST_UNITS) {
        k = at_dictionary_add(&u->names, at_text_get(&name), name.length);
        u->failed = u->failed || k == AT_DICTIONARY_NONE;
    }
    if (k != AT_DICTIONARY_NONE)
        u->counts[k]++;
    u->failed = u->failed || !at_text_ok(&name);
    at_text_fini(&name);
}

/* "ounces: units taken away: oz (613), oz. (1,200)" */
static void tell_units(units *u, const char *column, at_text *out) {
    if (!u->names.count)
        return;
    at_text_format(out, "%s%s: taken away ", out->length ? "; " : "", column);
    for (int shown = 0; shown < SHOWN_UNITS; shown++) {
        uint32_t best = 0;
        for (uint32_t k = 1; k < u->names.count; k++)
            best = u->counts[k] > u->counts[best] ? k : best;
        if (!u->counts[best])
            return;
        at_text_format(out, "%s'%.*s' (%lld)", shown ? ", " : "",
                       (int)(u->names.offsets[best + 1] - u->names.offsets[best]),
                       u->names.bytes + u->names.offsets[best],
                       (long long)u->counts[best]);
        u->counts[best] = 0;
    }
    at_text_put(out, " ...");
}

static at_status parse_column(at_sheet *sheet, int place, const number_state *state,
                              units *u, at_tally *tally, at_error *err) {
    const at_column before = sheet->columns[place];
    at_column parsed;
    at_column_store *store;
    AT_TRY(at_sheet_array(sheet, AT_TYPE_FLOAT, &before, &parsed, &store, err));
    size_t words = ((size_t)before.rows + 63) / 64;
    double *out = store->values;
    if (!store->validity) {
        store->validity = at_sheet_cells(sheet, words + 1, sizeof(uint64_t));
        if (!store->validity) {
            at_column_store_release(store);
            return at_fail(err, AT_NO_MEMORY, "out of memory");
        }
        memset(store->validity, 0xFF, words * sizeof(uint64_t));
    }
    uint64_t *bits = store->validity;
    bool whole = state->whole;
    for (int64_t i = 0; i < before.rows; i++) {
        int64_t length;
        const char *text = at_column_text(&before, i, &length);
        at_read_number number;
        if (!text)
            continue;
        bool read = at_reading_number(text, (size_t)length, state->comma, &number);
        at_parsed_tell(tally, &before, i, read);
        if (read) {
            out[i] = number.value;
            meet(u, &number);
            /* A served 12.5 where the fit saw whole numbers is still 12.5. */
            whole = whole && fabs(out[i]) < 0x1p53 && !(fabs(out[i] - rint(out[i])) > 0);
            continue;
        }
        bits[i >> 6] &= ~((uint64_t)1 << (i & 63));
        parsed.missing++;
    }
    for (int64_t i = 0; whole && i < before.rows; i++) {
        int64_t number = (int64_t)out[i]; /* as wide as what it takes the place of */
        memcpy(&out[i], &number, sizeof number);
    }
    parsed.type = whole ? AT_TYPE_INT : AT_TYPE_FLOAT;
    parsed.validity = parsed.missing ? bits : NULL;
    at_sheet_set(sheet, place, &parsed, store);
    return AT_OK;
}

/* Without a tally nobody asks for units either. */
static at_status parse_and_tell(at_sheet *sheet, int place, const number_state *state,
                                at_tally *tally, at_text *note, at_error *err) {
    if (!tally->report)
        return parse_column(sheet, place, state, NULL, tally, err);
    units *u = at_alloc_zero(sizeof *u);
    if (!u)
        return at_fail(err, AT_NO_MEMORY, "out of memory");
    const char *name = sheet->columns[place].name;
    at_status status = parse_column(sheet, place, state, u, tally, err);
    if (status == AT_OK && u->failed)
        status = at_fail(err, AT_NO_MEMORY, "out of memory");
    if (status == AT_OK)
        tell_units(u, name, note);
    at_dictionary_fini(&u->names);
    at_free(u);
    return status;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const number_state *state = step->state;
    at_tally tally;
    at_text note = {0};
    AT_TRY(at_tally_init(&tally, report, err));
    at_status status = AT_OK;
    int place = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status == AT_OK && place >= 0 && takes(sheet->columns[place].type))
            status = parse_and_tell(sheet, place, &state[i], &tally, &note, err);
    }
    if (status == AT_OK && report && note.length) {
        report->note = at_arena_text(report->arena, at_text_get(&note), note.length);
        if (!report->note || !at_text_ok(&note))
            status = at_fail(err, AT_NO_MEMORY, "out of memory");
    }
    if (status == AT_OK && report && !step->column_count)
        report->note = "these are numbers already";
    at_text_fini(&note);
    return at_tally_finish(&tally, status, err);
}

static json_t *save(const at_step *step) {
    const number_state *state = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        json_t *one =
            json_pack("{s:b, s:b}", "comma", state[i].comma, "whole", state[i].whole);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    number_state *state;
    if (json_array_size(saved) != step->column_count)
        return at_json_broken(err);
    AT_TRY(new_state(step, &state, err));
    for (size_t i = 0; i < step->column_count; i++) {
        const json_t *comma = json_object_get(json_array_get(saved, i), "comma");
        const json_t *whole = json_object_get(json_array_get(saved, i), "whole");
        if (!json_is_boolean(comma) || !json_is_boolean(whole))
            return at_json_broken(err);
        state[i] = (number_state){json_is_true(comma), json_is_true(whole)};
    }
    return AT_OK;
}

const at_step_kind at_step_parse_number = {
    .verb = "parse number",
    .pattern = "COLUMNS [decimal {point|comma}]",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary =
        "Reads numbers with thousands marks, a decimal comma, currencies, %, k and M, "
        "and units (12.0 oz): the mark is found from the cells, units are taken "
        "away and named, what does not read is missing and shown",
    .example = "parse number ounces, price",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
