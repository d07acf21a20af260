/* Dictionary: distinct byte strings, numbered in order of first appearance. It is the
 * levels of a category while they are gathered. Not thread-safe. */
#ifndef ATELIER_OPS_FRAME_DICTIONARY_H
#define ATELIER_OPS_FRAME_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct at_dictionary {
    char *bytes;      /* the levels, one after another */
    int64_t *offsets; /* level k is bytes[offsets[k] .. offsets[k + 1]) */
    uint32_t count;
    size_t bytes_capacity, offsets_capacity;
    struct at_dictionary_slot *slots; /* open addressing, linear probing */
    size_t slot_count;                /* a power of two, or 0 */
} at_dictionary;                      /* zero-initialise */

#define AT_DICTIONARY_NONE UINT32_MAX

/* The number of the string, new or old; AT_DICTIONARY_NONE when out of memory. */
uint32_t at_dictionary_add(at_dictionary *d, const char *bytes, size_t length);
/* The number of the string, or AT_DICTIONARY_NONE. */
uint32_t at_dictionary_find(const at_dictionary *d, const char *bytes, size_t length);
/* Forgets all levels, keeps the memory. */
void at_dictionary_clear(at_dictionary *d);
void at_dictionary_fini(at_dictionary *d);

/* A fast hash of a short string, for tables in memory only. */
uint64_t at_hash_bytes(const char *bytes, size_t length);

#endif
