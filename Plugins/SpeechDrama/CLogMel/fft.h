/* The discrete Fourier transform of 400 points, of several signals at once. */
#ifndef FFT_H
#define FFT_H

#define INLINE static inline __attribute__((always_inline))

enum { LANES = 4, POINTS = 400, SIDE = 20 };

/* One number of each of four signals. Doubles: a float's rounding would drown a quiet bin beside a
 * loud one, and 80 dB below the loudest still counts. */
typedef double lanes __attribute__((vector_size(8 * LANES)));

typedef struct complex_lanes {
  lanes re, im;
} complex_lanes;

/* Four points, stride apart, in place. */
INLINE void dft4(complex_lanes *x, int stride) {
  complex_lanes *x0 = x, *x1 = x + stride, *x2 = x + 2 * stride, *x3 = x + 3 * stride;
  lanes sum_re = x0->re + x2->re, sum_im = x0->im + x2->im;
  lanes gap_re = x0->re - x2->re, gap_im = x0->im - x2->im;
  lanes odd_re = x1->re + x3->re, odd_im = x1->im + x3->im;
  lanes turn_re = x1->im - x3->im, turn_im = x3->re - x1->re;
  x0->re = sum_re + odd_re, x0->im = sum_im + odd_im;
  x1->re = gap_re + turn_re, x1->im = gap_im + turn_im;
  x2->re = sum_re - odd_re, x2->im = sum_im - odd_im;
  x3->re = gap_re - turn_re, x3->im = gap_im - turn_im;
}

/* Five points, in place. */
INLINE void dft5(complex_lanes *x) {
  const double c1 = 0.30901699437494742, c2 = -0.80901699437494742; /* cos 72, 144 degrees */
  const double s1 = 0.95105651629515357, s2 = 0.58778525229247313;  /* sin 72, 144 degrees */
  lanes a_re = x[1].re + x[4].re, a_im = x[1].im + x[4].im;
  lanes b_re = x[2].re + x[3].re, b_im = x[2].im + x[3].im;
  lanes c_re = x[1].re - x[4].re, c_im = x[1].im - x[4].im;
  lanes d_re = x[2].re - x[3].re, d_im = x[2].im - x[3].im;
  lanes p_re = x[0].re + c1 * a_re + c2 * b_re, p_im = x[0].im + c1 * a_im + c2 * b_im;
  lanes q_re = x[0].re + c2 * a_re + c1 * b_re, q_im = x[0].im + c2 * a_im + c1 * b_im;
  lanes r_re = s1 * c_im + s2 * d_im, r_im = s1 * c_re + s2 * d_re;
  lanes t_re = s2 * c_im - s1 * d_im, t_im = s2 * c_re - s1 * d_re;
  x[0].re += a_re + b_re, x[0].im += a_im + b_im;
  x[1].re = p_re + r_re, x[1].im = p_im - r_im;
  x[2].re = q_re + t_re, x[2].im = q_im - t_im;
  x[3].re = q_re - t_re, x[3].im = q_im + t_im;
  x[4].re = p_re - r_re, x[4].im = p_im + r_im;
}

/* Twenty points as 4 x 5 (Good and Thomas): 4 and 5 share no factor, so no twiddles stand between.
 * x: element 5 i + j is point (5 i + 4 j) mod 20; after it, frequency (5 i + 16 j) mod 20. */
INLINE void dft20(complex_lanes *x) {
  for (int j = 0; j < 5; ++j) dft4(x + j, 5);
  for (int i = 0; i < 4; ++i) dft5(x + 5 * i);
}

/* 400 points as 20 x 20 (Cooley and Tukey), in place. twiddles: [20][20] pairs cos, -sin of
 * 2 pi j k / 400. */
INLINE void dft400(complex_lanes *x, const double (*twiddles)[SIDE][2]) {
  complex_lanes rows[POINTS];
  for (int n = 0; n < SIDE; ++n) {
    complex_lanes y[SIDE];
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 5; ++j) y[5 * i + j] = x[SIDE * ((5 * i + 4 * j) % 20) + n];
    dft20(y);
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 5; ++j) {
        int k = (5 * i + 16 * j) % 20;
        lanes re = y[5 * i + j].re, im = y[5 * i + j].im;
        double c = twiddles[n][k][0], s = twiddles[n][k][1];
        rows[SIDE * k + n] = (complex_lanes){re * c - im * s, re * s + im * c};
      }
  }
  for (int k = 0; k < SIDE; ++k) {
    complex_lanes y[SIDE];
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 5; ++j) y[5 * i + j] = rows[SIDE * k + (5 * i + 4 * j) % 20];
    dft20(y);
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 5; ++j) x[SIDE * ((5 * i + 16 * j) % 20) + k] = y[5 * i + j];
  }
}

#endif
