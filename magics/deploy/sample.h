/* Sample: a real row for an endpoint, from the dataset that its model's chain started
 * with, for the examples that %deploy and %endpoints show. */
#ifndef ATELIER_MAGICS_DEPLOY_SAMPLE_H
#define ATELIER_MAGICS_DEPLOY_SAMPLE_H

#include "magics/workspace/store.h"
#include "ops/learn/model.h"

/* How boto3 asks: printf's format of an address and an endpoint's name. The keys are
 * needed by boto3 alone. */
#define AT_BOTO_LINE                                                                     \
    "  boto3.client('sagemaker-runtime', endpoint_url='%s', region_name='local', "       \
    "aws_access_key_id='-', aws_secret_access_key='-').invoke_endpoint("                 \
    "EndpointName='%s', ContentType='text/csv', Body=row)['Body'].read()"

/* The id of the dataset that starts the chain of this model's card, in the arena; NULL
 * where the one it was trained on is gone. */
AT_MUST_USE at_status at_sample_source(at_workspace *workspace, const json_t *model_card,
                                       at_arena *arena, const char **out, at_error *err);
/* One CSV record in the order of the model's inputs; from the first row of that dataset,
 * or, where it is gone, the names of the columns. In the arena; NULL on no memory. */
const char *at_sample_row(at_workspace *workspace, const at_model *model,
                          const char *source, at_arena *arena);

#endif
