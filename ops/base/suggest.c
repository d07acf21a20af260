#include "ops/base/suggest.h"
#include "ops/base/text.h"

#include <stdbool.h>
#include <string.h>

enum { WORD_MAX = 127 };

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t at_edit_distance(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b);
    if (m > WORD_MAX || n > WORD_MAX)
        return at_equal_fold(a, b) ? 0 : m > n ? m : n;
    /* Three rows of the table are alive: i - 2 (for swaps), i - 1 and i. */
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= n; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; i <= m; i++) {
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            char x = lower(a[i - 1]), y = lower(b[j - 1]);
            size_t best = above[j - 1] + (x != y);
            best = least(best, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
                best = least(best, before[j - 2] + 1);
            row[j] = best;
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[n];
}

static bool prefix(const char *a, const char *b) {
    size_t i = 0;
    while (a[i] && b[i] && lower(a[i]) == lower(b[i]))
        i++;
    return i >= 2 && (a[i] == '\0' || b[i] == '\0');
}

const char *at_nearest(const char *word, const char *const *candidates, size_t count) {
    size_t third = strlen(word) / 3, within = third > 1 ? third : 1;
    const char *best = NULL;
    size_t best_distance = 0;
    bool best_near = false;
    for (size_t i = 0; i < count; i++) {
        size_t distance = at_edit_distance(word, candidates[i]);
        /* "to" is one edit from "x_", and from any word of one letter: not meant. */
        bool near = distance <= within && distance < strlen(word);
        if (!near && !prefix(word, candidates[i]))
            continue;
        if (!best || (near && !best_near) ||
            (near == best_near && distance < best_distance)) {
            best = candidates[i];
            best_distance = distance;
            best_near = near;
        }
    }
    return best;
}
