#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# What bench/io.sh measures, inside the lab: lines WHO CASE NANOSECONDS, where WHO is host, qemu, dormouse or asleep.
# `io_lab.sh WHAT...`; WHAT is one of these, or dormouse_vhost or qemu_vhost: the tap's cases, with vhost-net. The
# variables ONLY (a part of the cases' names) and ROUNDS are for experiments.
set -u

work=$(mktemp -d "$LAB_TMP/bench.XXXXXX")
chmod 755 "$work"
here=$PWD
# shellcheck source=bench/host_lab.sh
. ./host_lab.sh
only=${ONLY:-}
rounds=${ROUNDS:-5}
memory=512M
tap_mac=52:54:00:00:00:01
passt_mac=52:54:00:00:00:02

fail() {
    echo "bench: $*" >&2
    exit 1
}

make_disk() {
    make_file_system 192M
    dd if=/dev/urandom of="$work/disk/image" bs=1M count=64 2>/dev/null
    sync
}

# A tap, and an interface from which passt takes the address of its guest; and the other end of the guests' traffic.
make_networks() {
    make_tap
    ip link add uplink0 type dummy
    ip address add 192.0.2.1/24 dev uplink0
    ip link set uplink0 up
    ip route add default via 192.0.2.254 dev uplink0
    ./io_load serve 7777 &
    server=$!
}

clean_up() {
    kill "$server" 2>/dev/null
    ip link delete bench0
    ip link delete uplink0
    umount "$work/disk"
    losetup -d "$loop"
    rm -rf "$work"
} 2>/dev/null

# The lab's guest with the load.
make_initrd() {
    mkdir -p "$work/tree/bin" "$work/tree/tests"
    cp io_load "$work/tree/bin/"
    cp io_guest io_cases "$work/tree/tests/"
    pack_initrd
}

# What the guest said: lines WHO CASE NANOSECONDS.
print_said() { # WHO SUFFIX
    tr -d '\r' <"$work/said" | sed -n "s/^BENCH \([^ ]*\)/$1 \1$2/p"
    grep -q '^GUEST: ok' "$work/said" || fail "the guest of $1 did not end well: $(tail -n 3 "$work/said")"
}

arguments="console=ttyAMA0 quiet test=io_guest only=$only rounds=$rounds"

measure_host() {
    round=0
    while [ $round -lt "$rounds" ]; do
        round=$((round + 1))
        sed -e '/^#/d' -e "s|FILE|$work/disk/image|; s|HOW|cached|" io_cases | while read -r name words; do
            case $name in
            *tap | *passt) continue ;;
            *"$only"*) ;;
            *) continue ;;
            esac
            # shellcheck disable=SC2086 # several words
            echo "host $name $(./io_load $words)"
        done
    done
}

run_dormouse() { # VHOST ONLY SUFFIX
    rm -f "$work/said"
    "$DORMOUSE" run --kernel "$LAB_GUEST/vmlinuz" --initrd "$work/initrd" --append "$arguments only=$2" --memory $memory \
        --disk "$work/disk/image" --net tap=bench0,mac=$tap_mac,vhost="$1" --net user,mac=$passt_mac \
        --console "$work/said" </dev/null || fail "dormouse ended with status $?"
    print_said dormouse "$3"
}

# Without vhost-net, as QEMU's tap is by default.
measure_dormouse() {
    run_dormouse off "$only" ""
}

measure_dormouse_vhost() {
    modprobe vhost_net
    run_dormouse on tap -vhost
}

# Device for device the same, in QEMU's usual way to attach them: PCI with MSI-X.
run_qemu() { # VHOST ONLY SUFFIX
    qemu=$here/qemu
    rm -f "$work/passt"
    passt --quiet --foreground --runas 0 --socket "$work/passt" &
    passt=$!
    until [ -S "$work/passt" ]; do sleep 0.1; done
    "$qemu/loader" --library-path "$qemu" "$qemu/qemu-system-aarch64" -M virt,gic-version=3 -accel kvm -cpu host \
        -nodefaults -no-user-config -display none -no-reboot -m $memory -smp 1 \
        -kernel "$LAB_GUEST/vmlinuz" -initrd "$work/initrd" -append "$arguments only=$2" -serial "file:$work/said" \
        -drive "if=none,id=disk,format=raw,cache=writeback,aio=${AIO:-io_uring},file=$work/disk/image" \
        -device virtio-blk-pci,drive=disk \
        -netdev "tap,id=tap,ifname=bench0,script=no,downscript=no,vhost=$1" \
        -device virtio-net-pci,netdev=tap,mac=$tap_mac,romfile= \
        -netdev "stream,id=passt,server=off,addr.type=unix,addr.path=$work/passt" \
        -device virtio-net-pci,netdev=passt,mac=$passt_mac,romfile= </dev/null || fail "QEMU ended with status $?"
    kill $passt 2>/dev/null
    print_said qemu "$3"
}

measure_qemu() {
    run_qemu off "$only" ""
}

measure_qemu_vhost() {
    modprobe vhost_net
    run_qemu on tap -vhost
}

# Processor time of a minute asleep, with all of these devices, after the disk was written and flushed. The kernel's threads
# of io_uring have ended by then.
measure_asleep() {
    "$DORMOUSE" run --kernel "$LAB_GUEST/vmlinuz" --initrd "$work/initrd" --memory $memory \
        --append "$arguments only=flush rounds=0 sleep=yes" --events "$work/events" \
        --disk "$work/disk/image" --net tap=bench0,mac=$tap_mac --net user,mac=$passt_mac \
        --console "$work/said" </dev/null &
    pid=$!
    until grep -q '"event":"asleep"' "$work/events" 2>/dev/null; do sleep 0.5; done
    sleep 20
    before=$(cpu_time)
    sleep 60
    echo "asleep minute $(($(cpu_time) - before))"
    kill -TERM $pid
    wait $pid || true
}

cpu_time() {
    cat /proc/"$pid"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

make_disk
make_networks
trap clean_up EXIT
make_initrd
# Otherwise KVM looks for interrupts in a loop for a while before a vCPU waits for them, which counts as work.
echo 0 >/sys/module/kvm/parameters/halt_poll_ns
for who; do
    "measure_$who"
done
