# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Which QEMU emulates machines: this machine's own from 9.0 on, else Debian 13's, fetched as a package
# and never installed.
#
# QEMU 7.2, Debian 12's, guards code against changes only once it has translated it: a processor could go on with
# what another one was just changing. Linux changes its code whenever the first VM is made and the last one ends, to
# have KVM hear of task switches. About once in 10^3 VMs a vCPU's thread then ran on with the guest's registers, or
# its processor hung. 9.0 is the first with a Raspberry Pi 4, which peers/ needs.

# Sets `qemu` to the command, and what it needs before its own options.
find_qemu() {
    local folder=$build/lab/debian/trixie-qemu
    qemu=(qemu-system-aarch64)
    if is_new_qemu "${qemu[@]}"; then
        return
    fi
    make_once "$folder" "fetching Debian 13's QEMU" "20 s" fetch_qemu
    # The kernel and ps know a process by the name of its loader.
    qemu=("$folder/qemu-system-aarch64-loader" --library-path "$folder" "$folder/qemu-system-aarch64")
}

is_new_qemu() { # QEMU
    local version
    version=$("$1" --version | sed -n '1s/^QEMU emulator version \([0-9]*\)\..*/\1/p')
    ((${version:-0} >= 9))
}

# With the libraries that it needs, and the loader, for this machine may have older ones.
fetch_qemu() { # FOLDER
    local tree=$1/tree loader
    mkdir "$tree"
    fetch_debian "$tree" "trixie:$debian_arch" qemu-system-arm ./usr/bin/qemu-system-aarch64 \
        './usr/lib/*-linux-gnu/*.so*'
    loader=("$tree"/usr/lib/*-linux-gnu/ld-linux-*.so.*)
    "${loader[0]}" --library-path "${loader[0]%/*}" --list "$tree/usr/bin/qemu-system-aarch64" |
        sed -n 's/.* => \(.*\) (0x.*/\1/p' | xargs -d '\n' cp -L -t "$1"
    cp -L "${loader[0]}" "$1/qemu-system-aarch64-loader"
    mv "$tree/usr/bin/qemu-system-aarch64" "$1"
    rm -r "$tree"
}
