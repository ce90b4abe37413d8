#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# What bench/image.sh measures, inside the lab: lines WHO ROW VALUE. `image_lab.sh PART...`; a part is sizes
# (with 2 vCPUs), dormouse=MEMORY, qemu=MEMORY or depths. The variables ROUNDS and PINGS are for
# experiments.
set -u

work=$(mktemp -d "$LAB_TMP/bench.XXXXXX")
here=$PWD
# shellcheck source=bench/host_lab.sh
. ./host_lab.sh
rounds=${ROUNDS:-1} # restores
pings=${PINGS:-3}
guest_ip=10.9.0.2
mac=52:54:00:00:00:01
tracing=/sys/kernel/tracing

fail() {
    echo "bench: $*" >&2
    tail -n 3 "$work"/said "$work"/errors >&2
    exit 1
}

make_disk() {
    make_file_system 1G
    chmod 777 "$work" "$work/disk"
    image=$work/disk/image
}

make_swap() {
    truncate -s 512M "$work/swap"
    swap=$(losetup -f)
    losetup "$swap" "$work/swap"
    mkswap "$swap" >/dev/null
    swapon "$swap" || fail "no swap"
}

make_network() {
    make_tap
    ip neighbour add $guest_ip lladdr $mac nud permanent dev bench0
}

clean_up() {
    [ -z "${pid:-}" ] || kill -KILL "$pid"
    swapoff "${swap:-}"
    losetup -d "${swap:-}"
    ip link delete bench0
    umount "$work/disk"
    losetup -d "$loop"
    rm -rf "$work"
} 2>/dev/null

# The lab's guest, with a script of its own.
make_initrd() {
    mkdir -p "$work/tree/tests"
    cp image_guest "$work/tree/tests/"
    pack_initrd
}

start_trace() {
    [ -d $tracing/events ] || mount -t tracefs trace $tracing || fail "no tracefs"
    echo mono >$tracing/trace_clock
    echo 'sched:sched_switch sched:sched_process_exec kvm:kvm_entry kvm:kvm_mmio' \
        >$tracing/set_event
    echo 16384 >$tracing/buffer_size_kb
    echo >$tracing/trace
    echo 1 >$tracing/tracing_on
}

# Prints the instructions between two lines of the trace (from, to) or two times (begin, end).
busy() { # NAME=VALUE...
    awk -v "$1" -v "$2" -f image_busy.awk $tracing/trace || fail "the trace has no $1 and $2"
}

# Waits until FILE has COUNT lines (1) that match PATTERN.
wait_for() { # FILE PATTERN [COUNT]
    tries=0
    until [ "$(grep -c -- "$2" "$1" 2>/dev/null)" -ge "${3:-1}" ] 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 1200 ] || fail "no '$2' in $1"
        sleep 0.1
    done
}

console_byte='mmio write len . gpa 0x9000000 '

# What a restore took: lines of WHO.
print_restore() { # WHO WHAT PROGRAM
    echo 0 >$tracing/tracing_on
    echo "$1 first-instruction-$2 $(busy "from=sched_process_exec: filename=$3" to=kvm_entry:)"
    echo "$1 first-byte-$2 $(busy "from=sched_process_exec: filename=$3" "to=$console_byte")"
}

arguments="console=ttyAMA0 quiet test=image_guest"

end_guest() {
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    pid=
}

# --- Dormouse. ---

# Starts a guest, or restores one, in the background; sets $pid.
start_dormouse() { # CPUS MEMORY WORDS OPTION...
    cpus=$1 memory=$2 words=$3
    shift 3
    rm -f "$work/events" "$work/said"
    "$DORMOUSE" run --kernel "$LAB_GUEST/vmlinuz" --initrd "$work/initrd" --append "$arguments how=sleep $words" \
        --cpus "$cpus" --memory "$memory" --console "$work/said" --events "$work/events" "$@" \
        </dev/null 2>"$work/errors" &
    pid=$!
}

event_time() { # EVENT
    sed -n "s/.*\"time\":\([0-9]*\).*\"event\":\"$1\".*/\1/p" "$work/events" | tail -n 1
}

# Boots a guest whose first sleep is saved.
save_dormouse() { # CPUS MEMORY
    rm -f "$image"
    start_dormouse "$1" "$2" "" --on-suspend "save=$image"
    wait $pid
    [ $? = 6 ] || fail "the guest was not saved"
    pid=
}

# What there is beside RAM: the header's 96 bytes, the table's rows of 32, and all sections but the map of RAM.
print_record() { # CPUS
    "$DORMOUSE" image info "$image" | awk -v cpus="$1" '
        /^section/ { sum += 32 }
        /^section .*RMAP/ { map = $3; next }
        /^section/ { sum += $3 }
        END { printf "dormouse record-%d %d\ndormouse map-%d %d\n", cpus, 96 + sum, cpus, map }'
}

measure_dormouse() { # MEMORY
    start_trace
    save_dormouse 1 "$1"
    echo 0 >$tracing/tracing_on
    echo "dormouse save-$1 $(busy "begin=$(event_time suspend-request)" "end=$(event_time saved)")"
    echo "dormouse allocated-$1 $(($(stat -c %b "$image") * 512))"
    [ "$1" != 512M ] || print_record 1
    restore_dormouse "$1" eager
    restore_dormouse "$1" lazy
}

restore_dormouse() { # MEMORY eager|lazy
    round=0
    while [ $round -lt "$rounds" ]; do
        start_trace
        start_dormouse 1 "$1" "" --restore "$image" --restore-memory "$2"
        wait_for "$work/said" 'GUEST: awake'
        print_restore dormouse "$2-$1" "$DORMOUSE"
        end_guest
        mv "$image.restored" "$image"
        round=$((round + 1))
    done
}

# --- QEMU. ---

start_qemu() { # CPUS MEMORY OPTION...
    cpus=$1 memory=$2
    shift 2
    rm -f "$work/said" "$work/qmp"
    "$here/qemu/loader" --library-path "$here/qemu" "$here/qemu/qemu-system-aarch64" -M virt,gic-version=3 -accel kvm \
        -cpu host -nodefaults -no-user-config -display none -no-reboot -m "$memory" -smp "$cpus" \
        -kernel "$LAB_GUEST/vmlinuz" -initrd "$work/initrd" -append "$arguments how=run" -serial "file:$work/said" \
        -qmp "unix:$work/qmp,server=on,wait=off" -global migration.mapped-ram=on "$@" </dev/null 2>"$work/errors" &
    pid=$!
}

boot_qemu() { # CPUS MEMORY
    start_qemu "$@"
    wait_for "$work/said" 'GUEST: runs'
}

qmp_qemu() { # STEP...
    "$LAB_TOOLS/qmp" "$work/qmp" "$@" >"$work/answers" 2>&1 || fail "QMP: $(tail -n 2 "$work/answers")"
}

# Until QEMU says that the migration to the file is complete.
save_qemu() {
    rm -f "$image"
    echo bench-begin >$tracing/trace_marker
    qmp_qemu "migrate:{\"uri\":\"file:$image\"}"
    tries=0
    until "$LAB_TOOLS/qmp" "$work/qmp" query-migrate | grep -q '"status": *"completed"'; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "QEMU does not save"
        sleep 0.1
    done
    echo bench-end >$tracing/trace_marker
}

# What there is beside RAM: the state of all devices and CPUs.
print_devices() { # CPUS
    qmp_qemu "xen-save-devices-state:{\"filename\":\"$work/disk/devices\"}"
    echo "qemu record-$1 $(stat -c %s "$work/disk/devices")"
}

measure_qemu() { # MEMORY
    boot_qemu 1 "$1"
    [ "$1" != 512M ] || print_devices 1
    wait_for "$work/said" 'GUEST: runs' "$(($(grep -c 'GUEST: runs' "$work/said") + 1))"
    start_trace
    save_qemu
    echo 0 >$tracing/tracing_on
    echo "qemu save-$1 $(busy from=bench-begin to=bench-end)"
    echo "qemu allocated-$1 $(($(stat -c %b "$image") * 512))"
    end_guest
    round=0
    while [ $round -lt "$rounds" ]; do
        start_trace
        start_qemu 1 "$1" -incoming "file:$image"
        wait_for "$work/said" 'GUEST: runs'
        print_restore qemu "eager-$1" "$here/qemu/loader"
        end_guest
        round=$((round + 1))
    done
}

measure_sizes() {
    save_dormouse 2 512M
    print_record 2
    boot_qemu 2 512M
    print_devices 2
    end_guest
}

# --- The depths of a sleep. ---

resident() {
    awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status"
}

# One ping; prints what it took up to its reply, in instructions of guest and host.
ping_once() { # ROW
    /usr/bin/ping -n -c 1 -W 60 $guest_ip | sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p' |
        awk -v row="$1" '{ printf "dormouse reply-%s %.0f\n", row, $1 * 1000000 }'
}

measure_depth() { # DEPTH OPTION...
    depth=$1
    shift
    start_dormouse 1 512M "address=$guest_ip/24 stay=5" --net "tap=bench0,mac=$mac" "$@"
    sleeps=0
    while [ $sleeps -lt "$pings" ]; do
        sleeps=$((sleeps + 1))
        wait_for "$work/events" '"event":"asleep"' $sleeps
        slept=0
        for second in 1 10 60; do
            sleep $((second - slept))
            slept=$second
            [ $sleeps != 1 ] || echo "dormouse resident-$depth-$second $(resident)"
        done
        ping_once "$depth"
        sleep 2
        [ "$depth" != keep ] || ping_once awake
    done
    end_guest
}

measure_depths() {
    make_network
    make_swap
    measure_depth keep
    measure_depth reclaim --sleep-memory reclaim
    measure_depth disk --sleep-memory "disk=$image" --restore-memory eager
    measure_depth disk-lazy --sleep-memory "disk=$image" --restore-memory lazy
    round=0
    while [ $round -lt "$pings" ]; do
        round=$((round + 1))
        rm -f "$image"
        start_dormouse 1 512M "address=$guest_ip/24 stay=5" --net "tap=bench0,mac=$mac" --on-suspend "save=$image"
        wait $pid
        start_dormouse 1 512M "address=$guest_ip/24 stay=5" --net "tap=bench0,mac=$mac" --restore "$image" --asleep
        wait_for "$work/events" '"event":"asleep"'
        sleep 60
        echo "dormouse resident-restored-60 $(resident)"
        ping_once restored
        end_guest
    done
}

trap clean_up EXIT
make_disk
make_initrd
# Otherwise KVM looks for interrupts in a loop for a while before a vCPU waits for them, which counts as work.
echo 0 >/sys/module/kvm/parameters/halt_poll_ns
for part; do
    case $part in
    *=*) "measure_${part%=*}" "${part#*=}" ;;
    *) "measure_$part" ;;
    esac
done
