/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suspend: SYSTEM_SUSPEND of vCPU 0, which the host honours or refuses, and wakes that come at any
 * time. The other vCPUs come and go.
 */
#define FLAGS 0
#define HOSTS 2
#define SUSPENDS
#define FIRST          (N > 1)
#define LAST           (N - 1)
#define ONES           N
#define may_on(v)      (v == 0 && N > 1)
#define may_info(v)    false
#define may_off(v)     (v != 0)
#define may_suspend(v) (v == 0)

#include "protocol.pml"

inline start_hosts()
{
    run waker(N, 0);
    run answerer(N + 1)
}

#include "guest.pml"
#include "host.pml"

/* A SYSTEM_SUSPEND that the host decides comes to an end, if wakes come; and so does each wake that
 * came after the guest was found to be alone. */
ltl ends { [] (decided[0] -> <> !decided[0]) }
ltl wakes { [] (owed[0] -> <> !owed[0]) }
