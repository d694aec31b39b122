/* Preloaded into programs under test: changes a file right before its Nth read, as another program might. Set by
 *   CHANGE_INPUT_PATH   the file whose reads count, as it is named after links
 *   CHANGE_INPUT_AT     the read before which it changes, counted from 1 in each process
 *   CHANGE_INPUT_RANK   the rank of the world that it happens to; all where not set
 *   CHANGE_INPUT_HOW    truncate (by a byte) | halve | append | overwrite (the first byte, by itself)
 *   CHANGE_INPUT_NOTES  a file that gets one byte when it happens */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long reads;

static void fail(const char* what) {
  perror(what);
  abort();
}

static void write_byte(const char* path, int flags, char byte) {
  const int file = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
  if (file < 0 || write(file, &byte, 1) != 1) fail(path);
  close(file);
}

/* The kernel's clock for files ticks every few milliseconds: a change within the tick of the file's own making would show no other
 * time. So the time is set, as a slower program would leave it. */
static void date_forward(const char* path) {
  struct stat now;
  if (stat(path, &now) != 0) fail(path);
  const struct timespec times[2] = {now.st_atim, {now.st_mtim.tv_sec + 1, now.st_mtim.tv_nsec}};
  if (utimensat(AT_FDCWD, path, times, 0) != 0) fail(path);
}

static void change(const char* path, const char* how) {
  struct stat status;
  if (stat(path, &status) != 0) fail(path);
  if (strcmp(how, "truncate") == 0 || strcmp(how, "halve") == 0) {
    if (truncate(path, how[0] == 't' ? status.st_size - 1 : status.st_size / 2) != 0) fail(path);
  } else if (strcmp(how, "append") == 0) {
    write_byte(path, O_APPEND, '\n');
  } else {
    char byte = 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t (*real_read)(int, void*, size_t) = (ssize_t(*)(int, void*, size_t))dlsym(RTLD_NEXT, "read");
    if (file < 0 || real_read(file, &byte, 1) != 1) fail(path);
    close(file);
    write_byte(path, 0, byte);
    date_forward(path);
  }
}

static void count_read(int file) {
  const char* const wanted = getenv("CHANGE_INPUT_PATH");
  const char* const at = getenv("CHANGE_INPUT_AT");
  const char* const how = getenv("CHANGE_INPUT_HOW");
  const char* const rank = getenv("CHANGE_INPUT_RANK");
  const char* const own_rank = getenv("OMPI_COMM_WORLD_RANK");
  if (!wanted || !at || !how || (rank && own_rank && strcmp(rank, own_rank) != 0)) return;
  char link[64];
  char path[PATH_MAX];
  const int saved = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  errno = saved;
  if (size < 0) return;
  path[size] = '\0';
  if (strcmp(path, wanted) != 0 || atomic_fetch_add(&reads, 1) + 1 != atol(at)) return;
  change(path, how);
  const char* const notes = getenv("CHANGE_INPUT_NOTES");
  if (notes) write_byte(notes, O_CREAT | O_APPEND, 'x');
}

#define WRAP(name, parameters, arguments, file)                          \
  ssize_t name parameters;                                               \
  ssize_t name parameters {                                              \
    static ssize_t(*real) parameters;                                    \
    if (!real) real = (ssize_t(*) parameters)dlsym(RTLD_NEXT, #name);    \
    count_read(file);                                                    \
    return real arguments;                                               \
  }

WRAP(read, (int file, void* bytes, size_t size), (file, bytes, size), file)
WRAP(pread, (int file, void* bytes, size_t size, off_t at), (file, bytes, size, at), file)
WRAP(pread64, (int file, void* bytes, size_t size, off64_t at), (file, bytes, size, at), file)
WRAP(__read_chk, (int file, void* bytes, size_t size, size_t room), (file, bytes, size, room), file)
WRAP(__pread_chk, (int file, void* bytes, size_t size, off_t at, size_t room), (file, bytes, size, at, room), file)
WRAP(__pread64_chk, (int file, void* bytes, size_t size, off64_t at, size_t room), (file, bytes, size, at, room), file)
