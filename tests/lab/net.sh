# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Guests with a network, behind a tap and behind passt: they sleep, and frames wake them.

# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

# The host's end of a link, and the guest's.
host_ip=10.9.0.1
guest_ip=10.9.0.2

make_tap() {
    make_work
    ip tuntap add dormouse0 mode tap
    ip address add $host_ip/24 dev dormouse0
    ip link set dormouse0 up
    trap 'ip link delete dormouse0; clean_up' EXIT
}

# start_server "ARGUMENTS" [OPTION]...: a stock Debian guest behind the tap.
start_server() {
    server_arguments=$1
    shift
    start_linux "net address=$guest_ip/24 $server_arguments" --net tap=dormouse0 "$@"
}

# limit ping_wakes 240
test_ping_wakes() {
    guest_limit=200
    make_tap
    start_server "sleeps=1 stay=20"
    wait_event "$work/events" asleep 1 90
    ping -c 200 -i 0.05 -W 60 $guest_ip >"$work/ping" 2>&1 || true
    tail -n 3 "$work/ping"; head -n 5 "$work/ping"
    grep -q ' 200 received, 0% packet loss' "$work/ping" || fail "$(tail -n 2 "$work/ping")"
    wait_guest
    expect_linux_ok
    expect_event wake source net
}
