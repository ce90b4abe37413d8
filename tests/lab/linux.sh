# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Stock Debian guests: they sleep, wake, plug CPUs, reboot and power off.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# start_linux "TEST ARGUMENTS..." [OPTION]...: the guest runs tests/lab/guest/linux/tests/TEST.
start_linux() {
    linux_test=$1
    shift
    start_dormouse run --kernel "$LAB_GUEST/vmlinuz" --initrd "$LAB_GUEST/initrd" \
        --append "console=ttyAMA0 quiet test=$linux_test" "$@"
}

# The guest reported success and powered off by itself.
expect_linux_ok() {
    grep -qa 'GUEST: ok' "$work/console" ||
        fail "$(tr -d '\r\000' <"$work/console" | grep -a 'GUEST: fail' || echo "the guest did not finish its test")"
    expect_status 0
    expect_no_errors
    expect_events_in_order
}

run_linux() {
    start_linux "$@"
    wait_guest
    expect_linux_ok
}

sleep_cycles() { # CPUS CYCLES
    guest_limit=340
    run_linux "sleep cycles=$2" --cpus "$1"
    expect_event_count asleep "$2"
    expect_event_count resumed "$2"
    expect_event_count suspend-refused 0
    expect_equal "wakes by the RTC" "$(grep -c '"source":"rtc"' "$work/events")" "$2"
}

# once sleep_2
# limit sleep_2 360
test_sleep_2() {
    sleep_with_two 10
}

sleep_with_two() { # CYCLES
    sleep_cycles 2 "$1"
    # The other vCPU turned off before each call and on after it. If it turns off and on between two polls, no event
    # reports that.
    [ "$(event_count "$work/events" vcpu-off)" -ge $(($1 / 2)) ] ||
        fail "vCPU 1 went off $(event_count "$work/events" vcpu-off) times in $1 sleeps"
}

# Both guests run at the same time, because each sleeps for most of the time.
# once sleep_1_and_4 6.1
# limit sleep_1_and_4 360
test_sleep_1_and_4() {
    sleep_side_by_side 5
}

sleep_side_by_side() { # CYCLES
    (sleep_cycles 1 "$1") &
    one=$!
    (sleep_cycles 4 "$1") &
    four=$!
    run_status wait $one
    one_status=$status
    run_status wait $four
    [ "$one_status" -eq 0 ] && [ "$status" -eq 0 ] || exit 1
}

# once rtcwake
# limit rtcwake 180
test_rtcwake() {
    guest_limit=160
    run_linux rtcwake --cpus 2
    expect_event wake source rtc
}

# once wake_console
# limit wake_console 180
test_wake_console() {
    guest_limit=160
    start_linux console --cpus 2
    wait_event "$work/events" asleep 1 60
    sleep 1
    expect_event_count wake 0
    type_keys x
    wait_guest
    expect_linux_ok
    expect_event wake source console
}

# once wake_signal
# limit wake_signal 180
test_wake_signal() {
    guest_limit=160
    start_linux console
    wait_event "$work/events" asleep 1 60
    kill -USR1 "$guest"
    wait_guest
    expect_linux_ok
    expect_event wake source signal
}

# limit hotplug 600
test_hotplug() {
    guest_limit=560
    run_linux "hotplug cycles=15" --cpus 2
}

# once s2idle
# limit s2idle 180
test_s2idle() {
    guest_limit=160
    run_linux s2idle --cpus 2
    expect_event_count suspend-request 0
}

# If it is not offered SYSTEM_SUSPEND, the kernel has only s2idle.
# once suspend_off
# limit suspend_off 180
test_suspend_off() {
    guest_limit=160
    run_linux "s2idle mem_sleep=s2idle" --cpus 2 --on-suspend off
    expect_event boot on_suspend off
    expect_event_count suspend-request 0
}

# limit suspend_refused 180
test_suspend_refused() {
    guest_limit=160
    run_linux refused --cpus 2 --on-suspend refuse
    expect_event suspend-refused answer DENIED
    expect_event suspend-refused reason policy
    expect_event_count asleep 0
}

# PSCI 0.2 has no SYSTEM_SUSPEND; the kernel works without it.
# once psci_0_2
# limit psci_0_2 180
test_psci_0_2() {
    guest_limit=160
    run_linux "s2idle mem_sleep=s2idle" --psci-version 0.2
    expect_event boot psci 0.2
}

# The guest reboots so often, and then turns itself off. After each boot the command $at_each_boot runs, if it is set.
type_reboots() { # COUNT
    turn=0
    while [ $turn -lt "$1" ]; do
        turn=$((turn + 1))
        expect_boot $turn
        ${at_each_boot:-:}
        type_keys 'reboot\n'
    done
    expect_boot $(($1 + 1))
    ${at_each_boot:-:}
    type_keys 'off\n'
    wait_guest
    expect_linux_ok
}

expect_boot() { # NUMBER
    wait_event "$work/events" boot "$1" 120
    wait_until 120 has_said "GUEST: what next?" "$1" || fail "boot $1 did not start: $(show)"
}

has_said() { # TEXT COUNT
    [ "$(grep -caF -- "$1" "$work/console")" -ge "$2" ]
}

# More than the guest can have below 4 GiB.
# once memory_6g
# limit memory_6g 180
test_memory_6g() {
    guest_limit=160
    run_linux off --memory 6G
}

# The compressed forms of a kernel, which pack_kernel makes from the same file: each with the bare-metal guest in it, and one
# with a Debian kernel.
# once compressed_kernels
# limit compressed_kernels 300
test_compressed_kernels() {
    make_work
    guest_limit=160
    for form in gzip zboot-gzip zboot-zstd; do
        pack_kernel "$form" "$LAB_BARE" "$work/kernel" || fail "cannot pack a $form kernel"
        start_dormouse run --kernel "$work/kernel" --append scenario=version
        wait_guest
        expect_tap
        expect_status 0
    done
    pack_kernel zboot-gzip "$LAB_GUEST/vmlinuz" "$work/kernel" || fail "cannot make a compressed kernel"
    start_dormouse run --kernel "$work/kernel" --initrd "$LAB_GUEST/initrd" --append "console=ttyAMA0 quiet test=off"
    wait_guest
    expect_linux_ok
}

# A Debian kernel in a UKI, which brings its initrd and its command line. (piped_files has one in an ELF file.)
# once wrapped_kernels
# limit wrapped_kernels 500
test_wrapped_kernels() {
    make_work
    guest_limit=160
    pack_kernel uki "$LAB_GUEST/vmlinuz" "$work/kernel" "$LAB_GUEST/initrd" "console=ttyAMA0 quiet test=reboot" ||
        fail "cannot make a UKI"
    start_dormouse run --kernel "$work/kernel"
    type_reboots 1
}

# Kernel and initrd from pipes, as <(COMMAND) makes them; the guest boots twice from what was read once. The kernel is an
# ELF file with the addresses of vmlinux.
# once piped_files
# limit piped_files 400
test_piped_files() {
    make_work
    guest_limit=160
    mkfifo "$work/kernel" "$work/initrd"
    pack_kernel vmlinux "$LAB_GUEST/vmlinuz" "$work/vmlinux" || fail "cannot make a vmlinux"
    cat "$work/vmlinux" >"$work/kernel" &
    cat "$LAB_GUEST/initrd" >"$work/initrd" &
    start_dormouse run --kernel "$work/kernel" --initrd "$work/initrd" --append "console=ttyAMA0 quiet test=reboot"
    type_reboots 1
}

# Makes $work/initrd: the guest's, and QEMU's guest agent with its libraries.
make_agent_initrd() {
    make_work
    mkdir -p "$work/tree/bin" "$work/tree/lib/aarch64-linux-gnu"
    cp /usr/bin/qemu-ga "$work/tree/bin/" || fail "the lab has no qemu-ga"
    LD_TRACE_LOADED_OBJECTS=1 /usr/bin/qemu-ga | awk '$2 == "=>" { print $3 }' >"$work/libraries"
    while read -r library; do
        cp "$library" "$work/tree/lib/aarch64-linux-gnu/"
    done <"$work/libraries"
    {
        cat "$LAB_GUEST/initrd"
        (cd "$work/tree" && find . | cpio -o -H newc 2>/dev/null)
    } >"$work/initrd"
    rm -r "$work/tree"
}

# QEMU's guest agent suspends and shuts down the guest, also after sleeps, which close its port, and after a restore of the
# sleeping guest. One that refuses is reported in its own words.
# once agent
# limit agent 300
test_agent() {
    guest_limit=220
    make_agent_initrd
    set -- agent --cpus 2 --agent --agent-time --qmp "$work/qmp" --save "$work/image" --initrd "$work/initrd"
    start_linux "$@"
    wait_console "the agent refuses" 120
    wait_until 60 agent_is_asked || fail "no agent is there"
    wait_event "$work/events" request-failed 1 60
    event_field "$work/events" request-failed reason | grep -q "answers: Command guest-suspend-ram has been disabled" ||
        fail "the reason is $(event_field "$work/events" request-failed reason)"
    type_keys '\n'
    wait_console "the agent agrees" 60
    wait_until 60 agent_has_its_port || fail "no agent has opened the port"
    "$LAB_TOOLS/qmp" "$work/qmp" x-dormouse-sleep =600 >"$work/heard" &
    listener=$!
    wait_until 60 grep -q '"data":{"id":"org.qemu.guest_agent.0","open":false}' "$work/heard" ||
        fail "QMP does not say that the port is closed"
    wait_event "$work/events" asleep
    kill "$listener"
    kill -USR1 "$guest"
    wait_event "$work/events" resumed
    wait_console "the clock is set to" 60
    kill -USR2 "$guest"
    wait_guest
    expect_status 6
    expect_asked agent
    expect_event_count asleep 2
    start_linux "$@" --restore "$work/image" --asleep
    wait_event "$work/events" asleep
    kill -TERM "$guest"
    wait_guest
    expect_linux_ok
    expect_asked agent
}

expect_asked() { # WAY
    expect_equal "ways" "$(sed -n 's/.*"event":"asked-to-.*"way":"\([a-z]*\)".*/\1/p' "$work/events" | sort -u)" "$1"
}

agent_has_its_port() {
    "$LAB_TOOLS/qmp" "$work/qmp" query-chardev |
        grep -q '"label":"org.qemu.guest_agent.0","filename":"null","frontend-open":true'
}

agent_is_asked() {
    "$LAB_TOOLS/qmp" "$work/qmp" x-dormouse-sleep >/dev/null 2>&1
}

# Linux's own drivers see the keys of a guest that is asked to sleep and to shut down, awake and asleep.
# once keys
# limit keys 240
test_keys() {
    make_work
    # shellcheck disable=SC2153 # not LAB_GUEST
    LAB_GUEST=$LAB_GUESTS/generic
    guest_limit=220
    start_linux keys --cpus 2 --qmp "$work/qmp"
    wait_console "keys are read" 120
    qmp x-dormouse-sleep @SUSPEND system_wakeup
    wait_console "GUEST: awake" 60
    wait_console "key 142 0" 30
    qmp x-dormouse-sleep @SUSPEND
    kill -TERM "$guest"
    wait_guest
    expect_linux_ok
    expect_console "key 142 1"
    expect_event asked-to-shut-down way key
    expect_event_count asleep 2
    expect_event_count off 1
}

# Debian's generic kernel, if the lab has it.
# once generic
# limit generic 240
test_generic() {
    # shellcheck disable=SC2153 # not LAB_GUEST
    [ -e "$LAB_GUESTS/generic/vmlinuz" ] || fail "the lab was not given the generic kernel"
    LAB_GUEST=$LAB_GUESTS/generic
    guest_limit=220
    run_linux "sleep cycles=2" --cpus 4
    expect_event_count resumed 2
}

# once rng
# limit rng 200
test_rng() {
    guest_limit=180
    run_linux "rng sleeps=3" --cpus 1 --rng
    expect_event_count asleep 3
}
