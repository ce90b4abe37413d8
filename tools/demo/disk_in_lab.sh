#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2154,SC2016 # $work and others are of the lab's tests; text for the guest's shell
# The lab's side of `./dev demo disk`: runs the guest and prints what happens, one line for each:
#   event JSON        an event of dormouse
#   step TEXT         what the operator does
#   fact NAME TEXT    what the proof needs
#   before LINE, after LINE   what is found in the guest, by the `look` of tests/lab/debian.sh
#   status N          dormouse's exit status at the end
set -eu

# shellcheck source=tests/lab/debian.sh
. "$LAB_TESTS/debian.sh"

make_disk debian
find_uplink
image=$work/vm.saved
mkfifo "$work/fifo" "$work/to"
: >"$work/events"

pass_events() {
    while IFS= read -r line; do
        printf 'event %s\n' "$line"
        printf '%s\n' "$line" >>"$work/events"
    done
}

# This shell holds the FIFO open, so one dormouse after the other writes to it.
exec 3<>"$work/fifo" 5<>"$work/to"
(
    exec <"$work/fifo" 3>&- 5>&-
    pass_events
) &
reader=$!

start() { # OPTION...
    # shellcheck disable=SC2046 # its words
    "$DORMOUSE" run --name debian $(debian_options) --sleep-memory disk="$image" --events "$work/fifo" "$@" \
        </dev/null >>"$work/console" 2>>"$work/errors" 3>&- 5>&- &
    guest=$!
    guest_watcher=$!
}

step() {
    echo "step $*"
}

# Opens an SSH connection, whose commands come from the other FIFO. Its own look at the guest comes first.
connect() {
    connected=$(host_time)
    in_debian sh <"$work/to" >"$work/said" 2>&1 3>&- 5>&- &
    session=$!
    echo "echo hello" >&5
    wait_until 300 grep -q '^hello$' "$work/said" || fail "SSH does not answer: $(tail -n 1 "$work/said")"
    echo "fact answered $(($(host_time) - connected))"
}

look() { # before|after
    echo "sh /run/witness look; echo end" >&5
    wait_until 120 grep -q '^end$' "$work/said" || fail "the guest does not say what runs in it"
    sed -n "/^end\$/d; /^hello\$/d; s/^/$1 /p" "$work/said"
    echo "fact clock_$1 $(clock_error)"
}

# Prints the most by which the guest's clock can be wrong, in hundredths of a second. Of several questions the one with the
# shortest way counts, as for NTP.
clock_error() {
    best=1000000
    for question in 1 2 3 4 5 6; do
        asked=$(host_time)
        echo "echo clock $question \$(date +%s.%N)" >&5
        wait_until 60 grep -q "^clock $question " "$work/said" || return
        now=$(host_time)
        theirs=$(hundredths_of "$(sed -n "s/^clock $question //p" "$work/said")")
        worst=0
        for error in $((theirs - asked)) $((now - theirs)); do
            [ "${error#-}" -le "$worst" ] || worst=${error#-}
        done
        [ "$worst" -ge "$best" ] || best=$worst
    done
    echo "$best"
}

resident() {
    awk '/^VmRSS:/ { print $2 }' "/proc/$guest/status"
}

learn_time
step "Debian boots from its disk by its own boot loader, which takes an emulated machine a minute or more"
start
wait_until 800 debian_is_up || fail "Debian's SSH server does not answer"
start_witness
connect
echo "fact system $(in_debian '. /etc/os-release; echo "$PRETTY_NAME, Linux $(uname -r)"')"
look before
step "by ssh: systemctl suspend"
echo "systemctl suspend" >&5
wait_event "$work/events" saved 1 300
echo "fact image $(du -m "$image" | cut -f 1)"
"$DORMOUSE" image check "$image" >"$work/checked" 2>&1 && echo "fact checked $(cut -d ' ' -f 2- "$work/checked")"
sleep 1
echo "fact resident $(resident)"
step "kill -KILL: dormouse is gone, and with it the guest's network. What is left is the file"
kill -KILL "$guest"
run_status wait "$guest" 2>/dev/null
echo "fact killed $status"
run_status wait "$session"
sleep 5
step "dormouse run --restore $(basename "$image") --asleep: another dormouse has the guest, which sleeps on"
start --restore "$image" --asleep
wait_event "$work/events" restored 1 300
wait_event "$work/events" saved 2 300
sleep 1
echo "fact wakes $(event_count "$work/events" wake)"
step "ssh, to the sleeping guest"
connect
look after
echo "fact left $(cd "$work" && echo vm.*)"
step "by ssh: systemctl poweroff"
echo "systemctl poweroff" >&5
run_status wait "$guest"
exec 3>&- 5>&-
wait "$reader"
e2fsck -fn "$disk?offset=$((129 << 20))" >"$work/e2fsck" 2>&1 && echo "fact clean yes"
echo "status $status"
