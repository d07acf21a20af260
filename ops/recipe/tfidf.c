/* text C: words as numbers, hashed TF-IDF: a word counts in the bucket of its hash, rare
 * words count more, and a row has length 1.
 *
 * As scikit-learn's HashingVectorizer(alternate_sign=False) and TfidfTransformer: words
 * of two letters or more in small letters; MurmurHash3 (Appleby, x86, 32 bits, seed 0);
 * idf = log((1 + rows) / (1 + rows with the bucket)) + 1; Euclidean norm. */
#include "ops/recipe/fold.h"
#include "ops/recipe/json.h"
#include "ops/recipe/level.h"

#include <math.h>
#include <string.h>

enum {
    BUCKETS = 256,
    MOST_BUCKETS = 4096,
    LONGEST = 1000, /* bytes of a word that are hashed */
};

typedef struct tfidf_state {
    size_t buckets;
    double **idf;              /* (columns) of (buckets) */
    const char *const **names; /* (columns) of (buckets) */
} tfidf_state;

static at_status no_memory(at_error *err) {
    return at_fail(err, AT_NO_MEMORY, "out of memory");
}

static uint32_t rotate(uint32_t x, int by) {
    return x << by | x >> (32 - by);
}

static uint32_t scramble(uint32_t k) {
    return rotate(k * 0xCC9E2D51u, 15) * 0x1B873593u;
}

static uint32_t murmur(const char *bytes, size_t length) {
    uint32_t h = 0, k = 0;
    size_t i = 0;
    for (; i + 4 <= length; i += 4) {
        const unsigned char *p = (const unsigned char *)bytes + i;
        k = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        h = rotate(h ^ scramble(k), 13) * 5 + 0xE6546B64u;
    }
    k = 0;
    for (size_t j = length; j > i; j--)
        k = k << 8 | (unsigned char)bytes[j - 1];
    h ^= scramble(k) ^ (uint32_t)length;
    h = (h ^ h >> 16) * 0x85EBCA6Bu;
    h = (h ^ h >> 13) * 0xC2B2AE35u;
    return h ^ h >> 16;
}

/* The bucket of a word: of the hash as a signed number, without its sign. */
static size_t bucket_of(const char *word, size_t length, size_t buckets) {
    uint32_t h = murmur(word, length);
    uint32_t size = h & 0x80000000u ? 0u - h : h;
    return size % buckets;
}

/* counts: (buckets), zeroed. */
static void count_words(const char *text, int64_t length, size_t buckets,
                        double *counts) {
    const char *at = text, *end = text + length;
    char word[LONGEST + 8];
    size_t letters = 0, size = 0;
    for (;;) {
        uint32_t c = at < end ? at_fold_next(&at, end) : ' ';
        if (at_fold_is_word(c)) {
            if (size < LONGEST)
                size += at_fold_write(word + size, at_fold_small(c));
            letters++;
            continue;
        }
        if (letters >= 2)
            counts[bucket_of(word, size, buckets)] += 1;
        letters = size = 0;
        if (at >= end)
            break;
    }
}

static at_status check_column(const at_column *c, at_error *err) {
    if (at_type_textual(c->type))
        return AT_OK;
    at_fail(err, AT_INVALID, "'%s' is %s: there are no words to count", c->name,
            at_type_name(c->type));
    return at_hint(err, "text works on columns of type text and category");
}

static at_status learn_idf(const at_column *c, size_t buckets, double *idf,
                           at_error *err) {
    double *counts = at_alloc_array(buckets, sizeof *counts);
    if (!counts)
        return no_memory(err);
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_column_text(c, i, &length);
        if (!text)
            continue;
        memset(counts, 0, buckets * sizeof *counts);
        count_words(text, length, buckets, counts);
        for (size_t b = 0; b < buckets; b++)
            idf[b] += counts[b] > 0;
    }
    for (size_t b = 0; b < buckets; b++)
        idf[b] = log((1 + (double)c->rows) / (1 + idf[b])) + 1;
    at_free(counts);
    return AT_OK;
}

static at_status new_state(at_step *step, size_t buckets, tfidf_state **out,
                           at_error *err) {
    tfidf_state *state = at_arena_alloc(&step->arena, sizeof *state);
    size_t count = step->column_count + 1;
    if (!state)
        return no_memory(err);
    state->buckets = buckets;
    state->idf = at_arena_alloc(&step->arena, count * sizeof *state->idf);
    state->names = at_arena_alloc(&step->arena, count * sizeof *state->names);
    if (!state->idf || !state->names)
        return no_memory(err);
    step->state = *out = state;
    return AT_OK;
}

static at_status name_buckets(at_step *step, const at_sheet *sheet, size_t i,
                              at_error *err) {
    tfidf_state *state = step->state;
    const char **names = at_arena_alloc(&step->arena, state->buckets * sizeof *names);
    for (size_t b = 0; names && b < state->buckets; b++) {
        const char *base = at_arena_format(&step->arena, "%s#%zu", step->columns[i], b);
        names[b] = base ? at_level_fresh(sheet, NULL, 0, &step->arena, base) : NULL;
        if (!names[b])
            return no_memory(err);
    }
    state->names[i] = names;
    return names ? AT_OK : no_memory(err);
}

static at_status read_buckets(const at_step *step, size_t *out, at_error *err) {
    int64_t number = BUCKETS;
    if (step->args.value_count && (!at_parse_int(step->args.values[0], &number) ||
                                   number < 2 || number > MOST_BUCKETS)) {
        at_fail(err, AT_INVALID, "text makes 2 to %d columns, not '%s'", MOST_BUCKETS,
                step->args.values[0]);
        return at_hint(err, "for example: %s", step->kind->example);
    }
    *out = (size_t)number;
    return AT_OK;
}

static at_status fit(at_step *step, const at_sheet *sheet, const at_step_context *context,
                     at_error *err) {
    size_t buckets;
    tfidf_state *state;
    AT_TRY(read_buckets(step, &buckets, err));
    AT_TRY(at_step_resolve(step, sheet, context, err));
    AT_TRY(new_state(step, buckets, &state, err));
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        AT_TRY(check_column(&sheet->columns[place], err));
        state->idf[i] = at_arena_alloc(&step->arena, buckets * sizeof(double));
        if (!state->idf[i])
            return no_memory(err);
        AT_TRY(learn_idf(&sheet->columns[place], buckets, state->idf[i], err));
        AT_TRY(name_buckets(step, sheet, i, err));
    }
    return AT_OK;
}

/* slab: (buckets, rows), zeroed. */
static at_status fill(const at_column *c, const double *idf, size_t buckets, double *slab,
                      at_error *err) {
    double *counts = at_alloc_array(buckets, sizeof *counts);
    if (!counts)
        return no_memory(err);
    for (int64_t i = 0; i < c->rows; i++) {
        int64_t length;
        const char *text = at_column_text(c, i, &length);
        if (!text)
            continue;
        memset(counts, 0, buckets * sizeof *counts);
        count_words(text, length, buckets, counts);
        double squares = 0;
        for (size_t b = 0; b < buckets; b++) {
            counts[b] *= idf[b];
            squares += counts[b] * counts[b];
        }
        for (size_t b = 0; b < buckets && squares > 0; b++)
            slab[b * (size_t)c->rows + (size_t)i] = counts[b] / sqrt(squares);
    }
    at_free(counts);
    return AT_OK;
}

/* All columns of one text share one store. */
static at_status add_columns(const tfidf_state *state, size_t i, at_sheet *sheet,
                             int place, at_error *err) {
    at_column_store *store;
    size_t rows = (size_t)sheet->rows;
    AT_TRY(at_sheet_store(sheet, &store, err));
    double *slab = rows <= SIZE_MAX / (state->buckets + 1)
                       ? at_sheet_cells(sheet, state->buckets * rows + 1, sizeof *slab)
                       : NULL;
    store->values = slab;
    at_status status =
        slab ? fill(&sheet->columns[place], state->idf[i], state->buckets, slab, err)
             : no_memory(err);
    for (size_t b = 0; b < state->buckets && status == AT_OK; b++) {
        at_column column = {
            .type = AT_TYPE_FLOAT, .rows = sheet->rows, .reals = slab + b * rows};
        status = at_sheet_add(sheet, state->names[i][b], &column,
                              at_column_store_retain(store), true, err);
    }
    at_column_store_release(store);
    return status;
}

static at_status apply(const at_step *step, at_sheet *sheet,
                       const at_step_context *context, at_step_report *report,
                       at_error *err) {
    (void)context;
    (void)report;
    const tfidf_state *state = step->state;
    int place = 0;
    for (size_t i = 0; i < step->column_count; i++) {
        AT_TRY(at_step_place(step, i, sheet, &place, err));
        if (place < 0)
            continue;
        AT_TRY(check_column(&sheet->columns[place], err));
        AT_TRY(add_columns(state, i, sheet, place, err));
        at_sheet_discard(sheet, place);
    }
    at_sheet_sweep(sheet);
    return AT_OK;
}

static json_t *save(const at_step *step) {
    const tfidf_state *state = step->state;
    json_t *list = json_array();
    for (size_t i = 0; list && i < step->column_count; i++) {
        json_t *one = json_object();
        bool ok =
            one &&
            at_json_put(one, "idf", at_json_reals(state->idf[i], state->buckets)) &&
            at_json_put(one, "names", at_json_texts(state->names[i], state->buckets));
        if (json_array_append_new(list, one) != 0 || !ok) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static at_status load(at_step *step, const json_t *saved, at_error *err) {
    tfidf_state *state;
    size_t buckets, count, names;
    AT_TRY(read_buckets(step, &buckets, err));
    AT_TRY(new_state(step, buckets, &state, err));
    if (json_array_size(saved) != step->column_count)
        return at_json_broken(err);
    for (size_t i = 0; i < step->column_count; i++) {
        const json_t *one = json_array_get(saved, i);
        AT_TRY(at_json_read_reals(json_object_get(one, "idf"), &step->arena,
                                  &state->idf[i], &count, err));
        AT_TRY(at_json_read_texts(json_object_get(one, "names"), &step->arena,
                                  &state->names[i], &names, err));
        if (count != buckets || names != buckets)
            return at_json_broken(err);
    }
    return AT_OK;
}

const at_step_kind at_step_tfidf = {
    .verb = "text",
    .pattern = "COLUMNS [into VALUE]",
    .where = AT_STEP_PREPARE,
    .flow = AT_FLOW_EATS,
    .summary = "Counts the words of a text into that many columns (256 if you do not "
               "say) by their hash, rare words counting more: TF-IDF",
    .example = "text review into 512",
    .fit = fit,
    .apply = apply,
    .save = save,
    .load = load,
};
