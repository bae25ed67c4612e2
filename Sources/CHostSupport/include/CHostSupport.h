/* What the host must do in C: survive, or at least name, a plugin that crashes; what the system offers
 * and Swift does not import. */
#ifndef CHOSTSUPPORT_H
#define CHOSTSUPPORT_H

#include <stddef.h>
#include <sys/types.h>

/* Installs handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP and SIGABRT and one for exit().
 * When one strikes within a guarded call, they say on standard error which plugin call it was, and
 * then leave the matter to the handler that stood there before. Idempotent; any thread. */
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

/* Starts program with these words and this environment (both NULL-ended). It gets nothing else of
 * this process but descriptor, as its descriptor 3, and standard error, to which its standard output
 * goes too. With own_group it leads a process group, so that what it starts can be ended with it.
 * 0 or an errno. */
int hs_spawn(const char *program, char *const words[], char *const environment[], int descriptor,
             int own_group, pid_t *process);

/* Starts the program words[0], looked for in PATH, with these words and this environment (both
 * NULL-ended). stream becomes its standard input and output, errors its standard error; it gets nothing
 * else of this process, leads a process group, and may allocate memory bytes. 0 or an errno. */
int hs_spawn_command(char *const words[], char *const environment[], int stream, int errors,
                     size_t memory, pid_t *process);

/* Checks that the file at path can be given to dlopen: the system's loader ends the process on a
 * truncated file. Returns 0, or -1 with a sentence in text. */
int hs_check_shared_object(const char *path, char *text, size_t capacity);

/* Lets two existing files or folders of one file system change names in one step. 0 or an errno:
 * ENOSYS or EINVAL where the system, or the file system, cannot. */
int hs_exchange(const char *one, const char *other);

/* The most bytes of memory that this process has had in use since its program began. getrusage's
 * number will not do: it starts with what the process had in use that started this one. */
size_t hs_peak_memory(void);

/* Writes the numbers of the processor cores that this process may use, up to capacity; how many. */
size_t hs_allowed_cores(int *cores, size_t capacity);

/* Where text stands in bytes; NULL when it does not. */
const void *hs_find(const void *bytes, size_t count, const char *text);

/* ---- memory lent to a plugin that is under check ------------------------------------------------
 * Each piece lies between two pages that nobody may touch, its end at the second one. No address is
 * ever given out twice, so that a pointer that was kept points to nothing for ever. */
typedef struct hs_piece {
  void *start;
  size_t size;
} hs_piece;

/* Makes a writable piece; what ("the prompts") is a text that lives for ever. start is NULL when
 * there is no address space left. Any thread. */
hs_piece hs_lend(size_t size, const char *what);

/* From now on the piece may only be read. */
void hs_lend_read_only(hs_piece piece);

/* Whether the bytes before a writable piece, as far back as its first page goes, are untouched. */
int hs_lent_is_intact(hs_piece piece);

/* From now on nobody may touch the piece. */
void hs_lend_end(hs_piece piece);

/* From now on a fault within lent memory is reported before the process dies of it: one sentence
 * with its length (u32) before it, prefix before that, and the length of all (u64) in front. */
void hs_lend_report(int descriptor, const unsigned char *prefix, size_t prefix_size);

/* Bytes that malloc has given out and that were not freed. */
size_t hs_allocated_bytes(void);

#endif
