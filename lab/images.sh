# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The files that the lab boots: Debian's kernels, fetched as packages and never installed, and initramfs
# images with a static busybox. Each is created when it is first needed and kept under build/lab.

# Takes files that match PATTERN out of packages of a Debian release, for arm64 if no architecture is given.
# Runs no program of the packages. The files belong to the caller, even if root unpacked them.
fetch_debian() { # FOLDER SUITE[:ARCHITECTURE] PACKAGE,PACKAGE... PATTERN...
    local folder=$1 suite=$2 packages=$3 log=$build/fetch.log status=0
    shift 3
    fetch_tar "$suite" "$packages" 2>"$log" | {
        tar -x -C "$folder" --no-same-owner --wildcards --no-wildcards-match-slash \
            --exclude='./dev/*' "$@" 2>>"$log" &&
            cat >/dev/null # tar stops at the archive's end, before its padding.
    } || status=$?
    if ((status == 130)); then
        exit 130 # Ctrl-C needs no explanation.
    elif ((status)); then
        die_of "$log" 15 "could not fetch $packages of Debian's $suite (is there a network?)"
    fi
}

# On an error mmdebstrap ends its whole process group, so it gets one of its own. Therefore Ctrl-C must
# be passed on.
fetch_tar() { # SUITE[:ARCHITECTURE] PACKAGES
    local suite=${1%:*} architecture=${1#"${1%:*}"} release command
    release=${suite%-backports}
    architecture=${architecture#:}
    command=(setsid --wait mmdebstrap --variant=extract --format=tar
        "--architectures=${architecture:-arm64}" "--include=$2")
    if [[ $suite != "$release" ]]; then
        command+=("--setup-hook=$(backports_hook "$release")")
    fi
    command+=("$release" -)
    if ((EUID != 0)) && can_be_root; then
        command=(sudo -- "${command[@]}") # Otherwise mmdebstrap uses a user namespace.
    fi
    "${command[@]}" </dev/null &
    trap 'kill -TERM -- "-$!" 2>/dev/null || true; wait "$!" || true; exit 130' INT TERM HUP
    wait "$!"
}

# Backports need the sources of their release, too; PACKAGE/SUITE selects a package from them.
backports_hook() { # RELEASE
    # shellcheck disable=SC2016 # for the hook's shell, which gets the folder
    printf 'sed -n "s/ %s / %s-backports /p" "$1/etc/apt/sources.list" >"$1%s"' "$1" "$1" \
        /etc/apt/sources.list.d/backports.list
}

# Creates build/lab/debian/NAME: vmlinuz, busybox, and modules/ with the virtio drivers that the host
# needs, numbered in the order of loading. Linux 6.12 has them built in.
make_kernel() { # NAME
    local dir=$build/lab/debian/$1
    case $1 in
    bookworm-cloud)
        make_once "$dir" "fetching Debian 12's cloud kernel, Linux 6.1" "10 s" \
            fill_kernel bookworm linux-image-cloud-arm64 './boot/vmlinuz-*' ./bin/busybox \
            virtio/virtio_ring virtio/virtio virtio/virtio_pci_legacy_dev \
            virtio/virtio_pci_modern_dev virtio/virtio_pci char/virtio_console
        ;;
    trixie-cloud)
        make_once "$dir" "fetching Debian 13's cloud kernel, Linux 6.12" "10 s" \
            fill_kernel trixie linux-image-cloud-arm64 './boot/vmlinuz-*' ./usr/bin/busybox
        ;;
    trixie-generic)
        make_once "$dir" "fetching Debian 13's generic kernel, Linux 6.12" "15 s" \
            fill_kernel trixie linux-image-arm64 './boot/vmlinuz-*' ./usr/bin/busybox
        ;;
    backports-cloud)
        make_once "$dir" "fetching the cloud kernel of Debian 13's backports" "15 s" \
            fill_kernel trixie-backports linux-image-cloud-arm64/trixie-backports \
            './usr/lib/modules/*/vmlinuz' ./usr/bin/busybox
        ;;
    esac
}

fill_kernel() { # SUITE PACKAGE KERNEL-PATTERN BUSYBOX-PATH DRIVER... FOLDER
    local folder=${*: -1} suite=$1 package=$2 kernel=$3 busybox=$4 driver number=10
    local drivers=("${@:5:$#-5}") patterns=()
    for driver in "${drivers[@]}"; do
        patterns+=("./lib/modules/*/kernel/drivers/$driver.ko")
    done
    mkdir "$folder/tree" "$folder/modules"
    fetch_debian "$folder/tree" "$suite" "busybox-static,$package" \
        "$kernel" "$busybox" "${patterns[@]}"
    # shellcheck disable=SC2086 # a pattern
    mv "$folder/tree"/$kernel "$folder/vmlinuz"
    mv "$folder/tree/$busybox" "$folder/busybox"
    for driver in "${drivers[@]}"; do
        mv "$folder/tree"/lib/modules/*/kernel/drivers/"$driver.ko" \
            "$folder/modules/$number-${driver#*/}.ko"
        number=$((number + 1))
    done
    rm -rf "$folder/tree"
}

# Creates build/lab/debian/trixie-rtcwake: the one program of a real guest that busybox lacks.
make_rtcwake() {
    make_once "$build/lab/debian/trixie-rtcwake" "fetching Debian 13's rtcwake" "10 s" fill_rtcwake
}

fill_rtcwake() { # FOLDER
    fetch_debian "$1" trixie util-linux,util-linux-extra ./usr/sbin/rtcwake \
        ./usr/lib/aarch64-linux-gnu/libc.so.6 ./usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1
    mv "$1"/usr/sbin/* "$1"/usr/lib/aarch64-linux-gnu/* "$1"
    rm -r "${1:?}/usr"
}

kernel_of_host() { # 6.1|6.12|backports
    case $1 in
    6.1) echo bookworm-cloud ;;
    6.12) echo trixie-cloud ;;
    backports) echo backports-cloud ;;
    esac
}

kernel_of_guest() { # cloud|generic
    echo "trixie-$1"
}

# Prints an uncompressed initramfs of a folder, with all files owned by root. An emulated processor copies
# faster than it unpacks. With -L symbolic links become the files that they point to.
make_cpio() { # FOLDER [-L] >FILE
    local folder=$1
    shift
    (cd "$folder" && find "$@" . -print0 | cpio --null -o -H newc --quiet -R +0:+0 "$@")
}

# The initramfs of the stock Debian guests: busybox, rtcwake, an init, and the scripts it can run. It is
# small enough to be created for every run, so it cannot be out of date.
make_guest_initrd() { # BUSYBOX TEMPORARY-FOLDER FILE
    local tree=$2 rtcwake=$build/lab/debian/trixie-rtcwake
    mkdir -p "$tree"/{bin,dev,proc,sys,tmp,lib/aarch64-linux-gnu}
    ln -s "$rtcwake/rtcwake" "$tree/bin/rtcwake"
    ln -s "$rtcwake/libc.so.6" "$tree/lib/aarch64-linux-gnu/libc.so.6"
    ln -s "$rtcwake/ld-linux-aarch64.so.1" "$tree/lib/ld-linux-aarch64.so.1"
    ln -s "$root/tests/lab/guest/linux/init" "$tree/init"
    ln -s "$root/tests/lab/guest/linux/tests" "$tree/tests"
    ln -s "$1" "$tree/bin/busybox"
    make_cpio "$tree" -L >"$3"
}
