#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>

#include "CHostSupport.h"

enum { canary = 0xA5, record_limit = 1 << 20 };
static const size_t arena_size = (size_t)64 << 30;

enum { WRITABLE, READ_ONLY, ENDED };

/* A piece as the signal handler sees it; the page before first and the one at last are guards. */
typedef struct record {
  uintptr_t first, last;
  const char *what;
  int state;
} record;

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *arena;
static size_t page; /* bytes, known once there is an arena */
static size_t used;
static record *records;
static volatile size_t record_count;

static int report_to = -1;
static unsigned char report_prefix[8];
static size_t report_prefix_size;
static struct sigaction before[2];

static size_t pages(size_t size) { return (size + page - 1) / page * page; }

/* Address space, not memory: what is never touched costs nothing. */
static void *reserve(size_t size, int protection) {
  void *start = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return start == MAP_FAILED ? NULL : start;
}

static int prepare(void) {
  if (arena) return 1;
  page = (size_t)sysconf(_SC_PAGESIZE);
  records = reserve(record_limit * sizeof *records, PROT_READ | PROT_WRITE);
  uint8_t *made = reserve(arena_size, PROT_NONE);
  if (!records || !made) return 0;
  arena = made;
  return 1;
}

hs_piece hs_lend(size_t size, const char *what) {
  hs_piece piece = {NULL, size};
  pthread_mutex_lock(&turn);
  const int is_ready = prepare();
  const size_t room = size ? pages(size) : page;
  if (is_ready && used + room + 2 * page <= arena_size && record_count < record_limit) {
    uint8_t *first = arena + used + page;
    if (mprotect(first, room, PROT_READ | PROT_WRITE) == 0) {
      used += room + page;
      memset(first, canary, room - size);
      piece.start = first + room - size;
      records[record_count] = (record){(uintptr_t)first, (uintptr_t)first + room, what, WRITABLE};
      record_count++;
    }
  }
  pthread_mutex_unlock(&turn);
  return piece;
}

/* The piece that address lies in or beside. */
static record *find(uintptr_t address) {
  size_t low = 0, high = record_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    /* The guard between two pieces goes to the one before it: overruns are commoner. */
    if (records[middle].last + page > address) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low < record_count ? &records[low] : NULL;
}

static uint8_t *first_page(hs_piece piece) {
  return (uint8_t *)((uintptr_t)piece.start - (pages(piece.size) - piece.size)) -
         (piece.size ? 0 : page);
}

static void protect(hs_piece piece, int protection, int state) {
  if (!piece.start) return;
  const size_t room = piece.size ? pages(piece.size) : page;
  record *found = find((uintptr_t)first_page(piece));
  if (found) found->state = state;
  mprotect(first_page(piece), room, protection);
  if (protection == PROT_NONE) madvise(first_page(piece), room, MADV_DONTNEED);
}

void hs_lend_read_only(hs_piece piece) { protect(piece, PROT_READ, READ_ONLY); }

void hs_lend_end(hs_piece piece) { protect(piece, PROT_NONE, ENDED); }

int hs_lent_is_intact(hs_piece piece) {
  for (uint8_t *byte = first_page(piece); byte < (uint8_t *)piece.start; byte++) {
    if (*byte != canary) return 0;
  }
  return 1;
}

/* ---- the report ------------------------------------------------------------------------------ */

typedef struct sentence {
  char text[256];
  size_t size;
} sentence;

static void add(sentence *sentence, const char *text) {
  while (*text && sentence->size < sizeof sentence->text) {
    sentence->text[sentence->size++] = *text++;
  }
}

static int is_write(void *context) {
#if defined(__x86_64__)
  return (((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
  (void)context;
  return 0;
#endif
}

static void describe(sentence *sentence, const record *found, uintptr_t address, int writes) {
  if (address >= found->last || address < found->first) {
    const char *side = address < found->first ? " before the beginning of " : " past the end of ";
    add(sentence, writes ? "it wrote" : "it read");
    add(sentence, side);
  } else if (found->state == ENDED) {
    add(sentence, "it used borrowed memory after the call had returned: ");
  } else {
    add(sentence, "it wrote to borrowed memory: ");
  }
  add(sentence, found->what);
}

/* Only send(2): little else is safe in a signal handler. */
static void report(const sentence *sentence) {
  unsigned char frame[512];
  const uint32_t size = (uint32_t)sentence->size;
  const uint64_t total = report_prefix_size + sizeof size + size;
  unsigned char *end = frame;
  memcpy(end, &total, sizeof total), end += sizeof total;
  memcpy(end, report_prefix, report_prefix_size), end += report_prefix_size;
  memcpy(end, &size, sizeof size), end += sizeof size;
  memcpy(end, sentence->text, size), end += size;
  ssize_t ignored = send(report_to, frame, (size_t)(end - frame), MSG_NOSIGNAL);
  (void)ignored;
}

static void on_fault(int number, siginfo_t *info, void *context) {
  const uintptr_t address = (uintptr_t)info->si_addr, start = (uintptr_t)arena;
  if (arena && address >= start && address < start + used + page) {
    const record *found = find(address);
    if (found) {
      sentence sentence = {.size = 0};
      describe(&sentence, found, address, is_write(context));
      report(&sentence);
    }
  }
  /* The fault strikes again on return, and then meets the handler that stood there before. */
  sigaction(number, &before[number == SIGBUS], NULL);
}

void hs_lend_report(int descriptor, const unsigned char *prefix, size_t prefix_size) {
  report_to = descriptor;
  report_prefix_size = prefix_size < sizeof report_prefix ? prefix_size : sizeof report_prefix;
  memcpy(report_prefix, prefix, report_prefix_size);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, &before[0]);
  sigaction(SIGBUS, &action, &before[1]);
}

size_t hs_allocated_bytes(void) {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}
