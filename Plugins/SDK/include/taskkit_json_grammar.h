/* The grammar of JSON, in C11 and C++17; included by taskkit_json.h. Each function returns the end
 * of what it read, NULL if it is not there. */
#ifndef TASKKIT_JSON_GRAMMAR_H
#define TASKKIT_JSON_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { TK_JSON_MAX_DEPTH = 64 }; /* deeper nesting is refused, so that the stack is bounded */

static inline const char *tk_json_space(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
  return at;
}

static inline const char *tk_json_digits(const char *at, const char *end) {
  const char *start = at;
  while (at < end && *at >= '0' && *at <= '9') at++;
  return at > start ? at : NULL;
}

static inline const char *tk_json_scan_number(const char *at, const char *end) {
  if (at < end && *at == '-') at++;
  const bool zero = at < end && *at == '0';
  at = zero ? at + 1 : tk_json_digits(at, end);
  if (at && at < end && *at == '.') at = tk_json_digits(at + 1, end);
  if (at && at < end && (*at == 'e' || *at == 'E')) {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    at = tk_json_digits(at, end);
  }
  return at;
}

/* The four hexadecimal digits of a \u escape; -1 if they are not there. */
static inline int32_t tk_json_hex(const char *at, const char *end) {
  if (end - at < 4) return -1;
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    const char c = at[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/* One character or escape of a string; *code is its code point, or the byte of a longer UTF-8
 * sequence, which is passed on as it stands (*raw). */
static inline const char *tk_json_character(const char *at, const char *end, uint32_t *code,
                                            bool *raw) {
  if (at >= end || (unsigned char)*at < 0x20) return NULL;
  *code = (unsigned char)*at;
  *raw = *at != '\\';
  if (*raw) return at + 1;
  if (++at >= end) return NULL;
  static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  const char *name = *at ? strchr(names, *at) : NULL;
  if (name) *code = (unsigned char)meanings[name - names];
  if (name) return at + 1;
  int32_t high = *at == 'u' ? tk_json_hex(at + 1, end) : -1;
  if (high < 0 || (high >= 0xDC00 && high < 0xE000)) return NULL;
  *code = (uint32_t)high;
  at += 5;
  if (high < 0xD800 || high >= 0xE000) return at;
  /* A character beyond 0xFFFF is written as a pair of escapes. */
  if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return NULL;
  int32_t low = tk_json_hex(at + 2, end);
  if (low < 0xDC00 || low >= 0xE000) return NULL;
  *code = 0x10000u + (((uint32_t)high - 0xD800u) << 10) + ((uint32_t)low - 0xDC00u);
  return at + 6;
}

static inline const char *tk_json_scan_string(const char *at, const char *end) {
  if (at >= end || *at != '"') return NULL;
  at++;
  uint32_t code;
  bool raw;
  while (at && at < end && *at != '"') at = tk_json_character(at, end, &code, &raw);
  return at && at < end ? at + 1 : NULL;
}

static inline const char *tk_json_scan_word(const char *at, const char *end, const char *word) {
  const size_t length = strlen(word);
  return (size_t)(end - at) >= length && memcmp(at, word, length) == 0 ? at + length : NULL;
}

static inline const char *tk_json_scan(const char *at, const char *end, int depth);

/* The members of an object or the elements of an array, from behind its opening bracket. */
static inline const char *tk_json_scan_items(const char *at, const char *end, char close,
                                             int depth) {
  at = tk_json_space(at, end);
  if (at < end && *at == close) return at + 1;
  while (true) {
    if (close == '}') {
      at = tk_json_scan_string(tk_json_space(at, end), end);
      if (at) at = tk_json_space(at, end);
      if (!at || at >= end || *at++ != ':') return NULL;
    }
    at = tk_json_scan(tk_json_space(at, end), end, depth + 1);
    if (at) at = tk_json_space(at, end);
    if (!at || at >= end) return NULL;
    if (*at == close) return at + 1;
    if (*at++ != ',') return NULL;
  }
}

static inline const char *tk_json_scan(const char *at, const char *end, int depth) {
  if (at >= end || depth > TK_JSON_MAX_DEPTH) return NULL;
  switch (*at) {
    case '{': return tk_json_scan_items(at + 1, end, '}', depth);
    case '[': return tk_json_scan_items(at + 1, end, ']', depth);
    case '"': return tk_json_scan_string(at, end);
    case 't': return tk_json_scan_word(at, end, "true");
    case 'f': return tk_json_scan_word(at, end, "false");
    case 'n': return tk_json_scan_word(at, end, "null");
    default: return tk_json_scan_number(at, end);
  }
}

#endif
