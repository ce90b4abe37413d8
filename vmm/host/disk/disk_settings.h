/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator asks for with --disk. */
#ifndef DORMOUSE_HOST_DISK_SETTINGS_H
#define DORMOUSE_HOST_DISK_SETTINGS_H

#include <stdbool.h>

enum {
    DISKS_MAX = 16,
    DISK_SERIAL_MAX = 20, /* virtio 1.2, 5.2.6: the device ID string */
};

enum disk_aio {
    DISK_AIO_AUTO, /* io_uring if the kernel lets this process use it, otherwise threads */
    DISK_AIO_URING,
    DISK_AIO_THREADS,
};

/* What happens if the file cannot be read or written. */
enum disk_on_error {
    DISK_REPORT_ERRORS, /* the guest gets an I/O error */
    DISK_PAUSE_ON_ERROR,
};

struct disk_settings {
    const char *value; /* of the option; begins with the file's name. For disk_name() */
    bool vhost_user;   /* it is a socket's name, behind which another process has the disk */
    bool read_only;
    bool raw; /* whatever the file begins with is the guest's */
    enum disk_on_error on_error;
    enum disk_aio aio;
    unsigned number; /* from 0 on, in the order of the command line */
    unsigned queues; /* that the guest gets; 0: one */
    char serial[DISK_SERIAL_MAX + 1];
};

/* All disks of a VM, in the order of the command line. */
struct disk_list {
    unsigned count;
    struct disk_settings at[DISKS_MAX];
};

/* The file's name, in which a doubled comma is one. The caller frees it; NULL: no memory. */
char *disk_name(const struct disk_settings *settings);

#endif
