#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "include/CKernels.h"

// Workers sleep on a condition; a job is a count and a body, and threads claim indices from a
// shared counter. Which thread runs which index never changes a result: bodies write disjoint
// outputs.

enum { SPINS = 2000, MOST_THREADS = 256 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t callers = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic(int32_t) threads = 0;
static int32_t workers = 0;
static _Atomic(uint64_t) generation = 0;
static _Atomic(int32_t) running = 0;
static _Atomic(int64_t) next = 0;
static int32_t wanted = 0;
static int64_t total;
static void (*work)(void *, int64_t);
static void *work_context;
static _Thread_local int inside = 0;

static void claim(void) {
  inside = 1;
  for (int64_t i; (i = atomic_fetch_add(&next, 1)) < total;) work(work_context, i);
  inside = 0;
}

static void *worker(void *argument) {
  int32_t index = (int32_t)(intptr_t)argument;
  uint64_t seen = 0;
  for (;;) {
    for (int spin = 0; spin < SPINS && atomic_load(&generation) == seen; spin++)
      __builtin_ia32_pause();
    pthread_mutex_lock(&lock);
    while (atomic_load(&generation) == seen) pthread_cond_wait(&wake, &lock);
    seen = atomic_load(&generation);
    int mine = index < wanted;
    pthread_mutex_unlock(&lock);
    if (!mine) continue;
    claim();
    if (atomic_fetch_sub(&running, 1) == 1) {
      pthread_mutex_lock(&lock);
      pthread_cond_signal(&done);
      pthread_mutex_unlock(&lock);
    }
  }
  return NULL;
}

static void first_use(void) {
  if (atomic_load(&threads) > 0) return;
  cpu_set_t set;
  int32_t count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  const char *text = getenv("HOST_THREADS");
  if (text && atoi(text) > 0) count = atoi(text);
  atomic_store(&threads, count > MOST_THREADS ? MOST_THREADS : count);
}

int32_t k_thread_count(void) {
  pthread_once(&once, first_use);
  return atomic_load(&threads);
}

void k_set_thread_count(int32_t count) {
  pthread_once(&once, first_use);
  atomic_store(&threads, count < 1 ? 1 : count > MOST_THREADS ? MOST_THREADS : count);
}

// Signals are the main thread's business: workers block them all.
static void spawn(int32_t count) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  while (workers < count) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, worker, (void *)(intptr_t)workers) != 0) break;
    pthread_detach(thread);
    workers++;
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void k_parallel(int64_t count, void (*body)(void *context, int64_t index), void *context) {
  int32_t others = k_thread_count() - 1;
  if (others > count - 1) others = (int32_t)(count - 1);
  if (others <= 0 || inside) {
    for (int64_t i = 0; i < count; i++) body(context, i);
    return;
  }
  pthread_mutex_lock(&callers);
  pthread_mutex_lock(&lock);
  if (workers < others) spawn(others);
  if (others > workers) others = workers;
  work = body, work_context = context, total = count, wanted = others;
  atomic_store(&next, 0);
  atomic_store(&running, others);
  atomic_fetch_add(&generation, 1);
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&lock);
  claim();
  for (int spin = 0; spin < SPINS && atomic_load(&running) > 0; spin++) __builtin_ia32_pause();
  pthread_mutex_lock(&lock);
  while (atomic_load(&running) > 0) pthread_cond_wait(&done, &lock);
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&callers);
}
