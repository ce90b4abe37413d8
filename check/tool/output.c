/* SPDX-License-Identifier: BSD-2-Clause */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/report.h"
#include "must.h"

static int open_beside(struct output *output)
{
    mode_t mask = umask(0);
    int fd;

    (void)umask(mask);
    output->temporary = must_format("%s.XXXXXX", output->target);
    fd = mkostemp(output->temporary, O_CLOEXEC);
    if (fd < 0) {
        free(output->temporary);
        output->temporary = NULL;
        return -1;
    }
    (void)fchmod(fd, 0666 & ~mask);
    return fd;
}

static int open_target(struct output *output)
{
    struct stat info;

    output->target = realpath(output->path, NULL);
    if (output->target == NULL) {
        output->target = must_copy(output->path);
        return open_beside(output);
    }
    if (stat(output->target, &info) == 0 && !S_ISREG(info.st_mode)) {
        return open(output->path, O_WRONLY | O_CLOEXEC);
    }
    /* A file that may not be written is not replaced either. */
    return access(output->target, W_OK) == 0 ? open_beside(output) : -1;
}

bool output_open(struct output *output, const char *path)
{
    int fd;

    *output = (struct output){.path = path};
    if (path == NULL) {
        return true;
    }
    fd = open_target(output);
    if (fd >= 0) {
        output->file = fdopen(fd, "w");
    }
    if (output->file != NULL) {
        return true;
    }
    report("cannot write %s: %s", path, strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    output_drop(output);
    return false;
}

static bool complete_file(struct output *output)
{
    bool written = fflush(output->file) == 0 && !ferror(output->file);
    int error = errno;

    if (fclose(output->file) != 0 && written) {
        error = errno;
        written = false;
    }
    output->file = NULL;
    errno = error;
    return written && (output->temporary == NULL || rename(output->temporary, output->target) == 0);
}

bool output_close(struct output *output)
{
    if (output->path == NULL) {
        return true;
    }
    if (!complete_file(output)) {
        report("cannot write %s: %s", output->path, strerror(errno));
        output_drop(output);
        return false;
    }
    free(output->temporary);
    output->temporary = NULL;
    output_drop(output);
    return true;
}

void output_drop(struct output *output)
{
    if (output->file != NULL) {
        (void)fclose(output->file);
    }
    if (output->temporary != NULL) {
        (void)unlink(output->temporary);
    }
    free(output->temporary);
    free(output->target);
    *output = (struct output){0};
}
