#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "include/CKernels.h"

// OpenBLAS chooses its kernels in a constructor that reads OPENBLAS_CORETYPE. Distributions ship
// versions that do not know recent processors and then fall back to kernels five times slower, so
// the variable is set before the library is opened here by hand. What stands in it already was
// meant for other programs, and is often a core that suits any machine of a fleet; who wants
// another one here sets HOST_BLAS_CORE. On processors without AVX2 OpenBLAS's own choice is good;
// where they are only played, by HOST_INSTRUCTION_SET, it is told so.

typedef void (*gemm_f32)(int, int, int, int, int, int, float, const float *, int, const float *,
                         int, float, float *, int);
enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static gemm_f32 sgemm;
static int has_upper_halves;
static char fault[512], core[64], configuration[256];

static void open_library(void) {
  static const char *const cores[] = {"Prescott", "Haswell", "SkylakeX"};
  k_instruction_set set = k_process_instruction_set();
  const char *wanted = getenv("HOST_BLAS_CORE");
  if (!wanted && k_best_instruction_set() != K_PORTABLE) wanted = cores[set];
  if (wanted) setenv("OPENBLAS_CORETYPE", wanted, 1);
  has_upper_halves = __builtin_cpu_supports("avx");
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libopenblas.so", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(fault, sizeof fault, "OpenBLAS cannot be opened (%s); install it: apt-get install "
             "libopenblas-dev", dlerror());
    return;
  }
  sgemm = (gemm_f32)dlsym(library, "cblas_sgemm");
  if (!sgemm) {
    snprintf(fault, sizeof fault, "libopenblas.so.0 lacks cblas_sgemm");
    return;
  }
  void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
  if (set_threads) set_threads(1);
  char *(*name)(void) = (char *(*)(void))dlsym(library, "openblas_get_corename");
  if (name) snprintf(core, sizeof core, "%s", name());
  char *(*config)(void) = (char *(*)(void))dlsym(library, "openblas_get_config");
  if (config) snprintf(configuration, sizeof configuration, "%s", config());
}

const char *k_blas_open(void) {
  pthread_once(&once, open_library);
  return fault[0] ? fault : NULL;
}

const char *k_blas_core(void) { return core; }
const char *k_blas_configuration(void) { return configuration; }

static void require(void) {
  const char *why = k_blas_open();
  if (!why) return;
  fprintf(stderr, "host: %s\n", why);
  exit(1);
}

/// OpenBLAS's kernels for AVX leave the upper halves of vectors in use, which makes our portable
/// kernels slower by a third on some processors.
__attribute__((target("avx"))) static void clear_upper_halves(void) {
  __builtin_ia32_vzeroupper();
}

void k_gemm_f32(int transA, int transB, int64_t m, int64_t n, int64_t k, float alpha,
                const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                int64_t ldc) {
  if (!sgemm) require();
  sgemm(ROW_MAJOR, transA ? TRANSPOSED : PLAIN, transB ? TRANSPOSED : PLAIN, (int)m, (int)n,
        (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
  if (has_upper_halves) clear_upper_halves();
}
