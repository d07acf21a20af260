/* Which spellings mean the same. */
#include "ops/base/text.h"
#include "ops/recipe/similar.h"
#include "tests/unit/unit.h"

static void test_keys(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"USA", "u.s.a.", true},
        {"USA", " U S A ", true},
        {"de kalb", "DeKalb", true},
        {"USA! USA!", "usa usa", true},
        {"O'Brien", "OBrien", true},
        {"Köln", "KÖLN", true},
        {"vice-versa", "vice versa", true},
        {"a - b", "ab", true},
        {"1.5", "15", false},
        {"-1", "1", false},
        {"18-29", "1829", false},
        {"A+", "A-", false},
        {"A+", "A", false},
        {"<5", ">5", false},
        {"C#", "C", false},
        {"?", "-", false},
        {"1,000", "1000", false},
        {"1/2", "12", false},
        {"and/or", "and or", true},
        {"Köln", "Koln", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_text a = {0}, b = {0};
        at_similar_key(cases[i].a, strlen(cases[i].a), &a);
        at_similar_key(cases[i].b, strlen(cases[i].b), &b);
        if ((strcmp(at_text_get(&a), at_text_get(&b)) == 0) != cases[i].same)
            fail_msg("'%s' is '%s', '%s' is '%s'", cases[i].a, at_text_get(&a),
                     cases[i].b, at_text_get(&b));
        at_text_fini(&a);
        at_text_fini(&b);
    }
}

typedef struct spelling {
    const char *text;
    int64_t count;
    const char *kept; /* NULL: itself */
} spelling;

static void check(at_similar_mode mode, const spelling *list, size_t count) {
    at_arena arena = {0};
    at_error err;
    at_similar_level levels[32] = {0};
    for (size_t i = 0; i < count; i++) {
        bool fixed = list[i].text[0] == '!';
        levels[i] = (at_similar_level){.bytes = list[i].text + fixed,
                                       .length = strlen(list[i].text + fixed),
                                       .count = list[i].count,
                                       .fixed = fixed};
    }
    assert_ok(at_similar_find(levels, count, mode, &arena, NULL, &err), &err);
    for (size_t i = 0; i < count; i++) {
        const char *kept = levels[i].kept;
        if (!kept != !list[i].kept || (kept && strcmp(kept, list[i].kept) != 0))
            fail_msg("'%s' becomes '%s'", list[i].text, kept ? kept : "itself");
    }
    at_arena_fini(&arena);
}

#define CHECK(mode, ...)                                                                 \
    check(mode, (const spelling[]){__VA_ARGS__}, COUNT(((const spelling[]){__VA_ARGS__})))

static void test_merges(void **state) {
    (void)state;
    /* The most frequent spelling stays, without blanks around it. */
    CHECK(AT_SIMILAR_STRICTLY, {"usa", 5, "USA"}, {"USA ", 9, "USA"}, {"USA", 3, NULL},
          {"U.S.A.", 1, "USA"}, {"Usaa", 1, NULL});
    CHECK(AT_SIMILAR_USUALLY, {"Germany", 40, NULL}, {"Germny", 2, "Germany"},
          {"Gemrany", 1, "Germany"}, {"germany ", 3, "Germany"}, {"Garmenia", 1, NULL});
    /* Too frequent to be a slip; too short; another number; a part of a code. */
    CHECK(AT_SIMILAR_USUALLY, {"Ireland", 40, NULL}, {"Iceland", 9, NULL},
          {"yes", 90, NULL}, {"yex", 1, NULL}, {"ami-1", 60, NULL}, {"ami-2", 2, NULL},
          {"al_hf-1", 60, NULL}, {"ak_hf-1", 1, NULL}, {"Area 51", 30, NULL},
          {"Area 52", 1, NULL});
    /* Words are judged one by one. */
    CHECK(AT_SIMILAR_USUALLY, {"marshall medical center north", 30, NULL},
          {"marshall medical center south", 2, NULL},
          {"marshal medicel center north", 1, "marshall medical center north"});
    CHECK(AT_SIMILAR_LOOSELY, {"heart attack", 30, NULL},
          {"hearx axxack", 1, "heart attack"}, {"acute care hospitals", 50, NULL},
          {"acutexcarexhospitals", 1, "acute care hospitals"}, {"yes", 90, NULL},
          {"yex", 1, "yes"}, {"no", 80, NULL}, {"xo", 1, NULL});
    /* Two as near, and neither far more frequent: neither. */
    CHECK(AT_SIMILAR_USUALLY, {"Marian", 50, NULL}, {"Marion", 60, NULL},
          {"Mariin", 1, NULL});
    /* Lost digits, where one number fits. */
    CHECK(AT_SIMILAR_USUALLY, {"10018", 2, NULL}, {"10118", 3, NULL}, {"10019", 2, NULL},
          {"1x019", 1, "10019"}, {"1xx18", 1, NULL}, {"xxxx9", 1, NULL});
    /* Exceptions stay, and hold what is like them. */
    CHECK(AT_SIMILAR_USUALLY, {"Ireland", 40, NULL}, {"!Iceland", 1, NULL},
          {"iceland", 1, NULL}, {"ireland", 2, "Ireland"}, {"Irelnd", 2, "Ireland"});
    /* The same slip in both directions: the frequent one wins, chains end there. */
    CHECK(AT_SIMILAR_USUALLY, {"pennsylvania", 300, NULL},
          {"pensylvania", 20, "pennsylvania"}, {"penslvania", 1, "pennsylvania"});
}

static at_status find_all(void *context) {
    at_similar_level *levels = context;
    at_arena arena = {0};
    at_error err;
    at_status status = at_similar_find(levels, 4, AT_SIMILAR_LOOSELY, &arena, NULL, &err);
    at_arena_fini(&arena);
    return status;
}

static void test_bounds(void **state) {
    (void)state;
    at_error err;
    at_arena arena = {0};
    at_similar_level level = {.bytes = "a", .length = 1, .count = 1};
    assert_int_equal(at_similar_find(&level, AT_SIMILAR_LEVELS + 1, AT_SIMILAR_STRICTLY,
                                     &arena, NULL, &err),
                     AT_LIMIT);
    at_arena_fini(&arena);
    char longest[5000];
    memset(longest, 'x', sizeof longest);
    at_similar_level levels[4] = {{.bytes = longest, .length = 5000, .count = 50},
                                  {.bytes = longest, .length = 4999, .count = 1},
                                  {.bytes = "", .length = 0, .count = 3},
                                  {.bytes = " ", .length = 1, .count = 1}};
    assert_true(at_test_sweep(find_all, levels) > 5);
    assert_null(levels[1].kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys),
                                       cmocka_unit_test(test_merges),
                                       cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
