#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "include/CKernels.h"

// Fresh pages cost a fault each, which for activations is more than the work done on them; so
// buffers are kept by size class (four classes per doubling, at most 19 % waste) and used again.

enum { CLASSES = 256, SMALLEST = 256, LARGE = 1 << 20 };

typedef struct node { struct node *next; } node;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static node *idle[CLASSES];

static int class_of(size_t bytes) {
  int index = 0;
  size_t base = SMALLEST;
  while (base * 2 < bytes) base *= 2, index += 4;
  size_t step = base / 4;
  return bytes <= base ? index : index + (int)((bytes - base + step - 1) / step);
}

static size_t class_size(int index) {
  size_t base = (size_t)SMALLEST << (index / 4);
  return base + base / 4 * (size_t)(index % 4);
}

size_t k_buffer_size(size_t bytes) { return class_size(class_of(bytes)); }

static void *fresh(size_t size) {
  if (size < LARGE) return aligned_alloc(64, (size + 63) / 64 * 64);
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  madvise(memory, size, MADV_HUGEPAGE);
  return memory;
}

static void discard(void *memory, size_t size) {
  if (size < LARGE) free(memory);
  else munmap(memory, size);
}

void *k_buffer_take(size_t bytes) {
  int index = class_of(bytes);
  size_t size = class_size(index);
  pthread_mutex_lock(&lock);
  node *found = idle[index];
  if (found) idle[index] = found->next;
  pthread_mutex_unlock(&lock);
  if (found) return found;
  void *memory = fresh(size);
  if (!memory) {
    k_buffer_trim();
    memory = fresh(size);
  }
  if (memory) return memory;
  fprintf(stderr, "host: out of memory: a buffer of %zu bytes cannot be had\n", size);
  exit(1);
}

void k_buffer_give(void *memory, size_t bytes) {
  int index = class_of(bytes);
  pthread_mutex_lock(&lock);
  ((node *)memory)->next = idle[index];
  idle[index] = memory;
  pthread_mutex_unlock(&lock);
}

void k_buffer_trim(void) {
  pthread_mutex_lock(&lock);
  for (int index = 0; index < CLASSES; index++)
    while (idle[index]) {
      node *first = idle[index];
      idle[index] = first->next;
      discard(first, class_size(index));
    }
  pthread_mutex_unlock(&lock);
}
