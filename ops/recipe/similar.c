#include "ops/recipe/similar.h"

#include "ops/base/letter.h"
#include "ops/base/text.h"
#include "ops/frame/dictionary.h"
#include "ops/recipe/fold.h"

#include <stdlib.h>
#include <string.h>

enum {
    LONGEST = 400, /* letters that are compared by edits */
    MOST_WORDS = 64,
    FAR = 1000,
};

/* Levels with one key. */
typedef struct cluster {
    const char *kept; /* the spelling that stands for it */
    size_t kept_length;
    int64_t count;
    uint32_t first; /* its first level */
    bool fixed;
    const uint32_t *letters; /* (length): small, words parted by one blank */
    size_t length;
    uint64_t mask;        /* which letters there are, by their last six bits */
    struct cluster *into; /* merged into that one; NULL: it stays */
} cluster;

typedef struct finder {
    at_similar_level *levels;
    size_t count;
    at_similar_mode mode;
    at_arena *arena;
    const at_cancel *cancel;
    uint32_t *of_level; /* (count): its cluster */
    cluster *clusters;
    size_t cluster_count;
    cluster **order; /* by falling count */
} finder;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

static bool is_blank(const char *p, size_t left, size_t *n) {
    *n = left >= 2 && p[0] == '\xC2' && p[1] == '\xA0' ? 2 : 1;
    return *n == 2 || (left && at_is_space(*p));
}

/* Without blanks around it. */
static void tidy(const char *bytes, size_t length, at_text *out) {
    size_t n, end = length;
    while (is_blank(bytes, end, &n)) {
        bytes += n;
        end -= n;
    }
    while (end && (is_blank(bytes + end - 1, 1, &n) ||
                   (end >= 2 && is_blank(bytes + end - 2, 2, &n) && n == 2)))
        end -= n;
    at_text_append(out, bytes, end);
}

static at_status cluster_levels(finder *f, at_error *err) {
    at_dictionary keys = {0};
    at_text key = {0};
    at_status status = AT_OK;
    for (size_t i = 0; i < f->count && status == AT_OK; i++) {
        at_text_clear(&key);
        at_similar_key(f->levels[i].bytes, f->levels[i].length, &key);
        f->of_level[i] = at_dictionary_add(&keys, at_text_get(&key), key.length);
        if (!at_text_ok(&key) || f->of_level[i] == AT_DICTIONARY_NONE)
            status = no_memory(err);
    }
    f->cluster_count = keys.count;
    at_text_fini(&key);
    at_dictionary_fini(&keys);
    f->clusters = at_arena_alloc(f->arena, (f->cluster_count + 1) * sizeof *f->clusters);
    f->order = at_arena_alloc(f->arena, (f->cluster_count + 1) * sizeof *f->order);
    if (status == AT_OK && (!f->clusters || !f->order))
        status = no_memory(err);
    for (size_t i = f->count; i-- > 0 && status == AT_OK;) {
        cluster *c = &f->clusters[f->of_level[i]];
        c->count += f->levels[i].count;
        c->fixed = c->fixed || f->levels[i].fixed;
        c->first = (uint32_t)i;
    }
    return status;
}

/* The spelling, without blanks around it, that most cells have, of those that may change;
 * earlier ones first among equals. */
static at_status choose_spellings(finder *f, at_error *err) {
    at_dictionary tidied = {0};
    at_text text = {0};
    uint32_t *of = at_alloc_array(f->count + 1, sizeof *of);
    int64_t *counts = at_alloc_array(f->count + 1, sizeof *counts);
    at_status status = of && counts ? AT_OK : no_memory(err);
    for (size_t i = 0; i < f->count && status == AT_OK; i++) {
        at_text_clear(&text);
        tidy(f->levels[i].bytes, f->levels[i].length, &text);
        of[i] = at_dictionary_add(&tidied, at_text_get(&text), text.length);
        if (!at_text_ok(&text) || of[i] == AT_DICTIONARY_NONE)
            status = no_memory(err);
        else if (!f->levels[i].fixed)
            counts[of[i]] += f->levels[i].count;
    }
    int64_t *best = at_alloc_array(f->cluster_count + 1, sizeof *best);
    if (!best)
        status = no_memory(err);
    for (size_t i = 0; i < f->count && status == AT_OK; i++) {
        cluster *c = &f->clusters[f->of_level[i]];
        int64_t here = f->levels[i].fixed ? 0 : counts[of[i]];
        if (c->kept && here <= best[f->of_level[i]])
            continue;
        best[f->of_level[i]] = here;
        c->kept_length = (size_t)(tidied.offsets[of[i] + 1] - tidied.offsets[of[i]]);
        c->kept =
            at_arena_text(f->arena, tidied.bytes + tidied.offsets[of[i]], c->kept_length);
        if (!c->kept)
            status = no_memory(err);
    }
    at_free(best);
    at_free(of);
    at_free(counts);
    at_text_fini(&text);
    at_dictionary_fini(&tidied);
    return status;
}

static at_status spell(finder *f, cluster *c, at_error *err) {
    uint32_t *letters = at_arena_alloc(f->arena, (c->kept_length + 1) * sizeof *letters);
    if (!letters)
        return no_memory(err);
    const char *at = c->kept, *end = at + c->kept_length;
    while (at < end) {
        uint32_t letter = at_fold_small(at_fold_next(&at, end));
        if (letter == 0xA0 || letter == '\t')
            letter = ' ';
        if (letter == ' ' && c->length && letters[c->length - 1] == ' ')
            continue;
        letters[c->length++] = letter;
        c->mask |= (uint64_t)1 << (letter & 63);
    }
    c->letters = letters;
    return AT_OK;
}

static bool is_digit(uint32_t c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c) {
    return at_fold_is_word(c) && !is_digit(c) && c != '_';
}

static int least(int a, int b) {
    return a < b ? a : b;
}

/* What it costs that b has y where a has x: a letter may have been a digit, but a digit
 * is meant. */
static int exchange(uint32_t x, uint32_t y) {
    return x == y ? 0 : is_digit(x) ? FAR : 1;
}

/* Edits from a to b (insert, delete, replace, swap neighbours), FAR above `most`. */
static int edits(const uint32_t *a, size_t n, const uint32_t *b, size_t m, int most) {
    int rows[3][LONGEST + 1];
    if (n > LONGEST || m > LONGEST || (n > m ? n - m : m - n) > (size_t)most)
        return FAR;
    int *before = rows[0], *last = rows[1], *now = rows[2];
    last[0] = 0;
    for (size_t j = 1; j <= m; j++)
        last[j] = least(FAR, last[j - 1] + (is_digit(b[j - 1]) ? FAR : 1));
    for (size_t i = 1; i <= n; i++) {
        int low = now[0] = least(FAR, last[0] + (is_digit(a[i - 1]) ? FAR : 1));
        for (size_t j = 1; j <= m; j++) {
            uint32_t x = a[i - 1], y = b[j - 1];
            int best = last[j - 1] + exchange(x, y);
            best = least(best, last[j] + (is_digit(x) ? FAR : 1));
            best = least(best, now[j - 1] + (is_digit(y) ? FAR : 1));
            if (i > 1 && j > 1 && x == b[j - 2] && a[i - 2] == y && !is_digit(x) &&
                !is_digit(y))
                best = least(best, before[j - 2] + 1);
            now[j] = least(best, FAR);
            low = least(low, now[j]);
        }
        if (low > most)
            return FAR;
        int *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[m] <= most ? last[m] : FAR;
}

static int word_limit(const finder *f, size_t length) {
    if (f->mode == AT_SIMILAR_LOOSELY)
        return length < 3 ? 0 : length < 6 ? 1 : (int)(length / 3);
    return length < 4 ? 0 : length < 8 ? 1 : 2;
}

typedef struct word {
    const uint32_t *at;
    size_t length;
} word;

/* The parts of a code are words too, unless it is to be loose. */
static bool parts_words(const finder *f, uint32_t c) {
    return c == ' ' ||
           (f->mode == AT_SIMILAR_USUALLY && (c == '_' || c == '-' || c == '/'));
}

static size_t split_words(const finder *f, const cluster *c, word words[MOST_WORDS]) {
    size_t count = 0;
    for (size_t i = 0; i < c->length;) {
        size_t from = i;
        while (i < c->length && !parts_words(f, c->letters[i]))
            i++;
        if (count == MOST_WORDS)
            return 0;
        words[count++] = (word){c->letters + from, i - from};
        i++;
    }
    return count;
}

static size_t greater(size_t a, size_t b) {
    return a > b ? a : b;
}

/* Word by word, where both have as many; else as a whole, where blanks were lost. */
static int distance(const finder *f, const cluster *a, const cluster *b) {
    word x[MOST_WORDS], y[MOST_WORDS];
    size_t length = greater(a->length, b->length);
    int whole = f->mode == AT_SIMILAR_LOOSELY ? (int)(length / 3) : (int)(length / 4);
    if ((a->length > b->length ? a->length - b->length : b->length - a->length) >
            (size_t)whole ||
        __builtin_popcountll(a->mask ^ b->mask) > 2 * whole)
        return FAR;
    size_t n = split_words(f, a, x), m = split_words(f, b, y);
    if (!n || n != m)
        return edits(a->letters, a->length, b->letters, b->length,
                     f->mode == AT_SIMILAR_LOOSELY ? (int)(length / 5)
                                                   : (int)(length / 8));
    int total = 0;
    for (size_t k = 0; k < n; k++) {
        int limit = word_limit(f, greater(x[k].length, y[k].length));
        /* A short word may be slightly off within a long text. */
        if (!limit && f->mode == AT_SIMILAR_LOOSELY && n >= 3 && x[k].length == 2 &&
            y[k].length == 2)
            limit = 1;
        int d = edits(x[k].at, x[k].length, y[k].at, y[k].length, limit);
        if (d == FAR)
            return FAR;
        total += d;
    }
    return total <= whole ? total : FAR;
}

/* 1xx18 for 10018: letters where the other has digits, at most three in five. */
static bool lost_digits(const cluster *a, const cluster *b) {
    size_t lost = 0, digits = 0;
    if (a->length != b->length)
        return false;
    for (size_t i = 0; i < a->length; i++) {
        digits += is_digit(b->letters[i]);
        if (a->letters[i] == b->letters[i])
            continue;
        if (!is_letter(a->letters[i]) || !is_digit(b->letters[i]))
            return false;
        lost++;
    }
    return lost && digits >= 3 && 5 * lost <= 3 * digits;
}

/* The only one whose digits fit, however frequent. */
static cluster *find_number(const finder *f, const cluster *a) {
    cluster *only = NULL;
    for (size_t k = 0; k < f->cluster_count; k++) {
        cluster *b = f->order[k];
        if (b == a || !lost_digits(a, b))
            continue;
        if (only)
            return NULL;
        only = b;
    }
    return only && !only->into ? only : NULL;
}

/* The nearest of the more frequent ones that stay; NULL: none, or two are as near. */
static cluster *find_nearest(const finder *f, size_t place) {
    const cluster *a = f->order[place];
    int ratio = f->mode == AT_SIMILAR_LOOSELY ? 2 : 10, nearest = FAR;
    cluster *best = NULL;
    bool tie = false;
    for (size_t k = 0; k < place; k++) {
        cluster *b = f->order[k];
        if (b->count < ratio * a->count)
            break; /* they fall */
        if (b->into)
            continue;
        int d = distance(f, a, b);
        if (d > nearest || d == FAR)
            continue;
        if (d < nearest) {
            best = b;
            nearest = d;
            tie = false;
        } else if (b->count * 4 > best->count) {
            tie = true;
        }
    }
    return tie ? NULL : best;
}

static int by_count(const void *a, const void *b) {
    const cluster *x = *(cluster *const *)a, *y = *(cluster *const *)b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static at_status merge_clusters(finder *f, at_error *err) {
    for (size_t k = 0; k < f->cluster_count; k++) {
        f->order[k] = &f->clusters[k];
        AT_TRY(spell(f, f->order[k], err));
    }
    qsort(f->order, f->cluster_count, sizeof(cluster *), by_count);
    for (size_t k = 0; k < f->cluster_count; k++) {
        cluster *c = f->order[k];
        if (at_cancelled(f->cancel))
            return at_fail(err, AT_CANCELLED, "interrupted");
        if (c->fixed)
            continue;
        c->into = find_number(f, c);
        if (!c->into)
            c->into = find_nearest(f, k);
    }
    return AT_OK;
}

at_status at_similar_find(at_similar_level *levels, size_t count, at_similar_mode mode,
                          at_arena *arena, const at_cancel *cancel, at_error *err) {
    finder f = {
        .levels = levels, .count = count, .mode = mode, .arena = arena, .cancel = cancel};
    if (count > AT_SIMILAR_LEVELS)
        return at_fail(err, AT_LIMIT,
                       "more than %d different values: too many to compare",
                       AT_SIMILAR_LEVELS);
    f.of_level = at_arena_alloc(arena, (count + 1) * sizeof *f.of_level);
    if (!f.of_level)
        return no_memory(err);
    AT_TRY(cluster_levels(&f, err));
    AT_TRY(choose_spellings(&f, err));
    if (mode != AT_SIMILAR_STRICTLY)
        AT_TRY(merge_clusters(&f, err));
    for (size_t i = 0; i < count; i++) {
        const cluster *c = &f.clusters[f.of_level[i]];
        while (c->into)
            c = c->into;
        at_similar_level *level = &levels[i];
        level->kept = NULL;
        if (level->fixed || (c->kept_length == level->length &&
                             memcmp(c->kept, level->bytes, level->length) == 0))
            continue;
        level->kept = c->kept;
        level->kept_length = c->kept_length;
    }
    return AT_OK;
}
