/* connect_request: the ports, for clients that know only one. */
#include "kernel/handler.h"

at_status at_on_connect(at_request *request, at_error *err) {
    (void)err;
    request->reply = json_object();
    for (int i = 0; i < AT_CHANNELS; i++)
        json_object_set_new(request->reply, at_channel_field((at_channel)i),
                            json_integer(request->kernel->connection.ports[i]));
    return AT_OK;
}
