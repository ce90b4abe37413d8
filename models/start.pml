/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start: who gets SUCCESS from CPU_ON, and what the target enters with.
 *
 * Each vCPU calls CPU_ON and AFFINITY_INFO of each, and CPU_OFF. With -DROLES the last one alone
 * comes and goes, and the others name only it.
 */
#define FLAGS 0
#define HOSTS 0
#ifdef ROLES
#define FIRST      (N - 1)
#define ONES       (N - 1)
#define may_on(v)  (v < N - 1)
#define may_off(v) (v == N - 1)
#else
#define WINDOWS
#define FIRST      0
#define ONES       1
#define may_on(v)  true
#define may_off(v) true
#endif
#define LAST        (N - 1)
#define may_info(v) may_on(v)

#include "protocol.pml"

inline start_hosts()
{
    skip
}

#include "guest.pml"

/* Every CPU_ON that had SUCCESS is followed by an entry; enter() asserts that it is at its address. */
ltl starts { [] (accepted[N - 1] -> <> !accepted[N - 1]) }
