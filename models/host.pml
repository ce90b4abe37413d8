/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads of the host: they wake, answer and save whenever they like, for ever. */

/* Wakes one vCPU. */
proctype waker(byte me; byte w) MEANWHILE
{
    LOCALS;
    byte calls;

end:
    do
    :: may_call -> one_less; wake(w)
    od
}

#define asks(w) ((w) < N && (state[(w) % N] == SUSPEND_ASKED || state[(w) % N] == ASKING || \
                             (stage == STOP_ASKED && actor == (w))))

/* Answers every request. Another thread may answer first. */
proctype answerer(byte me) MEANWHILE
{
    LOCALS;
    byte calls, w, result;

end:
    do
    :: may_call && (asks(0) || asks(1) || asks(2)) ->
        one_less;
        if
        :: asks(0) -> w = 0
        :: asks(1) -> w = 1
        :: asks(2) -> w = 2
        :: else -> w = 0
        fi;
        if
        :: result = SUCCESS
        :: result = DENIED
        fi;
        answer(w, result);
        w = 0;
        result = 0
    od
}

#ifdef SAVES
proctype saver(byte me) MEANWHILE
{
    LOCALS;
    byte calls, at, starting, asking;
    bit same_words;
    byte put_state[N], put_entry[N], now_state[N], now_entry[N];

end:
    do
    :: may_call -> one_less; save()
    od
}
#endif
