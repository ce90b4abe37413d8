# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# The memory of a sleeping guest: in the host's swap, or in a file.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# The guest has 48 MiB that it can tell apart.
memory="--cpus 2 --memory 64M"

# Both sleeps go to the file, until the operator wakes the guest; meanwhile no other process gets it.
# once disk
test_disk() {
    make_work
    # shellcheck disable=SC2086 # several words
    start_bare "scenario=saved ms=0 sleeps=2" $memory --sleep-memory disk="$work/image" --restore-memory lazy
    for sleep in 1 2; do
        wait_event "$work/events" saved $sleep 60
        [ -n "${LAB_SANITIZE:-}" ] || expect_small 6000
        "$DORMOUSE" image check "$work/image" >"$work/checked" || fail "the image is not whole"
        run_status "$DORMOUSE" image export "$work/image" >/dev/null 2>"$work/refused"
        expect_status 1
        grep -q 'another process has it open' "$work/refused" || fail "$(cat "$work/refused")"
        kill -USR1 "$guest"
    done
    wait_guest
    expect_tap
    expect_status 0
    expect_no_errors
    [ ! -e "$work/image" ] || fail "the file is still there"
}

# The guest's own timer wakes it from the file.
test_disk_and_a_timer() {
    make_work
    # shellcheck disable=SC2086 # several words
    run_bare "scenario=saved ms=2500" $memory --sleep-memory disk="$work/image"
    expect_tap
    expect_status 0
    expect_no_errors
    expect_event saved file "$work/image"
    expect_event wake source irq
}

# The monitor dies while its guest is a file, which another one continues.
test_disk_without_its_monitor() {
    make_work
    # shellcheck disable=SC2086 # several words
    start_bare "scenario=saved ms=0" $memory --sleep-memory disk="$work/image"
    wait_event "$work/events" saved 1 60
    kill -KILL "$guest"
    wait_guest
    expect_status 137
    cat "$work/console" >"$work/said"
    # shellcheck disable=SC2086 # several words
    run_bare "" $memory --restore "$work/image" --sleep-memory disk="$work/image"
    cat "$work/said" "$work/console" >"$work/both"
    mv "$work/both" "$work/console"
    expect_tap
    expect_status 0
    [ -e "$work/image.restored" ] || fail "the file can be restored again by accident"
}

# Ended while it sleeps so, the guest stays what it was: a file.
# once disk_and_the_end
test_disk_and_the_end() {
    make_work
    start_bare "scenario=wake-operator timer=0" --memory 64M --sleep-memory disk="$work/image" --wake signal \
        --shutdown-limit 0
    wait_event "$work/events" saved 1 60
    kill -TERM "$guest"
    wait_guest
    expect_status 143
    grep -q "^dormouse: the guest still sleeps, as the file $work/image: --restore continues it\$" "$work/errors" ||
        fail "no word of the file"
    run_bare "" --memory 64M --wake signal --restore "$work/image"
    expect_status 0
}

# A file system without room: one line, nothing is left there, and the guest sleeps and wakes as ever.
# once disk_is_full
test_disk_is_full() {
    make_work
    mkdir "$work/small"
    mount -t tmpfs -o size=4M,mode=777 none "$work/small"
    # shellcheck disable=SC2086 # several words
    run_bare "scenario=saved ms=2500" $memory --sleep-memory disk="$work/small/image"
    left=$(ls "$work/small")
    umount "$work/small"
    expect_tap
    expect_status 0
    expect_event save-failed file "$work/small/image"
    expect_equal "lines" "$(wc -l <"$work/errors")" 1
    grep -q "cannot save the VM to $work/small/image: write: No space left on device" "$work/errors" ||
        fail "no word of the space"
    expect_equal "files" "$left" ""
}

# A reset drops what is in the file: the guest starts anew, and no other process can continue the old one. While the
# guest sleeps on, the operator takes its memory back, and sends it to the file again.
# once disk_and_a_reset
test_disk_and_a_reset() {
    make_work
    start_bare "scenario=wake-operator timer=0" --memory 64M --sleep-memory disk="$work/image" --wake signal \
        --qmp "$work/qmp" --restore-memory lazy
    wait_event "$work/events" saved 1 60
    ln "$work/image" "$work/first"
    qmp system_reset
    wait_event "$work/events" saved 2 60
    [ "$(stat -c %i "$work/image")" != "$(stat -c %i "$work/first")" ] || fail "the file is the old one"
    qmp x-dormouse-query-sleep-memory
    expect_said '{"depth":"disk","in-file":true}'
    qmp 'x-dormouse-sleep-memory:{"depth":"keep"}' x-dormouse-query-sleep-memory
    expect_said '{"depth":"keep","in-file":false}'
    [ ! -e "$work/image" ] || fail "the file is there beside the memory"
    qmp 'x-dormouse-sleep-memory:{"depth":"disk"}' @X_DORMOUSE_SAVED
    kill -USR1 "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_event_count resumed 1
    [ ! -e "$work/image" ] || fail "the file is still there"
}

# A guest whose memory is in one file is saved as another one: the first ends only when the second is there.
# once disk_and_a_save
test_disk_and_a_save() {
    make_work
    mkdir "$work/small"
    mount -t tmpfs -o size=64K,mode=777 none "$work/small"
    start_bare "scenario=wake-operator timer=0" --memory 64M --sleep-memory disk="$work/image" --wake signal \
        --save "$work/small/saved" --qmp "$work/qmp"
    wait_event "$work/events" saved 1 60
    qmp x-dormouse-save @X_DORMOUSE_SAVE_FAILED x-dormouse-query-sleep-memory
    expect_said '{"depth":"disk","in-file":true}'
    "$DORMOUSE" image check "$work/image" >"$work/checked" || fail "the image is not whole"
    expect_equal "files" "$(ls "$work/small")" ""
    mount -o remount,size=64M "$work/small"
    qmp x-dormouse-save @X_DORMOUSE_SAVED
    wait_guest
    expect_status 6
    "$DORMOUSE" image check "$work/small/saved" >"$work/checked" || fail "the saved image is not whole"
    umount "$work/small"
    [ ! -e "$work/image" ] || fail "there are two images of one guest"
}

# A damaged file ends the VM, and none of its guest runs.
# once disk_is_damaged
test_disk_is_damaged() {
    make_work
    # shellcheck disable=SC2086 # several words
    start_bare "scenario=saved ms=1000000" $memory --sleep-memory disk="$work/image"
    wait_event "$work/events" saved 1 60
    printf 'damage' | dd of="$work/image" bs=1 seek=$(((1 << 20) + (2 << 20) + 77)) conv=notrunc 2>/dev/null
    kill -USR1 "$guest"
    wait_guest
    expect_status 1
    grep -q "^dormouse: image $work/image: RAM at 0x[0-9a-f]*: its checksum is wrong" "$work/errors" ||
        fail "no word of the damage"
    expect_event_count resumed 0
    [ -e "$work/image" ] || fail "the file is gone"
}

# Without swap one line says so, and the guest sleeps as ever.
# once reclaim_without_swap
test_reclaim_without_swap() {
    run_bare "scenario=saved ms=1000" --memory 64M --sleep-memory reclaim
    expect_tap
    expect_status 0
    expect_equal "lines" "$(wc -l <"$work/errors")" 1
    grep -q 'this host has no swap' "$work/errors" || fail "no word of the swap"
}

# The guest's memory goes to swap, and comes back; in another sleep it stays until the operator wants it to go.
# once reclaim
test_reclaim() {
    make_work
    modprobe loop
    truncate -s 128M "$work/swap"
    swap=$(losetup -f)
    losetup "$swap" "$work/swap"
    mkswap "$swap" >/dev/null
    swapon "$swap"
    # shellcheck disable=SC2086 # several words
    start_bare "scenario=saved ms=0 sleeps=2" $memory --sleep-memory reclaim --qmp "$work/qmp"
    wait_event "$work/events" asleep 1 60
    [ -n "${LAB_SANITIZE:-}" ] || expect_small 6000
    qmp 'x-dormouse-sleep-memory:{"depth":"keep"}'
    kill -USR1 "$guest"
    wait_event "$work/events" asleep 2 60
    sleep 1
    [ "$(resident)" -ge 9000 ] || fail "memory went, and was to stay: $(resident) KiB"
    qmp 'x-dormouse-sleep-memory:{"depth":"reclaim"}' x-dormouse-query-sleep-memory
    expect_said '{"depth":"reclaim","in-file":false}'
    [ -n "${LAB_SANITIZE:-}" ] || expect_small 6000
    kill -USR1 "$guest"
    wait_guest
    swapoff "$swap"
    losetup -d "$swap"
    expect_tap
    expect_status 0
    expect_no_errors
}
