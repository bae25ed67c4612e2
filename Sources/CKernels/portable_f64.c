// The kernels in portable C, double: gradient tests only.
#include "ops/table.h"

#define REAL double

#define NAME(x) x##_portable_f64
#define VECTOR_BYTES 16
#define TABLE_TYPE k_table_f64
#define TABLE k_portable_f64
#include "ops/all.h"

