#include <math.h>

#include "CLogMel.h"

void mix_channels(const float *block, size_t count, size_t channels, size_t used, float full_scale,
                  float *out, level_meter *meter) {
  for (size_t i = 0; i < count; ++i) {
    const float *frame = block + i * channels;
    double sum = 0;
    for (size_t channel = 0; channel < used; ++channel) sum += frame[channel];
    for (size_t channel = 0; channel < channels; ++channel)
      meter->clipped += fabsf(frame[channel]) >= full_scale;
    out[i] = (float)(sum / (double)used);
    meter->square_sum += (double)out[i] * out[i];
    meter->peak = fmaxf(meter->peak, fabsf(out[i]));
  }
  meter->mixed += count;
}
