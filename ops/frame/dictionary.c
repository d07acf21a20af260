#include "ops/frame/dictionary.h"

#include "ops/base/memory.h"

#include <string.h>

struct at_dictionary_slot {
    uint32_t hash;  /* upper half of the hash: spares most comparisons */
    uint32_t level; /* number + 1; 0: free */
};

static uint64_t mix(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const char *bytes, size_t length) {
    uint64_t word = 0;
    memcpy(&word, bytes, length);
    return word;
}

/* After wyhash (Wang Yi): multiply 8 bytes at a time into 128 bits, fold the halves. */
uint64_t at_hash_bytes(const char *bytes, size_t length) {
    uint64_t hash = 0x9E3779B97F4A7C15u ^ (uint64_t)length;
    while (length > 8) {
        hash = mix(hash ^ load(bytes, 8), 0xE7037ED1A0B428DBu);
        bytes += 8;
        length -= 8;
    }
    hash = mix(hash ^ load(bytes, length), 0xA0761D6478BD642Fu);
    return hash ^ hash >> 32;
}

static bool level_is(const at_dictionary *d, uint32_t level, const char *bytes,
                     size_t length) {
    int64_t from = d->offsets[level];
    return (size_t)(d->offsets[level + 1] - from) == length &&
           (length == 0 || memcmp(d->bytes + from, bytes, length) == 0);
}

/* The slot that holds the string, or the free one where it belongs. */
static struct at_dictionary_slot *probe(const at_dictionary *d, uint64_t hash,
                                        const char *bytes, size_t length) {
    size_t mask = d->slot_count - 1, i = (size_t)hash & mask;
    for (;; i = (i + 1) & mask) {
        struct at_dictionary_slot *slot = &d->slots[i];
        if (slot->level == 0 || (slot->hash == (uint32_t)(hash >> 32) &&
                                 level_is(d, slot->level - 1, bytes, length)))
            return slot;
    }
}

static bool rehash(at_dictionary *d) {
    size_t count = d->slot_count ? d->slot_count * 2 : 16;
    struct at_dictionary_slot *slots = at_alloc_array(count, sizeof *slots);
    if (!slots)
        return false;
    at_free(d->slots);
    d->slots = slots;
    d->slot_count = count;
    for (uint32_t k = 0; k < d->count; k++) {
        const char *bytes = d->bytes + d->offsets[k];
        size_t length = (size_t)(d->offsets[k + 1] - d->offsets[k]);
        uint64_t hash = at_hash_bytes(bytes, length);
        *probe(d, hash, bytes, length) =
            (struct at_dictionary_slot){(uint32_t)(hash >> 32), k + 1};
    }
    return true;
}

static bool append(at_dictionary *d, const char *bytes, size_t length) {
    size_t used = d->count ? (size_t)d->offsets[d->count] : 0;
    char *grown = at_grow(d->bytes, &d->bytes_capacity, used + length, 1);
    if (!grown)
        return false;
    d->bytes = grown;
    int64_t *offsets =
        at_grow(d->offsets, &d->offsets_capacity, (size_t)d->count + 2, sizeof *offsets);
    if (!offsets)
        return false;
    d->offsets = offsets;
    if (length)
        memcpy(d->bytes + used, bytes, length);
    d->offsets[d->count] = (int64_t)used;
    d->offsets[++d->count] = (int64_t)(used + length);
    return true;
}

uint32_t at_dictionary_add(at_dictionary *d, const char *bytes, size_t length) {
    if ((size_t)d->count * 2 >= d->slot_count && !rehash(d))
        return AT_DICTIONARY_NONE;
    uint64_t hash = at_hash_bytes(bytes, length);
    struct at_dictionary_slot *slot = probe(d, hash, bytes, length);
    if (slot->level == 0) {
        if (d->count >= AT_DICTIONARY_NONE - 1 || !append(d, bytes, length))
            return AT_DICTIONARY_NONE;
        *slot = (struct at_dictionary_slot){(uint32_t)(hash >> 32), d->count};
    }
    return slot->level - 1;
}

uint32_t at_dictionary_find(const at_dictionary *d, const char *bytes, size_t length) {
    if (!d->count)
        return AT_DICTIONARY_NONE;
    uint32_t level = probe(d, at_hash_bytes(bytes, length), bytes, length)->level;
    return level ? level - 1 : AT_DICTIONARY_NONE;
}

void at_dictionary_clear(at_dictionary *d) {
    if (d->slot_count)
        memset(d->slots, 0, d->slot_count * sizeof *d->slots);
    d->count = 0;
}

void at_dictionary_fini(at_dictionary *d) {
    at_free(d->bytes);
    at_free(d->offsets);
    at_free(d->slots);
    *d = (at_dictionary){0};
}
