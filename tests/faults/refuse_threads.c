/* Preloaded into programs under test: pthread_create fails with EAGAIN, as with ulimit -u, for threads whose first function is in
 * the program or library that the pattern REFUSE_THREADS_OF (as of the shell) matches, from the one after the first
 * REFUSE_THREADS_AFTER (0 where not set) on, in the rank REFUSE_THREADS_RANK (all where not set). MPI's own threads are not meant. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_long started;

static int is_refused(void* function) {
  const char* const module = getenv("REFUSE_THREADS_OF");
  const char* const after = getenv("REFUSE_THREADS_AFTER");
  const char* const rank = getenv("REFUSE_THREADS_RANK");
  const char* const own_rank = getenv("OMPI_COMM_WORLD_RANK");
  Dl_info info;
  if (!module || !dladdr(function, &info) || fnmatch(module, info.dli_fname, 0) != 0) return 0;
  if (rank && own_rank && strcmp(rank, own_rank) != 0) return 0;
  return atomic_fetch_add(&started, 1) >= (after ? atol(after) : 0);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*), void* argument) {
  typedef int (*Create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  if (is_refused((void*)function)) return EAGAIN;
  return ((Create)dlsym(RTLD_NEXT, "pthread_create"))(thread, attributes, function, argument);
}
