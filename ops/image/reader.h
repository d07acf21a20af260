/* Reader: one way in which a set of images lies in files. Each is one file of this room
 * and one line in reader.c. A reader goes through the set once and hands every image on,
 * encoded as it lies there; pixels that no format holds (IDX, CIFAR) are handed on as PGM
 * or PPM. Errors of the set name the file and, where there is one, the byte or the line.
 */
#ifndef ATELIER_OPS_IMAGE_READER_H
#define ATELIER_OPS_IMAGE_READER_H

#include "ops/base/cancel.h"
#include "ops/image/files.h"

enum {
    AT_READER_LABELS = 4096,    /* most labels of one image */
    AT_READER_CLASSES = 100000, /* most names of classes */
};

/* Borrowed for the call. */
typedef struct at_image_item {
    const void *bytes;
    size_t length;
    const float *labels; /* (label_count); a single one is the index of its class */
    size_t label_count;  /* 0: the image has none */
    const char *source;  /* where it came from: "cat/7.jpg", "test.rec#12" */
    const char *where;   /* for errors: "test.rec, the record at byte 43952" */
} at_image_item;

/* Where images go. */
typedef struct at_image_sink {
    void *context;
    const at_cancel *cancel; /* may be NULL */
    /* Names of the classes, by index. At most once, before the first image; not at all
     * where the set says only numbers. */
    at_status (*classes)(void *context, const char *const *names, size_t count,
                         at_error *err);
    /* May look at an image later than it gets it: its errors name `where` themselves. */
    at_status (*image)(void *context, const at_image_item *item, at_error *err);
    /* How far: bytes of the set. May be NULL. */
    void (*progress)(void *context, int64_t done, int64_t total);
} at_image_sink;

typedef struct at_image_reader {
    const char *name;  /* "recordio": as an option has it */
    const char *title; /* "RecordIO" */
    bool (*recognise)(const at_image_files *files);
    at_status (*read)(at_image_files *files, const at_image_sink *sink, at_error *err);
} at_image_reader;

extern const at_image_reader at_recordio_reader, at_idx_reader, at_cifar_reader,
    at_manifest_reader, at_lst_reader, at_folder_reader;

/* NULL past the last; the order is the one in which they are asked. */
const at_image_reader *at_image_reader_at(size_t index);
const at_image_reader *at_image_reader_named(const char *name); /* or NULL */
/* The one for these files, or NULL. Files are sorted. */
const at_image_reader *at_image_reader_for(const at_image_files *files);

/* For readers. The first bytes of a file; how many of `length` there were. */
size_t at_reader_head(const at_image_file *file, void *out, size_t length);
/* AT_CANCELLED if it was. */
AT_MUST_USE at_status at_reader_check(const at_image_sink *sink, at_error *err);
/* Hands on the names of a file of classes, one a line, if the set has one (classes.txt,
 * labels.txt, batches.meta.txt, fine_label_names.txt, *_categories.txt). */
AT_MUST_USE at_status at_reader_classes(at_image_files *files, const at_image_sink *sink,
                                        bool *found, at_error *err);
/* The same of given text. */
AT_MUST_USE at_status at_reader_class_lines(const char *text, size_t length,
                                            const char *name, const at_image_sink *sink,
                                            at_error *err);

#endif
