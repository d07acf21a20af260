#include "ops/isa/pointwise.h"

#if defined(__x86_64__)
#include "ops/isa/avx512_bf16.h"

#define TARGET    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512bf16")))
#define PIXEL     8
#define GET(p)    at_bf16_load(p)
#define PUT(p, v) at_bf16_store(p, v)
#define PUSH(p, v) at_bf16_stream(p, v)

#include "ops/isa/pointwise_avx512.h"

#include "ops/isa/pointwise_template.h"

const at_pointwise at_pointwise_avx512_bf16 = {MAPS};
#else
typedef int at_pointwise_no_avx512_bf16;
#endif
