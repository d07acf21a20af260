/* Crypto: the one adapter of libsodium: digests, keyed digests, random bytes, comparison
 * in constant time. SHA-256 and SHA-512 as in FIPS 180-4, HMAC as in RFC 2104. */
#ifndef ATELIER_OPS_BASE_CRYPTO_H
#define ATELIER_OPS_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

enum {
    AT_CRYPTO_SHA256_SIZE = 32, /* bytes of a SHA-256, keyed or not */
    AT_CRYPTO_SHA512_SIZE = 64,
};

/* SHA-256 of bytes that come piece by piece. */
typedef struct at_crypto_sha256 {
    _Alignas(16) unsigned char state[128];
} at_crypto_sha256;

void at_crypto_sha256_init(at_crypto_sha256 *digest);
void at_crypto_sha256_update(at_crypto_sha256 *digest, const void *bytes, size_t length);
void at_crypto_sha256_final(at_crypto_sha256 *digest,
                            unsigned char out[AT_CRYPTO_SHA256_SIZE]);

/* HMAC of bytes that come piece by piece; a key of any length. */
typedef struct at_crypto_hmac {
    _Alignas(16) unsigned char state[448];
    bool wide; /* SHA-512 */
} at_crypto_hmac;

void at_crypto_hmac_init(at_crypto_hmac *hmac, bool sha512, const void *key,
                         size_t key_length);
void at_crypto_hmac_update(at_crypto_hmac *hmac, const void *bytes, size_t length);
/* `out` holds AT_CRYPTO_SHA512_SIZE bytes; returns how many were written (32 or 64). */
size_t at_crypto_hmac_final(at_crypto_hmac *hmac, unsigned char *out);

/* Random bytes of the operating system. */
void at_crypto_random(void *out, size_t length);
/* Lower-case hexadecimal: 2 * length signs and a NUL. Returns `out`. */
char *at_crypto_hex(char *out, const void *bytes, size_t length);
/* Takes the same time whatever differs. */
bool at_crypto_equal(const void *a, const void *b, size_t length);
/* Overwrites a secret; not optimised away. */
void at_crypto_wipe(void *bytes, size_t length);

#endif
