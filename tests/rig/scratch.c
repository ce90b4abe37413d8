/* SPDX-License-Identifier: BSD-2-Clause */
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch_folder[256];
static int saved_folder = -1;

int scratch_enter(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    (void)snprintf(scratch_folder, sizeof(scratch_folder), "%s/dormouse-test-XXXXXX",
                   parent ? parent : "/tmp");
    saved_folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return saved_folder < 0 || !mkdtemp(scratch_folder) || chdir(scratch_folder) < 0 ? -1 : 0;
}

int scratch_leave(void **state)
{
    DIR *folder = opendir(".");
    const struct dirent *entry;

    (void)state;
    if (!folder) {
        return -1;
    }
    while ((entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)unlink(entry->d_name);
        }
    }
    closedir(folder);
    if (fchdir(saved_folder) < 0) {
        return -1;
    }
    close(saved_folder);
    return rmdir(scratch_folder);
}

FILE *scratch_open(const char *name, const char *mode)
{
    FILE *file = fopen(name, mode);

    if (!file) {
        fail_msg("cannot open %s: %s", name, strerror(errno));
        abort(); /* Not reached; this tells the compiler so. */
    }
    return file;
}

void scratch_write(const char *name, const void *bytes, size_t size)
{
    FILE *file;

    (void)unlink(name);
    file = scratch_open(name, "wxe");
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

size_t scratch_entry_count(void)
{
    DIR *folder = opendir(".");
    size_t count = 0;

    if (!folder) {
        fail_msg("cannot list the folder: %s", strerror(errno));
        return 0;
    }
    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count - 2; /* "." and ".." */
}

void scratch_limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}
