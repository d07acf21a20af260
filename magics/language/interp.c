#include "magics/language/interp.h"
#include "magics/language/complete.h"
#include "magics/language/execute.h"
#include "magics/language/inspect.h"
#include "magics/language/is_complete.h"
#include "magics/language/session.h"
#include "magics/language/sqlcell.h"

#include <string.h>
#include <strings.h>

typedef struct language {
    at_interp interp; /* first: an at_interp is a language */
    at_session *session;
} language;

static const at_interp_info *info(at_interp *interp) {
    static const char *const links[][2] = {
        {"SQLite's SQL", "https://www.sqlite.org/lang.html"},
        {"SageMaker's linear learner",
         "https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner.html"},
        {NULL, NULL},
    };
    static const at_interp_info about = {
        .implementation = "atelier",
        .implementation_version = ATELIER_VERSION,
        .language = "atelier",
        .language_version = ATELIER_VERSION,
        .mimetype = "text/x-atelier",
        .file_extension = ".atl",
        .codemirror_mode = "sql",
        .pygments_lexer = "sql",
        .banner = "Atelier " ATELIER_VERSION ": cells are SQL over your datasets, magics "
                  "(%help lists them), or shell lines (!ls).",
        .help_links = links,
    };
    (void)interp;
    return &about;
}

static at_context context_of(const language *l, const at_call *call, at_arena *arena) {
    return (at_context){.call = call,
                        .session = l->session,
                        .shutdown = at_session_shutdown(l->session),
                        .arena = arena};
}

static at_status execute(at_interp *interp, const at_call *call, const char *code,
                         size_t length, at_error *err) {
    language *l = (language *)interp;
    at_arena arena = {0};
    at_context context = context_of(l, call, &arena);
    at_status status = at_execute(&context, code, length, err);
    at_arena_fini(&arena);
    return status;
}

/* An expression is one of SQL: `avg(age) FROM bank`, `6 * 7`; or a whole query. */
static at_status evaluate(at_interp *interp, const at_call *call, const char *expression,
                          at_bundle *out, at_error *err) {
    language *l = (language *)interp;
    at_arena arena = {0};
    at_context context = context_of(l, call, &arena);
    static const char *const verbs[] = {"select", "with", "values"};
    bool query = false;
    const char *text = expression + strspn(expression, " \t\r\n");
    for (size_t i = 0; i < 3 && !query; i++)
        query = strncasecmp(text, verbs[i], strlen(verbs[i])) == 0;
    const char *code = query ? text : at_arena_format(&arena, "SELECT %s", text);
    at_status status = at_fail(err, AT_NO_MEMORY, "no memory left for an expression");
    if (code) {
        at_error_clear(err);
        at_sqlcell cell = {
            .code = code, .length = strlen(code), .to = strlen(code), .out = out};
        *out = (at_bundle){0};
        status = at_sqlcell_run(&context, &cell, err);
        if (!status && !out->data)
            status = at_fail(err, AT_INVALID, "the expression has no value");
    }
    at_arena_fini(&arena);
    return status;
}

static at_status complete(at_interp *interp, const char *code, size_t length,
                          size_t cursor, at_completion *out, at_error *err) {
    return at_complete(((language *)interp)->session, code, length, cursor, out, err);
}

static at_status inspect(at_interp *interp, const char *code, size_t length,
                         size_t cursor, int detail, at_inspection *out, at_error *err) {
    (void)detail; /* there is one: all of it */
    return at_inspect(((language *)interp)->session, code, length, cursor, out, err);
}

static at_completeness is_complete(at_interp *interp, const char *code, size_t length,
                                   char *indent) {
    (void)interp;
    return at_is_complete(code, length, indent);
}

static void shutting_down(at_interp *interp, bool restart) {
    (void)restart; /* a job runs on in both cases */
    at_session_shut_down(((language *)interp)->session);
}

static void release(at_interp *interp) {
    language *l = (language *)interp;
    at_session_release(l->session);
    at_free(l);
}

at_status at_language_new(const char *workspace, at_interp **out, at_error *err) {
    static const at_interp_vtable vtable = {
        .info = info,
        .execute = execute,
        .evaluate = evaluate,
        .complete = complete,
        .inspect = inspect,
        .is_complete = is_complete,
        .shutting_down = shutting_down,
        .release = release,
    };
    *out = NULL;
    language *l = at_alloc_zero(sizeof *l);
    if (!l)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the language");
    at_status status = at_session_new(workspace, &l->session, err);
    if (status) {
        at_free(l);
        return status;
    }
    l->interp.vtable = &vtable;
    *out = &l->interp;
    return AT_OK;
}

const char *at_language_history_path(void *interp) {
    return at_session_history(((language *)interp)->session);
}

at_session *at_language_session(at_interp *interp) {
    return ((language *)interp)->session;
}
