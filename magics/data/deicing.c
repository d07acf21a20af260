#include "magics/data/deicing.h"

#include "ops/base/rng.h"

#include <math.h>
#include <string.h>

/* Winter climates in broad strokes: mean and spread of the temperature, mean humidity. */
static const struct airport {
    const char *code;
    int country;
    double temperature, spread, humidity;
} airports[] = {
    {"ORD", 0, -1, 8, 74}, {"DEN", 0, 1, 9, 52},  {"MSP", 0, -6, 9, 73},
    {"JFK", 0, 3, 7, 66},  {"SEA", 0, 6, 4, 80},  {"ATL", 0, 8, 7, 67},
    {"YUL", 1, -6, 8, 74}, {"YYZ", 1, -3, 7, 77}, {"YVR", 1, 5, 4, 83},
    {"LHR", 2, 6, 4, 84},  {"EDI", 2, 4, 4, 85},  {"FRA", 3, 3, 6, 82},
    {"MUC", 3, 0, 6, 84},  {"OSL", 4, -4, 7, 82}, {"TRD", 4, -1, 6, 79},
    {"CTS", 5, -3, 5, 72},
};

/* How people write a country; the first is the one to clean to. NULL ends a list. */
static const char *const spellings[][5] = {
    {"United States", "US", "U.S.A.", "USA", NULL},
    {"Canada", "CA", NULL},
    {"United Kingdom", "UK", NULL},
    {"Germany", "DE", NULL},
    {"Norway", "NO", NULL},
    {"Japan", " Japan", "JP", NULL},
};

double at_frost_point(double temperature, double humidity) {
    double g =
        log(fmax(humidity, 1) / 100) + 22.587 * temperature / (273.86 + temperature);
    return 273.86 * g / (22.587 - g);
}

static const char *spell(at_rng *rng, int country) {
    size_t count = 0;
    while (spellings[country][count])
        count++;
    if (at_rng_uniform(rng) < 0.55)
        return spellings[country][0];
    return spellings[country][1 + at_rng_below(rng, count - 1)];
}

/* A wing on the apron radiates its heat away and is colder than the air, less so in wind.
 * Ice grows on it when it is below freezing and below the frost point of the air, or when
 * something falls that freezes. A crew's judgement adds a little noise. */
static bool needs_deicing(at_rng *rng, double temperature, double humidity, double wind,
                          double precipitation) {
    double wing = temperature - 2.6 * exp(-wind / 6);
    double frost = at_frost_point(temperature, humidity);
    double margin = fmin(0, frost) - wing; /* > 0: hoar frost */
    double falling =
        precipitation > 0.05 ? 1.2 - temperature : -9; /* > 0: snow, freezing rain */
    double push = fmax(margin / 0.5, falling / 0.8);
    return at_rng_uniform(rng) < 1 / (1 + exp(-push));
}

enum { AIRPORT, COUNTRY, TEMPERATURE, HUMIDITY, WIND, PRECIPITATION, DEICING, COLUMNS };

static void put_real(at_column_builder *b, at_rng *rng, double value, double step,
                     double missing) {
    if (at_rng_uniform(rng) < missing)
        at_column_builder_missing(b);
    else
        at_column_builder_real(b, round(value / step) * step);
}

static void put_row(at_column_builder *const *b, at_rng *rng) {
    const struct airport *a =
        &airports[at_rng_below(rng, sizeof airports / sizeof *airports)];
    double temperature = a->temperature + a->spread * at_rng_normal(rng);
    double humidity = fmin(100, fmax(15, a->humidity + 14 * at_rng_normal(rng)));
    double wind = fabs(4 + 3 * at_rng_normal(rng));
    bool falls = at_rng_uniform(rng) < (humidity > 85 ? 0.3 : 0.04);
    double precipitation = falls ? 0.1 - 1.1 * log(1 - at_rng_uniform(rng)) : 0;
    if (falls)
        humidity = fmax(humidity, 88 + 4 * at_rng_uniform(rng));
    bool deicing = needs_deicing(rng, temperature, humidity, wind, precipitation);
    const char *country = spell(rng, a->country);
    at_column_builder_text(b[AIRPORT], a->code, (int64_t)strlen(a->code));
    at_column_builder_text(b[COUNTRY], country, (int64_t)strlen(country));
    put_real(b[TEMPERATURE], rng, temperature, 0.1, 0.02);
    put_real(b[HUMIDITY], rng, humidity, 1, 0.03);
    put_real(b[WIND], rng, wind, 0.1, 0.01);
    put_real(b[PRECIPITATION], rng, precipitation, 0.1, 0.01);
    at_column_builder_text(b[DEICING], deicing ? "yes" : "no", deicing ? 3 : 2);
}

at_status at_deicing_frame(int64_t rows, uint64_t seed, at_frame **out, at_error *err) {
    static const struct {
        const char *name;
        at_type type;
    } columns[COLUMNS] = {
        {"airport", AT_TYPE_CATEGORY},  {"country", AT_TYPE_CATEGORY},
        {"temperature", AT_TYPE_FLOAT}, {"humidity", AT_TYPE_FLOAT},
        {"wind", AT_TYPE_FLOAT},        {"precipitation", AT_TYPE_FLOAT},
        {"deicing", AT_TYPE_CATEGORY},
    };
    at_column_builder *b[COLUMNS] = {0};
    at_frame_builder *frame = NULL;
    at_status status = at_frame_builder_new(&frame, err);
    for (int c = 0; c < COLUMNS && status == AT_OK; c++)
        status = at_column_builder_new(columns[c].name, columns[c].type, &b[c], err);
    if (status == AT_OK) {
        at_rng rng;
        at_rng_init(&rng, seed);
        for (int64_t r = 0; r < rows; r++)
            put_row(b, &rng);
    }
    for (int c = 0; c < COLUMNS; c++) {
        if (status == AT_OK)
            status = at_frame_builder_take(frame, b[c], err);
        else
            at_column_builder_release(b[c]);
    }
    if (status == AT_OK)
        return at_frame_builder_finish(frame, out, err);
    at_frame_builder_release(frame);
    return status;
}
