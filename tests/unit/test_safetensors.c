#include "ops/base/safetensors.h"
#include "tests/unit/unit.h"

#include <unistd.h>

static char *temporary(void) {
    static char path[256];
    snprintf(path, sizeof path, "%s/test_safetensors.%ld",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid());
    return path;
}

static void test_round_trip(void **state) {
    (void)state;
    const uint8_t bytes[3] = {1, 2, 3};
    const float weights[6] = {0.5f, -1, 2, 3, 4, 5};
    const double bias = 0.25;
    const at_array arrays[] = {
        {.name = "bytes", .dtype = AT_DTYPE_U8, .rank = 1, .shape = {3}, .data = bytes},
        {.name = "layer.weight",
         .dtype = AT_DTYPE_F32,
         .rank = 2,
         .shape = {2, 3},
         .data = weights},
        {.name = "bias", .dtype = AT_DTYPE_F64, .rank = 0, .data = &bias},
        {.name = "none", .dtype = AT_DTYPE_I64, .rank = 2, .shape = {0, 4}},
    };
    const at_meta meta[] = {{"format", "test/1"}, {"note", "\"\n\xC3\xA9"}};
    at_error err = {0};
    assert_int_equal(at_safetensors_write(temporary(), arrays, 4, meta, 2, &err), AT_OK);
    at_safetensors *file;
    assert_int_equal(at_safetensors_open(temporary(), &file, &err), AT_OK);
    unlink(temporary());
    assert_int_equal(at_safetensors_count(file), 4);
    assert_string_equal(at_safetensors_meta(file, "note"), "\"\n\xC3\xA9");
    assert_null(at_safetensors_meta(file, "other"));
    for (size_t i = 0; i < 4; i++) {
        const at_array *a = at_safetensors_find(file, arrays[i].name);
        assert_non_null(a);
        assert_int_equal(a->dtype, arrays[i].dtype);
        assert_int_equal(a->rank, arrays[i].rank);
        assert_memory_equal(a->shape, arrays[i].shape, sizeof a->shape);
        if (a->bytes)
            assert_memory_equal(a->data, arrays[i].data, a->bytes);
        assert_int_equal((uintptr_t)a->data % at_dtype_size(a->dtype), 0);
    }
    /* The widest array comes first, at a multiple of 64. */
    assert_int_equal((uintptr_t)at_safetensors_find(file, "bias")->data % 64, 0);
    assert_null(at_safetensors_find(file, "weight"));
    assert_null(at_safetensors_get(file, 4));
    at_safetensors_release(at_safetensors_retain(file));
    at_safetensors_release(file);
}

/* Puts the length before `json` and `extra` zero bytes after it, and opens that. */
static at_status view(const char *json, size_t extra, at_safetensors **file,
                      at_error *err) {
    static _Alignas(64) char bytes[4096];
    size_t n = strlen(json);
    memset(bytes, 0, sizeof bytes);
    bytes[0] = (char)(n & 255);
    bytes[1] = (char)(n >> 8);
    memcpy(bytes + 8, json, n);
    return at_safetensors_view(bytes, 8 + n + extra, file, err);
}

static void test_checks(void **state) {
    (void)state;
    static const struct {
        const char *json;
        size_t extra;
        at_status status;
    } cases[] = {
        {"{}", 0, AT_OK},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, AT_OK},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3,
         AT_CORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 8,
         AT_CORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 8,
         AT_CORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 8,
         AT_CORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 8,
         AT_CORRUPT},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,2],"
         "\"data_offsets\":[0,0]}}",
         8, AT_CORRUPT},
        {"{\"a\":{\"dtype\":\"C64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8,
         AT_UNSUPPORTED},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}"
         "}",
         4, AT_CORRUPT},
        {"{\"a\":3}", 0, AT_CORRUPT},
        {"{\"__metadata__\":{\"a\":1}}", 0, AT_CORRUPT},
        {"{\"__metadata__\":[]}", 0, AT_CORRUPT},
        {"[]", 0, AT_CORRUPT},
        {"{\"a\":", 0, AT_CORRUPT},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
         0, AT_CORRUPT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        at_safetensors *file;
        at_error err = {0};
        at_status status = view(cases[i].json, cases[i].extra, &file, &err);
        assert_int_equal(status, cases[i].status);
        if (status == AT_OK)
            at_safetensors_release(file);
        else
            assert_true(err.text[0]);
    }
    at_safetensors *file;
    assert_int_equal(at_safetensors_view("short", 5, &file, NULL), AT_CORRUPT);
    assert_int_equal(
        at_safetensors_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10, &file, NULL),
        AT_CORRUPT);
}

/* Files of other writers may lie unaligned: they are read all the same. */
static void test_unaligned(void **state) {
    (void)state;
    at_safetensors *file;
    assert_int_equal(view("{\"ab\":{\"dtype\":\"I64\",\"shape\":[1],"
                          "\"data_offsets\":[1,9]}}",
                          9, &file, NULL),
                     AT_OK);
    const at_array *a = at_safetensors_get(file, 0);
    assert_int_equal((uintptr_t)a->data % 8, 0);
    assert_int_equal(*(const int64_t *)a->data, 0);
    at_safetensors_release(file);
}

/* Arrays on the same bytes would let a small file grow to gigabytes of copies. */
static void test_overlap(void **state) {
    (void)state;
    static const struct {
        int a, b, empty; /* where they begin; a and b hold 8 bytes */
        at_status status;
    } cases[] = {{0, 0, 31, AT_CORRUPT}, {7, 0, 31, AT_CORRUPT}, {8, 0, 8, AT_OK},
                 {9, 0, 31, AT_OK},      {0, 7, 31, AT_CORRUPT}, {15, 23, 15, AT_OK},
                 {15, 0, 16, AT_CORRUPT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[512];
        at_safetensors *file;
        at_error err = {0};
        snprintf(json, sizeof json,
                 "{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[%d,%d]},"
                 "\"e\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[%d,%d]},"
                 "\"b\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[%d,%d]}}",
                 cases[i].a, cases[i].a + 8, cases[i].empty, cases[i].empty, cases[i].b,
                 cases[i].b + 8);
        at_status status = view(json, 40, &file, &err);
        assert_int_equal(status, cases[i].status);
        if (status == AT_OK) {
            assert_non_null(at_safetensors_find(file, "a"));
            assert_non_null(at_safetensors_find(file, "b"));
            at_safetensors_release(file);
        } else {
            assert_non_null(strstr(err.text, "overlap"));
        }
    }
}

static void test_refusals(void **state) {
    (void)state;
    const at_array twice[] = {{.name = "a", .dtype = AT_DTYPE_U8, .rank = 1},
                              {.name = "a", .dtype = AT_DTYPE_U8, .rank = 1}};
    at_error err = {0};
    assert_int_equal(at_safetensors_write(temporary(), twice, 2, NULL, 0, &err),
                     AT_INVALID);
    assert_string_equal(err.text, "two arrays are named 'a'");
    assert_false(at_file_exists(temporary()));
    assert_int_not_equal(at_safetensors_write("/nowhere/at/all", twice, 1, NULL, 0, &err),
                         AT_OK);
    at_safetensors *file;
    assert_int_equal(at_safetensors_open("/nowhere/at/all", &file, &err), AT_NOT_FOUND);
    assert_int_equal(at_safetensors_open("/", &file, &err), AT_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_checks),
        cmocka_unit_test(test_unaligned),  cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
