# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# disk-free
# Saved VMs: a sleeping guest becomes a file, and the file a guest that sleeps on and wakes.

# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"
# shellcheck source=tests/lab/net.sh
. "$LAB_TESTS/net.sh"
# shellcheck source=tests/lab/disk.sh
. "$LAB_TESTS/disk.sh"
# shellcheck source=tests/lab/operator.sh
. "$LAB_TESTS/operator.sh"

# mode_of COUNT: the PSCI mode of the process of that number. A guest goes from each to each.
mode_of() {
    if [ "$LAB_HOST" = 6.1 ] || [ $((($1 + 1) / 2 % 2)) = 1 ]; then echo kernel; else echo user; fi
}

# has_image NAME: whether dormouse maps that file of $work.
has_image() {
    grep -q " $work/$1\$" "/proc/$guest/maps"
}

# run_saved "KERNEL COMMAND LINE" SLEEPS [OPTION]...: a bare guest. Each of its sleeps becomes a file, from which the next
# dormouse continues it; then it sleeps until something in it wakes it. Its report must be complete. Before each restore
# $age seconds pass, if it is set.
run_saved() {
    saved_append=$1 saved_count=0 saved_expected=$2
    shift 2
    make_work
    rm -f "$work/image" "$work/said"
    set -- --psci-version 1.1 --on-suspend save="$work/image" "$@"
    while
        run_bare "$saved_append" --psci "$(mode_of "$saved_count")" "$@"
        cat "$work/console" >>"$work/said"
        expect_no_errors
        [ "$status" = 6 ]
    do
        expect_event saved file "$work/image"
        if [ $((saved_count += 1)) = 1 ]; then
            set -- --restore "$work/image" --asleep "$@"
        fi
        sleep "${age:-0}"
    done
    mv "$work/said" "$work/console"
    expect_status 0
    expect_equal "number of saved sleeps" "$saved_count" "$saved_expected"
    expect_tap
    expect_event restored file "$work/image"
    [ -e "$work/image.restored" ] || fail "the file can be restored again by accident"
}

# Restored with --asleep, an interrupt that is pending wakes the guest, or a timer that is due.
# once pending_interrupt
test_pending_interrupt() {
    run_saved scenario=pending 3
    expect_event wake source irq
    expect_event wake intid 30
}

# A pending LPI, and the mappings of the ITS: they are in the guest's memory, but KVM has them in a cache.
# once pending_lpi
test_pending_lpi() {
    run_saved scenario=lpi 1 --memory 32M --cpus 2
    expect_event wake source irq
}

# A priority mask below what is pending: only with the mask restored does the timer wake the guest, and only it.
# once masked_interrupt
test_masked_interrupt() {
    run_saved scenario=masked 2
}

# The counter and the RTC have moved on by the time that the VM was a file, also in a sleep that is saved twice.
test_time_as_a_file() {
    age=2
    run_saved "scenario=saved ms=600 sleeps=2" 2 --cpus 2 --memory 32M
    slept=$(remarked slept)
    [ "$slept" -ge 2000 ] || fail "the guest's counter says $slept ms, after 2 s as a file"
    [ "$(event_field "$work/events" restored saved_ns)" -ge 2000000000 ] || fail "saved_ns is below 2 s"
}

# An alarm of the RTC that passes while the VM is a file.
# once alarm
test_alarm() {
    age=2
    run_saved scenario=wake-rtc 1
    expect_event wake source rtc
}

# once entry
test_entry() {
    run_saved scenario=big-endian 2
    run_saved "scenario=suspend32 timer=physical" 1 --memory 32M
}

# KVM of 6.1 does not show the physical timer: a guest that uses it is not saved, and sleeps on until it fires.
# once hidden_timer 6.1
test_hidden_timer() {
    make_work
    run_bare "scenario=suspend64 timer=physical ms=300" --on-suspend save="$work/image" --memory 32M
    expect_status 0
    expect_tap
    expect_event save-failed file "$work/image"
    grep -q "its physical timer may be to wake it" "$work/errors" || fail "no reason"
    [ ! -e "$work/image" ] || fail "there is a file"
}

# The sleeper is the second vCPU; the first is off.
# once secondary
test_secondary() {
    run_saved scenario=secondary 1 --cpus 2
}

# start_saved MODE [OPTION]...: the same stock Debian guest, started or restored.
start_saved() {
    saved_mode=$1
    shift
    start_linux "saved cycles=$linux_cycles address=$guest_ip/24" --cpus 2 --psci "$saved_mode" --psci-version 1.1 \
        --on-suspend save="${saved_file:-$work/image}" --disk "${saved_disk:-$work/disk}" --net tap=dormouse0,vhost=on \
        --restore-memory lazy "$@"
}

wait_saved() {
    wait_guest
    expect_status 6
    expect_no_errors
    cat "$work/console" >>"$work/said"
}

# run_clone: continues from the image, whose last sleep this is, with a copy of the disk, to the guest's end.
run_clone() {
    cp "$work/disk" "$work/copy"
    saved_file=$work/other
    saved_disk=$work/copy
    start_saved user --restore "$work/image" --clone
    wait_guest
    saved_file='' saved_disk=''
    expect_linux_ok
    expect_event wake source signal
    expect_forked 1
}

# expect_forked COUNT: how often the guest's kernel took new random numbers because it is a clone. Sets $random, a number
# that the guest drew.
expect_forked() {
    random=$(tr -d '\r\000' <"$work/console" | sed -n 's/^GUEST: random \([0-9a-f]\{32\}\) forked .*/\1/p')
    [ "$random" ] || fail "the guest drew no random number"
    expect_console "GUEST: random $random forked $1"
}

# A stock Debian guest with a disk and a network, which sleeps twice. It is restored in the other mode, and wakes at
# once; and then, asleep, by a packet, which it answers. Its program has gone on, and its clock is right. Before, two clones
# continue from the same file; their kernels know that they are clones, and their random numbers differ.
# once linux
# limit linux 240
test_linux() {
    saved_clones=2
    linux_saved 2
}

linux_saved() { # CYCLES
    guest_limit=200
    linux_cycles=$1
    make_tap
    make_image disk 64M
    start_saved user
    wait_saved
    sleep 2
    count=1
    while [ $count -lt "$1" ]; do
        start_saved "$(mode_of $count)" --restore "$work/image"
        wait_event "$work/events" resumed
        cut_off image.restored
        wait_saved
        count=$((count + 1))
    done
    randoms=''
    while [ "${saved_clones:-0}" -gt 0 ]; do
        run_clone
        ! echo "$randoms" | grep -qF "$random" || fail "two clones drew the same random number"
        randoms="$randoms $random"
        saved_clones=$((saved_clones - 1))
    done
    start_saved user --restore "$work/image" --asleep
    wait_event "$work/events" asleep
    sleep 1
    expect_event_count wake 0
    fetch index.html
    expect_equal answer "$said" "the guest says hello"
    wait_guest
    cat "$work/said"
    expect_linux_ok
    expect_event wake source net
    expect_forked 0
    expect_clean "$work/disk"
}

# corpus MODE NAME PLAN OPTION...: continues the guest of an image that some host has written for good, as it is on this one.
corpus() {
    corpus_mode=$1 corpus_name=$2 corpus_plan=$3
    shift 3
    rm -f "$work/image"
    "$DORMOUSE" image import "$work/image" <"$LAB_TESTS/images/$corpus_name.zst"
    graft_image "$work/image" "$work/own"
    run_bare scenario=none --memory 32M --psci-version 1.1 --psci "$corpus_mode" --restore "$work/image" --asleep "$@"
    expect_status 0
    ! grep "^dormouse: " "$work/errors" || fail "a message"
    expect_console "1..$corpus_plan"
    ! grep "^not ok" "$work/console" || fail "the guest has lost something"
}

# The images of version 1, written once by Linux 6.1 and 6.12, are continued by every later version. In each is something
# that wakes the guest: a timer and an alarm that are due, a pending interrupt. They are from before there were generation
# IDs: such a VM does without one, and cannot be cloned.
# once corpus
# limit corpus 300
test_corpus() {
    make_work
    truncate -s 1M "$work/disk"
    run_bare "scenario=suspend64 ms=100" --memory 32M --cpus 2 --on-suspend save="$work/own"
    for mode in kernel user; do
        corpus "$mode" version-1-kernel 21 --cpus 2 --rng --balloon --net user,mac=52:54:00:12:34:56 \
            --disk "$work/disk" --port org.example.0=unix:"$work/port" --vsock "$work/vsock"
        expect_event wake intid 27
        corpus "$mode" version-1-alarm 8 --cpus 2
        expect_event wake source rtc
    done
    corpus user version-1-user 8 --cpus 1,max=2 --idle powerdown --rng
    expect_event wake intid 5
    "$DORMOUSE" image import "$work/image" <"$LAB_TESTS/images/version-1-alarm.zst"
    expect_refusal "--clone: the saved VM has no generation ID, because an older dormouse started it: its clones would \
all have the same random numbers" --memory 32M --cpus 2 --clone
}

# The order of KVM's registers, and that none is lost, with a KVM that is not there: real KVM looks at a timer, for example,
# only when the vCPU runs.
# once order
test_order() {
    "$LAB_TOOLS/saved_vm"
}

# expect_refusal LINE OPTION...: the image is not restored, and one line says why; it can still be restored. passt says
# what it likes, before that line or after it.
expect_refusal() {
    refusal=$1
    shift
    run_bare scenario=off --restore "$work/image" "$@"
    expect_status 1
    grep '^dormouse: ' "$work/errors" >"$work/refused" || fail "no line says why"
    expect_equal "lines of dormouse" "$(wc -l <"$work/refused")" 1
    grep -qx "dormouse: --restore $work/image: $refusal" "$work/refused" ||
        fail "refusal: got $(cat "$work/refused"), expected $refusal"
    [ -e "$work/image" ] || fail "the image has gone"
}

# A command line that gives another machine is refused, by the name of what differs.
# once refusals
test_refusals() {
    make_work
    truncate -s 1M "$work/disk"
    truncate -s 2M "$work/larger"
    set -- --memory 32M --cpus 2 --rng --net user --disk
    run_bare "scenario=suspend64 ms=100" --on-suspend save="$work/image" "$@" "$work/disk"
    expect_status 6
    given="and this command line gives"
    expect_refusal "the saved VM has 32 MiB of memory, $given 64 (--memory)" "$@" "$work/disk" --memory 64M
    expect_refusal "the saved VM has 2 vCPUs, $given 3 (--cpus)" "$@" "$work/disk" --cpus 3
    expect_refusal "the saved VM has PSCI 1.3, $given 1.1 (--psci-version)" "$@" "$work/disk" --psci-version 1.1
    expect_refusal "the saved VM has 7 devices, $given 8 (--disk, --net and others)" "$@" "$work/disk" --balloon
    expect_refusal "the saved VM has virtio-rng at 0xa003e00, where this command line gives virtio-balloon at 0xa003400" \
        --memory 32M --cpus 2 --balloon --net user --disk "$work/disk"
    expect_refusal "virtio-blk at 0xa000000: its size in sectors was 0x800 and is 0x1000 here" "$@" "$work/larger"
    expect_refusal "virtio-net at 0xa002000: its MAC address was 0x[0-9a-f]* and is 0x525400123456 here" \
        --memory 32M --cpus 2 --rng --net user,mac=52:54:00:12:34:56 --disk "$work/disk"
    expect_refusal "virtio-blk at 0xa000000: its set of features was 0x[0-9a-f]* and is 0x[0-9a-f]* here" \
        "$@" "$work/disk,ro"
    run_bare scenario=off --restore "$work/image" "$@" "$work/disk"
    expect_status 0
    expect_console "memory is as it was"
}

# cut_off NAME: another process cuts the image off that the guest's memory is mapped from.
cut_off() {
    has_image "$1" || fail "memory is not mapped from the image"
    : >"$work/$1"
}

# A process that cuts off the image that memory is mapped from waits until the guest does not need it any more. The next
# image says what its guest has touched. If the process does not wait long enough, the VM ends.
# once lazy
test_lazy() {
    make_work
    set -- --memory 64M --on-suspend save="$work/image"
    run_bare "scenario=saved ms=0 sleeps=3" "$@"
    cp "$work/image" "$work/copy"
    cat "$work/console" >"$work/said"
    start_bare "" --restore "$work/image" --restore-memory lazy --asleep "$@"
    wait_event "$work/events" asleep
    cut_off image.restored
    kill -USR1 "$guest"
    for _ in 2 3; do
        wait_guest
        expect_status 6
        expect_no_errors
        cat "$work/console" >>"$work/said"
        "$DORMOUSE" image info "$work/image" >"$work/info"
        start_bare "" --restore "$work/image" --restore-memory lazy "$@"
    done
    grep -q HOTC "$work/info" || fail "the image does not say what was touched"
    wait_guest
    cat "$work/console" >>"$work/said"
    mv "$work/said" "$work/console"
    expect_status 0
    expect_no_errors
    expect_tap
    lose_image "$@"
}

# break_disk NAME: from now on nothing can be read from it.
break_disk() {
    dm suspend --noflush "$1"
    dm reload "$1" --table "0 $(($(stat -c %s "$work/fs") / 512)) error"
    dm resume "$1"
}

dm() { DM_DISABLE_UDEV=1 dmsetup "$@"; }

# The disk fails that the image is on.
# once read_error
test_read_error() {
    make_work
    modprobe -a dm_mod loop ext4
    truncate -s 128M "$work/fs"
    mke2fs -q -t ext4 "$work/fs"
    loop=$(losetup -f)
    losetup "$loop" "$work/fs"
    dm create bad --table "0 $(($(stat -c %s "$work/fs") / 512)) linear $loop 0"
    mkdir "$work/bad"
    mount -t ext4 /dev/mapper/bad "$work/bad"
    trap 'umount "$work/bad"; dm remove --retry bad; losetup -d "$loop"; clean_up' EXIT
    chmod 777 "$work/bad"
    set -- --memory 64M --on-suspend save="$work/bad/image"
    run_bare "scenario=saved ms=0" "$@"
    start_bare "" --restore "$work/bad/image" --restore-memory lazy --asleep "$@"
    wait_event "$work/events" asleep
    echo 3 >/proc/sys/vm/drop_caches
    break_disk bad
    kill -USR1 "$guest"
    wait_guest
    expect_status 1
    expect_equal "lines of error" "$(wc -l <"$work/errors")" 1
    grep -q "^dormouse: image $work/bad/image: cannot read the guest's memory from it; the VM ends" "$work/errors" ||
        fail "no word of the image"
}

# Dormouse does not get to read the rest in time.
lose_image() { # OPTION...
    mv "$work/copy" "$work/image"
    start_bare "" --restore "$work/image" --restore-memory lazy --asleep "$@"
    wait_event "$work/events" asleep
    kill -STOP "$guest"
    echo 1 >/proc/sys/fs/lease-break-time
    cut_off image.restored
    echo 45 >/proc/sys/fs/lease-break-time
    kill -CONT "$guest"
    wait_guest
    expect_status 1
    expect_equal "lines of error" "$(wc -l <"$work/errors")" 1
    grep -q "^dormouse: image $work/image: .*; the VM ends" "$work/errors" || fail "no word of the image"
}

# An operator saves a guest that sleeps already, by QMP, also with its memory in the file; and one that is asked to sleep
# for it, by a signal. Which vCPUs it has admitted is kept. Without a file the signal costs a line, and no VM.
# once operator_saves
test_operator_saves() {
    make_work
    set -- --memory 32M --cpus 2,max=4 --psci user --qmp "$work/qmp"
    start_bare scenario=wake-operator --save "$work/image" "$@"
    wait_event "$work/events" asleep
    qmp 'x-dormouse-admit-vcpu:{"cpu-index":3}' @X_DORMOUSE_VCPU_ADMITTED
    qmp 'x-dormouse-withdraw-vcpu:{"cpu-index":1}' @X_DORMOUSE_VCPU_WITHDRAWN
    qmp 'x-dormouse-sleep-memory:{"depth":"disk"}' @X_DORMOUSE_SAVED x-dormouse-query-sleep-memory
    expect_said '{"depth":"disk","in-file":true}'
    qmp x-dormouse-save @X_DORMOUSE_SAVED
    wait_guest
    expect_status 6
    cat "$work/console" >"$work/said"
    start_bare scenario=none --restore "$work/image" --asleep "$@"
    wait_event "$work/events" asleep
    qmp query-cpus-fast
    expect_equal "which vCPUs are admitted" \
        "$(grep -o '"x-dormouse-admitted":[a-z]*' "$work/qmp.new" | cut -d: -f2 | tr '\n' ' ')" "true false false true "
    qmp system_wakeup
    wait_guest
    expect_event wake source signal
    cat "$work/console" >>"$work/said"
    mv "$work/said" "$work/console"
    expect_tap
    start_bare "scenario=keys timer=0" --memory 32M --save "$work/image"
    wait_console ready
    kill -USR2 "$guest"
    wait_guest
    expect_status 6
    expect_events boot asked-to-sleep suspend-request suspend-honoured asleep saved
    expect_equal errors "$(cat "$work/errors")" "dormouse: SIGUSR2: the VM is saved as $work/image"
    start_bare scenario=wake-operator --qmp "$work/qmp"
    wait_event "$work/events" asleep
    kill -USR2 "$guest"
    wait_until 60 grep -qxF "dormouse: SIGUSR2: the VM is not saved: the VM was started without a file for it (--save)" \
        "$work/errors" || fail "no word of the signal"
    qmp_refuses x-dormouse-save "the VM was started without a file for it (--save)"
    qmp_refuses 'x-dormouse-sleep-memory:{"depth":"disk"}' \
        "the VM was started without a file for it (--sleep-memory disk=FILE, or --save)"
    expect_events boot suspend-request suspend-honoured asleep
    qmp quit
    wait_guest
}

# Two clones of a guest run at the same time. Meanwhile the file is for clones only; afterwards it can be restored.
# once clones
test_clones() {
    make_work
    set -- --memory 16M --restore "$work/image"
    run_bare "scenario=suspend64 ms=100" --memory 16M --on-suspend save="$work/image"
    expect_status 6
    cat "$work/console" >"$work/said"
    start_bare scenario=off "$@" --clone --asleep --wake signal
    wait_event "$work/events" asleep
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --console none "$@" 2>"$work/refused"
    expect_status 1
    expect_equal refusal "$(cat "$work/refused")" \
        "dormouse: image $work/image: clones run from it, or it is exported: end them first, or give --clone"
    "$DORMOUSE" image export "$work/image" | "$DORMOUSE" image import "$work/copy" || fail "no copy beside a clone"
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --console "$work/other" "$@" --clone \
        --restore-memory lazy
    expect_status 0
    grep -q "memory is as it was" "$work/other" || fail "the second clone has not woken"
    kill -USR1 "$guest"
    wait_guest
    expect_status 0
    expect_no_errors
    expect_console "memory is as it was"
    run_bare scenario=off "$@"
    expect_status 0
    cat "$work/console" >>"$work/said"
    mv "$work/said" "$work/console"
    expect_tap
    [ -e "$work/image.restored" ] || fail "the file can be restored again by accident"
}

# On a full file system the guest sleeps on, and nothing is left behind.
# once full_disk
test_full_disk() {
    make_work
    mkdir "$work/full"
    mount -t tmpfs -o size=64k,mode=777 tmpfs "$work/full"
    trap 'umount "$work/full"; clean_up' EXIT
    run_bare "scenario=suspend64 ms=300" --memory 32M --on-suspend save="$work/full/image"
    expect_status 0
    expect_tap
    expect_event save-failed file "$work/full/image"
    expect_event wake source irq
    expect_equal "lines of error" "$(wc -l <"$work/errors")" 1
    expect_equal "files" "$(ls "$work/full")" ""
}

# A restored guest that is reset starts its kernel, which is unpacked only then, on a board that has nothing of the
# image any more.
# once reset
test_reset() {
    make_work
    set -- --cpus 2 --memory 64M --psci-version 1.1 --rng
    run_bare scenario=wake-operator --on-suspend save="$work/image" "$@"
    expect_status 6
    pack_kernel zboot-zstd "$LAB_BARE" "$work/kernel" || fail "cannot pack the kernel"
    start_dormouse run --kernel "$work/kernel" --append scenario=version --restore "$work/image" --asleep \
        --qmp "$work/qmp" "$@"
    wait_event "$work/events" asleep
    qmp system_reset
    wait_guest
    expect_status 0
    expect_tap
    expect_events boot restored asleep reset boot off
}
