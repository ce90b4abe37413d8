# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# sanitized
# Bare-metal guests (tests/lab/guest/bare): PSCI as a guest sees it that runs alone on the machine.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# A test of these tests: a failure in a scenario is reported.
# once failures_are_reported
test_failures_are_reported() {
    run_bare scenario=fail
    expect_status 0
    expect_equal verdict "$(tr -d '\r' <"$work/console" | tap_verdict)" \
        "not ok 2 - this fails: got 0x1, expected 0x2"
    run_bare scenario=fault
    expect_status 0
    expect_equal verdict "$(tr -d '\r' <"$work/console" | tap_verdict)" \
        "not ok 2 - unexpected exception"
    expect_console "ESR 0xf2000001"
    run_bare scenario=unfinished
    expect_status 0
    expect_equal verdict "$(tr -d '\r' <"$work/console" | tap_verdict)" \
        "the report ends without a plan"
}

# Single calls.

test_version() {
    expect_scenario "version version=1.1" --psci-version 1.1
    expect_event boot psci 1.1
    expect_scenario "version version=1.0" --psci-version 1.0
    expect_event boot psci 1.0
    expect_scenario "version version=0.2" --psci-version 0.2 --on-suspend off
    expect_event boot psci 0.2
}

# PSCI 0.2 has no SYSTEM_SUSPEND. By default the guest is then not offered it; a policy on the command line is an error.
test_version_without_suspend() {
    expect_scenario "features suspend=no" --psci-version 0.2
    expect_event boot on_suspend off
    run_bare scenario=off --psci-version 0.2 --on-suspend honour
    expect_status 1
}

test_features() {
    expect_scenario "features suspend=yes" --psci-version 1.1
    expect_scenario "features suspend=yes" --psci-version 1.0
    expect_scenario "features suspend=no" --on-suspend off
    expect_scenario features --psci-version 0.2 --on-suspend off
}

test_unknown_calls() {
    expect_scenario unknown
}

# SMC works like HVC, but KVM of 6.1 refuses every SMC.
# once smc
test_smc() {
    expect_scenario smc --cpus 2
    expect_one_sleep 64 irq
}

# The backend is the one that --psci asks for; by default dormouse, if KVM allows it.
test_psci_mode() {
    if [ -z "${DORMOUSE_PSCI:-}" ]; then
        [ "$LAB_HOST" = 6.1 ] && expected=kernel || expected=user
        expect_scenario version
        expect_event boot psci_mode "$expected"
        expect_scenario version --psci auto
        expect_event boot psci_mode "$expected"
    fi
    expect_scenario version --psci kernel
    expect_event boot psci_mode kernel
    [ "$LAB_HOST" != 6.1 ] || {
        run_bare scenario=off --psci user
        expect_status 1
        expect_equal "lines of error" "$(wc -l <"$work/errors")" 1
    }
}

# SYSTEM_SUSPEND honoured.

# Checks the events of one sleep, and that the call in them is the one that the guest reported.
expect_one_sleep() { # WIDTH SOURCE
    expect_events boot suspend-request suspend-honoured asleep wake resumed off
    expect_event suspend-request entry "$(remarked entry)"
    expect_event suspend-request context "$(remarked context)"
    expect_event suspend-request width "$1"
    expect_event wake source "$2"
    expect_event resumed entry "$(remarked entry)"
}

test_suspend64() {
    expect_scenario suspend64
    expect_one_sleep 64 irq
    expect_event suspend-request vcpu 0
    expect_event wake intid 27
    asleep=$(event_field "$work/events" resumed asleep_ns)
    [ "$asleep" -ge 50000000 ] || fail "asleep for $asleep ns, expected nearly 100 ms"
}

test_suspend32() {
    expect_scenario suspend32
    expect_one_sleep 32 irq
    expect_event wake intid 27
}

test_physical_timer() {
    expect_scenario "suspend64 timer=physical"
    expect_one_sleep 64 irq
    expect_event wake intid 30
    expect_scenario "suspend32 timer=physical"
    expect_one_sleep 32 irq
    expect_event wake intid 30
}

test_big_endian() {
    expect_scenario big-endian
    expect_scenario big-endian --cpus 2
}

test_pending_interrupt() {
    expect_scenario pending
    expect_event_count resumed 3
    expect_event wake intid 5
    expect_event wake intid 27 2
    expect_event wake intid 30 3
}

test_masked_interrupt() {
    expect_scenario masked
    expect_event_count resumed 2
}

test_secondary() {
    expect_scenario secondary --cpus 2
    expect_one_sleep 64 irq
    expect_event suspend-request vcpu 1
    expect_event resumed vcpu 1
    expect_scenario secondary --cpus 4
    expect_event suspend-request vcpu 1
    expect_event resumed vcpu 1
}

# limit race 200
test_race() {
    guest_limit=180
    expect_scenario "race last=2000"
    expect_event_count resumed 2001
}

# The same race, over the longer time from the call to the sleep.
# limit race_wide 200
test_race_wide() {
    guest_limit=180
    expect_scenario "race first=2000 last=402000 step=400 seed=2"
    expect_event_count resumed 1001
}

# limit many 200
test_many() {
    guest_limit=180
    expect_scenario suspend-many --cpus 2
    expect_event_count resumed 1000
}

# SYSTEM_SUSPEND refused.

test_denied() {
    expect_scenario denied --cpus 2
    expect_event suspend-refused answer DENIED
    expect_event suspend-refused reason "another vCPU is on"
    expect_event_count resumed 1
    expect_scenario denied --cpus 4
    expect_event_count resumed 1
}

test_invalid_entry() {
    expect_scenario invalid-entry
    expect_event suspend-request entry 0x0
    expect_event suspend-refused answer INVALID_ADDRESS
    # Twelve invalid addresses, four of them too large for SMC32; then two valid ones.
    expect_event_count suspend-refused 20
    expect_event_count resumed 2
}

test_refused_state() {
    expect_scenario refused-state
    expect_scenario refused-state --cpus 2
    expect_event suspend-refused answer INVALID_ADDRESS
    expect_event suspend-refused answer DENIED 3
    expect_event_count suspend-honoured 0
}

test_policy_refuse() {
    expect_scenario suspend-refuse --on-suspend refuse --cpus 2
    expect_event boot on_suspend refuse
    expect_event suspend-refused answer DENIED
    expect_event_count suspend-refused 2
    expect_event_count suspend-honoured 0
}

test_policy_off() {
    expect_scenario suspend-off --on-suspend off --cpus 2
    expect_event boot on_suspend off
    expect_event_count suspend-request 0
}

# KVM does not know SYSTEM_SUSPEND: by default the guest goes without it; a policy on the command line is an error.
test_old_kernel() {
    runner="without_cap 216"
    run_bare scenario=suspend-off --psci kernel
    expect_tap
    expect_status 0
    expect_event boot on_suspend off
    [ -s "$work/errors" ] || fail "no warning that guests cannot sleep"
    expect_equal "lines of warning" "$(wc -l <"$work/errors")" 1
    run_bare scenario=suspend-off --on-suspend honour --psci kernel
    expect_status 1
    expect_equal "lines of error" "$(wc -l <"$work/errors")" 1
    run_bare scenario=suspend-off --on-suspend off --psci kernel
    expect_tap
    expect_status 0
    expect_no_errors
}

# Wake sources.

test_wake_rtc() {
    expect_scenario wake-rtc
    expect_event_count wake 1
}

# Only the alarm counts. The timer fires long before and does not wake the guest.
# once wake_rtc_only
test_wake_rtc_only() {
    expect_scenario "wake-rtc timer=300" --wake rtc
    expect_event boot wake '["rtc"]'
    expect_event wake source rtc
    # The alarm also works without the guest's interrupt controller.
    expect_scenario "wake-rtc timer=300 gic=no" --wake rtc
    expect_event wake source rtc
}

# The alarm does not count. The guest gets it after the timer has woken it.
# once wake_irq_only
test_wake_irq_only() {
    expect_scenario wake-timer --wake irq
    expect_event wake source irq
    expect_event wake intid 27
}

test_wake_console() {
    start_bare "scenario=wake-console expect=w" --wake console
    wait_event "$work/events" asleep
    type_keys w
    wait_guest
    expect_tap
    expect_status 0
    expect_event wake source console
    start_bare "scenario=wake-console expect=xyz irq=yes" --wake all
    wait_event "$work/events" asleep
    type_keys xyz
    wait_guest
    expect_tap
    expect_status 0
}

# once wake_console_ignored
test_wake_console_ignored() {
    start_bare "scenario=wake-console expect=abc irq=yes timer=2000" --wake irq
    wait_event "$work/events" asleep
    type_keys abc
    wait_guest
    expect_tap
    expect_status 0
    expect_event wake source irq
    expect_event wake intid 27
}

# A byte that is typed before the guest sleeps, and that the guest has not read, also wakes it. The byte may be in the
# UART already (the guest has unmasked its interrupt) or not.
# once wake_console_pending
test_wake_console_pending() {
    for irq in yes no; do
        start_bare "scenario=wake-console expect=q irq=$irq delay=1000" --wake console
        wait_console "delay"
        type_keys q
        wait_guest
        expect_tap
        expect_status 0
        expect_event wake source console
        # Checks that the byte did not come too late: the guest slept for hardly any time.
        [ "$(event_field "$work/events" resumed asleep_ns)" -lt 500000000 ] ||
            fail "the guest slept"
    done
}

# An alarm that has gone off before, and that the guest has not cleared.
# once wake_rtc_pending
test_wake_rtc_pending() {
    expect_scenario "wake-rtc delay=2500" --wake rtc
    expect_event wake source rtc
    [ "$(event_field "$work/events" resumed asleep_ns)" -lt 500000000 ] || fail "the guest slept"
}

test_wake_signal() {
    start_bare "scenario=wake-operator timer=300" --wake signal
    wait_event "$work/events" asleep
    sleep 1
    kill -USR1 "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_event wake source signal
}

# A signal that does not count does not keep other sources from waking.
# once wake_signal_ignored
test_wake_signal_ignored() {
    start_bare "scenario=suspend64 ms=2000" --wake irq
    wait_event "$work/events" asleep
    kill -USR1 "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_event wake-ignored source signal
    expect_event wake source irq
}

# Nothing wakes the guest, not even a signal that does not count. Only the end of the VM ends its sleep.
test_wake_none() {
    start_bare "scenario=wake-operator timer=200" --wake none
    wait_event "$work/events" asleep
    sleep 1
    kill -USR1 "$guest"
    wait_event "$work/events" wake-ignored
    expect_event_count wake 0
    kill -TERM "$guest"
    wait_guest
    expect_status 143
    expect_event wake-ignored source signal
    expect_event_count resumed 0
}

# Asleep, with wakes that do not count: no CPU time is used, whether interrupts count or not.
test_asleep_is_idle() {
    ! skips_under thread "its runtime has a thread that wakes now and then" || return 0
    make_work
    for wake in signal irq,signal; do
        timer=$([ $wake = signal ] && echo timer=100 || echo timer=0)
        start_bare "scenario=wake-operator $timer" --wake $wake --metrics "$work/vm.prom"
        wait_event "$work/events" asleep
        until grep -q 'state="asleep"} 1' "$work/vm.prom"; do sleep 0.2; done
        written=$(stat -c %i "$work/vm.prom")
        type_keys 'who is there?'
        before=$(cpu_ticks "$guest")
        sleep 3
        after=$(cpu_ticks "$guest")
        expect_equal "file of metrics" "$(stat -c %i "$work/vm.prom")" "$written"
        kill -USR1 "$guest"
        wait_guest
        expect_tap
        [ ! -e "$work/vm.prom" ] || fail "the metrics are left"
        [ $((after - before)) -le 1 ] ||
            fail "--wake $wake: $((after - before)) ticks of CPU time used in 3 s of sleep"
    done
}

# Prints the CPU time of all threads, in clock ticks (10 ms).
cpu_ticks() { # PID
    sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

# vCPUs.

test_cpus() {
    for cpus in 1 2 4 8; do
        expect_scenario "cpu-on cpus=$cpus" --cpus $cpus
        expect_event boot cpus $cpus
    done
}

# limit cpus_64 180
test_cpus_64() {
    guest_limit=160
    expect_scenario "cpu-on cpus=64" --cpus 64 --memory 1G
}

# More vCPUs than one region of redistributors holds.
# limit cpus_128 180
test_cpus_128() {
    guest_limit=160
    expect_scenario "cpu-on cpus=128" --cpus 128 --memory 1G
}

# KVM's maximum, one after the other. All of them at once take minutes on an emulated machine; long.sh does that.
# once cpus_512
# limit cpus_512 180
test_cpus_512() {
    ! skips_under thread "its runtime has no room for 512 threads" || return 0
    ! skips_under address "it takes minutes, and cpus_128 runs the same code" || return 0
    guest_limit=160
    expect_scenario "cpu-off cycles=1022" --cpus 512 --memory 1G
    expect_event boot cpus 512
    expect_scenario last-core --cpus 512 --memory 1G
    expect_event suspend-request vcpu 511
    expect_event wake source irq
    expect_event wake intid 27
    expect_event resumed vcpu 511
}

# once too_many_cpus
test_too_many_cpus() {
    run_bare scenario=off --cpus 513 --memory 1G
    expect_status 2
    expect_equal error "$(cat "$work/errors")" \
        "dormouse: --cpus 513: not a number of vCPUs; give 1 to 512"
}

# Each vCPU needs a file descriptor. If the limit is too low, dormouse says so.
# once limit_of_open_files
test_limit_of_open_files() {
    make_work
    # shellcheck disable=SC3045 # all shells that it runs in have it
    ulimit -n 200
    expect_scenario "cpu-on cpus=64" --cpus 64
    run_bare scenario=off --cpus 256
    expect_status 1
    expect_equal "lines of error" "$(wc -l <"$work/errors")" 1
    grep -q "^dormouse: --cpus 256: .*ulimit -n" "$work/errors" || fail "the error message does not say what to do"
}

test_cpu_on_errors() {
    expect_scenario cpu-on-errors
    expect_scenario cpu-on-errors --cpus 2
}

test_cpu_on_race() {
    expect_scenario cpu-on-race --cpus 4
}

test_cpu_off() {
    expect_scenario cpu-off --cpus 2
    expect_scenario cpu-off --cpus 4
}

test_affinity() {
    expect_scenario affinity
    expect_scenario affinity --cpus 2
}

test_cpu_suspend() {
    expect_scenario cpu-suspend
}

# Only if dormouse answers PSCI: KVM's own PSCI has no powerdown, accepts any entry point, and has no ON_PENDING.
test_user_only() {
    user_mode || return 0
    expect_scenario powerdown --cpus 2
    expect_scenario powerdown-is-on --cpus 2
    expect_scenario cpu-suspend-errors
    expect_scenario cpu-on-entry --cpus 2
    expect_scenario on-pending --cpus 4
    expect_scenario on-pending --cpus 4 --on-pending hide
    expect_equal "times ON_PENDING was said" "$(remarked pending)" 0
}

# Also only if dormouse answers: KVM has none of the optional functions.
test_optional() {
    user_mode || return 0
    expect_offered cpu-freeze --cpus 2
    expect_equal "ons and offs told of vCPU 1" \
        "$(grep -c '"event":"vcpu-on","vcpu":1' "$work/events")" \
        "$(grep -c '"event":"vcpu-off","vcpu":1' "$work/events")"
    expect_offered "cpu-default-suspend times=20 state=0x10000"
    expect_offered node-hw-state --cpus 2
    expect_scenario "idle-states core=0 times=30"
    expect_scenario "idle-states core=0x10000 times=30"
}

test_mem_protect() {
    user_mode || return 0
    expect_offered mem-protect
    expect_events boot reboot boot reboot boot off
    expect_event reboot kind cold
    expect_event reboot kind warm 2
}

# Runs a scenario that is skipped on a machine without the function.
expect_offered() {
    expect_scenario "$@"
    ! grep -qa SKIP "$work/console" || fail "skipped: $(grep -a SKIP "$work/console" | head -n 1)"
}

user_mode() {
    [ "${DORMOUSE_PSCI:-auto}" != kernel ] && [ "$LAB_HOST" != 6.1 ]
}

# Cores that make calls all the time harm neither other cores nor dormouse. In user mode every change is reported.
test_call_flood() {
    expect_scenario call-flood --cpus 4
    if user_mode; then
        expect_equal "ons and offs told of vCPU 1" \
            "$(grep -c '"event":"vcpu-on","vcpu":1' "$work/events")" \
            "$(grep -c '"event":"vcpu-off","vcpu":1' "$work/events")"
        expect_equal "turns told" "$(grep -c '"event":"vcpu-on","vcpu":1' "$work/events")" "$(remarked turns)"
    fi
    [ ! -s "$work/errors" ] || fail "it makes dormouse talk"
}

# vCPUs that are off, or wait in CPU_SUSPEND, use no CPU time, and a pause does not wake them.
test_off_is_idle() {
    start_bare "scenario=uart-echo count=1" --cpus 8
    wait_console ready
    sleep 1
    before=$(secondary_ticks "$guest")
    sleep 2
    after=$(secondary_ticks "$guest")
    type_keys x
    wait_guest
    expect_tap
    [ $((after - before)) -le 1 ] || fail "$((after - before)) ticks of CPU time used by vCPUs that are off"
}

# Cores of a bare guest that wait for another core, or for a key, sleep. The measure is a third core that polls: when
# that has used a second of CPU time, the two that wait have used a quarter of one at most.
# once waiting_is_idle
test_waiting_is_idle() {
    start_bare scenario=waits-rest --cpus 3
    wait_console ready
    sleep 1
    polled=$(vcpu_ticks "$guest" 2)
    waited=$(($(vcpu_ticks "$guest" 0) + $(vcpu_ticks "$guest" 1)))
    for _ in $(seq 100); do
        sleep 0.3
        [ $(($(vcpu_ticks "$guest" 2) - polled)) -lt 100 ] || break
    done
    polled=$(($(vcpu_ticks "$guest" 2) - polled))
    waited=$(($(vcpu_ticks "$guest" 0) + $(vcpu_ticks "$guest" 1) - waited))
    type_keys x
    wait_guest
    expect_tap
    echo "ticks of CPU time: $polled of the core that polls, $waited of two that wait"
    [ "$polled" -ge 100 ] || fail "the core that polls has used $polled ticks only"
    [ $((waited * 4)) -le "$polled" ] || fail "two cores that wait used $waited ticks, one that polls $polled"
}

# Clock ticks of the thread of one vCPU.
vcpu_ticks() { # PID VCPU
    for thread in /proc/"$1"/task/*; do
        if [ "$(cat "$thread/comm")" = "dormouse/$2" ]; then
            sed 's/.*) //' "$thread/stat" | awk '{ print $12 + $13 }'
        fi
    done
}

# Prints the clock ticks of the threads of all vCPUs but the first.
secondary_ticks() { # PID
    ticks=0
    for thread in /proc/"$1"/task/*; do
        case $(cat "$thread/comm") in
        dormouse/0) ;;
        dormouse/*) ticks=$((ticks + $(sed 's/.*) //' "$thread/stat" | awk '{ print $12 + $13 }'))) ;;
        esac
    done
    echo $ticks
}

# Events report that a vCPU turns on and off, and come before the suspend request that depends on them.
test_vcpu_events() {
    expect_scenario secondary --cpus 2
    before=$(sed '/suspend-request/,$d' "$work/events" |
        sed -n 's/.*"event":"\(vcpu-[^"]*\)","vcpu":\([0-9]*\).*/\1 \2/p' | sort | tr '\n' ' ')
    expect_equal "before the call" "$before" "vcpu-off 0 vcpu-on 0 vcpu-on 1 "
}

# Power-off and reset.

test_off() {
    expect_scenario off
    expect_events boot off
    expect_event off kind off
    expect_scenario off --cpus 4
    expect_scenario "off from=secondary" --cpus 4
    expect_event off vcpu 3
}

test_hibernate() {
    run_bare scenario=off2
    expect_tap
    if grep -qa SKIP "$work/console"; then
        expect_status 0
        expect_event off kind off
    else
        expect_status 4
        expect_event off kind hibernate
    fi
}

test_reset_cold() {
    expect_scenario "reset-cold reboots=3" --cpus 2
    expect_events boot reboot boot reboot boot reboot boot off
    expect_event reboot kind cold
    expect_event boot boot 4 4
}

# A vendor's reset type, which the event log has with its cookie.
test_reset_vendor() {
    expect_scenario "reset-cold vendor=0x80000007 cookie=0x123456789abcdef0" --psci-version 1.1
    expect_events boot reboot boot off
    expect_event reboot kind cold
    expect_event reboot type 0x80000007
    expect_event reboot cookie 0x123456789abcdef0
}

test_reset_warm() {
    expect_scenario "reset2-warm reboots=3 cookie=0x1234" --cpus 2 --psci-version 1.1
    expect_events boot reboot boot reboot boot reboot boot off
    expect_event reboot kind warm
    expect_event reboot cookie 0x1234
}

test_reset_arguments() {
    expect_scenario reset2-arguments --psci-version 1.1
    expect_scenario reset2-arguments --psci-version 1.0
    expect_event_count reboot 0
}

test_no_reboot() {
    run_bare scenario=reset-cold --no-reboot
    expect_status 5
    expect_event_count boot 1
    run_bare scenario=reset2-warm --no-reboot --psci-version 1.1
    expect_status 5
    expect_event_count boot 1
}

# The rest of the machine.

# once rtc
test_rtc() {
    expect_scenario "rtc now=$(date +%s)"
}

# once uart
test_uart() {
    start_bare "scenario=uart-echo count=26"
    wait_console ready
    type_keys abcdefghijklmnopqrstuvwxyz
    wait_guest
    expect_tap
    expect_console "echo: abcdefghijklmnopqrstuvwxyz"
    start_bare scenario=uart-interrupt
    wait_console ready
    type_keys x
    wait_guest
    expect_tap
}

# No byte of a long output is lost.
# once uart_flood
test_uart_flood() {
    fox="the quick brown fox jumps over the lazy dog"
    expect_scenario "uart-flood lines=60"
    expect_equal "complete lines" \
        "$(tr -d '\r' <"$work/console" | grep -c "^line [0-9]* of 60: $fox\$")" 60
}

# The guest as its linker made it, and as a raw binary at several offsets. It can run anywhere.
# once formats
test_formats() {
    bare_image=$LAB_BARE
    LAB_BARE=${bare_image%.img}.elf
    expect_scenario "version version=1.1" --psci-version 1.1
    expect_scenario "version version=1.1" --psci-version 1.1 --memory 16M
    LAB_BARE=$bare_image
    for offset in 0 0x80000 2M 0x10000000; do
        expect_scenario "suspend-many cycles=2" --kernel-at $offset
    done
    pack_kernel elf "$bare_image" "$work/elf" || fail "cannot make an ELF file"
    LAB_BARE=$work/elf
    expect_scenario "suspend-many cycles=2"
}

test_memory() {
    expect_scenario "memory size=536870912"
    expect_scenario "memory size=33554432" --memory 32M
    expect_scenario "memory size=16777216" --memory 16M
}

# More RAM than this machine has, above 4 GiB: the host provides a page only when the guest touches it.
test_memory_above_4g() {
    expect_scenario "memory size=6442450944" --memory 6G
    expect_scenario invalid-entry --memory 6G
}

test_bad_access() {
    expect_scenario bad-access
}

# once device_fuzz
test_device_fuzz() {
    for seed in 1 2 3; do
        run_bare "scenario=device-fuzz seed=$seed"
        expect_tap
        expect_status 0
    done
}
