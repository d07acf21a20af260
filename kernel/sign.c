#include "kernel/sign.h"

#include "ops/base/crypto.h"
#include "ops/base/memory.h"

#include <stdio.h>
#include <string.h>

at_status at_signer_init(at_signer *signer, const char *scheme, const char *key,
                         at_error *err) {
    *signer = (at_signer){.lock = PTHREAD_MUTEX_INITIALIZER};
    signer->key_size = strlen(key);
    if (signer->key_size == 0)
        return AT_OK;
    signer->wide = strcmp(scheme, "hmac-sha512") == 0;
    if (!signer->wide && strcmp(scheme, "hmac-sha256") != 0) {
        at_fail(err, AT_UNSUPPORTED,
                "the connection file asks for the signature scheme '%.64s', which is not "
                "known",
                scheme);
        return at_hint(err, "use hmac-sha256 or hmac-sha512 (Session.signature_scheme)");
    }
    if (signer->key_size > AT_KEY_LIMIT)
        return at_fail(err, AT_LIMIT, "the key of the connection file is over %d bytes",
                       AT_KEY_LIMIT);
    signer->key = at_copy_text(key);
    if (!signer->key)
        return at_fail(err, AT_NO_MEMORY, "no memory for the key");
    return AT_OK;
}

void at_signer_fini(at_signer *signer) {
    if (signer->key)
        at_crypto_wipe(signer->key, signer->key_size);
    at_free(signer->key);
    at_free(signer->young.slots);
    at_free(signer->old.slots);
    pthread_mutex_destroy(&signer->lock);
    *signer = (at_signer){0};
}

/* The raw digest; returns its size in bytes. */
static size_t digest(const at_signer *signer, const at_bytes frames[4],
                     unsigned char out[AT_CRYPTO_SHA512_SIZE]) {
    at_crypto_hmac hmac;
    at_crypto_hmac_init(&hmac, signer->wide, signer->key, signer->key_size);
    for (int i = 0; i < 4; i++)
        at_crypto_hmac_update(&hmac, frames[i].data, frames[i].size);
    return at_crypto_hmac_final(&hmac, out);
}

void at_sign(const at_signer *signer, const at_bytes frames[4],
             char out[AT_SIGNATURE_SIZE]) {
    out[0] = '\0';
    if (!signer->key)
        return;
    unsigned char raw[AT_CRYPTO_SHA512_SIZE];
    size_t size = digest(signer, frames, raw);
    at_crypto_hex(out, raw, size);
}

/* The place of `value`, or of the empty slot where it belongs. */
static size_t find_slot(const at_digests *set, uint64_t value) {
    size_t i = (size_t)value & (set->capacity - 1);
    while (set->slots[i] && set->slots[i] != value)
        i = (i + 1) & (set->capacity - 1);
    return i;
}

static bool has_digest(const at_digests *set, uint64_t value) {
    return set->capacity && set->slots[find_slot(set, value)] == value;
}

static bool add_digest(at_digests *set, uint64_t value) {
    if (set->count * 2 >= set->capacity) {
        at_digests wider = {.capacity = set->capacity ? set->capacity * 2 : 256};
        wider.slots = at_alloc_array(wider.capacity, sizeof *wider.slots);
        if (!wider.slots)
            return false;
        for (size_t i = 0; i < set->capacity; i++)
            if (set->slots[i])
                wider.slots[find_slot(&wider, set->slots[i])] = set->slots[i];
        wider.count = set->count;
        at_free(set->slots);
        *set = wider;
    }
    set->slots[find_slot(set, value)] = value;
    set->count++;
    return true;
}

/* False when this digest was accepted before. 64 of its bits are enough: who cannot forge
 * a signature cannot choose them. */
static bool first_seen(at_signer *signer, const unsigned char *raw) {
    uint64_t value;
    memcpy(&value, raw, sizeof value);
    value |= value == 0;
    pthread_mutex_lock(&signer->lock);
    bool seen = has_digest(&signer->young, value) || has_digest(&signer->old, value);
    if (!seen) {
        if (signer->young.count >= AT_REPLAY_DIGESTS) {
            at_free(signer->old.slots);
            signer->old = signer->young;
            signer->young = (at_digests){0};
        }
        /* Without memory for it, refuse rather than forget. */
        seen = !add_digest(&signer->young, value);
    }
    pthread_mutex_unlock(&signer->lock);
    return !seen;
}

at_status at_signer_check(at_signer *signer, const at_bytes *signature,
                          const at_bytes frames[4], at_error *err) {
    if (!signer->key)
        return AT_OK;
    unsigned char raw[AT_CRYPTO_SHA512_SIZE];
    char hex[AT_SIGNATURE_SIZE];
    size_t size = digest(signer, frames, raw);
    at_crypto_hex(hex, raw, size);
    if (signature->size == 0)
        return at_fail(err, AT_INVALID, "a message without a signature");
    if (signature->size != size * 2)
        return at_fail(err, AT_INVALID, "a signature of %zu characters instead of %zu",
                       signature->size, size * 2);
    if (!at_crypto_equal(signature->data, hex, size * 2))
        return at_fail(err, AT_INVALID, "a wrong signature");
    if (!first_seen(signer, raw))
        return at_fail(err, AT_EXISTS, "a message that was received before (replay)");
    return AT_OK;
}

void at_uuid(char out[37]) {
    unsigned char b[16];
    at_crypto_random(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    size_t n = 0;
    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[n++] = '-';
        n += (size_t)snprintf(out + n, 37 - n, "%02x", b[i]);
    }
}
