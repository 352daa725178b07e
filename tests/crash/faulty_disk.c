/*
 * A disk that goes bad on demand, for one directory: preloaded into the broker, it stands before libc's calls that write.
 *
 *   FAULTY_DISK       the directory, absolute; files elsewhere are not touched
 *   FAULTY_DISK_MODE  a file of one byte, which may change at any time:
 *                     'o' sound, 'f' full (files cannot grow: ENOSPC), 'e' failing (EIO), 'r' read-only (EROFS)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const volatile char *mode = "o";
static const char *directory = "";
static size_t directory_length = 0;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULTY_DISK_MODE");
  const char *where = getenv("FAULTY_DISK");
  if (path == NULL || where == NULL) return;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void *mapped = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) return;
  mode = mapped;
  directory = where;
  directory_length = strlen(where);
}

static int is_inside(const char *path) {
  return directory_length > 0 && strncmp(path, directory, directory_length) == 0 &&
         path[directory_length] == '/';
}

/* Whether the descriptor is a file of the directory. Asked only while the disk is bad. */
static int concerns(int fd) {
  char link[32], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_inside(path);
}

/* The error of a write that ends at this offset; 0: it may go on. */
static int fault(int fd, off_t end) {
  char now = *mode;
  if (now == 'o' || !concerns(fd)) return 0;
  if (now == 'e') return EIO;
  if (now == 'r') return EROFS;
  struct stat about;
  if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) return 0;
  return end > about.st_size ? ENOSPC : 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REFUSE_IF(error) do { int e = (error); if (e != 0) { errno = e; return -1; } } while (0)

ssize_t write(int fd, const void *bytes, size_t count) {
  static __typeof__(&write) real;
  if (real == NULL) real = REAL(write);
  if (*mode != 'o') {
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at >= 0) REFUSE_IF(fault(fd, at + (off_t)count));
  }
  return real(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  static __typeof__(&pwrite64) real;
  if (real == NULL) real = REAL(pwrite64);
  REFUSE_IF(fault(fd, at + (off64_t)count));
  return real(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  static __typeof__(&pwrite) real;
  if (real == NULL) real = REAL(pwrite);
  REFUSE_IF(fault(fd, at + (off_t)count));
  return real(fd, bytes, count, at);
}

int ftruncate64(int fd, off64_t length) {
  static __typeof__(&ftruncate64) real;
  if (real == NULL) real = REAL(ftruncate64);
  REFUSE_IF(fault(fd, length));
  return real(fd, length);
}

int ftruncate(int fd, off_t length) {
  static __typeof__(&ftruncate) real;
  if (real == NULL) real = REAL(ftruncate);
  REFUSE_IF(fault(fd, length));
  return real(fd, length);
}

int fsync(int fd) {
  static __typeof__(&fsync) real;
  if (real == NULL) real = REAL(fsync);
  REFUSE_IF(fault(fd, 0));
  return real(fd);
}

int fdatasync(int fd) {
  static __typeof__(&fdatasync) real;
  if (real == NULL) real = REAL(fdatasync);
  REFUSE_IF(fault(fd, 0));
  return real(fd);
}

int unlink(const char *path) {
  static __typeof__(&unlink) real;
  if (real == NULL) real = REAL(unlink);
  if (is_inside(path)) {
    if (*mode == 'e') REFUSE_IF(EIO);
    if (*mode == 'r') REFUSE_IF(EROFS);
  }
  return real(path);
}

static int open_fault(const char *path, int flags) {
  if (*mode != 'r' || !is_inside(path)) return 0;
  return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) != 0 ? EROFS : 0;
}

#define OPEN(name)                                                       \
  int name(const char *path, int flags, ...) {                           \
    static int (*real)(const char *, int, ...);                          \
    if (real == NULL) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
    va_list rest;                                                        \
    va_start(rest, flags);                                               \
    mode_t rights = va_arg(rest, mode_t);                                \
    va_end(rest);                                                        \
    REFUSE_IF(open_fault(path, flags));                                  \
    return real(path, flags, rights);                                    \
  }

OPEN(open)
OPEN(open64)
