/* Reading: numbers and dates as people write them. */
#ifndef ATELIER_OPS_RECIPE_READING_H
#define ATELIER_OPS_RECIPE_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct at_read_number {
    double value;
    bool fraction;    /* a decimal mark or an exponent was written */
    const char *unit; /* what stands after it, borrowed: "oz", "%" ... */
    size_t unit_length;
} at_read_number;

/* "1,234.50", "12.0 oz", "$ 3", "(5)", "45 %", "1.2M", "-3e-4"; with `comma` the marks
 * change places: "1.234,5". Thousands in groups of three, parted by the other mark, a
 * blank, ' or _. A currency or ~ may stand before; after it a unit without digits, of at
 * most 60 bytes. k, M, bn and their words multiply. False: it is no number. */
bool at_reading_number(const char *bytes, size_t length, bool comma, at_read_number *out);

typedef enum at_date_order { AT_DAY_FIRST, AT_MONTH_FIRST, AT_YEAR_FIRST } at_date_order;

typedef struct at_read_date {
    int64_t days; /* since 1970-01-01 */
    int64_t us;   /* of the day; an offset to UTC is taken off both */
    bool timed;
} at_read_date;

/* 31/1/2024, 31.01.24, 1/31/2024, 2024-01-31, 20240131, 31 Jan 2024, Jan 31st, 2024, with
 * a weekday before and a time after (14:05[:09[.25]] [AM|PM] [Z|+02:00]). `order` is that
 * of numbers alone, the year being last; a year of four digits in front comes first in
 * any. Years of two digits lie from 1969 to 2068 (POSIX). English names. */
bool at_reading_date(const char *bytes, size_t length, at_date_order order,
                     at_read_date *out);
/* By a format: %Y %y %m %d %b %B %a %A %H %I %M %S %f %p %%; a blank stands for any run
 * of blanks. */
bool at_reading_format(const char *bytes, size_t length, const char *format,
                       at_read_date *out);

#endif
