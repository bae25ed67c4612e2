/* What the host must do in C: survive, or at least name, a plugin that crashes. */
#ifndef CHOSTSUPPORT_H
#define CHOSTSUPPORT_H

#include <stddef.h>
#include <sys/types.h>

/* Installs handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT and one for exit(). When one
 * strikes within a guarded call, they say on standard error which plugin call it was, and then
 * leave the matter to the handler that stood there before. Idempotent; any thread. */
void hs_guard_install(void);

/* Begins a guarded call on this thread. what ("hri: evaluate") must stay valid until the matching
 * hs_guard_leave. Returns the call around it, to be handed to hs_guard_leave. */
const char *hs_guard_enter(const char *what);

/* Ends a guarded call; outer is what hs_guard_enter returned. */
void hs_guard_leave(const char *outer);

/* Whether this thread is within a guarded call. */
int hs_guard_is_entered(void);

/* Moves standard output to a new descriptor, which is returned (negative: errno), and lets
 * descriptor 1 write to standard error, so that a plugin that prints cannot spoil the host's own
 * output. Call once, at start. */
int hs_protect_stdout(void);

/* Starts program with these words (NULL-ended). It gets nothing of this process but descriptor, as
 * its descriptor 3, and standard error, to which its standard output goes too. 0 or an errno. */
int hs_spawn(const char *program, char *const words[], int descriptor, pid_t *process);

/* Checks that the file at path can be given to dlopen: the system's loader ends the process on a
 * truncated file. Returns 0, or -1 with a sentence in text. */
int hs_check_shared_object(const char *path, char *text, size_t capacity);

#endif
