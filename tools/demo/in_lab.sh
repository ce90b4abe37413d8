#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The lab's side of `./dev demo`: runs the guest and prints what happens, one line for each event:
#   event JSON    an event of dormouse
#   guest TEXT    a line of the guest's console
#   cpu TICKS UPTIME   while the guest is asleep, twice a second: processor time dormouse has used
#   answer HUNDREDTHS TEXT   what the guest's web server has answered to a request while it slept, and after how long
#   status N      dormouse's exit status

mkfifo events console

# If KVM lets dormouse answer PSCI (Linux 6.4), the demo also shows idle states and a CPU that waits for the operator.
case $(uname -r) in
[0-5].* | 6.[0-3].*)
    policy=no
    set -- --cpus 2
    ;;
*)
    policy=yes
    set -- --cpus 2,max=3 --clusters 1 --idle powerdown --qmp qmp
    ;;
esac

# passt gives the guest the address of the host's interface that has the default route.
# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"
find_uplink
port=18080
set -- "$@" --net "user,forward=tcp:127.0.0.1/$port:80"

hundredths() {
    read -r uptime _ </proc/uptime
    echo "${uptime%.*}${uptime#*.}"
}

# A client on the host. It knows nothing of the guest's sleep.
ask_server() {
    sleep 2
    before=$(hundredths)
    answer=$(printf 'GET /cgi-bin/hello HTTP/1.0\r\n\r\n' | socat -t 60 - "TCP:127.0.0.1:$port" | tail -n 1)
    echo "answer $(($(hundredths) - before)) $answer"
}

watch_processor_time() {
    pid=$(pidof dormouse)
    while sleep 0.5; do
        read -r uptime _ </proc/uptime
        awk -v uptime="$uptime" '{ print "cpu", $14 + $15, uptime }' "/proc/$pid/stat"
    done
}

pass_events() {
    watcher=''
    while IFS= read -r line; do
        printf 'event %s\n' "$line"
        case $line in
        *'"event":"asleep"'*)
            # The first sleep is measured; a request ends the second one.
            if [ "$watcher" ]; then
                ask_server &
            else
                watch_processor_time &
                watcher=$!
            fi
            ;;
        *'"event":"wake"'*) kill "$watcher" 2>/dev/null ;;
        esac
    done
}

pass_console() {
    while IFS= read -r line || [ -n "$line" ]; do
        printf 'guest %s\n' "$line"
        case $line in
        *'the operator is asked'*)
            "$LAB_TOOLS/qmp" qmp 'x-dormouse-admit-vcpu:{"cpu-index":2}' >/dev/null 2>&1 &
            ;;
        esac
    done
}

# This shell holds the FIFO open, so it has a reader before dormouse opens it, and ends when both have closed it.
exec 3<>events
(
    exec <events 3>&-
    pass_events
) &
(
    exec 3>&- <console
    pass_console
) &
"$DORMOUSE" run --name demo "$@" --kernel "$LAB_GUEST/vmlinuz" --initrd "$LAB_GUEST/initrd" \
    --append "console=ttyAMA0 quiet test=demo policy=$policy network=yes" --events events </dev/null >console 3>&-
status=$?
exec 3>&-
wait
echo "status $status"
