/* Order: comparators for qsort, and sorting of many numbers. */
#ifndef ATELIER_OPS_BASE_ORDER_H
#define ATELIER_OPS_BASE_ORDER_H

#include <stddef.h>

/* Rising doubles; none of them NaN. */
static inline int at_order_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts doubles, none of them NaN: by radix where they are many and there is memory for a
 * second copy, else by qsort. */
void at_sort_doubles(double *values, size_t count);

#endif
