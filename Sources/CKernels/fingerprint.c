#include <stdint.h>
#include <string.h>

#include "include/CKernels.h"

// Eight lanes, each a product of odd constants over its words, so that the loop runs in vectors.
uint64_t k_fingerprint(const float *x, int64_t n) {
  enum { LANES_HERE = 8 };
  uint64_t lane[LANES_HERE];
  for (int l = 0; l < LANES_HERE; l++) lane[l] = 0x9E3779B97F4A7C15u * (uint64_t)(2 * l + 1);
  int64_t i = 0;
  for (; i + LANES_HERE <= n; i += LANES_HERE) {
    uint32_t words[LANES_HERE];
    memcpy(words, x + i, sizeof words);
    for (int l = 0; l < LANES_HERE; l++) {
      uint64_t mixed = lane[l] ^ words[l];
      // A product of 32 × 32 bits: every processor has it in vectors.
      lane[l] = (mixed << 27 | mixed >> 37) + (mixed & 0xFFFFFFFFu) * 0x85EBCA6Bu;
    }
  }
  for (int l = 0; i < n; i++, l++) {
    uint32_t word;
    memcpy(&word, x + i, sizeof word);
    lane[l] = (lane[l] ^ word) * 0xC2B2AE3D27D4EB4Fu;
  }
  uint64_t sum = (uint64_t)n;
  for (int l = 0; l < LANES_HERE; l++) {
    sum = (sum ^ lane[l]) * 0xFF51AFD7ED558CCDu;
    sum ^= sum >> 33;
  }
  return sum;
}
