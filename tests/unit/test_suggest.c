#include "ops/base/suggest.h"
#include "tests/unit/unit.h"

static void test_distance(void **state) {
    (void)state;
    const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {{"", "", 0},
                 {"", "abc", 3},
                 {"kitten", "sitting", 3},
                 {"epoch", "epochs", 1},
                 {"taget", "target", 1},
                 {"tragte", "target", 2},
                 {"ab", "ba", 1},
                 {"ca", "abc", 3},
                 {"ABC", "abc", 0},
                 {"flaw", "lawn", 2}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(at_edit_distance(cases[i].a, cases[i].b), cases[i].distance);
        assert_int_equal(at_edit_distance(cases[i].b, cases[i].a), cases[i].distance);
    }
}

static void test_long_words(void **state) {
    (void)state;
    char a[1001], b[1001];
    memset(a, 'a', 1000);
    memset(b, 'a', 1000);
    a[1000] = '\0';
    b[900] = '\0';
    assert_int_equal(at_edit_distance(a, a), 0);
    assert_int_equal(at_edit_distance(a, b), 1000);
}

static void test_nearest(void **state) {
    (void)state;
    const char *words[] = {"epochs", "learning_rate", "mini_batch_size", "target", "l1"};
    const struct {
        const char *word, *expected;
    } cases[] = {{"epoch", "epochs"},
                 {"taregt", "target"},
                 {"learn", "learning_rate"},
                 {"learningrate", "learning_rate"},
                 {"EPOCHS", "epochs"},
                 {"mini_batch", "mini_batch_size"},
                 {"l2", "l1"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *near = at_nearest(cases[i].word, words, COUNT(words));
        assert_non_null(near);
        assert_string_equal(near, cases[i].expected);
    }
    const char *none[] = {"zebra", "", "x", "e", "momentum"};
    for (size_t i = 0; i < COUNT(none); i++)
        assert_null(at_nearest(none[i], words, COUNT(words)));
    assert_null(at_nearest("epoch", words, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
