#include "include/CCRC32C.h"

#include <pthread.h>
#include <string.h>

static uint32_t table[8][256]; /* table[k][b]: of byte b and k zero bytes behind it */
static pthread_once_t made = PTHREAD_ONCE_INIT;

static void make(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0x82F63B78u : value >> 1;
    table[0][byte] = value;
  }
  for (int zeros = 1; zeros < 8; zeros++)
    for (int byte = 0; byte < 256; byte++) {
      uint32_t before = table[zeros - 1][byte];
      table[zeros][byte] = before >> 8 ^ table[0][before & 255];
    }
}

uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *byte = bytes;
  pthread_once(&made, make);
  crc = ~crc;
  for (; count >= 8; count -= 8, byte += 8) {
    crc ^= (uint32_t)byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
    crc = table[7][crc & 255] ^ table[6][crc >> 8 & 255] ^ table[5][crc >> 16 & 255] ^ table[4][crc >> 24] ^
          table[3][byte[4]] ^ table[2][byte[5]] ^ table[1][byte[6]] ^ table[0][byte[7]];
  }
  for (; count > 0; count--, byte++) crc = crc >> 8 ^ table[0][(crc ^ *byte) & 255];
  return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const void *bytes, size_t count) {
  const uint8_t *byte = bytes;
  uint64_t value = ~crc;
  for (; count >= 8; count -= 8, byte += 8) {
    uint64_t word;
    memcpy(&word, byte, 8);
    value = __builtin_ia32_crc32di(value, word);
  }
  for (; count > 0; count--, byte++) value = __builtin_ia32_crc32qi((uint32_t)value, *byte);
  return ~(uint32_t)value;
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t count) {
  return __builtin_cpu_supports("sse4.2") ? crc32c_sse42(crc, bytes, count)
                                          : crc32c_portable(crc, bytes, count);
}
#else
uint32_t crc32c(uint32_t crc, const void *bytes, size_t count) {
  return crc32c_portable(crc, bytes, count);
}
#endif
