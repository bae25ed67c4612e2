#pragma once
#include <stddef.h>
#include <stdint.h>

#include "blocks.h"

// The loops of the tensor engine. Kernels are single-threaded and touch nothing but what they are
// given; the pool below runs them on disjoint pieces of their outputs.

/// How a stored matrix is written. NF4 and int8 are bitsandbytes' (Dettmers et al. 2022, 2023).
typedef enum { K_F32, K_F16, K_BF16, K_NF4, K_INT8 } k_weight_type;
/// Numbers of one NF4 block, and blocks that share one nested scale.
enum { K_NF4_BLOCK = 64, K_NF4_NESTED = 256 };
/// Numbers that share one sum of sampling_weights.
enum { K_SAMPLING_PART = 1024 };

/// A stored matrix, row-major. Nothing in it needs alignment.
typedef struct {
  k_weight_type type;
  int64_t rows, columns;
  /// The numbers. NF4: two codes a byte over the flattened matrix, the even index in the high nibble.
  const void *data;
  /// int8: each row's largest magnitude. NF4: each block's, where scale_codes is null.
  const float *scales;
  /// NF4 with double quantization, else null: each block's scale is
  /// scale_map[scale_codes[b]] · nested_scales[b / 256] + offset.
  const uint8_t *scale_codes;
  /// 256 and one for each 256 blocks.
  const float *scale_map, *nested_scales;
  float offset;
} k_weight;

/// One term of a sum of products: a · b, or a · bᵀ where isTransposed is set, with b's rows counted
/// from bFirst. `a` is packed by gemm_pack_rows or gemm_pack_columns with this depth.
typedef struct {
  const float *a;
  int64_t depth;
  k_weight b;
  int64_t bFirst;
  int isTransposed;
} k_term;
/// The widest strip of an output that gemm_strip makes at once.
enum { K_GEMM_STRIP = 128 };
/// Rows that gemm_bands takes together, and the most that it takes.
enum { K_BAND = 16, K_BANDED_ROWS = 64 };

#define KERNEL_F32
#define REAL float
#define KERNEL(name, parameters, arguments) void k_##name##_f32 parameters;
#include "kernels.def"
#undef KERNEL
#undef REAL
#undef KERNEL_F32
#define REAL double
#define KERNEL(name, parameters, arguments) void k_##name##_f64 parameters;
#include "kernels.def"
#undef KERNEL
#undef REAL

/// Instruction sets with a table of their own.
typedef enum { K_PORTABLE = 0, K_AVX2 = 1, K_AVX512 = 2 } k_instruction_set;
/// The best one this processor has.
k_instruction_set k_best_instruction_set(void);
/// The one that this process uses: the best, or what HOST_INSTRUCTION_SET says (portable, avx2,
/// avx512).
k_instruction_set k_process_instruction_set(void);

/* From now on no thread computes with more than this set; before the first product. */
void k_lower_process_instruction_set(k_instruction_set set);
/// What is wrong with HOST_INSTRUCTION_SET, or null; the best set is used then.
const char *k_instruction_set_fault(void);
/// The one in use on the calling thread.
k_instruction_set k_current_instruction_set(void);
/// Uses another one on the calling thread (tests); a set that the processor lacks is refused with 0.
int k_use_instruction_set(k_instruction_set set);

// ---- bf16 products ----------------------------------------------------------------------------
/// 1 where the processor has AVX512-BF16. Without it, the functions below must not be called.
int k_bf16_available(void);
/// 1 where products take bf16 operands.
int k_bf16_in_use(void);
/// Sets that for the process; refused where the processor lacks it. Not while work runs.
void k_use_bf16(int isOn);
/// Sets that for the calling thread (tests); −1 undoes it.
void k_force_bf16(int isOn);
/// gemm_pack_rows, gemm_pack_columns and gemm_strip with operands rounded to bf16 and f32 sums. A
/// packed left operand is ceil(depth / 2) pairs of neighbouring depths for each row of its whole
/// panels, the lower depth in the lower half; the term's `a` points to them.
void k_gemm_pack_rows_bf16(uint32_t *packed, const float *x, int64_t rows, int64_t depth,
                           int64_t stride, float alpha);
void k_gemm_pack_columns_bf16(uint32_t *packed, const float *x, int64_t rows, int64_t depth,
                              int64_t stride, float alpha);
void k_gemm_strip_bf16(float *c, int64_t stride, int64_t from, int64_t rows, const k_term *terms,
                       int64_t count, int64_t first, int64_t columns, float beta);
/// The same of gemm_pack_bands and gemm_bands.
void k_gemm_pack_bands_bf16(uint32_t *packed, const float *x, int64_t rows, int64_t depth,
                            float alpha);
void k_gemm_bands_bf16(float *c, int64_t stride, int64_t rows, const k_term *terms, int64_t count,
                     int64_t first, int64_t columns, float beta);

// ---- thread pool ------------------------------------------------------------------------------
/// Threads in use, the caller included.
int32_t k_thread_count(void);
/// The greatest number of threads.
int32_t k_most_threads(void);
/// Sets the number of threads, 1...256. Not while work runs.
void k_set_thread_count(int32_t count);
/// Runs body(context, 0) ... body(context, count - 1), in any order, on all threads; returns when
/// all are done. A call from inside a body runs its pieces one after the other.
void k_parallel(int64_t count, void (*body)(void *context, int64_t index), void *context);

// ---- buffers ----------------------------------------------------------------------------------
/// At least `bytes` bytes, 64-byte aligned, contents undefined. Any thread. Ends the process with
/// a message when there is no memory.
void *k_buffer_take(size_t bytes);
/// Gives a buffer back; `bytes` as it was taken.
void k_buffer_give(void *memory, size_t bytes);
/// The bytes that such a buffer takes.
size_t k_buffer_size(size_t bytes);
/// Returns the unused buffers to the system.
void k_buffer_trim(void);

// ---- Telling numbers apart ----------------------------------------------------------------------
/// Eight bytes that depend on every bit of the numbers and on their order.
uint64_t k_fingerprint(const float *x, int64_t n);

// ---- OpenBLAS ---------------------------------------------------------------------------------
/// Opens OpenBLAS with the core type that fits this processor, single-threaded. Null on success,
/// else why not; later calls repeat the first one's answer. Any thread.
const char *k_blas_open(void);
/// The core type that OpenBLAS reports; empty before it is open.
const char *k_blas_core(void);
/// OpenBLAS's configuration line; empty before it is open.
const char *k_blas_configuration(void);
/// C = alpha · op(A) · op(B) + beta · C, row-major; op transposes where its flag is not 0.
void k_gemm_f32(int transA, int transB, int64_t m, int64_t n, int64_t k, float alpha,
                const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                int64_t ldc);

/// Four random words of Philox4x32-10 (Salmon et al. 2011) for a 64-bit key and a 128-bit counter.
void k_philox(uint32_t out[4], uint64_t key, uint64_t counterLow, uint64_t counterHigh);
