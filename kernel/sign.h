/* Sign: message signatures, HMAC, and the memory of those already seen. */
#ifndef ATELIER_KERNEL_SIGN_H
#define ATELIER_KERNEL_SIGN_H

#include "kernel/socket.h"
#include "ops/base/error.h"

#include <pthread.h>
#include <stdint.h>

#define AT_KEY_LIMIT      4096 /* bytes of the key of a connection file */
#define AT_SIGNATURE_SIZE 129  /* hex digits of the longest signature, and a NUL */

/* Digests of messages that were accepted. Two generations: when the younger holds
 * AT_REPLAY_DIGESTS the older is forgotten, so that at least as many are remembered. */
#define AT_REPLAY_DIGESTS 65536

typedef struct at_digests {
    uint64_t *slots; /* open addressing; 0 = empty */
    size_t capacity, count;
} at_digests;

typedef struct at_signer {
    char *key; /* NULL: nothing is signed */
    size_t key_size;
    bool wide; /* hmac-sha512 rather than hmac-sha256 */
    pthread_mutex_t lock;
    at_digests young, old;
} at_signer;

/* `scheme`: "hmac-sha256" or "hmac-sha512"; any other fails with AT_UNSUPPORTED. An empty
 * key means that messages are not signed. */
AT_MUST_USE at_status at_signer_init(at_signer *signer, const char *scheme,
                                     const char *key, at_error *err);
void at_signer_fini(at_signer *signer);

/* Lowercase hex over the four frames (header, parent, metadata, content); "" when nothing
 * is signed. */
void at_sign(const at_signer *signer, const at_bytes frames[4],
             char out[AT_SIGNATURE_SIZE]);

/* AT_INVALID: absent, of another length or wrong (compared in constant time).
 * AT_EXISTS: right, but seen before. Thread-safe. */
AT_MUST_USE at_status at_signer_check(at_signer *signer, const at_bytes *signature,
                                      const at_bytes frames[4], at_error *err);

/* A random UUID (version 4): 36 characters and a NUL. */
void at_uuid(char out[37]);

#endif
