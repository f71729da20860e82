// SPDX-License-Identifier: Apache-2.0
// A disk that fails: preloaded into a daemon, it makes changes of files in one folder give EIO.
//
// FAILING_FOLDER names the folder, FAILING_FLAG a file: while that is there, its first letter says what fails:
// 'w' writes and syncs, 's' syncs alone. Built and used by test_disk.py.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

// What the flag says; 0 while it is not there, or when `fd` is no file in the folder.
static char failing(int fd) {
  const char* flag = getenv("FAILING_FLAG");
  const char* folder = getenv("FAILING_FOLDER");
  char link[64];
  char path[PATH_MAX];
  char mode = 0;
  const int saved = errno;
  const int file = flag && folder ? open(flag, O_RDONLY | O_CLOEXEC) : -1;
  if (file >= 0) {
    if (read(file, &mode, 1) != 1) mode = 0;
    close(file);
  }
  if (mode != 0) {
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, path, sizeof(path) - 1);
    path[length > 0 ? length : 0] = '\0';
    const size_t prefix = strlen(folder);
    if (strncmp(path, folder, prefix) != 0 || (path[prefix] != '/' && path[prefix] != '\0')) mode = 0;
  }
  errno = saved;
  return mode;
}

static int refused(void) {
  errno = EIO;
  return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t offset) {
  return failing(fd) == 'w' ? refused() : REAL(pwritev)(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec* parts, int count, off64_t offset) {
  return failing(fd) == 'w' ? refused() : REAL(pwritev64)(fd, parts, count, offset);
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  return failing(fd) == 'w' ? refused() : REAL(pwrite)(fd, bytes, count, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t offset) {
  return failing(fd) == 'w' ? refused() : REAL(pwrite64)(fd, bytes, count, offset);
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
  return failing(fd) == 'w' ? refused() : REAL(fallocate)(fd, mode, offset, length);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
  return failing(fd) == 'w' ? refused() : REAL(fallocate64)(fd, mode, offset, length);
}
int fdatasync(int fd) {
  return failing(fd) ? refused() : REAL(fdatasync)(fd);
}
int fsync(int fd) {
  return failing(fd) ? refused() : REAL(fsync)(fd);
}
