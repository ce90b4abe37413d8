# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# disk systemd-container
# A whole Debian on a disk, as README shows it: it boots by its own boot loader, sleeps when it is idle, and wakes when
# a client connects. Asleep it is a file.

# shellcheck source=tests/lab/debian.sh
. "$LAB_TESTS/debian.sh"

start_server() { # OPTION...
    # shellcheck disable=SC2046 # its words
    start_dormouse run --name server $(debian_options) --agent --sleep-when-idle 20s,cpu=50 \
        --sleep-memory disk="$work/image" "$@"
}

# Prints how often the guest has slept.
count_sleeps='dmesg | grep -c "PM: suspend exit"'

expect_sleeps() { # COUNT FILE
    expect_equal "sleeps that the guest knows of" "$(head -n 1 "$2")" "$1"
    expect_event_count wake 1
    expect_event wake source net
}

# Each connection takes an emulated machine seconds, so one does all that there is to do at a time.
witness_starts() {
    witness_program | in_debian 'cat >/run/witness; [ -e /run/never ] || sh /run/witness start
        sh /run/witness look' >"$work/before" 2>/dev/null
}

# The same dormouse wakes it from the first sleep. In the second one, for which Debian is asked, dormouse is killed, and
# another one wakes the guest from what is left, the file: without a new boot, with all services, and with what only a
# program's memory had. An emulated and busy host spends more time on an idle guest than the usual 5 %.
# once sleeps_when_idle
# limit sleeps_when_idle 1200
test_sleeps_when_idle() {
    guest_limit=300
    make_disk server
    find_uplink
    start_server
    wait_until 500 witness_starts || fail "SSH does not answer"
    wait_event "$work/events" saved 1 400
    expect_small 2048
    # The end of the connection would wake the guest.
    in_debian "$count_sleeps; systemctl suspend; exec sleep 1000" >"$work/said" 2>/dev/null &
    wait_event "$work/events" saved 2 400
    expect_sleeps 1 "$work/said"
    kill -KILL "$guest"
    wait_guest
    start_server --restore "$work/image" --asleep
    wait_event "$work/events" restored 1 100
    expect_event_count wake 0
    by_name server "$count_sleeps; sh /run/witness look" >"$work/after" || fail "the sleeping server does not answer SSH"
    expect_sleeps 2 "$work/after"
    expect_same
    kill -TERM "$guest"
    wait_guest
    expect_status 0
}

# But that program has counted on. A service that has started meanwhile is no matter.
expect_same() {
    counted=$(sed -n 's/^count //p' "$work/before")
    [ "$(sed -n 's/^count //p' "$work/after")" -gt "$counted" ] || fail "it counts no more"
    sed -i /^count/d "$work/before"
    while read -r line; do
        grep -qxF "$line" "$work/after" || fail "not as before the sleeps: $line"
    done <"$work/before"
}
