#include "ops/isa/scan.h"

#include <stdlib.h>
#include <string.h>

size_t at_scan_scalar(at_scan *scan, const char *text, size_t from, size_t to,
                      uint32_t *out) {
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        char c = text[i];
        scan->wide |= (signed char)c < 0;
        if (scan->quote >= 0 && c == (char)scan->quote) {
            scan->quotes = true;
            if (!scan->in_quote && !scan->after_start)
                scan->odd = true;
            scan->in_quote = !scan->in_quote;
            scan->after_start = true;
        } else if (!scan->in_quote && (c == scan->delimiter || c == scan->newline)) {
            scan->newlines += c == scan->newline;
            scan->after_start = true;
            out[n++] = (uint32_t)i;
        } else {
            scan->after_start = false;
        }
    }
    return n;
}

at_scan_fn *at_scan_pick(void) {
#if defined(__x86_64__)
    const char *want = getenv("ATELIER_ISA");
    bool any = !want || !*want;
    __builtin_cpu_init();
    bool avx512 =
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2");
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
    if (avx512 && (any || strcmp(want, "avx512") == 0))
        return at_scan_avx512;
    if (avx2 && (any || strcmp(want, "avx2") == 0 || strcmp(want, "avx512") == 0))
        return at_scan_avx2;
#endif
    return at_scan_scalar;
}
