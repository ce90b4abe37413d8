# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154,SC2034 # shared with peers/peers.sh
# The PSCI servers that `./dev check-peers` looks at: which there are, and how each is made to boot an image.
# All have four CPUs.

# KVM's own PSCI is looked at on this machine's kernel where that has KVM for arm64.
peers_known() {
    if lab_is_native; then
        echo kvm-native
    else
        printf '%s\n' kvm-6.1 kvm-6.12 kvm-backports
    fi
    [[ ! ${LKVM-} ]] || echo kvmtool
    printf '%s\n' dormouse-user dormouse-idle hyp qemu-tcg qemu-tcg-gicv2 qemu-tcg-el2 \
        xen-4.17 xen-4.20 tf-a-2.8 tf-a-2.12
}

peer_what() { # NAME
    case $1 in
    kvm-native) echo "KVM of this machine's kernel (dormouse --psci kernel)" ;;
    kvm-6.1) echo "KVM of Debian 12's kernel (dormouse --psci kernel, in the lab)" ;;
    kvm-6.12) echo "KVM of Debian 13's kernel (dormouse --psci kernel, in the lab)" ;;
    kvm-backports) echo "KVM of the newest kernel of Debian 13's backports (likewise)" ;;
    kvmtool) echo "KVM of Debian 13's kernel, by kvmtool (\$LKVM, which is not in Debian)" ;;
    dormouse-user) echo "dormouse's own, by libvpsci (--psci user, in the lab)" ;;
    dormouse-idle) echo "the same with idle states and two clusters" ;;
    hyp) echo "hyp, by libvpsci at EL2: all that it can enable, idle states and two clusters" ;;
    qemu-tcg) echo "QEMU's machine virt, emulated, GICv3: HVC from EL1" ;;
    qemu-tcg-gicv2) echo "the same with GICv2, on a Cortex-A57" ;;
    qemu-tcg-el2) echo "the same with virtualization=on: SMC from EL2" ;;
    xen-4.17) echo "Xen of Debian 12: a guest without dom0, HVC from EL1" ;;
    xen-4.20) echo "Xen of Debian 13, likewise" ;;
    tf-a-2.8) echo "Trusted Firmware of Debian 12 on QEMU's Raspberry Pi 4: SMC from EL2" ;;
    tf-a-2.12) echo "Trusted Firmware of Debian 13, likewise" ;;
    esac
}

# Fetches what a peer is made of and sets
#   peer_version   what it is, as it says itself; without commas
#   peer_words     the command that boots the image with its serial line on standard input and output, with
#                  paths from the checkout
#   peer_options   more options of vpsci-check
#   peer_host      the kernel of the lab that the command needs, or nothing where it runs here
#   peer_lab       the command that starts that lab with the image in it; wants more options, -- and a command
peer_prepare() { # NAME
    peer_host='' peer_lab=() peer_words=() peer_options=()
    mkdir -p "$build/peers/$1"
    case $1 in
    kvm-*) peer_dormouse "${1#kvm-}" --psci kernel ;;
    kvmtool) peer_kvmtool ;;
    dormouse-user) peer_dormouse 6.12 --psci user ;;
    dormouse-idle) peer_dormouse 6.12 --psci user --idle powerdown --clusters 2 ;;
    hyp) peer_hyp ;;
    qemu-tcg) peer_qemu 'max,pauth-impdef=on' gic-version=3 ;;
    qemu-tcg-gicv2) peer_qemu cortex-a57 gic-version=2 ;;
    qemu-tcg-el2) peer_qemu 'max,pauth-impdef=on' gic-version=3,virtualization=on ;;
    xen-4.17) peer_xen "$1" bookworm ;;
    xen-4.20) peer_xen "$1" trixie ;;
    tf-a-2.8) peer_tf_a "$1" bookworm ;;
    tf-a-2.12) peer_tf_a "$1" trixie ;;
    esac
    peer_words=("${peer_words[@]//"$root/"/}")
}

# In the lab, with as many processors as the guest has, so that its CPUs really run at the same time.
peer_dormouse() { # HOST OPTION...
    local vmlinuz
    peer_host=$1
    peer_lab=("$root/dev" lab run --in "$peers_image")
    if lab_is_native; then
        peer_version="Linux $(uname -r) $(uname -v)"
    else
        make_kernel "$(kernel_of_host "$1")"
        vmlinuz=$(kernel_folder "$(kernel_of_host "$1")")/vmlinuz
        peer_version="Linux $(grep -aom1 'Debian [0-9][^ ]* ([0-9-]*)' "$vmlinuz")"
        peer_lab+=(--host "$1" --cpus 4)
        [[ ! $peers_icount ]] || peer_lab+=(--icount --cpus 1)
    fi
    if [[ $* == *--psci\ user* ]]; then
        peer_version="$("$build/native/vmm/dormouse" version) on $peer_version"
    fi
    peer_words=(dormouse run "${@:2}" --cpus 4 --memory 512M --kernel "./${peers_image##*/}"
        --append "$peers_append")
}

# As `vpsci-check monitors kvmtool` says. $LKVM is a program for arm64 that needs no library.
peer_kvmtool() {
    local words
    [[ -f $LKVM && -x $LKVM ]] || die "check-peers: LKVM=$LKVM is not a program"
    peer_dormouse "$(lab_is_native && echo native || echo 6.12)"
    peer_version="kvmtool on $peer_version"
    peer_lab+=(--in "$LKVM")
    peer_options=(--pty)
    read -ra words < <("$build/native/check/tool/vpsci-check" monitors kvmtool | sed -n 's/^ *lkvm //p')
    words=("${words[@]/#resets=end/resets=end $peers_append}")
    peer_words=("./${LKVM##*/}" "${words[@]/#vpsci-check.img/./${peers_image##*/}}")
}

# Sets peer_words to the beginning of a QEMU command that keeps to itself and to the terminal.
peer_start_qemu() { # QEMU...
    peer_words=("$@" -nodefaults -no-user-config -display none -serial stdio)
    peer_count_instructions || peer_words+=(-accel 'tcg,thread=multi')
}

# Adds QEMU's options for --icount, if it was given.
peer_count_instructions() {
    [[ $peers_icount ]] || return 1
    peer_words+=(-icount 'shift=0,sleep=off')
}

peer_qemu_version() { # QEMU...
    "$@" --version | sed -n '1s/ emulator version//p'
}

peer_qemu() { # CPU MACHINE-OPTIONS
    peer_version=$(peer_qemu_version qemu-system-aarch64)
    peer_start_qemu qemu-system-aarch64
    peer_words+=(-M "virt,$2" -cpu "$1" -smp 4 -m 512M -kernel "$peers_image" -append "$peers_append")
}

# hyp in QEMU, with one guest for which everything is on.
peer_hyp() {
    local hyp_cpu=max hyp_second='' hyp_machine=() bundle=$build/peers/hyp/bundle idle=(--idle powerdown --clusters 2)
    [[ ! $peers_icount ]] || idle=() # a standby state of value 0, as the other servers have
    hyp_need_all
    peer_version="hyp $("$build/native/vmm/dormouse" version | sed 's/^dormouse //') on $(peer_qemu_version "${qemu[@]}")"
    "$hyp_image" make --kernel "$peers_image" --append "$peers_append" --cpus 4 --memory 256M \
        --enable all "${idle[@]}" "$bundle"
    hyp_make_machine "$bundle"
    peer_words=("${hyp_machine[@]}")
    peer_count_instructions || true
}

# Words that put a file into the machine's memory, again at every reset.
peer_load() { # FILE ADDRESS
    peer_words+=(-device "loader,file=${1//,/,,},addr=$2,force-raw=on")
}

# Xen in QEMU, with one guest that Xen starts itself from a module.
peer_xen() { # NAME SUITE
    local folder=$build/peers/$1 xen=$build/lab/debian/$1 version=${1#xen-}
    local cores=4 virt
    [[ ! $peers_icount ]] || cores=1 # Xen starts a second one only after very many instructions.
    virt=(-M 'virt,gic-version=3,virtualization=on' -cpu cortex-a53 -smp "$cores" -m 1G)
    local module=/chosen/domU1/module@50000000
    make_once "$xen" "fetching Xen $version" "10 s" \
        peer_fetch "$2" "xen-hypervisor-$version-arm64" "./boot/xen-$version-arm64"
    peer_version="Xen Debian $(peer_package_version "$xen")"
    peer_version+=" on $(peer_qemu_version qemu-system-aarch64)"
    qemu-system-aarch64 "${virt[@]/#virt/virt,dumpdtb=${folder//,/,,}/base.dtb}" \
        -nodefaults -display none 2>"$folder/qemu.log" || die "check-peers: $(<"$folder/qemu.log")"
    dtc -q -@ -I dts -O dtb -o "$folder/xen.dtbo" "$root/peers/xen.dts"
    fdtoverlay -i "$folder/base.dtb" -o "$folder/xen.dtb" "$folder/xen.dtbo"
    fdtput -t x "$folder/xen.dtb" "$module" reg 0 50000000 0 \
        "$(printf %x "$(stat -L -c %s "$peers_image")")"
    # There is no toolstack here that would start the guest again.
    fdtput -t s "$folder/xen.dtb" "$module" bootargs "resets=end $peers_append"
    peer_start_qemu "$root/peers/xen_console.sh" qemu-system-aarch64
    peer_words+=("${virt[@]}" -kernel "$xen/xen-$version-arm64" -dtb "$folder/xen.dtb")
    peer_load "$peers_image" 0x50000000
}

# Takes a file, and the list of changes, out of an arm64 package into a folder.
peer_fetch() { # SUITE PACKAGE FILE FOLDER
    local folder=$4
    mkdir "$folder/tree"
    fetch_debian "$folder/tree" "$1" "$2" "$3" "./usr/share/doc/$2/changelog.Debian.gz"
    find "$folder/tree" -type f -exec mv -t "$folder" {} +
    rm -r "$folder/tree"
}

peer_package_version() { # FOLDER
    zcat "$1/changelog.Debian.gz" | sed -n '1s/.*(\(.*\)).*/\1/p'
}

# Debian's Trusted Firmware has no build for QEMU's `virt`, but one for the Raspberry Pi 4, which QEMU has from
# 9.0 on. All cores begin in it at address 0; it takes the addresses of the kernel and of the device tree
# from where the Pi's boot loader leaves them, if a magic word was taken away as a sign.
peer_tf_a() { # NAME SUITE
    local folder=$build/peers/$1 firmware=$build/lab/debian/$1 qemu
    make_once "$firmware" "fetching Trusted Firmware ${1#tf-a-}" "10 s" \
        peer_fetch "$2" arm-trusted-firmware ./usr/lib/arm-trusted-firmware/rpi4/bl31.bin
    find_qemu
    peer_version="Trusted Firmware Debian $(peer_package_version "$firmware")"
    peer_version+=" on $(peer_qemu_version "${qemu[@]}")"
    cp "$firmware/bl31.bin" "$folder/bl31.bin"
    peer_write_word "$folder/bl31.bin" 0xf0 0
    peer_write_word "$folder/bl31.bin" 0xf8 0x8000000 # the device tree
    peer_write_word "$folder/bl31.bin" 0xfc 0x200000  # the kernel
    peer_replace_core_reset "$folder/bl31.bin"
    dtc -q -I dts -O dtb -o "$folder/raspi4b.dtb" "$root/peers/raspi4b.dts"
    fdtput -t s "$folder/raspi4b.dtb" /chosen bootargs "$peers_append"
    peer_start_qemu "${qemu[@]}"
    peer_words+=(-M raspi4b)
    peer_load "$folder/bl31.bin" 0
    peer_load "$folder/raspi4b.dtb" 0x8000000
    peer_load "$peers_image" 0x200000
}

# A core that CPU_OFF turns off asks for its own reset (RMR_EL3, then WFI for ever), which QEMU does not do, so
# that it would never come back. What the reset would do is done by four instructions in the same place: the
# MMU off, and on at address 0, where every core begins. All else of the firmware is as it was packaged.
peer_replace_core_reset() { # FILE
    local at
    at=$(LC_ALL=C grep -aobP '\x60\x00\x80\xd2\x40\xc0\x1e\xd5\x7f\x20\x03\xd5\xff\xff\xff\x17' "$1" |
        cut -d : -f 1)
    [[ $at =~ ^[0-9]+$ ]] || die "check-peers: $1 does not turn cores off as expected"
    peer_write_word "$1" "$at" 0xd51e101f        # msr sctlr_el3, xzr
    peer_write_word "$1" $((at + 4)) 0xd5033fdf  # isb
    peer_write_word "$1" $((at + 8)) 0xd2800000  # mov x0, #0
    peer_write_word "$1" $((at + 12)) 0xd61f0000 # br x0
}

# A 32-bit word, little-endian.
peer_write_word() { # FILE OFFSET VALUE
    local bytes
    printf -v bytes '\\x%02x' $(($3 & 255)) $(($3 >> 8 & 255)) $(($3 >> 16 & 255)) $(($3 >> 24))
    printf '%b' "$bytes" | dd "of=$1" bs=1 "seek=$(($2))" conv=notrunc status=none
}
