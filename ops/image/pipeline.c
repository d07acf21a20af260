#include "ops/image/pipeline.h"
#include "ops/base/clock.h"
#include "ops/base/memory.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    AHEAD = 2,
    THREADS_MAX = 64,
    CHUNK_PIXELS = 1 << 16, /* small images are taken several at once */
    CANCEL_MS = 50,         /* how soon a waiting consumer sees a cancel */
};

/* An image that is kept, decoded and resized. */
typedef struct kept {
    int32_t w, h;
    uint8_t pixels[];
} kept;

/* One batch, in the making or made. All but the pixels is under the lock. */
typedef struct slot {
    uint8_t *pixels; /* (batch, h, w, c) */
    size_t *places;
    int32_t count, taken, done; /* images in it, given to someone, made */
    uint64_t epoch;
    size_t index;
    at_status status; /* of the first image that failed */
    int32_t failed;   /* which that was */
    at_error err;
} slot;

struct at_pipeline {
    at_pipeline_options o;
    int64_t *ids, *order;  /* (count); order: places of the epoch that is dealt now */
    _Atomic(kept *) *kept; /* (count) */
    atomic_size_t kept_bytes;
    atomic_ullong decoded;
    size_t image_bytes, slots, batches, chunk;
    slot *slot;
    uint64_t opened, used; /* batches dealt; batches the consumer is done with */
    uint64_t epoch;        /* of the next batch to deal */
    size_t index;          /* in it */
    bool holding;          /* the consumer holds batch `used` */
    bool quit;
    double waited;
    pthread_mutex_t lock;
    pthread_cond_t work, ready;
    pthread_t threads[THREADS_MAX];
    size_t thread_count;
};

/* ---- one image ----------------------------------------------------------------------
 */

/* The image of a place, decoded and resized; borrowed from the kept ones or the file
 * where that goes. */
static at_status load(at_pipeline *p, size_t place, at_image *out, at_error *err) {
    const kept *old = atomic_load_explicit(&p->kept[place], memory_order_acquire);
    if (old) {
        *out =
            (at_image){.pixels = old->pixels, .w = old->w, .h = old->h, .c = p->o.prep.c};
        return AT_OK;
    }
    size_t length;
    const uint8_t *bytes = at_images_bytes(p->o.images, p->ids[place], &length);
    AT_TRY(at_prep_load(&p->o.prep, bytes, length, out, err));
    if (!out->owned)
        return AT_OK;
    atomic_fetch_add_explicit(&p->decoded, 1, memory_order_relaxed);
    size_t size = (size_t)out->w * (size_t)out->h * (size_t)out->c;
    if (atomic_fetch_add(&p->kept_bytes, size) + size > p->o.budget) {
        atomic_fetch_sub(&p->kept_bytes, size);
        return AT_OK;
    }
    kept *fresh = at_alloc(sizeof *fresh + size), *none = NULL;
    if (fresh) {
        fresh->w = out->w;
        fresh->h = out->h;
        memcpy(fresh->pixels, out->pixels, size);
    }
    /* The same image may be in the making twice where epochs are short. */
    if (!fresh || !atomic_compare_exchange_strong(&p->kept[place], &none, fresh)) {
        at_free(fresh);
        atomic_fetch_sub(&p->kept_bytes, size);
    }
    return AT_OK;
}

static at_status make(at_pipeline *p, const slot *s, int32_t i, at_error *err) {
    at_image image;
    size_t place = s->places[i];
    at_status status = load(p, place, &image, err);
    if (status) {
        at_prefix(err, "image %lld", (long long)p->ids[place]);
        return status;
    }
    at_augment_draw draw = {0};
    if (p->o.augment.kind != AT_AUGMENT_NONE)
        draw = at_augment_draw_of(&p->o.augment, s->epoch, place);
    at_augment_cut(&p->o.prep, &p->o.augment, &draw, &image,
                   s->pixels + (size_t)i * p->image_bytes);
    at_image_fini(&image);
    return AT_OK;
}

/* ---- dealing, under the lock --------------------------------------------------------
 */

static void deal_order(at_pipeline *p) {
    for (size_t i = 0; i < p->o.count; i++)
        p->order[i] = (int64_t)i;
    if (!p->o.shuffle)
        return;
    at_rng rng;
    at_rng_init(&rng, p->o.augment.seed ^ (p->epoch + 1) * 0x9E3779B97F4A7C15u);
    at_rng_shuffle(&rng, p->order, p->o.count);
}

/* Opens the next batch if there is a slot and one to come. */
static bool open_next(at_pipeline *p) {
    if (p->opened - p->used >= p->slots || (p->o.epochs && p->epoch >= p->o.epochs))
        return false;
    slot *s = &p->slot[p->opened % p->slots];
    size_t begin = p->index * (size_t)p->o.batch;
    size_t left = p->o.count - begin, want = (size_t)p->o.batch;
    if (p->o.tail != AT_TAIL_WRAP && left < want)
        want = left;
    for (size_t i = 0; i < want; i++)
        s->places[i] = (size_t)p->order[(begin + i) % p->o.count];
    s->count = (int32_t)want;
    s->taken = s->done = 0;
    s->status = AT_OK;
    s->epoch = p->epoch;
    s->index = p->index;
    p->opened++;
    if (++p->index == p->batches) {
        p->index = 0;
        p->epoch++;
        deal_order(p);
    }
    return true;
}

/* Takes some images of the oldest batch that has any, and makes them; false: there are
 * none to take now. */
static bool work_once(at_pipeline *p) {
    slot *s = NULL;
    for (uint64_t b = p->used;; b++) {
        if (b == p->opened && !open_next(p))
            return false;
        s = &p->slot[b % p->slots];
        if (s->taken < s->count)
            break;
    }
    int32_t from = s->taken, to = from + (int32_t)p->chunk;
    to = to > s->count ? s->count : to;
    s->taken = to;
    pthread_mutex_unlock(&p->lock);
    at_error err;
    at_status status = AT_OK;
    int32_t i = from;
    while (i < to && !(status = make(p, s, i, &err)))
        i++;
    pthread_mutex_lock(&p->lock);
    if (status && (s->status == AT_OK || i < s->failed)) {
        s->status = status;
        s->failed = i;
        s->err = err;
    }
    s->done += to - from;
    if (s->done == s->count)
        pthread_cond_broadcast(&p->ready);
    return true;
}

static void *worker(void *context) {
    at_pipeline *p = context;
    pthread_mutex_lock(&p->lock);
    while (!p->quit)
        if (!work_once(p))
            pthread_cond_wait(&p->work, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- the consumer -------------------------------------------------------------------
 */

static void wait_ready(at_pipeline *p) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += CANCEL_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&p->ready, &p->lock, &until);
}

static at_status next_locked(at_pipeline *p, at_pipeline_batch *out, at_error *err) {
    if (p->holding) {
        p->used++;
        p->holding = false;
        pthread_cond_broadcast(&p->work);
    }
    if (p->used == p->opened && !open_next(p))
        return AT_OK;
    slot *s = &p->slot[p->used % p->slots];
    pthread_cond_broadcast(&p->work);
    while (s->done < s->count) {
        if (at_cancelled(p->o.cancel))
            return at_fail(err, AT_CANCELLED, "interrupted while reading images");
        /* Helping makes batches behind this one too, which is as well. */
        if (!work_once(p) && s->done < s->count)
            wait_ready(p);
    }
    p->holding = true;
    if (s->status) {
        if (err)
            *err = s->err;
        return s->status;
    }
    *out = (at_pipeline_batch){.pixels = s->pixels,
                               .places = s->places,
                               .count = s->count,
                               .epoch = s->epoch,
                               .index = s->index};
    return AT_OK;
}

at_status at_pipeline_next(at_pipeline *p, at_pipeline_batch *out, at_error *err) {
    double begin = at_now();
    *out = (at_pipeline_batch){0};
    if (at_cancelled(p->o.cancel))
        return at_fail(err, AT_CANCELLED, "interrupted while reading images");
    pthread_mutex_lock(&p->lock);
    at_status status = next_locked(p, out, err);
    p->waited += at_now() - begin;
    pthread_mutex_unlock(&p->lock);
    return status;
}

size_t at_pipeline_batches(const at_pipeline *p) {
    return p->batches;
}

void at_pipeline_place(const at_pipeline *p, const at_pipeline_batch *batch, int32_t i,
                       const at_prep_target *target) {
    at_image image = {.pixels = batch->pixels + (size_t)i * p->image_bytes,
                      .w = p->o.prep.w,
                      .h = p->o.prep.h,
                      .c = p->o.prep.c};
    at_prep_place(&p->o.prep, &image, 0, 0, target);
}

at_pipeline_stats at_pipeline_stats_of(at_pipeline *p) {
    pthread_mutex_lock(&p->lock);
    at_pipeline_stats stats = {
        .decoded = p->decoded, .kept = p->kept_bytes, .waited = p->waited};
    pthread_mutex_unlock(&p->lock);
    return stats;
}

/* ---- life ---------------------------------------------------------------------------
 */

static at_status check(const at_pipeline_options *o, at_error *err) {
    AT_TRY(at_prep_check(&o->prep, err));
    if (o->count == 0)
        return at_fail(err, AT_INVALID, "there are no images");
    if (o->batch < 1)
        return at_fail(err, AT_INVALID, "a batch of %d images", o->batch);
    if (o->augment.pad < 0 || o->augment.pad > o->prep.w || o->augment.pad > o->prep.h)
        return at_fail(err, AT_INVALID, "%d pixels of padding", o->augment.pad);
    for (size_t i = 0; i < o->count; i++)
        if (o->ids[i] < 0 || o->ids[i] >= at_images_count(o->images))
            return at_fail(err, AT_INVALID, "there is no image %lld in the dataset",
                           (long long)o->ids[i]);
    return AT_OK;
}

static at_status allocate(at_pipeline *p, at_error *err) {
    size_t count = p->o.count, batch = (size_t)p->o.batch;
    p->image_bytes = (size_t)p->o.prep.h * (size_t)p->o.prep.w * (size_t)p->o.prep.c;
    p->chunk = 1 + CHUNK_PIXELS / p->image_bytes;
    p->chunk = p->chunk > 1 + batch / 8 ? 1 + batch / 8 : p->chunk;
    p->slots = (p->o.ahead ? p->o.ahead : AHEAD) + 1;
    p->batches = p->o.tail == AT_TAIL_DROP && count >= batch
                     ? count / batch
                     : (count + batch - 1) / batch;
    p->ids = at_alloc_array(count, sizeof *p->ids);
    p->order = at_alloc_array(count, sizeof *p->order);
    p->kept = at_alloc_array(count, sizeof *p->kept);
    p->slot = at_alloc_array(p->slots, sizeof *p->slot);
    bool ok = p->ids && p->order && p->kept && p->slot;
    for (size_t i = 0; ok && i < p->slots; i++) {
        p->slot[i].pixels = at_alloc_array(batch, p->image_bytes);
        p->slot[i].places = at_alloc_array(batch, sizeof *p->slot[i].places);
        ok = p->slot[i].pixels && p->slot[i].places;
    }
    if (!ok)
        return at_fail(err, AT_NO_MEMORY,
                       "not enough memory for %zu batches of %d images", p->slots,
                       p->o.batch);
    memcpy(p->ids, p->o.ids, count * sizeof *p->ids);
    return AT_OK;
}

static size_t processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0
               ? (size_t)CPU_COUNT(&set)
               : 1;
}

static void start_workers(at_pipeline *p) {
    size_t want = p->o.threads ? p->o.threads : processors();
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
    for (size_t i = 0; i < want && i < THREADS_MAX; i++)
        if (pthread_create(&p->threads[p->thread_count], NULL, worker, p) == 0)
            p->thread_count++; /* fewer is slower, no failure: the consumer helps */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

at_status at_pipeline_new(const at_pipeline_options *options, at_pipeline **out,
                          at_error *err) {
    *out = NULL;
    AT_TRY(check(options, err));
    at_pipeline *p = at_alloc_zero(sizeof *p);
    if (!p)
        return at_fail(err, AT_NO_MEMORY, "not enough memory to read images");
    p->o = *options;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->ready, &clock);
    pthread_condattr_destroy(&clock);
    at_images_retain(p->o.images);
    at_status status = allocate(p, err);
    if (!status && options->first_batch >= p->batches)
        status = at_fail(err, AT_INVALID, "an epoch has %zu batches, not %zu", p->batches,
                         options->first_batch);
    if (status) {
        at_pipeline_release(p);
        return status;
    }
    p->o.ids = p->ids;
    p->epoch = options->first_epoch;
    p->index = options->first_batch;
    deal_order(p);
    start_workers(p);
    *out = p;
    return AT_OK;
}

void at_pipeline_release(at_pipeline *p) {
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->quit = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    for (size_t i = 0; p->kept && i < p->o.count; i++)
        at_free(p->kept[i]);
    for (size_t i = 0; p->slot && i < p->slots; i++) {
        at_free(p->slot[i].pixels);
        at_free(p->slot[i].places);
    }
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->ready);
    at_images_release(p->o.images);
    at_free(p->ids);
    at_free(p->order);
    at_free(p->kept);
    at_free(p->slot);
    at_free(p);
}
