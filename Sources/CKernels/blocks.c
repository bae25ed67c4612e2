#include "blocks.h"

#include <math.h>
#include <string.h>

// The results are to be the same on every processor: products are not fused with sums.
#pragma STDC FP_CONTRACT OFF

enum { SMALL = 32, LARGE = 256 };

int64_t k_block_length(k_block_type type) {
  switch (type) {
  case K_Q4_0: case K_Q4_1: case K_Q5_0: case K_Q5_1: case K_Q8_0: return SMALL;
  case K_Q4_K: case K_Q5_K: case K_Q6_K: return LARGE;
  }
  return 0;
}

int64_t k_block_bytes(k_block_type type) {
  switch (type) {
  case K_Q4_0: return 18;
  case K_Q4_1: return 20;
  case K_Q5_0: return 22;
  case K_Q5_1: return 24;
  case K_Q8_0: return 34;
  case K_Q4_K: return 144;
  case K_Q5_K: return 176;
  case K_Q6_K: return 210;
  }
  return 0;
}

static void put_half(uint8_t *at, float x) {
  _Float16 half = (_Float16)x;
  memcpy(at, &half, 2);
}

static float half_at(const uint8_t *at) {
  _Float16 half;
  memcpy(&half, at, 2);
  return (float)half;
}

static int clamp(int x, int low, int high) { return x < low ? low : x > high ? high : x; }

/// To the nearest, of two equally near ones to the even.
static int nearest(float x) { return (int)rintf(x); }

/// 1 / d; 0 where there is none.
static float safe_inverse(float d) { return isfinite(1 / d) ? 1 / d : 0; }

// MARK: Blocks of 32

/// The number of the largest magnitude, the first of several.
static float largest(const float *x, int count) {
  float max = x[0];
  for (int i = 1; i < count; i++)
    if (fabsf(x[i]) > fabsf(max)) max = x[i];
  return max;
}

/// d = (number of the largest magnitude) / −half; codes around half.
static void codes_around(uint8_t *q, uint8_t *scale, const float *x, int half) {
  const float d = largest(x, SMALL) / (float)-half, inverse = safe_inverse(d);
  for (int i = 0; i < SMALL; i++)
    q[i] = (uint8_t)clamp((int)(x[i] * inverse + ((float)half + 0.5f)), 0, 2 * half - 1);
  put_half(scale, d);
}

/// d = (max − min) / most; codes from min on.
static void codes_from(uint8_t *q, uint8_t *scale, const float *x, int most) {
  float min = x[0], max = x[0];
  for (int i = 1; i < SMALL; i++) {
    if (x[i] < min) min = x[i];
    if (x[i] > max) max = x[i];
  }
  const float d = (max - min) / (float)most, inverse = safe_inverse(d);
  for (int i = 0; i < SMALL; i++)
    q[i] = (uint8_t)clamp((int)((x[i] - min) * inverse + 0.5f), 0, most);
  put_half(scale, d);
  put_half(scale + 2, min);
}

static void put_nibbles(uint8_t *y, const uint8_t *q) {
  for (int i = 0; i < SMALL / 2; i++)
    y[i] = (uint8_t)((q[i] & 15) | (q[i + SMALL / 2] & 15) << 4);
}

static void put_fifth_bits(uint8_t *y, const uint8_t *q) {
  memset(y, 0, 4);
  for (int i = 0; i < SMALL; i++) y[i / 8] |= (uint8_t)((q[i] >> 4 & 1) << i % 8);
}

static void encode_small(k_block_type type, uint8_t *y, const float *x) {
  uint8_t q[SMALL];
  switch (type) {
  case K_Q4_0:
    codes_around(q, y, x, 8);
    put_nibbles(y + 2, q);
    break;
  case K_Q4_1:
    codes_from(q, y, x, 15);
    put_nibbles(y + 4, q);
    break;
  case K_Q5_0:
    codes_around(q, y, x, 16);
    put_fifth_bits(y + 2, q);
    put_nibbles(y + 6, q);
    break;
  case K_Q5_1:
    codes_from(q, y, x, 31);
    put_fifth_bits(y + 4, q);
    put_nibbles(y + 8, q);
    break;
  default: {
    const float d = fabsf(largest(x, SMALL)) / 127, inverse = safe_inverse(d);
    for (int i = 0; i < SMALL; i++) y[2 + i] = (uint8_t)(int8_t)roundf(x[i] * inverse);
    put_half(y, d);
  }
  }
}

static void decode_small(k_block_type type, float *y, const uint8_t *x) {
  const float d = half_at(x);
  if (type == K_Q8_0) {
    for (int i = 0; i < SMALL; i++) y[i] = d * (float)(int8_t)x[2 + i];
    return;
  }
  const int isFive = type == K_Q5_0 || type == K_Q5_1, hasMin = type == K_Q4_1 || type == K_Q5_1;
  const uint8_t *high = x + (hasMin ? 4 : 2), *low = high + (isFive ? 4 : 0);
  const int half = hasMin ? 0 : isFive ? 16 : 8;
  const float min = hasMin ? half_at(x + 2) : 0;
  for (int i = 0; i < SMALL; i++) {
    int q = i < SMALL / 2 ? low[i] & 15 : low[i - SMALL / 2] >> 4;
    if (isFive) q |= (high[i / 8] >> i % 8 & 1) << 4;
    y[i] = d * (float)(q - half) + min;
  }
}

// MARK: Blocks of 256 with a least value in each 32

/// Codes 0…most of 32 numbers, x ≈ scale · code − least: the scale is what it returns. Several scales are
/// tried, each with the weighted least squares that follow from its codes.
static float search_with_least(
    uint8_t *codes, float *least, const float *x, int most, float first, int tries) {
  float squares = 0;
  for (int i = 0; i < SMALL; i++) squares += x[i] * x[i];
  const float mean = sqrtf(squares / SMALL);
  float w[SMALL], min = x[0], max = x[0], sumW = 0, sumX = 0;
  for (int i = 0; i < SMALL; i++) {
    w[i] = mean + fabsf(x[i]);
    if (x[i] < min) min = x[i];
    if (x[i] > max) max = x[i];
    sumW += w[i];
    sumX += w[i] * x[i];
  }
  if (min > 0) min = 0;
  memset(codes, 0, SMALL);
  *least = -min;
  if (max == min) return 0;
  float inverse = (float)most / (max - min), scale = 1 / inverse, best = 0;
  for (int i = 0; i < SMALL; i++) {
    codes[i] = (uint8_t)clamp(nearest(inverse * (x[i] - min)), 0, most);
    const float difference = scale * (float)codes[i] + min - x[i];
    best += w[i] * (difference * difference);
  }
  for (int try = 0; try <= tries; try++) {
    uint8_t other[SMALL];
    float sumL = 0, sumL2 = 0, sumXL = 0;
    inverse = (first + 0.1f * (float)try + (float)most) / (max - min);
    for (int i = 0; i < SMALL; i++) {
      other[i] = (uint8_t)clamp(nearest(inverse * (x[i] - min)), 0, most);
      const float l = (float)other[i];
      sumL += w[i] * l;
      sumL2 += w[i] * l * l;
      sumXL += w[i] * l * x[i];
    }
    const float determinant = sumW * sumL2 - sumL * sumL;
    if (!(determinant > 0)) continue;
    float newScale = (sumW * sumXL - sumX * sumL) / determinant;
    float newMin = (sumL2 * sumX - sumL * sumXL) / determinant;
    if (newMin > 0) {
      newMin = 0;
      newScale = sumXL / sumL2;
    }
    float error = 0;
    for (int i = 0; i < SMALL; i++) {
      const float difference = newScale * (float)other[i] + newMin - x[i];
      error += w[i] * (difference * difference);
    }
    if (error < best) {
      memcpy(codes, other, SMALL);
      best = error;
      scale = newScale;
      min = newMin;
    }
  }
  *least = -min;
  return scale;
}

/// The 6-bit scale and least value of sub-block j out of their 12 bytes.
static void six_bits(int j, const uint8_t *p, int *scale, int *least) {
  if (j < 4) {
    *scale = p[j] & 63;
    *least = p[j + 4] & 63;
  } else {
    *scale = (p[j + 4] & 15) | (p[j - 4] >> 6) << 4;
    *least = (p[j + 4] >> 4) | (p[j] >> 6) << 4;
  }
}

static void put_six_bits(int j, uint8_t *p, int scale, int least) {
  if (j < 4) {
    p[j] = (uint8_t)scale;
    p[j + 4] = (uint8_t)least;
  } else {
    p[j + 4] = (uint8_t)((scale & 15) | (least & 15) << 4);
    p[j - 4] |= (uint8_t)(scale >> 4 << 6);
    p[j] |= (uint8_t)(least >> 4 << 6);
  }
}

static void encode_with_least(uint8_t *y, const float *x, int isFive) {
  const int most = isFive ? 31 : 15;
  uint8_t codes[LARGE];
  float scales[8], leasts[8], maxScale = 0, maxLeast = 0;
  for (int j = 0; j < 8; j++) {
    scales[j] = search_with_least(
        codes + SMALL * j, leasts + j, x + SMALL * j, most, isFive ? -0.5f : -1, isFive ? 15 : 20);
    if (scales[j] > maxScale) maxScale = scales[j];
    if (leasts[j] > maxLeast) maxLeast = leasts[j];
  }
  const float toScale = maxScale > 0 ? 63 / maxScale : 0, toLeast = maxLeast > 0 ? 63 / maxLeast : 0;
  uint8_t *six = y + 4;
  memset(six, 0, 12);
  for (int j = 0; j < 8; j++)
    put_six_bits(
        j, six, clamp(nearest(toScale * scales[j]), 0, 63), clamp(nearest(toLeast * leasts[j]), 0, 63));
  put_half(y, maxScale / 63);
  put_half(y + 2, maxLeast / 63);
  // Again, with what a reader will take for the scales.
  for (int j = 0; j < 8; j++) {
    int scale, least;
    six_bits(j, six, &scale, &least);
    const float d = half_at(y) * (float)scale, m = half_at(y + 2) * (float)least;
    if (d == 0) continue;
    for (int i = SMALL * j; i < SMALL * (j + 1); i++)
      codes[i] = (uint8_t)clamp(nearest((x[i] + m) / d), 0, most);
  }
  uint8_t *high = y + 16, *low = isFive ? high + 32 : high;
  if (isFive) memset(high, 0, 32);
  for (int pair = 0; pair < 4; pair++) {
    for (int l = 0; l < SMALL; l++) {
      const int one = codes[64 * pair + l], two = codes[64 * pair + SMALL + l];
      low[SMALL * pair + l] = (uint8_t)((one & 15) | (two & 15) << 4);
      if (isFive) high[l] |= (uint8_t)((one >> 4) << 2 * pair | (two >> 4) << (2 * pair + 1));
    }
  }
}

static void decode_with_least(float *y, const uint8_t *x, int isFive) {
  const uint8_t *high = x + 16, *low = isFive ? high + 32 : high;
  const float d = half_at(x), dLeast = half_at(x + 2);
  for (int j = 0; j < 8; j++) {
    int scale, least;
    six_bits(j, x + 4, &scale, &least);
    const float s = d * (float)scale, m = dLeast * (float)least;
    for (int l = 0; l < SMALL; l++) {
      const uint8_t byte = low[SMALL * (j / 2) + l];
      int q = j % 2 == 0 ? byte & 15 : byte >> 4;
      if (isFive) q |= (high[l] >> j & 1) << 4;
      y[SMALL * j + l] = s * (float)q - m;
    }
  }
}

// MARK: Q6_K

enum { SIXTEEN = 16 };

/// Codes 0…63 of 16 numbers, x ≈ scale · (code − 32): the scale is what it returns.
static float search_around(uint8_t *codes, const float *x) {
  const float max = largest(x, SIXTEEN);
  if (fabsf(max) < 1e-15f) {
    memset(codes, 0, SIXTEEN);
    return 0;
  }
  float best = 0, scale = 0;
  for (int step = 0; step <= 18; step++) {
    // The plain scale first, then −9…9 tenths beside it.
    const int tenths = step == 0 ? 0 : step <= 9 ? step - 10 : step - 9;
    const float inverse = step == 0 ? -32 / max : -(32 + 0.1f * (float)tenths) / max;
    float sumLX = 0, sumL2 = 0;
    int8_t other[SIXTEEN];
    for (int i = 0; i < SIXTEEN; i++) {
      const int l = clamp(nearest(inverse * x[i]), -32, 31);
      const float w = x[i] * x[i];
      other[i] = (int8_t)l;
      sumLX += w * x[i] * (float)l;
      sumL2 += w * (float)l * (float)l;
    }
    if (step > 0 && !(sumL2 > 0 && sumLX * sumLX > best * sumL2)) continue;
    for (int i = 0; i < SIXTEEN; i++) codes[i] = (uint8_t)(other[i] + 32);
    scale = sumL2 > 0 ? sumLX / sumL2 : 0;
    best = scale * sumLX;
  }
  return scale;
}

static void encode_six(uint8_t *y, const float *x) {
  uint8_t codes[LARGE];
  float scales[SIXTEEN], max = 0;
  for (int j = 0; j < SIXTEEN; j++) {
    scales[j] = search_around(codes + SIXTEEN * j, x + SIXTEEN * j);
    if (fabsf(scales[j]) > fabsf(max)) max = scales[j];
  }
  memset(y, 0, 210);
  if (fabsf(max) < 1e-15f) return;
  const float inverse = -128 / max;
  int8_t *stored = (int8_t *)(y + 192);
  put_half(y + 208, 1 / inverse);
  for (int j = 0; j < SIXTEEN; j++) {
    const int scale = nearest(inverse * scales[j]);
    stored[j] = (int8_t)(scale > 127 ? 127 : scale);
    const float d = half_at(y + 208) * (float)stored[j];
    if (d == 0) continue;
    for (int i = SIXTEEN * j; i < SIXTEEN * (j + 1); i++)
      codes[i] = (uint8_t)(clamp(nearest(x[i] / d), -32, 31) + 32);
  }
  for (int part = 0; part < 2; part++) {
    const uint8_t *q = codes + 128 * part;
    uint8_t *low = y + 64 * part, *high = y + 128 + 32 * part;
    for (int l = 0; l < SMALL; l++) {
      low[l] = (uint8_t)((q[l] & 15) | (q[l + 64] & 15) << 4);
      low[l + 32] = (uint8_t)((q[l + 32] & 15) | (q[l + 96] & 15) << 4);
      high[l] = (uint8_t)(q[l] >> 4 | (q[l + 32] >> 4) << 2 | (q[l + 64] >> 4) << 4 |
                          (q[l + 96] >> 4) << 6);
    }
  }
}

static void decode_six(float *y, const uint8_t *x) {
  const int8_t *scales = (const int8_t *)(x + 192);
  const float d = half_at(x + 208);
  for (int part = 0; part < 2; part++) {
    const uint8_t *low = x + 64 * part, *high = x + 128 + 32 * part;
    for (int i = 0; i < 128; i++) {
      const int l = i % 32, quarter = i / 32;
      const uint8_t byte = low[l + 32 * (quarter % 2)];
      const int q = (quarter < 2 ? byte & 15 : byte >> 4) | (high[l] >> 2 * quarter & 3) << 4;
      y[128 * part + i] = d * (float)scales[8 * part + i / 16] * (float)(q - 32);
    }
  }
}

// MARK: All types

void k_blocks_encode(k_block_type type, uint8_t *y, const float *x, int64_t blocks) {
  const int64_t length = k_block_length(type), bytes = k_block_bytes(type);
  for (int64_t block = 0; block < blocks; block++, x += length, y += bytes) {
    switch (type) {
    case K_Q4_K: encode_with_least(y, x, 0); break;
    case K_Q5_K: encode_with_least(y, x, 1); break;
    case K_Q6_K: encode_six(y, x); break;
    default: encode_small(type, y, x);
    }
  }
}

void k_blocks_decode(k_block_type type, float *y, const uint8_t *x, int64_t blocks) {
  const int64_t length = k_block_length(type), bytes = k_block_bytes(type);
  for (int64_t block = 0; block < blocks; block++, y += length, x += bytes) {
    switch (type) {
    case K_Q4_K: decode_with_least(y, x, 0); break;
    case K_Q5_K: decode_with_least(y, x, 1); break;
    case K_Q6_K: decode_six(y, x); break;
    default: decode_small(type, y, x);
    }
  }
}
