/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask: CPU_ON that the host decides, answered by HOSTS threads. vCPU 0 starts and names the others, which
 * come and go.
 */
#define FLAGS 1 /* ASKS of tests/lib/explore */
#define ASKS
#ifdef ROLES
#define ONES       (N - 1)
#define FIRST      (N - 1)
#define may_on(v)  (v != N - 1)
#define may_off(v) (v == N - 1)
#else
#define ONES       1
#define FIRST      0
#define may_on(v)  true
#define may_off(v) (v != 0)
#endif
#define LAST        (N - 1)
#define may_info(v) false

#include "protocol.pml"

inline start_hosts()
{
    run answerer(N);
    if
    :: HOSTS > 1 -> run answerer(N + 1)
    :: else -> skip
    fi
}

#include "guest.pml"
#include "host.pml"

/* Who asks gets an answer, and a CPU_ON that was honoured is followed by an entry. */
ltl answers_come { [] (state[0] == ASKING -> <> (state[0] != ASKING)) }
ltl starts { [] (accepted[N - 1] -> <> !accepted[N - 1]) }
