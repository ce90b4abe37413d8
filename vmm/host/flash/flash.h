/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files behind a machine's flash: the firmware's code, which is only read, and its variables.
 * This process touches the mappings of neither, so that a file which another program truncates
 * cannot end it; the guest's own access then fails.
 */
#ifndef DORMOUSE_HOST_FLASH_FLASH_H
#define DORMOUSE_HOST_FLASH_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/memory.h"

enum { FLASH_BANK_SIZE = 64 << 20 };

/* FLASH_BANK_SIZE bytes. */
struct flash_bank {
    int fd;
    uint64_t length;  /* of the file; after it the bank reads as zero */
    const void *host; /* where the bank is mapped, for the guest to read */
    bool failed;      /* a write has failed, which is reported once */
};

struct flash {
    struct flash_bank code;
    struct flash_bank vars;
    struct memory code_memory; /* code.host */
};

struct flash_paths {
    const char *code;
    const char *vars; /* NULL: a private copy, which is lost at the end */
    /* What a file of variables that is not there begins as; NULL: as zeros. */
    const char *vars_template;
};

/*
 * Opens and maps the files. A file of variables that does not exist is created, complete or not at
 * all, and is locked: no other machine can use it at the same time. Returns NULL after report()ing
 * one line. Main thread, as flash_close().
 */
struct flash *flash_open(const struct flash_paths *paths);
/* NULL is ignored. */
void flash_close(struct flash *flash);

/* Returns the banks' pages to the host; they come again from the files when the guest reads them. NULL is ignored. */
void flash_drop(const struct flash *flash);

/* Any thread; the caller orders the calls for one bank. What lies outside of the file reads as zero. */
void flash_read(const struct flash_bank *bank, uint64_t offset, void *bytes, size_t size);
/*
 * Writes into the file of the variables at once: the page cache has it, in order, if this process
 * is killed. False after report()ing a line, once.
 */
bool flash_write(struct flash_bank *bank, uint64_t offset, const void *bytes, size_t size);

#endif
