#include "magics/train/mistakes.h"
#include "magics/view/grid.h"

#include <math.h>
#include <string.h>

static double sureness(const at_predictions *p, int64_t row) {
    if (p->outputs == 1)
        return p->labels[row] ? p->scores[row] : 1 - p->scores[row];
    return p->scores[row * p->outputs + p->labels[row]];
}

/* Where a mistake of this sureness goes in the list, which falls; AT_MISTAKES_SHOWN: not
 * among the surest. Makes room. */
static size_t place(at_mistakes *m, double sure) {
    size_t at = m->count < AT_MISTAKES_SHOWN ? m->count++ : AT_MISTAKES_SHOWN;
    while (at > 0 && m->sure[at - 1] < sure) {
        if (at < AT_MISTAKES_SHOWN) {
            m->sure[at] = m->sure[at - 1];
            m->items[at] = m->items[at - 1];
        }
        at--;
    }
    return at;
}

at_status at_mistakes_gather(at_context *context, const at_scoring *s,
                             const double *truth, const at_predictions *p,
                             at_mistakes *out, at_error *err) {
    const at_column *ids =
        at_frame_column(s->frame, at_frame_find(s->frame, AT_IMAGES_ID));
    for (int64_t r = 0; r < p->rows; r++) {
        if (isnan(truth[r]) || (int32_t)truth[r] == p->labels[r])
            continue;
        out->all++;
        double sure = sureness(p, r);
        size_t at = place(out, sure);
        if (at == AT_MISTAKES_SHOWN)
            continue;
        at_picture *picture = &out->items[at];
        *picture = (at_picture){.wrong = true};
        picture->bytes = at_images_bytes(s->images, ids->ints[r], &picture->length);
        picture->label = at_arena_format(context->arena, "%s → %s",
                                         at_model_label(s->model, (int)truth[r]),
                                         at_model_label(s->model, p->labels[r]));
        picture->note = at_arena_format(context->arena, "%.0f %%", 100 * sure);
        out->sure[at] = sure;
        if (!picture->label || !picture->note)
            return at_fail(err, AT_NO_MEMORY, "not enough memory to show the mistakes");
    }
    return AT_OK;
}

at_status at_mistakes_show(at_context *context, const at_mistakes *m, at_error *err) {
    if (m->count == 0)
        return AT_OK;
    const char *all = at_view_plural(context->arena, m->all, "picture");
    at_pictures pictures = {
        .title = "Taken for something else",
        .caption = at_arena_format(
            context->arena, "%s · truth → answer, and how sure it was%s", all,
            m->all > (int64_t)m->count ? "; shown are the surest" : ""),
        .items = m->items,
        .count = m->count};
    at_bundle bundle;
    AT_TRY(at_view_pictures(&pictures, NULL, &bundle, err));
    at_view_send(context->call->display, &bundle);
    return AT_OK;
}
