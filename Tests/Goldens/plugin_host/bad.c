/* A reward that does what its completion says: every way in which a plugin can go wrong. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "CPluginABI.h"

static int is(tk_str text, const char *word) {
  return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static int says(tk_str text, const char *word) {
  return text.len >= strlen(word) && memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

static tk_str str(const char *text) { return (tk_str){text, strlen(text)}; }

static int deepen(volatile char *above) {
  volatile char here[4096];
  here[0] = above ? above[0] : 1;
  return deepen(here) + here[0];
}

static void leak(void) {
  for (;;) {
    char *block = malloc(1 << 20);
    if (!block) abort();
    memset(block, 1, 1 << 20);
  }
}

/* Reads behind the end of a mapped file. */
static int overreach(void) {
  FILE *file = tmpfile();
  char *page = file ? mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(file), 0) : MAP_FAILED;
  return page == MAP_FAILED ? 0 : ((volatile char *)page)[0];
}

/* Starts a process that holds the connection to the host and, if nobody ends it, says so. */
static void leave_child(void) {
  if (fork() != 0) return;
  sleep(20);
  static const char text[] = "the child outlived its worker\n";
  ssize_t ignored = write(2, text, sizeof text - 1);
  (void)ignored;
  _exit(0);
}

static void *leave(void *unused) {
  (void)unused;
  exit(0);
}

/* exit() from a thread of the plugin's own, while the call waits for it. */
static void leave_on_a_thread(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, leave, NULL) == 0) pthread_join(thread, NULL);
}

/* Writes a frame to the host behind the worker's back. */
static void forge(const unsigned char *frame, size_t size) {
  for (int descriptor = 3; descriptor < 64; descriptor++) {
    ssize_t ignored = send(descriptor, frame, size, MSG_NOSIGNAL);
    (void)ignored;
  }
  pause();
}

/* A length of 12 GiB; a reply to one sample in which the component "x" stands twice. */
static const unsigned char huge[8] = {[4] = 3};
static const unsigned char twofold[51] = {[0] = 43,   [8] = 1,  [9] = 1,    [17] = 2,  [21] = 1,
                                          [25] = 'x', [26] = 1, [34] = 1, [38] = 'x', [39] = 1};

static void end(tk_str how) {
  if (is(how, "segv")) *(volatile int *)8 = 1;
  if (is(how, "bus")) overreach();
  if (is(how, "abort")) abort();
  if (is(how, "exit")) exit(0);
  if (is(how, "quit")) _exit(3);
  if (is(how, "thread")) leave_on_a_thread();
  if (is(how, "child")) leave_child();
  if (is(how, "orphan")) leave_child(), _exit(3);
  if (is(how, "huge")) forge(huge, sizeof huge);
  if (is(how, "twofold")) forge(twofold, sizeof twofold);
  if (is(how, "deep")) deepen(NULL);
  if (is(how, "hang")) pause();
  if (is(how, "leak")) leak();
  if (is(how, "kill")) raise(SIGKILL);
}

static tk_status one(tk_str how, size_t index, const tk_reward_batch_v1 *batch,
                     const tk_reward_out_v1 *out, tk_error *error) {
  float value = 1;
  out->scores[index] = 0.5f;
  end(how);
  if (is(how, "nan")) out->scores[index] = NAN;
  if (is(how, "inf")) out->scores[index] = INFINITY;
  if (is(how, "unset")) out->scores[index] = *(volatile float *)&(float){NAN};
  if (is(how, "short")) out->component(out, str("x"), &value, batch->count + 1);
  if (is(how, "nameless")) out->component(out, str(""), &value, batch->count);
  if (is(how, "twice")) {
    out->component(out, str("x"), &value, batch->count);
    out->component(out, str("x"), &value, batch->count);
  }
  if (is(how, "outside")) out->abstain(out, batch->count, str("?"));
  if (is(how, "abstain")) out->abstain(out, index, str("cannot say"));
  if (is(how, "print")) {
    printf("noise on standard output\n");
    fflush(stdout);
  }
  if (is(how, "silent")) return TK_E_INTERNAL;
  if (is(how, "end")) return TK_END;
  if (is(how, "unterminated")) {
    memset(error->text, 'x', error->capacity);
    return TK_E_INTERNAL;
  }
  if (is(how, "escape")) {
    snprintf(error->text, error->capacity, "\x1b[31mred\nhost: all is well");
    return TK_E_INTERNAL;
  }
  if (is(how, "latin1")) {
    snprintf(error->text, error->capacity, "caf\xe9");
    return TK_E_DATA;
  }
  return TK_OK;
}

static tk_status score(void *instance, const tk_reward_batch_v1 *batch,
                       const tk_reward_out_v1 *out, tk_error *error) {
  if (instance) end(str("segv"));
  for (size_t i = 0; i < batch->count; i++) {
    tk_status status = one(batch->completions[i], i, batch, out, error);
    if (status != TK_OK) return status;
  }
  return TK_OK;
}

static tk_status create(void *user, const tk_host_v1 *host, tk_str config, void **instance,
                        tk_error *error) {
  (void)user;
  *instance = says(config, "\"always\"") ? (void *)"crashes at every batch" : NULL;
  if (*instance) return TK_OK;
  if (says(config, "segv")) end(str("segv"));
  if (says(config, "hang")) end(str("hang"));
  if (says(config, "exit")) end(str("exit"));
  if (says(config, "refuse")) {
    snprintf(error->text, error->capacity, "'how' is not for me");
    return TK_E_CONFIG;
  }
  host->log(host, TK_LOG_INFO, str("bad is made"));
  return TK_OK;
}

static void destroy(void *instance) {
  (void)instance;
  fprintf(stderr, "bad is destroyed\n");
}

static const tk_reward_v1 reward = {sizeof reward, 0, create, destroy, score, {0}};
static const tk_export_v1 exports[] = {
    {TK_KIND_REWARD, 0, "bad", "Goes wrong as its completions say.", &reward, NULL}};
static const tk_plugin_v1 plugin = {
    {TK_MAGIC, TK_ABI_MAJOR, TK_ABI_MINOR, sizeof plugin}, "bad", "1", "C", 1, exports, NULL, {0}};

const tk_plugin_head *tk_plugin_entry(uint32_t host_abi_major) {
  return host_abi_major == TK_ABI_MAJOR ? &plugin.head : NULL;
}
