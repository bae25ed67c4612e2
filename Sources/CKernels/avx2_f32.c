// The kernels for AVX2 with FMA.
#include <immintrin.h>

#include "ops/table.h"
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi,bmi2"))), apply_to = function)
#define REAL float
#define KERNEL_F32
#define NAME(x) x##_avx2_f32
#define VECTOR_BYTES 32
#define TABLE_TYPE k_table_f32
#define TABLE k_avx2_f32
#include "ops/all.h"
#pragma clang attribute pop
