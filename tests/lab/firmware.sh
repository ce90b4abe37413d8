# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Guests that start in firmware: Debian's EDK2 and U-Boot.

# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

uboot=/usr/lib/u-boot/qemu_arm64/u-boot.bin

# start_firmware FILE|auto [OPTION]...: the keys that type_keys sends go to the firmware.
start_firmware() {
    firmware_file=$1
    shift
    start_dormouse run --firmware "$firmware_file" "$@"
}

# Ends dormouse by a signal, as an operator does with firmware that waits for keys.
end_firmware() {
    kill -TERM "$guest"
    wait_guest
    expect_status 143
}

# EDK2's shell starts after a pause of 5 seconds, or at once with a key.
wait_shell() {
    wait_console 'UEFI Interactive Shell' 100
    wait_console 'startup.nsh' 60
    type_keys '\r'
    wait_console 'Shell>' 60
}

# EDK2 by its descriptor, to its shell; a variable that the shell sets is there after a reset and in another dormouse.
# once edk2
# limit edk2 400
test_edk2() {
    make_work
    start_firmware auto --vars "$work/vars" --memory 128M
    wait_shell
    "$DORMOUSE" run --firmware auto --vars "$work/vars" --console none 2>"$work/second" && fail "two on one file"
    grep -qF 'another machine uses this file' "$work/second" || fail "not refused: $(cat "$work/second")"
    type_keys 'set sleeper dormouse\r'
    type_keys 'reset\r'
    wait_event "$work/events" boot 2 60
    : >"$work/console"
    wait_shell
    type_keys 'set sleeper\r'
    wait_console dormouse 60
    type_keys 'reset -s\r'
    wait_guest
    expect_status 0
    expect_no_errors
    expect_equal "size of the variables" "$(wc -c <"$work/vars")" 67108864

    start_firmware auto --vars "$work/vars" --cpus 2
    wait_shell
    type_keys 'set sleeper\r'
    wait_console dormouse 60
    end_firmware
}

# U-Boot, given by its path: it finds both banks by CFI queries, and what it writes into the second one is there after a
# reset and in another dormouse. It saves its environment in the same way, but that is 131072 writes: see long.sh.
# once uboot 6.1
# limit uboot 300
test_uboot() {
    make_work
    start_uboot
    type_keys 'flinfo\r'
    wait_console 'Bank # 2: CFI conformant flash' 60
    wait_console '05FE0000' 60 # Until it has listed all sectors, U-Boot drops keys.
    expect_console 'Intel Extended command set, Manufacturer ID: 0x89, Device ID: 0x0018'
    : >"$work/console"
    type_keys 'erase 04080000 040bffff\r'
    wait_console 'Erased 2 sectors' 60
    type_keys 'mw.b 40400000 a5 40; cp.b 40400000 04080010 40\r'
    wait_console 'Copy to Flash... done' 60
    type_keys 'reset\r'
    wait_event "$work/events" boot 2 60
    : >"$work/console"
    wait_prompt
    expect_written
    end_firmware

    start_uboot
    expect_written
    end_firmware
}

# The block is erased before the written bytes, and after them.
expect_written() {
    type_keys 'md.b 0408000c 4; md.b 0408004c 8\r'
    wait_console '0408000c: ff ff ff ff' 60
    wait_console '0408004c: a5 a5 a5 a5 ff ff ff ff' 60
}

start_uboot() {
    start_firmware "$uboot" --vars "$work/vars"
    wait_prompt
}

# U-Boot boots by itself unless a key comes.
wait_prompt() {
    wait_console 'Hit any key to stop autoboot' 100
    type_keys ' '
    wait_console '=> ' 60
}

# make_esp FILE "KERNEL COMMAND LINE": a FAT file system with the guest's kernel, which its own EFI stub starts, and a
# script for EDK2's shell that runs it.
make_esp() {
    truncate -s 64M "$1"
    mformat -i "$1" -F :: || fail "cannot make a FAT file system"
    printf '\\vmlinuz initrd=\\initrd %s\r\n' "$2" >"$work/startup.nsh"
    mcopy -i "$1" "$LAB_GUEST/vmlinuz" "$LAB_GUEST/initrd" "$work/startup.nsh" :: || fail "cannot fill it"
}

# A disk without a kernel boots by EDK2. Linux has the RTC with its alarm: EDK2 has not taken it away.
# once disk
# limit disk 300
test_disk() {
    make_work
    make_esp "$work/esp" "console=ttyAMA0 quiet test=efi"
    guest_limit=280
    start_dormouse run --disk "$work/esp" --vars "$work/vars" --cpus 2
    wait_guest
    expect_linux_ok
    expect_event wake source rtc
    expect_event_count resumed 1
    for value in sleeper-before sleeper-after; do
        head -c 1048576 "$work/vars" | tr -c 'a-z-' '\n' | grep -qxF "$value" ||
            fail "$value is not in the file of the variables"
    done
}
