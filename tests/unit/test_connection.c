#include "kernel/connection.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <unistd.h>

static int set_up(void **state) {
    *state = at_test_folder();
    return 0;
}

static int tear_down(void **state) {
    at_test_folder_remove(*state);
    return 0;
}

static json_t *good(void) {
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:s}", "transport", "tcp", "ip",
                     "127.0.0.1", "shell_port", 1, "control_port", 2, "iopub_port", 3,
                     "stdin_port", 4, "hb_port", 65535, "key", "abc");
}

/* Takes the fields. */
static at_status read_fields(const char *folder, json_t *fields, at_connection *out,
                             at_error *err) {
    char *path = at_path_join(folder, "connection.json");
    assert_int_equal(json_dump_file(fields, path, 0), 0);
    at_status status = at_connection_read(path, out, err);
    json_decref(fields);
    at_free(path);
    return status;
}

static void test_good(void **state) {
    at_error err;
    at_connection c;
    json_t *fields = good();
    json_object_set_new(fields, "kernel_name", json_string("atelier"));
    assert_ok(read_fields(*state, fields, &c, &err), &err);
    assert_false(c.ipc);
    assert_string_equal(c.ip, "127.0.0.1");
    assert_int_equal(c.ports[AT_SHELL], 1);
    assert_int_equal(c.ports[AT_CONTROL], 2);
    assert_int_equal(c.ports[AT_IOPUB], 3);
    assert_int_equal(c.ports[AT_STDIN], 4);
    assert_int_equal(c.ports[AT_HEARTBEAT], 65535);
    assert_string_equal(c.key, "abc");
    assert_string_equal(c.scheme, "hmac-sha256");
    assert_null(c.curve_public);
    at_connection_fini(&c);
}

static void test_wrong_fields_are_named(void **state) {
    static const struct {
        const char *field;
        const char *value; /* JSON; NULL: absent */
        const char *word;
    } cases[] = {
        {"transport", "\"udp\"", "udp"},
        {"ip", NULL, "ip"},
        {"ip", "\"\"", "ip"},
        {"ip", "5", "ip"},
        {"shell_port", NULL, "shell_port"},
        {"control_port", "0", "control_port"},
        {"iopub_port", "-1", "iopub_port"},
        {"stdin_port", "65536", "stdin_port"},
        {"hb_port", "\"5\"", "hb_port"},
        {"hb_port", "9223372036854775807", "hb_port"},
        {"key", "null", "key"},
        {"curve_publickey", "\"short\"", "curve_secretkey"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        at_error err;
        at_connection c;
        json_t *fields = good();
        if (cases[i].value)
            json_object_set_new(fields, cases[i].field,
                                json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
        else
            json_object_del(fields, cases[i].field);
        assert_true(read_fields(*state, fields, &c, &err) != AT_OK);
        assert_non_null(strstr(err.text, cases[i].word));
        assert_non_null(strstr(err.text, "connection.json"));
    }
}

static void test_files_that_are_none(void **state) {
    at_error err;
    at_connection c;
    char *path = at_path_join(*state, "absent.json");
    assert_int_equal(at_connection_read(path, &c, &err), AT_NOT_FOUND);
    assert_ok(at_file_write(path, "{\"ip\": ", 7, &err), &err);
    assert_int_equal(at_connection_read(path, &c, &err), AT_CORRUPT);
    assert_non_null(strstr(err.text, "line 1"));
    char *large = at_alloc_zero(AT_CONNECTION_FILE_LIMIT + 1);
    assert_ok(at_file_write(path, large, AT_CONNECTION_FILE_LIMIT + 1, &err), &err);
    assert_int_equal(at_connection_read(path, &c, &err), AT_LIMIT);
    at_free(large);
    at_free(path);
}

static void test_the_handshake_is_refused_by_name(void **state) {
    at_error err;
    at_connection c;
    json_t *fields = json_pack("{s:s, s:i}", "ip", "127.0.0.1", "registration_port", 9);
    assert_int_equal(read_fields(*state, fields, &c, &err), AT_UNSUPPORTED);
    assert_non_null(strstr(err.text, "handshake"));
}

static void test_unix_sockets(void **state) {
    at_error err;
    at_connection c;
    at_sockets *sockets;
    at_socket *sock, *second;
    char *base = at_path_join(*state, "ipc");
    json_t *fields = good();
    json_object_set_new(fields, "transport", json_string("ipc"));
    json_object_set_new(fields, "ip", json_string(base));
    json_object_set_new(fields, "shell_port", json_integer(1234567));
    assert_ok(read_fields(*state, fields, &c, &err), &err);
    assert_ok(at_sockets_new(&sockets, &err), &err);
    assert_ok(at_connection_bind(&c, sockets, AT_SHELL, &sock, &err), &err);
    char *path = at_path_join(*state, "ipc-1234567");
    assert_int_equal(access(path, F_OK), 0);
    assert_ok(at_connection_bind(&c, sockets, AT_IOPUB, &second, &err), &err);
    at_socket_release(sock);
    at_socket_release(second);
    at_sockets_release(sockets);
    at_connection_unlink(&c);
    assert_int_equal(access(path, F_OK), -1);
    at_connection_fini(&c);
    at_free(path);
    at_free(base);
}

static void test_a_port_in_use_is_said(void **state) {
    at_error err;
    at_connection c;
    at_sockets *sockets;
    at_socket *one, *two;
    assert_ok(read_fields(*state, good(), &c, &err), &err);
    assert_ok(at_sockets_new(&sockets, &err), &err);
    int port = 20000 + (int)getpid() % 20000;
    at_status status = AT_BUSY;
    for (; status == AT_BUSY; port++) {
        c.ports[AT_SHELL] = port;
        status = at_connection_bind(&c, sockets, AT_SHELL, &one, &err);
    }
    assert_int_equal(status, AT_OK);
    assert_int_equal(at_connection_bind(&c, sockets, AT_SHELL, &two, &err), AT_BUSY);
    assert_non_null(strstr(err.text, "127.0.0.1"));
    at_socket_release(one);
    at_sockets_release(sockets);
    at_connection_fini(&c);
}

typedef struct at_again {
    char *path;
} at_again;

static at_status read_again(void *context) {
    at_connection c;
    at_status status = at_connection_read(((at_again *)context)->path, &c, NULL);
    if (status == AT_OK)
        at_connection_fini(&c);
    return status;
}

static void test_without_memory(void **state) {
    at_again again = {at_path_join(*state, "connection.json")};
    json_t *fields = good();
    char key[41];
    memset(key, 'x', 40);
    key[40] = '\0';
    json_object_set_new(fields, "curve_publickey", json_string(key));
    json_object_set_new(fields, "curve_secretkey", json_string(key));
    assert_int_equal(json_dump_file(fields, again.path, 0), 0);
    assert_true(at_test_sweep(read_again, &again) >= 5);
    json_decref(fields);
    at_free(again.path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_wrong_fields_are_named),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_the_handshake_is_refused_by_name),
        cmocka_unit_test(test_unix_sockets),
        cmocka_unit_test(test_a_port_in_use_is_said),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
