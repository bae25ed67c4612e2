// Products of bf16 operands with f32 sums, for processors with AVX512-BF16: twice the multiply-adds
// of f32. As in ops/gemm.h and ops/gemm_pack.h, but two neighbouring depths share 32 bits, and both
// operands are rounded (to nearest even) as they are packed.
// A number of the output is the same sum in the same order whatever the other rows and columns are.
#include <immintrin.h>
#include <stdatomic.h>
#include <string.h>

#include "include/CKernels.h"

#define REAL float
#define KERNEL_F32
#define NAME(x) x##_bf16
#define VECTOR_BYTES 64
#define KERNEL_FUNCTION(name) __attribute__((unused)) static void NAME(name)
/// Rows of a left panel, as in the f32 kernels; 32-bit lanes of a vector; columns of a right panel.
enum { ROWS = 14, WIDTH = 16, COLUMNS = 32, DEPTH = 384 };

static _Atomic(int) inUse = 0;
static _Thread_local int forced = -1;

int k_bf16_available(void) {
  __builtin_cpu_init();
  return k_process_instruction_set() == K_AVX512 && __builtin_cpu_supports("avx512bf16");
}

int k_bf16_in_use(void) {
  return forced >= 0 ? forced : atomic_load_explicit(&inUse, memory_order_relaxed);
}

void k_use_bf16(int isOn) {
  atomic_store_explicit(&inUse, isOn && k_bf16_available(), memory_order_relaxed);
}

void k_force_bf16(int isOn) { forced = isOn > 0 ? k_bf16_available() : isOn; }

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,f16c,bmi,bmi2"))), apply_to = function)
#include "ops/real.h"
#include "ops/storage.h"
#include "ops/weight.h"
#include "ops/bf16_pack.h"

// ---- products ---------------------------------------------------------------------------------

/// c [rows, vectors · WIDTH] = a · b over the pairs, added to c unless isFirst. `rows`, `vectors`
/// are constants where this is used, so that the sums stay in registers.
INLINE void micro(float *c, int64_t stride, const uint32_t *a, const uint32_t *b, int64_t pairs,
                  int isFirst, int rows, int vectors) {
  __m512 s[ROWS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    __builtin_prefetch(c + i * stride, 1);
    __builtin_prefetch(c + i * stride + vectors * WIDTH - 1, 1);
    s[i][0] = s[i][1] = _mm512_setzero_ps();
  }
#pragma clang loop unroll_count(2)
  for (int64_t k = 0; k < pairs; k++) {
    __m512bh b0 = (__m512bh)_mm512_loadu_si512(b), b1 = b0;
    if (vectors > 1) b1 = (__m512bh)_mm512_loadu_si512(b + WIDTH);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      __m512bh x = (__m512bh)_mm512_set1_epi32((int)a[i]);
      s[i][0] = _mm512_dpbf16_ps(s[i][0], x, b0);
      if (vectors > 1) s[i][1] = _mm512_dpbf16_ps(s[i][1], x, b1);
    }
    a += ROWS, b += COLUMNS;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++)
    for (int v = 0; v < vectors; v++) {
      float *y = c + i * stride + v * WIDTH;
      _mm512_storeu_ps(y, isFirst ? s[i][v] : _mm512_add_ps(_mm512_loadu_ps(y), s[i][v]));
    }
}

/// The micro-kernel for a tile of `rows` at most ROWS: few sizes, so that short tiles waste little.
INLINE void tile(float *c, int64_t stride, const uint32_t *a, const uint32_t *b, int64_t pairs,
                 int isFirst, int64_t rows, int vectors) {
  if (rows > 8) micro(c, stride, a, b, pairs, isFirst, ROWS, vectors);
  else if (rows > 4) micro(c, stride, a, b, pairs, isFirst, 8, vectors);
  else micro(c, stride, a, b, pairs, isFirst, 4, vectors);
}

/// A tile at the border: computed whole beside, then copied where it belongs.
static void border_tile(float *c, int64_t stride, const uint32_t *a, const uint32_t *b,
                        int64_t pairs, int isFirst, int64_t rows, int64_t columns) {
  float whole[ROWS * COLUMNS];
  if (columns > WIDTH) tile(whole, COLUMNS, a, b, pairs, 1, rows, 2);
  else tile(whole, COLUMNS, a, b, pairs, 1, rows, 1);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      float value = whole[i * COLUMNS + j];
      c[i * stride + j] = isFirst ? value : c[i * stride + j] + value;
    }
}

/// All tiles of a packed strip: c [rows, columns] over `pairs`, from panels of `a` that lie aPairs
/// pairs a row apart.
static void strip_tiles(float *c, int64_t stride, const uint32_t *a, int64_t aPairs,
                        const uint32_t *b, int64_t pairs, int isFirst, int64_t rows,
                        int64_t columns) {
  for (int64_t at = 0; at < columns; at += COLUMNS)
    for (int64_t row = 0; row < rows; row += ROWS) {
      float *y = c + row * stride + at;
      const uint32_t *left = a + row * aPairs, *right = b + at * pairs;
      int64_t height = rows - row < ROWS ? rows - row : ROWS;
      int64_t wide = columns - at < COLUMNS ? columns - at : COLUMNS;
      if (height == ROWS && wide == COLUMNS)
        micro(y, stride, left, right, pairs, isFirst, ROWS, 2);
      else if (height == 8 && wide == COLUMNS)
        micro(y, stride, left, right, pairs, isFirst, 8, 2);
      else border_tile(y, stride, left, right, pairs, isFirst, height, wide);
    }
}

void k_gemm_strip_bf16(float *c, int64_t stride, int64_t from, int64_t rows, const k_term *terms,
                       int64_t count, int64_t first, int64_t columns, float beta) {
  enum { BYTES = DEPTH / 2 * K_GEMM_STRIP * sizeof(uint32_t) };
  uint32_t *b = k_buffer_take(BYTES);
  int isFirst = beta == 0;
  for (const k_term *term = terms; term < terms + count; term++) {
    int64_t aPairs = (term->depth + 1) / 2;
    const uint32_t *a = (const uint32_t *)(const void *)term->a + from * aPairs;
    for (int64_t at = 0; at < term->depth; at += DEPTH) {
      int64_t depth = term->depth - at < DEPTH ? term->depth - at : DEPTH;
      if (term->isTransposed)
        pack_transposed(b, &term->b, term->bFirst + first, columns, at, depth);
      else pack_plain(b, &term->b, first, columns, term->bFirst + at, depth);
      prefetch_strip(term, first, columns, at + depth);
      strip_tiles(c + from * stride + first, stride, a + at / 2 * ROWS, aPairs, b, (depth + 1) / 2,
                  isFirst, rows, columns);
      isFirst = 0;
    }
  }
  k_buffer_give(b, BYTES);
}

// ---- few rows ---------------------------------------------------------------------------------

/// Pairs of a row of w from a flattened index on.
INLINE void band_row(uint32_t *y, const k_weight *w, int64_t first, int64_t count,
                     const k_weight_type type) {
  float scratch[DEPTH];
  const float *x = scratch;
  if (type == K_BF16) {
    const uint16_t *from = (const uint16_t *)w->data + first;
    for (int64_t k = 0; k < count; k += 2 * WIDTH)
      _mm512_storeu_si512(y + k / 2, pairs_bf16(from + k, count - k));
    return;
  }
  if (type == K_F32) x = (const float *)w->data + first;
  else NAME(run)(scratch, w, first, count, type);
  for (int64_t k = 0; k < count; k += 2 * WIDTH)
    _mm512_storeu_si512(y + k / 2, pairs_f32(x + k, count - k, _mm512_set1_ps(1)));
}

INLINE __m512 band_add(__m512 sum, __m512 numbers, uint32_t w) {
  return _mm512_dpbf16_ps(sum, (__m512bh)numbers, (__m512bh)_mm512_set1_epi32((int)w));
}

#define number uint32_t
#define PAIR 2
#define BAND_DEPTH (DEPTH / 2)
#define TILE 16
#define band_transpose(tile) transpose((__m512i *)(tile))
#include "ops/gemm_bands.h"

void k_gemm_bands_bf16(float *c, int64_t stride, int64_t rows, const k_term *terms, int64_t count,
                     int64_t first, int64_t columns, float beta) {
  NAME(band_strip)(c, stride, rows, terms, count, first, columns, beta);
}
#pragma clang attribute pop
