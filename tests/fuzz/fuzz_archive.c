/* An archive from anywhere: listed, a member chosen, each of the first members unpacked.
 */
#include "magics/adapter/archive.h"
#include "ops/base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    int in = memfd_create("archive", 0), out = memfd_create("member", 0);
    assert(in >= 0 && out >= 0);
    ssize_t n = write(in, data, size);
    assert(n == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", in);
    at_arena arena = {0};
    at_archive_list list;
    at_error err;
    size_t index = 0;
    if (at_archive_read_list(path, NULL, &arena, &list, &err) == AT_OK) {
        for (size_t i = 0; i < list.count; i++)
            assert(at_utf8_valid(list.members[i].name, strlen(list.members[i].name)));
        if (list.archive && at_archive_choose(&list, NULL, "x", &index, &err) == AT_OK)
            assert(index < list.count);
        if (list.archive && at_archive_choose(&list, "a.csv", "x", &index, &err) == AT_OK)
            assert(index < list.count);
        for (size_t i = 0; i < list.count && i < 3; i++) {
            struct stat about;
            int cut = ftruncate(out, 0);
            at_status status =
                at_archive_extract(path, i, out, LIMIT, NULL, NULL, NULL, &err);
            assert(status == AT_OK || err.text[0]);
            assert(cut == 0 && fstat(out, &about) == 0 && about.st_size <= LIMIT);
        }
    }
    at_arena_fini(&arena);
    close(in);
    close(out);
    return 0;
}
