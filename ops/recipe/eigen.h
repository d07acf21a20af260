/* Eigen: eigenvalues and eigenvectors of a symmetric matrix. */
#ifndef ATELIER_OPS_RECIPE_EIGEN_H
#define ATELIER_OPS_RECIPE_EIGEN_H

#include "ops/base/error.h"

#include <stddef.h>

/* a: (n, n) row-major, symmetric; becomes the eigenvectors, one a row, of length 1.
 * values: (n), falling. The largest part of a vector is positive, so that the sign is
 * settled (as scikit-learn's svd_flip).
 *
 * Householder's reduction to three diagonals, then QL with implicit shifts: Martin,
 * Reinsch and Wilkinson (1968); Dubrulle, Martin and Wilkinson (1968). AT_INVALID if it
 * does not settle, as for a matrix with NaN. */
AT_MUST_USE at_status at_eigen_symmetric(double *a, size_t n, double *values,
                                         at_error *err);

#endif
