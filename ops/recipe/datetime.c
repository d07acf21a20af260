/* datetime C: the parts of a date that a model can use, in its place. */
#include "ops/base/clock.h"
#include "ops/recipe/json.h"
#include "ops/recipe/level.h"

#include <math.h>
#include <string.h>

static const int64_t a_day = (int64_t)86400 * 1000000; /* microseconds */

/* A moment, taken apart. */
typedef struct moment {
    int64_t days, seconds; /* since 1970-01-01; of the day */
    int64_t year;
    unsigned month, day;
    int weekday; /* Monday is 0 */
} moment;

static moment take_apart(const at_column *c, int64_t row) {
    moment m = {0};
    if (c->type == AT_TYPE_DATE) {
        m.days = c->days[row];
    } else {
        int64_t us = c->ints[row];
        m.days = us / a_day - (us % a_day < 0);
        m.seconds = (us - m.days * a_day) / 1000000;
    }
    at_civil_from_days(m.days, &m.year, &m.month, &m.day);
    m.weekday = (int)(((m.days + 3) % 7 + 7) % 7);
    return m;
}

static double day_of_year(const moment *m) {
    return (double)(m->days - at_days_from_civil(m->year, 1, 1) + 1);
}

/* ISO 8601: the week that holds the year's first Thursday is its first. */
static double week(const moment *m) {
    int64_t thursday = m->days - m->weekday + 3, year;
    unsigned month, day;
    at_civil_from_days(thursday, &year, &month, &day);
    return (double)((thursday - at_days_from_civil(year, 1, 1)) / 7 + 1);
}

static double round_trip(double part, double of, bool cosine) {
    double angle = 2 * 3.14159265358979323846 * part / of;
    return cosine ? cos(angle) : sin(angle);
}

typedef enum part {
    YEAR,
    QUARTER,
    MONTH,
    WEEK,
    DAY,
    WEEKDAY,
    YEARDAY,
    WEEKEND,
    HOUR,
    MINUTE,
    ELAPSED,
    MONTH_SIN,
    MONTH_COS,
    WEEKDAY_SIN,
    WEEKDAY_COS,
    HOUR_SIN,
    HOUR_COS,
    PARTS
} part;

static const char *const names[PARTS] = {
    "year",      "quarter",     "month",       "week",     "day",     "weekday",
    "yearday",   "weekend",     "hour",        "minute",   "elapsed", "month_sin",
    "month_cos", "weekday_sin", "weekday_cos", "hour_sin", "hour_cos"};

static double value_of(part p, const moment *m) {
    double hours = (double)m->seconds / 3600;
    switch (p) {
    case YEAR:
        return (double)m->year;
    case QUARTER:
        return (m->month - 1) / 3 + 1;
    case MONTH:
        return m->month;
    case WEEK:
        return week(m);
    case DAY:
        return m->day;
    case WEEKDAY:
        return m->weekday;
    case YEARDAY:
        return day_of_year(m);
    case WEEKEND:
        return m->weekday >= 5;
    case HOUR:
        return (double)(m->seconds / 3600);
    case MINUTE:
        return (double)(m->seconds / 60 % 60);
    case ELAPSED:
        return (double)m->days + (double)m->seconds / 86400;
    case MONTH_SIN:
    case MONTH_COS:
        return round_trip(m->month - 1, 12, p == MONTH_COS);
    case WEEKDAY_SIN:
    case WEEKDAY_COS:
        return round_trip(m->weekday, 7, p == WEEKDAY_COS);
    case HOUR_SIN:
    case HOUR_COS:
        return round_trip(hours, 24, p == HOUR_COS);
    case PARTS:
        break;
    }
    return (double)NAN;
}

static bool of_time(part p) {
    return p == HOUR || p == MINUTE || p == HOUR_SIN || p == HOUR_COS;
}

/* Which parts the line asks for; a date has no hour. */
static void choose(const at_step *step, bool timed, bool chosen[PARTS]) {
    static const part usual[] = {YEAR, MONTH, DAY, WEEKDAY, HOUR};
    memset(chosen, 0, PARTS * sizeof *chosen);
    for (size_t i = 0; !step->args.value_count && i < sizeof usual / sizeof *usual; i++)
        chosen[usual[i]] = true;
    for (size_t i = 0; i < step->args.value_count; i++) {
        bool cyclic = strcmp(step->args.values[i], "cyclic") == 0;
        for (part p = 0; p < PARTS; p++)
            if (cyclic ? p >= MONTH_SIN : strcmp(step->args.values[i], names[p]) == 0)
                chosen[p] = true;
    }
    for (part p = 0; p < PARTS; p++)
        chosen[p] = chosen[p] && (timed || !of_time(p));
}

/* (step->column_count): the names of the new columns; NULL: not made. */
typedef struct datetime_column {
    const char *names[PARTS];
} datetime_column;

static at_status check_column(const at_column *c, at_error *err) {
    if (c->type == AT_TYPE_DATE || c->type == AT_TYPE_TIMESTAMP)
        return AT_OK;
    at_fail(err, AT_INVALID, "'%s' is %s, not a date", c->name, at_type_name(c->type));
    char name[AT_STEP_QUOTED];
    return at_hint(err,
                   at_type_numeric(c->type) ? "derive a date first: derive d = "
                                              "datetime(%s, 'unixepoch')"
                                            : "first: parse date %s",
                   at_step_quote(c->name, name));
}

static at_status new_state(at_step *step, datetime_column **out, at_error *err) {
    step->state = *out =
        at_arena_alloc(&step->arena, (step->column_count + 1) * sizeof **out);
    return *out ? AT_OK : at_fail(err, AT_NO_MEMORY, "out of memory");
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    AT_TRY(at_step_resolve(step, sheet, context, err));
    datetime_column *state;
    AT_TRY(new_state(step, &state, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        const at_column *c = &sheet->columns[place];
        AT_TRY(check_column(c, err));
        bool chosen[PARTS];
        choose(step, c->type == AT_TYPE_TIMESTAMP, chosen);
        for (part p = 0; p < PARTS; p++) {
            if (!chosen[p])
                continue;
            const char *base =
                at_arena_format(&step->arena, "%s_%s", step->columns[i], names[p]);
            state[i].names[p] =
                base ? at_level_fresh(sheet, NULL, 0, &step->arena, base) : NULL;
            if (!state[i].names[p])
                return at_fail(err, AT_NO_MEMORY, "out of memory");
        }
    }
    return AT_OK;
}

static at_status add_part(at_sheet *sheet, int place, part p, const char *name,
                          at_error *err) {
    const at_column c = sheet->columns[place];
    bool real = p >= ELAPSED;
    at_column made;
    at_column_store *store;
    AT_TRY(at_sheet_array(sheet, real ? AT_TYPE_FLOAT : AT_TYPE_INT, &c, &made, &store,
                          err));
    for (int64_t i = 0; i < c.rows; i++) {
        if (!at_column_valid(&c, i))
            continue;
        moment m = take_apart(&c, i);
        double value = value_of(p, &m);
        if (real)
            ((double *)store->values)[i] = value;
        else
            ((int64_t *)store->values)[i] = (int64_t)value;
    }
    return at_sheet_add(sheet, name, &made, store, false, err);
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    (void)report;
    const datetime_column *state = step->state;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (place < 0)
            continue;
        AT_TRY(check_column(&sheet->columns[place], err));
        for (part p = 0; p < PARTS; p++) {
            if (state[i].names[p])
                AT_TRY(add_part(sheet, place, p, state[i].names[p], err));
        }
        at_sheet_discard(sheet, place);
    }
    at_sheet_sweep(sheet);
    return AT_OK;
}

static json_t *save(const at_step *step) {
    const datetime_column *state = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        json_t *one = json_object();
        bool ok = one != NULL;
        for (part p = 0; ok && p < PARTS; p++)
            if (state[i].names[p])
                ok = at_json_put(one, names[p], json_string(state[i].names[p]));
        if (json_array_append_new(list, one) != 0 || !ok) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    datetime_column *state;
    if (json_array_size(saved) != step->column_count)
        return at_json_broken(err);
    AT_TRY(new_state(step, &state, err));
    for (size_t i = 0; i < step->column_count; i++) {
        for (part p = 0; p < PARTS; p++) {
            const char *name =
                json_string_value(json_object_get(json_array_get(saved, i), names[p]));
            if (!name)
                continue;
            state[i].names[p] = at_arena_text(&step->arena, name, strlen(name));
            if (!state[i].names[p])
                return at_fail(err, AT_NO_MEMORY, "out of memory");
        }
    }
    return AT_OK;
}

const at_step_kind at_step_datetime = {
    .verb = "datetime",
    .pattern = "COLUMNS [into {year|quarter|month|week|day|weekday|yearday|weekend|hour|"
               "minute|elapsed|cyclic}+]",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_EATS,
    .summary = "Puts the parts of a date in its place (year, month, day, weekday from "
               "Monday = 0, and hour, if you do not say); cyclic: sine and cosine of "
               "month, weekday and hour; elapsed: days since 1970",
    .example = "datetime ordered_at into month, weekday, cyclic",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
