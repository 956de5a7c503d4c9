/*
 * A disk that is full while a file says so: whatever would make a regular file longer fails with ENOSPC, as it does on a
 * disk without a free block; what lies within a file goes on. Loaded by LD_PRELOAD into the process that is to see it.
 *
 * FULL_DISK_WHILE names the file. For systems of 64 bits, where a call and its variant for large files do the same.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "a system of 64 bits");

/* Whether writing up to `end` (after the current place, if `from` is -1) makes the file longer, and the disk is full. */
static int full(int fd, off_t from, size_t length)
{
    const char *flag = getenv("FULL_DISK_WHILE");
    int before = errno;
    struct stat file;
    int is_full = 0;
    if (flag && access(flag, F_OK) == 0 && fstat(fd, &file) == 0 && S_ISREG(file.st_mode)) {
        if (from < 0) {
            from = (fcntl(fd, F_GETFL) & O_APPEND) ? file.st_size : lseek(fd, 0, SEEK_CUR);
        }
        is_full = length > 0 && from + (off_t) length > file.st_size;
    }
    errno = is_full ? ENOSPC : before;
    return is_full;
}

static size_t total(const struct iovec *parts, int count)
{
    size_t sum = 0;
    for (int i = 0; i < count; i++) {
        sum += parts[i].iov_len;
    }
    return sum;
}

#define NEXT(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t length)
{
    return full(fd, -1, length) ? -1 : NEXT(write)(fd, bytes, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return full(fd, -1, total(parts, count)) ? -1 : NEXT(writev)(fd, parts, count);
}

/* Those that say where, under each of their names. */
#define PWRITE(name)                                                                                                  \
    ssize_t name(int fd, const void *bytes, size_t length, off_t from)                                                \
    {                                                                                                                 \
        ssize_t (*next)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, #name);                                  \
        return full(fd, from, length) ? -1 : next(fd, bytes, length, from);                                           \
    }
#define PWRITEV(name)                                                                                                 \
    ssize_t name(int fd, const struct iovec *parts, int count, off_t from)                                            \
    {                                                                                                                 \
        ssize_t (*next)(int, const struct iovec *, int, off_t) = dlsym(RTLD_NEXT, #name);                             \
        return full(fd, from, total(parts, count)) ? -1 : next(fd, parts, count, from);                               \
    }
#define POSIX_FALLOCATE(name)                                                                                         \
    int name(int fd, off_t from, off_t length)                                                                        \
    {                                                                                                                 \
        int (*next)(int, off_t, off_t) = dlsym(RTLD_NEXT, #name);                                                     \
        return full(fd, from, length) ? ENOSPC : next(fd, from, length);                                              \
    }
#define FALLOCATE(name)                                                                                               \
    int name(int fd, int mode, off_t from, off_t length)                                                              \
    {                                                                                                                 \
        int (*next)(int, int, off_t, off_t) = dlsym(RTLD_NEXT, #name);                                                \
        return mode == 0 && full(fd, from, length) ? -1 : next(fd, mode, from, length);                               \
    }


PWRITE(pwrite)
PWRITE(pwrite64)
PWRITEV(pwritev)
PWRITEV(pwritev64)
POSIX_FALLOCATE(posix_fallocate)
POSIX_FALLOCATE(posix_fallocate64)
FALLOCATE(fallocate)
FALLOCATE(fallocate64)

/* A length that is set is a hole; InnoDB makes its files longer this way when it may. */
#define FTRUNCATE(name)                                                                                               \
    int name(int fd, off_t length)                                                                                    \
    {                                                                                                                 \
        int (*next)(int, off_t) = dlsym(RTLD_NEXT, #name);                                                            \
        return length > 0 && full(fd, 0, length) ? -1 : next(fd, length);                                             \
    }

FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)
