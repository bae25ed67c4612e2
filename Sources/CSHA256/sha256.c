#include "include/CSHA256.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

// FIPS 180-4, section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the
// first 64 primes.
static const uint32_t K[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

typedef void (*compression)(uint32_t h[8], const uint8_t *blocks, size_t count);

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static uint32_t big_endian(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// Section 6.2.2, with the letters of the standard.
static void compress_portable(uint32_t h[8], const uint8_t *blocks, size_t count) {
  for (; count > 0; count--, blocks += 64) {
    uint32_t w[64];
    for (int t = 0; t < 16; t++) w[t] = big_endian(blocks + 4 * t);
    for (int t = 16; t < 64; t++) {
      uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
      uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
      w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    // The letters move by one place a round: a is v[-t mod 8], b the next, and so on.
    uint32_t v[8];
    memcpy(v, h, sizeof v);
#pragma clang loop unroll_count(8)
    for (int t = 0; t < 64; t++) {
      uint32_t a = v[-t & 7], b = v[(1 - t) & 7], c = v[(2 - t) & 7];
      uint32_t e = v[(4 - t) & 7], f = v[(5 - t) & 7], g = v[(6 - t) & 7];
      uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      uint32_t t1 = v[(7 - t) & 7] + s1 + ((e & f) ^ (~e & g)) + K[t] + w[t];
      v[(3 - t) & 7] += t1;
      v[(7 - t) & 7] = t1 + s0 + ((a & b) ^ (a & c) ^ (b & c));
    }
    for (int i = 0; i < 8; i++) h[i] += v[i];
  }
}

#if defined(__x86_64__)
// Two rounds an instruction. The instructions want the state as (A, B, E, F) and (C, D, G, H), each
// from the highest lane down, and w[t] + K[t] of two rounds in the low lanes.
__attribute__((target("sha,sse4.1,ssse3"))) static void compress_sha_ni(
    uint32_t h[8], const uint8_t *blocks, size_t count) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i dcba = _mm_loadu_si128((const __m128i *)h);
  __m128i hgfe = _mm_loadu_si128((const __m128i *)(h + 4));
  __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

  for (; count > 0; count--, blocks += 64) {
    __m128i abef_before = abef, cdgh_before = cdgh, w[4];
    for (int i = 0; i < 4; i++)
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)blocks + i), swap);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      __m128i now = w[i & 3];
      __m128i sum = _mm_add_epi32(now, _mm_load_si128((const __m128i *)K + i));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (i >= 12) continue;
      // w[t…t+3] of four rounds on: s0 and w[t-16] by msg1, w[t-7] added, s1 by msg2.
      __m128i next = w[(i + 1) & 3], last = w[(i + 3) & 3];
      __m128i seven = _mm_alignr_epi8(last, w[(i + 2) & 3], 4);
      w[i & 3] = _mm_sha256msg2_epu32(
          _mm_add_epi32(_mm_sha256msg1_epu32(now, next), seven), last);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }

  __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128((__m128i *)h, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128((__m128i *)(h + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static int has_sha_ni(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_SHA)) return 0;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) && (c & bit_SSSE3);
}
#else
static int has_sha_ni(void) { return 0; }
#endif

static void compress(sha256_state *state, const uint8_t *blocks, size_t count) {
#if defined(__x86_64__)
  if (!state->portable) return compress_sha_ni(state->h, blocks, count);
#endif
  compress_portable(state->h, blocks, count);
}

sha256_state sha256_begin(int portable) {
  // Section 5.3.3: the square roots of the first 8 primes.
  sha256_state state = {.h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                              0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
  state.portable = portable || !has_sha_ni();
  return state;
}

void sha256_add(sha256_state *state, const void *bytes, size_t count) {
  const uint8_t *next = bytes;
  size_t held = state->count % 64;
  state->count += count;
  if (held > 0) {
    size_t missing = 64 - held, taken = count < missing ? count : missing;
    if (taken > 0) memcpy(state->rest + held, next, taken);
    if (taken < missing) return;
    compress(state, state->rest, 1);
    next += taken, count -= taken;
  }
  compress(state, next, count / 64);
  if (count % 64 > 0) memcpy(state->rest, next + count / 64 * 64, count % 64);
}

void sha256_end(sha256_state *state, uint8_t digest[32]) {
  // Section 5.1.1: a one bit, zeros, and the number of bits, big-endian.
  uint64_t bits = state->count * 8;
  uint8_t padding[72] = {0x80};
  size_t zeros = (119 - state->count % 64) % 64;
  for (int i = 0; i < 8; i++) padding[1 + zeros + i] = (uint8_t)(bits >> (56 - 8 * i));
  sha256_add(state, padding, 1 + zeros + 8);
  for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(state->h[i / 4] >> (24 - 8 * (i % 4)));
}
