#include "magics/train/mistakes.h"
#include "magics/view/grid.h"
#include "ops/learn/metrics.h"

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

/* A mistake of this sureness: where its picture goes; NULL: not among the surest. */
static at_picture *add(at_mistakes *m, const at_scoring *s, int64_t row, double sure) {
    m->all++;
    size_t at = place(m, sure);
    if (at == AT_MISTAKES_SHOWN)
        return NULL;
    const at_column *ids =
        at_frame_column(s->frame, at_frame_find(s->frame, AT_IMAGES_ID));
    at_picture *picture = &m->items[at];
    *picture = (at_picture){.wrong = true};
    picture->bytes = at_images_bytes(s->images, ids->ints[row], &picture->length);
    m->sure[at] = sure;
    return picture;
}

static at_status caption(at_context *context, at_picture *picture, double sure,
                         const char *label, at_error *err) {
    picture->label = label;
    picture->note = at_arena_format(context->arena, "%.0f %%", 100 * sure);
    return picture->label && picture->note
               ? AT_OK
               : at_fail(err, AT_NO_MEMORY, "not enough memory to show the mistakes");
}

/* The most wrong of a row's labels; 0: all are right. */
static double worst_label(const double *truth, const double *scores, int count,
                          int *label) {
    double worst = 0;
    for (int k = 0; k < count; k++) {
        bool is = truth[k] > 0, says = scores[k] >= AT_LABEL_THRESHOLD;
        double sure = says ? scores[k] : 1 - scores[k];
        if (is == says || sure <= worst)
            continue;
        worst = sure;
        *label = k;
    }
    return worst;
}

static at_status gather_several(at_context *context, const at_scoring *s,
                                const double *truth, const at_predictions *p,
                                at_mistakes *out, at_error *err) {
    for (int64_t r = 0; r < p->rows; r++, truth += p->outputs) {
        int label = 0;
        double sure = isnan(*truth) ? 0
                                    : worst_label(truth, p->scores + r * p->outputs,
                                                  p->outputs, &label);
        at_picture *picture = sure > 0 ? add(out, s, r, sure) : NULL;
        if (picture)
            AT_TRY(caption(context, picture, sure,
                           at_arena_format(context->arena,
                                           truth[label] > 0 ? "%s → none" : "none → %s",
                                           at_model_label(s->model, label)),
                           err));
    }
    return AT_OK;
}

at_status at_mistakes_gather(at_context *context, const at_scoring *s,
                             const double *truth, const at_predictions *p,
                             at_mistakes *out, at_error *err) {
    if (!p->labels)
        return gather_several(context, s, truth, p, out, err);
    for (int64_t r = 0; r < p->rows; r++) {
        if (isnan(truth[r]) || (int32_t)truth[r] == p->labels[r])
            continue;
        double sure = sureness(p, r);
        at_picture *picture = add(out, s, r, sure);
        if (picture)
            AT_TRY(caption(context, picture, sure,
                           at_arena_format(context->arena, "%s → %s",
                                           at_model_label(s->model, (int)truth[r]),
                                           at_model_label(s->model, p->labels[r])),
                           err));
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
