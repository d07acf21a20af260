#include "ops/base/clock.h"
#include "ops/base/letter.h"
#include "ops/recipe/reading.h"

#include <string.h>
#include <strings.h>

typedef struct reader {
    const char *at, *end;
} reader;

static const char *const months[] = {"january",   "february", "march",    "april",
                                     "may",       "june",     "july",     "august",
                                     "september", "october",  "november", "december"};
static const char *const weekdays[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};

static void skip_blanks(reader *r) {
    while (r->at < r->end && at_is_blank(*r->at))
        r->at++;
}

static bool take(reader *r, char c) {
    if (r->at == r->end || (*r->at | 0x20) != (c | 0x20))
        return false;
    r->at++;
    return true;
}

/* Up to `most` digits; their number, 0: none. */
static int digits(reader *r, int most, int64_t *out) {
    int n = 0;
    *out = 0;
    while (n < most && r->at < r->end && at_is_digit(*r->at)) {
        *out = *out * 10 + (*r->at++ - '0');
        n++;
    }
    return n;
}

static int run_of_digits(const reader *r) {
    int n = 0;
    while (r->at + n < r->end && at_is_digit(r->at[n]))
        n++;
    return n;
}

/* A name, whole or its first three letters (sept too), and a dot; -1: none. */
static int name(reader *r, const char *const *names, int count) {
    size_t n = 0;
    while (r->at + n < r->end && at_is_letter(r->at[n]))
        n++;
    for (int i = 0; n >= 3 && i < count; i++) {
        size_t whole = strlen(names[i]);
        if ((n == 3 || n == whole || (n == 4 && n < whole)) &&
            strncasecmp(r->at, names[i], n) == 0) {
            r->at += n;
            take(r, '.');
            return i;
        }
    }
    return -1;
}

static int64_t full_year(int64_t year, int length) {
    return length > 2 ? year : year + (year < 69 ? 2000 : 1900);
}

static bool put_date(int64_t year, int64_t month, int64_t day, at_read_date *out) {
    int64_t y;
    unsigned m, d;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    out->days = at_days_from_civil(year, (unsigned)month, (unsigned)day);
    at_civil_from_days(out->days, &y, &m, &d); /* no 30th of February */
    return y == year && m == month && d == day;
}

static void skip_ordinal(reader *r) {
    static const char *const ends[] = {"st", "nd", "rd", "th"};
    for (size_t i = 0; i < 4; i++) {
        if (r->end - r->at >= 2 && strncasecmp(r->at, ends[i], 2) == 0) {
            r->at += 2;
            return;
        }
    }
}

/* One of / - . or blanks (also a comma before them); 0: none. */
static char separator(reader *r) {
    take(r, ',');
    const char *before = r->at;
    skip_blanks(r);
    if (r->at < r->end && (*r->at == '/' || *r->at == '-' || *r->at == '.')) {
        char mark = *r->at++;
        skip_blanks(r);
        return mark;
    }
    return r->at > before || r->at[-1] == ',' || r->at[-1] == '.' ? ' ' : 0;
}

/* January 31st, 2024; January 2024 */
static bool month_first(reader *r, int month, at_read_date *out) {
    int64_t day, year;
    separator(r);
    int n = digits(r, 4, &day);
    if (n > 2)
        return put_date(day, month, 1, out);
    skip_ordinal(r);
    if (n == 0 || !separator(r))
        return false;
    n = digits(r, 4, &year);
    return (n == 2 || n == 4) && put_date(full_year(year, n), month, day, out);
}

/* Three numbers, or two around the name of a month. */
static bool number_first(reader *r, at_date_order order, at_read_date *out) {
    int64_t a, b = 0, c = 0;
    int first = digits(r, 4, &a);
    skip_ordinal(r);
    char mark = separator(r);
    if (!mark)
        return false;
    int month = name(r, months, 12);
    if (month < 0 && !digits(r, 2, &b))
        return false;
    const char *here = r->at;
    char next = separator(r);
    int last = next ? digits(r, 4, &c) : 0;
    if (month >= 0) {
        if (first == 4)
            return last >= 1 && last <= 2 && put_date(a, month + 1, c, out);
        return (last == 2 || last == 4) &&
               put_date(full_year(c, last), month + 1, a, out);
    }
    if (first == 4 && (!last || next != mark)) { /* 2024-01 */
        r->at = here;
        return mark != ' ' && put_date(a, b, 1, out);
    }
    if (!last || next != mark)
        return false;
    if (first == 4)
        return last <= 2 && put_date(a, b, c, out);
    if (first > 2 || last == 3 || last == 1)
        return last == 1 && order == AT_YEAR_FIRST && first == 2 &&
               put_date(full_year(a, 2), b, c, out);
    if (order == AT_YEAR_FIRST && last == 2)
        return first == 2 && put_date(full_year(a, 2), b, c, out);
    int64_t year = full_year(c, last);
    return order == AT_MONTH_FIRST ? put_date(year, a, b, out)
                                   : put_date(year, b, a, out);
}

static bool read_date(reader *r, at_date_order order, at_read_date *out) {
    int64_t number;
    if (name(r, weekdays, 7) >= 0)
        separator(r);
    int month = name(r, months, 12);
    if (month >= 0)
        return month_first(r, month + 1, out);
    int n = run_of_digits(r);
    if (n == 8) {
        digits(r, 8, &number);
        return put_date(number / 10000, number / 100 % 100, number % 100, out);
    }
    return n >= 1 && n <= 4 && number_first(r, order, out);
}

/* Z, UTC, +02:00, -0500: taken off. */
static bool read_offset(reader *r, at_read_date *out) {
    int64_t hours, minutes = 0;
    if (r->end - r->at >= 3 &&
        (strncasecmp(r->at, "utc", 3) == 0 || strncasecmp(r->at, "gmt", 3) == 0)) {
        r->at += 3;
        return true;
    }
    if (take(r, 'z') || r->at == r->end)
        return true;
    bool west = *r->at == '-';
    if (!west && *r->at != '+')
        return false;
    r->at++;
    if (digits(r, 2, &hours) != 2 || hours > 15)
        return false;
    take(r, ':');
    if (r->at < r->end && digits(r, 2, &minutes) != 2)
        return false;
    int64_t off = (hours * 60 + minutes) * 60000000;
    out->us += west ? off : -off;
    return true;
}

static bool read_time(reader *r, at_read_date *out) {
    int64_t hour, minute = 0, second = 0, part = 0;
    bool timed = digits(r, 2, &hour) > 0 && take(r, ':');
    if (!timed || digits(r, 2, &minute) != 2 || minute > 59)
        return false;
    if (take(r, ':') && (digits(r, 2, &second) != 2 || second > 60))
        return false;
    if (take(r, '.')) {
        int n = digits(r, 6, &part);
        for (; n < 6; n++)
            part *= 10;
        while (r->at < r->end && at_is_digit(*r->at))
            r->at++;
    }
    skip_blanks(r);
    bool pm = r->end - r->at >= 2 && strncasecmp(r->at, "pm", 2) == 0;
    if (pm || (r->end - r->at >= 2 && strncasecmp(r->at, "am", 2) == 0)) {
        r->at += 2;
        if (hour < 1 || hour > 12)
            return false;
        hour = hour % 12 + (pm ? 12 : 0);
        skip_blanks(r);
    }
    if (hour > 23)
        return false;
    out->us = ((hour * 60 + minute) * 60 + (second == 60 ? 59 : second)) * 1000000 + part;
    out->timed = true;
    return read_offset(r, out);
}

static void settle(at_read_date *out) {
    const int64_t day = (int64_t)86400 * 1000000;
    while (out->us < 0) {
        out->us += day;
        out->days--;
    }
    while (out->us >= day) {
        out->us -= day;
        out->days++;
    }
}

bool at_reading_date(const char *bytes, size_t length, at_date_order order,
                     at_read_date *out) {
    reader r = {bytes, bytes + length};
    *out = (at_read_date){0};
    skip_blanks(&r);
    while (r.end > r.at && at_is_blank(r.end[-1]))
        r.end--;
    if (r.at == r.end || !read_date(&r, order, out))
        return false;
    if (r.at < r.end) {
        take(&r, ',');
        if (!take(&r, 't') && !(r.at < r.end && at_is_blank(*r.at)))
            return false;
        skip_blanks(&r);
        if (!read_time(&r, out))
            return false;
    }
    settle(out);
    return r.at == r.end;
}

/* What a format gathers. */
typedef struct fields {
    int64_t year, month, day, hour, minute, second, us;
    bool pm, twelve, timed;
} fields;

static bool read_field(reader *r, char letter, fields *f) {
    int64_t number;
    int n;
    switch (letter) {
    case 'Y':
        return digits(r, 4, &f->year) == 4;
    case 'y':
        n = digits(r, 2, &f->year);
        f->year = full_year(f->year, n);
        return n == 2;
    case 'm':
        return digits(r, 2, &f->month) > 0;
    case 'd':
        return digits(r, 2, &f->day) > 0;
    case 'b':
    case 'B':
        f->month = name(r, months, 12) + 1;
        return f->month > 0;
    case 'a':
    case 'A':
        return name(r, weekdays, 7) >= 0;
    case 'H':
    case 'I':
        f->timed = true;
        f->twelve = f->twelve || letter == 'I';
        return digits(r, 2, &f->hour) > 0;
    case 'M':
        return digits(r, 2, &f->minute) > 0;
    case 'S':
        return digits(r, 2, &f->second) > 0;
    case 'f':
        n = digits(r, 6, &number);
        for (f->us = number; n > 0 && n < 6; n++)
            f->us *= 10;
        return n == 6;
    case 'p':
        f->pm = r->at < r->end && (*r->at | 0x20) == 'p';
        return (take(r, 'a') || take(r, 'p')) && take(r, 'm');
    default:
        return letter == '%' && take(r, '%');
    }
}

bool at_reading_format(const char *bytes, size_t length, const char *format,
                       at_read_date *out) {
    reader r = {bytes, bytes + length};
    fields f = {.year = 1970, .month = 1, .day = 1};
    *out = (at_read_date){0};
    for (const char *p = format; *p; p++) {
        if (at_is_blank(*p)) {
            skip_blanks(&r);
        } else if (*p == '%' && p[1]) {
            if (!read_field(&r, *++p, &f))
                return false;
        } else if (!take(&r, *p)) {
            return false;
        }
    }
    skip_blanks(&r);
    if (r.at < r.end || f.minute > 59 || f.second > 59 || f.hour > (f.twelve ? 12 : 23))
        return false;
    if (f.twelve)
        f.hour = f.hour % 12 + (f.pm ? 12 : 0);
    out->us = ((f.hour * 60 + f.minute) * 60 + f.second) * 1000000 + f.us;
    out->timed = f.timed;
    return put_date(f.year, f.month, f.day, out);
}
