/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * off: CPU_OFF, as CPU_ON, AFFINITY_INFO and SYSTEM_SUSPEND see it: off at the same moment for all.
 *
 * With -DROLES vCPU 0 alone suspends, looks and starts, and the others come and go. The host
 * refuses each SYSTEM_SUSPEND.
 */
#define FLAGS 0
#define HOSTS 0
#define SUSPENDS
#define REFUSES
#define WINDOWS
#ifdef ROLES
#define FIRST          1
#define ONES           N
#define may_on(v)      (v == 0)
#define may_off(v)     (v != 0)
#define may_suspend(v) (v == 0)
#else
#define FIRST          0
#define ONES           1
#define may_on(v)      true
#define may_off(v)     true
#define may_suspend(v) true
#endif
#define LAST        (N - 1)
#define may_info(v) may_on(v)

#include "protocol.pml"

inline start_hosts()
{
    skip
}

#include "guest.pml"

/* A CPU_OFF comes to its end, and the journal is free again. */
ltl leaves { [] (state[N - 1] == LEAVING -> <> (state[N - 1] != LEAVING)) }
