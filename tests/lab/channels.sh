# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What a stock Debian guest shares with the host besides disks and networks: ports, vsock, a balloon. All work after each
# sleep.

# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

# Writes the programs that speak for a client: one says a line and keeps the answer, the other answers a line.
make_speakers() {
    cat >"$work/ask" <<'END'
#!/bin/sh
# ask PORT|- LINE FILE: with a PORT, through the multiplexer of vsock.
if [ "$1" != - ]; then
    echo "CONNECT $1"
    read -r ok number && [ "$ok" = OK ] && [ "$number" ] || exit 1
fi
echo "$2"
touch "$3.said"
read -r answer
echo "$answer" >"$3.new"
mv "$3.new" "$3"
END
    cat >"$work/answer" <<'END'
#!/bin/sh
read -r line
echo "you said $line"
END
    chmod +x "$work/ask" "$work/answer"
}

# ask SOCKET LINE [PORT]: says a line to the guest, and checks the answer.
ask() {
    wait_until 60 test -S "$work/$1" || fail "there is no socket $1"
    socat -T 100 "UNIX-CONNECT:$work/$1" "EXEC:$work/ask ${3:--} $2 $work/$2.answer" ||
        fail "no connection to $1 for $2"
    expect_equal "answer to $2" "$(cat "$work/$2.answer")" "you said $2"
}

# The client connects while the guest sleeps, and what it says is answered after the wake. The client of the port
# "stuck" never reads: that delays nothing.
# once ports
# limit ports 300
test_ports() {
    guest_limit=200 sleeps=10
    make_work
    make_speakers
    start_linux "ports sleeps=$sleeps" --cpus 1 --port "echo=unix:$work/echo" --port "stuck=unix:$work/stuck"
    wait_until 60 test -S "$work/stuck" || fail "there is no socket"
    socat -u EXEC:"sleep 600" "UNIX-CONNECT:$work/stuck" &
    stuck=$!
    ask echo go
    count=0
    while [ $count -lt $sleeps ]; do
        count=$((count + 1))
        wait_event "$work/events" asleep $count 60
        ask echo "hello$count" &
        asker=$!
        wait_until 60 test -e "$work/hello$count.answer.said" || fail "no connection in sleep $count"
        kill -USR1 "$guest"
        wait $asker || fail "no answer after sleep $count"
    done
    ask echo end
    wait_guest
    kill $stuck
    expect_linux_ok
    expect_event_count asleep $sleeps
    [ ! -e "$work/echo" ] || fail "the socket is still there"
}

# Says a line to the guest's port 1024 and prints the answer, which ends the connection.
say_by_name() { # LINE
    mkfifo "$work/said.$1"
    "$DORMOUSE" connect --limit 100 talker 1024 <"$work/said.$1" >"$work/heard.$1" &
    talker=$!
    exec 8>"$work/said.$1"
    echo "$1" >&8
    wait_until 100 grep -q . "$work/heard.$1" || fail "no answer to $1"
    exec 8>&-
    wait $talker || fail "dormouse connect ended with status $?"
    cat "$work/heard.$1"
}

# A client wakes the guest, and its connection is the first thing that the guest sees. A program of the guest reaches
# one on the host.
# once vsock
# limit vsock 300
test_vsock() {
    guest_limit=200 sleeps=3
    make_work
    make_speakers
    socat "UNIX-LISTEN:$work/v_52,fork,mode=666" "EXEC:$work/answer" &
    host=$!
    runner="$LAB_TOOLS/with_socket $work/door vsock-1024"
    start_linux "vsock sleeps=$sleeps" --name talker --cpus 1 --vsock "$work/v,cid=77" --wake vsock
    count=0
    while [ $count -lt $sleeps ]; do
        count=$((count + 1))
        wait_event "$work/events" asleep $count 60
        if [ $count -eq 1 ]; then
            ask door "hello$count" # a socket of the service manager's
        elif [ $count -eq 2 ]; then
            expect_equal "answer by name" "$(say_by_name "hello$count")" "you said hello$count"
        else
            ask v "hello$count" 1024
        fi
    done
    ask v end 1024
    wait_guest
    kill $host
    expect_linux_ok
    expect_event_count asleep $sleeps
    expect_equal "wakes by vsock" "$(grep -c '"source":"vsock"' "$work/events")" $sleeps
}

is_resident_below() { # MIB
    [ "$(resident)" -lt $(($1 * 1024)) ]
}

# A guest that fills 200 MiB and frees them returns them by itself. It gives more if asked for, also after a sleep.
# once balloon
# limit balloon 300
test_balloon() {
    guest_limit=200
    make_work
    start_linux balloon --cpus 1 --memory 512M --balloon --qmp "$work/qmp"
    wait_console "GUEST: ready" 100
    wait_until 60 is_resident_below 200 || fail "dormouse has $(resident) KiB, after the guest has freed 200 MiB"
    qmp query-balloon
    expect_said '"actual":536870912'
    qmp 'balloon:{"value":402653184}' @BALLOON_CHANGE
    wait_console "GUEST: small" 100
    wait_event "$work/events" asleep 1 60
    kill -USR1 "$guest"
    wait_console "GUEST: small again" 100
    qmp 'balloon:{"value":536870912}'
    wait_guest
    expect_linux_ok
    expect_event_count asleep 1
    [ "$(event_count "$work/events" balloon)" -ge 2 ] || fail "no events of the balloon"
}
