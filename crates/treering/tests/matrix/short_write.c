/* Loaded before the C library: one write to a file takes a part of its bytes only. SHORT_WRITE says which write, what
   part (1, 7, h for half, l for all but the last), what then (g: goes on, f: the disk is full, d: the process dies),
   and which file to make when it strikes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_ulong count;
static atomic_int is_full;

ssize_t write(int file, const void *bytes, size_t len) {
    const char *plan = getenv("SHORT_WRITE");
    char part, then, mark[4096];
    struct stat about;
    unsigned long at;
    if (!plan || fstat(file, &about) || !S_ISREG(about.st_mode) ||
        sscanf(plan, "%lu %c %c %4095s", &at, &part, &then, mark) != 4)
        return syscall(SYS_write, file, bytes, len);
    if (atomic_load(&is_full)) {
        errno = ENOSPC;
        return -1;
    }
    size_t taken = part == '1' ? 1 : part == '7' ? 7 : part == 'h' ? len / 2 : len - 1;
    if (atomic_fetch_add(&count, 1) + 1 != at || taken == 0 || taken >= len)
        return syscall(SYS_write, file, bytes, len);
    close(open(mark, O_CREAT | O_WRONLY, 0600));
    atomic_store(&is_full, then == 'f');
    ssize_t result = syscall(SYS_write, file, bytes, taken);
    if (then == 'd')
        raise(SIGKILL);
    return result;
}
