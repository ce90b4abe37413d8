/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/flash/flash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"

static int flash_map_code(struct flash *flash, const char *path, uint64_t length)
{
    int error = memory_create(&flash->code_memory, ipa(0), FLASH_BANK_SIZE);

    if (error == 0) {
        error = memory_map_file(&flash->code_memory, ipa(0), flash->code.fd, length);
    }
    if (error != 0) {
        report("cannot map firmware %s: %s", path, strerror(-error));
        return -1;
    }
    flash->code.host = flash->code_memory.host;
    flash->code.length = length;
    return 0;
}

static int flash_open_code(struct flash *flash, const char *path)
{
    uint64_t length;

    flash->code.fd = file_open(path, "firmware", &length);
    if (flash->code.fd < 0) {
        return -1;
    }
    if (length == 0 || length > FLASH_BANK_SIZE) {
        report("firmware %s: has %llu bytes; a flash has room for 1 to %d", path,
               (unsigned long long)length, FLASH_BANK_SIZE);
        return -1;
    }
    return flash_map_code(flash, path, length);
}

static int flash_put(int fd, uint64_t offset, const void *bytes, size_t size)
{
    const uint8_t *next = bytes;

    while (size > 0) {
        ssize_t put = pwrite(fd, next, size, (off_t)offset);

        if (put > 0) {
            next += put;
            offset += (size_t)put;
            size -= (size_t)put;
        } else if (put == 0 || errno != EINTR) {
            return put == 0 ? -EIO : -errno;
        }
    }
    return 0;
}

static bool flash_is_zero(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Copies all but zeros: a template is small in 64 MiB, and the rest stays a hole. 0 or -errno. */
static int flash_copy(int to, int from)
{
    enum { PIECE = 64 << 10 };
    uint8_t *piece = malloc(PIECE);
    int error = piece != NULL ? 0 : -ENOMEM;
    size_t count = PIECE;

    for (uint64_t at = 0; error == 0 && count == PIECE && at < FLASH_BANK_SIZE; at += PIECE) {
        error = file_read(from, at, piece, PIECE, &count);
        if (error == 0 && !flash_is_zero(piece, count)) {
            error = flash_put(to, at, piece, count);
        }
    }
    free(piece);
    return error;
}

/* Reports why the variables cannot be created. `path` is NULL for a private copy. Returns -1. */
static int flash_fail_create(const char *path, const char *template, int error)
{
    const char *from = template != NULL ? " from " : "";

    report("%s%s: cannot create %s%s%s: %s", path != NULL ? "--vars " : "--firmware",
           path != NULL ? file_shown(path) : "", path != NULL ? "the file" : "its variables", from,
           template != NULL ? template : "", strerror(error));
    return -1;
}

/* Makes an empty file a bank: with the template's content, or zeros. 0, or -1 after report()ing. */
static int flash_fill(int fd, const char *path, const char *template)
{
    uint64_t length = 0;
    int error = 0;

    if (template != NULL) {
        int from = file_open(template, "template of variables", &length);

        if (from < 0) {
            return -1;
        }
        error = length <= FLASH_BANK_SIZE ? flash_copy(fd, from) : -EFBIG;
        close(from);
    }
    if (error == 0 && ftruncate(fd, FLASH_BANK_SIZE) < 0) {
        error = -errno;
    }
    return error == 0 ? 0 : flash_fail_create(path, template, -error);
}

/* If the file has come into being meanwhile, it stays as it is. */
static int flash_create_by(const char *temporary, const char *path, const char *template)
{
    int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0) {
        return flash_fail_create(path, NULL, errno);
    }
    int result = flash_fill(fd, path, template);
    close(fd);
    if (result == 0 && link(temporary, path) < 0 && errno != EEXIST) {
        result = flash_fail_create(path, NULL, errno);
    }
    (void)unlink(temporary);
    return result;
}

/* Creates the file under another name first, so that it is complete or not there. */
static int flash_create_vars(const char *path, const char *template)
{
    char *temporary;

    if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0) {
        return flash_fail_create(path, NULL, ENOMEM);
    }
    int result = flash_create_by(temporary, path, template);
    free(temporary);
    return result;
}

static int flash_lock(int fd, const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
        return 0;
    }
    if (errno == EAGAIN || errno == EACCES) {
        report("--vars %s: another machine uses this file; give each machine its own", path);
    } else {
        report("--vars %s: cannot lock the file: %s", path, strerror(errno));
    }
    return -1;
}

static int flash_check_vars(int fd, const char *path)
{
    struct stat info;

    if (fstat(fd, &info) < 0) {
        report("--vars %s: %s", path, strerror(errno));
        return -1;
    }
    if (!S_ISREG(info.st_mode) || info.st_size != FLASH_BANK_SIZE) {
        report("--vars %s: not a file of %d bytes, as flash for variables is; give a file of that "
               "size, or a name that does not exist",
               path, FLASH_BANK_SIZE);
        return -1;
    }
    return flash_lock(fd, path);
}

/* Returns a descriptor, or -1 after report()ing. */
static int flash_open_vars_file(const struct flash_paths *paths)
{
    int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = open(paths->vars, flags);

    if (fd < 0 && errno == ENOENT) {
        if (flash_create_vars(paths->vars, paths->vars_template) != 0) {
            return -1;
        }
        fd = open(paths->vars, flags);
    }
    if (fd < 0) {
        report("--vars %s: cannot open the file: %s", file_shown(paths->vars), strerror(errno));
        return -1;
    }
    if (flash_check_vars(fd, paths->vars) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The same without a file. */
static int flash_open_vars_private(const struct flash_paths *paths)
{
    int fd = memfd_create("variables", MFD_CLOEXEC);

    if (fd < 0) {
        return flash_fail_create(NULL, NULL, errno);
    }
    if (flash_fill(fd, NULL, paths->vars_template) != 0) {
        close(fd);
        return -1;
    }
    report("without --vars FILE the firmware's variables are lost at the end");
    return fd;
}

static int flash_open_vars(struct flash *flash, const struct flash_paths *paths)
{
    struct flash_bank *vars = &flash->vars;

    vars->fd = paths->vars != NULL ? flash_open_vars_file(paths) : flash_open_vars_private(paths);
    if (vars->fd < 0) {
        return -1;
    }
    void *host = mmap(NULL, FLASH_BANK_SIZE, PROT_READ, MAP_SHARED, vars->fd, 0);
    if (host == MAP_FAILED) {
        report("cannot map the firmware's variables: %s", strerror(errno));
        return -1;
    }
    vars->host = host;
    vars->length = FLASH_BANK_SIZE;
    return 0;
}

struct flash *flash_open(const struct flash_paths *paths)
{
    struct flash *flash = malloc(sizeof(*flash));

    if (flash == NULL) {
        report("cannot open firmware %s: %s", paths->code, strerror(ENOMEM));
        return NULL;
    }
    *flash = (struct flash){.code.fd = -1, .vars.fd = -1};
    if (flash_open_code(flash, paths->code) != 0 || flash_open_vars(flash, paths) != 0) {
        flash_close(flash);
        return NULL;
    }
    return flash;
}

void flash_close(struct flash *flash)
{
    if (flash == NULL) {
        return;
    }
    if (flash->vars.host != NULL) {
        munmap((void *)(uintptr_t)flash->vars.host, FLASH_BANK_SIZE);
    }
    memory_destroy(&flash->code_memory);
    if (flash->vars.fd >= 0) {
        close(flash->vars.fd);
    }
    if (flash->code.fd >= 0) {
        close(flash->code.fd);
    }
    free(flash);
}

void flash_drop(const struct flash *flash)
{
    if (flash != NULL) {
        memory_drop_files(&flash->code_memory);
        (void)madvise((void *)(uintptr_t)flash->vars.host, FLASH_BANK_SIZE, MADV_DONTNEED);
    }
}

void flash_read(const struct flash_bank *bank, uint64_t offset, void *bytes, size_t size)
{
    size_t count = 0;

    memset(bytes, 0, size);
    if (offset < bank->length) {
        (void)file_read(bank->fd, offset, bytes, size, &count);
    }
}

bool flash_write(struct flash_bank *bank, uint64_t offset, const void *bytes, size_t size)
{
    int error = flash_put(bank->fd, offset, bytes, size);

    if (error != 0 && !bank->failed) {
        bank->failed = true;
        report("cannot write the firmware's variables: %s; the firmware is told of the failure",
               strerror(-error));
    }
    return error == 0;
}
