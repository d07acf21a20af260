#include "ops/image/turbo.h"
#include "ops/base/library.h"

#include <pthread.h>
#include <turbojpeg.h>

/* Written once, before the first JPEG is decoded. */
static struct {
    __typeof__(&tjInitDecompress) init;
    __typeof__(&tjDecompressHeader3) header;
    __typeof__(&tjDecompress2) decompress;
    __typeof__(&tjGetErrorStr2) why;
    __typeof__(&tjGetErrorCode) code;
    __typeof__(&tjDestroy) destroy;
} tj;
static at_status load_status;
static at_error load_error;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

static void load(void) {
    static const char *const names[] = {"libturbojpeg.so.0", NULL};
    const at_symbol symbols[] = {{"tjInitDecompress", (void **)&tj.init},
                                 {"tjDecompressHeader3", (void **)&tj.header},
                                 {"tjDecompress2", (void **)&tj.decompress},
                                 {"tjGetErrorStr2", (void **)&tj.why},
                                 {"tjGetErrorCode", (void **)&tj.code},
                                 {"tjDestroy", (void **)&tj.destroy}};
    load_status = at_library_load(names, "libturbojpeg0", symbols,
                                  sizeof symbols / sizeof *symbols, &load_error);
}

bool at_turbo_available(void) {
    pthread_once(&load_once, load);
    return load_status == AT_OK;
}

static at_status decode(tjhandle handle, const void *bytes, size_t length,
                        const at_image_facts *facts, at_image *out, at_error *err) {
    int w, h, sampling, space;
    if (tj.header(handle, bytes, length, &w, &h, &sampling, &space) != 0)
        return at_fail(err, AT_UNSUPPORTED, "not for libjpeg-turbo");
    bool grey = space == TJCS_GRAY;
    if ((!grey && space != TJCS_YCbCr && space != TJCS_RGB) || w != facts->w ||
        h != facts->h)
        return at_fail(err, AT_UNSUPPORTED, "not for libjpeg-turbo");
    AT_TRY(at_image_new(w, h, grey ? 1 : 3, out, err));
    int failed = tj.decompress(handle, bytes, length, at_image_own(out), w, 0, h,
                               grey ? TJPF_GRAY : TJPF_RGB, TJFLAG_ACCURATEDCT);
    /* A warning (bytes between segments, a restart out of step) leaves a whole picture:
     * data sets in use are full of them. */
    if (!failed || tj.code(handle) == TJERR_WARNING)
        return AT_OK;
    at_image_fini(out);
    return at_fail(err, AT_CORRUPT, "the JPEG is damaged: %.200s", tj.why(handle));
}

at_status at_turbo_decode(const void *bytes, size_t length, const at_image_facts *facts,
                          at_image *out, at_error *err) {
    if (!at_turbo_available())
        return at_fail(err, AT_UNSUPPORTED, "%s", load_error.text);
    /* A handle is 20 us to make against 300 us and more for a decode: one a call keeps
     * threads apart. */
    tjhandle handle = tj.init();
    if (!handle)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to decode a JPEG");
    at_status status = decode(handle, bytes, length, facts, out, err);
    tj.destroy(handle);
    return status;
}
