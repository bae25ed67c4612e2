#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Numbers and types of libcurl's binary interface, which are the same in all versions of libcurl.so.4. */
enum {
  OPTION_WRITE_DATA = 10001, OPTION_URL = 10002, OPTION_ERROR_BUFFER = 10010,
  OPTION_LOW_SPEED_LIMIT = 19, OPTION_LOW_SPEED_TIME = 20, OPTION_HTTP_HEADER = 10023,
  OPTION_HEADER_DATA = 10029, OPTION_NO_PROGRESS = 43, OPTION_HTTP_GET = 80,
  OPTION_PROGRESS_DATA = 10057, OPTION_CA_FILE = 10065, OPTION_CONNECT_TIMEOUT = 78,
  OPTION_HTTP_VERSION = 84, OPTION_BUFFER_SIZE = 98, OPTION_NO_SIGNAL = 99,
  OPTION_PROTOCOLS = 181, OPTION_PATH_AS_IS = 234,
  OPTION_WRITE_FUNCTION = 20011, OPTION_HEADER_FUNCTION = 20079,
  OPTION_PROGRESS_FUNCTION = 20219,
};
enum { HTTP_1_1 = 2, PROTOCOL_HTTP = 1, PROTOCOL_HTTPS = 2 };
/* CURLcode: what is wrong before anything was sent, and what a certificate lacks. */
enum {
  UNSUPPORTED_PROTOCOL = 1, MALFORMED_URL = 3, WRITE_ERROR = 23, ABORTED_BY_CALLBACK = 42,
  CERTIFICATE_PROBLEM = 58, CERTIFICATE_REFUSED = 60, AUTHORITIES_PROBLEM = 77,
};

struct slist;
static struct {
  int (*global_init)(long);
  void *(*easy_init)(void);
  void (*easy_reset)(void *);
  void (*easy_cleanup)(void *);
  int (*easy_setopt)(void *, int, ...);
  int (*easy_perform)(void *);
  const char *(*easy_strerror)(int);
  struct slist *(*slist_append)(struct slist *, const char *);
  void (*slist_free_all)(struct slist *);
} curl;
static int is_open;

static int find(void *library, const char *name, void *function) {
  void *symbol = dlsym(library, name);
  memcpy(function, &symbol, sizeof symbol);
  return symbol != NULL;
}

static void open_library(void) {
  const char *names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"};
  void *library = NULL;
  for (int i = 0; i < 3 && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  is_open = find(library, "curl_global_init", &curl.global_init) &&
            find(library, "curl_easy_init", &curl.easy_init) &&
            find(library, "curl_easy_reset", &curl.easy_reset) &&
            find(library, "curl_easy_cleanup", &curl.easy_cleanup) &&
            find(library, "curl_easy_setopt", &curl.easy_setopt) &&
            find(library, "curl_easy_perform", &curl.easy_perform) &&
            find(library, "curl_easy_strerror", &curl.easy_strerror) &&
            find(library, "curl_slist_append", &curl.slist_append) &&
            find(library, "curl_slist_free_all", &curl.slist_free_all) &&
            curl.global_init(3) == 0; /* CURL_GLOBAL_ALL */
}

void *curl_line_open(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_library);
  return is_open ? curl.easy_init() : NULL;
}

void curl_line_close(void *line) {
  if (line) curl.easy_cleanup(line);
}

static size_t take_header(const char *bytes, size_t size, size_t count, void *data) {
  const curl_request *request = data;
  request->header(request->context, bytes, size * count);
  return size * count;
}

static size_t take_body(const char *bytes, size_t size, size_t count, void *data) {
  const curl_request *request = data;
  return request->body(request->context, bytes, size * count) == 0 ? size * count : 0;
}

static int take_progress(void *data, int64_t a, int64_t b, int64_t c, int64_t d) {
  (void)a, (void)b, (void)c, (void)d;
  const curl_request *request = data;
  return request->stop(request->context);
}

/* Proxies are libcurl's own: it reads HTTPS_PROXY, http_proxy, ALL_PROXY and NO_PROXY. */
static void set_up(void *line, const curl_request *request, struct slist *headers, char *text) {
  curl.easy_reset(line);
  curl.easy_setopt(line, OPTION_URL, request->url);
  curl.easy_setopt(line, OPTION_HTTP_GET, 1L);
  curl.easy_setopt(line, OPTION_HTTP_HEADER, headers);
  curl.easy_setopt(line, OPTION_HTTP_VERSION, (long)HTTP_1_1);
  curl.easy_setopt(line, OPTION_PROTOCOLS, (long)(PROTOCOL_HTTP | PROTOCOL_HTTPS));
  curl.easy_setopt(line, OPTION_PATH_AS_IS, 1L);
  curl.easy_setopt(line, OPTION_NO_SIGNAL, 1L);
  curl.easy_setopt(line, OPTION_CONNECT_TIMEOUT, 30L);
  /* A line on which nothing has come for a minute is dead. */
  curl.easy_setopt(line, OPTION_LOW_SPEED_LIMIT, 1L);
  curl.easy_setopt(line, OPTION_LOW_SPEED_TIME, 60L);
  curl.easy_setopt(line, OPTION_BUFFER_SIZE, 262144L);
  curl.easy_setopt(line, OPTION_ERROR_BUFFER, text);
  if (request->authorities) curl.easy_setopt(line, OPTION_CA_FILE, request->authorities);
  curl.easy_setopt(line, OPTION_HEADER_FUNCTION, take_header);
  curl.easy_setopt(line, OPTION_HEADER_DATA, request);
  curl.easy_setopt(line, OPTION_WRITE_FUNCTION, take_body);
  curl.easy_setopt(line, OPTION_WRITE_DATA, request);
  curl.easy_setopt(line, OPTION_NO_PROGRESS, 0L);
  curl.easy_setopt(line, OPTION_PROGRESS_FUNCTION, take_progress);
  curl.easy_setopt(line, OPTION_PROGRESS_DATA, request);
}

static curl_ending ending(int code) {
  switch (code) {
    case 0: return CURL_ENDED;
    case WRITE_ERROR:
    case ABORTED_BY_CALLBACK: return CURL_STOPPED;
    case UNSUPPORTED_PROTOCOL:
    case MALFORMED_URL:
    case CERTIFICATE_PROBLEM:
    case CERTIFICATE_REFUSED:
    case AUTHORITIES_PROBLEM: return CURL_REFUSED;
    default: return CURL_FAILED;
  }
}

curl_outcome curl_line_perform(void *line, const curl_request *request) {
  curl_outcome outcome = {CURL_IS_MISSING, "there is no libcurl.so.4"};
  if (!line) return outcome;
  char text[256] = ""; /* CURL_ERROR_SIZE */
  struct slist *headers = NULL;
  for (const char *const *header = request->headers; *header; header++)
    headers = curl.slist_append(headers, *header);
  set_up(line, request, headers, text);
  int code = curl.easy_perform(line);
  outcome.ending = ending(code);
  snprintf(outcome.text, sizeof outcome.text, "%s", text[0] ? text : curl.easy_strerror(code));
  curl.easy_reset(line); /* it must not keep what ends with this call */
  curl.slist_free_all(headers);
  return outcome;
}
