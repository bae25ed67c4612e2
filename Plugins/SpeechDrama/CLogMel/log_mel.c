#include "CLogMel.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "fft.h"

/* The wide machine's code beside the plain one's; the loader picks. */
#if defined(__x86_64__) && defined(__linux__)
#define FOR_EACH_MACHINE __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FOR_EACH_MACHINE
#endif

enum { HALF = LOG_MEL_FFT / 2 + 1 };

/* What every call needs and none changes. A mel filter covers the bins from .. from + count. */
static struct {
  double window[LOG_MEL_FFT];
  double twiddles[SIDE][SIDE][2];
  double weights[LOG_MEL_BINS][HALF];
  int from[LOG_MEL_BINS], count[LOG_MEL_BINS];
} table;

/* Slaney's scale: linear to 1000 Hz (mel 15), from there 27 mel to a factor of 6.4. */
static double mel_of(double hertz) {
  return hertz < 1000 ? 3 * hertz / 200 : 15 + log(hertz / 1000) * 27 / log(6.4);
}

static double hertz_of(double mel) {
  return mel < 15 ? 200 * mel / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

void log_mel_filters(double *out) {
  double step = mel_of(8000) / (LOG_MEL_BINS + 1);
  for (int filter = 0; filter < LOG_MEL_BINS; ++filter) {
    double low = hertz_of(step * filter), center = hertz_of(step * (filter + 1));
    double high = hertz_of(step * (filter + 2));
    for (int bin = 0; bin < HALF; ++bin) {
      double hertz = 40.0 * bin;
      double weight = fmin((hertz - low) / (center - low), (high - hertz) / (high - center));
      out[filter * HALF + bin] = fmax(0, weight) * 2 / (high - low);
    }
  }
}

static void fill_table(void) {
  const double turn = 2 * 3.14159265358979323846 / LOG_MEL_FFT;
  for (int n = 0; n < LOG_MEL_FFT; ++n) table.window[n] = 0.5 - 0.5 * cos(turn * n);
  for (int j = 0; j < SIDE; ++j)
    for (int k = 0; k < SIDE; ++k) {
      table.twiddles[j][k][0] = cos(turn * j * k);
      table.twiddles[j][k][1] = -sin(turn * j * k);
    }
  double filters[LOG_MEL_BINS * HALF];
  log_mel_filters(filters);
  for (int filter = 0; filter < LOG_MEL_BINS; ++filter) {
    const double *row = filters + filter * HALF;
    int from = 0, end = HALF;
    while (from < HALF - 1 && row[from] == 0) ++from;
    while (end > from && row[end - 1] == 0) --end;
    table.from[filter] = from, table.count[filter] = end - from;
    memcpy(table.weights[filter], row + from, sizeof(double) * (size_t)(end - from));
  }
}

/* The power spectra of 8 frames. Lane b carries frames 2 b and 2 b + 1 as the real and the
 * imaginary part of one signal; the symmetry of a real signal's spectrum parts them again. */
INLINE void power_spectra(const float *samples, lanes even[HALF], lanes odd[HALF]) {
  complex_lanes x[POINTS];
  for (int n = 0; n < POINTS; ++n) {
    lanes re, im;
    for (int b = 0; b < LANES; ++b) {
      re[b] = samples[2 * LOG_MEL_HOP * b + n];
      im[b] = samples[2 * LOG_MEL_HOP * b + LOG_MEL_HOP + n];
    }
    x[n] = (complex_lanes){re * table.window[n], im * table.window[n]};
  }
  dft400(x, table.twiddles);
  for (int k = 0; k < HALF; ++k) {
    complex_lanes up = x[k], down = x[(POINTS - k) % POINTS];
    lanes a_re = up.re + down.re, a_im = up.im - down.im;
    lanes b_re = up.im + down.im, b_im = down.re - up.re;
    even[k] = 0.25 * (a_re * a_re + a_im * a_im);
    odd[k] = 0.25 * (b_re * b_re + b_im * b_im);
  }
}

/* mel[frame] of 8 frames. */
FOR_EACH_MACHINE
static void mel_batch(const float *samples, float mel[LOG_MEL_BINS][LOG_MEL_BATCH]) {
  lanes even[HALF], odd[HALF];
  power_spectra(samples, even, odd);
  for (int filter = 0; filter < LOG_MEL_BINS; ++filter) {
    const double *weights = table.weights[filter];
    lanes a = {0}, b = {0};
    for (int k = 0, bin = table.from[filter]; k < table.count[filter]; ++k, ++bin) {
      a += weights[k] * even[bin];
      b += weights[k] * odd[bin];
    }
    for (int lane = 0; lane < LANES; ++lane) {
      mel[filter][2 * lane] = (float)a[lane];
      mel[filter][2 * lane + 1] = (float)b[lane];
    }
  }
}

/* log10(max(x, 1e-10)) in place. x = 2^e m with m in [0.7, 1.4), ln m = 2 artanh((m-1)/(m+1)): five
 * terms of its series leave an error below 1e-9. */
FOR_EACH_MACHINE
static void log10_row(float *row, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    float x = row[i] > 1e-10f ? row[i] : 1e-10f;
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (bits - 0x3f3504f3) >> 23; /* 0x3f3504f3: sqrt(1/2) */
    int32_t mantissa = bits - exponent * (1 << 23);
    float m;
    memcpy(&m, &mantissa, sizeof m);
    float s = (m - 1) / (m + 1), q = s * s;
    float series = 1 + q * (1 / 3.0f + q * (1 / 5.0f + q * (1 / 7.0f + q * (1 / 9.0f))));
    row[i] = (float)exponent * 0.30102999566398120f + s * series * 0.86858896380650366f;
  }
}

FOR_EACH_MACHINE
static void compress_row(float *row, size_t count, float floor) {
  for (size_t i = 0; i < count; ++i) row[i] = ((row[i] > floor ? row[i] : floor) + 4) * 0.25f;
}

void log_mel(const float *padded, size_t frames, size_t stride, float *out) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, fill_table);
  for (size_t t = 0; t < frames; t += LOG_MEL_BATCH) {
    float mel[LOG_MEL_BINS][LOG_MEL_BATCH];
    mel_batch(padded + LOG_MEL_HOP * t, mel);
    size_t count = frames - t < LOG_MEL_BATCH ? frames - t : LOG_MEL_BATCH;
    for (int filter = 0; filter < LOG_MEL_BINS; ++filter)
      memcpy(out + (size_t)filter * stride + t, mel[filter], sizeof(float) * count);
  }
  float top = -10;
  for (size_t filter = 0; filter < LOG_MEL_BINS; ++filter) {
    float *row = out + filter * stride;
    log10_row(row, frames);
    for (size_t t = 0; t < frames; ++t) top = row[t] > top ? row[t] : top;
  }
  for (size_t filter = 0; filter < LOG_MEL_BINS; ++filter)
    compress_row(out + filter * stride, frames, top - 8);
}
