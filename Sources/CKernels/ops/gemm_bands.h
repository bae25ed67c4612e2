// Products for few rows of activations, as in decoding, where reading stored weights costs about as
// much as the arithmetic.
//
// A band is a vector of one number of each of sixteen rows; a number of w is multiplied with all of it.
// Each sum is the one that the packed product makes, in its order: over DEPTH numbers from zero on, then
// added to what was there. So few rows have the bits of many.
//
// While a block of w is multiplied, the next one is decoded beside it, and the second after that is
// asked for from memory: one block's time is too short for it.
//
// Before: NAME, number (f32, or a pair of bf16), PAIR (numbers of a row in it), BAND_DEPTH (numbers of a
// block), TILE (rows of a block), band_row, band_add and band_transpose.

typedef float NAME(band) __attribute__((vector_size(4 * K_BAND), aligned(4)));

/// A part of a term's rows of w: TILE rows from `row`, BAND_DEPTH numbers from column `at`.
typedef struct {
  const k_term *terms, *term, *end;
  int64_t row, at;
  /// The last row that counts; it stands in for rows behind it.
  int64_t last;
} NAME(band_block);

INLINE int64_t NAME(band_columns)(const NAME(band_block) *block) {
  int64_t rest = block->term->depth - block->at;
  return rest < PAIR * BAND_DEPTH ? rest : PAIR * BAND_DEPTH;
}

INLINE void NAME(band_advance)(NAME(band_block) *block) {
  block->at += PAIR * BAND_DEPTH;
  if (block->at < block->term->depth) return;
  block->at = 0;
  if (++block->term == block->end) block->term = block->terms, block->row += TILE;
}

/// The flattened index of the block's row j.
INLINE int64_t NAME(band_place)(const NAME(band_block) *block, int64_t j) {
  int64_t row = block->row + j < block->last ? block->row + j : block->last;
  return (block->term->bFirst + row) * block->term->b.columns + block->at;
}

/// Asks for row j of a block that is decoded later.
INLINE void NAME(band_ask)(const NAME(band_block) *block, int64_t j) {
  NAME(prefetch)(&block->term->b, NAME(band_place)(block, j), NAME(band_columns)(block));
}

/// c[j] becomes the sum for row j of a decoded block and a band of x, added to c[j] unless isFirst.
/// Where `next` is given, it is decoded into `decoded`, and `after` is asked for. `type` is next's, a
/// constant.
INLINE void NAME(band_micro)(NAME(band) *c, const number *w, const number *x, int64_t depth,
                             int isFirst, number *decoded, const NAME(band_block) *next,
                             const NAME(band_block) *after, const k_weight_type type) {
  NAME(band) s[TILE];
  UNROLL for (int j = 0; j < TILE; j++) s[j] = (NAME(band)){0};
  int64_t part = (depth + TILE - 1) / TILE, k = 0;
  for (int64_t row = 0; row < TILE; row++) {
    if (next) {
      if (after->row <= after->last) NAME(band_ask)(after, row);
      band_row(decoded + row * BAND_DEPTH, &next->term->b, NAME(band_place)(next, row),
               NAME(band_columns)(next), type);
    }
    int64_t end = k + part < depth ? k + part : depth;
    for (; k < end; k++) {
      NAME(band) numbers;
      memcpy(&numbers, x + k * K_BAND, sizeof numbers);
      UNROLL for (int j = 0; j < TILE; j++) s[j] = band_add(s[j], numbers, w[j * BAND_DEPTH + k]);
    }
  }
  UNROLL for (int j = 0; j < TILE; j++) c[j] = isFirst ? s[j] : c[j] + s[j];
}

/// The same, without a next block or with one of any type.
static void NAME(band_product)(NAME(band) *c, const number *w, const number *x, int64_t depth,
                               int isFirst, number *decoded, const NAME(band_block) *next,
                               const NAME(band_block) *after) {
  if (!next)
    return NAME(band_micro)(c, w, x, depth, isFirst, decoded, NULL, NULL, K_F32);
#define CASE(type) \
  case type: NAME(band_micro)(c, w, x, depth, isFirst, decoded, next, after, type); break
  switch (next->term->b.type) {
    CASE(K_F32);
    CASE(K_F16);
    CASE(K_BF16);
    CASE(K_NF4);
    CASE(K_INT8);
  }
#undef CASE
}

/// A tile of sums to or from its place in c: `rows` rows of `columns` numbers.
INLINE void NAME(band_store)(float *c, int64_t stride, NAME(band) *tile, int64_t rows,
                            int64_t columns) {
#ifdef band_transpose
  band_transpose(tile);
  for (int64_t i = 0; i < rows; i++)
    if (columns == TILE) memcpy(c + i * stride, tile + i, sizeof *tile);
    else memcpy(c + i * stride, tile + i, (size_t)columns * 4);
#else
  for (int64_t j = 0; j < columns; j++)
    for (int64_t i = 0; i < rows; i++) c[i * stride + j] = tile[j][i];
#endif
}

INLINE void NAME(band_load)(NAME(band) *tile, const float *c, int64_t stride, int64_t rows,
                           int64_t columns) {
  for (int64_t j = 0; j < columns; j++)
    for (int64_t i = 0; i < rows; i++) tile[j][i] = c[i * stride + j];
}

static void NAME(band_strip)(float *c, int64_t stride, int64_t rows, const k_term *terms,
                            int64_t count, int64_t first, int64_t columns, float beta) {
  number scratch[2][TILE * BAND_DEPTH] __attribute__((aligned(64)));
  NAME(band) tile[K_BANDED_ROWS / K_BAND][TILE];
  NAME(band_block) block = {terms, terms, terms + count, first, 0, first + columns - 1};
  NAME(band_block) next = block, after;
  number *w = scratch[0], *decoded = scratch[1];
  for (int ahead = 0; ahead < 3 && next.row <= next.last; ahead++, NAME(band_advance)(&next))
    for (int64_t j = 0; j < TILE; j++) NAME(band_ask)(&next, j);
  next = block;
  for (int64_t j = 0; j < TILE; j++)
    band_row(w + j * BAND_DEPTH, &block.term->b, NAME(band_place)(&block, j),
            NAME(band_columns)(&block), block.term->b.type);
  int isFirst = beta == 0;
  while (block.row <= block.last) {
    int64_t rest = block.last + 1 - block.row, wide = rest < TILE ? rest : TILE;
    float *y = c + block.row;
    if (!isFirst && block.term == terms && block.at == 0)
      for (int64_t i = 0; i < rows; i += K_BAND)
        NAME(band_load)(tile[i / K_BAND], y + i * stride, stride,
                       rows - i < K_BAND ? rows - i : K_BAND, wide);
    NAME(band_advance)(&next), after = next;
    NAME(band_advance)(&after), NAME(band_advance)(&after);
    int64_t depth = (NAME(band_columns)(&block) + PAIR - 1) / PAIR;
    int64_t all = (block.term->depth + PAIR - 1) / PAIR;
    const number *x = (const number *)(const void *)block.term->a + block.at / PAIR * K_BAND;
    for (int64_t i = 0; i < rows; i += K_BAND, x += all * K_BAND)
      NAME(band_product)(tile[i / K_BAND], w, x, depth, isFirst, decoded,
                         i == 0 && next.row <= next.last ? &next : NULL, &after);
    isFirst = 0;
    if (next.row != block.row) {
      for (int64_t i = 0; i < rows; i += K_BAND)
        NAME(band_store)(y + i * stride, stride, tile[i / K_BAND],
                        rows - i < K_BAND ? rows - i : K_BAND, wide);
      isFirst = beta == 0;
    }
    number *swap = w;
    w = decoded, decoded = swap, block = next;
  }
}
