/* Payloads into frames, predictions into answers, and what types of content are named. */
#include "unit.h"

#include "magics/deploy/payload.h"
#include "magics/deploy/response.h"

#include <math.h>

static at_arena arena;
static at_intake intake;
static at_payload payload;

static int set_up(void **state) {
    (void)state;
    at_error err;
    json_t *inputs = json_loads(
        "[{\"name\":\"age\",\"type\":\"int\"},{\"name\":\"job\",\"type\":\"category\"},"
        "{\"name\":\"rate\",\"type\":\"float\"},{\"name\":\"when\",\"type\":\"date\"},"
        "{\"name\":\"at\",\"type\":\"timestamp\"},{\"name\":\"ok\",\"type\":\"bool\"}]",
        0, NULL);
    json_t *ignored = json_loads("[{\"name\":\"duration\",\"type\":\"int\"}]", 0, NULL);
    assert_ok(at_intake_init(&intake, inputs, ignored, "y", NULL, &arena, &err), &err);
    json_decref(inputs);
    json_decref(ignored);
    at_payload_init(&payload, &intake, &arena);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    at_arena_fini(&arena);
    return 0;
}

static at_status csv(const char *text, at_tristate header, at_error *err) {
    at_payload_init(&payload, &intake, &arena);
    return at_payload_csv(&payload, text, strlen(text), header, err);
}

static at_status json(const char *text, at_error *err) {
    at_payload_init(&payload, &intake, &arena);
    return at_payload_json(&payload, text, strlen(text), err);
}

static at_status jsonl(const char *text, at_error *err) {
    at_payload_init(&payload, &intake, &arena);
    return at_payload_jsonl(&payload, text, strlen(text), err);
}

/* The frame as CSV rows joined by '|', empty where missing; or the error's text. */
static const char *frame_text(void) {
    at_error err;
    at_frame *frame = NULL;
    if (at_payload_frame(&payload, &frame, &err))
        return at_arena_format(&arena, "%s", err.text);
    at_text out = {0};
    for (int64_t row = 0; row < at_frame_rows(frame); row++) {
        if (row)
            at_text_char(&out, '|');
        for (int i = 0; i < at_frame_columns(frame); i++) {
            if (i)
                at_text_char(&out, ',');
            at_column_format(at_frame_column(frame, i), row, &out);
        }
    }
    at_frame_release(frame);
    const char *copy = at_arena_text(&arena, at_text_get(&out), out.length);
    at_text_fini(&out);
    return copy;
}

#define ROW  "56,\"house, maid\",1.5,2024-02-29,2024-02-29 12:30:00,true"
#define READ "56,house, maid,1.5,2024-02-29,2024-02-29 12:30:00,true"

static void csv_becomes_a_frame(void **state) {
    (void)state;
    at_error err;
    assert_ok(csv(ROW, AT_AUTO, &err), &err);
    assert_string_equal(frame_text(), READ);
    assert_ok(csv("\xEF\xBB\xBF" ROW "\r\n\r\n" ROW "\r\n", AT_AUTO, &err), &err);
    assert_string_equal(frame_text(), READ "|" READ);
    assert_ok(csv(",,,,,\nNA,?,NaN,null,None,n/a\n", AT_AUTO, &err), &err);
    assert_string_equal(frame_text(), ",,,,,|,,,,,");
    /* Whole numbers however written; yes and 1 are true where a bool is meant. */
    assert_ok(csv("5.0,x,1e3,2024-01-31,2024-01-31,yes\n 7 ,x, 2 ,2024-01-31,"
                  "2024-01-31T00:00:01Z,0\n",
                  AT_AUTO, &err),
              &err);
    assert_string_equal(frame_text(), "5,x,1000,2024-01-31,2024-01-31 00:00:00,true|"
                                      "7,x,2,2024-01-31,2024-01-31 00:00:01,false");
}

static void headers_match_by_name(void **state) {
    (void)state;
    at_error err;
    assert_ok(csv("OK,at,duration,when,Y,rate,job,age\n"
                  "false,2024-01-01,99,2024-01-02,no,2,cook,30\n",
                  AT_AUTO, &err),
              &err);
    assert_string_equal(frame_text(), "30,cook,2,2024-01-02,2024-01-01 00:00:00,false");
    assert_int_equal(csv("age,job,rate,when,at\n1,2,3,4,5\n", AT_AUTO, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "lacks the column 'ok'"));
    assert_int_equal(csv("age,age,job,rate,when,at,ok\n", AT_AUTO, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "twice"));
    /* A row of strangers is data unless it is said to be a header. */
    assert_int_equal(csv("a,b,c,d,e,f\n", AT_YES, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "'a'"));
    assert_ok(csv("a,b,c,d,e,f\n", AT_AUTO, &err), &err);
    assert_string_equal(frame_text(), "row 1, column 'age': 'a' is not a whole number");
    assert_ok(csv("age,job,rate,when,at,ok\n", AT_NO, &err), &err);
    assert_int_equal(payload.rows, 1);
}

static void csv_errors_say_where(void **state) {
    (void)state;
    at_error err;
    assert_int_equal(csv(ROW "\n1,2\n", AT_AUTO, &err), AT_INVALID);
    assert_int_equal(payload.bad_row, 2);
    assert_string_equal(err.text, "row 2: there are 2 fields where 6 are expected");
    assert_int_equal(csv("56;cook;1;;;", AT_AUTO, &err), AT_INVALID);
    assert_non_null(strstr(err.hint, "commas"));
    assert_int_equal(csv("", AT_AUTO, &err), AT_INVALID);
    assert_int_equal(csv("\n\r\n", AT_AUTO, &err), AT_INVALID);
    assert_int_equal(csv("age,job,rate,when,at,ok\n", AT_AUTO, &err), AT_INVALID);
    assert_non_null(strstr(err.text, "no rows"));
    static const struct {
        const char *row, *said;
    } bad[] = {
        {"x,j,1,,,", "row 1, column 'age': 'x' is not a whole number"},
        {"1,j,1.5.5,,,", "row 1, column 'rate': '1.5.5' is not a number"},
        {"1,j,inf,,,", "row 1, column 'rate': 'inf' is not a number"},
        {"1,j,1,2023-02-29,,",
         "row 1, column 'when': '2023-02-29' is not a date like 2024-01-31"},
        {"1,j,1,1/2/2024,,",
         "row 1, column 'when': '1/2/2024' is not a date like 2024-01-31"},
        {"1,j,1,,noon,",
         "row 1, column 'at': 'noon' is not a time like 2024-01-31 12:30:00"},
        {"1,j,1,,,maybe", "row 1, column 'ok': 'maybe' is not true or false"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_ok(csv(bad[i].row, AT_AUTO, &err), &err);
        assert_string_equal(frame_text(), bad[i].said);
        assert_int_equal(payload.bad_row, 1);
        assert_non_null(payload.bad_column);
    }
}

/* A fraction has no place among whole numbers, however many of them come before it. */
static void fractions_are_refused(void **state) {
    (void)state;
    at_error err;
    assert_ok(csv("1,j,1,,,\n2.0,j,1,,,\n2.5,j,1,,,\n", AT_AUTO, &err), &err);
    assert_string_equal(frame_text(), "row 3, column 'age': '2.5' is not a whole number");
    assert_int_equal(payload.bad_row, 3);
    assert_string_equal(payload.bad_column, "age");
    assert_ok(csv("1,j,1,,,\n2.0,j,1,,,\n3e0,j,1,,,\n", AT_AUTO, &err), &err);
    assert_string_equal(frame_text(), "1,j,1,,,|2,j,1,,,|3,j,1,,,");
}

static void json_becomes_a_frame(void **state) {
    (void)state;
    at_error err;
    assert_ok(
        json(" {\"instances\" : [ {\"age\": 56, \"job\": "
             "\"h\\u00e4\\n\\\"\\ud83d\\ude00\","
             "\"rate\": -1.5e2, \"when\": \"2024-01-31\", \"at\": null, \"ok\": true,"
             "\"y\": \"no\", \"duration\": null} , [1,2,3,null,null,false] ] } ",
             &err),
        &err);
    assert_string_equal(frame_text(), "56,hä\n\"😀,-150,2024-01-31,,true|1,2,3,,,false");
    assert_ok(
        json("{\"instances\":[{\"features\":[1,\"\",\"3\",null,null,null]}]}", &err),
        &err);
    assert_string_equal(frame_text(), "1,,3,,,");
    assert_ok(
        jsonl("\n[1,\"a\",1,null,null,null]\r\n\n [2,\"b\",2,null,null,null]", &err),
        &err);
    assert_string_equal(frame_text(), "1,a,1,,,|2,b,2,,,");
}

static void json_errors_say_where(void **state) {
    (void)state;
    at_error err;
    static const struct {
        const char *body, *said;
    } bad[] = {
        {"", "not {\"instances\""},
        {"[]", "not {\"instances\""},
        {"{\"instances\":{}}", "not {\"instances\""},
        {"{\"instance\":[[1]]}", "not {\"instances\""},
        {"{\"instances\":[]}", "no rows"},
        {"{\"instances\":[[1,2,3]]}", "row 1: there are 3 values where 6 are expected"},
        {"{\"instances\":[[1,2,3,null,null,null,7]]}", "row 1: there are 7 values"},
        {"{\"instances\":[{}]}", "row 1, column 'age': the value is not there"},
        {"{\"instances\":[{\"age\":1,\"age\":2}]}",
         "row 1, column 'age': the value is there twice"},
        {"{\"instances\":[{\"aeg\":1}]}",
         "row 1: the model does not know a column 'aeg'"},
        {"{\"instances\":[{\"age\":[1]}]}", "row 1, column 'age': a list or an object"},
        {"{\"instances\":[{\"age\":{}}]}", "row 1, column 'age': a list or an object"},
        {"{\"instances\":[{\"age\":1", "row 1: the JSON ends where ',' or '}' should be"},
        {"{\"instances\":[{\"age\":\"1", "the JSON ends"},
        {"{\"instances\":[{\"age\":\"1\\", "the JSON ends"},
        {"{\"instances\":[{\"age\":\"\\x\"}]}", "escape"},
        {"{\"instances\":[{\"age\":\"\\ud800x\"}]}", "escape"},
        {"{\"instances\":[{\"age\":\"\\u0000\"}]}", "escape"},
        {"{\"instances\":[{\"age\":\"a\tb\"}]}", "control character"},
        {"{\"instances\":[{\"age\":nul}]}", "'nul}]}'"},
        {"{\"instances\":[{\"age\":-}]}", "a value should be"},
        {"{\"instances\":[{\"age\":1.}]}", "a value should be"},
        {"{\"instances\":[7]}", "row 1: the JSON has '7]}' where a row"},
        {"{\"instances\":[[1,2,3,4,5,6]]}{", "the end should be"},
        {"{\"instances\":[[1,2,3,4,5,6]],\"x\":1}", "'}' should be"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(json(bad[i].body, &err), AT_INVALID);
        if (!strstr(err.text, bad[i].said))
            fail_msg("%s: %s", bad[i].body, err.text);
    }
    assert_int_equal(jsonl("[1,2,3,null,null,null]\n[1,2\n,3,null,null,null]", &err),
                     AT_INVALID);
    assert_int_equal(payload.bad_row, 2);
    assert_int_equal(jsonl("[1,2,3,null,null,null] x", &err), AT_INVALID);
    assert_int_equal(jsonl("\n", &err), AT_INVALID);
}

static at_status read_all(void *context) {
    (void)context;
    static const char body[] =
        "{\"instances\":[[1,\"a\",1,null,null,true],{\"age\":2,\"job\":"
        "\"b\",\"rate\":0,\"when\":null,\"at\":null,\"ok\":null}]}";
    at_arena own = {0};
    at_payload p;
    at_frame *frame = NULL;
    at_payload_init(&p, &intake, &own);
    at_status status = at_payload_json(&p, body, sizeof body - 1, NULL);
    if (!status)
        status = at_payload_frame(&p, &frame, NULL);
    at_frame_release(frame);
    at_arena_fini(&own);
    return status;
}

static at_status read_csv(void *context) {
    (void)context;
    at_arena own = {0};
    at_payload p;
    at_error err;
    at_payload_init(&p, &intake, &own);
    at_status status =
        at_payload_csv(&p, ROW "\n" ROW, sizeof ROW ROW - 1, AT_AUTO, &err);
    at_arena_fini(&own);
    return status;
}

static void survives_lack_of_memory(void **state) {
    (void)state;
    assert_true(at_test_sweep(read_all, NULL) > 3);
    assert_true(at_test_sweep(read_csv, NULL) > 0);
}

static const char *answer(const at_response *response, at_media media,
                          at_problem problem) {
    double binary[] = {0.25, 0.75}, many[] = {0.5, 0.25, 0.25, 0.125, 0.125, 0.75};
    int32_t labels[] = {0, 1}, classes[] = {0, 2};
    at_predictions p = {.rows = 2,
                        .outputs = problem == AT_MULTICLASS ? 3 : 1,
                        .scores = problem == AT_MULTICLASS ? many : binary,
                        .labels = problem == AT_REGRESSION   ? NULL
                                  : problem == AT_MULTICLASS ? classes
                                                             : labels};
    at_text out = {0};
    at_response_begin(media, &out);
    at_response_rows(response, media, &p, &out);
    at_response_end(media, &out);
    const char *copy = at_arena_text(&arena, at_text_get(&out), out.length);
    at_text_fini(&out);
    return copy;
}

static void answers_are_written(void **state) {
    (void)state;
    at_error err;
    at_response r;
    const char *labels[] = {"no, thanks", "y\"es\""}, *digits[] = {"0", "1", "22"};
    json_t *all = json_loads(
        "[\"predicted_label\",\"probability\",\"probabilities\",\"labels\"]", 0, NULL);
    assert_ok(at_response_init(&r, NULL, AT_BINARY, labels, 2, &arena, &err), &err);
    assert_string_equal(answer(&r, AT_MEDIA_CSV, AT_BINARY),
                        "\"no, thanks\"\n\"y\"\"es\"\"\"\n");
    assert_ok(at_response_init(&r, all, AT_BINARY, labels, 2, &arena, &err), &err);
    assert_string_equal(answer(&r, AT_MEDIA_CSV, AT_BINARY),
                        "\"no, thanks\",0.75,\"[0.75, 0.25]\",\"[\"\"no, thanks\"\", "
                        "\"\"y\\\"\"es\\\"\"\"\"]\"\n"
                        "\"y\"\"es\"\"\",0.75,\"[0.25, 0.75]\",\"[\"\"no, thanks\"\", "
                        "\"\"y\\\"\"es\\\"\"\"\"]\"\n");
    assert_ok(at_response_init(&r, all, AT_MULTICLASS, digits, 3, &arena, &err), &err);
    assert_string_equal(
        answer(&r, AT_MEDIA_JSON, AT_MULTICLASS),
        "{\"predictions\":[{\"predicted_label\":0,\"probability\":0.5,\"probabilities\":["
        "0.5, "
        "0.25, 0.25],\"labels\":[0, 1, 22]},{\"predicted_label\":22,\"probability\":0.75,"
        "\"probabilities\":[0.125, 0.125, 0.75],\"labels\":[0, 1, 22]}]}");
    assert_ok(at_response_init(&r, NULL, AT_REGRESSION, NULL, 0, &arena, &err), &err);
    assert_string_equal(answer(&r, AT_MEDIA_CSV, AT_REGRESSION), "0.25\n0.75\n");
    assert_string_equal(answer(&r, AT_MEDIA_JSONL, AT_REGRESSION),
                        "{\"predicted_label\":0.25}\n{\"predicted_label\":0.75}\n");
    assert_int_equal(at_response_init(&r, all, AT_REGRESSION, NULL, 0, &arena, &err),
                     AT_INVALID);
    json_decref(all);
    json_t *wrong = json_loads("[\"probabilty\"]", 0, NULL);
    assert_int_equal(at_response_init(&r, wrong, AT_BINARY, labels, 2, &arena, &err),
                     AT_INVALID);
    assert_non_null(strstr(err.hint, "probability"));
    json_decref(wrong);
    wrong = json_loads("[\"labels\",\"labels\"]", 0, NULL);
    assert_int_equal(at_response_init(&r, wrong, AT_BINARY, labels, 2, &arena, &err),
                     AT_INVALID);
    json_decref(wrong);
}

static void media_are_told_apart(void **state) {
    (void)state;
    bool utf8;
    int header;
    assert_int_equal(at_media_of_content(NULL, &utf8, &header), AT_MEDIA_CSV);
    assert_int_equal(at_media_of_content("Text/CSV; header=present; charset=\"UTF-8\"",
                                         &utf8, &header),
                     AT_MEDIA_CSV);
    assert_true(utf8 && header == 1);
    assert_int_equal(
        at_media_of_content("text/csv;charset=latin-1;header=absent", &utf8, &header),
        AT_MEDIA_CSV);
    assert_true(!utf8 && header == 0);
    assert_int_equal(at_media_of_content("application/json", &utf8, &header),
                     AT_MEDIA_JSON);
    assert_int_equal(at_media_of_content("application/x-jsonlines", &utf8, &header),
                     AT_MEDIA_JSONL);
    assert_int_equal(at_media_of_content("text/csvx", &utf8, &header), AT_MEDIA_NONE);
    assert_int_equal(
        at_media_of_content("application/x-www-form-urlencoded", &utf8, &header),
        AT_MEDIA_NONE);
    static const struct {
        const char *accept;
        at_media fallback, want;
    } cases[] = {
        {NULL, AT_MEDIA_JSON, AT_MEDIA_JSON},
        {"", AT_MEDIA_CSV, AT_MEDIA_CSV},
        {"*/*", AT_MEDIA_JSONL, AT_MEDIA_JSONL},
        {"text/html,application/json", AT_MEDIA_CSV, AT_MEDIA_JSON},
        {"text/html, */*;q=0.1", AT_MEDIA_CSV, AT_MEDIA_CSV},
        {"text/csv;q=0.3, application/json;q=0.7", AT_MEDIA_CSV, AT_MEDIA_JSON},
        {"text/csv;q=0", AT_MEDIA_CSV, AT_MEDIA_NONE},
        {"text/html", AT_MEDIA_CSV, AT_MEDIA_NONE},
        {"text/*", AT_MEDIA_JSON, AT_MEDIA_CSV},
        {"application/json, text/csv", AT_MEDIA_CSV, AT_MEDIA_CSV},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(at_media_of_accept(cases[i].accept, cases[i].fallback),
                         cases[i].want);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(csv_becomes_a_frame),  TEST(headers_match_by_name),
        TEST(csv_errors_say_where), TEST(fractions_are_refused),
        TEST(json_becomes_a_frame), TEST(json_errors_say_where),
        TEST(answers_are_written),  TEST(survives_lack_of_memory),
        TEST(media_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
