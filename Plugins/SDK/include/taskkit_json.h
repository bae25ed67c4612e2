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

#include <stdlib.h>

#include "CPluginABI.h"
#include "taskkit_json_grammar.h"

enum { TK_JSON_INVALID = -1, TK_JSON_ABSENT = 0, TK_JSON_FOUND = 1 };

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

/* Whether a value is the string of this text, which has at most 256 bytes. */
static inline bool tk_json_equal(tk_str value, const char *text) {
  char copy[256];
  const size_t length = strlen(text);
  if (tk_json_string(value, copy, sizeof copy) != (int64_t)length) return false;
  return length <= sizeof copy && memcmp(copy, text, length) == 0;
}

/* tk_json_next for an array ('[') or an object ('{'), whose members have a key, in its quotes. */
static inline int tk_json_step(tk_str items, char open, size_t *offset, tk_str *key,
                               tk_str *item) {
  tk_str whole;
  if (*offset == 0) { /* the first call checks all of it */
    if (!tk_json_value(items, &whole) || *whole.ptr != open) return TK_JSON_INVALID;
    *offset = (size_t)(whole.ptr + 1 - items.ptr);
  }
  const char *end = items.ptr + items.len, *at = tk_json_space(items.ptr + *offset, end);
  if (*at == ']' || *at == '}') return TK_JSON_ABSENT;
  if (*at == ',') at = tk_json_space(at + 1, end);
  if (open == '{') {
    key->ptr = at;
    at = tk_json_scan_string(at, end);
    key->len = (size_t)(at - key->ptr);
    at = tk_json_space(tk_json_space(at, end) + 1, end); /* behind the colon */
  }
  item->ptr = at;
  at = tk_json_scan(at, end, 1);
  item->len = (size_t)(at - item->ptr);
  *offset = (size_t)(at - items.ptr);
  return TK_JSON_FOUND;
}

/* The next element of an array; *offset is 0 at first, and belongs to this function from then on.
 * TK_JSON_FOUND, TK_JSON_ABSENT at the end, TK_JSON_INVALID if it is not an array. */
static inline int tk_json_next(tk_str array, size_t *offset, tk_str *element) {
  return tk_json_step(array, '[', offset, NULL, element);
}

/* The value under key, at most 256 bytes of UTF-8. TK_JSON_FOUND, TK_JSON_ABSENT, or
 * TK_JSON_INVALID if object is not a JSON object or holds the key twice. */
static inline int tk_json_member(tk_str object, const char *key, tk_str *value) {
  tk_str name, item;
  size_t offset = 0;
  int step, found = TK_JSON_ABSENT;
  while ((step = tk_json_step(object, '{', &offset, &name, &item)) == TK_JSON_FOUND) {
    if (!tk_json_equal(name, key)) continue;
    if (found == TK_JSON_FOUND) return TK_JSON_INVALID;
    found = TK_JSON_FOUND;
    *value = item;
  }
  return step == TK_JSON_INVALID ? step : found;
}

/* The keys of a recipe's data section that are the host's own: {"words", TK_DATA_KEYS} are all
 * that the configuration of a dataset with the key "words" may hold. */
#define TK_DATA_KEYS "seed", "shuffle", "test", "train", "validation"

/* The first key that is none of these, as it stands in the text, without quotes: a misspelled one.
 * TK_JSON_FOUND, TK_JSON_ABSENT, or TK_JSON_INVALID if object is not a JSON object. */
static inline int tk_json_unknown(tk_str object, const char *const keys[], size_t count,
                                  tk_str *unknown) {
  tk_str name, item;
  size_t offset = 0;
  int step;
  while ((step = tk_json_step(object, '{', &offset, &name, &item)) == TK_JSON_FOUND) {
    size_t i = 0;
    while (i < count && !tk_json_equal(name, keys[i])) i++;
    if (i < count) continue;
    unknown->ptr = name.ptr + 1;
    unknown->len = name.len - 2;
    return TK_JSON_FOUND;
  }
  return step;
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
