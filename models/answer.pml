/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answer: SYSTEM_SUSPEND of vCPU 0 and SYSTEM_OFF of each, answered by two threads at the same time:
 * one answer counts. With -DWAKES vCPU 0 is woken meanwhile.
 */
#define FLAGS 0
#ifdef WAKES
#define HOSTS 3
#else
#define HOSTS 2
#endif
#define SUSPENDS
#define STOPS
#define FIRST          0
#define LAST           0
#define ONES           N
#define may_on(v)      false
#define may_info(v)    false
#define may_off(v)     (v != 0)
#define may_suspend(v) (v == 0)
#ifdef WAKES
#define may_halt(v)    false
#else
#define may_halt(v)    true
#endif

#include "protocol.pml"

inline start_hosts()
{
    run answerer(N);
    run answerer(N + 1);
    if
    :: HOSTS > 2 -> run waker(N + 2, 0)
    :: else -> skip
    fi
}

#include "guest.pml"
#include "host.pml"

/* A system request is decided; then its vCPU gets the answer, unless the system has stopped. */
ltl decides { [] (stage == STOP_ASKED -> <> (stage != STOP_ASKED)) }
ltl returns { [] (state[0] == RETURNING -> <> (state[0] != RETURNING || stage == STOPPED)) }
