/* De-icing: an example table made from physics, so that a first walk needs no network. */
#ifndef ATELIER_MAGICS_DATA_DEICING_H
#define ATELIER_MAGICS_DATA_DEICING_H

#include "ops/frame/frame.h"

/* One row a departure: airport, country (written in several ways), temperature (deg C),
 * humidity (%), wind (m/s), precipitation (mm/h), deicing (yes or no). A few cells are
 * missing. The same seed gives the same table. */
AT_MUST_USE at_status at_deicing_frame(int64_t rows, uint64_t seed, at_frame **out,
                                       at_error *err);
/* Frost point in deg C of air at `temperature` deg C and `humidity` % (Magnus formula
 * over ice, coefficients of Alduchov and Eskridge 1996). */
double at_frost_point(double temperature, double humidity);

#endif
