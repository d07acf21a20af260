#include "ops/base/crypto.h"

#include <pthread.h>
#include <sodium.h>

/* The header shows no type of sodium's, so it keeps room for the largest. */
_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof((at_crypto_sha256 *)0)->state,
               "room for a SHA-256");
_Static_assert(sizeof(crypto_auth_hmacsha256_state) <= sizeof((at_crypto_hmac *)0)->state,
               "room for a HMAC of SHA-256");
_Static_assert(sizeof(crypto_auth_hmacsha512_state) <= sizeof((at_crypto_hmac *)0)->state,
               "room for a HMAC of SHA-512");

static pthread_once_t started = PTHREAD_ONCE_INIT;

static void start(void) {
    /* It fails only where the system has no source of random numbers; then sodium itself
     * ends the process at the first use of one. */
    int unused = sodium_init();
    (void)unused;
}

void at_crypto_sha256_init(at_crypto_sha256 *digest) {
    crypto_hash_sha256_init((void *)digest->state);
}

void at_crypto_sha256_update(at_crypto_sha256 *digest, const void *bytes, size_t length) {
    crypto_hash_sha256_update((void *)digest->state, bytes, length);
}

void at_crypto_sha256_final(at_crypto_sha256 *digest,
                            unsigned char out[AT_CRYPTO_SHA256_SIZE]) {
    crypto_hash_sha256_final((void *)digest->state, out);
}

void at_crypto_hmac_init(at_crypto_hmac *hmac, bool sha512, const void *key,
                         size_t key_length) {
    hmac->wide = sha512;
    if (sha512)
        crypto_auth_hmacsha512_init((void *)hmac->state, key, key_length);
    else
        crypto_auth_hmacsha256_init((void *)hmac->state, key, key_length);
}

void at_crypto_hmac_update(at_crypto_hmac *hmac, const void *bytes, size_t length) {
    if (hmac->wide)
        crypto_auth_hmacsha512_update((void *)hmac->state, bytes, length);
    else
        crypto_auth_hmacsha256_update((void *)hmac->state, bytes, length);
}

size_t at_crypto_hmac_final(at_crypto_hmac *hmac, unsigned char *out) {
    if (hmac->wide)
        crypto_auth_hmacsha512_final((void *)hmac->state, out);
    else
        crypto_auth_hmacsha256_final((void *)hmac->state, out);
    at_crypto_wipe(hmac->state, sizeof hmac->state); /* it holds the key */
    return hmac->wide ? AT_CRYPTO_SHA512_SIZE : AT_CRYPTO_SHA256_SIZE;
}

void at_crypto_random(void *out, size_t length) {
    pthread_once(&started, start);
    randombytes_buf(out, length);
}

char *at_crypto_hex(char *out, const void *bytes, size_t length) {
    return sodium_bin2hex(out, 2 * length + 1, bytes, length);
}

bool at_crypto_equal(const void *a, const void *b, size_t length) {
    return sodium_memcmp(a, b, length) == 0;
}

void at_crypto_wipe(void *bytes, size_t length) {
    sodium_memzero(bytes, length);
}
