/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * save: a record is saved at any time, and holds what was true of all vCPUs at one moment. vCPU 0
 * starts the others, and suspends; or, with -DASKS, the host decides each CPU_ON. Without -DASKS and
 * -DSLEEPS there is nothing to decide.
 */
#ifdef ASKS
#define FLAGS 1 /* ASKS of tests/lib/explore */
#else
#define FLAGS 0
#endif
#if defined(ASKS) || defined(SLEEPS)
#define HOSTS 2
#else
#define HOSTS 1
#endif
#define SAVES
#define SUSPENDS
#define FIRST          (N > 1)
#define LAST           (N - 1)
#define ONES           N
#define may_on(v)      (v == 0 && N > 1)
#define may_info(v)    false
#define may_off(v)     (v != 0)
#ifdef SLEEPS
#define may_suspend(v) (v == 0)
#else
#define may_suspend(v) false
#endif

#include "protocol.pml"

inline start_hosts()
{
    run saver(N);
    if
    :: HOSTS > 1 -> run answerer(N + 1)
    :: else -> skip
    fi
}

#include "guest.pml"
#include "host.pml"
