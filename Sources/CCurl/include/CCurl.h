/* HTTP by the system's libcurl, which is opened when the first request is made: the program starts
 * and runs without it. Nothing of it is needed to build. */
#ifndef CCURL_H
#define CCURL_H

#include <stddef.h>

/* One GET. Redirects are not followed. */
typedef struct curl_request {
  const char *url;
  const char *const *headers; /* "Name: value", NULL-ended */
  const char *authorities;    /* a file of certificates; NULL: the system's */
  /* Each gets context first. A header line comes with its line break; the body in pieces, of which a
   * result other than 0 refuses the rest. stop is asked often; other than 0 ends the request. */
  void (*header)(void *context, const char *line, size_t count);
  int (*body)(void *context, const void *bytes, size_t count);
  int (*stop)(void *context);
  void *context;
} curl_request;

/* How a request ended. */
typedef enum curl_ending {
  CURL_ENDED,     /* there is a whole answer */
  CURL_FAILED,    /* text says why; another attempt may help */
  CURL_REFUSED,   /* text says why; another attempt cannot help: a wrong address, a wrong certificate */
  CURL_STOPPED,   /* body or stop said so */
  CURL_IS_MISSING /* there is no libcurl */
} curl_ending;

typedef struct curl_outcome {
  curl_ending ending;
  char text[256]; /* why, a sentence without its full stop */
} curl_outcome;

/* A connection that is kept from request to request; NULL where there is no libcurl. For one thread at
 * a time. */
void *curl_line_open(void);
void curl_line_close(void *line);

/* Makes a request and waits for its end. */
curl_outcome curl_line_perform(void *line, const curl_request *request);

#endif
