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

# Fetches programs of one of Debian 13's packages for this machine, with their libraries, because this machine may have
# older ones, and with the program that loads them: FOLDER/loader. PATTERN says
# where libraries are.
fetch_native() { # FOLDER PACKAGE "PROGRAM..." PATTERN...
    local folder=$1 tree=$1/tree wanted program libraries loader
    read -ra wanted <<<"$3"
    mkdir "$tree"
    fetch_debian "$tree" "trixie:$debian_arch" "$2" "${wanted[@]/#/./usr/bin/}" "${@:4}"
    loader=("$tree"/usr/lib/*-linux-gnu/ld-linux-*.so.*)
    libraries=${loader[0]%/*}:$tree/usr/lib
    for program in "${wanted[@]}"; do
        "${loader[0]}" --library-path "$libraries" --list "$tree/usr/bin/$program" |
            sed -n 's/.* => \(.*\) (0x.*/\1/p' | xargs -d '\n' cp -L -t "$folder"
        cp "$tree/usr/bin/$program" "$folder"
    done
    cp -L "${loader[0]}" "$folder/loader"
    rm -r "$tree"
}

# More options of mmdebstrap.
fetch_options=()

# On an error mmdebstrap ends its whole process group, so it gets one of its own. Therefore Ctrl-C must
# be passed on.
fetch_tar() { # SUITE[:ARCHITECTURE] PACKAGES
    local suite=${1%:*} architecture=${1#"${1%:*}"} release command
    release=${suite%-backports}
    architecture=${architecture#:}
    command=(setsid --wait mmdebstrap --variant=extract --format=tar
        "--architectures=${architecture:-arm64}" "--include=$2" "${fetch_options[@]}")
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

# Modules that hosts and guests need. A kernel may have some of them built in.
kernel_modules=(
    virtio_pci virtio_mmio virtio_console virtio_blk virtio_net virtio_rng virtio_balloon vmw_vsock_virtio_transport
    # Back-ends on a host: taps, vhost, networks of its own, copies of disks.
    tun tap dummy veth bridge vhost_net vhost_vsock vsock_loopback loop dm_mod dm_snapshot
)

# Creates build/lab/kernels/NAME: vmlinuz, busybox, and modules/VERSION/ with the drivers of hosts and guests.
make_kernel() { # NAME
    local dir wanted=("${kernel_modules[@]}") had=''
    dir=$(kernel_folder "$1")
    if [[ $1 == trixie-generic ]]; then
        wanted+=(gpio_keys evdev ext4 crc32c_generic) # The cloud kernels have no keys, and ext4 built in.
    elif [[ $1 == trixie-cloud ]]; then
        wanted+=(efivarfs dm_flakey) # A guest that starts in firmware; a disk that forgets.
    fi
    if [[ -r $dir/modules.txt ]]; then
        had=$(<"$dir/modules.txt")
    fi
    if [[ $had != "${wanted[*]}" ]]; then
        rm -rf "$dir" # It is of a version with other modules.
    fi
    case $1 in
    bookworm-cloud)
        make_once "$dir" "fetching Debian 12's cloud kernel, Linux 6.1" "10 s" \
            fill_kernel bookworm linux-image-cloud-arm64 './boot/vmlinuz-*' ./bin/busybox ./lib/modules
        ;;
    trixie-cloud)
        make_once "$dir" "fetching Debian 13's cloud kernel, Linux 6.12" "10 s" \
            fill_kernel trixie linux-image-cloud-arm64 './boot/vmlinuz-*' ./usr/bin/busybox ./usr/lib/modules
        ;;
    trixie-generic)
        make_once "$dir" "fetching Debian 13's generic kernel, Linux 6.12" "15 s" \
            fill_kernel trixie linux-image-arm64 './boot/vmlinuz-*' ./usr/bin/busybox ./usr/lib/modules
        ;;
    backports-cloud)
        make_once "$dir" "fetching the cloud kernel of Debian 13's backports" "15 s" \
            fill_kernel trixie-backports linux-image-cloud-arm64/trixie-backports \
            './usr/lib/modules/*/vmlinuz' ./usr/bin/busybox ./usr/lib/modules
        ;;
    esac
}

kernel_folder() { # NAME
    printf '%s\n' "$build/lab/kernels/$1"
}

fill_kernel() { # SUITE PACKAGE KERNEL-PATTERN BUSYBOX-PATH MODULES-PATH FOLDER
    local suite=$1 package=$2 kernel=$3 busybox=$4 modules=$5 folder=$6
    mkdir "$folder/tree"
    fetch_debian "$folder/tree" "$suite" "busybox-static,$package" "$kernel" "$busybox" "$modules"
    # shellcheck disable=SC2086 # a pattern
    mv "$folder/tree"/$kernel "$folder/vmlinuz"
    mv "$folder/tree/$busybox" "$folder/busybox"
    [[ -e $folder/tree/lib ]] || ln -s usr/lib "$folder/tree/lib"
    fill_modules "$folder/tree" "$folder/modules"
    printf '%s\n' "${wanted[*]}" >"$folder/modules.txt"
    rm -rf "$folder/tree"
}

# Copies the modules of the list "wanted", and those that they need, unpacked: an emulated processor copies faster than it
# unpacks.
fill_modules() { # TREE FOLDER
    local version to list=$1/list
    version=$(ls "$1/lib/modules")
    to=$2/$version
    mkdir -p "$to" "$2/lib"
    /sbin/depmod -b "$1" "$version"
    /sbin/modprobe -C "$1" -d "$1" -S "$version" -a --show-depends "${wanted[@]}" >"$list"
    sed -n 's/^insmod \([^ ]*\).*/\1/p' "$list" | sort -u | xargs -d '\n' cp -t "$to"
    find "$to" -name '*.xz' -exec xz -d {} +
    cp -t "$to" "$1/lib/modules/$version"/modules.{builtin,builtin.modinfo,order}
    ln -s .. "$2/lib/modules"
    /sbin/depmod -b "$2" "$version"
    rm -r "${2:?}/lib" "$to"/*.bin
}

# Creates build/lab/debian/trixie-usr/disk: a file system with programs of Debian 13 that tests use on the lab's host,
# with their libraries, and with firmware for guests. The host mounts it at /usr.
make_tools() {
    local dir=$build/lab/debian/trixie-usr had=''
    if [[ -r $dir/programs.txt ]]; then
        had=$(<"$dir/programs.txt")
    fi
    if [[ $had != "${tools_programs[*]}" ]]; then
        rm -rf "$dir" # It is of a version with other programs.
    fi
    make_once "$dir" "fetching Debian 13's programs and firmware for the lab" "20 s" fill_tools
}

tools_packages=(passt openssh-client socat iproute2 iputils-ping qemu-utils qemu-system-common dmsetup fio
    e2fsprogs mtools qemu-guest-agent libxml2-utils resource-agents)
tools_firmware=(qemu-efi-aarch64 u-boot-qemu)
tools_programs=(passt ssh scp ssh-keygen socat ip tc bridge ping qemu-storage-daemon qemu-img qemu-io dmsetup fio
    mke2fs e2fsck debugfs mformat mcopy qemu-ga xmllint)

fill_tools() { # FOLDER
    local from=$1/from to=$1/usr program paths
    mkdir "$from" "$to" "$to/bin" "$to/lib"
    fetch_debian "$from" trixie "$(comma_list "${tools_packages[@]}" "${tools_firmware[@]}")" \
        ./usr/bin ./usr/sbin ./usr/lib/aarch64-linux-gnu './usr/lib/ld-linux-*' \
        ./usr/lib/ocf/lib ./usr/share/resource-agents './usr/share/AAVMF/AAVMF_*' './usr/share/qemu/firmware/*' ./usr/lib/u-boot/qemu_arm64/u-boot.bin
    for program in "${tools_programs[@]}"; do
        paths=("$from"/usr/*bin/"$program") # Some are in both folders.
        cp -t "$to/bin" "${paths[0]}"
        copy_libraries "$to/bin/$program" "$from/usr/lib/aarch64-linux-gnu" "$to/lib"
    done
    cp -L "$from/usr/lib/aarch64-linux-gnu/libgcc_s.so.1" "$to/lib/" # A thread that is cancelled loads it.
    copy_gconv "$from/usr" "$to"
    copy_firmware "$from/usr" "$to"
    copy_ocf "$from/usr" "$to"
    make_tools_disk "$to" "$1/disk"
    printf '%s\n' "${tools_programs[*]}" >"$1/programs.txt"
    rm -r "$from" "$to"
}

comma_list() { # WORD...
    local IFS=,
    printf '%s\n' "$*"
}

# Copies the code page of mtools.
copy_gconv() { # FROM TO
    local gconv=lib/aarch64-linux-gnu/gconv
    mkdir -p "$2/$gconv"
    cp -t "$2/$gconv" "$1/$gconv"/{IBM850.so,gconv-modules.cache}
}

# Copies the tester of resource agents for Pacemaker, what an agent needs, and the schemas of its meta-data.
copy_ocf() { # FROM TO
    mkdir -p "$2"/lib/ocf "$2/share/resource-agents"
    cp -t "$2/bin" "$1/sbin/ocf-tester"
    cp -a -t "$2/lib/ocf" "$1/lib/ocf/lib"
    cp -t "$2/share/resource-agents" "$1"/share/resource-agents/{metadata.rng,ra-api-1.dtd}
}

# Copies U-Boot, and EDK2 without Secure Boot. A file for flash has 64 MiB, most of them zeros.
copy_firmware() { # FROM TO
    local folder
    for folder in share/AAVMF share/qemu/firmware lib/u-boot/qemu_arm64; do
        mkdir -p "$2/$folder"
    done
    cp -t "$2/share/AAVMF" -P --sparse=always "$1"/share/AAVMF/AAVMF_{CODE,CODE.no-secboot,VARS}.fd
    cp -t "$2/share/qemu/firmware" "$1"/share/qemu/firmware/60-*.json
    cp -t "$2/lib/u-boot/qemu_arm64" "$1/lib/u-boot/qemu_arm64/u-boot.bin"
}

# Copies all shared libraries that a program needs, directly or not.
copy_libraries() { # PROGRAM FROM TO
    local name
    aarch64-linux-gnu-readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r name; do
        [[ ! -e $3/$name ]] || continue
        cp -L "$(find "$2" -name "$name" -print -quit)" "$3/$name"
        copy_libraries "$3/$name" "$2" "$3"
    done
}

# A file system without a journal, because it is only read. Holes of files stay holes.
make_tools_disk() { # FOLDER FILE
    local kilobytes
    kilobytes=$(du -sk --apparent-size "$1" | cut -f 1)
    truncate -s $((kilobytes * 11 / 10 + 4096))K "$2"
    /sbin/mke2fs -q -t ext4 -O '^has_journal' -m 0 -E root_owner=0:0 -d "$1" "$2"
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

# Creates FOLDER/GUEST with vmlinuz and initrd for each guest. They are links, or small enough to be created for every
# run, so they cannot be out of date.
make_guests() { # FOLDER GUEST...
    local folder=$1 guest kernel
    shift
    for guest; do
        kernel=$(kernel_folder "$(kernel_of_guest "$guest")")
        mkdir -p "$folder/$guest"
        ln -s "$kernel/vmlinuz" "$folder/$guest/vmlinuz"
        make_guest_initrd "$kernel/modules" "$folder/$guest/tree" >"$folder/$guest/initrd"
        rm -r "$folder/$guest/tree"
    done
}

# The initramfs of the stock Debian guests: busybox, rtcwake, modules, an init, the scripts it can
# run, and a program of the tests.
make_guest_initrd() { # MODULES TEMPORARY-FOLDER >FILE
    local tree=$2 rtcwake=$build/lab/debian/trixie-rtcwake
    mkdir -p "$tree"/{bin,dev,proc,sys,tmp,lib/aarch64-linux-gnu}
    ln -s "$rtcwake/rtcwake" "$tree/bin/rtcwake"
    ln -s "$rtcwake/libc.so.6" "$tree/lib/aarch64-linux-gnu/libc.so.6"
    ln -s "$rtcwake/ld-linux-aarch64.so.1" "$tree/lib/ld-linux-aarch64.so.1"
    ln -s "$root/tests/lab/guest/linux/init" "$tree/init"
    ln -s "$root/tests/lab/guest/linux/tests" "$tree/tests"
    ln -s "$(kernel_folder trixie-cloud)/busybox" "$tree/bin/busybox"
    ln -s "$1" "$tree/lib/modules"
    if [[ -e $build/arm64/tests/lab/vsock_line ]]; then
        ln -s "$build/arm64/tests/lab/vsock_line" "$tree/bin/vsock_line"
    fi
    make_cpio "$tree" -L
}
