/* Order: comparators for qsort. */
#ifndef ATELIER_OPS_BASE_ORDER_H
#define ATELIER_OPS_BASE_ORDER_H

/* Rising doubles; none of them NaN. */
static inline int at_order_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#endif
