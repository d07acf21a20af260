/* kernel_info_request: who we are. On shell and on control. */
#include "kernel/handler.h"

/* Optional strings are left out rather than sent empty. */
static void put(json_t *object, const char *key, const char *value) {
    if (value && *value)
        json_object_set_new(object, key, json_string(value));
}

at_status at_on_kernel_info(at_request *request, at_error *err) {
    (void)err;
    at_interp *interp = request->kernel->interp;
    const at_interp_info *info = interp->vtable->info(interp);
    json_t *language = json_object(), *links = json_array();
    put(language, "name", info->language);
    put(language, "version", info->language_version);
    put(language, "mimetype", info->mimetype);
    put(language, "file_extension", info->file_extension);
    put(language, "codemirror_mode", info->codemirror_mode);
    put(language, "pygments_lexer", info->pygments_lexer);
    for (size_t i = 0; info->help_links && info->help_links[i][0]; i++)
        json_array_append_new(links,
                              json_pack("{s:s, s:s}", "text", info->help_links[i][0],
                                        "url", info->help_links[i][1]));
    request->reply =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:[]}", "protocol_version",
                  AT_PROTOCOL_VERSION, "implementation", info->implementation,
                  "implementation_version", info->implementation_version, "banner",
                  info->banner, "language_info", language, "help_links", links,
                  "debugger", 0, "supported_features");
    return AT_OK;
}
