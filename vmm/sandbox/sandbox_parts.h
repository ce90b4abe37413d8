/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the sandbox share. All functions here are the main thread's if not said. */
#ifndef DORMOUSE_SANDBOX_PARTS_H
#define DORMOUSE_SANDBOX_PARTS_H

#include <linux/filter.h>
#include <stdint.h>
#include <ucontext.h>

#include "sandbox/sandbox.h"

/*
 * A row of a list: the system call `call` is allowed if its `argument` & `mask` is `value`, always
 * if `mask` is 0. `refusal`: the call fails with this errno instead of being done.
 */
struct sandbox_rule {
    const char *call;
    const char *words; /* what the condition says; NULL: there is none */
    unsigned argument;
    uint64_t mask;
    uint64_t value;
    bool own_process; /* the value is this process's ID */
    int refusal;
};

struct sandbox_list {
    const char *title;
    const struct sandbox_rule *rules;
    size_t count;
};

/* The lists that a thread of this role is held to. */
enum { SANDBOX_LISTS_MAX = 8 };
struct sandbox_lists {
    const struct sandbox_list *list[SANDBOX_LISTS_MAX];
    size_t count;
};

const char *sandbox_role_name(enum sandbox_role role);

/* Lists that not every VM has, as a set of bits. */
enum {
    SANDBOX_NEEDS_REOPEN = 1 << 0,    /* files are opened again */
    SANDBOX_NEEDS_CONNECT = 1 << 1,   /* programs on Unix sockets are reached */
    SANDBOX_NEEDS_BACK_ENDS = 1 << 2, /* other processes are given descriptors */
    SANDBOX_NEEDS_SAVE = 1 << 3,      /* the VM's image is written and read */
    SANDBOX_NEEDS_VHOST = 1 << 4,     /* a thread of the kernel serves queues */
    SANDBOX_NEEDS_ALL = (1 << 5) - 1,
    /* Those that the vCPUs' threads can have. */
    SANDBOX_NEEDS_OF_VCPUS = SANDBOX_NEEDS_BACK_ENDS | SANDBOX_NEEDS_VHOST,
};

/* Stands for this process's ID in the filters that the build makes: above the kernel's limit of IDs. */
enum { SANDBOX_OWN_PROCESS = 0x7e57f11e };

struct sandbox_lists sandbox_lists_of(enum sandbox_role role, unsigned needs);

/* What a sanitizer's runtime needs besides; empty without one. A linked variant. */
extern const struct sandbox_list sandbox_list_instruments;
/* And the file that it reads; its path is NULL without one. */
extern const struct sandbox_path sandbox_path_instruments;

/* Whether this process, which is the user now, may rename and create what it has to. 0, or -errno after report()ing a line. */
int paths_check(const struct sandbox_options *options);

/*
 * The filter of a role for this processor and process. 0 or -errno, -ENOENT if no VM has such a combination; free()
 * `filter->filter`.
 */
int filter_build(struct sock_fprog *filter, enum sandbox_role role, unsigned needs);
/* Puts the calling thread behind it; `all`: every thread of the process. 0 or -errno. Any thread.
 */
int filter_load(const struct sock_fprog *filter, bool all);
/* Whether this kernel can trap system calls. 0 or -errno. */
int filter_check(void);

/*
 * Gives `options->created` to the new user, and gives up user, groups, capabilities and limits for
 * good. 0, or -1 after report()ing.
 */
int privilege_drop(const struct sandbox_options *options);

/* The newest Landlock interface that this kernel has, or 0. */
int landlock_version(void);
/* Closes the file system but for `options->paths`. 0, or -1 after report()ing. */
int landlock_enter(const struct sandbox_options *options);

/* Prepares the handler of SIGSYS. 0 or -errno. */
int trap_prepare(const struct sandbox_options *options);
/* From now on the calling thread is of this role. Any thread. */
void trap_set_role(enum sandbox_role role);
/* Calls at_end() and ends the process. Any thread. */
_Noreturn void trap_end(int status);

/* The name of a system call of this processor, or NULL. Any thread, also in a signal's handler. */
const char *trap_call_name(int number);

/* The second argument of the system call that was trapped. A linked variant per processor. */
uint64_t trap_second_argument(const ucontext_t *context);

#endif
