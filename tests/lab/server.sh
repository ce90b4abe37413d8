# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# disk
# A whole Debian on a disk, as README shows it: it boots by its own boot loader, sleeps when it is idle, and wakes when
# a client connects.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# on_server COMMAND...: by SSH.
on_server() {
    ssh -i "$LAB_KEY" -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        -o ConnectTimeout=60 root@127.0.0.1 "$@"
}

server_is_up() {
    on_server true >/dev/null 2>&1
}

# An emulated and busy host spends more time on an idle guest than the usual 5 %.
# once sleeps_when_idle
# limit sleeps_when_idle 600
test_sleeps_when_idle() {
    guest_limit=580
    make_disk server
    ip route | grep -q '^default' || make_uplink # An emulated lab has no network.
    start_dormouse run --name server --cpus 2 --memory 1G --disk "$disk" --agent --sleep-when-idle 20s,cpu=50 \
        --net user,forward=tcp:127.0.0.1/2222:22
    wait_until 300 server_is_up || fail "SSH does not answer"
    for sleep in 1 2; do
        wait_event "$work/events" asleep $sleep 200
        on_server 'dmesg | grep -c "PM: suspend exit"' >"$work/said" || fail "the sleeping server does not answer SSH"
        expect_equal "sleeps that the guest knows of" "$(tail -n 1 "$work/said")" $sleep
    done
    expect_equal "wakes by the network" "$(grep -c '"event":"wake".*"source":"net"' "$work/events")" 2
    kill -TERM "$guest"
    wait_guest
    expect_status 0
}
