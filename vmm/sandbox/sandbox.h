/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place where the process gives up what it no longer needs: its user, its capabilities, the
 * file system, and all system calls but those on the lists in this folder. What needs more than
 * that is opened before.
 */
#ifndef DORMOUSE_SANDBOX_SANDBOX_H
#define DORMOUSE_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/option.h"

/* Each has a list of its own. A thread inherits the main thread's filter and adds its own to it. */
enum sandbox_role {
    SANDBOX_MAIN,
    SANDBOX_VCPU,
};

enum { SANDBOX_NAME_SIZE = 64 };

/* The user that the process becomes. */
struct sandbox_user {
    char name[SANDBOX_NAME_SIZE];
    uid_t uid;
    gid_t gid;
};

/*
 * Looks `name` up in /etc/passwd; "UID:GID" in decimal needs no entry there. Returns false after
 * report()ing one line: there is no such user, or this process may not become it.
 */
bool sandbox_find_user(struct sandbox_user *user, const char *name);

/* Without --user: `nobody` for root, otherwise the user that started the process. */
void sandbox_default_user(struct sandbox_user *user);

/* The options of `dormouse run` that are about it. */
struct sandbox_settings {
    struct sandbox_user user; /* if given; else sandbox_default_user() says */
    bool user_given;
    bool none; /* no sandbox at all */
};

enum { SANDBOX_OPTION_COUNT = 2 };
extern const struct option_row sandbox_options[SANDBOX_OPTION_COUNT];

/* Options that exclude each other: returns false after report()ing one line. */
bool sandbox_settings_agree(const struct sandbox_settings *settings);

/* What is still done to a path after sandbox_enter(). */
enum sandbox_use {
    SANDBOX_REMOVES,  /* the file is removed from its folder */
    SANDBOX_REOPENS,  /* it is opened again, renamed or created again, by the main thread */
    SANDBOX_REPLACES, /* another file takes its place, by the main thread */
    SANDBOX_SAVES,    /* a file is written, read and renamed in its folder, by the main thread */
    SANDBOX_READS,    /* all that is in its folder is read */
    SANDBOX_CONNECTS, /* the same as SANDBOX_REMOVES; and programs that listen on a Unix socket are reached */
};

struct sandbox_path {
    const char *path; /* NULL: the entry is ignored */
    enum sandbox_use use;
    bool
        renames; /* a file that has a limit or is an image: the user must be allowed to rename it */
};

struct sandbox_options {
    const char *name; /* of the VM, for messages; NULL: they carry none */
    const struct sandbox_user *user;
    const struct sandbox_path *paths;
    size_t path_count;
    /*
     * Files that this process has created: the new user gets them, so that it can open them again.
     * A negative descriptor is ignored.
     */
    const int *created;
    size_t created_count;
    bool has_back_ends; /* of vhost-user: each start of a device gives them descriptors */
    bool has_vhost;     /* a thread of the kernel serves queues of a network, from start to stop */
    /*
     * Called before a forbidden system call ends the process, on the thread that made it, in a
     * signal handler: async-signal-safe. NULL: nothing is to be done.
     */
    void (*at_end)(void);
};

/* What the process ends with after a forbidden system call: as if SIGSYS had ended it. */
enum { SANDBOX_STATUS = 128 + 31 };

/*
 * Enters the sandbox; there is no way back. Main thread, after everything is opened and before any
 * other thread exists. Returns 0, or -1 after report()ing one line; the process must then end,
 * because it may have given up a part already.
 *
 * From then on a forbidden system call ends the process with SANDBOX_STATUS, and one line on
 * standard error names the call and the role of the thread.
 */
int sandbox_enter(const struct sandbox_options *options);

/*
 * Adds the filter of the vCPUs' role to the calling thread. If that fails, the process ends with
 * status 1 after one line. Does nothing if sandbox_enter() was not called.
 */
void sandbox_enter_vcpu(void);

/* Prints each role's list, and what this kernel has of the rest. Returns false if it cannot. */
bool sandbox_show(FILE *stream);

#endif
