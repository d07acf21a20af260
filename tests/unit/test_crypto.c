#include "ops/base/crypto.h"
#include "tests/unit/unit.h"

/* The examples of FIPS 180-4. */
static void test_sha256(void **state) {
    (void)state;
    const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = strlen(cases[i].text);
        for (size_t cut = 0; cut <= length; cut++) { /* in any two pieces */
            at_crypto_sha256 digest;
            unsigned char raw[AT_CRYPTO_SHA256_SIZE];
            char hex[2 * AT_CRYPTO_SHA256_SIZE + 1];
            at_crypto_sha256_init(&digest);
            at_crypto_sha256_update(&digest, cases[i].text, cut);
            at_crypto_sha256_update(&digest, cases[i].text + cut, length - cut);
            at_crypto_sha256_final(&digest, raw);
            assert_string_equal(at_crypto_hex(hex, raw, sizeof raw), cases[i].hex);
        }
    }
}

/* RFC 4231, test cases 2 and 6 (a key longer than a block). */
static void test_hmac(void **state) {
    (void)state;
    unsigned char long_key[131];
    memset(long_key, 0xAA, sizeof long_key);
    const char *first = "what do ya want for nothing?";
    const char *second = "Test Using Larger Than Block-Size Key - Hash Key First";
    const struct {
        const void *key;
        size_t key_length;
        const char *text;
        bool wide;
        const char *hex;
    } cases[] = {{"Jefe", 4, first, false,
                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
                 {"Jefe", 4, first, true,
                  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
                 {long_key, sizeof long_key, second, false,
                  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
                 {long_key, sizeof long_key, second, true,
                  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
                  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_crypto_hmac hmac;
        unsigned char raw[AT_CRYPTO_SHA512_SIZE];
        char hex[2 * AT_CRYPTO_SHA512_SIZE + 1];
        at_crypto_hmac_init(&hmac, cases[i].wide, cases[i].key, cases[i].key_length);
        at_crypto_hmac_update(&hmac, cases[i].text, 5);
        at_crypto_hmac_update(&hmac, cases[i].text + 5, strlen(cases[i].text) - 5);
        size_t size = at_crypto_hmac_final(&hmac, raw);
        assert_string_equal(at_crypto_hex(hex, raw, size), cases[i].hex);
    }
}

static void test_random(void **state) {
    (void)state;
    unsigned char a[16] = {0}, b[16] = {0}, zero[16] = {0};
    at_crypto_random(a, sizeof a);
    at_crypto_random(b, sizeof b);
    assert_false(at_crypto_equal(a, b, sizeof a));
    assert_false(at_crypto_equal(a, zero, sizeof a));
    assert_true(at_crypto_equal(a, a, sizeof a));
    at_crypto_wipe(a, sizeof a);
    assert_memory_equal(a, zero, sizeof a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
