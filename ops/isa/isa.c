#include "ops/isa/isa.h"

#include "ops/isa/direct.h"
#include "ops/isa/pixels.h"
#include "ops/isa/pointwise.h"
#include "ops/isa/winograd.h"

#include <stdbool.h>
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
#endif

/* From the plainest to the widest. */
static const known all[] = {
    {{.name = "scalar",
      .direct = &at_direct_scalar,
      .pixels = &at_pixels_scalar,
      .pointwise = &at_pointwise_scalar,
      .winograd = &at_winograd_scalar},
     always},
#if defined(__x86_64__)
    {{.name = "avx2",
      .direct = &at_direct_avx2,
      .pixels = &at_pixels_avx2,
      .pointwise = &at_pointwise_avx2,
      .winograd = &at_winograd_avx2},
     has_avx2},
    {{.name = "avx512",
      .direct = &at_direct_avx512,
      .pixels = &at_pixels_avx512,
      .pointwise = &at_pointwise_avx512,
      .winograd = &at_winograd_avx512},
     has_avx512},
#elif defined(__aarch64__)
    {{.name = "neon",
      .direct = &at_direct_neon,
      .pixels = &at_pixels_neon,
      .pointwise = &at_pointwise_neon,
      .winograd = &at_winograd_neon},
     always},
#endif
};

enum { ALL = sizeof all / sizeof *all };

const at_isa *at_isa_at(size_t index) {
    for (size_t i = 0; i < ALL; i++)
        if (all[i].runs() && index-- == 0)
            return &all[i].isa;
    return NULL;
}

const at_isa *at_isa_named(const char *name) {
    for (size_t i = 0; i < ALL; i++)
        if (strcmp(all[i].isa.name, name) == 0)
            return all[i].runs() ? &all[i].isa : NULL;
    return NULL;
}

const at_isa *at_isa_pick(void) {
    const char *want = getenv("ATELIER_ISA");
    if (want && *want) {
        const at_isa *isa = at_isa_named(want);
        if (isa)
            return isa;
    }
    for (size_t i = ALL; i-- > 1;)
        if (all[i].runs())
            return &all[i].isa;
    return &all[0].isa;
}
