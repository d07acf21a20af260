#include "magics/view/progress.h"

#include "magics/view/grid.h"
#include "magics/view/style.h"
#include "ops/base/clock.h"
#include "ops/base/memory.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const double quiet = 0.3;    /* s before anything is shown */
static const double interval = 0.2; /* s between updates */

struct at_progress {
    pthread_mutex_t lock;
    at_display *display;
    char *title;
    at_progress_unit unit;
    char id[33];
    bool shown;
    double start, last; /* monotonic, s */
    double done, total;
    char what[160];
    at_text chart_html, chart_plain;
};

at_status at_progress_new(at_display *display, const char *title, at_progress_unit unit,
                          bool eager, at_progress **out, at_error *err) {
    at_progress *p = at_alloc_zero(sizeof *p);
    char *copy = at_copy_text(title);
    if (!p || !copy) {
        at_free(p);
        at_free(copy);
        return at_fail(err, AT_NO_MEMORY, "not enough memory to show progress");
    }
    pthread_mutex_init(&p->lock, NULL);
    p->display = display;
    p->title = copy;
    p->unit = unit;
    at_display_id(p->id);
    p->start = at_now();
    p->last = eager ? -(double)INFINITY : p->start + quiet - interval;
    *out = p;
    return AT_OK;
}

/* "45 %, 12.3 MB of 27 MB, 3.1 MB/s, 4 s left" */
static const char *state_text(const at_progress *p, at_arena *arena) {
    at_text text = {0};
    double spent = at_now() - p->start;
    if (p->total > 0)
        at_text_format(&text, "%.0f %%", fmin(100, 100 * p->done / p->total));
    if (p->what[0])
        at_text_format(&text, "%s%s", text.length ? " · " : "", p->what);
    const char *gap = text.length ? " · " : "";
    if (p->unit == AT_UNIT_BYTES) {
        at_text_format(&text, "%s%s", gap, at_view_bytes(arena, (int64_t)p->done));
        if (p->total > 0)
            at_text_format(&text, " of %s", at_view_bytes(arena, (int64_t)p->total));
        if (spent > 0.2)
            at_text_format(&text, " · %s/s",
                           at_view_bytes(arena, (int64_t)(p->done / spent)));
    } else if (p->unit == AT_UNIT_ROWS) {
        at_text_format(&text, "%s%s", gap,
                       at_view_plural(arena, (int64_t)p->done, "row"));
    }
    if (p->total > 0 && p->done > 0 && p->done < p->total && spent > 0.5)
        at_text_format(&text, " · %s left",
                       at_view_seconds(arena, spent * (p->total - p->done) / p->done));
    const char *copy = at_arena_text(arena, at_text_get(&text), text.length);
    at_text_fini(&text);
    return copy ? copy : "";
}

static void put_html(const at_progress *p, const char *state, const char *class_name,
                     double share, at_text *html) {
    at_text_put(html, "<div class=\"atl\">");
    at_style_put(html);
    at_text_format(html, "<div class=\"atl-bar %s\"><b>", class_name);
    at_text_html(html, p->title, strlen(p->title));
    at_text_put(html, "</b>");
    if (share >= 0)
        at_text_format(html, "<progress max=\"1\" value=\"%.4f\"></progress>", share);
    else
        at_text_put(html, "<progress></progress>");
    at_text_put(html, "<span>");
    at_text_html(html, state, strlen(state));
    at_text_put(html, "</span></div>");
    at_text_put(html, at_text_get(&p->chart_html));
    at_text_put(html, "</div>");
}

static void put_plain(const at_progress *p, const char *state, double share,
                      at_text *plain) {
    at_text_format(plain, "%s  ", p->title);
    if (share >= 0) {
        int filled = (int)lround(share * 20);
        for (int i = 0; i < 20; i++)
            at_text_put(plain, i < filled ? "█" : "░");
        at_text_put(plain, "  ");
    }
    at_text_put(plain, state);
    if (p->chart_plain.length)
        at_text_format(plain, "\n%s", at_text_get(&p->chart_plain));
}

/* Sends the state; the caller holds the lock. A failed allocation skips one picture. */
static void send(at_progress *p, const char *state, const char *class_name,
                 double share) {
    at_text plain = {0}, html = {0};
    put_plain(p, state, share, &plain);
    put_html(p, state, class_name, share, &html);
    if (at_text_ok(&plain) && at_text_ok(&html)) {
        at_bundle bundle = at_bundle_new(at_text_get(&plain));
        at_bundle_put(&bundle, "text/html", at_text_get(&html));
        if (at_bundle_ok(&bundle)) {
            if (p->shown)
                at_display_update(p->display, &bundle, p->id);
            else
                at_display_show(p->display, &bundle, p->id);
            p->shown = true;
        }
        at_bundle_fini(&bundle);
    }
    at_text_fini(&plain);
    at_text_fini(&html);
}

void at_progress_update(at_progress *p, double done, double total, const char *what) {
    pthread_mutex_lock(&p->lock);
    p->done = done;
    p->total = total;
    snprintf(p->what, sizeof p->what, "%s", what ? what : "");
    double now = at_now();
    if (p->display && p->display->live && now - p->last >= interval) {
        p->last = now;
        at_arena arena = {0};
        send(p, state_text(p, &arena), "",
             total > 0 ? fmin(1, fmax(0, done / total)) : -1);
        at_arena_fini(&arena);
    }
    pthread_mutex_unlock(&p->lock);
}

void at_progress_charts(at_progress *p, const at_chart *charts, size_t count) {
    pthread_mutex_lock(&p->lock);
    at_text_clear(&p->chart_html);
    at_text_clear(&p->chart_plain);
    if (count)
        at_text_put(&p->chart_html, "<div class=\"atl-charts\">");
    for (size_t i = 0; i < count; i++) {
        at_chart_html(&charts[i], &p->chart_html);
        const char *what = charts[i].y_label;
        if (what && count > 1)
            at_text_format(&p->chart_plain, "%s%s\n", i ? "\n" : "", what);
        at_chart_plain(&charts[i], &p->chart_plain);
    }
    if (count)
        at_text_put(&p->chart_html, "</div>");
    pthread_mutex_unlock(&p->lock);
}

void at_progress_finish(at_progress *p, bool failed, const char *summary) {
    pthread_mutex_lock(&p->lock);
    /* Quick work that was never shown stays quiet, unless it has a picture to leave. */
    if (p->shown || p->chart_html.length || failed) {
        double share = failed ? (p->total > 0 ? fmin(1, p->done / p->total) : 0) : 1;
        send(p, summary ? summary : "", failed ? "atl-failed" : "atl-done", share);
    }
    p->display = NULL;
    pthread_mutex_unlock(&p->lock);
}

void at_progress_release(at_progress *p) {
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    at_text_fini(&p->chart_html);
    at_text_fini(&p->chart_plain);
    at_free(p->title);
    at_free(p);
}
