#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# What bench/wake.sh measures, inside the lab: lines ROW MICROSECONDS. A row is `awake`, `asleep` or, if the host has to
# ask for the guest's MAC address first, `asleep-unknown`.
set -u

guest_ip=10.9.0.2
# Debian's program: busybox's shell prefers its own one, which has no taps.
ip=$(command -v /usr/bin/ip || command -v ip)
"$ip" tuntap add bench0 mode tap
"$ip" address add 10.9.0.1/24 dev bench0
"$ip" link set bench0 up
"$DORMOUSE" run --kernel "$LAB_GUEST/vmlinuz" --initrd "$LAB_GUEST/initrd" --net tap=bench0 --console said \
    --append "console=ttyAMA0 quiet test=net address=$guest_ip/24 sleeps=10 stay=5" --events events </dev/null &

wait_asleep() { # COUNT
    tries=0
    until [ "$(grep -c '"event":"asleep"' events 2>/dev/null)" -ge "$1" ] 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || {
            echo "bench: the guest does not sleep" >&2
            exit 1
        }
        sleep 0.5
    done
    sleep 2
}

# One ping; prints the time of its reply.
ping_once() { # ROW
    /usr/bin/ping -n -c 1 -W 60 $guest_ip |
        sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p' | awk -v row="$1" '{ printf "%s %d\n", row, $1 * 1000 }'
}

count=0
while [ $count -lt 10 ]; do
    count=$((count + 1))
    wait_asleep $count
    if [ $((count % 2)) = 1 ]; then
        "$ip" neighbour flush dev bench0
        ping_once asleep-unknown
    else
        ping_once asleep
    fi
    sleep 2
    [ $((count % 2)) = 1 ] || ping_once awake
done
wait
