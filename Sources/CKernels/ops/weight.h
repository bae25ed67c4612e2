// Stored matrices to f32. Values are bitsandbytes' to the last bit: products and sums of scales are
// rounded one by one.

static const float NAME(nf4_values)[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
    -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
    0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};

/// The scale of NF4 block `block`.
INLINE float NAME(nf4_scale)(const k_weight *w, int64_t block) {
  if (!w->scale_codes) return w->scales[block];
  float product = w->scale_map[w->scale_codes[block]] * w->nested_scales[block / K_NF4_NESTED];
  return product + w->offset;
}

INLINE float NAME(nf4_code)(const uint8_t *codes, int64_t index) {
  uint8_t pair = codes[index >> 1];
  return NAME(nf4_values)[index & 1 ? pair & 15 : pair >> 4];
}

static void NAME(nf4_run)(float *y, const k_weight *w, int64_t first, int64_t count) {
  const uint8_t *codes = w->data;
  for (int64_t i = first, end; i < first + count; i = end) {
    int64_t block = i / K_NF4_BLOCK;
    end = (block + 1) * K_NF4_BLOCK;
    if (end > first + count) end = first + count;
    float scale = NAME(nf4_scale)(w, block);
    for (int64_t at = i; at < end; at++) y[at - first] = NAME(nf4_code)(codes, at) * scale;
  }
}

static void NAME(int8_run)(float *y, const k_weight *w, int64_t first, int64_t count) {
  const int8_t *x = w->data;
  for (int64_t i = first, end; i < first + count; i = end) {
    int64_t row = i / w->columns;
    end = (row + 1) * w->columns;
    if (end > first + count) end = first + count;
    float scale = w->scales[row];
    for (int64_t at = i; at < end; at++)
      y[at - first] = (float)x[at] * scale * 7.874015718698502e-3f;
  }
}

KERNEL_FUNCTION(weight_run)(float *y, const k_weight *w, int64_t first, int64_t count) {
  switch (w->type) {
    case K_F32: memcpy(y, (const float *)w->data + first, (size_t)count * 4); break;
    case K_F16: NAME(from_f16)(y, (const uint16_t *)w->data + first, count); break;
    case K_BF16: NAME(from_bf16)(y, (const uint16_t *)w->data + first, count); break;
    case K_NF4: NAME(nf4_run)(y, w, first, count); break;
    case K_INT8: NAME(int8_run)(y, w, first, count); break;
  }
}
