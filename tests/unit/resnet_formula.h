/* The formula by which golden/resnet.py and golden/imported.py make weights, images and
 * labels, so that none are committed. */
#ifndef ATELIER_TESTS_RESNET_FORMULA_H
#define ATELIER_TESTS_RESNET_FORMULA_H

#include "ops/nn/net.h"

#include <math.h>

/* FNV-1a. */
static inline uint64_t formula_hash(const char *text) {
    uint64_t hash = 14695981039346656037u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

/* Number i of a name, in [-1, 1): splitmix64's finish of its hash plus the index. */
static inline double formula_uniform(const char *name, size_t i) {
    uint64_t z = i + formula_hash(name) + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 11) / 4503599627370496.0 - 1;
}

/* Value i of a parameter. */
static inline float formula_value(const char *name, const at_parameter *parameter,
                                  size_t i) {
    double u = formula_uniform(name, i);
    switch (parameter->role) {
    case AT_ROLE_WEIGHT:
        return (float)(u * sqrt(6.0 / parameter->fan_in));
    case AT_ROLE_SCALE:
        return (float)(parameter->learned ? 1 + 0.25 * u : 1);
    case AT_ROLE_VARIANCE:
        return (float)(1 + 0.25 * u);
    case AT_ROLE_BIAS:
    case AT_ROLE_SHIFT:
    case AT_ROLE_MEAN:
        break;
    }
    return (float)(0.25 * u);
}

#endif
