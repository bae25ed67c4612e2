// Includes every template for one work type and one instruction set, and defines their table.
// Before: REAL, KERNEL_F32 (for float), NAME(x), VECTOR_BYTES, TABLE.
#define KERNEL_FUNCTION(name) static void NAME(name)
#include "real.h"
#include "norm.h"
#include "rope.h"
#include "swiglu.h"
#include "gelu.h"
#include "convolution.h"
#include "elementwise.h"
#include "attention.h"
#include "cache.h"
#include "loss.h"
#include "optimizer.h"
#include "scale.h"
#ifdef KERNEL_F32
#include "storage.h"
#include "weight.h"
#include "quantize.h"
#include "few_rows.h"
#include "sampling.h"
#include "gemm_pack.h"
#include "gemm.h"
#endif

#define KERNEL(name, parameters, arguments) .name = NAME(name),
const TABLE_TYPE TABLE = {
#include "../include/kernels.def"
};
#undef KERNEL
