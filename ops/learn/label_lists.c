#include "ops/learn/label_lists.h"
#include "ops/learn/target.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { LIST_MAX = AT_TARGET_CLASSES };

/* The whole numbers of "[1, 0,1]"; -1: it is no such list. */
static int parse(const char *text, int64_t length, int64_t *out) {
    char word[24];
    int count = 0;
    if (length < 2 || text[0] != '[' || text[length - 1] != ']')
        return -1;
    const char *p = text + 1, *end = text + length - 1;
    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *from = p, *to = comma ? comma : end;
        while (from < to && (*from == ' ' || *from == '"'))
            from++;
        while (to > from && (to[-1] == ' ' || to[-1] == '"'))
            to--;
        size_t letters = (size_t)(to - from);
        if (letters == 0 && !comma && count == 0)
            return 0; /* "[ ]" */
        if (letters == 0 || letters >= sizeof word || count == LIST_MAX)
            return -1;
        memcpy(word, from, letters);
        word[letters] = '\0';
        if (!at_parse_int(word, &out[count]))
            return -1;
        count++;
        p = comma ? comma + 1 : end;
        if (comma && p == end)
            return -1;
    }
    return count;
}

static at_status no_list(const at_column *column, int64_t row, const char *text,
                         int64_t length, at_error *err) {
    at_fail(err, AT_INVALID, "row %" PRId64 " of column '%s' is no list of labels: %.*s",
            row + 1, column->name, (int)(length > 60 ? 60 : length), text);
    return at_hint(err,
                   "multi_label = 1 takes a 0 or 1 for each class, as [1,0,1], or "
                   "the numbers of the classes, as [0,2]; at most %d",
                   LIST_MAX);
}

static at_status textual(const at_column *column, at_error *err) {
    if (at_type_textual(column->type))
        return AT_OK;
    at_fail(err, AT_INVALID,
            "column '%s' holds one number a row, and multi_label = 1 "
            "needs a list of labels",
            column->name);
    return at_hint(err, "as text: [1,0,1]; leave multi_label out for one label an image");
}

bool at_label_lists_likely(const at_column *column) {
    int64_t values[LIST_MAX], length;
    for (int64_t r = 0; at_type_textual(column->type) && r < column->rows; r++) {
        const char *text = at_column_text(column, r, &length);
        if (text)
            return parse(text, length, values) >= 0;
    }
    return false;
}

at_status at_label_lists_learn(const at_column *column, at_label_lists *out,
                               at_error *err) {
    int64_t values[LIST_MAX], length, most = -1, seen = 0;
    int width = -1;
    bool flags = true;
    AT_TRY(textual(column, err));
    for (int64_t r = 0; r < column->rows; r++) {
        const char *text = at_column_text(column, r, &length);
        if (!text)
            continue;
        int count = parse(text, length, values);
        if (count < 0)
            return no_list(column, r, text, length, err);
        flags = flags && (width < 0 || count == width);
        width = count;
        seen++;
        for (int i = 0; i < count; i++) {
            flags = flags && (values[i] == 0 || values[i] == 1);
            most = values[i] > most ? values[i] : most;
            if (values[i] < 0 || values[i] >= LIST_MAX)
                return no_list(column, r, text, length, err);
        }
    }
    if (seen == 0 || most < 0)
        return at_fail(err, AT_INVALID, "column '%s' holds no label at all",
                       column->name);
    *out =
        (at_label_lists){.classes = flags ? width : (int32_t)most + 1, .numbers = !flags};
    return AT_OK;
}

static at_status set(const at_label_lists *lists, const int64_t *values, int count,
                     double *y, const at_column *column, int64_t row, at_error *err) {
    if (!lists->numbers && count != lists->classes)
        return at_fail(err, AT_INVALID,
                       "row %" PRId64 " of column '%s' has %d labels, and there are %d "
                       "classes",
                       row + 1, column->name, count, (int)lists->classes);
    for (int i = 0; i < count; i++) {
        if (values[i] < 0 || values[i] >= (lists->numbers ? lists->classes : 2))
            return at_fail(err, AT_INVALID,
                           "row %" PRId64 " of column '%s' has the label %" PRId64
                           "; %s were expected",
                           row + 1, column->name, values[i],
                           lists->numbers ? "numbers of the classes" : "0 and 1");
        if (lists->numbers)
            y[values[i]] = 1;
        else
            y[i] = (double)values[i];
    }
    return AT_OK;
}

at_status at_label_lists_read(const at_label_lists *lists, const at_column *column,
                              double *y, at_error *err) {
    int64_t values[LIST_MAX], length;
    AT_TRY(textual(column, err));
    for (int64_t r = 0; r < column->rows; r++, y += lists->classes) {
        const char *text = at_column_text(column, r, &length);
        for (int32_t c = 0; c < lists->classes; c++)
            y[c] = text ? 0 : (double)NAN;
        if (!text)
            continue;
        int count = parse(text, length, values);
        if (count < 0)
            return no_list(column, r, text, length, err);
        AT_TRY(set(lists, values, count, y, column, r, err));
    }
    return AT_OK;
}

void at_label_lists_write(const at_label_lists *lists, const uint8_t *labels,
                          at_text *out) {
    const char *mark = "[";
    for (int32_t c = 0; c < lists->classes; c++) {
        if (lists->numbers && !labels[c])
            continue;
        at_text_format(out, "%s%d", mark, lists->numbers ? (int)c : (int)labels[c]);
        mark = ",";
    }
    at_text_put(out, *mark == '[' ? "[]" : "]");
}
