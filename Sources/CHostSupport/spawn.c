#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <unistd.h>

#include "CHostSupport.h"

/* Nothing is ignored or blocked, whatever the host's own parent did. */
static int with_default_signals(posix_spawnattr_t *attributes, int own_group) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  int code = posix_spawnattr_setsigdefault(attributes, &all);
  if (!code) code = posix_spawnattr_setsigmask(attributes, &none);
  short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  if (own_group) flags |= POSIX_SPAWN_SETPGROUP;
  return code ? code : posix_spawnattr_setflags(attributes, flags);
}

/* Standard output belongs to the host's results, and no other descriptor is a worker's business. */
static int with_descriptor(posix_spawn_file_actions_t *actions, int descriptor) {
  int code = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
  if (!code) code = posix_spawn_file_actions_adddup2(actions, 2, 1);
  if (!code) code = posix_spawn_file_actions_adddup2(actions, descriptor, 3);
  return code ? code : posix_spawn_file_actions_addclosefrom_np(actions, 4);
}

/* A program's input and output are ends of the same socket. */
static int with_streams(posix_spawn_file_actions_t *actions, int stream, int errors) {
  int code = posix_spawn_file_actions_adddup2(actions, stream, 0);
  if (!code) code = posix_spawn_file_actions_adddup2(actions, stream, 1);
  if (!code) code = posix_spawn_file_actions_adddup2(actions, errors, 2);
  return code ? code : posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

int hs_spawn_command(char *const words[], char *const environment[], int stream, int errors,
                     size_t memory, pid_t *process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int code = posix_spawn_file_actions_init(&actions);
  if (code) return code;
  code = posix_spawnattr_init(&attributes);
  if (!code) {
    code = with_default_signals(&attributes, 1);
    if (!code) code = with_streams(&actions, stream, errors);
    if (!code) code = posix_spawnp(process, words[0], &actions, &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  const struct rlimit limit = {memory, memory};
  /* A program that is gone already needs no limit. */
  if (!code && prlimit(*process, RLIMIT_DATA, &limit, NULL) != 0 && errno != ESRCH) code = errno;
  return code;
}

int hs_spawn(const char *program, char *const words[], char *const environment[], int descriptor,
             int own_group, pid_t *process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int code = posix_spawn_file_actions_init(&actions);
  if (code) return code;
  code = posix_spawnattr_init(&attributes);
  if (!code) {
    code = with_default_signals(&attributes, own_group);
    if (!code) code = with_descriptor(&actions, descriptor);
    if (!code) code = posix_spawn(process, program, &actions, &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return code;
}
