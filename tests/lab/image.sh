# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# disk systemd-container
# Disks of tests, made from Debian's image.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# Each test gets a copy that it can change, at the price of what it changes.
# once copies
test_copies() {
    make_disk first
    first=$disk
    make_disk second
    [ "$(dd if="$first" bs=8 skip=64 count=1 2>/dev/null)" = "EFI PART" ] || fail "there is no table of partitions"
    echo changed | dd of="$first" bs=512 seek=99 conv=notrunc 2>/dev/null
    [ "$(dd if="$first" bs=1 skip=$((512 * 99)) count=7 2>/dev/null)" = changed ] || fail "a change is lost"
    cmp -n 1048576 "$disk" "$LAB_DISK" || fail "one copy has changed the other, or the original"
    [ "$(du -sm "$work" | cut -f 1)" -lt 10 ] || fail "copies take memory: $(du -sm "$work")"
}
