# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Disks of stock Debian guests.

# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

# make_image NAME SIZE: an ext4 file system with a file of the host.
make_image() {
    mkdir -p "$work/content"
    echo "written by the host" >"$work/content/from-host"
    truncate -s "$2" "$work/$1"
    mke2fs -q -t ext4 -d "$work/content" "$work/$1" || fail "cannot make a file system"
}

# The file system on an image is clean.
expect_clean() { # IMAGE
    e2fsck -fn "$1" >"$work/e2fsck" 2>&1 || {
        cat "$work/e2fsck"
        fail "the file system on ${1##*/} is damaged"
    }
}

# Prints a file of an image.
file_of() { # IMAGE NAME
    debugfs -R "cat /$2" "$1" 2>/dev/null
}

blocks_of() { # FILE
    stat -c %b "$1"
}

has_kernel_thread() {
    grep -qs '^iou-wrk' "/proc/$guest/task/"*/comm
}

has_no_kernel_thread() {
    ! has_kernel_thread
}

# The kernel's threads of io_uring end while the guest sleeps, so that nothing of the VM runs.
expect_kernel_threads_to_end() {
    wait_until 100 has_kernel_thread || fail "the kernel has no thread of io_uring for what the guest flushes"
    wait_event "$work/events" asleep 1 100
    wait_until 60 has_no_kernel_thread || fail "a thread of io_uring is left: $(cat "/proc/$guest/task/"*/comm)"
}

disk_with() { # ENGINE
    make_work
    make_image "one,$1" 64M
    echo "only for reading" >"$work/two"
    truncate -s 1M "$work/two"
    guest_limit=120
    start_linux disk --cpus 2 --disk "$work/one,,$1,serial=S-1,aio=$1" --disk "$work/two,ro,aio=$1"
    [ "$1" = threads ] || expect_kernel_threads_to_end
    wait_event "$work/events" asleep 1 100
    kill -USR1 "$guest"
    wait_guest
    expect_linux_ok
    expect_clean "$work/one,$1"
    expect_equal "checksum" "$(file_of "$work/one,$1" data | sha256sum | cut -d ' ' -f 1)" "$(file_of "$work/one,$1" sum)"
    [ "$(blocks_of "$work/one,$1")" -lt 50000 ] || fail "what the guest trimmed is still in the file"
}

# once uring
# limit uring 180
test_uring() {
    disk_with io_uring
}

# once threads 6.1
# limit threads 180
test_threads() {
    disk_with threads
}

# The guest's own driver may oops under I/O at a suspend (CAVEATS.md): that is not a failure of dormouse.
guest_has_driver_race() {
    grep -qa 'Internal error: Oops' "$work/console" && grep -qaE '(virtblk|virtio_queue_rq|virtqueue_)' "$work/console"
}

# once sleep
# limit sleep 300
test_sleep() {
    disk_sleeps 3
}

disk_sleeps() { # CYCLES
    make_work
    make_image image 64M
    guest_limit=$((100 + 60 * $1))
    start_linux "disk_sleep cycles=$1" --cpus 2 --disk "$work/image"
    wait_guest
    if guest_has_driver_race; then
        echo "skipped: the guest's virtio_blk has oopsed at a suspend, which is a known mistake of Linux"
        return
    fi
    expect_linux_ok
    expect_event_count asleep "$1"
    expect_clean "$work/image"
    mkdir "$work/files"
    debugfs -R "rdump / $work/files" "$work/image" 2>/dev/null
    (cd "$work/files" && sha256sum -c sums) >"$work/checked" || fail "files differ: $(grep -v OK "$work/checked")"
    [ "$(wc -l <"$work/files/sums")" -ge "$1" ] || fail "too few files"
}

# Prints the last number that the guest has flushed.
last_flushed() {
    tr -d '\r' <"$work/console" | sed -n 's/^flushed \([0-9]*\)$/\1/p' | tail -n 1
}

# All records up to a number are in the image.
expect_records() { # LAST
    e2fsck -fy "$work/image" >"$work/e2fsck" 2>&1 || [ $? = 1 ] || fail "the file system is damaged: $(cat "$work/e2fsck")"
    file_of "$work/image" records | awk -v last="$1" '
        $0 != sprintf("record %08d", NR - 1) && NR - 1 <= last { print "record " NR - 1 ": " $0; bad = 1 }
        END { if (NR - 1 < last) print "there are " NR " records"; exit bad || NR - 1 < last }' >"$work/records" ||
        fail "of $1 flushed records: $(cat "$work/records")"
}

# refused_by MESSAGE COMMAND...
refused_by() {
    message=$1
    shift
    run_status "$@" >"$work/refused" 2>&1
    [ "$status" != 0 ] || fail "not refused: $*"
    grep -qF -- "$message" "$work/refused" || fail "$* said: $(cat "$work/refused")"
}

# The image is in use by a running VM.
expect_locked() {
    refused_by "--disk $work/image: another VM uses it" \
        "$DORMOUSE" run --kernel "$LAB_GUEST/vmlinuz" --console none --disk "$work/image"
    refused_by "--disk $work/image: another VM uses it and may write to it" \
        "$DORMOUSE" run --kernel "$LAB_GUEST/vmlinuz" --console none --disk "$work/image,ro"
    refused_by 'Failed to get "write" lock' qemu-io -f raw -c 'write 0 512' "$work/image"
}

# A killed dormouse loses nothing that was flushed, and the next one gets the image at once. Meanwhile no other program
# that respects the lock gets it.
# once kill
# limit kill 200
test_kill() {
    kills 3
    qemu-io -f raw -c sleep\ 20000 "$work/image" &
    holder=$!
    sleep 1
    refused_by "--disk $work/image: another VM uses it" \
        "$DORMOUSE" run --kernel "$LAB_GUEST/vmlinuz" --console none --disk "$work/image"
    kill "$holder"
}

kills() { # COUNT
    make_work
    make_image image 64M
    killed=0
    while [ $killed -lt "$1" ]; do
        start_linux disk_records --disk "$work/image"
        wait_console "flushed $((killed * 40 + 20))" 100
        [ $killed != 0 ] || expect_locked
        kill -KILL "$guest"
        guest_limit=30 wait_guest
        expect_records "$(last_flushed)"
        killed=$((killed + 1))
    done
}

# full_disk [OPTIONS-OF-DISK]: the host's file system becomes full under a guest.
full_disk() {
    make_work
    mkdir -p "$work/small"
    mount -t tmpfs -o size=4m tmp "$work/small"
    truncate -s 8M "$work/small/image"
    start_linux disk_full --disk "$work/small/image${1:-}" --qmp "$work/qmp"
}

# The guest ends well after there was room again.
expect_full_disk_ends() {
    wait_guest
    umount "$work/small"
    grep -qa 'GUEST: ok' "$work/console" || fail "the guest could not write"
    expect_status 0
    expect_equal "lines about the failure" "$(grep -c "small/image: cannot write at byte .*: No space left" "$work/errors")" 1
    expect_equal "lines" "$(wc -l <"$work/errors")" 1
    expect_event disk-failed device disk0
    expect_event_count disk-failed 1
}

# once full
# limit full 150
test_full() {
    full_disk
    wait_console "the host is full" 100
    mount -o remount,size=16m "$work/small"
    expect_full_disk_ends
    expect_event disk-failed action report
    expect_event_count paused 0
}

# The guest never hears of it: the operator makes room and continues it.
# once full_pause
# limit full_pause 150
test_full_pause() {
    full_disk ,on-error=pause
    wait_event "$work/events" paused 1 100
    qmp query-status query-block
    expect_said '"status":"paused"'
    expect_said '"io-status":"nospace"'
    mount -o remount,size=16m "$work/small"
    qmp cont
    expect_full_disk_ends
    expect_event disk-failed action stop
}

# The file is removed under a guest: that continues, with the file that has no name any more, from which an operator can
# still save what was flushed. The next start says what is missing.
# once removed
# limit removed 150
test_removed() {
    make_work
    make_image image 64M
    start_linux disk_records --disk "$work/image" --qmp "$work/qmp"
    wait_console "flushed 20" 100
    rm "$work/image"
    refused_by "--disk $work/image: No such file or directory" \
        "$DORMOUSE" run --kernel "$LAB_GUEST/vmlinuz" --console none --disk "$work/image"
    wait_console "flushed 60" 60
    qmp stop query-block
    expect_said '"io-status":"ok"'
    for file in "/proc/$guest/fd"/*; do
        [ "$(readlink "$file")" != "$work/image (deleted)" ] || cp "$file" "$work/image"
    done
    expect_records "$(last_flushed)"
    kill -KILL "$guest"
    wait_guest
    expect_no_errors
}

# once flood
# limit flood 150
test_flood() {
    make_work
    truncate -s 512K "$work/image"
    start_linux disk_flood --cpus 2 --disk "$work/image" --qmp "$work/qmp"
    wait_console flooding 100
    for _ in 1 2 3 4 5; do
        qmp query-status query-status query-status query-status
    done
    kill -TERM "$guest"
    guest_limit=60 wait_guest
    expect_status 143
}
