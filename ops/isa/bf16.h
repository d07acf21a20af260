/* bfloat16: the upper half of a float, with its range and 8 bits of precision. Two of
 * them, of adjacent channels, share a word of 4 bytes, the lower channel in the lower
 * half, which is what the processors' dot products multiply.
 *
 * Memory of words is addressed as float *, whatever they hold; these read and write. */
#ifndef ATELIER_OPS_ISA_BF16_H
#define ATELIER_OPS_ISA_BF16_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline float at_bf16_widen(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* To the nearest, ties to even; what is not a number stays so. */
static inline uint16_t at_bf16_narrow(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float at_bf16_round(float value) {
    return at_bf16_widen(at_bf16_narrow(value));
}

/* Number i of what begins at `words`. */
static inline float at_bf16_get(const float *words, size_t i) {
    uint16_t half;
    memcpy(&half, (const char *)words + 2 * i, sizeof half);
    return at_bf16_widen(half);
}

static inline void at_bf16_set(float *words, size_t i, float value) {
    uint16_t half = at_bf16_narrow(value);
    memcpy((char *)words + 2 * i, &half, sizeof half);
}

#endif
