# SPDX-License-Identifier: BSD-2-Clause
# Reads a trace of the kernel with sched_switch. Prints how many nanoseconds the processor has worked from the first
# line that matches `from`, or the time `begin`, to the first one after it that matches `to`, or to the time `end` (both
# in nanoseconds). Idle time does not count, nor what the measuring itself does: the shell, its programs, the client of
# QMP.

function stamp(   i) {
    for (i = 2; i <= NF; i++)
        if ($i ~ /^[0-9]+\.[0-9]+:$/)
            return $i * 1e6
}

function counts(name) {
    return name !~ /^(swapper.*|sh|qmp|cat|awk|grep|sleep|busybox)$/
}

# Adds the time up to now, or to a moment before.
function add(until) {
    if (started && works && until > last)
        busy += until - last
}

/^#/ { next }
{
    now = stamp()
    if (!started && begin && now * 1000 >= begin) {
        started = 1
        last = begin / 1000
    }
    if (end && now * 1000 >= end) {
        add(end / 1000)
        found = started
        exit
    }
    add(now)
    last = now
}
match($0, /next_comm=.* next_pid/) { works = counts(substr($0, RSTART + 10, RLENGTH - 19)) }
!started && from && $0 ~ from { started = works = 1; next }
started && to && $0 ~ to { found = 1; exit }
END {
    if (!found)
        exit 1
    printf "%.0f\n", busy * 1000
}
