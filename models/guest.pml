/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The owners of vCPUs, each with its guest, which calls whatever the model lets it call, in any
 * order and for ever; and the start of them all.
 *
 * A model says which vCPU may call what (may_on() and so on), which vCPUs calls name (FIRST to
 * LAST), how many vCPUs are on at the start (ONES), and starts the threads of the host in
 * start_hosts(). -DLIMIT=n: n calls of each guest, and of each thread of the host.
 */
#ifdef LIMIT
#define may_call (calls < LIMIT)
#define one_less calls++
#else
#define may_call true
#define one_less skip
#endif

proctype vcpu(byte me) MEANWHILE
{
    LOCALS;
    byte target, calls;

    got = (running[me] -> RUNS : WAITS);
    do
    :: got == WAITS ->
        /* until the embedder is told to ask again */
end_of_wait:
        d_step { kicked[me] -> kicked[me] = 0 };
        vcpu_next()
#ifdef SPURIOUS
    /* An embedder may ask at any time. */
    :: got == WAITS -> vcpu_next()
#endif
#ifdef STOPS
    :: got != WAITS && kicked[me] -> kicked[me] = 0; vcpu_next()
#endif
    :: got != WAITS && may_call ->
        one_less;
        if
        :: may_on(me) -> select(target : FIRST .. LAST); cpu_on(target, me + 1)
        :: may_info(me) -> select(target : FIRST .. LAST); affinity_info(target)
        :: may_off(me) -> cpu_off()
#ifdef SUSPENDS
        :: may_suspend(me) ->
            system_suspend(me + 1);
#ifdef REFUSES
            /* The owner's thread is the host that decides, at once. */
            if
            :: got == WAITS -> answer(me, DENIED); got = WAITS
            :: else -> skip
            fi
#endif
#endif
#ifdef STOPS
        :: may_halt(me) -> system_off()
#endif
        fi;
        target = 0
    od
}

init {
    byte me;

    c_code {
        now.mistake = getenv("MISTAKE") ? atoi(getenv("MISTAKE")) : 0;
        now.goal = getenv("GOAL") ? atoi(getenv("GOAL")) : 0;
    };
    atomic {
        begin_on(ONES);
        do
        :: me < N -> run vcpu(me); me++
        :: else -> break
        od;
        start_hosts()
    };
    print_history()
}
