# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# disk
# A whole Debian on a disk, as README shows it: it boots by its own boot loader, sleeps when it is idle, and wakes when
# a client connects. Asleep it is a file.

# shellcheck source=tests/lab/debian.sh
. "$LAB_TESTS/debian.sh"

start_server() { # OPTION...
    # shellcheck disable=SC2046 # its words
    start_dormouse run --name server $(debian_options) --agent --sleep-when-idle 20s,cpu=50 \
        --sleep-memory disk="$work/image" "$@"
}

expect_sleeps() { # COUNT
    in_debian 'dmesg | grep -c "PM: suspend exit"' >"$work/said" || fail "the sleeping server does not answer SSH"
    expect_equal "sleeps that the guest knows of" "$(tail -n 1 "$work/said")" "$1"
    expect_event_count wake 1
    expect_event wake source net
}

# The same dormouse wakes it from the first sleep. In the second one, for which Debian is asked, dormouse is killed, and
# another one wakes the guest from what is left, the file: without a new boot, with all services, and with what only a
# program's memory had. An emulated and busy host spends more time on an idle guest than the usual 5 %.
# once sleeps_when_idle
# limit sleeps_when_idle 1200
test_sleeps_when_idle() {
    guest_limit=300
    make_disk server
    ip route | grep -q '^default' || make_uplink # An emulated lab has no network.
    start_server
    wait_until 500 debian_is_up || fail "SSH does not answer"
    start_witness
    in_debian sh /run/witness look >"$work/before"
    wait_event "$work/events" saved 1 400
    expect_small 2048
    expect_sleeps 1
    in_debian 'systemctl suspend; exec sleep 1000' >/dev/null 2>&1 & # Its end would wake the guest.
    wait_event "$work/events" saved 2 200
    kill -KILL "$guest"
    wait_guest
    start_server --restore "$work/image" --asleep
    wait_event "$work/events" restored 1 100
    expect_event_count wake 0
    expect_sleeps 2
    in_debian sh /run/witness look >"$work/after"
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
