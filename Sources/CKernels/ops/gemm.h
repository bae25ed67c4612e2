// Products for rows of activations and stored weights.
//
// The left operand is packed once, the right one strip by strip: a strip's part of DEPTH lies in the
// cache while all rows pass by. The micro-kernel keeps ROWS × COLUMNS sums in registers.
//
// A number of the output is the same sum in the same order whatever the other rows and columns are.

/// c [rows, vectors · WIDTH] = a · b over `depth`, added to c unless isFirst. `rows` and `vectors`
/// are constants where this is used, so that the sums stay in registers. `ahead` is the panel that
/// comes next: each one starts elsewhere in memory, which the processor cannot foresee.
INLINE void NAME(micro)(REAL *c, int64_t stride, const REAL *a, const REAL *b, int64_t depth,
                        int isFirst, int rows, int vectors, const REAL *ahead) {
  VECTOR s[ROWS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    __builtin_prefetch(c + i * stride, 1);
    __builtin_prefetch(c + i * stride + vectors * WIDTH - 1, 1);
    s[i][0] = s[i][1] = (VECTOR){0};
  }
#pragma clang loop unroll_count(2)
  for (int64_t k = 0; k < depth; k++) {
    VECTOR b0 = NAME(load)(b), b1 = vectors > 1 ? NAME(load)(b + WIDTH) : b0;
    __builtin_prefetch(ahead + k * ROWS);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      s[i][0] += a[i] * b0;
      if (vectors > 1) s[i][1] += a[i] * b1;
    }
    a += ROWS, b += COLUMNS;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    REAL *y = c + i * stride;
    NAME(store)(y, isFirst ? s[i][0] : NAME(load)(y) + s[i][0]);
    if (vectors > 1) NAME(store)(y + WIDTH, isFirst ? s[i][1] : NAME(load)(y + WIDTH) + s[i][1]);
  }
}

/// The micro-kernel for a tile of `rows` at most ROWS and one or two vectors: few sizes, so that
/// short tiles waste little.
INLINE void NAME(tile)(REAL *c, int64_t stride, const REAL *a, const REAL *b, int64_t depth,
                       int isFirst, int64_t rows, int vectors) {
  if (rows > 8 || ROWS <= 8) NAME(micro)(c, stride, a, b, depth, isFirst, ROWS, vectors, a);
  else if (rows > 4) NAME(micro)(c, stride, a, b, depth, isFirst, ROWS < 8 ? ROWS : 8, vectors, a);
  else NAME(micro)(c, stride, a, b, depth, isFirst, 4, vectors, a);
}

/// A tile at the border: computed whole beside, then copied where it belongs.
static void NAME(border_tile)(REAL *c, int64_t stride, const REAL *a, const REAL *b, int64_t depth,
                              int isFirst, int64_t rows, int64_t columns) {
  REAL whole[ROWS * COLUMNS];
  if (columns > WIDTH) NAME(tile)(whole, COLUMNS, a, b, depth, 1, rows, 2);
  else NAME(tile)(whole, COLUMNS, a, b, depth, 1, rows, 1);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      REAL value = whole[i * COLUMNS + j];
      c[i * stride + j] = isFirst ? value : c[i * stride + j] + value;
    }
}

/// All tiles of a packed strip: c [rows, columns] over `depth`, from panels of `a` with aDepth and
/// of `b` with bDepth numbers a row and column.
INLINE void NAME(strip_tiles)(REAL *c, int64_t stride, const REAL *a, int64_t aDepth, const REAL *b,
                              int64_t bDepth, int64_t depth, int isFirst, int64_t rows,
                              int64_t columns) {
  for (int64_t at = 0; at < columns; at += COLUMNS)
    for (int64_t row = 0; row < rows; row += ROWS) {
      REAL *y = c + row * stride + at;
      const REAL *panel = a + row * aDepth;
      const REAL *ahead = row + ROWS < rows ? panel + ROWS * aDepth : a;
      int64_t height = rows - row < ROWS ? rows - row : ROWS;
      if (height == ROWS && columns - at >= COLUMNS)
        NAME(micro)(y, stride, panel, b + at * bDepth, depth, isFirst, ROWS, 2, ahead);
      else if (ROWS > 8 && height == 8 && columns - at >= COLUMNS)
        NAME(micro)(y, stride, panel, b + at * bDepth, depth, isFirst, 8, 2, ahead);
      else
        NAME(border_tile)(y, stride, panel, b + at * bDepth, depth, isFirst, height,
                          columns - at < COLUMNS ? columns - at : COLUMNS);
    }
}

KERNEL_FUNCTION(gemm_outer)(REAL *c, const REAL *packed, const REAL *b, int64_t rows, int64_t depth,
                            int64_t rank, int64_t from, int64_t to, REAL alpha, REAL beta) {
  if (beta == 0) memset(c + from * rank, 0, (size_t)((to - from) * rank) * sizeof(REAL));
  for (int64_t row = 0; row < rows; row += ROWS, packed += ROWS * depth)
    for (int64_t at = 0; at < rank; at += WIDTH) {
      int64_t lanes = rank - at < WIDTH ? rank - at : WIDTH;
      VECTOR right[ROWS];
#pragma clang loop unroll(full)
      for (int i = 0; i < ROWS; i++) {
        REAL line[WIDTH] = {0};
        if (row + i < rows)
          for (int l = 0; l < lanes; l++) line[l] = b[(row + i) * rank + at + l] * alpha;
        right[i] = NAME(load)(line);
      }
      for (int64_t k = from; k < to; k++) {
        const REAL *a = packed + k * ROWS;
        VECTOR even = {0}, odd = {0};
#pragma clang loop unroll(full)
        for (int i = 0; i < ROWS; i += 2) even += a[i] * right[i], odd += a[i + 1] * right[i + 1];
        even += odd;
        REAL *y = c + k * rank + at;
        if (lanes == WIDTH) NAME(store)(y, NAME(load)(y) + even);
        else for (int l = 0; l < lanes; l++) y[l] += even[l];
      }
    }
}

/// The part of a strip that is packed next.
INLINE void NAME(prefetch_strip)(const k_term *term, int64_t first, int64_t columns, int64_t at) {
  int64_t depth = term->depth - at < NAME(DEPTH) ? term->depth - at : NAME(DEPTH);
  if (term->isTransposed)
    for (int64_t i = 0; i < columns && depth > 0; i++)
      NAME(prefetch)(&term->b, (term->bFirst + first + i) * term->b.columns + at, depth);
  else
    for (int64_t k = 0; k < depth; k++)
      NAME(prefetch)(&term->b, (term->bFirst + at + k) * term->b.columns + first, columns);
}

KERNEL_FUNCTION(gemm_strip)(REAL *c, int64_t stride, int64_t from, int64_t rows,
                            const k_term *terms, int64_t count, int64_t first, int64_t columns,
                            REAL beta) {
  REAL *b = k_buffer_take(NAME(DEPTH) * K_GEMM_STRIP * sizeof(REAL));
  int isFirst = beta == 0;
  for (const k_term *term = terms; term < terms + count; term++)
    for (int64_t at = 0; at < term->depth; at += NAME(DEPTH)) {
      int64_t depth = term->depth - at < NAME(DEPTH) ? term->depth - at : NAME(DEPTH);
      if (term->isTransposed)
        NAME(pack_transposed)(b, &term->b, term->bFirst + first, columns, at, depth);
      else
        NAME(pack_plain)(b, &term->b, first, columns, term->bFirst + at, depth);
      NAME(prefetch_strip)(term, first, columns, at + depth);
      NAME(strip_tiles)(c + from * stride + first, stride, term->a + from * term->depth + at * ROWS,
                        term->depth, b, depth, depth, isFirst, rows, columns);
      isFirst = 0;
    }
  k_buffer_give(b, NAME(DEPTH) * K_GEMM_STRIP * sizeof(REAL));
}

KERNEL_FUNCTION(gemm_pack_right)(REAL *packed, const REAL *b, int64_t stride, int isTransposed,
                                 int64_t depth, int64_t columns) {
  k_weight w = {.type = K_F32, .columns = stride, .data = b};
  int64_t whole = (columns + COLUMNS - 1) / COLUMNS * COLUMNS;
  for (int64_t at = 0; at < depth; at += NAME(DEPTH)) {
    int64_t part = depth - at < NAME(DEPTH) ? depth - at : NAME(DEPTH);
    for (int64_t first = 0; first < columns; first += K_GEMM_STRIP) {
      int64_t count = columns - first < K_GEMM_STRIP ? columns - first : K_GEMM_STRIP;
      REAL *y = packed + at * whole + first * part;
      if (isTransposed) NAME(pack_transposed)(y, &w, first, count, at, part);
      else NAME(pack_plain)(y, &w, first, count, at, part);
    }
  }
}

KERNEL_FUNCTION(gemm_packed)(REAL *c, int64_t stride, const REAL *a, int64_t aDepth, const REAL *b,
                             int64_t bDepth, int64_t bColumns, int64_t rows, int64_t columns,
                             int64_t depth, REAL beta) {
  int64_t whole = (bColumns + COLUMNS - 1) / COLUMNS * COLUMNS;
  for (int64_t at = 0; at < depth; at += NAME(DEPTH)) {
    int64_t packed = bDepth - at < NAME(DEPTH) ? bDepth - at : NAME(DEPTH);
    NAME(strip_tiles)(c, stride, a + at * ROWS, aDepth, b + at * whole, packed,
                      depth - at < packed ? depth - at : packed, beta == 0 && at == 0, rows, columns);
  }
}

#define number REAL
#define PAIR 1
#define BAND_DEPTH NAME(DEPTH)
#define band_row NAME(run)
#define band_add(sum, numbers, w) ((sum) + (w) * (numbers))
#if WIDTH == 16
#define TILE 16
#define band_transpose(tile) NAME(transpose)(tile)
#elif WIDTH == 8
#define TILE 4
#else
#define TILE 2
#endif
#include "gemm_bands.h"
#undef number
#undef PAIR
#undef BAND_DEPTH
#undef band_row
#undef band_add
#undef band_transpose
#undef TILE

KERNEL_FUNCTION(gemm_bands)(REAL *c, int64_t stride, int64_t rows, const k_term *terms,
                          int64_t count, int64_t first, int64_t columns, REAL beta) {
  NAME(band_strip)(c, stride, rows, terms, count, first, columns, beta);
}
#undef ROWS
#undef EXCHANGE
#undef LOW8
#undef HIGH8
#undef LOW4
#undef HIGH4
#undef LOW2
#undef HIGH2
#undef LOW1
#undef HIGH1
#undef COLUMNS
#undef WIDTH
#undef VECTOR
