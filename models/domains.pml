/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domains: the counts of lib/domain.c. Three cores in two clusters (0 and 1, 2) of one system go
 * down, each asking for FIRST, SECOND or THIRD, and come up, for ever. Platform-coordinated.
 *
 * A step is one access to shared memory. Each level has two states, standby and off. COUNTS, and
 * the votes, of a domain are one cell each here as in lib/, where a level has at most four states.
 */
byte mistake;
byte goal;

#define reached(place) assert(goal != place)

#define CORES   3
#define DOMAINS 3 /* the clusters, 0 and 1, and the system, 2 */
#define SYSTEM  2

#define cluster_of(core) ((core) / 2)
#define domain_of(core, level) ((level) == 1 -> cluster_of(core) : SYSTEM)

/* States of a domain */
#define RUNS    0
#define STANDBY 1
#define OFF     2

/* What a core asks for: 0 it is off and agrees to all; 1 and 2, standby and powerdown of the core
 * alone; 3 and 4, the same of its cluster; 5 and 6, of the system. */
#define is_counted(a)      ((a) > 0)
#define keeps(a)           ((a) % 2 == 1)
#define wants(a, level)    ((a) == 0 || (a) > 2 * (level) -> ((a) > 0 && keeps(a) -> STANDBY : OFF) : RUNS)

/* The head of a domain. Its version is not here: `same_head` says that a core has seen no change
 * since it read the head. */
byte up[DOMAINS];
byte state[DOMAINS];
bit same_head[CORES];
byte looks_at[CORES]; /* the domain of which the core has read the head */

/* The counts. What is subtracted too early is negative for a moment. */
short none_lost[DOMAINS];
short none_kept[DOMAINS];
short beneath_on;
short beneath_kept;
short votes_standby[DOMAINS];
short votes_off[DOMAINS];

/* What must hold */
byte asked[CORES];    /* what each core that is down asked for */
bit counted[CORES];   /* the core is counted as up in its cluster */
bit running[CORES];   /* the guest runs on it */
byte stays[DOMAINS];  /* stays in the statistics that have begun and not ended */

hidden byte i_;

/* The state that a domain is to enter, from what its cores asked for. */
#define agrees(core, level) (wants(asked[core], level))
#define least(a, b) ((a) < (b) -> (a) : (b))
#define in_cluster(core, cluster) (cluster_of(core) == (cluster))
#define keeps_in(core) (is_counted(asked[core]) && keeps(asked[core]))

inline agreed_state(domain)
{
    /* An off state does not go with a core, or a cluster, in standby. */
    if
    :: domain == 0 ->
        agreed = least(agrees(0, 1), agrees(1, 1));
        agreed = (agreed == OFF && (keeps_in(0) || keeps_in(1)) -> RUNS : agreed)
    :: domain == 1 ->
        agreed = agrees(2, 1);
        agreed = (agreed == OFF && keeps_in(2) -> RUNS : agreed)
    :: domain == SYSTEM ->
        agreed = least(agrees(0, 2), agrees(1, 2));
        agreed = least(agreed, agrees(2, 2));
        agreed = (state[0] == RUNS || state[1] == RUNS -> RUNS : agreed);
        agreed = (agreed == OFF && (keeps_in(0) || keeps_in(1) || keeps_in(2) ||
                                    state[0] == STANDBY || state[1] == STANDBY) -> RUNS : agreed)
    fi
}

inline load_head(domain)
{
    d_step {
        seen_up = up[domain];
        seen_state = state[domain];
        looks_at[me] = domain;
        same_head[me] = 1
    }
}

inline head_changed(domain)
{
    i_ = 0;
    do
    :: i_ < CORES && looks_at[i_] == domain -> same_head[i_] = 0; i_++
    :: i_ < CORES && looks_at[i_] != domain -> i_++
    :: else -> break
    od;
    i_ = 0
}

/* The version makes the swap fail if the head is only the same again. */
#define head_is(domain)                                                                            \
    ((same_head[me] || mistake == 22) && up[domain] == seen_up && state[domain] == seen_state)

/* ---- Down ------------------------------------------------------------------------------------ */

inline add_vote(domain, level, one)
{
    d_step {
        if
        :: !is_counted(ask) -> skip
        :: is_counted(ask) && wants(ask, level) == RUNS && keeps(ask) ->
            none_kept[domain] = none_kept[domain] + one
        :: is_counted(ask) && wants(ask, level) == RUNS && !keeps(ask) ->
            none_lost[domain] = none_lost[domain] + one
        :: is_counted(ask) && wants(ask, level) == STANDBY ->
            votes_standby[domain] = votes_standby[domain] + one
        :: is_counted(ask) && wants(ask, level) == OFF ->
            votes_off[domain] = votes_off[domain] + one
        fi
    }
}

/* The same as next_state() of lib/domain.c: COUNTS is one load, the votes are another. */
inline next_state(domain, level)
{
    d_step {
        none = none_lost[domain] != 0 || none_kept[domain] != 0 ||
               (level == 2 && beneath_on != 0);
        keep = none_kept[domain] != 0 || (level == 2 && beneath_kept != 0)
    };
    d_step {
        keep = keep || votes_standby[domain] != 0;
        next = (none -> RUNS : (votes_standby[domain] != 0 -> STANDBY : OFF));
        next = (next == OFF && keep -> RUNS : next);
        none = 0;
        keep = 0
    }
}

inline begin_stay(domain)
{
    d_step { assert(stays[domain] == 0); stays[domain]++ }
}

inline count_down(domain, level)
{
    load_head(domain);
    do
    :: true ->
        next = RUNS;
        if
        :: seen_up == 1 || mistake == 24 -> next_state(domain, level)
        :: else -> skip
        fi;
        if
        :: next != RUNS && mistake != 25 -> begin_stay(domain)
        :: else -> skip
        fi;
        d_step {
            if
            :: head_is(domain) ->
                up[domain]--;
                state[domain] = next;
                counted[me] = (level == 1 -> 0 : counted[me]);
                head_changed(domain);
                /* The last core has given the domain its final state. */
                agreed_state(domain);
                assert(up[domain] == 0 || next == RUNS);
                assert(up[domain] > 0 || next == agreed);
                agreed = 0;
                got = 1
            :: else ->
                seen_up = up[domain];
                seen_state = state[domain];
                same_head[me] = 1;
                got = 0
            fi
        };
        if
        :: next != RUNS && mistake == 25 && got -> begin_stay(domain)
        :: next != RUNS && mistake != 25 && !got -> stays[domain]--; reached(1)
        :: else -> skip
        fi;
        if
        :: got -> break
        :: else -> skip
        fi
    od;
    seen_up = 0;
    seen_state = 0;
    got = 0
}

/* The domain above counts the clusters that are on, or in standby. */
inline tell_above(from, to)
{
    if
    :: from != to && mistake != 23 ->
        d_step {
            beneath_on = beneath_on + (to == RUNS) - (from == RUNS);
            beneath_kept = beneath_kept + (to == STANDBY) - (from == STANDBY)
        }
    :: else -> skip
    fi
}

inline go_down()
{
    d_step { asked[me] = ask; running[me] = 0 };
    if
    :: mistake == 20 ->
        count_down(cluster_of(me), 1);
        add_vote(cluster_of(me), 1, 1)
    :: else ->
        add_vote(cluster_of(me), 1, 1);
        count_down(cluster_of(me), 1)
    fi;
    tell_above(RUNS, next);
    add_vote(SYSTEM, 2, 1);
    count_down(SYSTEM, 2);
    next = RUNS
}

/* ---- Up -------------------------------------------------------------------------------------- */

inline count_up(domain, level)
{
    load_head(domain);
    do
    :: true ->
        d_step {
            if
            :: head_is(domain) ->
                up[domain]++;
                state[domain] = RUNS;
                counted[me] = (level == 1 -> 1 : counted[me]);
                head_changed(domain);
                got = 1
            :: else ->
                seen_up = up[domain];
                seen_state = state[domain];
                same_head[me] = 1;
                got = 0
            fi
        };
        if
        :: got -> break
        :: else -> reached(2)
        fi
    od;
    if
    :: seen_state != RUNS -> stays[domain]--
    :: else -> skip
    fi;
    seen_up = 0;
    got = 0
}

inline come_up()
{
    if
    :: mistake == 21 -> /* from the lowest level up */
        count_up(cluster_of(me), 1);
        tell_above(seen_state, RUNS);
        add_vote(cluster_of(me), 1, -1);
        count_up(SYSTEM, 2);
        add_vote(SYSTEM, 2, -1)
    :: else ->
        count_up(SYSTEM, 2);
        add_vote(SYSTEM, 2, -1);
        count_up(cluster_of(me), 1);
        tell_above(seen_state, RUNS);
        add_vote(cluster_of(me), 1, -1)
    fi;
    seen_state = 0;
    running[me] = 1
}

/* ---- What must hold at any time -------------------------------------------------------------- */

#define is_on(core) (!running[core] || (state[cluster_of(core)] == RUNS && state[SYSTEM] == RUNS))
/* A core that is counted at a level is counted at all levels above. */
#define above_is_on (!(counted[0] || counted[1] || counted[2]) || state[SYSTEM] == RUNS)

proctype core(byte me)
{
    byte ask, next, agreed, seen_up, seen_state;
    bit none, keep, got;

    do
    :: true ->
        if
        :: ask = FIRST
        :: ask = SECOND
        :: ask = THIRD
        fi;
        go_down();
        come_up();
        ask = 0;
        d_step { asked[me] = 0; assert(is_on(me) && above_is_on) }
    od
}

init {
    byte me;

    c_code {
        now.mistake = getenv("MISTAKE") ? atoi(getenv("MISTAKE")) : 0;
        now.goal = getenv("GOAL") ? atoi(getenv("GOAL")) : 0;
    };
    atomic {
        up[0] = 2;
        up[1] = 1;
        up[SYSTEM] = 3;
        beneath_on = 2;
        do
        :: me < CORES -> running[me] = 1; counted[me] = 1; run core(me); me++
        :: else -> break
        od
    };
    me = 0;
    /* At any time: a guest that runs finds its domains on. */
    do
    :: assert(is_on(0) && is_on(1) && is_on(2) && above_is_on)
    od
}
