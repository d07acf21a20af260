/* %generate: example data made here, for a walk without a network. */
#include "magics/data/deicing.h"
#include "magics/data/digits.h"
#include "magics/data/image_set.h"
#include "magics/data/shapes.h"
#include "magics/language/spec.h"
#include "magics/view/grid.h"

#include <string.h>

struct generate_options {
    const char *what, *name;
    int64_t rows, seed;
};

/* To add an example: its maker, or how its pictures are drawn, and one line in each of
 * these two lists. */
static const char *const kinds[] = {"de-icing", "digits", "shapes", NULL};
static const struct {
    at_status (*table)(int64_t rows, uint64_t seed, at_frame **out, at_error *err);
    at_image_example pictures;
} makers[] = {
    {.table = at_deicing_frame},
    {.pictures = {AT_DIGITS_SIDE, 1, 10, NULL, at_digits_draw}},
    {.pictures = {AT_SHAPES_SIDE, 3, AT_SHAPES_CLASSES, at_shapes_name, at_shapes_draw}},
};

static const at_param arguments[] = {
    {.name = "example",
     .kind = AT_PARAM_CHOICE,
     .choices = kinds,
     .offset = offsetof(struct generate_options, what),
     .required = true,
     .help = "which example to make"},
    {.name = "name",
     .kind = AT_PARAM_TEXT,
     .refers = AT_REFERS_NEW_NAME,
     .offset = offsetof(struct generate_options, name),
     .required = true,
     .help = "name of the new dataset"},
};

static const at_param options[] = {
    {.name = "rows",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct generate_options, rows),
     .fallback = "4000",
     .min = 10,
     .max = 5000000,
     .unit = "rows",
     .help = "how many rows or pictures to make"},
    {.name = "seed",
     .kind = AT_PARAM_INT,
     .offset = offsetof(struct generate_options, seed),
     .fallback = "1",
     .min = 0,
     .max = 9e15,
     .help = "the same seed gives the same data"},
};

static at_status run(at_context *context, const void *given, at_error *err) {
    const struct generate_options *o = given;
    AT_TRY(at_store_check_name(AT_KIND_DATASET, o->name, err));
    size_t which = 0;
    while (strcmp(kinds[which], o->what) != 0)
        which++;
    if (!makers[which].table)
        return at_image_set_generate(context, o->what, o->name, &makers[which].pictures,
                                     o->rows, (uint64_t)o->seed, err);
    at_frame *frame = NULL;
    AT_TRY(makers[which].table(o->rows, (uint64_t)o->seed, &frame, err));
    json_t *lineage = at_lineage_origin("generate", o->what);
    at_status status =
        lineage ? at_store_put_frame(context->workspace, o->name, frame, lineage, err)
                : at_fail(err, AT_NO_MEMORY, "not enough memory to keep %s", o->name);
    json_decref(lineage);
    if (status == AT_OK) {
        at_table_options table = {
            .rows = 5,
            .title = o->name,
            .types = true,
            .more = at_arena_format(context->arena, "%%show %s", o->name)};
        at_bundle bundle;
        status = at_view_table(frame, -1, &table, &bundle, err);
        if (status == AT_OK) {
            at_view_send(context->call->display, &bundle);
        }
    }
    at_frame_release(frame);
    return status;
}

static const char *const examples[] = {"%generate de-icing flights --rows 4000 --seed 1",
                                       "%generate digits digits --rows 6000", NULL};

const at_magic at_magic_generate = {
    .name = "generate",
    .forms = AT_MAGIC_LINE,
    .stage = AT_STAGE_DATA,
    .summary = "Makes example data on this machine",
    .details =
        "`de-icing`: departures from sixteen airports in winter, with temperature (°C), "
        "humidity (%), wind (m/s) and precipitation (mm/h), and whether the wing had to "
        "be de-iced. Countries are written in several ways and some cells are missing, "
        "as in real tables. What decides follows the physics of frost.\n\n"
        "`digits`: pictures of 28 × 28 grey pixels, handwritten digits of a sort, for a "
        "first net. `shapes`: pictures of 32 × 32 in colour: circle, cross, ring, "
        "square, "
        "star and triangle.",
    .arguments = arguments,
    .argument_count = AT_COUNT(arguments),
    .options = options,
    .option_count = AT_COUNT(options),
    .examples = examples,
    .options_size = sizeof(struct generate_options),
    .run = run,
};
