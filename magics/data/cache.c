#include "magics/data/cache.h"
#include "ops/base/crypto.h"
#include "ops/base/file.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_BYTES = 16, NOTE_MAX = 64 * 1024, BLOCK = 256 * 1024 };

at_status at_cache_init(at_cache *cache, const char *workspace, const char *url,
                        at_arena *arena, at_error *err) {
    unsigned char digest[AT_CRYPTO_SHA256_SIZE];
    char key[2 * KEY_BYTES + 1];
    at_crypto_sha256 sha;
    at_crypto_sha256_init(&sha);
    at_crypto_sha256_update(&sha, url, strlen(url));
    at_crypto_sha256_final(&sha, digest);
    at_crypto_hex(key, digest, KEY_BYTES);
    cache->folder = at_arena_format(arena, "%s/cache", workspace);
    cache->data = at_arena_format(arena, "%s/cache/%s.data", workspace, key);
    cache->data_note = at_arena_format(arena, "%s/cache/%s.json", workspace, key);
    cache->part = at_arena_format(arena, "%s/cache/%s.part", workspace, key);
    cache->part_note = at_arena_format(arena, "%s/cache/%s.part.json", workspace, key);
    if (!cache->folder || !cache->data || !cache->data_note || !cache->part ||
        !cache->part_note)
        return at_fail(err, AT_NO_MEMORY, "no memory left for the cache");
    return at_folder_make(cache->folder, err);
}

const char *at_cache_tag(const char *note, const char *url, at_arena *arena) {
    at_text text = {0};
    const char *tag = NULL;
    json_t *json = NULL;
    if (at_file_read(note, NOTE_MAX, &text, NULL) == AT_OK)
        json = json_loadb(at_text_get(&text), text.length, 0, NULL);
    const char *of = json_string_value(json_object_get(json, "url"));
    const char *value = json_string_value(json_object_get(json, "tag"));
    if (of && value && *value && strcmp(of, url) == 0)
        tag = at_arena_text(arena, value, strlen(value));
    json_decref(json);
    at_text_fini(&text);
    return tag;
}

at_status at_cache_note(const char *note, const char *url, const char *tag,
                        at_error *err) {
    json_t *json = json_pack("{s:s, s:s}", "url", url, "tag", tag);
    char *text = json ? json_dumps(json, 0) : NULL;
    /* A tag that is no text is no tag; then nothing will be continued. */
    at_status status =
        text ? at_file_write(note, text, strlen(text), err) : at_file_remove(note, err);
    free(text); /* jansson's own allocation */
    json_decref(json);
    return status;
}

at_status at_cache_digest(const char *path, const at_cancel *cancel, char out[65],
                          at_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return at_fail_errno(err, "cannot open %.400s", path);
    char *block = at_alloc(BLOCK);
    at_status status = block ? AT_OK : at_fail(err, AT_NO_MEMORY, "no memory left");
    at_crypto_sha256 sha;
    at_crypto_sha256_init(&sha);
    for (ssize_t n = 1; !status && n > 0;) {
        n = read(fd, block, BLOCK);
        if (n < 0)
            status = at_fail_errno(err, "cannot read %.400s", path);
        else if (at_cancelled(cancel))
            status = at_fail(err, AT_CANCELLED, "interrupted");
        else
            at_crypto_sha256_update(&sha, block, (size_t)n);
    }
    unsigned char digest[AT_CRYPTO_SHA256_SIZE];
    at_crypto_sha256_final(&sha, digest);
    at_crypto_hex(out, digest, sizeof digest);
    at_free(block);
    close(fd);
    return status;
}
