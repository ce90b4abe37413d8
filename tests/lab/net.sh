# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Guests with a network, behind a tap and behind passt: they sleep, and frames wake them.

# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

host_ip=10.9.0.1
guest_ip=10.9.0.2

make_tap() {
    make_work
    ip tuntap add dormouse0 mode tap
    trap 'ip link delete dormouse0 2>/dev/null; clean_up' EXIT
    ip address add $host_ip/24 dev dormouse0
    # The host sends nothing by itself: neither to look for routers, nor to find out whether the guest is still there. But
    # it asks for the guest's address for a minute, in place of 3 s: on a busy machine a wake takes that long.
    for host_setting in ipv6/conf/dormouse0/disable_ipv6=1 ipv4/neigh/dormouse0/base_reachable_time_ms=10000000 \
        ipv4/neigh/dormouse0/mcast_solicit=60; do
        [ ! -e "/proc/sys/net/${host_setting%=*}" ] || echo "${host_setting#*=}" >"/proc/sys/net/${host_setting%=*}"
    done
    ip link set dormouse0 up
}

# start_server "ARGUMENTS" [OPTION]...: a stock Debian guest behind the tap, which goes to sleep.
start_server() {
    server_arguments=$1
    shift
    start_linux "net address=$guest_ip/24 $server_arguments" --net tap=dormouse0 "$@"
    wait_event "$work/events" asleep 1 120
}

# pings ARGUMENT...: to the guest; sets $received to "SENT/RECEIVED".
pings() {
    ping "$@" >"$work/ping" 2>&1 || true
    cat "$work/ping"
    received=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1\/\2/p' "$work/ping")
}

# Segments that the host's TCP has sent again.
segments_sent_again() {
    awk '/^Tcp:/ { if (!column) { for (i = 2; i <= NF; i++) if ($i == "RetransSegs") column = i } else print $column }' \
        /proc/net/snmp
}

# fetch PATH [ADDRESS:PORT]: from the guest's server. Sets $said. (The wget of Debian 12's static busybox crashes.)
fetch() {
    said=$(printf 'GET /%s HTTP/1.0\r\n\r\n' "$1" | socat -t 60 -T 60 - "TCP:${2:-$guest_ip:80},shut-none" |
        tr -d '\r' | sed '1,/^$/d')
    [ "$said" ] || fail "no answer to a request for /$1"
}

# Ends a guest that serves until then. It may go to sleep with a request that it has received and not yet answered, so
# pings wake it until the answer is there.
end_server() {
    ping -q -c 240 -i 0.5 $guest_ip >/dev/null 2>&1 &
    pinger=$!
    fetch cgi-bin/end
    kill "$pinger"
    wait_until 100 server_has_ended || fail "the guest did not end"
    wait_guest
    expect_linux_ok
    expect_console "GUEST: carrier 1"
}

server_has_ended() {
    [ -e "$work/status" ] || { ping -c 1 -W 1 $guest_ip >/dev/null 2>&1 && false; }
}

# The host knows the guest's MAC address no more, so the first frame is a question for it. Then pings, of which the first
# is answered as well, and none twice. The guest gets each frame that the host has sent, so no segment was sent again
# because one was lost. (The host sends some twice if a wake takes longer than its timer, as on a loaded machine.)
# limit packets_wake 240
test_packets_wake() {
    wake_by_packets on
}

# once packets_wake_without_vhost
# limit packets_wake_without_vhost 240
test_packets_wake_without_vhost() {
    wake_by_packets off
}

# Whether the kernel has a thread that serves dormouse's queues: one of its own, or from Linux 6.4 on one of dormouse.
expect_vhost() { # ON|OFF
    vhost=off
    grep -qsx "vhost-$(pidof dormouse)" /proc/[0-9]*/task/[0-9]*/comm && vhost=on
    expect_equal vhost $vhost "$1"
}

wake_by_packets() { # VHOST
    make_tap
    start_server hold=1 --net none --net "tap=dormouse0,vhost=$1"
    expect_vhost "$1"
    for sleep in 1 2; do
        ip neighbour flush dev dormouse0
        before=$(segments_sent_again)
        fetch index.html
        expect_equal "answer $sleep" "$said" "the guest says hello"
        echo "segments sent again: $(($(segments_sent_again) - before))"
        expect_event wake source net $sleep
        fetch cgi-bin/sleep
        wait_event "$work/events" asleep $((sleep + 1)) 60
    done
    pings -q -c 200 -i 0.04 -W 60 $guest_ip
    expect_equal "pings sent/received" "$received" 200/200
    ! grep -q duplicates "$work/ping" || fail "an answer came twice"
    expect_event wake source net 3
    fetch cgi-bin/end
    wait_console "GUEST: frames" 100
    expect_equal "frames that the guest has received" "$(tr -d '\r' <"$work/console" | sed -n 's/^GUEST: frames //p')" \
        "$(tap_count tx_packets)"
    expect_equal "frames that the tap has dropped" "$(tap_count tx_dropped)" 0
    wait_guest
    expect_linux_ok
}

tap_count() { # STATISTIC
    cat "/sys/class/net/dormouse0/statistics/$1"
}

# The guest reboots while a thread of the kernel serves its queue, and each time it is served again.
# once reboot 6.1
# limit reboot 600
test_reboot() {
    reboot_times 2
}

reboot_times() { # COUNT
    guest_limit=120
    make_tap
    at_each_boot=expect_answer
    start_linux "reboot address=$guest_ip/24" --memory 192M --net tap=dormouse0,vhost=on
    type_reboots "$1"
    expect_event_count boot $(($1 + 1))
    expect_event_count reboot "$1"
}

expect_answer() {
    ping -q -c 1 -W 60 $guest_ip || fail "the guest does not answer"
    expect_vhost on
}

# One ping after the other, to a guest that goes back to sleep at once: they come at any moment of its suspend and of its
# resume. None is sent twice, and nothing but a frame wakes the guest.
# once frames_at_any_moment
# limit frames_at_any_moment 240
test_frames_at_any_moment() {
    ping_at_any_moment 12
}

ping_at_any_moment() { # PINGS
    make_tap
    start_server "" --wake net
    lost=0
    count=0
    while [ $count -lt "$1" ]; do
        count=$((count + 1))
        ping -c 1 -W 60 $guest_ip >"$work/ping" 2>&1 || lost=$((lost + 1))
        sleep 0.$((count * 37 % 100))
    done
    echo "lost $lost of $count in $(event_count "$work/events" asleep) sleeps"
    end_server
    [ $lost = 0 ] || fail "pings lost: $lost of $count"
}

# The guest sleeps on while it gets pings, and a magic packet for another machine. They are dropped; one for itself wakes it.
# once magic_wakes
# limit magic_wakes 240
test_magic_wakes() {
    make_tap
    start_server "sleeps=1" --wake net=magic,signal --net none --net tap=dormouse0,mac=52:54:00:12:34:56
    ip neighbour replace $guest_ip lladdr 52:54:00:12:34:56 dev dormouse0
    pings -q -c 10 -i 0.05 -W 1 $guest_ip
    expect_equal "pings sent/received" "$received" 10/0
    send_magic 525400123457
    sleep 1
    expect_event_count wake 0
    send_magic 525400123456
    wait_guest
    expect_linux_ok
    expect_event_count wake 1
    expect_event wake source net
}

send_magic() { # TWELVE-HEXADECIMAL-DIGITS
    magic='\377\377\377\377\377\377'
    mac=$(echo "$1" | sed 's/../\\x&/g')
    while [ ${#magic} -lt $((24 + 16 * 24)) ]; do magic=$magic$mac; done
    # shellcheck disable=SC2059 # the format is the point
    printf "$magic" >"$work/magic"
    expect_equal "size of the magic packet" "$(wc -c <"$work/magic")" 102
    socat -u "FILE:$work/magic" "UDP-DATAGRAM:10.9.0.255:9,broadcast,bind=$host_ip"
}

# A host with one interface, whose address the guest of passt gets, and a server.
make_host() {
    make_work
    make_uplink
    trap 'kill $server 2>/dev/null; clean_up' EXIT
    mkdir "$work/www"
    echo "the host says hello" >"$work/www/index.html"
    httpd -f -p 127.0.0.1:8080 -h "$work/www" &
    server=$!
}

passt_runs() {
    pidof passt >/dev/null
}

no_passt_runs() {
    ! passt_runs
}

# once passt
# limit passt 240
test_passt() {
    make_host
    start_linux "net address=dhcp fetch=http://192.0.2.254:8080/" \
        --net user,forward=tcp:127.0.0.1/2080:80 --wake net,signal
    wait_event "$work/events" asleep 1 120
    expect_console "the host says hello"
    expect_console "GUEST: serves at 192.0.2.1/24"
    fetch index.html 127.0.0.1:2080
    expect_equal answer "$said" "the guest says hello"
    expect_event wake source net
    kill -KILL "$(pidof passt)"
    wait_until 60 guest_ends_by_signal || fail "the guest did not end"
    wait_guest
    expect_status 0
    expect_console "GUEST: carrier 0"
    # passt says something too.
    expect_equal "last error" "$(tail -n 1 "$work/errors")" \
        "dormouse: --net user: passt has ended; the guest's network link is down from now on"
}

# A guest that sleeps finds out about its link after a wake.
guest_ends_by_signal() {
    kill -USR1 "$guest" 2>/dev/null || true
    sleep 1
    [ -e "$work/status" ]
}

# passt ends when dormouse does, whatever ended that.
# once passt_ends
# limit passt_ends 120
test_passt_ends() {
    make_host
    start_bare "" --net user --paused --qmp "$work/qmp"
    wait_until 60 test -S "$work/qmp" || fail "dormouse did not start"
    passt_runs || fail "passt does not run"
    kill -KILL "$guest"
    wait_until 60 no_passt_runs || fail "passt runs on after the end of dormouse"
}

# refused LINE OPTION...: dormouse does not start, and reports this.
refused() {
    line=$1
    shift
    run_status "$@" 2>"$work/refused"
    expect_status 1
    expect_equal message "$(cat "$work/refused")" "dormouse: $line"
}

# once what_is_missing_is_named
test_what_is_missing_is_named() {
    make_tap
    refused "--net user: there is no program passt; install the package passt, or give --net tap=NAME" \
        env PATH=/nowhere "$DORMOUSE" run --kernel "$LAB_BARE" --net user
    refused "--wake net=bpf:tcp prot 22: can't parse filter expression: syntax error" \
        "$DORMOUSE" run --kernel "$LAB_BARE" --net tap=dormouse0 --wake "net=bpf:tcp prot 22"
    mv /dev/vhost-net /dev/vhost-net.away
    refused "--net tap=dormouse0: vhost=on: cannot use /dev/vhost-net: No such file or directory; load the kernel's module vhost_net, or give vhost=auto" \
        "$DORMOUSE" run --kernel "$LAB_BARE" --net tap=dormouse0,vhost=on
    mv /dev/vhost-net.away /dev/vhost-net
    refused "--net tap=lo: that interface is not a tap with one queue" \
        "$DORMOUSE" run --kernel "$LAB_BARE" --net tap=lo
    start_bare "" --net tap=dormouse0 --paused --qmp "$work/qmp"
    wait_until 60 test -S "$work/qmp" || fail "dormouse did not start"
    refused "--net tap=dormouse0: another program uses the interface" \
        "$DORMOUSE" run --kernel "$LAB_BARE" --net tap=dormouse0
}
