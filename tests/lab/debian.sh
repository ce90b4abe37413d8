# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# A whole Debian on a disk: how tests and `./dev demo disk` reach it, and what in it must outlive a sleep. It has no test
# of its own.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# The options of every dormouse that has it; $disk is the test's.
debian_options() {
    echo "--cpus 2 --memory 1G --disk $disk --net user,forward=tcp:127.0.0.1/2222:22"
}

# By SSH, through passt unless a test sets $debian_at to other options of ssh.
in_debian() { # COMMAND...
    # shellcheck disable=SC2086 # several words
    ssh -i "$LAB_KEY" ${debian_at:--p 2222 -o Hostname=127.0.0.1} -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=300 root@debian "$@"
}

# As in_debian, but the VM's name is enough to find the forwarded port, or its vsock.
by_name() { # NAME COMMAND...
    by_name=$1
    shift
    "$DORMOUSE" ssh "root@$by_name" -i "$LAB_KEY" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR -o ConnectTimeout=300 "$@"
}

debian_is_up() {
    in_debian true >/dev/null 2>&1
}

# The host's time in hundredths of a second. Its shell has no finer clock than the uptime.
host_time() {
    read -r host_uptime _ </proc/uptime
    echo $((${host_uptime%.*}${host_uptime#*.} + host_start_time))
}

learn_time() {
    host_start_time=0
    host_second=$(date +%s)
    while [ "$(date +%s)" = "$host_second" ]; do :; done
    host_start_time=$(((host_second + 1) * 100 - $(host_time)))
}

# Prints a time of date +%s.%N in hundredths of a second.
hundredths_of() { # SECONDS.NANOSECONDS
    hundredths=${1#*.}
    echo "${1%.*}${hundredths%???????}"
}

# A program whose state is only in its memory, and a file that is in the guest's page cache. `look` prints what must be
# the same after a sleep; then how far the program has counted, which it must still do.
witness_program() {
    cat <<'END'
set -eu
file=/root/witness
case $1 in
start)
    head -c 8M /dev/urandom >$file
    sync
    mkfifo /run/never
    systemd-run -q --unit witness bash /run/witness count
    ;;
count)
    secret=$(od -An -N 8 -t x8 /dev/urandom)
    count=0
    exec 3<>/run/never
    # Nothing comes from there. It needs no process each time, which would make an idle guest look busy.
    until read -rt 1 -u 3; do
        count=$((count + 1))
        echo "$$$secret $count" >/run/counted
    done
    ;;
look)
    before=$(cat /run/counted 2>/dev/null) || before=''
    now=''
    tries=0
    until [ "$now" ] && [ "$now" != "$before" ]; do
        [ $((tries += 1)) -lt 600 ] || exit 1
        sleep 0.1
        now=$(cat /run/counted 2>/dev/null) || now=''
    done
    echo "boot $(cat /proc/sys/kernel/random/boot_id)"
    systemctl list-units --type=service --state=running --plain --no-legend | while read -r unit _; do
        echo "service $unit $(systemctl show -p MainPID --value "$unit")"
    done
    echo "program ${now% *}"
    echo "cached $(fincore --noheadings --output PAGES $file)"
    echo "sum $(sha256sum <$file | cut -d ' ' -f 1)"
    echo "count ${now##* }"
    ;;
esac
END
}

start_witness() {
    witness_program | in_debian 'cat >/run/witness; sh /run/witness start'
}
