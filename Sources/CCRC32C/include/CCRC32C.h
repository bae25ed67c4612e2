/* CRC-32C (Castagnoli; RFC 3720, appendix B.4), by the processor's own instruction where it has one. */
#ifndef CCRC32C_H
#define CCRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of bytes that follow others, whose checksum is crc; 0 for the first ones. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t count);

/* The same in plain C, whatever the processor has. */
uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t count);

#endif
