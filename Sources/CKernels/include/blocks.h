#pragma once
#include <stdint.h>

// Numbers in blocks with scales of their own, as GGUF files store them. Rows are whole blocks, so that a
// matrix is one run of blocks. Names and codes are ggml's.
typedef enum {
  K_Q4_0 = 2,
  K_Q4_1 = 3,
  K_Q5_0 = 6,
  K_Q5_1 = 7,
  K_Q8_0 = 8,
  K_Q4_K = 12,
  K_Q5_K = 13,
  K_Q6_K = 14
} k_block_type;

/// Numbers of one block, and the bytes that it takes; 0 for no such type.
int64_t k_block_length(k_block_type type);
int64_t k_block_bytes(k_block_type type);

/// Stores `blocks` blocks of x.
void k_blocks_encode(k_block_type type, uint8_t *y, const float *x, int64_t blocks);
/// Reads `blocks` blocks.
void k_blocks_decode(k_block_type type, float *y, const uint8_t *x, int64_t blocks);
