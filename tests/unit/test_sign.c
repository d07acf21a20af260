#include "kernel/sign.h"
#include "tests/unit/unit.h"

static at_bytes bytes(const char *text) {
    return (at_bytes){(char *)(uintptr_t)text, strlen(text)};
}

/* RFC 4231, test case 2, in four pieces. */
static void pieces(at_bytes out[4]) {
    static const char *const parts[] = {"what do ya ", "want", "", " for nothing?"};
    for (int i = 0; i < 4; i++)
        out[i] = bytes(parts[i]);
}

static void test_rfc_4231(void **state) {
    (void)state;
    at_error err;
    at_signer signer;
    at_bytes frames[4];
    char hex[AT_SIGNATURE_SIZE];
    pieces(frames);
    assert_ok(at_signer_init(&signer, "hmac-sha256", "Jefe", &err), &err);
    at_sign(&signer, frames, hex);
    assert_string_equal(
        hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    at_signer_fini(&signer);
    assert_ok(at_signer_init(&signer, "hmac-sha512", "Jefe", &err), &err);
    at_sign(&signer, frames, hex);
    assert_string_equal(
        hex, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
             "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
    at_signer_fini(&signer);
}

static void test_check(void **state) {
    (void)state;
    at_error err;
    at_signer signer;
    at_bytes frames[4];
    char hex[AT_SIGNATURE_SIZE];
    pieces(frames);
    assert_ok(at_signer_init(&signer, "hmac-sha256", "key", &err), &err);
    at_sign(&signer, frames, hex);
    at_bytes good = bytes(hex), absent = {NULL, 0}, shorter = good, longer = good;
    shorter.size--;
    longer.size++; /* one more byte of the buffer: its NUL */
    assert_int_equal(at_signer_check(&signer, &absent, frames, &err), AT_INVALID);
    assert_int_equal(at_signer_check(&signer, &shorter, frames, &err), AT_INVALID);
    assert_int_equal(at_signer_check(&signer, &longer, frames, &err), AT_INVALID);
    hex[63] = hex[63] == 'a' ? 'b' : 'a';
    assert_int_equal(at_signer_check(&signer, &good, frames, &err), AT_INVALID);
    at_sign(&signer, frames, hex);
    assert_ok(at_signer_check(&signer, &good, frames, &err), &err);
    assert_int_equal(at_signer_check(&signer, &good, frames, &err), AT_EXISTS);
    at_signer_fini(&signer);
}

/* Signs and checks a message that holds `number`. */
static at_status offer(at_signer *signer, unsigned number) {
    char text[16], hex[AT_SIGNATURE_SIZE];
    snprintf(text, sizeof text, "%u", number);
    at_bytes frames[4] = {bytes(text), bytes("{}"), bytes("{}"), bytes("{}")};
    at_sign(signer, frames, hex);
    at_bytes signature = bytes(hex);
    return at_signer_check(signer, &signature, frames, NULL);
}

static void test_replay_memory_is_long_and_bounded(void **state) {
    (void)state;
    at_error err;
    at_signer signer;
    assert_ok(at_signer_init(&signer, "hmac-sha256", "key", &err), &err);
    for (unsigned i = 0; i <= AT_REPLAY_DIGESTS; i++)
        assert_int_equal(offer(&signer, i), AT_OK);
    for (unsigned i = 0; i <= AT_REPLAY_DIGESTS; i += 1000)
        assert_int_equal(offer(&signer, i), AT_EXISTS);
    for (unsigned i = 0; i < 2 * AT_REPLAY_DIGESTS; i++)
        assert_int_equal(offer(&signer, 1000000 + i), AT_OK);
    assert_true(signer.young.capacity + signer.old.capacity <= 4 * AT_REPLAY_DIGESTS);
    assert_int_equal(offer(&signer, 0), AT_OK); /* long ago: forgotten */
    at_signer_fini(&signer);
}

static void test_without_memory_it_refuses_rather_than_forgets(void **state) {
    (void)state;
    at_error err;
    at_signer signer;
    assert_ok(at_signer_init(&signer, "hmac-sha256", "key", &err), &err);
    at_memory_fail_after(1);
    assert_int_equal(offer(&signer, 1), AT_EXISTS);
    at_memory_fail_after(0);
    assert_int_equal(offer(&signer, 1), AT_OK);
    at_signer_fini(&signer);
}

static void test_schemes(void **state) {
    (void)state;
    at_error err;
    at_signer signer;
    static const char *const unknown[] = {"hmac-md5", "hmac-sha1", "sha256", "",
                                          "HMAC-SHA256"};
    for (size_t i = 0; i < COUNT(unknown); i++) {
        assert_int_equal(at_signer_init(&signer, unknown[i], "key", &err),
                         AT_UNSUPPORTED);
        assert_non_null(strstr(err.hint, "hmac-sha256"));
        at_signer_fini(&signer);
    }
    /* Without a key the scheme plays no part. */
    assert_ok(at_signer_init(&signer, "hmac-md5", "", &err), &err);
    at_bytes frames[4], any = bytes("anything");
    char hex[AT_SIGNATURE_SIZE];
    pieces(frames);
    at_sign(&signer, frames, hex);
    assert_string_equal(hex, "");
    assert_ok(at_signer_check(&signer, &any, frames, &err), &err);
    assert_ok(at_signer_check(&signer, &any, frames, &err), &err);
    at_signer_fini(&signer);
}

static void test_uuid(void **state) {
    (void)state;
    char a[37], b[37];
    at_uuid(a);
    at_uuid(b);
    assert_int_equal(strlen(a), 36);
    assert_string_not_equal(a, b);
    assert_true(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_4231),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_replay_memory_is_long_and_bounded),
        cmocka_unit_test(test_without_memory_it_refuses_rather_than_forgets),
        cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_uuid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
