/* parse date C: texts that hold dates, in many ways at once, become dates, or timestamps
 * where some have a time. Which of two numbers is the day is found from all cells. */
#include "ops/recipe/json.h"
#include "ops/recipe/parsed.h"
#include "ops/recipe/reading.h"

#include <string.h>

/* (step->column_count) */
typedef struct date_state {
    at_date_order order;
    bool timed;
    bool unsure; /* no cell told day from month */
} date_state;

static const char *const orders[] = {"day", "month", "year"};

static bool takes(at_type type) {
    return at_type_textual(type) || type == AT_TYPE_INT;
}

static bool done(at_type type) {
    return type == AT_TYPE_DATE || type == AT_TYPE_TIMESTAMP;
}

static const char *format_of(const at_step *step) {
    return step->args.value_count ? step->args.values[0] : NULL;
}

static bool read_cell(const at_step *step, const char *text, int64_t length,
                      at_date_order order, at_read_date *out) {
    const char *format = format_of(step);
    return format ? at_reading_format(text, (size_t)length, format, out)
                  : at_reading_date(text, (size_t)length, order, out);
}

static at_status new_state(at_step *step, date_state **out, at_error *err) {
    step->state = *out =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof **out);
    return *out ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status check_format(const at_step *step, at_error *err) {
    const char *format = format_of(step);
    if (!format)
        return AT_OK;
    for (const char *p = format; *p; p++) {
        if (*p != '%')
            continue;
        if (*++p && strchr("YymdbBaAHIMSfp%", *p))
            continue;
        at_fail(err, AT_INVALID, "'%%%.1s' in the format '%.100s' is not known", p,
                format);
        return at_hint(err,
                       "%%Y %%y %%m %%d %%b %%B %%a %%A %%H %%I %%M %%S %%f %%p, as in "
                       "\"%%d.%%m.%%Y %%H:%%M\"");
    }
    return strchr(format, '%')
               ? AT_OK
               : at_fail(err, AT_INVALID, "'%.100s' is no format of dates", format);
}

/* What one order makes of a column. */
typedef struct tried {
    int64_t read, bad_row;
    int64_t mark; /* of the days read: tells orders apart that read all the same */
    bool timed;
} tried;

static at_status try_order(const at_step *step, const at_column *c, at_date_order order,
                           tried *out, int64_t *cells, at_error *err) {
    at_text scratch = {0};
    *out = (tried){.bad_row = -1};
    *cells = 0;
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_level_of(c, i, &scratch, &length);
        at_read_date date;
        if (!text)
            continue;
        ++*cells;
        if (read_cell(step, text, length, order, &date)) {
            out->read++;
            out->mark = (int64_t)((uint64_t)out->mark * 31 + (uint64_t)date.days);
            out->timed = out->timed || date.timed;
        } else if (out->bad_row < 0) {
            out->bad_row = i;
        }
    }
    bool ok = at_text_ok(&scratch);
    at_text_fini(&scratch);
    return ok ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status fit_column(const at_step *step, const at_column *c, date_state *state,
                            at_error *err) {
    tried all[3];
    int64_t cells = 0;
    at_date_order best = AT_DAY_FIRST;
    bool given = step->args.word != NULL;
    for (at_date_order o = AT_DAY_FIRST; o <= AT_YEAR_FIRST; o++) {
        AT_TRY(try_order(step, c, o, &all[o], &cells, err));
        if (given ? strcmp(step->args.word, orders[o]) == 0
                  : all[o].read > all[best].read)
            best = o;
    }
    *state = (date_state){best, all[best].timed, false};
    state->unsure = !given && best == AT_DAY_FIRST &&
                    all[AT_MONTH_FIRST].read == all[best].read &&
                    all[AT_MONTH_FIRST].mark != all[best].mark;
    return at_parsed_judge(c, all[best].read, cells, all[best].bad_row, "dates", err);
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(check_format(step, err));
    AT_TRY(at_parsed_resolve(step, sheet, context, takes, done, "dates", err));
    date_state *state;
    AT_TRY(new_state(step, &state, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(fit_column(step, &sheet->columns[place], &state[i], err));
    }
    return AT_OK;
}

static at_status parse_column(const at_step *step, at_sheet *sheet, int place,
                              const date_state *state, at_tally *tally, at_error *err) {
    const at_column *c = &sheet->columns[place];
    at_column_builder *b;
    at_text scratch = {0};
    AT_TRY(at_column_builder_new(c->name, state->timed ? AT_TYPE_TIMESTAMP : AT_TYPE_DATE,
                                 &b, err));
    at_column_builder_reserve(b, c->rows);
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_level_of(c, i, &scratch, &length);
        at_read_date date;
        if (!text) {
            at_column_builder_missing(b);
            continue;
        }
        bool read = read_cell(step, text, length, state->order, &date);
        at_parsed_tell(tally, c, i, read);
        if (!read)
            at_column_builder_missing(b);
        else if (state->timed)
            at_column_builder_int(b, date.days * 86400 * 1000000 + date.us);
        else
            at_column_builder_int(b, date.days);
    }
    bool ok = at_text_ok(&scratch);
    at_text_fini(&scratch);
    if (ok)
        return at_sheet_set_built(sheet, place, b, err);
    at_column_builder_release(b);
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

/* "day: read day first" and what to say if that is wrong. */
static at_status note(const at_step *step, at_step_report *report, at_error *err) {
    const date_state *state = step->state;
    at_text text = {0};
    for (size_t i = 0; i < step->column_count && !format_of(step); i++) {
        at_text_format(&text, "%s%s: %s first%s", i ? ", " : "", step->columns[i],
                       orders[state[i].order],
                       state[i].unsure ? " (no cell tells; else say: month first)" : "");
    }
    if (!step->column_count)
        at_text_put(&text, "these are dates already");
    bool ok = at_text_ok(&text);
    if (ok && text.length)
        report->note = at_arena_text(report->arena, at_text_get(&text), text.length);
    ok = ok && (report->note || !text.length);
    at_text_fini(&text);
    return ok ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    const date_state *state = step->state;
    at_tally tally;
    AT_TRY(at_tally_init(&tally, report, err));
    at_status status = AT_OK;
    int place = 0;
    for (size_t i = 0; i < step->column_count && status == AT_OK; i++) {
        status = at_step_place(step, i, sheet, &place, err);
        if (status == AT_OK && place >= 0 && takes(sheet->columns[place].type))
            status = parse_column(step, sheet, place, &state[i], &tally, err);
    }
    if (status == AT_OK && report)
        status = note(step, report, err);
    return at_tally_finish(&tally, status, err);
}

static json_t *save(const at_step *step) {
    const date_state *state = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        json_t *one = json_pack("{s:s, s:b}", "first", orders[state[i].order], "timed",
                                state[i].timed);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    date_state *state;
    if (json_array_size(saved) != step->column_count)
        return at_json_broken(err);
    AT_TRY(check_format(step, err));
    AT_TRY(new_state(step, &state, err));
    for (size_t i = 0; i < step->column_count; i++) {
        const json_t *one = json_array_get(saved, i);
        const char *first = json_string_value(json_object_get(one, "first"));
        at_date_order o = AT_DAY_FIRST;
        while (first && o <= AT_YEAR_FIRST && strcmp(first, orders[o]) != 0)
            o++;
        if (!first || o > AT_YEAR_FIRST)
            return at_json_broken(err);
        state[i].order = o;
        state[i].timed = json_is_true(json_object_get(one, "timed"));
    }
    return AT_OK;
}

const at_step_kind at_step_parse_date = {
    .verb = "parse date",
    .pattern = "COLUMNS [{day|month|year} first] [as VALUE]",
    .where = AT_STEP_CLEAN | AT_STEP_PREPARE,
    .flow = AT_FLOW_CHANGES,
    .summary = "Reads dates and times in the usual ways of writing them, several in one "
               "column too, or in a format; which number is the day is found from the "
               "cells, what does not read is missing and shown",
    .example = "parse date ordered, shipped day first",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
