/* Models as files: out by %export, in by %fetch. What SageMaker calls the artefact,
 * model.tar.gz, is the model's folder (ops/learn/model.h) packed; `atelier train` leaves
 * the same folder. */
#ifndef ATELIER_MAGICS_DATA_MODEL_FILES_H
#define ATELIER_MAGICS_DATA_MODEL_FILES_H

#include "magics/data/source.h"

/* Does the ending of `path` name a file of a model? */
bool at_model_files_named(const char *path);
/* Writes the model's file by the ending of `path`: .tar.gz, .onnx or .safetensors, and
 * tells the user. */
AT_MUST_USE at_status at_model_files_export(at_context *context, const char *model,
                                            const char *path, at_error *err);
enum { AT_MODEL_FILES = 2 };
/* A model's files in a folder, or in an archive by their places in its list. */
typedef struct at_model_source {
    const char *path;
    int64_t places[AT_MODEL_FILES]; /* -1: a folder */
} at_model_source;
/* `list`: of the archive `path`; NULL: `path` is a folder. False: there is no model. */
bool at_model_files_find(const char *path, const struct at_archive_list *list,
                         at_arena *arena, at_model_source *out);
/* Into `folder`, which is made. */
AT_MUST_USE at_status at_model_files_copy(const at_model_source *source,
                                          const char *folder, const at_cancel *cancel,
                                          at_arena *arena, at_error *err);

/* Is the source a model, a folder or an archive of one? Then it becomes model `name` of
 * the workspace and *taken is set; what it learned from stays elsewhere. */
AT_MUST_USE at_status at_model_files_fetch(at_context *context, const char *name,
                                           at_source *source, const char *said,
                                           bool *taken, at_error *err);

#endif
