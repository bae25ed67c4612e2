/* The arithmetic of the audio front: mixing channels, Whisper's log-mel
 * spectrogram, and a content hash. */
#ifndef CLOGMEL_H
#define CLOGMEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  LOG_MEL_FFT = 400,  /* samples in a frame */
  LOG_MEL_HOP = 160,  /* samples from one frame to the next */
  LOG_MEL_BINS = 128, /* mel filters */
  LOG_MEL_BATCH = 8   /* frames transformed at once */
};

/* Writes frames columns of a matrix [LOG_MEL_BINS][stride], stride >= frames: column t is the
 * log-mel spectrum of padded[160 t .. 160 t + 400), 16 kHz, after Whisper's compression: log10,
 * not lower than 8 below the largest value of these frames, (x + 4) / 4.
 * padded holds 160 (frames - 1 + LOG_MEL_BATCH - 1) + 400 samples: the last batch may read on. */
void log_mel(const float *padded, size_t frames, size_t stride, float *out);

/* Writes the weights of the mel filters, [LOG_MEL_BINS][LOG_MEL_FFT / 2 + 1]: triangles on Slaney's
 * scale from 0 to 8000 Hz, each of area 2 / width. */
void log_mel_filters(double *out);

/* The level of the samples so far; all zero at the start. */
typedef struct level_meter {
  double square_sum; /* of the mixed samples; not finite once a sample is not */
  uint64_t mixed;    /* mixed samples */
  uint64_t clipped;  /* samples of all channels at full scale */
  float peak;        /* the largest magnitude of the mixed samples */
} level_meter;

/* Writes into out[count] the mean of the first used channels of count interleaved frames, and
 * measures the level. */
void mix_channels(const float *block, size_t count, size_t channels, size_t used, float full_scale,
                  float *out, level_meter *meter);

#ifdef __cplusplus
}
#endif

#endif
