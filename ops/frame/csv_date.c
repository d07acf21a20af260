/* Dates and times in cells. */
#include "ops/base/clock.h"
#include "ops/frame/csv_cell.h"

static bool digit(char c) {
    return c >= '0' && c <= '9';
}

/* Between `least` and `most` digits at *p. */
static bool number(const char **p, const char *end, int least, int most, int *out) {
    int n = 0, value = 0;
    while (n < most && *p < end && digit(**p)) {
        value = value * 10 + (**p - '0');
        (*p)++;
        n++;
    }
    *out = value;
    return n >= least;
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool real_date(int year, int month, int day) {
    return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days_in_month(year, month);
}

/* yyyy-mm-dd or yyyy/mm/dd at *p. */
static bool iso_date(const char **p, const char *end, int32_t *days) {
    int year, month, day;
    if (!number(p, end, 4, 4, &year) || *p == end || (**p != '-' && **p != '/'))
        return false;
    char mark = *(*p)++;
    if (!number(p, end, 2, 2, &month) || *p == end || *(*p)++ != mark ||
        !number(p, end, 2, 2, &day) || !real_date(year, month, day))
        return false;
    *days = (int32_t)at_days_from_civil(year, (unsigned)month, (unsigned)day);
    return true;
}

bool at_cell_date(const char *cell, size_t length, int32_t *days) {
    at_cell_trim(&cell, &length);
    const char *end = cell + length;
    return length == 10 && iso_date(&cell, end, days) && cell == end;
}

/* a/b/year at *p, packed as year << 10 | a << 5 | b. Years of two digits, after slashes
 * alone, lie from 1969 to 2068 (POSIX). */
static bool slash_date(const char **p, const char *end, int32_t *packed,
                       unsigned *orders) {
    int a, b, year;
    if (!number(p, end, 1, 2, &a) || *p == end ||
        (**p != '/' && **p != '.' && **p != '-'))
        return false;
    char mark = *(*p)++;
    if (!number(p, end, 1, 2, &b) || *p == end || *(*p)++ != mark)
        return false;
    const char *from = *p;
    if (!number(p, end, 2, 4, &year) || *p - from == 3)
        return false;
    if (*p - from == 2) {
        if (mark != '/')
            return false;
        year += year < 69 ? 2000 : 1900;
    }
    /* Nobody writes month.day.year. */
    unsigned may = mark == '.' ? AT_ORDER_DMY : AT_ORDER_BOTH;
    if (!real_date(year, a, b))
        may &= ~(unsigned)AT_ORDER_MDY;
    if (!real_date(year, b, a))
        may &= ~(unsigned)AT_ORDER_DMY;
    *orders &= may;
    *packed = year << 10 | a << 5 | b;
    return *orders != 0;
}

bool at_cell_slash(const char *cell, size_t length, int32_t *packed, unsigned *orders) {
    at_cell_trim(&cell, &length);
    const char *end = cell + length;
    return length >= 6 && length <= 10 && slash_date(&cell, end, packed, orders) &&
           cell == end;
}

int32_t at_cell_unpack_date(int32_t packed, unsigned order) {
    unsigned a = packed >> 5 & 31, b = packed & 31;
    bool month_first = order == AT_ORDER_MDY;
    return (int32_t)at_days_from_civil(packed >> 10, month_first ? a : b,
                                       month_first ? b : a);
}

/* h:mm[:ss[.ffffff]] at *p, in microseconds. */
static bool time_of_day(const char **p, const char *end, int least, int64_t *us) {
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (!number(p, end, least, 2, &hour) || *p == end || *(*p)++ != ':' ||
        !number(p, end, 2, 2, &minute))
        return false;
    if (*p < end && **p == ':') {
        (*p)++;
        if (!number(p, end, 2, 2, &second))
            return false;
        if (*p + 1 < end && (**p == '.' || **p == ',') && digit((*p)[1])) {
            int64_t scale = 100000;
            for ((*p)++; *p < end && digit(**p); (*p)++, scale /= 10)
                fraction += (**p - '0') * scale;
        }
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *us = ((int64_t)hour * 3600 + minute * 60 + second) * 1000000 + fraction;
    return true;
}

/* "Z", "+02", "+0200", "+02:00" at *p: microseconds to subtract. */
static bool zone_offset(const char **p, const char *end, int64_t *us) {
    *us = 0;
    if (*p < end && (**p == 'Z' || **p == 'z')) {
        (*p)++;
        return true;
    }
    if (*p == end || (**p != '+' && **p != '-'))
        return false;
    bool west = *(*p)++ == '-';
    int hour, minute = 0;
    if (!number(p, end, 2, 2, &hour))
        return false;
    if (*p < end && **p == ':')
        (*p)++;
    if (*p < end && !number(p, end, 2, 2, &minute))
        return false;
    *us = ((int64_t)hour * 60 + minute) * 60000000 * (west ? -1 : 1);
    return hour <= 18 && minute <= 59;
}

bool at_cell_stamp(const char *cell, size_t length, bool zone, int64_t *us) {
    int32_t days;
    int64_t time, offset = 0;
    at_cell_trim(&cell, &length);
    const char *end = cell + length;
    if (length < 10 || length > 40 || !iso_date(&cell, end, &days))
        return false;
    if (cell == end && !zone) { /* a date among timestamps: midnight */
        *us = (int64_t)days * 86400000000;
        return true;
    }
    if (cell == end || (*cell != ' ' && *cell != 'T' && *cell != 't'))
        return false;
    cell++;
    if (!time_of_day(&cell, end, 2, &time) ||
        (zone && !zone_offset(&cell, end, &offset)) || cell != end)
        return false;
    *us = (int64_t)days * 86400000000 + time - offset;
    return true;
}

/* Packed as the date << 37 | microseconds of the day, which fit. */
bool at_cell_stamp_slash(const char *cell, size_t length, int64_t *packed,
                         unsigned *orders) {
    int32_t date;
    int64_t time = 0;
    at_cell_trim(&cell, &length);
    const char *end = cell + length;
    if (length < 6 || length > 40 || !slash_date(&cell, end, &date, orders))
        return false;
    if (cell < end) {
        if (*cell++ != ' ' || !time_of_day(&cell, end, 1, &time))
            return false;
        if (end - cell == 3 && *cell == ' ' && (cell[2] | 0x20) == 'm' &&
            ((cell[1] | 0x20) == 'a' || (cell[1] | 0x20) == 'p')) {
            const int64_t noon = (int64_t)43200 * 1000000;
            if (time >= noon + 3600 * (int64_t)1000000)
                return false;
            time = time % noon + ((cell[1] | 0x20) == 'p' ? noon : 0);
            cell += 3;
        }
    }
    *packed = (int64_t)date << 37 | time;
    return cell == end;
}

int64_t at_cell_unpack_stamp(int64_t packed, unsigned order) {
    int64_t time = packed & (((int64_t)1 << 37) - 1);
    return at_cell_unpack_date((int32_t)(packed >> 37), order) * (int64_t)86400000000 +
           time;
}
