/* A strict reader (RFC 8259) for the JSON that the host hands to a plugin, in C11 and C++17.
 *
 * A value is a slice of the text: nothing is allocated, nothing is copied, and a slice lives as
 * long as the text. What comes out of tk_json_member and tk_json_next is one whole, valid value,
 * so a plugin that reads the keys it knows has checked the rest of the text as well.
 *
 *     tk_str value;
 *     int64_t target;
 *     if (tk_json_member(config, "target", &value) != TK_JSON_FOUND) ...  absent, or no object
 *     if (!tk_json_integer(value, &target)) ...                           not an integer
 */
#ifndef TASKKIT_JSON_H
#define TASKKIT_JSON_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "CPluginABI.h"

enum { TK_JSON_INVALID = -1, TK_JSON_ABSENT = 0, TK_JSON_FOUND = 1 };
enum { TK_JSON_MAX_DEPTH = 64 }; /* deeper nesting is refused, so that the stack is bounded */

/* ---- the grammar: each function returns the end of what it read, NULL if it is not there ----- */

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

/* ---- reading ------------------------------------------------------------------------------- */

/* Trims text to the one value in it; false if that is not all there is, or not JSON. */
static inline bool tk_json_value(tk_str text, tk_str *value) {
  if (!text.ptr) return false;
  const char *end = text.ptr + text.len, *start = tk_json_space(text.ptr, end);
  const char *stop = tk_json_scan(start, end, 0);
  if (!stop || tk_json_space(stop, end) != end) return false;
  value->ptr = start;
  value->len = (size_t)(stop - start);
  return true;
}

/* A string's text with its escapes undone: writes up to capacity bytes of UTF-8, without a NUL,
 * and returns the number needed in full; -1 if the value is not a string. */
static inline int64_t tk_json_string(tk_str value, char *utf8, size_t capacity) {
  tk_str text;
  if (!tk_json_value(value, &text) || *text.ptr != '"') return -1;
  size_t length = 0;
  const char *end = text.ptr + text.len - 1;
  for (const char *at = text.ptr + 1; at < end;) {
    uint32_t code = 0;
    bool raw = true;
    at = tk_json_character(at, end, &code, &raw);
    const int more = raw || code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xC0, 0xE0, 0xF0};
    for (int i = more; i >= 0; i--, length++) {
      const uint32_t bits = code >> (6 * i);
      const uint32_t byte = i == more ? leads[more] | bits : 0x80u | (bits & 0x3Fu);
      if (length < capacity) utf8[length] = (char)byte;
    }
  }
  return (int64_t)length;
}

/* The next element of an array; *offset is 0 at first, and belongs to this function from then on.
 * TK_JSON_FOUND, TK_JSON_ABSENT at the end, TK_JSON_INVALID if it is not an array. */
static inline int tk_json_next(tk_str array, size_t *offset, tk_str *element) {
  tk_str whole;
  if (*offset == 0) { /* the first call checks all of it */
    if (!tk_json_value(array, &whole) || *whole.ptr != '[') return TK_JSON_INVALID;
    *offset = (size_t)(whole.ptr + 1 - array.ptr);
  }
  const char *end = array.ptr + array.len, *at = tk_json_space(array.ptr + *offset, end);
  if (*at == ']') return TK_JSON_ABSENT;
  if (*at == ',') at = tk_json_space(at + 1, end);
  const char *stop = tk_json_scan(at, end, 1);
  element->ptr = at;
  element->len = (size_t)(stop - at);
  *offset = (size_t)(stop - array.ptr);
  return TK_JSON_FOUND;
}

/* The value under key, at most 256 bytes of UTF-8. TK_JSON_FOUND, TK_JSON_ABSENT, or
 * TK_JSON_INVALID if object is not a JSON object or holds the key twice. */
static inline int tk_json_member(tk_str object, const char *key, tk_str *value) {
  tk_str whole;
  if (!tk_json_value(object, &whole) || *whole.ptr != '{') return TK_JSON_INVALID;
  const char *at = whole.ptr + 1, *end = whole.ptr + whole.len;
  int found = TK_JSON_ABSENT;
  while (*(at = tk_json_space(at, end)) != '}') {
    if (*at == ',') at = tk_json_space(at + 1, end);
    const char *colon = tk_json_scan_string(at, end);
    const tk_str name = {at, (size_t)(colon - at)};
    const char *start = tk_json_space(tk_json_space(colon, end) + 1, end);
    at = tk_json_scan(start, end, 1);
    char text[256];
    const int64_t length = tk_json_string(name, text, sizeof text);
    if (length > (int64_t)sizeof text || (size_t)length != strlen(key)) continue;
    if (memcmp(text, key, (size_t)length) != 0) continue;
    if (found == TK_JSON_FOUND) return TK_JSON_INVALID;
    found = TK_JSON_FOUND;
    value->ptr = start;
    value->len = (size_t)(at - start);
  }
  return found;
}

/* A number; false if the value is none, or has 64 characters or more. */
static inline bool tk_json_number(tk_str value, double *number) {
  tk_str text;
  char copy[64]; /* strtod reads up to a NUL */
  if (!tk_json_value(value, &text) || text.len >= sizeof copy) return false;
  if (*text.ptr != '-' && (*text.ptr < '0' || *text.ptr > '9')) return false;
  memcpy(copy, text.ptr, text.len);
  copy[text.len] = 0;
  *number = strtod(copy, NULL);
  return *number - *number == 0; /* not infinite */
}

/* A number without fraction and exponent that fits 64 bits; false if the value is none. */
static inline bool tk_json_integer(tk_str value, int64_t *integer) {
  tk_str text;
  if (!tk_json_value(value, &text)) return false;
  const bool negative = *text.ptr == '-';
  const char *at = text.ptr + negative, *end = text.ptr + text.len;
  if (tk_json_digits(at, end) != end) return false;
  int64_t sum = 0; /* below zero, where there is room for one more */
  for (; at < end; at++) {
    const int digit = *at - '0';
    if (sum < (INT64_MIN + digit) / 10) return false;
    sum = sum * 10 - digit;
  }
  if (!negative && sum == INT64_MIN) return false;
  *integer = negative ? sum : -sum;
  return true;
}

/* true or false; false is returned if the value is neither. */
static inline bool tk_json_bool(tk_str value, bool *truth) {
  tk_str text;
  if (!tk_json_value(value, &text) || (*text.ptr != 't' && *text.ptr != 'f')) return false;
  *truth = *text.ptr == 't';
  return true;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Writes text as a JSON string, in quotes: up to capacity bytes, without a NUL; returns the
 * number needed in full. */
static inline size_t tk_json_quote(tk_str text, char *json, size_t capacity) {
  static const char hex[] = "0123456789abcdef";
  size_t length = 0;
  for (size_t i = 0; i < text.len + 2; i++) {
    const bool edge = i == 0 || i == text.len + 1;
    const unsigned char c = edge ? '"' : (unsigned char)text.ptr[i - 1];
    char piece[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    size_t size = 6;
    if (edge || (c >= 0x20 && c != '"' && c != '\\')) {
      piece[0] = (char)c;
      size = 1;
    } else if (c >= 0x20) {
      piece[1] = (char)c;
      size = 2;
    }
    for (size_t j = 0; j < size; j++, length++) {
      if (length < capacity) json[length] = piece[j];
    }
  }
  return length;
}

#endif
