/* SPDX-License-Identifier: BSD-2-Clause */
/* The filters, which filter_make.c has made of the lists on the build machine; loading is done here, by each thread. */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/rows.h"
#include "sandbox/sandbox_parts.h"

#define FILTER(role, needs, length)
#define INSTRUCTION(code, if_true, if_false, k) {code, if_true, if_false, k},
static const struct sock_filter instructions[] = {
#include "sandbox_filters.inc"
};
#undef FILTER
#undef INSTRUCTION

/* The instructions of one are behind those of the one before. */
#define FILTER(role, needs, length) {role, needs, length},
#define INSTRUCTION(code, if_true, if_false, k)
static const struct {
    unsigned char role;
    unsigned char needs;
    unsigned short length;
} filters[] = {
#include "sandbox_filters.inc"
};

/* The place of this process's ID in the rules is taken by a number that no process has. */
static void put_own_process(struct sock_fprog *filter)
{
    const unsigned own = (unsigned)getpid();

    for (size_t i = 0; i < filter->len; i++) {
        if (filter->filter[i].k == SANDBOX_OWN_PROCESS) {
            filter->filter[i].k = own;
        }
    }
}

static int copy_filter(struct sock_fprog *filter, const struct sock_filter *from,
                       unsigned short length)
{
    filter->filter = malloc(length * sizeof(*from));
    if (filter->filter == NULL) {
        return -ENOMEM;
    }
    memcpy(filter->filter, from, length * sizeof(*from));
    filter->len = length;
    put_own_process(filter);
    return 0;
}

int filter_build(struct sock_fprog *filter, enum sandbox_role role, unsigned needs)
{
    const struct sock_filter *first = instructions;

    *filter = (struct sock_fprog){.len = 0};
    for (size_t i = 0; i < ROWS(filters); i++) {
        if (filters[i].role == role && filters[i].needs == needs) {
            return copy_filter(filter, first, filters[i].length);
        }
        first += filters[i].length;
    }
    return -ENOENT;
}

int filter_load(const struct sock_fprog *filter, bool all)
{
    unsigned flags = all ? SECCOMP_FILTER_FLAG_TSYNC : 0;
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, filter);

    /* Above 0: a thread that could not follow. */
    if (result > 0) {
        return -ESRCH;
    }
    return result == 0 ? 0 : -errno;
}

int filter_check(void)
{
    uint32_t action = SECCOMP_RET_TRAP;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ? 0 : -errno;
}
