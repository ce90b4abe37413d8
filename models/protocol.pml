/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol of lib/, one access to shared memory a step. README.md says how the models are built
 * and read.
 *
 * A model defines N, HOSTS and what it has of ASKS, WINDOWS and SAVES, and includes this file.
 * Threads 0 to N-1 own the vCPUs of the same number; the threads of the host have the numbers from
 * N on.
 */
/* One of the mistakes that SPIN must find, and a place that it must reach: 0 for none. The verifier
 * takes them from its environment, so that one serves for all. */
byte mistake;
byte goal;

#define reached(place) assert(goal != place)

#define THREADS (N + HOSTS)
#define NONE    255

/* enum vpsci__state */
#define OFF           0
#define STARTING      2
#define PENDING       3
#define ON            4
#define RETURNING     5
#define ASKING        6
#define SUSPEND_ASKED 9
#define SUSPENDED     10
#define SAVED_COUNT   12
#define CLAIMED       12
#define LEAVING       13
#define CHECKING      14
#define ANSWERING     15
#define HONOURING     16

/* enum vpsci__stage */
#define RUNNING       0
#define STOP_ASKED    1
#define STOP_ANSWERED 2
#define STOPPED       3

/* Results, negated */
#define SUCCESS          0
#define DENIED           3
#define ALREADY_ON       4
#define ON_PENDING       5
#define INTERNAL_FAILURE 6
#define E_STATE          250 /* of vpsci_answer(), and BUSY of vpsci_save() */
#define WAITS            251 /* the outcome is a wait */
#define ENTERS           252 /* ... an entry */
#define RUNS             253 /* ... to run on */

/* What a step is, in a trace */
#define LOAD    0
#define STORE   1
#define SWAP    2
#define FAILS   3 /* a swap that found something else */
#define ADD     4
#define CALLS   5
#define RETURNS 6
/* ... and what it is about: a cell, or a call */
#define WORD    0
#define CENSUS  1
#define SYSTEM  2
#define ENTRY   3
#define DO_ON      0
#define DO_OFF     1
#define DO_INFO    2
#define DO_SUSPEND 3
#define DO_HALT    4
#define DO_NEXT    5
#define DO_WAKE    6
#define DO_ACCEPT  7
#define DO_REFUSE  8
#define DO_SAVE    9

/* ---- Shared memory ------------------------------------------------------------------------- */

/* A vCPU's word. Its count of changes is not here; see `watched`. */
byte state[N];
bit woken[N];
bit unsettled[N];
byte code[N];
byte peer[N]; /* the target of ASKING, in the payload's `form` */
/* The payload: entry, context and form are one cell. */
byte payload[N];

/* The census. Its count of journal entries is not here; see `fresh`. */
byte count;
byte journal = NONE;

/* The system's word */
byte stage = RUNNING;
byte actor = NONE;

/*
 * Words count their changes, so that a swap succeeds only if the word has not changed at all since
 * it was read. A model with numbers that grow is endless. Instead each thread has a note of what it
 * expects, which any change wipes out: as if the numbers had no last one.
 */
byte watched[THREADS]; /* the vCPU whose word the thread has read, plus 1; 0 after a change */
bit same[N];           /* the owner's own word has not changed since the owner wrote it */
bit fresh[THREADS];    /* the journal has had no entry since the thread has read the census */
#ifdef SAVES
bit kept[N]; /* the word has not changed since the first look of a save */
#endif

/* ---- What must hold ------------------------------------------------------------------------ */

bit accepted[N];  /* a CPU_ON had SUCCESS, and the vCPU has not entered since */
byte promised[N]; /* its payload */
bit running[N];   /* the guest runs on the vCPU */
bit decided[N];   /* SYSTEM_SUSPEND has found the others off, and is not over */
bit due[N];       /* ... and a wake began after that */
bit owed[N];      /* ... and is over: it must end the sleep, unless the host refuses */
byte answers[N];  /* how many answers counted of this request */
bit kicked[N];    /* the embedder has been told that this vCPU has something to do */

#ifdef WINDOWS
/* What the target of a thread's call was at some moment of the call: 1 off, 2 pending, 4 on. */
byte target_of[THREADS];
byte moments[THREADS];
#endif

hidden byte i_;
hidden byte k_;

#define is_off(t) (state[t] == OFF || (state[t] == LEAVING && journal == (t)))
#define is_pending(t) (state[t] == CLAIMED || state[t] == STARTING || state[t] == PENDING)
#define moment(t) (is_off(t) -> 1 : (is_pending(t) -> 2 : 4))

/* ---- Traces -------------------------------------------------------------------------------- */

inline print_step(by, op, place, at, first, second, third)
{
    if
    :: op == LOAD -> printf("@ %d load", by)
    :: op == STORE -> printf("@ %d store", by)
    :: op == SWAP -> printf("@ %d swap", by)
    :: op == FAILS -> printf("@ %d fails", by)
    :: op == ADD -> printf("@ %d add", by)
    :: op == CALLS -> printf("@ %d calls", by)
    :: op == RETURNS -> printf("@ %d returns", by)
    fi;
    if
    :: op == RETURNS -> skip
    :: op == CALLS && place == DO_ON -> printf(" on")
    :: op == CALLS && place == DO_OFF -> printf(" off")
    :: op == CALLS && place == DO_INFO -> printf(" info")
    :: op == CALLS && place == DO_SUSPEND -> printf(" suspend")
    :: op == CALLS && place == DO_HALT -> printf(" halt")
    :: op == CALLS && place == DO_NEXT -> printf(" next")
    :: op == CALLS && place == DO_WAKE -> printf(" wake")
    :: op == CALLS && place == DO_ACCEPT -> printf(" accept")
    :: op == CALLS && place == DO_REFUSE -> printf(" refuse")
    :: op == CALLS && place == DO_SAVE -> printf(" save")
    :: op < CALLS && place == WORD -> printf(" word")
    :: op < CALLS && place == CENSUS -> printf(" census")
    :: op < CALLS && place == SYSTEM -> printf(" system")
    :: op < CALLS && place == ENTRY -> printf(" entry")
    fi;
    printf(" %d: %d %d %d\n", at, first, second, third)
}

inline print_vm()
{
    printf("@ vm %d: %d %d %d\n", N, FLAGS, ONES, 0)
}

#ifdef LENGTH
/* All traces of this length: each has a state of its own, because the state has the trace. */
typedef past { byte who; byte what; byte cell; byte index; byte a; byte b; byte c };
past history[LENGTH];
byte steps;

#define MEANWHILE provided (steps < LENGTH)

inline tell(by_, op_, place_, at_, first_, second_, third_)
{
    history[steps].who = by_;
    history[steps].what = op_;
    history[steps].cell = place_;
    history[steps].index = at_;
    history[steps].a = first_;
    history[steps].b = second_;
    history[steps].c = third_;
    steps++
}

inline print_history()
{
    timeout;
    d_step {
        print_vm();
        k_ = 0;
        do
        :: k_ < steps ->
            print_step(history[k_].who, history[k_].what, history[k_].cell, history[k_].index,
                       history[k_].a, history[k_].b, history[k_].c);
            k_++
        :: else -> break
        od
    }
}
#else
#define MEANWHILE
inline tell(by_, op_, place_, at_, first_, second_, third_)
{
    print_step(by_, op_, place_, at_, first_, second_, third_)
}

inline print_history()
{
    skip
}
#endif

/* The first vCPUs are on. */
inline begin_on(ones)
{
    d_step {
        k_ = 0;
        do
        :: k_ < ones -> running[k_] = 1; state[k_] = ON; count++; k_++
        :: else -> break
        od;
#ifndef LENGTH
        print_vm()
#endif
    }
}

/* ---- Accesses ------------------------------------------------------------------------------ */

/* What a thread has read: its own variables. */
#define LOCALS byte seen, seen_code, c, j, got; bit had, alone

/* Both are called in one step with the change that they follow. */
inline note_moments()
{
#ifdef WINDOWS
    i_ = 0;
    do
    :: i_ < THREADS && target_of[i_] > 0 ->
        moments[i_] = moments[i_] | moment(target_of[i_] - 1);
        i_++
    :: i_ < THREADS && target_of[i_] == 0 -> i_++
    :: else -> break
    od
#else
    skip
#endif
}

inline word_changed(w)
{
    i_ = 0;
    do
    :: i_ < THREADS -> watched[i_] = (watched[i_] == w + 1 -> 0 : watched[i_]); i_++
    :: else -> break
    od;
    same[w] = 0;
#ifdef SAVES
    kept[w] = 0;
#endif
    note_moments()
}

inline put_word(w, s, wake)
{
    state[w] = s;
    woken[w] = wake;
    unsettled[w] = 0;
    code[w] = 0;
    word_changed(w)
}

inline tell_word(what, w)
{
    tell(me, what, WORD, w, state[w], woken[w], unsettled[w])
}

/* `expects` is true if a swap may follow that expects what is read here. */
inline load_word(w, expects)
{
    d_step {
        seen = state[w];
        had = woken[w];
        seen_code = code[w];
        watched[me] = (expects -> w + 1 : 0);
        tell_word(LOAD, w)
    }
}

inline store_word(w, s, wake)
{
    d_step { put_word(w, s, wake); tell_word(STORE, w) }
}

/* The owner's, who keeps in mind what it has written. */
inline store_own(s, wake)
{
    d_step { put_word(me, s, wake); same[me] = 1; tell_word(STORE, me) }
}

/* A swap of the word that the thread has read. Afterwards `got` says whether it succeeded; if it
 * did not, `seen` and `had` are what was there. */
inline swap_word(w, s, wake)
{
    d_step {
        if
        :: watched[me] == w + 1 ->
            put_word(w, s, wake);
            watched[me] = 0;
            got = 1;
            tell_word(SWAP, w)
        :: else ->
            seen = state[w];
            had = woken[w];
            watched[me] = w + 1;
            got = 0;
            tell_word(FAILS, w)
        fi
    }
}

/* The same, of the word that the owner has written. */
inline swap_own(s, wake)
{
    d_step {
        if
        :: same[me] ->
            put_word(me, s, wake);
            same[me] = 1;
            got = 1;
            tell_word(SWAP, me)
        :: else ->
            had = woken[me];
            same[me] = 1;
            got = 0;
            tell_word(FAILS, me)
        fi
    }
}

inline load_census(expects)
{
    d_step {
        c = count;
        j = journal;
        fresh[me] = (expects -> 1 : 0);
        tell(me, LOAD, CENSUS, 0, count, journal, 0)
    }
}

inline add_census(n)
{
    d_step { count = count + n; tell(me, ADD, CENSUS, 0, count, journal, 0) }
}

inline swap_census(n, entry, enters)
{
    d_step {
        if
        :: (fresh[me] || mistake == 7) && count == c && journal == j ->
            count = n;
            journal = entry;
            got = 1;
            i_ = 0;
            do
            :: i_ < THREADS && enters -> fresh[i_] = 0; i_++
            :: else -> break
            od;
            fresh[me] = 0;
            note_moments();
            tell(me, SWAP, CENSUS, 0, count, journal, 0)
        :: else ->
            c = count;
            j = journal;
            fresh[me] = 1;
            got = 0;
            tell(me, FAILS, CENSUS, 0, count, journal, 0)
        fi
    }
}

inline load_system()
{
    d_step {
        c = stage;
        j = actor;
        tell(me, LOAD, SYSTEM, 0, stage, actor, 0)
    }
}

inline swap_system(to, who)
{
    d_step {
        if
        :: stage == c && actor == j ->
            stage = to;
            actor = who;
            got = 1;
            tell(me, SWAP, SYSTEM, 0, stage, actor, 0)
        :: else ->
            c = stage;
            j = actor;
            got = 0;
            tell(me, FAILS, SYSTEM, 0, stage, actor, 0)
        fi
    }
}

inline store_payload(w, token)
{
    d_step { payload[w] = token; tell(me, STORE, ENTRY, w, token, 0, 0) }
}

inline begin_call(what, w, token)
{
    d_step { tell(me, CALLS, what, w, token, 0, 0) }
#ifdef WINDOWS
    d_step {
        if
        :: what == DO_ON || what == DO_INFO -> target_of[me] = w + 1; moments[me] = moment(w)
        :: else -> skip
        fi
    }
#endif
}

/* Forgets what only this call needed: states that differ in nothing else are one. */
inline end_call(value)
{
    d_step {
        c = (value == ENTERS -> c : 0);
        tell(me, RETURNS, 0, 0, value, c, 0);
        seen = 0;
        seen_code = 0;
        had = 0;
        c = 0;
        j = 0;
        got = (value == WAITS -> WAITS : RUNS)
    }
#ifdef WINDOWS
    d_step { target_of[me] = 0; moments[me] = 0 }
#endif
}

/* ---- journal.c ----------------------------------------------------------------------------- */

inline load_journal()
{
    d_step { got = journal; tell(me, LOAD, CENSUS, 0, count, journal, 0) }
}

/* The word of a vCPU in which a CPU_OFF that has happened is complete; see vpsci__settled(). */
inline settled(w, expects_off)
{
    if
    :: mistake == 6 -> load_journal()
    :: else -> skip
    fi;
    load_word(w, state[w] == LEAVING || (expects_off && state[w] == OFF));
    if
    :: seen == LEAVING ->
        if
        :: mistake == 6 -> skip
        :: else -> load_journal()
        fi;
        if
        :: got == w ->
            swap_word(w, OFF, 0);
            if
            :: got -> reached(4) /* another thread completes a CPU_OFF */
            :: else -> reached(5)
            fi
        :: else -> reached(3) /* a CPU_OFF that has not happened yet */
        fi;
        if
        :: mistake == 8 -> skip
        :: else -> load_word(w, expects_off && state[w] == OFF)
        fi
    :: else -> skip
    fi;
    got = 0
}

inline enter_journal()
{
    load_census(1);
    do
    :: true ->
        if
        :: j != NONE -> settled(j, 0)
        :: else -> skip
        fi;
        swap_census(c - 1, me, 1);
        if
        :: got -> break
        :: else -> skip
        fi
    od
}

inline clear_journal()
{
    load_census(journal == me);
    do
    :: j == me ->
        swap_census(c, NONE, 0);
        if
        :: got -> break
        :: else -> skip
        fi
    :: else -> break
    od
}

/* ---- cpu_off.c ----------------------------------------------------------------------------- */

inline cpu_off()
{
    begin_call(DO_OFF, me, 0);
    if
    :: mistake == 4 -> /* the word, then the count */
        running[me] = 0;
        store_own(OFF, 0);
        add_census(-1)
    :: mistake == 5 -> /* the count, then the word */
        running[me] = 0;
        add_census(-1);
        store_own(OFF, 0)
    :: else ->
        d_step {
            running[me] = 0;
            put_word(me, LEAVING, 0);
            same[me] = 1;
            tell_word(SWAP, me)
        };
        enter_journal();
        swap_own(OFF, 0);
        clear_journal()
    fi;
    end_call(WAITS)
}

/* ---- cpu_on.c ------------------------------------------------------------------------------ */

inline result_if_taken()
{
    got = (seen == CLAIMED || seen == STARTING || seen == PENDING -> ON_PENDING : ALREADY_ON)
}

/* SUCCESS is promised here, and kept when the vCPU enters. The embedder kicks that vCPU when the call
 * is over; here as soon as it may, which allows more. */
inline publish(w, token)
{
    d_step {
        assert(!accepted[w]);
        assert(!running[w]);
        accepted[w] = 1;
        promised[w] = token;
        kicked[w] = (mistake == 10 -> kicked[w] : 1);
        put_word(w, PENDING, 0);
        tell_word(STORE, w)
    }
}

inline claim_target(w)
{
    settled(w, 1);
    do
    :: seen == OFF ->
        add_census(1);
        if
        :: mistake == 1 -> store_word(w, CLAIMED, 0); got = 1
        :: else -> swap_word(w, CLAIMED, 0)
        fi;
        if
        :: got -> got = SUCCESS; break
        :: else -> reached(2) /* another call, or the host, was first */
        fi;
        add_census(-1);
        settled(w, 1)
    :: else -> result_if_taken(); break
    od
}

#ifdef WINDOWS
#define assert_moment(bits) assert((moments[me] & (bits)) != 0)
#else
#define assert_moment(bits) skip
#endif

#ifdef ASKS
/* Leaves the decision to the host: VPSCI_OPTION_ASK_CPU_ON. The payload names the target. */
inline ask_host(w, token)
{
    promised[w] = token;
    if
    :: mistake == 15 -> skip
    :: else -> d_step { word_changed(me); unsettled[me] = 1; tell_word(STORE, me) }
    fi;
    store_word(w, STARTING, 0);
    d_step { peer[me] = w; running[me] = 0; put_word(me, ASKING, 0); tell_word(STORE, me) }
}
#endif

inline cpu_on(w, token)
{
    begin_call(DO_ON, w, token);
    if
    :: mistake == 3 -> store_payload(w, token)
    :: else -> skip
    fi;
    claim_target(w);
    if
    :: got == SUCCESS ->
        assert_moment(1);
        if
        :: mistake == 2 -> publish(w, token); store_payload(w, token)
        :: mistake == 3 -> publish(w, token)
        :: else ->
            store_payload(w, token);
#ifdef ASKS
            ask_host(w, token)
#else
            publish(w, token)
#endif
        fi
    :: got == ON_PENDING -> assert_moment(2); reached(1)
    :: got == ALREADY_ON -> assert_moment(4)
    fi;
#ifdef ASKS
    if
    :: got == SUCCESS -> end_call(WAITS)
    :: else -> end_call(got)
    fi
#else
    end_call(got)
#endif
}

inline affinity_info(w)
{
    begin_call(DO_INFO, w, 0);
    settled(w, 0);
    got = (seen == OFF -> 1 : (seen == CLAIMED || seen == STARTING || seen == PENDING -> 2 : 0));
    if
    :: got == 0 -> assert_moment(4)
    :: got == 1 -> assert_moment(1)
    :: got == 2 -> assert_moment(2)
    fi;
    end_call(got)
}

/* ---- next.c -------------------------------------------------------------------------------- */

inline enter()
{
    d_step { c = payload[me]; tell(me, LOAD, ENTRY, me, c, 0, 0) };
    d_step {
        if
        :: seen == PENDING ->
            assert(accepted[me] && c == promised[me]);
            accepted[me] = 0
        :: else ->
            assert(decided[me] && c == promised[me]);
            decided[me] = 0;
            due[me] = 0;
            owed[me] = 0;
            answers[me] = 0
        fi;
        promised[me] = 0;
        running[me] = 1;
        /* No call reads it again before it is written again: in the model it is gone, so that an old
         * one is not taken for a new one of the same caller. */
#ifndef SAVES
        payload[me] = 0;
#endif
        put_word(me, ON, 0);
        tell_word(STORE, me)
    };
    end_call(ENTERS)
}

inline vcpu_next()
{
    begin_call(DO_NEXT, me, 0);
#ifdef STOPS
    load_system();
    if
    :: c != RUNNING -> seen = NONE
    :: else -> settled(me, 0)
    fi;
#else
    settled(me, 0);
#endif
    if
    :: seen == PENDING || (seen == SUSPENDED && had) -> enter()
    :: seen == RETURNING ->
        d_step {
            assert(answers[me] == 0 || seen_code != INTERNAL_FAILURE);
            assert(answers[me] == 0 || N > 2 || state[peer[me]] != STARTING);
            running[me] = 1;
            decided[me] = 0;
            owed[me] = 0;
            promised[me] = 0;
            due[me] = 0;
            answers[me] = 0;
            put_word(me, ON, 0);
            tell_word(STORE, me)
        };
        end_call(seen_code)
    :: seen == ON -> end_call(RUNS)
    :: else -> end_call(WAITS)
    fi
}

#define wakes(s) (s == CHECKING || s == SUSPEND_ASKED || s == HONOURING || s == SUSPENDED)
#define is_asked(s) (s == CHECKING || s == SUSPEND_ASKED || s == HONOURING)

/* A wake that begins after the decision must not be lost. */
inline wake(w)
{
    begin_call(DO_WAKE, w, 0);
    d_step { due[w] = (decided[w] -> 1 : due[w]) };
    load_word(w, wakes(state[w]) && !woken[w]);
    got = 0;
    do
    :: wakes(seen) && !had ->
        swap_word(w, state[w], 1);
        if
        :: got -> got = !is_asked(seen); break
        :: else -> skip
        fi
    :: else -> break
    od;
    if
    :: got && mistake != 11 -> kicked[w] = 1
    :: else -> skip
    fi;
    d_step {
        assert(!due[w] || woken[w] || state[w] == RETURNING);
        owed[w] = due[w]
    };
    end_call(got)
}

/* ---- system.c ------------------------------------------------------------------------------ */

#define others_are_off() (is_off_or_me(0) && is_off_or_me(1) && is_off_or_me(2) && is_off_or_me(3))
#define is_off_or_me(t) ((t) == me || (t) >= N || is_off((t) % N))

inline system_suspend(token)
{
    begin_call(DO_SUSPEND, me, token);
    alone = others_are_off();
    load_census(0);
    if
    :: c != 1 -> got = DENIED
    :: else ->
        store_payload(me, token);
        if
        :: mistake == 12 -> skip
        :: else -> store_own(CHECKING, 0)
        fi;
        load_census(0);
        if
        :: c != 1 -> store_own(ON, 0); got = DENIED
        :: else ->
            d_step {
                assert(others_are_off());
                decided[me] = 1;
                promised[me] = token;
                running[me] = 0;
                had = 0
            };
            if
            :: mistake == 12 -> store_own(SUSPEND_ASKED, 0)
            :: else ->
                do
                :: true ->
                    swap_own(SUSPEND_ASKED, had);
                    if
                    :: got -> break
                    :: else -> reached(6) /* a wake came after the decision */
                    fi
                od
            fi;
            got = WAITS
        fi
    fi;
    assert(got == WAITS || !alone);
    alone = 0;
    end_call(got)
}

/* SYSTEM_OFF and its like. */
inline system_off()
{
    begin_call(DO_HALT, me, 0);
    store_payload(me, 0);
    d_step {
        running[me] = 0;
        put_word(me, RETURNING, 0);
        code[me] = INTERNAL_FAILURE;
        unsettled[me] = 1;
        same[me] = 1;
        tell_word(STORE, me)
    };
    load_system();
    do
    :: c == RUNNING ->
        swap_system(STOP_ASKED, me);
        if
        :: got -> break
        :: else -> skip
        fi
    :: else -> break
    od;
    got = 0;
    d_step {
        if
        :: same[me] ->
            unsettled[me] = 0;
            word_changed(me);
            tell_word(SWAP, me)
        :: else -> tell_word(FAILS, me)
        fi
    };
    end_call(WAITS)
}

/* ---- request.c ----------------------------------------------------------------------------- */

inline answer_suspend(w, result)
{
    got = E_STATE;
    do
    :: seen == SUSPEND_ASKED && result != SUCCESS ->
        d_step {
            if
            :: watched[me] == w + 1 || mistake == 14 ->
                put_word(w, RETURNING, 0);
                code[w] = result;
                answers[w]++;
                assert(answers[w] == 1);
                got = SUCCESS;
                tell_word(SWAP, w)
            :: else ->
                seen = state[w];
                had = woken[w];
                watched[me] = w + 1;
                tell_word(FAILS, w)
            fi
        };
        if
        :: got == SUCCESS -> break
        :: else -> skip
        fi
    :: seen == SUSPEND_ASKED && result == SUCCESS ->
        d_step {
            if
            :: watched[me] == w + 1 || mistake == 14 ->
                put_word(w, HONOURING, had);
                answers[w]++;
                assert(answers[w] == 1);
                got = SUCCESS;
                tell_word(SWAP, w)
            :: else ->
                seen = state[w];
                had = woken[w];
                watched[me] = w + 1;
                tell_word(FAILS, w)
            fi
        };
        if
        :: got == SUCCESS ->
            load_word(w, 1);
            do
            :: true ->
                swap_word(w, SUSPENDED, (mistake == 13 -> 0 : had));
                if
                :: got -> assert(!owed[w] || state[w] != SUSPENDED || woken[w]); break
                :: else -> skip
                fi
            od;
            got = SUCCESS;
            break
        :: else -> skip
        fi
    :: else -> break
    od
}

inline refuse_stop(w, result)
{
    load_word(w, 0);
    d_step { put_word(w, RETURNING, 0); code[w] = result; tell_word(STORE, w) }
}

inline answer_stop(w, result)
{
    got = 0;
    do
    :: c == STOP_ASKED && j == w ->
        swap_system(STOP_ANSWERED, w);
        if
        :: got -> break
        :: else -> reached(7) /* another answer was first */
        fi
    :: else -> break
    od;
    if
    :: got ->
        answers[w]++;
        assert(answers[w] == 1);
        if
        :: result != SUCCESS && mistake != 17 -> refuse_stop(w, result)
        :: else -> skip
        fi;
        load_system();
        do
        :: true ->
            swap_system((result != SUCCESS -> RUNNING : STOPPED), NONE);
            if
            :: got -> break
            :: else -> skip
            fi
        od;
        if
        :: result != SUCCESS && mistake == 17 -> refuse_stop(w, result)
        :: else -> skip
        fi;
        got = SUCCESS
    :: else -> got = E_STATE
    fi
}

#ifdef ASKS
inline answer_cpu_on(t, result)
{
    load_word(t, 0);
    if
    :: result == SUCCESS -> publish(t, promised[t])
    :: else -> store_word(t, OFF, 0); add_census(-1)
    fi
}

inline answer_asking(w, result)
{
    c = peer[w];
    swap_word(w, ANSWERING, 0);
    if
    :: got ->
        answers[w]++;
        assert(answers[w] == 1);
        if
        :: mistake == 16 -> skip
        :: else -> answer_cpu_on(c, result)
        fi;
        d_step { put_word(w, RETURNING, 0); code[w] = result; tell_word(STORE, w) };
        if
        :: mistake == 16 -> answer_cpu_on(c, result)
        :: else -> skip
        fi;
        kicked[c] = 1;
        got = SUCCESS
    :: else -> got = E_STATE
    fi
}
#endif

/* After an answer the embedder kicks the vCPU that asked, and after that of a system request all. */
inline kick_all(w)
{
#ifdef STOPS
    d_step {
        i_ = 0;
        do
        :: i_ < N -> kicked[i_] = 1; i_++
        :: else -> break
        od;
        i_ = 0
    }
#else
    kicked[w] = 1
#endif
}

inline answer(w, result)
{
    got = (result == SUCCESS -> DO_ACCEPT : DO_REFUSE);
    begin_call(got, w, 0);
#ifdef STOPS
    load_system();
#endif
    load_word(w, state[w] == SUSPEND_ASKED || state[w] == ASKING);
    if
    :: seen == SUSPEND_ASKED -> answer_suspend(w, result)
#ifdef ASKS
    :: seen == ASKING -> answer_asking(w, result)
#endif
#ifdef STOPS
    :: seen != SUSPEND_ASKED && seen != ASKING -> answer_stop(w, result)
#else
    :: else -> got = E_STATE
#endif
    fi;
    if
    :: got == SUCCESS -> kick_all(w)
    :: else -> skip
    fi;
    end_call(got)
}

/* ---- save.c -------------------------------------------------------------------------------- */

#ifdef SAVES
#define is_step(s, u) (s >= SAVED_COUNT || u)
#define has_entry(s)  (s == STARTING || s == PENDING || s == SUSPEND_ASKED || s == SUSPENDED)

/* Reads all words. `got` is 0 if one is a step of a call. */
inline look_at_words(first)
{
    at = 0;
    do
    :: at < N && got ->
        d_step {
            got = !is_step(state[at], unsettled[at]);
            if
            :: first -> kept[at] = 1
            :: !first && !kept[at] -> same_words = 0
            :: else -> skip
            fi;
            tell_word(LOAD, at);
            at++
        }
    :: else -> break
    od
}

/* What the record is to hold: all words at one moment, after the first look and before the second. */
inline note_moment()
{
    at = 0;
    do
    :: at < N ->
        now_state[at] = state[at];
        now_entry[at] = payload[at];
        at++
    :: else -> break
    od;
    at = 0
}

inline put_words()
{
    do
    :: at < N ->
        d_step { put_state[at] = state[at]; tell_word(LOAD, at) };
        if
        :: has_entry(put_state[at]) ->
            d_step { put_entry[at] = payload[at]; tell(me, LOAD, ENTRY, at, payload[at], 0, 0) }
        :: else -> skip
        fi;
        at++
    :: else -> break
    od
}

/* The record is what was true at that moment; and a vCPU that is about to start has one that asks. */
inline check_record()
{
    starting = 0;
    asking = 0;
    at = 0;
    do
    :: at < N ->
        assert(put_state[at] == now_state[at]);
        assert(!has_entry(put_state[at]) || put_entry[at] == now_entry[at]);
        starting = starting + (put_state[at] == STARTING);
        asking = asking + (put_state[at] == ASKING);
        at++
    :: else -> break
    od;
    assert(starting == asking)
}

inline forget_record()
{
    at = 0;
    do
    :: at < N ->
        put_state[at] = 0;
        put_entry[at] = 0;
        now_state[at] = 0;
        now_entry[at] = 0;
        kept[at] = 0;
        at++
    :: else -> break
    od;
    starting = 0;
    asking = 0;
    at = 0
}

inline save()
{
    begin_call(DO_SAVE, 0, 0);
    got = 1;
    same_words = 1;
    look_at_words(1);
    if
    :: got ->
        d_step { note_moment() };
        put_words();
        if
        :: mistake == 18 -> skip
        :: else -> look_at_words(0)
        fi
    :: else -> skip
    fi;
    if
    :: got && same_words -> d_step { check_record() }; reached(9)
    :: got && !same_words -> got = 0; reached(10)
    :: else -> reached(11)
    fi;
    d_step { forget_record() };
    got = (got -> SUCCESS : E_STATE);
    end_call(got)
}
#endif
