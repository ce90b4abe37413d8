# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Selects the QEMU that emulates machines: this machine's own from 9.0 on, otherwise Debian 13's, fetched as a package
# and never installed.
#
# QEMU 7.2 (Debian 12) watches code for changes only after it has translated it: a processor could continue with code
# that another one was just changing. Linux changes its code when the first VM starts and when the last one ends, so
# that KVM learns of task switches. About once in 10^3 VMs a vCPU's thread then continued with the guest's registers, or
# its processor hung. 9.0 is also the first version with a Raspberry Pi 4, which peers/ needs.

# Sets `qemu` to the command, and the words that it needs before its own options.
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
    version=$("$1" --version 2>/dev/null | sed -n '1s/^QEMU emulator version \([0-9]*\)\..*/\1/p')
    ((${version:-0} >= 9))
}

fetch_qemu() { # FOLDER
    fetch_native "$1" qemu-system-arm qemu-system-aarch64 './usr/lib/*-linux-gnu/*.so*'
    mv "$1/loader" "$1/qemu-system-aarch64-loader"
}

# Creates build/lab/debian/trixie-qemu-arm64: Debian 13's QEMU for the lab itself, where it is a monitor under KVM like
# dormouse. The command `./qemu/qemu` runs it if the folder is at hand as `qemu`.
make_lab_qemu() {
    make_once "$build/lab/debian/trixie-qemu-arm64" "fetching Debian 13's QEMU for arm64" "30 s" fetch_lab_qemu
}

fetch_lab_qemu() { # FOLDER
    local from=$1/from
    mkdir "$from" "$1/qemu"
    fetch_debian "$from" trixie qemu-system-arm ./usr/bin/qemu-system-aarch64 ./usr/lib/aarch64-linux-gnu \
        './usr/lib/ld-linux-*'
    cp "$from/usr/bin/qemu-system-aarch64" "$1/qemu/"
    copy_libraries "$from/usr/bin/qemu-system-aarch64" "$from/usr/lib/aarch64-linux-gnu" "$1/qemu"
    cp -L "$from/usr/lib/ld-linux-aarch64.so.1" "$1/qemu/loader"
    rm -r "$from"
}
