/* Preloaded into programs under test: makes one kind of I/O call fail, from the Nth on, on files whose path matches. Set by
 *   FAIL_IO_CALL   fsync | rename | write | fallocate | lock | open
 *   FAIL_IO_PATH   a pattern as of the shell that the whole path (of rename: the new one) matches
 *   FAIL_IO_FROM   the first call that fails, counted from 1 in each process
 *   FAIL_IO_BYTES  writes of fewer bytes do not count; 0 where not set
 *   FAIL_IO_ERROR  its errno, a number
 *   FAIL_IO_WAIT   in place of FAIL_IO_ERROR: the call does not fail, but first waits until this file is there
 *   FAIL_IO_RANK   the rank of the world that it happens to; all where not set
 * Every call of that kind on a matching path counts, and is noted in the file FAIL_IO_NOTES, if set, by one byte where it fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static atomic_long calls;

static int is_meant(const char* call, const char* path) {
  const char* const wanted = getenv("FAIL_IO_CALL");
  const char* const part = getenv("FAIL_IO_PATH");
  const char* const from = getenv("FAIL_IO_FROM");
  const char* const error = getenv("FAIL_IO_ERROR");
  const char* const awaited = getenv("FAIL_IO_WAIT");
  const char* const rank = getenv("FAIL_IO_RANK");
  const char* const own_rank = getenv("OMPI_COMM_WORLD_RANK");
  if (!wanted || !part || !from || (!error && !awaited) || strcmp(wanted, call) != 0 || fnmatch(part, path, 0) != 0) return 0;
  if (rank && own_rank && strcmp(rank, own_rank) != 0) return 0;
  if (atomic_fetch_add(&calls, 1) + 1 < atol(from)) return 0;
  const char* const notes = getenv("FAIL_IO_NOTES");
  if (notes) {
    const int file = open(notes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    ssize_t (*real_write)(int, const void*, size_t) = (ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
    if (file >= 0 && real_write(file, "x", 1) == 1) close(file);
  }
  if (awaited) {
    const struct timespec pause = {0, 10000000};
    while (access(awaited, F_OK) != 0) nanosleep(&pause, NULL);
    return 0;
  }
  errno = atoi(error);
  return 1;
}

static int is_meant_at(const char* call, int file) {
  char link[64];
  char path[PATH_MAX];
  const int saved = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  errno = saved;
  if (size < 0) return 0;
  path[size] = '\0';
  return is_meant(call, path);
}

static int is_meant_write(int file, size_t bytes) {
  const char* const least = getenv("FAIL_IO_BYTES");
  return (!least || bytes >= strtoul(least, NULL, 10)) && is_meant_at("write", file);
}

static size_t bytes_of(const struct iovec* parts, int count) {
  size_t bytes = 0;
  for (int i = 0; i < count; ++i) bytes += parts[i].iov_len;
  return bytes;
}

/* TYPE NAME(PARAMETERS), which fails with FAILURE where the condition holds. */
#define WRAP(type, name, parameters, arguments, condition, failure)   \
  type name parameters;                                               \
  type name parameters {                                              \
    static type(*real) parameters;                                    \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);    \
    if (condition) return failure;                                    \
    return real arguments;                                            \
  }

WRAP(int, fsync, (int file), (file), is_meant_at("fsync", file), -1)
WRAP(int, fdatasync, (int file), (file), is_meant_at("fsync", file), -1)
WRAP(int, rename, (const char* from, const char* to), (from, to), is_meant("rename", to), -1)
WRAP(int, fallocate, (int file, int mode, off_t at, off_t size), (file, mode, at, size), is_meant_at("fallocate", file), -1)
WRAP(int, fallocate64, (int file, int mode, off64_t at, off64_t size), (file, mode, at, size), is_meant_at("fallocate", file), -1)
WRAP(int, posix_fallocate, (int file, off_t at, off_t size), (file, at, size), is_meant_at("fallocate", file), errno)
WRAP(ssize_t, write, (int file, const void* bytes, size_t size), (file, bytes, size), is_meant_write(file, size), -1)
WRAP(ssize_t, writev, (int file, const struct iovec* parts, int count), (file, parts, count), is_meant_write(file, bytes_of(parts, count)), -1)
WRAP(ssize_t, pwrite, (int file, const void* bytes, size_t size, off_t at), (file, bytes, size, at), is_meant_write(file, size), -1)
WRAP(ssize_t, pwrite64, (int file, const void* bytes, size_t size, off64_t at), (file, bytes, size, at), is_meant_write(file, size), -1)
WRAP(ssize_t, pwritev, (int file, const struct iovec* parts, int count, off_t at), (file, parts, count, at), is_meant_write(file, bytes_of(parts, count)), -1)
WRAP(ssize_t, pwritev64, (int file, const struct iovec* parts, int count, off64_t at), (file, parts, count, at), is_meant_write(file, bytes_of(parts, count)), -1)

/* open and fcntl take a last argument or none. */
#define WRAP_OPEN(name)                                                       \
  int name(const char* path, int flags, ...);                                 \
  int name(const char* path, int flags, ...) {                                \
    static int (*real)(const char*, int, ...);                                \
    if (!real) real = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, #name); \
    va_list arguments;                                                        \
    va_start(arguments, flags);                                               \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0; \
    va_end(arguments);                                                        \
    return is_meant("open", path) ? -1 : real(path, flags, mode);             \
  }
WRAP_OPEN(open)
WRAP_OPEN(open64)

static int is_lock(int command) {
  return command == F_SETLK || command == F_SETLKW || command == F_GETLK || command == F_OFD_SETLK || command == F_OFD_SETLKW ||
         command == F_OFD_GETLK;
}

#define WRAP_FCNTL(name)                                              \
  int name(int file, int command, ...);                               \
  int name(int file, int command, ...) {                              \
    static int (*real)(int, int, ...);                                \
    if (!real) real = (int (*)(int, int, ...))dlsym(RTLD_NEXT, #name); \
    va_list arguments;                                                \
    va_start(arguments, command);                                     \
    void* const argument = va_arg(arguments, void*);                  \
    va_end(arguments);                                                \
    if (is_lock(command) && is_meant_at("lock", file)) return -1;     \
    return real(file, command, argument);                             \
  }
WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)
