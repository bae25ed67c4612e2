#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CHostSupport.h"

#if defined(__x86_64__)
#define HOST_MACHINE EM_X86_64
#define HOST_MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define HOST_MACHINE EM_AARCH64
#define HOST_MACHINE_NAME "AArch64"
#else
#error "the host knows x86-64 and AArch64"
#endif

static int has_bytes(int file, void *to, size_t size, off_t offset) {
  return pread(file, to, size, offset) == (ssize_t)size;
}

static int check_header(const Elf64_Ehdr *head, char *text, size_t capacity) {
  if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) {
    snprintf(text, capacity, "not a shared library (no ELF header)");
  } else if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_machine != HOST_MACHINE) {
    snprintf(text, capacity, "built for ELF machine %d, %d-bit; this host is " HOST_MACHINE_NAME,
             head->e_machine, head->e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32);
  } else if (head->e_type != ET_DYN) {
    snprintf(text, capacity, "not a shared library (ELF type %d)", head->e_type);
  } else if (head->e_phentsize != sizeof(Elf64_Phdr)) {
    snprintf(text, capacity, "damaged: program headers of %d bytes", head->e_phentsize);
  } else {
    return 0;
  }
  return -1;
}

/* Where size bytes from offset on end; beyond any file when the sum does not fit. */
static uint64_t end_of(uint64_t offset, uint64_t size) {
  uint64_t end;
  return __builtin_add_overflow(offset, size, &end) ? UINT64_MAX : end;
}

static int check_extent(int file, const Elf64_Ehdr *head, uint64_t size, char *text,
                        size_t capacity) {
  uint64_t need = end_of(head->e_phoff, (uint64_t)head->e_phnum * sizeof(Elf64_Phdr));
  for (int i = 0; i < head->e_phnum && need <= size; i++) {
    Elf64_Phdr segment;
    if (!has_bytes(file, &segment, sizeof segment, (off_t)(head->e_phoff + i * sizeof segment))) {
      snprintf(text, capacity, "damaged: its program headers cannot be read");
      return -1;
    }
    if (segment.p_type != PT_LOAD) continue;
    uint64_t end = end_of(segment.p_offset, segment.p_filesz);
    if (end > need) need = end;
  }
  uint64_t sections = end_of(head->e_shoff, (uint64_t)head->e_shnum * head->e_shentsize);
  if (head->e_shoff && sections > need) need = sections;
  if (need <= size) return 0;
  snprintf(text, capacity, "truncated: has %llu bytes, its segments need %llu",
           (unsigned long long)size, (unsigned long long)need);
  return -1;
}

int hs_check_shared_object(const char *path, char *text, size_t capacity) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) {
    snprintf(text, capacity, "cannot be opened: %s", strerror(errno));
    if (file >= 0) close(file);
    return -1;
  }
  int result = -1;
  Elf64_Ehdr head;
  if (!S_ISREG(status.st_mode)) {
    snprintf(text, capacity, "not a regular file");
  } else if ((size_t)status.st_size < sizeof head) {
    snprintf(text, capacity, "too short for a shared library: %lld bytes",
             (long long)status.st_size);
  } else if (!has_bytes(file, &head, sizeof head, 0)) {
    snprintf(text, capacity, "cannot be read: %s", strerror(errno));
  } else if (check_header(&head, text, capacity) == 0) {
    result = check_extent(file, &head, (uint64_t)status.st_size, text, capacity);
  }
  close(file);
  return result;
}

const void *hs_find(const void *bytes, size_t count, const char *text) {
  return memmem(bytes, count, text, strlen(text));
}
