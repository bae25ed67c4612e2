/* SHA-256 (FIPS 180-4), by the processor's own instructions where it has them. A library of its own,
 * since host and plugins hash and share nothing else. */
#ifndef CSHA256_H
#define CSHA256_H

#include <stddef.h>
#include <stdint.h>

/* What has been hashed so far; a value: it goes with each copy. */
typedef struct sha256_state {
  uint32_t h[8];
  uint64_t count;   /* bytes so far */
  uint8_t rest[64]; /* those of them that do not yet fill a block */
  int portable;     /* whether plain C does the work, not the processor's own instructions */
} sha256_state;

/* Of no bytes yet. With portable, plain C also where the processor has SHA instructions. */
sha256_state sha256_begin(int portable);

/* Adds bytes. */
void sha256_add(sha256_state *state, const void *bytes, size_t count);

/* The hash of all bytes; nothing may be added afterwards. */
void sha256_end(sha256_state *state, uint8_t digest[32]);

#endif
