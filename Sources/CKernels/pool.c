#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "include/CKernels.h"

// A job is a count and a body. Threads claim its pieces from one ticket, which holds the job's
// number and the next piece; the caller works too, and returns when all pieces are done. It does
// not wait for workers that come too late: their claim fails, since the ticket's number is another.
// Which thread runs which piece never changes a result: bodies write disjoint outputs.
//
// Workers look out for the next job for some tens of microseconds, so that a run of small
// operations wakes nobody, and sleep after that.

enum { SPINS = 2000, MOST_THREADS = 256 };
/// A ticket whose pieces are all claimed, or whose job is not described yet.
static const uint64_t CLOSED = 0xFFFFFFFF;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t callers = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic(int32_t) threads = 0;
static int32_t workers = 0;
/// Workers in pthread_cond_wait, or about to be; and whether the caller is.
static _Atomic(int32_t) sleepers = 0, caller_sleeps = 0;
/// The job's number in the upper half, the next piece in the lower one.
static _Alignas(64) _Atomic(uint64_t) ticket = CLOSED;
static _Alignas(64) _Atomic(int64_t) finished = 0;
// The job, valid for who claims a piece after reading it.
static _Atomic(int32_t) wanted = 0;
static _Atomic(uint64_t) total;
static void (*_Atomic work)(void *, int64_t);
static void *_Atomic work_context;
static _Thread_local int inside = 0;

static uint64_t job_of(uint64_t value) { return value >> 32; }

/// Works on job `job` until no piece is left.
static void claim(uint64_t job) {
  inside = 1;
  uint64_t seen = atomic_load(&ticket);
  while (job_of(seen) == job) {
    void (*body)(void *, int64_t) = atomic_load(&work);
    void *context = atomic_load(&work_context);
    uint64_t count = atomic_load(&total), piece = seen & CLOSED;
    if (piece >= count) break;
    if (!atomic_compare_exchange_weak(&ticket, &seen, seen + 1)) continue;
    body(context, (int64_t)piece);
    if (atomic_fetch_add(&finished, 1) + 1 == (int64_t)count && atomic_load(&caller_sleeps)) {
      pthread_mutex_lock(&lock);
      pthread_cond_signal(&done);
      pthread_mutex_unlock(&lock);
    }
    seen = atomic_load(&ticket);
  }
  inside = 0;
}

static void sleep_until_job(uint64_t old) {
  pthread_mutex_lock(&lock);
  atomic_fetch_add(&sleepers, 1);
  while (job_of(atomic_load(&ticket)) == old) pthread_cond_wait(&wake, &lock);
  atomic_fetch_sub(&sleepers, 1);
  pthread_mutex_unlock(&lock);
}

static void *worker(void *argument) {
  int32_t index = (int32_t)(intptr_t)argument;
  for (uint64_t job = 0;;) {
    for (int spin = 0; spin < SPINS && job_of(atomic_load(&ticket)) == job; spin++)
      __builtin_ia32_pause();
    if (job_of(atomic_load(&ticket)) == job) sleep_until_job(job);
    job = job_of(atomic_load(&ticket));
    // Before it is open its pieces read as claimed.
    while (atomic_load(&ticket) == (job << 32 | CLOSED)) __builtin_ia32_pause();
    if (index < atomic_load(&wanted)) claim(job);
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

int32_t k_most_threads(void) { return MOST_THREADS; }

int32_t k_thread_count(void) {
  pthread_once(&once, first_use);
  return atomic_load(&threads);
}

void k_set_thread_count(int32_t count) {
  pthread_once(&once, first_use);
  atomic_store(&threads, count < 1 ? 1 : count > MOST_THREADS ? MOST_THREADS : count);
}

// Signals are the main thread's business: workers block them all, but for those that a fault of
// their own raises, which must reach the crash guard.
static void spawn(int32_t count) {
  sigset_t all, old;
  sigfillset(&all);
  const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&all, faults[i]);
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
  if (workers < others) spawn(others);
  // Closed first, so that nobody claims a piece of the old job while the new one is described.
  uint64_t job = (job_of(atomic_load(&ticket)) + 1) & CLOSED;
  atomic_store(&ticket, job << 32 | CLOSED);
  atomic_store(&work, body);
  atomic_store(&work_context, context);
  atomic_store(&total, (uint64_t)count);
  atomic_store(&wanted, others);
  atomic_store(&finished, 0);
  atomic_store(&ticket, job << 32);
  if (atomic_load(&sleepers) > 0) {
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
  }
  claim(job);
  for (int spin = 0; spin < SPINS && atomic_load(&finished) < count; spin++)
    __builtin_ia32_pause();
  if (atomic_load(&finished) < count) {
    pthread_mutex_lock(&lock);
    atomic_store(&caller_sleeps, 1);
    while (atomic_load(&finished) < count) pthread_cond_wait(&done, &lock);
    atomic_store(&caller_sleeps, 0);
    pthread_mutex_unlock(&lock);
  }
  pthread_mutex_unlock(&callers);
}
