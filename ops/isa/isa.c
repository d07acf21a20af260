#include "ops/isa/isa.h"

#include "ops/isa/direct.h"
#include "ops/isa/pixels.h"
#include "ops/isa/pointwise.h"
#include "ops/isa/winograd.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct known {
    at_isa isa;
    bool (*runs)(void); /* on this processor */
} known;

static bool always(void) {
    return true;
}

#if defined(__x86_64__)
static bool has_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static bool has_avx512_bf16(void) {
    return has_avx512() && __builtin_cpu_supports("avx512bf16");
}
#endif

/* From the plainest to the widest. */
static const known all[] = {
    {{.name = "scalar",
      .pixel = 16,
      .direct = &at_direct_scalar,
      .pixels = &at_pixels_scalar,
      .pointwise = &at_pointwise_scalar,
      .winograd = &at_winograd_scalar},
     always},
#if defined(__x86_64__)
    {{.name = "avx2",
      .pixel = 16,
      .direct = &at_direct_avx2,
      .pixels = &at_pixels_avx2,
      .pointwise = &at_pointwise_avx2,
      .winograd = &at_winograd_avx2},
     has_avx2},
    {{.name = "avx512",
      .pixel = 16,
      .direct = &at_direct_avx512,
      .pixels = &at_pixels_avx512,
      .pointwise = &at_pointwise_avx512,
      .winograd = &at_winograd_avx512},
     has_avx512},
#elif defined(__aarch64__)
    {{.name = "neon",
      .pixel = 16,
      .direct = &at_direct_neon,
      .pixels = &at_pixels_neon,
      .pointwise = &at_pointwise_neon,
      .winograd = &at_winograd_neon},
     always},
#endif
};

enum { ALL = sizeof all / sizeof *all };

/* The same for maps of bfloat16. */
static const known halves[] = {
    {{.name = "scalar_bf16",
      .pixel = 8,
      .direct = &at_direct_scalar_bf16,
      .pointwise = &at_pointwise_scalar_bf16,
      .winograd = &at_winograd_scalar_bf16},
     always},
#if defined(__x86_64__)
    {{.name = "avx512_bf16",
      .pixel = 8,
      .direct = &at_direct_avx512_bf16,
      .pointwise = &at_pointwise_avx512_bf16,
      .winograd = &at_winograd_avx512_bf16},
     has_avx512_bf16},
#endif
};

enum { HALVES = sizeof halves / sizeof *halves };

const at_isa *at_isa_at(size_t index) {
    for (size_t i = 0; i < ALL; i++)
        if (all[i].runs() && index-- == 0)
            return &all[i].isa;
    return NULL;
}

static const at_isa *named(const known *of, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(of[i].isa.name, name) == 0)
            return of[i].runs() ? &of[i].isa : NULL;
    return NULL;
}

const at_isa *at_isa_named(const char *name) {
    const at_isa *isa = named(all, ALL, name);
    return isa ? isa : named(halves, HALVES, name);
}

const at_isa *at_isa_bf16(const at_isa *isa) {
    char name[32];
    snprintf(name, sizeof name, "%s_bf16", isa->name);
    return named(halves, HALVES, name);
}

const at_isa *at_isa_pick(void) {
    const char *want = getenv("ATELIER_ISA");
    if (want && *want) {
        const at_isa *isa = named(all, ALL, want);
        if (isa)
            return isa;
    }
    for (size_t i = ALL; i-- > 1;)
        if (all[i].runs())
            return &all[i].isa;
    return &all[0].isa;
}
