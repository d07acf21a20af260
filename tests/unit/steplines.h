/* A recipe from the lines that a user writes, for tests of steps. */
#ifndef ATELIER_TESTS_STEPLINES_H
#define ATELIER_TESTS_STEPLINES_H

#include "magics/clean/steps.h"
#include "magics/language/stepline.h"
#include "tests/unit/rows.h"

static inline at_status steplines_parse(unsigned where, const char *body, at_recipe **out,
                                        at_error *err) {
    at_arena arena = {0};
    at_expanded expanded;
    at_step_lines lines;
    *err = (at_error){0};
    at_status status =
        at_expand(NULL, body, strlen(body), 0, strlen(body), &arena, &expanded, err);
    if (status == AT_OK)
        status =
            at_steplines_parse(where, &expanded, body, strlen(body), &arena, &lines, err);
    if (status == AT_OK)
        status = at_steps_recipe(&lines, out, err);
    at_arena_fini(&arena);
    return status;
}

static inline at_recipe *steplines(unsigned where, const char *body) {
    at_recipe *recipe = NULL;
    at_error err;
    assert_ok(steplines_parse(where, body, &recipe, &err), &err);
    return recipe;
}

#define CLEAN(body)   steplines(AT_STEP_CLEAN, body)
#define PREPARE(body) steplines(AT_STEP_PREPARE, body)

/* Applied, a frame gives the same whole and row by row, on the sheets of an endpoint too,
 * bit for bit; `want` may be NULL. */
static inline void assert_served(const at_recipe *recipe, const at_frame *frame,
                                 const char *target, const at_frame *want) {
    at_error err;
    at_step_context context = {target, NULL};
    at_frame *all;
    assert_ok(at_recipe_apply(recipe, frame, &context, true, &all, &err), &err);
    if (want)
        assert_same_frames(all, want);
    for (int64_t i = 0; i < at_frame_rows(frame); i++) {
        at_frame *one, *row, *expected;
        at_arena arena = {0};
        at_sheet sheet;
        assert_ok(at_frame_take_rows(frame, &i, 1, &one, &err), &err);
        assert_ok(at_frame_take_rows(all, &i, 1, &expected, &err), &err);
        assert_ok(at_sheet_init_brief(&sheet, one, &arena, &err), &err);
        assert_ok(at_recipe_run(recipe, &sheet, &context, true, &err), &err);
        assert_ok(at_sheet_frame(&sheet, &row, &err), &err);
        assert_same_frames(row, expected);
        at_frame_release(row);
        at_sheet_fini(&sheet);
        at_arena_fini(&arena);
        at_frame_release(expected);
        at_frame_release(one);
    }
    at_frame_release(all);
}

#endif
