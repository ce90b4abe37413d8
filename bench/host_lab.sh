# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154 # $work is the bench's
# What benches with a disk and a tap share, inside the lab. $work is a folder of the bench, whose fail ends it.

# Debian's program: busybox's shell prefers its own one, which has no taps.
ip() {
    "$(command -v /usr/bin/ip || command -v ip)" "$@"
}

# A file system of a real kind on a disk that takes no time: a loop device in memory. Its page cache has the whole file.
# Sets $loop; it is mounted on $work/disk.
make_file_system() { # SIZE
    modprobe loop 2>/dev/null
    truncate -s "$1" "$work/medium"
    loop=$(losetup -f)
    losetup "$loop" "$work/medium"
    "$(command -v /usr/bin/mke2fs || command -v mke2fs)" -q -t ext4 "$loop" || fail "cannot make a file system"
    mkdir "$work/disk"
    mount -t ext4 "$loop" "$work/disk" || fail "cannot mount a file system"
}

make_tap() {
    ip tuntap add bench0 mode tap
    # The host's own IPv6 says something on a new link for a while, which a sleeping guest's monitor would look at.
    echo 1 >/proc/sys/net/ipv6/conf/bench0/disable_ipv6
    ip address add 10.9.0.1/24 dev bench0
    ip link set bench0 up
}

# The lab's guest, with what is in $work/tree.
pack_initrd() {
    { cat "$LAB_GUEST/initrd" && (cd "$work/tree" && find . | cpio -o -H newc 2>/dev/null); } >"$work/initrd"
}
