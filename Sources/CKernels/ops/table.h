#pragma once
#include <stdint.h>

#include "../include/CKernels.h"

// A table of all kernels for each work type.
#define KERNEL(name, parameters, arguments) void(*name) parameters;
#define KERNEL_F32
#define REAL float
typedef struct {
#include "../include/kernels.def"
} k_table_f32;
#undef REAL
#undef KERNEL_F32
#define REAL double
typedef struct {
#include "../include/kernels.def"
} k_table_f64;
#undef REAL
#undef KERNEL

extern const k_table_f32 k_portable_f32, k_avx2_f32, k_avx512_f32;
extern const k_table_f64 k_portable_f64;
