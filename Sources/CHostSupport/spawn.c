#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include "CHostSupport.h"

extern char **environ;

int hs_spawn(const char *program, char *const words[], int descriptor, pid_t *process) {
  posix_spawn_file_actions_t actions;
  int code = posix_spawn_file_actions_init(&actions);
  if (code) return code;
  /* Standard output belongs to the host's results. */
  code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (!code) code = posix_spawn_file_actions_adddup2(&actions, 2, 1);
  if (!code) code = posix_spawn_file_actions_adddup2(&actions, descriptor, 3);
  if (!code) code = posix_spawn_file_actions_addclosefrom_np(&actions, 4);
  if (!code) code = posix_spawn(process, program, &actions, NULL, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}
