/* SQL of a cell: split, run on a small table, and taken as an expression. Long queries
 * are interrupted after 50 ms. */
#include "ops/base/memory.h"
#include "ops/frame/sql.h"

#include <assert.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

static at_frame *frame;
static at_sql *sql;
static at_cancel cancel;

static void on_alarm(int number) {
    (void)number;
    at_cancel_raise(&cancel);
}

static void set_alarm(long microseconds) {
    struct itimerval value = {{0, 0}, {0, microseconds}};
    setitimer(ITIMER_REAL, &value, NULL);
}

static at_status find(void *context, const char *name, at_frame **out, at_error *err) {
    (void)context;
    if (strcmp(name, "t") != 0)
        return at_fail(err, AT_NOT_FOUND, "no %s", name);
    *out = at_frame_retain(frame);
    return AT_OK;
}

static const char *const *names(void *context, at_arena *arena) {
    (void)context;
    const char **list = at_arena_alloc(arena, 2 * sizeof *list);
    if (list)
        list[0] = "t";
    return list;
}

/* 300 rows: enough for orders and collapsed scans. */
static void start(void) {
    static const at_type types[] = {AT_TYPE_INT,      AT_TYPE_FLOAT,    AT_TYPE_BOOL,
                                    AT_TYPE_TEXT,     AT_TYPE_CATEGORY, AT_TYPE_DATE,
                                    AT_TYPE_TIMESTAMP};
    static const char *const columns[] = {"i", "x", "b", "s", "c", "d", "odd.name"};
    at_frame_builder *fb;
    at_status status = at_frame_builder_new(&fb, NULL);
    for (size_t k = 0; k < 7 && !status; k++) {
        at_column_builder *b;
        status = at_column_builder_new(columns[k], types[k], &b, NULL);
        for (int row = 0; row < 300 && !status; row++) {
            char text[8] = {(char)('a' + row % 5), (char)('a' + row % 3), 0};
            if (row % 11 == 3)
                at_column_builder_missing(b);
            else if (types[k] == AT_TYPE_FLOAT)
                at_column_builder_real(b, row / 4.0);
            else if (types[k] == AT_TYPE_TEXT || types[k] == AT_TYPE_CATEGORY)
                at_column_builder_text(b, text, types[k] == AT_TYPE_TEXT ? 2 : 1);
            else
                at_column_builder_int(b, row % 7);
        }
        status = at_frame_builder_take(fb, b, NULL);
    }
    if (!status)
        status = at_frame_builder_finish(fb, &frame, NULL);
    at_sql_catalogue catalogue = {NULL, find, names};
    if (!status)
        status = at_sql_new(&catalogue, &sql, NULL);
    assert(status == AT_OK);
    signal(SIGALRM, on_alarm);
}

static void query(const char *text) {
    static const at_sql_binding bindings[] = {{"v", "3"}, {"w", "text"}};
    at_frame *out = NULL;
    at_error err = {0};
    int64_t total = 0;
    at_cancel_reset(&cancel);
    set_alarm(50000);
    at_status status =
        at_sql_query(sql, text, bindings, 2, 100, &cancel, &out, &total, &err);
    set_alarm(0);
    assert((status == AT_OK) == (out != NULL));
    assert(status == AT_OK || (err.code == status && err.text[0]));
    at_frame_release(out);
}

static void expression(const char *text) {
    at_expression *e = NULL;
    at_column_builder *column = NULL;
    at_error err = {0};
    if (at_expression_new(text, frame, &e, &err) != AT_OK) {
        assert(!e && err.text[0]);
        return;
    }
    at_cancel_reset(&cancel);
    set_alarm(50000);
    if (at_expression_column(e, frame, "new", NULL, &cancel, &column, &err) == AT_OK)
        assert(at_column_builder_rows(column) == 300);
    set_alarm(0);
    at_column_builder_release(column);
    at_expression_release(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!sql)
        start();
    if (size > 4096)
        return 0;
    at_arena arena = {0};
    at_sql_statement *list = NULL;
    size_t count = 0;
    at_error err = {0};
    at_sql_open_ended((const char *)data, size);
    if (at_sql_split((const char *)data, size, &arena, &list, &count, &err) == AT_OK)
        for (size_t i = 0; i < count; i++)
            if (list[i].verb != AT_SQL_DROP)
                query(list[i].query);
    char *text = at_arena_text(&arena, (const char *)data, size);
    if (text && !memchr(text, 0, size)) {
        query(text); /* also what the splitter would refuse */
        expression(text);
    }
    at_arena_fini(&arena);
    return 0;
}
