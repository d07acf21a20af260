#include "ops/learn/target.h"

#include "ops/base/memory.h"
#include "ops/base/order.h"
#include "ops/base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool at_target_known(const at_column *column, int64_t row) {
    if (at_type_textual(column->type))
        return at_column_valid(column, row);
    return isfinite(at_column_real(column, row));
}

/* One distinct value of the column. */
typedef struct value {
    char *text;
    double number; /* where the column is one of numbers */
    int64_t count;
} value;

/* The column, looked at: distinct values up to one more than a target may have. */
typedef struct survey {
    const at_column *column;
    value *values;
    int64_t distinct, known; /* distinct may exceed what `values` holds */
    size_t held;
    bool whole; /* all numbers are whole */
    double least, most;
} survey;

static void survey_fini(survey *s) {
    for (size_t i = 0; i < s->held; i++)
        at_free(s->values[i].text);
    at_free(s->values);
}

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "not enough memory to look at the target");
}

static at_status hold(survey *s, char *text, double number, int64_t count,
                      at_error *err) {
    if (!text)
        return no_memory(err);
    s->values[s->held++] = (value){text, number, count};
    return AT_OK;
}

/* Texts that are all whole numbers, as the classes of pictures often are, have their
 * order: 2 before 10. */
static void number_texts(survey *s) {
    int64_t number;
    bool whole = true;
    for (size_t i = 0; i < s->held && whole; i++)
        whole = at_parse_int(s->values[i].text, &number);
    for (size_t i = 0; i < s->held && whole; i++)
        if (at_parse_int(s->values[i].text, &number))
            s->values[i].number = (double)number;
}

static at_status survey_texts(survey *s, at_error *err) {
    const at_column *c = s->column;
    at_dictionary levels = {0};
    int64_t *counts = at_alloc_array((size_t)c->rows + 1, sizeof *counts);
    at_status status = counts ? AT_OK : no_memory(err);
    for (int64_t r = 0; r < c->rows && status == AT_OK; r++) {
        int64_t length;
        const char *text = at_column_text(c, r, &length);
        if (!text)
            continue;
        uint32_t level = at_dictionary_add(&levels, text, (size_t)length);
        if (level == AT_DICTIONARY_NONE)
            status = no_memory(err);
        else
            counts[level]++;
        s->known++;
    }
    s->distinct = levels.count;
    for (uint32_t k = 0; k < levels.count && k <= AT_TARGET_CLASSES && status == AT_OK;
         k++)
        status = hold(s,
                      at_copy_bytes(levels.bytes + levels.offsets[k],
                                    (size_t)(levels.offsets[k + 1] - levels.offsets[k])),
                      0, counts[k], err);
    at_free(counts);
    at_dictionary_fini(&levels);
    number_texts(s);
    return status;
}

static char *number_text(const at_column *column, double number) {
    char text[32];
    if (column->type == AT_TYPE_BOOL)
        return at_copy_text(number > 0 ? "true" : "false");
    at_format_real(number, text);
    return at_copy_text(text);
}

static at_status survey_numbers(survey *s, at_error *err) {
    const at_column *c = s->column;
    double *all = at_alloc_array((size_t)c->rows + 1, sizeof *all);
    if (!all)
        return no_memory(err);
    for (int64_t r = 0; r < c->rows; r++) {
        double x = at_column_real(c, r);
        if (isfinite(x))
            all[s->known++] = x + 0.0; /* -0 is 0 */
    }
    qsort(all, (size_t)s->known, sizeof *all, at_order_doubles);
    s->whole = true;
    at_status status = AT_OK;
    for (int64_t i = 0, next; i < s->known && status == AT_OK; i = next) {
        for (next = i + 1; next < s->known && all[next] == all[i]; next++)
            continue;
        s->whole = s->whole && all[i] == floor(all[i]);
        if (s->distinct++ <= AT_TARGET_CLASSES)
            status = hold(s, number_text(c, all[i]), all[i], next - i, err);
    }
    if (s->known) {
        s->least = all[0];
        s->most = all[s->known - 1];
    }
    at_free(all);
    return status;
}

static at_status look(const at_column *column, survey *s, at_error *err) {
    *s = (survey){.column = column};
    s->values = at_alloc_array(AT_TARGET_CLASSES + 2, sizeof *s->values);
    if (!s->values)
        return no_memory(err);
    return at_type_textual(column->type) ? survey_texts(s, err) : survey_numbers(s, err);
}

/* What no learner could learn, whatever is wanted. */
static at_status check_values(const survey *s, at_error *err) {
    const at_column *c = s->column;
    const char *name = c->name;
    if (c->type == AT_TYPE_DATE || c->type == AT_TYPE_TIMESTAMP) {
        at_fail(err, AT_INVALID, "the target %s is a column of %ss", name,
                at_type_name(c->type));
        at_hint(err, "derive a number or a class from it first");
        return AT_INVALID;
    }
    if (s->known == 0) {
        at_fail(err, AT_INVALID, "the target %s is missing in all %" PRId64 " rows", name,
                c->rows);
        at_hint(err, "is it the right column?");
        return AT_INVALID;
    }
    if (s->known < AT_TARGET_ROWS)
        return at_fail(err, AT_INVALID,
                       "only %" PRId64 " row%s a known target %s; at least %d are needed",
                       s->known, s->known == 1 ? " has" : "s have", name, AT_TARGET_ROWS);
    if (s->distinct == 1) {
        at_fail(err, AT_INVALID,
                "the target %s is constant: all %" PRId64 " known values are '%.100s'",
                name, s->known, s->values[0].text);
        at_hint(err, "there is nothing to learn from it; choose another column, or "
                     "rows where it differs");
        return AT_INVALID;
    }
    /* Row numbers, of a whole table or of a part split off: then there are gaps. */
    double widest = (double)s->known * (s->known < 100 ? 1 : 4);
    bool counter = s->whole && s->most - s->least + 1 <= widest && c->type == AT_TYPE_INT;
    if (s->distinct == s->known && s->known >= 20 &&
        (at_type_textual(c->type) || counter)) {
        at_fail(err, AT_INVALID,
                "the target %s looks like an identifier: its %" PRId64
                " values are all different",
                name, s->known);
        at_hint(err, "choose a column whose values repeat, or a measured number");
        return AT_INVALID;
    }
    return AT_OK;
}

static at_problem infer(const survey *s) {
    if (s->distinct == 2)
        return AT_BINARY;
    if (at_type_textual(s->column->type))
        return AT_MULTICLASS;
    double share = s->known <= 1000 ? 0.1 : 0.05;
    bool few = (double)s->distinct <= share * (double)s->known &&
               s->distinct <= AT_TARGET_CLASSES;
    return s->whole && few ? AT_MULTICLASS : AT_REGRESSION;
}

/* Is this problem one that the column can have? */
static at_status check_problem(const survey *s, at_problem problem, at_error *err) {
    const char *name = s->column->name;
    if (problem == AT_REGRESSION && at_type_textual(s->column->type)) {
        at_fail(err, AT_INVALID, "the target %s is text; a regressor predicts numbers",
                name);
        at_hint(err, "leave predictor_type out, or cast the column first");
        return AT_INVALID;
    }
    if (problem == AT_BINARY && s->distinct != 2) {
        at_fail(err, AT_INVALID,
                "the target %s has %" PRId64
                " classes; a binary_classifier tells 2 apart",
                name, s->distinct);
        at_hint(err, "leave predictor_type out, or use multiclass_classifier");
        return AT_INVALID;
    }
    if (problem == AT_MULTICLASS && s->distinct > AT_TARGET_CLASSES) {
        at_fail(err, AT_INVALID,
                "the target %s has %" PRId64 " classes; at most %d can be told apart",
                name, s->distinct, AT_TARGET_CLASSES);
        at_hint(err, at_type_textual(s->column->type)
                         ? "is it an identifier, or free text?"
                         : "use predictor_type = regressor");
        return AT_INVALID;
    }
    return AT_OK;
}

static int by_order(const void *a, const void *b) {
    const value *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return strcmp(x->text, y->text);
}

static bool affirmative(const char *text) {
    static const char *const WORDS[] = {"1", "true", "yes", "y", "t", "positive"};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (at_equal_fold(text, WORDS[i]))
            return true;
    return false;
}

static void positive_last(value *two) {
    bool first = affirmative(two[0].text), second = affirmative(two[1].text);
    bool swap = first != second ? first : two[0].count < two[1].count;
    if (swap) {
        value kept = two[0];
        two[0] = two[1];
        two[1] = kept;
    }
}

/* Moves the labels into the target. */
static at_status take_labels(at_target *t, char **labels, int count, at_error *err) {
    t->labels = at_alloc_array((size_t)count, sizeof *t->labels);
    for (int k = 0; k < count; k++) {
        if (!t->labels) {
            at_free(labels[k]);
            continue;
        }
        t->labels[k] = labels[k];
        t->label_count = k + 1;
    }
    for (int k = 0; k < t->label_count; k++) {
        uint32_t place =
            at_dictionary_add(&t->lookup, t->labels[k], strlen(t->labels[k]));
        if (place == AT_DICTIONARY_NONE)
            return no_memory(err);
        if (place != (uint32_t)k)
            return at_fail(err, AT_CORRUPT, "the class '%.100s' is there twice",
                           t->labels[k]);
    }
    return t->labels ? AT_OK : no_memory(err);
}

static at_status name_classes(survey *s, at_target *t, at_error *err) {
    if (t->problem == AT_REGRESSION)
        return AT_OK;
    qsort(s->values, s->held, sizeof *s->values, by_order);
    if (t->problem == AT_BINARY)
        positive_last(s->values);
    char **texts = at_alloc_array(s->held, sizeof *texts);
    if (!texts)
        return no_memory(err);
    for (size_t i = 0; i < s->held; i++) {
        texts[i] = s->values[i].text;
        s->values[i].text = NULL;
    }
    t->classes = (int)s->held;
    at_status status = take_labels(t, texts, t->classes, err);
    at_free(texts);
    return status;
}

at_status at_target_learn(const at_column *column, unsigned wanted, at_target *out,
                          at_error *err) {
    *out = (at_target){.type = column->type, .classes = 1};
    survey s;
    at_status status = look(column, &s, err);
    if (status == AT_OK)
        status = check_values(&s, err);
    if (status == AT_OK) {
        out->problem = wanted ? (at_problem)wanted : infer(&s);
        status = check_problem(&s, out->problem, err);
    }
    if (status == AT_OK)
        status = name_classes(&s, out, err);
    survey_fini(&s);
    if (status != AT_OK)
        at_target_fini(out);
    return status;
}

void at_target_fini(at_target *target) {
    for (int k = 0; k < target->label_count; k++)
        at_free(target->labels[k]);
    at_free(target->labels);
    at_dictionary_fini(&target->lookup);
    *target = (at_target){0};
}

static double class_of(const at_target *t, const char *text, size_t length) {
    uint32_t k = at_dictionary_find(&t->lookup, text, length);
    return k == AT_DICTIONARY_NONE ? (double)NAN : (double)k;
}

/* The class of a number: by the text that its label has. */
static double class_of_number(const at_target *t, double number) {
    char text[32];
    if (t->type == AT_TYPE_BOOL && (number == 0 || number == 1))
        return number > 0 ? class_of(t, "true", 4) : class_of(t, "false", 5);
    size_t length = at_format_real(number + 0.0, text);
    return class_of(t, text, length);
}

/* A text cell: the label itself, or a number in another spelling ("1.0" for 1). */
static double encode_text(const at_target *t, const char *text, int64_t length) {
    double number,
        k = t->problem == AT_REGRESSION ? (double)NAN : class_of(t, text, (size_t)length);
    if (!isnan(k) || at_type_textual(t->type) || length > 60)
        return k;
    char copy[64];
    memcpy(copy, text, (size_t)length);
    copy[length] = '\0';
    if (!at_parse_real(copy, &number) || !isfinite(number))
        return (double)NAN;
    return t->problem == AT_REGRESSION ? number : class_of_number(t, number);
}

at_status at_target_encode(const at_target *t, const at_column *column, double *y,
                           at_error *err) {
    if (column->type == AT_TYPE_DATE || column->type == AT_TYPE_TIMESTAMP)
        return at_fail(err, AT_INVALID, "column %s holds %ss; the target is %s",
                       column->name, at_type_name(column->type), at_type_name(t->type));
    for (int64_t r = 0; r < column->rows; r++) {
        y[r] = (double)NAN;
        if (!at_target_known(column, r))
            continue;
        int64_t length = 0;
        if (at_type_textual(column->type)) {
            const char *text = at_column_text(column, r, &length);
            y[r] = encode_text(t, text, length);
        } else if (t->problem == AT_REGRESSION) {
            y[r] = at_column_real(column, r);
        } else {
            y[r] = class_of_number(t, at_column_real(column, r));
        }
    }
    return AT_OK;
}

json_t *at_target_to_json(const at_target *target) {
    json_t *labels = json_array();
    for (int k = 0; labels && k < target->label_count; k++)
        if (json_array_append_new(labels, json_string(target->labels[k])) != 0) {
            json_decref(labels);
            return NULL;
        }
    return json_pack("{s:s, s:s, s:o}", "problem", at_problem_name(target->problem),
                     "type", at_type_name(target->type), "labels", labels);
}

at_status at_target_from_json(const json_t *json, at_target *out, at_error *err) {
    *out = (at_target){.classes = 1};
    const char *type = json_string_value(json_object_get(json, "type"));
    const json_t *labels = json_object_get(json, "labels");
    size_t count = json_array_size(labels);
    if (!at_problem_from_name(json_string_value(json_object_get(json, "problem")),
                              &out->problem) ||
        !type || !at_type_from_name(type, &out->type) || count > AT_TARGET_CLASSES ||
        (out->problem == AT_REGRESSION && count != 0) ||
        (out->problem == AT_BINARY && count != 2) ||
        (out->problem == AT_MULTICLASS && count < 2) ||
        (out->problem == AT_MULTILABEL && count < 1))
        return at_fail(err, AT_CORRUPT, "the model's target is damaged");
    if (count == 0)
        return AT_OK;
    const char **names = at_alloc_array(count, sizeof *names);
    if (!names)
        return no_memory(err);
    at_status status = AT_OK;
    for (size_t i = 0; i < count && status == AT_OK; i++) {
        names[i] = json_string_value(json_array_get(labels, i));
        if (!names[i])
            status = at_fail(err, AT_CORRUPT, "the model's classes are damaged");
    }
    if (status == AT_OK)
        status = at_target_of_names(out->problem, out->type, names, (int)count, out, err);
    at_free(names);
    return status;
}

at_status at_target_of_names(at_problem problem, at_type type, const char *const *names,
                             int count, at_target *out, at_error *err) {
    *out = (at_target){.problem = problem, .type = type, .classes = count};
    char **texts = at_alloc_array((size_t)count, sizeof *texts);
    at_status status = texts ? AT_OK : no_memory(err);
    int made = 0;
    for (; made < count && status == AT_OK; made++) {
        texts[made] = at_copy_text(names[made]);
        if (!texts[made])
            status = no_memory(err);
    }
    if (status == AT_OK)
        status = take_labels(out, texts, count, err);
    else
        for (int i = 0; i < made; i++)
            at_free(texts[i]);
    at_free(texts);
    if (status != AT_OK)
        at_target_fini(out);
    return status;
}
