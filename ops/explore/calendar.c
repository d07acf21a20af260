/* Months and days of the week in the order of the calendar. */
#include "ops/explore/axis.h"

#include <string.h>

static const char *const months[] = {"january",   "february", "march",    "april",
                                     "may",       "june",     "july",     "august",
                                     "september", "october",  "november", "december"};
static const char *const days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                   "friday", "saturday", "sunday"};

/* Its place among the words: the whole word or three letters or more of it. */
static int place_of(const char *name, const char *const *words, int count) {
    size_t length = strlen(name);
    for (int i = 0; i < count && length >= 3; i++) {
        size_t k = 0;
        while (k < length && words[i][k] && (name[k] | 0x20) == words[i][k])
            k++;
        if (k == length)
            return i;
    }
    return -1;
}

static bool sort(at_axis *axis, const char *const *words, int count) {
    enum { MOST = 12 };
    int places[MOST], moved[MOST];
    char *names[MOST];
    int64_t counts[MOST];
    if (axis->count > count || axis->count < 2)
        return false;
    for (int i = 0; i < axis->count; i++) {
        places[i] = place_of(axis->names[i], words, count);
        if (places[i] < 0)
            return false;
        for (int k = 0; k < i; k++)
            if (places[k] == places[i])
                return false;
    }
    for (int i = 0; i < axis->count; i++) {
        moved[i] = 0;
        for (int k = 0; k < axis->count; k++)
            moved[i] += places[k] < places[i];
        names[moved[i]] = axis->names[i];
        counts[moved[i]] = axis->counts[i];
    }
    memcpy(axis->names, names, (size_t)axis->count * sizeof *names);
    memcpy(axis->counts, counts, (size_t)axis->count * sizeof *counts);
    for (int64_t r = 0; r < axis->rows; r++)
        if (axis->codes[r] >= 0)
            axis->codes[r] = moved[axis->codes[r]];
    return true;
}

void at_axis_calendar(at_axis *axis) {
    if (axis->names && !axis->other && !sort(axis, months, 12))
        sort(axis, days, 7);
}
