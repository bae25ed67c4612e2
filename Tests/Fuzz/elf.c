/* Gives the ELF check arbitrary files. Beside not crashing it must keep its word: what it lets
 * through has all of its segments, headers and sections within the file. */
#define _GNU_SOURCE
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CHostSupport.h"

/* Wide enough that no sum of the header's numbers can wrap. */
__extension__ typedef unsigned __int128 wide;

static int lies_within(const uint8_t *data, size_t size) {
  Elf64_Ehdr head;
  if (size < sizeof head) return 0;
  memcpy(&head, data, sizeof head);
  if ((wide)head.e_phoff + (wide)head.e_phnum * sizeof(Elf64_Phdr) > size) return 0;
  if (head.e_shoff && (wide)head.e_shoff + (wide)head.e_shnum * head.e_shentsize > size) return 0;
  for (int i = 0; i < head.e_phnum; i++) {
    Elf64_Phdr segment;
    memcpy(&segment, data + head.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_type == PT_LOAD && (wide)segment.p_offset + segment.p_filesz > size) return 0;
  }
  return 1;
}

static void fail(const char *what) {
  fprintf(stderr, "elf: %s\n", what);
  abort();
}

/* A buffer of its own for each capacity, so that the address sanitizer sees its end. */
static void check(const char *path, size_t capacity, const uint8_t *data, size_t size) {
  char *text = malloc(capacity);
  memset(text, 'x', capacity);
  int result = hs_check_shared_object(path, text, capacity);
  if (result == 0 && !lies_within(data, size)) fail("a file passed that does not hold its parts");
  if (result != 0 && result != -1) fail("neither 0 nor -1");
  if (result == -1 && !memchr(text, 0, capacity)) fail("its sentence has no end");
  if (result == -1 && capacity > 1 && text[0] == 0) fail("it gives no reason");
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static int file = -1;
  static char path[64];
  if (file < 0) {
    file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0) fail("memfd_create");
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  }
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size) fail("pwrite");
  check(path, 256, data, size);
  check(path, 16, data, size);
  return 0;
}
