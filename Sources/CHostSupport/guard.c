#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CHostSupport.h"

/* The plugin call under way on this thread; NULL outside of one. */
static _Thread_local const char *volatile current;
/* The plugin calls under way on all threads, nested ones counted. */
static atomic_int entered;

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
static const char *const names[] = {"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP",
                                    "SIGABRT"};
enum { signal_count = sizeof signals / sizeof signals[0] };
static struct sigaction before[signal_count];

/* Only write(2): nothing else is safe in a signal handler. */
static void say(const char *text) {
  ssize_t ignored = write(2, text, strlen(text));
  (void)ignored;
}

static void say_call(const char *what, const char *verb, const char *detail, const char *end) {
  say("host: ");
  say(what);
  say(verb);
  say(detail);
  say(end);
}

static void on_signal(int number, siginfo_t *info, void *context) {
  int slot = 0;
  while (slot < signal_count - 1 && signals[slot] != number) slot++;
  const char *what = current;
  if (what) {
    current = NULL;
    say_call(what, ": the plugin crashed (", names[slot], ")\n");
  }
  /* The handler before ours comes next: Swift's prints a backtrace that names the library. */
  struct sigaction *old = &before[slot];
  if (old->sa_flags & SA_SIGINFO) {
    old->sa_sigaction(number, info, context);
  } else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
    old->sa_handler(number);
  } else {
    /* A fault strikes again on return, and then ends the process; the others are raised again. */
    signal(number, SIG_DFL);
    if (number == SIGABRT || number == SIGTRAP || info->si_code <= 0) raise(number);
  }
}

static void on_exit_in_call(void) {
  const char *what = current;
  if (what) {
    say_call(what, ": the plugin called exit()", "", ", which ends the host\n");
  } else if (atomic_load(&entered) > 0) {
    /* The host itself does not exit before its calls have returned. */
    say("host: a plugin called exit() on a thread of its own, which ends the host\n");
  } else {
    return;
  }
  _exit(70);
}

static void install(void) {
  for (int slot = 0; slot < signal_count; slot++) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(signals[slot], &action, &before[slot]);
  }
  atexit(on_exit_in_call);
}

void hs_guard_install(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
}

/* A handler needs a stack of its own where recursion has used up the thread's. Once made it stays
 * with the thread, as small as it is: nobody can tell when the thread's last guarded call is over. */
static void prepare_signal_stack(void) {
  static _Thread_local int is_prepared;
  if (is_prepared) return;
  is_prepared = 1;
  stack_t present;
  if (sigaltstack(NULL, &present) != 0 || !(present.ss_flags & SS_DISABLE)) return;
  stack_t made = {.ss_size = 64 << 10};
  made.ss_sp = mmap(NULL, made.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (made.ss_sp != MAP_FAILED) sigaltstack(&made, NULL);
}

const char *hs_guard_enter(const char *what) {
  prepare_signal_stack();
  const char *outer = current;
  current = what;
  atomic_fetch_add(&entered, 1);
  return outer;
}

void hs_guard_leave(const char *outer) {
  atomic_fetch_sub(&entered, 1);
  current = outer;
}

int hs_guard_is_entered(void) { return current != NULL; }

int hs_protect_stdout(void) {
  int own = fcntl(1, F_DUPFD_CLOEXEC, 3);
  if (own < 0) return -errno;
  if (dup2(2, 1) < 0) {
    int code = -errno;
    close(own);
    return code;
  }
  return own;
}
