// The kernels in portable C, float.
#include "ops/table.h"

#define REAL float
#define KERNEL_F32
#define NAME(x) x##_portable_f32
#define VECTOR_BYTES 16
#define TABLE_TYPE k_table_f32
#define TABLE k_portable_f32
#include "ops/all.h"

