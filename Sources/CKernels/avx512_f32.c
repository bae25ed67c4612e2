// The kernels for AVX-512 (F, BW, DQ, VL).
#include <immintrin.h>

#include "ops/table.h"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,bmi,bmi2"))), apply_to = function)
#define REAL float
#define KERNEL_F32
#define NAME(x) x##_avx512_f32
#define VECTOR_BYTES 64
#define TABLE_TYPE k_table_f32
#define TABLE k_avx512_f32
#include "ops/all.h"
#pragma clang attribute pop
