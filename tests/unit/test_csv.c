#include "ops/base/text.h"
#include "ops/frame/csv.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <math.h>

#include <jansson.h>

static at_frame *read_text(const char *text, const at_csv_options *options,
                           at_csv_report *report) {
    at_frame *frame = NULL;
    at_error err = {0};
    assert_ok(at_csv_read(text, strlen(text), options, NULL, &frame, report, &err), &err);
    return frame;
}

static at_frame *read_file(const char *name, const at_csv_options *options,
                           at_csv_report *report) {
    char path[512];
    at_frame *frame = NULL;
    at_error err = {0};
    snprintf(path, sizeof path, "%s/%s", ATELIER_DATA, name);
    assert_ok(at_csv_read_file(path, options, NULL, &frame, report, &err), &err);
    return frame;
}

static const char *cell(const at_frame *frame, int column, int64_t row) {
    static char out[4][256];
    static int turn;
    char *place = out[turn = (turn + 1) % 4];
    at_text text = {0};
    at_column_format(at_frame_column(frame, column), row, &text);
    snprintf(place, sizeof out[0], "%s", at_text_get(&text));
    at_text_fini(&text);
    return place;
}

/* "name:type name:type ..." of all columns. */
static const char *schema(const at_frame *frame) {
    static char out[65536];
    size_t used = 0;
    out[0] = '\0';
    for (int c = 0; c < at_frame_columns(frame); c++) {
        const at_column *column = at_frame_column(frame, c);
        used += (size_t)snprintf(out + used, sizeof out - used, "%s%s:%s", c ? " " : "",
                                 column->name, at_type_name(column->type));
    }
    return out;
}

static double sum(const at_frame *frame, const char *name) {
    const at_column *column = at_frame_column(frame, at_frame_find(frame, name));
    double total = 0;
    for (int64_t i = 0; i < column->rows; i++)
        total += at_column_valid(column, i) ? at_column_real(column, i) : 0;
    return total;
}

static int64_t count(const at_frame *frame, const char *name, const char *value) {
    int c = at_frame_find(frame, name);
    int64_t n = 0;
    for (int64_t i = 0; i < at_frame_rows(frame); i++)
        n += strcmp(cell(frame, c, i), value) == 0;
    return n;
}

/* Sums and counts from Python's csv module and math.fsum. */
static void test_bank(void **state) {
    (void)state;
    at_csv_report report;
    at_frame *frame =
        read_file("bank/bank-additional/bank-additional-full.csv", NULL, &report);
    assert_int_equal(at_frame_rows(frame), 41188);
    assert_int_equal(report.rows, 41188);
    assert_int_equal(report.bad_rows, 0);
    assert_int_equal(report.delimiter, ',');
    assert_true(report.header);
    assert_string_equal(
        schema(frame),
        "age:int job:category marital:category education:category default:category "
        "housing:category loan:category contact:category month:category "
        "day_of_week:category duration:int campaign:int pdays:int previous:int "
        "poutcome:category emp.var.rate:float cons.price.idx:float cons.conf.idx:float "
        "euribor3m:float nr.employed:float y:category");
    assert_int_equal(count(frame, "y", "yes"), 4640);
    assert_int_equal(count(frame, "job", "admin."), 10422);
    assert_int_equal(count(frame, "job", "unknown"), 330);
    assert_true(sum(frame, "age") == 1648511);
    assert_true(sum(frame, "duration") == 10638243);
    assert_true(fabs(sum(frame, "euribor3m") - 149153.726) < 1e-6);
    assert_true(fabs(sum(frame, "cons.conf.idx") + 1668221.1) < 1e-6);
    assert_int_equal(at_frame_column(frame, 1)->levels, 12);
    assert_string_equal(cell(frame, 1, 0), "housemaid");
    at_frame_release(frame);
}

/* A file of csv-spectrum. The snapshot has lost the CR of the files that are about them.
 */
static at_frame *read_spectrum(const char *name) {
    char path[640];
    at_text file = {0}, text = {0};
    at_error err = {0};
    snprintf(path, sizeof path, "%s/%s", ATELIER_DATA, name);
    assert_ok(at_file_read(path, 1 << 20, &file, &err), &err);
    bool restore = strstr(name, "_crlf") && !memchr(file.data, '\r', file.length);
    for (size_t i = 0; i < file.length; i++) {
        if (restore && file.data[i] == '\n')
            at_text_char(&text, '\r');
        at_text_char(&text, file.data[i]);
    }
    at_frame *frame = NULL;
    assert_ok(at_csv_read(text.data, text.length, NULL, NULL, &frame, NULL, &err), &err);
    at_text_fini(&file);
    at_text_fini(&text);
    return frame;
}

/* The twelve files of csv-spectrum against their JSON. */
static void test_spectrum(void **state) {
    (void)state;
    DIR *folder = opendir(ATELIER_DATA "/messy/csv-spectrum/json");
    if (!folder) {
        skip();
        return;
    }
    int files = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[512], csv[512];
        char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".json") != 0)
            continue;
        snprintf(path, sizeof path, "%s/messy/csv-spectrum/json/%s", ATELIER_DATA,
                 entry->d_name);
        snprintf(csv, sizeof csv, "messy/csv-spectrum/csvs/%.*s.csv",
                 (int)(dot - entry->d_name), entry->d_name);
        json_t *want = json_load_file(path, 0, NULL);
        assert_non_null(want);
        if (json_is_object(want)) /* one of them gives its only row bare */
            want = json_pack("[o]", want);
        at_frame *frame = read_spectrum(csv);
        assert_int_equal(at_frame_rows(frame), json_array_size(want));
        for (size_t i = 0; i < json_array_size(want); i++) {
            const char *key;
            json_t *value;
            json_object_foreach(json_array_get(want, i), key, value) {
                int c = at_frame_find(frame, key);
                assert_true(c >= 0);
                /* The suite hides this number in its JSON, not in its CSV. */
                if (strcmp(key, "Contact Phone Number") == 0)
                    value = json_string("2095257564");
                assert_string_equal(cell(frame, c, (int64_t)i), json_string_value(value));
                if (strcmp(key, "Contact Phone Number") == 0)
                    json_decref(value);
            }
        }
        at_frame_release(frame);
        json_decref(want);
        files++;
    }
    closedir(folder);
    assert_int_equal(files, 12);
}

/* Everything of a frame as one text, codes and validity included. */
static char *spell(const at_frame *frame) {
    at_text out = {0};
    at_text_put(&out, schema(frame));
    for (int c = 0; c < at_frame_columns(frame); c++) {
        const at_column *column = at_frame_column(frame, c);
        at_text_format(&out, "\n%s %u %lld\n", column->name, column->levels,
                       (long long)column->missing);
        for (int64_t i = 0; i < column->rows; i++) {
            at_text_char(&out, at_column_valid(column, i) ? '=' : '!');
            if (column->type == AT_TYPE_CATEGORY)
                at_text_format(&out, "%u ", column->codes[i]);
            at_column_format(column, i, &out);
        }
    }
    assert_true(at_text_ok(&out));
    return at_text_take(&out);
}

static char *read_and_spell(const char *name, bool skip_bad, size_t threads,
                            const char *chunk, const char *isa) {
    at_pool *pool = NULL;
    at_error err = {0};
    at_frame *frame = NULL;
    at_csv_report report;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", ATELIER_DATA, name);
    assert_ok(at_pool_new(threads, &pool, &err), &err);
    setenv("ATELIER_CSV_CHUNK", chunk, 1);
    setenv("ATELIER_ISA", isa, 1);
    at_csv_options options = at_csv_options_default();
    options.skip_bad_rows = skip_bad;
    const at_read_context context = {.pool = pool};
    at_status status = at_csv_read_file(path, &options, &context, &frame, &report, &err);
    unsetenv("ATELIER_CSV_CHUNK");
    unsetenv("ATELIER_ISA");
    at_pool_release(pool);
    char *text;
    if (status == AT_OK) {
        at_text whole = {0};
        char *spelt = spell(frame);
        at_text_format(&whole, "%lld bad, first %lld, %s, %s\n",
                       (long long)report.bad_rows, (long long)report.first_bad[0],
                       report.encoding, report.notes);
        at_text_put(&whole, spelt);
        at_free(spelt);
        text = at_text_take(&whole);
    } else {
        text = at_copy_text(err.text);
    }
    at_frame_release(frame);
    return text;
}

/* The frame, or the error, depends neither on the threads, nor on where the input is cut,
 * nor on the form of the scan. */
static void test_determinism(void **state) {
    (void)state;
    static const char *const files[] = {
        "bank/bank-additional/bank-additional.csv",
        "bank/uci-semicolon/bank-additional.csv",
        "messy/candyhierarchy2017.csv",
        "messy/starwars_survey.csv",
        "messy/global_super_store_orders.tsv",
        "messy/nyc311_animals_2025.csv",
        "messy/bikes_montreal_latin1_semicolon.csv",
        "messy/gdp_per_capita_latin1.tsv",
        "messy/oecd_bli_2015.csv",
        "messy/dirty_clean_pairs/beers_dirty.csv",
        "messy/horror/211.csv",
        "messy/horror/characters.csv",
        "messy/horror/spanish_chars.csv",
        "messy/horror/complex.csv",
        "messy/horror/mixedGLB.csv",
        "messy/horror/utf-16le_encoded.csv",
        "messy/horror/weird_head_padding.csv",
        "tabular/titanic.csv",
        "tabular/wine.csv",
        "weather/faa_birdstrikes.csv",
    };
    static const struct {
        size_t threads;
        const char *chunk, *isa;
    } ways[] = {{1, "64", "scalar"},    {2, "997", "avx2"},   {3, "4099", "avx512"},
                {2, "65536", "scalar"}, {4, "20000", "avx2"}, {1, "1000000", "avx512"}};
    for (size_t i = 0; i < COUNT(files); i++) {
        for (int skip_bad = 0; skip_bad < 2; skip_bad++) {
            char *want = read_and_spell(files[i], skip_bad, 1, "16000000", "scalar");
            for (size_t k = 0; k < COUNT(ways); k++) {
                /* The smallest chunks cost too much on the largest files. */
                if (strlen(want) > 400000 && strlen(ways[k].chunk) < 4)
                    continue;
                char *got = read_and_spell(files[i], skip_bad, ways[k].threads,
                                           ways[k].chunk, ways[k].isa);
                size_t same = 0;
                while (want[same] && want[same] == got[same])
                    same++;
                if (want[same] != got[same])
                    fail_msg("%s differs with %zu threads, chunks of %s, %s, at %zu:\n"
                             "%.200s\n%.200s",
                             files[i], ways[k].threads, ways[k].chunk, ways[k].isa, same,
                             want + same, got + same);
                at_free(got);
            }
            at_free(want);
        }
    }
}

static void test_types(void **state) {
    (void)state;
    static const struct {
        const char *cells; /* of one column, after the header "v" */
        const char *schema, *first, *second;
    } cases[] = {
        {"+1\n-2\n", "v:int", "1", "-2"},
        {"9223372036854775807\n-9223372036854775808\n", "v:int", "9223372036854775807",
         "-9223372036854775808"},
        {"1\n9223372036854775808\n", "v:float", "1", "9.223372036854776e+18"},
        {"00123\n00456\n", "v:category", "00123", "00456"},
        {"0\n1\n", "v:int", "0", "1"},
        {"1\n2.5\n", "v:float", "1", "2.5"},
        {" 1 \n2\n", "v:int", "1", "2"},
        {"-0\n1\n", "v:float", "-0", "1"},
        {".5\n1.\n", "v:float", "0.5", "1"},
        {"1e3\n-2E-2\n", "v:float", "1000", "-0.02"},
        {"inf\n-Infinity\n", "v:float", "inf", "-inf"},
        {"1\nNaN\n", "v:int", "1", ""},
        {"1.5\nNAN\n", "v:float", "1.5", ""},
        {"0.1\n0.30000000000000004\n", "v:float", "0.1", "0.30000000000000004"},
        {"true\nFALSE\n", "v:bool", "true", "false"},
        {"yes\nno\n", "v:category", "yes", "no"},
        {"2024-01-31\n2024/02/29\n", "v:date", "2024-01-31", "2024-02-29"},
        {"2023-02-29\n2024-01-01\n", "v:category", "2023-02-29", "2024-01-01"},
        {"31/1/2024\n1/2/2024\n", "v:date", "2024-01-31", "2024-02-01"},
        {"1/31/2024\n1/2/2024\n", "v:date", "2024-01-31", "2024-01-02"},
        {"1/2/2024\n3/4/2024\n", "v:category", "1/2/2024", "3/4/2024"},
        {"31/1/2024\n1/31/2024\n", "v:category", "31/1/2024", "1/31/2024"},
        {"1.2.2024\n3.4.2024\n", "v:date", "2024-02-01", "2024-04-03"},
        {"1/31/69\n1/31/68\n", "v:date", "1969-01-31", "2068-01-31"},
        {"2024-01-31T12:00\n2024-01-31 12:00:01.5\n", "v:timestamp",
         "2024-01-31 12:00:00", "2024-01-31 12:00:01.500000"},
        {"2024-01-31\n2024-01-31 12:00\n", "v:timestamp", "2024-01-31 00:00:00",
         "2024-01-31 12:00:00"},
        {"2024-01-31T12:00:00Z\n2024-01-31T12:00:00+02:00\n", "v:timestamp",
         "2024-01-31 12:00:00", "2024-01-31 10:00:00"},
        {"1/31/2024 1:05\n1/2/2024 13:00:07\n", "v:timestamp", "2024-01-31 01:05:00",
         "2024-01-02 13:00:07"},
        {"1/31/2024 12:05 AM\n1/2/2024 1:00:07 pm\n", "v:timestamp",
         "2024-01-31 00:05:00", "2024-01-02 13:00:07"},
        {"NA\n1\n", "v:int", "", "1"},
        {"?\nn/a\n", "v:text", "", ""},
        {"\"1,234\"\n\"1,234,567\"\n", "v:int", "1234", "1234567"},
        {"\"1,234.56\"\n7\n", "v:float", "1234.56", "7"},
        {"\"12,34\"\n\"1,5\"\n", "v:float", "12.34", "1.5"},
        {"\"1,23,4\"\n2\n", "v:category", "1,23,4", "2"},
        {"1_000\n2\n", "v:category", "1_000", "2"},
        {"0x10\n2\n", "v:category", "0x10", "2"},
        {"\"a\"\"b\"\n\" x \"\n", "v:category", "a\"b", " x "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        snprintf(text, sizeof text, "v\n%s", cases[i].cells);
        at_csv_options options = at_csv_options_default();
        options.delimiter = ',';
        options.header = AT_YES;
        at_frame *frame = read_text(text, &options, NULL);
        if (strcmp(schema(frame), cases[i].schema) != 0)
            fail_msg("%s became %s", cases[i].cells, schema(frame));
        if (at_frame_rows(frame) != 2)
            fail_msg("%s became %d rows", cases[i].cells, (int)at_frame_rows(frame));
        assert_string_equal(cell(frame, 0, 0), cases[i].first);
        assert_string_equal(cell(frame, 0, 1), cases[i].second);
        at_frame_release(frame);
    }
}

/* A quote inside a cell opens nothing, whatever ends the lines. */
static void test_line_ends(void **state) {
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    for (size_t i = 0; i < COUNT(ends); i++) {
        char text[80];
        snprintf(text, sizeof text, "size 5\",x%s1,2%s3,4%s", ends[i], ends[i], ends[i]);
        at_frame *frame = read_text(text, NULL, NULL);
        assert_string_equal(schema(frame), "size 5\":int x:int");
        assert_int_equal(at_frame_rows(frame), 2);
        at_frame_release(frame);
    }
}

/* Doubles are those of strtod, bit for bit, however they are written. */
static void test_rounding(void **state) {
    (void)state;
    enum { ROWS = 30000 };
    static const char *const fixed[] = {"9007199254740993",
                                        "0.1",
                                        "123456.789012345678",
                                        "1e22",
                                        "1e23",
                                        "4.35",
                                        "-0.0",
                                        "2.2250738585072014e-308",
                                        "4.9e-324",
                                        "1.7976931348623157e308",
                                        "5e-1",
                                        "12345678.",
                                        "12345678.12345678",
                                        "99999999.99999999",
                                        "1234567.1234567",
                                        "-1.",
                                        "0.000001",
                                        "179769313486231580793728971405301e276",
                                        "1e-7",
                                        "8.5"};
    at_text text = {0};
    char *numbers = at_alloc_array(ROWS, 48);
    uint64_t seed = 88172645463325252u;
    at_text_put(&text, "x\n0.5\n");
    for (int i = 0; i < ROWS; i++) {
        char *out = numbers + (size_t)i * 48;
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        double x = ((double)(int64_t)seed) * (seed & 1 ? 1e-18 : 1e-13);
        if (i < (int)COUNT(fixed))
            snprintf(out, 48, "%s", fixed[i]);
        else if (seed & 2)
            snprintf(out, 48, "%.*f", (int)(seed >> 8 & 7) + 1, x);
        else
            snprintf(out, 48, "%.*g", (int)(seed >> 8 & 15) + 2, x);
        at_text_format(&text, "%s\n", out);
    }
    at_csv_options options = at_csv_options_default();
    options.delimiter = ',';
    options.header = AT_YES;
    at_frame *frame = read_text(at_text_get(&text), &options, NULL);
    const at_column *x = at_frame_column(frame, 0);
    assert_int_equal(x->type, AT_TYPE_FLOAT);
    assert_int_equal(x->rows, ROWS + 1);
    for (int i = 0; i < ROWS; i++) {
        double want = strtod(numbers + (size_t)i * 48, NULL);
        if (!at_same_real(x->reals[i + 1], want))
            fail_msg("%s became %.17g", numbers + (size_t)i * 48, x->reals[i + 1]);
    }
    at_frame_release(frame);
    at_free(numbers);
    at_text_fini(&text);
}

static void test_options(void **state) {
    (void)state;
    at_csv_options options = at_csv_options_default();
    const char *types[][2] = {{"B", "float"}, {"c", "text"}, {"d", "bool"}, {NULL, NULL}};
    options.types = types;
    at_frame *frame = read_text("a,b,c,d\n1,2,3,yes\n4,,6,n\n", &options, NULL);
    assert_string_equal(schema(frame), "a:int b:float c:text d:bool");
    assert_string_equal(cell(frame, 3, 1), "false");
    at_frame_release(frame);

    at_error err = {0};
    const char *text = "a,b\n1,2\n3,x\n";
    assert_int_equal(at_csv_read(text, strlen(text), &options, NULL, &frame, NULL, &err),
                     AT_INVALID);
    assert_string_equal(err.text, "there is no column 'c' to give a type");
    const char *number[][2] = {{"b", "int"}, {NULL, NULL}};
    options.types = number;
    assert_int_equal(at_csv_read(text, strlen(text), &options, NULL, &frame, NULL, &err),
                     AT_INVALID);
    assert_string_equal(err.text, "row 2 (line 3), column 'b': 'x' is no int");

    static const char *const names[] = {"p", "q", NULL}, *const missing[] = {"-", NULL};
    options = at_csv_options_default();
    options.names = names;
    options.missing = missing;
    options.header = AT_NO;
    options.skip_lines = 1;
    frame = read_text("junk\r\nNA;-\r\n;3\r\n", &options, NULL);
    assert_string_equal(schema(frame), "p:category q:int");
    assert_int_equal(at_frame_column(frame, 0)->missing, 0);
    assert_int_equal(at_frame_column(frame, 1)->missing, 1);
    at_frame_release(frame);
}

static void test_ragged(void **state) {
    (void)state;
    const char *text = "a,b\n1,2\n3\n\n4,5,6\n\"7\nx\",8\n9\n";
    at_error err = {0};
    at_frame *frame;
    assert_int_equal(at_csv_read(text, strlen(text), NULL, NULL, &frame, NULL, &err),
                     AT_INVALID);
    assert_string_equal(err.text,
                        "row 2 (line 3) has 1 field, not 2: column 'b' and those "
                        "after it are absent");
    at_csv_options options = at_csv_options_default();
    at_csv_report report;
    options.skip_bad_rows = true;
    frame = read_text(text, &options, &report);
    assert_int_equal(at_frame_rows(frame), 2);
    assert_int_equal(report.bad_rows, 3);
    assert_int_equal(report.first_bad[0], 3);
    assert_int_equal(report.first_bad[1], 5);
    assert_int_equal(report.first_bad[2], 8);
    assert_string_equal(cell(frame, 0, 1), "7\nx");
    at_frame_release(frame);
    text = "a,b\n1,\"2\n3,4\n";
    assert_int_equal(at_csv_read(text, strlen(text), NULL, NULL, &frame, NULL, &err),
                     AT_SYNTAX);
    assert_string_equal(err.text, "line 2: a quote is never closed");
    assert_int_equal(at_csv_read("", 0, NULL, NULL, &frame, NULL, &err), AT_INVALID);
    assert_int_equal(at_csv_read("\n\n", 2, NULL, NULL, &frame, NULL, &err), AT_INVALID);
    assert_int_equal(at_csv_read("PK\0\3", 4, NULL, NULL, &frame, NULL, &err),
                     AT_INVALID);
}

static void test_headers(void **state) {
    (void)state;
    static const struct {
        const char *text, *schema;
        int64_t rows;
    } cases[] = {
        {"a,b\n1,2\n", "a:int b:int", 1},
        {"1,2\n3,4\n", "c1:int c2:int", 2},
        {"x,y\nu,v\n", "x:category y:category", 1},
        {"u,v\nu,v\n", "c1:category c2:category", 2},
        {"a,A,a,,\n1,2,3,4,5\n", "a:int A_2:int a_3:int c4:int c5:int", 1},
        {"Title of it\n\na;b;c\n1;2;3\n4;5;6\n", "a:int b:int c:int", 2},
        {"\xEF\xBB\xBF"
         "a\tb\n1\t2\n",
         "a:int b:int", 1},
        {"a\r5\r6\r", "a:int", 2},
        {"k,2015\nx,1\ny,2\n", "c1:category c2:int", 3},
        {"k,2015,note\nx,1,5\ny,2,6\n", "k:category 2015:int note:int", 2},
        {"1 2.5 3\n4 5 6\n", "c1:int c2:float c3:int", 2},
        {"5\" pipe,2\n6\" pipe,3\n", "c1:category c2:int", 2},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_frame *frame = read_text(cases[i].text, NULL, NULL);
        assert_string_equal(schema(frame), cases[i].schema);
        assert_int_equal(at_frame_rows(frame), cases[i].rows);
        at_frame_release(frame);
    }
}

static void test_encodings(void **state) {
    (void)state;
    at_csv_report report;
    at_frame *frame = read_text("n\nCaf\xE9\n\x80 5\n", NULL, &report);
    assert_string_equal(report.encoding, "windows-1252");
    assert_string_equal(cell(frame, 0, 0), "Caf\xC3\xA9");
    assert_string_equal(cell(frame, 0, 1), "\xE2\x82\xAC 5");
    at_frame_release(frame);
    at_csv_options options = at_csv_options_default();
    options.encoding = "utf-8";
    at_error err = {0};
    assert_int_equal(
        at_csv_read("n,m\n1,2\n3,Caf\xE9\n", 15, &options, NULL, &frame, NULL, &err),
        AT_INVALID);
    assert_string_equal(err.text, "row 2 (line 3), column 'm' is not UTF-8 text");
    options.encoding = "big5";
    frame = read_file("messy/horror/characters.csv", &options, &report);
    assert_string_equal(at_frame_column(frame, 1)->name,
                        "\xE6\x99\xAF\xE9\xBB\x9E\xE7\xB7"
                        "\xA8\xE8\x99\x9F");
    at_frame_release(frame);
    options.encoding = "klingon";
    assert_int_equal(at_csv_read("a", 1, &options, NULL, &frame, NULL, &err), AT_INVALID);
    frame = read_file("messy/horror/utf-16le_encoded.csv", NULL, &report);
    assert_int_equal(at_frame_rows(frame), 327);
    at_frame_release(frame);
}

typedef struct at_sweep {
    at_frame *frame;
} at_sweep;

static at_status read_once(void *context) {
    at_sweep *sweep = context;
    static const char text[] =
        "id,name,when,x\n1,ann,2024-01-01,1\n2,bob,2024-01-02,2.5\n"
        "3,\"c\"\"d\",2024-01-03 10:00,\n4,z,,x\n";
    at_frame_release(sweep->frame);
    sweep->frame = NULL;
    return at_csv_read(text, sizeof text - 1, NULL, NULL, &sweep->frame, NULL, NULL);
}

static void test_no_memory(void **state) {
    (void)state;
    at_sweep sweep = {0};
    assert_true(at_test_sweep(read_once, &sweep) > 20);
    assert_string_equal(schema(sweep.frame),
                        "id:int name:category when:timestamp x:category");
    at_frame_release(sweep.frame);
}

static void test_next(void **state) {
    (void)state;
    const char text[] = "a,\"b \"\"c\"\"\"\r\n,\n\"x\ny\",z";
    const char *cursor = text, *end = text + sizeof text - 1;
    at_arena arena = {0};
    at_csv_record record;
    at_error err = {0};
    int64_t line = 1;
    assert_true(at_csv_next(&cursor, end, ',', &line, &arena, &record, &err));
    assert_int_equal(record.count, 2);
    assert_string_equal(record.fields[1], "b \"c\"");
    assert_true(at_csv_next(&cursor, end, ',', &line, &arena, &record, &err));
    assert_int_equal(record.count, 2);
    assert_int_equal(record.line, 2);
    assert_int_equal(record.lengths[0], 0);
    assert_true(at_csv_next(&cursor, end, ',', &line, &arena, &record, &err));
    assert_string_equal(record.fields[0], "x\ny");
    assert_int_equal(record.line, 3);
    assert_int_equal(line, 4);
    assert_false(at_csv_next(&cursor, end, ',', &line, &arena, &record, &err));
    assert_int_equal(err.code, AT_OK);
    const char *open = "1,\"2\n";
    assert_false(at_csv_next(&open, open + 5, ',', &line, &arena, &record, &err));
    assert_int_equal(err.code, AT_SYNTAX);
    at_arena_fini(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bank),      cmocka_unit_test(test_spectrum),
        cmocka_unit_test(test_types),     cmocka_unit_test(test_options),
        cmocka_unit_test(test_line_ends), cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_ragged),    cmocka_unit_test(test_headers),
        cmocka_unit_test(test_encodings), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_next),      cmocka_unit_test(test_determinism),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
