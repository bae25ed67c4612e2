// Operands of products, packed (after Goto & van de Geijn 2008).
//
// The left operand: panels of ROWS rows, depth by depth. The right one: panels of COLUMNS columns,
// and that is where stored numbers become f32.

typedef REAL NAME(vector) __attribute__((vector_size(VECTOR_BYTES), aligned(4)));
#define VECTOR NAME(vector)
#define WIDTH (VECTOR_BYTES / 4)
#if VECTOR_BYTES == 64
#define ROWS 14
#elif VECTOR_BYTES == 32
#define ROWS 6
#else
#define ROWS 4
#endif
#define COLUMNS (2 * WIDTH)
enum { NAME(DEPTH) = 192 };

INLINE VECTOR NAME(load)(const REAL *x) { return *(const VECTOR *)x; }
INLINE void NAME(store)(REAL *x, VECTOR v) { *(VECTOR *)x = v; }

// Lanes are exchanged between rows i and i + STEP where bit STEP of row and lane differ.
#define EXCHANGE(i, step)                                                        \
  {                                                                              \
    VECTOR a = r[i], b = r[(i) + (step)];                                        \
    r[i] = __builtin_shufflevector(a, b, LOW##step);                             \
    r[(i) + (step)] = __builtin_shufflevector(a, b, HIGH##step);                 \
  }
#if WIDTH == 16
#define LOW8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define HIGH8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define LOW4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define HIGH4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define LOW2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define LOW1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define HIGH1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#elif WIDTH == 8
#define LOW4 0, 1, 2, 3, 8, 9, 10, 11
#define HIGH4 4, 5, 6, 7, 12, 13, 14, 15
#define LOW2 0, 1, 8, 9, 4, 5, 12, 13
#define HIGH2 2, 3, 10, 11, 6, 7, 14, 15
#define LOW1 0, 8, 2, 10, 4, 12, 6, 14
#define HIGH1 1, 9, 3, 11, 5, 13, 7, 15
#endif

/// WIDTH rows of WIDTH numbers, transposed in registers.
INLINE void NAME(transpose)(VECTOR *r) {
#if WIDTH == 16
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) EXCHANGE(i, 8)
#endif
#if WIDTH >= 8
#pragma clang loop unroll(full)
  for (int i = 0; i < WIDTH; i += 8) {
    EXCHANGE(i, 4) EXCHANGE(i + 1, 4)
    EXCHANGE(i + 2, 4) EXCHANGE(i + 3, 4)
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < WIDTH; i += 4) {
    EXCHANGE(i, 2) EXCHANGE(i + 1, 2)
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < WIDTH; i += 2) EXCHANGE(i, 1)
#else
  REAL t[WIDTH][WIDTH];
  for (int i = 0; i < WIDTH; i++)
    for (int j = 0; j < WIDTH; j++) t[j][i] = r[i][j];
  for (int i = 0; i < WIDTH; i++) r[i] = NAME(load)(t[i]);
#endif
}

KERNEL_FUNCTION(gemm_panel)(int64_t *rows, int64_t *columns) {
  *rows = ROWS, *columns = COLUMNS;
}

/// One panel: up to ROWS rows of x, scaled; missing rows are zeros.
INLINE void NAME(pack_panel)(REAL *y, const REAL *x, int64_t rows, int64_t depth, int64_t stride,
                             REAL alpha) {
  int64_t k = 0;
  // A store of WIDTH lanes runs into the next depth's place, which is written after it: the last
  // ones are left to the plain loop.
  if (ROWS <= WIDTH)
    for (; k + 2 * WIDTH <= depth; k += WIDTH) {
      VECTOR r[WIDTH];
      for (int i = 0; i < WIDTH; i++)
        r[i] = i < rows ? NAME(load)(x + i * stride + k) * alpha : (VECTOR){0};
      NAME(transpose)(r);
      for (int i = 0; i < WIDTH; i++) NAME(store)(y + (k + i) * ROWS, r[i]);
    }
  for (; k < depth; k++)
    for (int i = 0; i < ROWS; i++) y[k * ROWS + i] = i < rows ? x[i * stride + k] * alpha : 0;
}

KERNEL_FUNCTION(gemm_pack_rows)(REAL *packed, const REAL *x, int64_t rows, int64_t depth,
                                int64_t stride, REAL alpha) {
  for (int64_t row = 0; row < rows; row += ROWS, packed += ROWS * depth)
    NAME(pack_panel)(packed, x + row * stride, rows - row < ROWS ? rows - row : ROWS, depth, stride,
                     alpha);
}

KERNEL_FUNCTION(gemm_pack_bands)(REAL *packed, const REAL *x, int64_t rows, int64_t depth,
                                 REAL alpha) {
  for (int64_t row = 0; row < rows; row += K_BAND, packed += K_BAND * depth)
    for (int64_t first = 0; first < K_BAND; first += WIDTH) {
      const REAL *from = x + (row + first) * depth;
      int64_t count = rows - row - first, k = 0;
      for (; k + WIDTH <= depth; k += WIDTH) {
        VECTOR r[WIDTH];
        for (int i = 0; i < WIDTH; i++)
          r[i] = i < count ? NAME(load)(from + i * depth + k) * alpha : (VECTOR){0};
        NAME(transpose)(r);
        for (int i = 0; i < WIDTH; i++) NAME(store)(packed + (k + i) * K_BAND + first, r[i]);
      }
      for (; k < depth; k++)
        for (int i = 0; i < WIDTH; i++)
          packed[k * K_BAND + first + i] = i < count ? from[i * depth + k] * alpha : 0;
    }
}

KERNEL_FUNCTION(gemm_pack_columns)(REAL *packed, const REAL *x, int64_t rows, int64_t depth,
                                   int64_t stride, REAL alpha) {
  for (int64_t row = 0; row < rows; row += ROWS, packed += ROWS * depth) {
    int64_t count = rows - row < ROWS ? rows - row : ROWS;
    for (int64_t k = 0; k < depth; k++) {
      REAL *y = packed + k * ROWS;
      const REAL *from = x + k * stride + row;
      if (count == ROWS) for (int i = 0; i < ROWS; i++) y[i] = from[i] * alpha;
      else for (int i = 0; i < ROWS; i++) y[i] = i < count ? from[i] * alpha : 0;
    }
  }
}

/// A strip of Wᵀ: b[panel][k][column] = w[first + column][from + k].
static void NAME(pack_transposed)(REAL *b, const k_weight *w, int64_t first, int64_t columns,
                                  int64_t from, int64_t depth) {
  REAL scratch[WIDTH * NAME(DEPTH)] __attribute__((aligned(64)));
  for (int64_t at = 0; at < columns; at += WIDTH) {
    int64_t count = columns - at < WIDTH ? columns - at : WIDTH;
    REAL *y = b + at / COLUMNS * COLUMNS * depth + at % COLUMNS;
    const REAL *x = scratch;
    int64_t stride = depth, k = 0;
    if (w->type == K_F32 && count == WIDTH) {  // In place.
      x = (const REAL *)w->data + (first + at) * w->columns + from;
      stride = w->columns;
    } else {
      for (int64_t i = 0; i < count; i++)
        NAME(run)(scratch + i * depth, w, (first + at + i) * w->columns + from, depth, w->type);
      memset(scratch + count * depth, 0, (size_t)((WIDTH - count) * depth) * sizeof(REAL));
    }
    for (; k + WIDTH <= depth; k += WIDTH) {
      VECTOR r[WIDTH];
      for (int i = 0; i < WIDTH; i++) r[i] = NAME(load)(x + i * stride + k);
      NAME(transpose)(r);
      for (int i = 0; i < WIDTH; i++) NAME(store)(y + (k + i) * COLUMNS, r[i]);
    }
    for (; k < depth; k++)
      for (int i = 0; i < WIDTH; i++) y[k * COLUMNS + i] = x[i * stride + k];
    if (at % COLUMNS == 0 && at + WIDTH >= columns)
      for (k = 0; k < depth; k++) NAME(store)(y + k * COLUMNS + WIDTH, (VECTOR){0});
  }
}

/// A strip of W: b[panel][k][column] = w[from + k][first + column].
static void NAME(pack_plain)(REAL *b, const k_weight *w, int64_t first, int64_t columns,
                             int64_t from, int64_t depth) {
  int64_t whole = (columns + COLUMNS - 1) / COLUMNS * COLUMNS;
  int isInPlace = w->type == K_F32 && whole == columns;
  REAL scratch[K_GEMM_STRIP] __attribute__((aligned(64)));
  for (int64_t i = columns; i < whole; i++) scratch[i] = 0;
  for (int64_t k = 0; k < depth; k++) {
    int64_t start = (from + k) * w->columns + first;
    const REAL *x = isInPlace ? (const REAL *)w->data + start : scratch;
    if (!isInPlace) NAME(run)(scratch, w, start, columns, w->type);
    for (int64_t at = 0; at < whole; at += COLUMNS) {
      REAL *y = b + at * depth + k * COLUMNS;
      NAME(store)(y, NAME(load)(x + at));
      NAME(store)(y + WIDTH, NAME(load)(x + at + WIDTH));
    }
  }
}
