#include "ops/recipe/fold.h"

#include "ops/base/text.h"

uint32_t at_fold_small(uint32_t c) {
    if (c >= 'A' && c <= 'Z')
        return c + 32;
    if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
        (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) || (c >= 0x410 && c <= 0x42F))
        return c + 32;
    if (c >= 0x400 && c <= 0x40F)
        return c + 80;
    if (c == 0x178)
        return 0xFF;
    if (c == 0x130) /* its small letter is ASCII, with a dot of its own */
        return c;
    int even = (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177);
    int odd = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
    return (even && c % 2 == 0) || (odd && c % 2 == 1) ? c + 1 : c;
}

uint32_t at_fold_next(const char **at, const char *end) {
    const unsigned char *p = (const unsigned char *)*at;
    long left = end - *at;
    int more = p[0] < 0xC0 ? 0 : p[0] < 0xE0 ? 1 : p[0] < 0xF0 ? 2 : 3;
    uint32_t letter = more == 0   ? p[0]
                      : more == 1 ? p[0] & 0x1Fu
                      : more == 2 ? p[0] & 0x0Fu
                                  : p[0] & 0x07u;
    int i = 1;
    for (; i <= more && i < left; i++)
        letter = letter << 6 | (p[i] & 0x3Fu);
    *at += i;
    return letter;
}

size_t at_fold_write(char *out, uint32_t c) {
    static const unsigned first[] = {0, 0xC0, 0xE0, 0xF0};
    size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    out[0] = (char)(first[more] | c >> (6 * more));
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3F));
    return more + 1;
}

void at_fold_put(at_text *out, uint32_t c) {
    char bytes[4];
    at_text_append(out, bytes, at_fold_write(bytes, c));
}

int at_fold_is_word(uint32_t c) {
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '_';
    if (c < 0xC0) /* the feminine and masculine ordinals, micro, fractions, powers */
        return c == 0xAA || c == 0xBA || c == 0xB5 || c == 0xB2 || c == 0xB3 ||
               c == 0xB9 || (c >= 0xBC && c <= 0xBE);
    if (c == 0xD7 || c == 0xF7)
        return 0;
    return !((c >= 0x2000 && c <= 0x206F) || (c >= 0x20A0 && c <= 0x20CF) ||
             (c >= 0x2190 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x3004) ||
             (c >= 0x3008 && c <= 0x3020) || (c >= 0xFF01 && c <= 0xFF0F) ||
             (c >= 0xFF1A && c <= 0xFF20) || (c >= 0xE000 && c <= 0xF8FF) ||
             c == 0xFEFF || c == 0xFFFD || c >= 0x1F000);
}
