/* The inside of the CSV reader. The input is cut into chunks; a chunk is scanned for
 * separators and turned into segments, one a column, by any thread; segments are
 * committed to the columns in the order of the chunks, whoever made them, so that the
 * frame does not depend on threads nor on where the cuts fell. */
#ifndef ATELIER_OPS_FRAME_CSV_READER_H
#define ATELIER_OPS_FRAME_CSV_READER_H

#include "ops/base/memory.h"
#include "ops/frame/csv_cell.h"
#include "ops/frame/csv_record.h"
#include "ops/frame/dictionary.h"
#include "ops/isa/numbers.h"
#include "ops/isa/scan.h"

#include <stdatomic.h>

enum {
    AT_CSV_RECORD_LIMIT = 16 << 20, /* most bytes of one record */
    AT_CSV_COLUMNS = 100000,        /* most columns */
    AT_CSV_LEVELS = 4096,           /* most levels of a category that is not forced */
};

/* Where bytes come from: a file that is read piece by piece, or memory. */
typedef struct at_csv_source {
    int fd; /* -1: memory */
    const char *bytes;
    int64_t size;
} at_csv_source;

/* Reads up to `length` bytes at `offset`; fewer only at the end. */
AT_MUST_USE at_status at_csv_source_read(const at_csv_source *source, int64_t offset,
                                         char *out, size_t length, size_t *got,
                                         at_error *err);

/* What was found out, or said, about the input before it is read. */
typedef struct at_csv_dialect {
    at_csv_marks marks;
    at_cell_rules rules;
    at_missing_words missing;
    bool latin;         /* Windows-1252: strings are converted cell by cell */
    bool guessed_latin; /* nobody said so: its unused bytes prove it wrong */
    bool check_utf8;    /* a byte sequence that is not UTF-8 stops the pass */
    bool not_utf8;      /* the first record was not: nothing else is filled in */
    bool header;
    int64_t start; /* offset of the first record of data */
    int columns;
    const char **names;  /* in the arena */
    double record_bytes; /* mean over the sample */
    uint8_t *kinds;      /* (columns) at_cell_kind, from the sample: a first guess */
} at_csv_dialect;

/* The cells of one column in one chunk. */
typedef struct at_csv_segment {
    at_cell_kind kind;
    unsigned orders; /* of slash dates */
    bool plain;      /* STRING: lengths and bytes, not codes */
    int64_t missing;
    void *
        values; /* int64_t, double, int32_t, uint8_t by kind; uint32_t codes or lengths */
    uint64_t *validity; /* meaningful if missing > 0 */
    size_t values_capacity, validity_capacity;
    at_dictionary levels; /* STRING: in order of first appearance, some perhaps missing */
    uint8_t *level_missing; /* (levels) */
    size_t level_missing_capacity;
    char *bytes; /* plain */
    size_t bytes_length, bytes_capacity;
} at_csv_segment;

typedef struct at_csv_chunk {
    int64_t begin, limit; /* records that begin within are its own */
    int64_t first,
        end; /* offset of its first record (-1: none), and of the next chunk's */
    int64_t rows;
    at_csv_segment *segments; /* (columns) */
    /* Scratch, kept from chunk to chunk: */
    char *text;
    size_t text_from; /* the first record; marks and starts count from it */
    size_t text_length, text_capacity;
    uint32_t *marks;
    size_t mark_count, mark_capacity;
    uint32_t *starts; /* (rows) */
    size_t starts_capacity;
    char *scratch; /* unquoted or converted cells */
    size_t scratch_capacity;
    /* Rows left out: */
    int64_t bad_rows;
    int64_t bad_offsets[10];
    size_t bad_fields; /* of the first */
    int64_t bad_at;    /* rows of this chunk before the first */
    /* A failure, told when the chunk's turn comes: */
    at_status status;
    at_error error;
    at_status tail_status; /* of a last record without an end; text in `error` */
    int64_t tail_offset;
    int64_t fail_row;   /* the first cell that a forced type refuses: row in the chunk */
    int fail_column;    /* -1: none */
    char fail_cell[64]; /* empty: the cell is in an unknown encoding */
    bool not_utf8;
} at_csv_chunk;

/* One pass over the input: all columns, or those that have to be read again. */
typedef struct at_csv_pass {
    const at_csv_source *source;
    const at_csv_dialect *dialect;
    const at_csv_options *options;
    at_scan_fn *scan;
    const at_numbers *numbers;
    const int *active; /* columns to convert */
    int active_count;
    const int8_t *forced; /* (columns) at_type or -1 */
    atomic_uchar *kinds;  /* (columns) what to try first */
    atomic_uchar *plain;  /* (columns) strings are too many for codes */
} at_csv_pass;

/* Fills a chunk whose begin and limit are set. `first` >= 0: its first record begins
 * there; -1: it is looked for. Failures are left in the chunk. */
void at_csv_chunk_read(at_csv_chunk *chunk, const at_csv_pass *pass, int64_t first);
void at_csv_chunk_fini(at_csv_chunk *chunk, int columns);

/* csv_convert.c: the cells of column `column` into its segment. False: chunk->status. */
bool at_csv_convert(at_csv_chunk *chunk, const at_csv_pass *pass, int column);

/* csv_encoding.c: Windows-1252 into UTF-8; `out` holds 3 * length bytes. */
size_t at_csv_from_latin(const char *bytes, size_t length, char *out);
/* False if a byte is none of Windows-1252. */
bool at_csv_is_latin(const char *bytes, size_t length);
/* What the first bytes say: "utf-8", "utf-16le", "utf-16be", or NULL; *skip: bytes of the
 * byte order mark. */
const char *at_csv_sniff(const char *bytes, size_t length, size_t *skip);
/* Everything in `encoding`, a name that iconv knows, into UTF-8, appended to *out. */
AT_MUST_USE at_status at_csv_transcode(const char *bytes, size_t length,
                                       const char *encoding, at_text *out, at_error *err);

typedef enum at_csv_charset {
    AT_CSV_UTF8,        /* said so, or converted */
    AT_CSV_UTF8_GUESS,  /* nobody said anything: tried first */
    AT_CSV_LATIN,       /* Windows-1252, said so */
    AT_CSV_LATIN_GUESS, /* it was not UTF-8 */
} at_csv_charset;

/* csv_dialect.c: everything in `dialect`, from the options and a sample of the input.
 * Texts live in the arena. The report's guesses are filled in. */
AT_MUST_USE at_status at_csv_detect(const at_csv_source *source,
                                    const at_csv_options *options, at_csv_charset charset,
                                    at_arena *arena, at_csv_dialect *dialect,
                                    at_csv_report *report, at_error *err);

/* Makes every name be there (c1, c2 ...) and differ from the others (x_2), also in lower
 * case. New ones live in the arena. */
AT_MUST_USE at_status at_csv_unique_names(const char **names, int count, at_arena *arena,
                                          at_error *err);
/* At most that many levels make a category: a quarter of the valid cells, but 8 in a
 * short table, and never more than AT_CSV_LEVELS. */
size_t at_csv_most_levels(int64_t valid);

/* A column while its segments are gathered. */
typedef struct at_csv_column {
    at_cell_kind kind;
    unsigned orders;
    bool plain;
    bool again; /* its earlier cells were read as another kind: needs one more pass */
    int64_t missing;
    void *values; /* by kind; STRING: uint32_t codes unless plain */
    uint64_t *validity;
    int64_t *offsets; /* STRING and plain: rows + 1 */
    char *bytes;
    size_t values_capacity, validity_capacity, offsets_capacity, bytes_capacity;
    at_dictionary levels;
} at_csv_column;

typedef struct at_csv_table {
    at_csv_column *columns;
    int count;
    int64_t rows;     /* committed */
    int64_t expected; /* rows to make room for at first */
} at_csv_table;

/* csv_table.c */
AT_MUST_USE at_status at_csv_table_commit(at_csv_table *table, const at_csv_pass *pass,
                                          at_csv_chunk *chunk, at_error *err);
/* After a pass: settles dates; which columns must be read again, into `again` (count of
 * it returned). */
int at_csv_table_settle(at_csv_table *table, const at_csv_pass *pass, int *again);
AT_MUST_USE at_status at_csv_table_frame(at_csv_table *table,
                                         const at_csv_dialect *dialect,
                                         const int8_t *forced, at_frame **out,
                                         at_error *err);
void at_csv_table_fini(at_csv_table *table);

#endif
