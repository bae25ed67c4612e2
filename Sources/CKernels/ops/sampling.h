// Choosing among the scores of a vocabulary.

KERNEL_FUNCTION(index_of_largest)(int64_t *place, const float *x, int64_t n) {
  float top = NAME(maximum)(x, n);
  int32_t broken = !(top < INFINITY && top > -INFINITY);
  for (int64_t i = 0; i < n; i++) broken |= x[i] != x[i];
  *place = -1;
  if (broken) return;
  for (int64_t i = 0; i < n; i++)
    if (x[i] == top) {
      *place = i;
      return;
    }
}

KERNEL_FUNCTION(places_from)(int32_t *places, int64_t *count, const float *x, int64_t n,
                             float least) {
  int64_t found = 0, i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    int32_t any = 0;
    for (int l = 0; l < 4 * LANES; l++) any |= x[i + l] >= least;
    if (any)
      for (int l = 0; l < 4 * LANES; l++)
        if (x[i + l] >= least) places[found++] = (int32_t)(i + l);
  }
  for (; i < n; i++)
    if (x[i] >= least) places[found++] = (int32_t)i;
  *count = found;
}

KERNEL_FUNCTION(sampling_weights)(float *weights, double *sums, const float *x, int64_t n,
                                  float top, float temperature) {
  for (int64_t first = 0; first < n; first += K_SAMPLING_PART) {
    int64_t count = n - first < K_SAMPLING_PART ? n - first : K_SAMPLING_PART, i = 0;
    float *w = weights + first;
    const float *s = x + first;
    for (int64_t j = 0; j < count; j++) {
      float exponent = (s[j] - top) / temperature;
      float weight = EXP(exponent);
      w[j] = exponent < -87.0f ? 0 : weight;
    }
    double lanes[LANES] = {0};
    for (; i + LANES <= count; i += LANES)
      for (int l = 0; l < LANES; l++) lanes[l] += w[i + l];
    for (; i < count; i++) lanes[0] += w[i];
    double sum = 0;
    for (int l = 0; l < LANES; l++) sum += lanes[l];
    sums[first / K_SAMPLING_PART] = sum;
  }
}
