/* notebooks/REFERENCE.md is what the specs say now. To write it anew:
 * atelier reference > notebooks/REFERENCE.md */
#include "magics/language/reference.h"
#include "magics/language/spec.h"
#include "tests/unit/unit.h"

#define PAGE ATELIER_SOURCE "/notebooks/REFERENCE.md"

static void test_page_is_fresh(void **state) {
    (void)state;
    at_text now = {0}, page = {0};
    at_error err = {0};
    at_reference_write(&now);
    assert_true(at_text_ok(&now));
    assert_ok(at_file_read(PAGE, 4 << 20, &page, &err), &err);
    if (strcmp(at_text_get(&now), at_text_get(&page)) != 0)
        fail_msg("stale: atelier reference > notebooks/REFERENCE.md");
    at_text_fini(&now);
    at_text_fini(&page);
}

static void test_specs_are_whole(void **state) {
    (void)state;
    size_t count;
    const at_magic *const *magics = at_magics(&count);
    for (size_t i = 0; i < count; i++) {
        const at_magic *m = magics[i];
        if (!m->summary || m->summary[strlen(m->summary) - 1] == '.')
            fail_msg("%s: a summary is one sentence without its full stop", m->name);
        if (!m->run || !m->examples || !m->examples[0])
            fail_msg("%s: no run, or no example", m->name);
        if (m->body.kind != AT_BODY_NONE && !m->body.help)
            fail_msg("%s: what does its body hold?", m->name);
        for (size_t p = 0; p < m->argument_count + m->option_count; p++) {
            const at_param *param = p < m->argument_count
                                        ? &m->arguments[p]
                                        : &m->options[p - m->argument_count];
            if (!param->help || param->offset >= m->options_size)
                fail_msg("%s %s: no help, or a place outside of the options", m->name,
                         param->name);
            if (param->kind == AT_PARAM_CHOICE && !param->choices)
                fail_msg("%s %s: choices", m->name, param->name);
        }
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(m->name, magics[other]->name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specs_are_whole),
        cmocka_unit_test(test_page_is_fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
