# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Saved VMs: a sleeping guest becomes a file, and the file a guest that sleeps on and wakes.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# The PSCI modes that take turns, so that a guest goes from each to each.
other_modes() {
    if [ "$LAB_HOST" = 6.1 ]; then echo kernel; else echo "user kernel kernel user user kernel"; fi
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
    # shellcheck disable=SC2046 # several words
    for mode in $(other_modes) $(other_modes) $(other_modes); do
        run_bare "$saved_append" --psci "$mode" "$@"
        cat "$work/console" >>"$work/said"
        expect_no_errors
        [ "$status" = 6 ] || break
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
test_pending_interrupt() {
    run_saved scenario=pending 3
    expect_event wake source irq
    expect_event wake intid 30
}

# A priority mask below what is pending: only with the mask restored does the timer wake the guest, and only it.
test_masked_interrupt() {
    run_saved scenario=masked 2
}

# The counter and the RTC have moved on by the time that the VM was a file, also in a sleep that is saved twice.
test_time_as_a_file() {
    age=2
    run_saved "scenario=saved ms=600 sleeps=2" 2 --cpus 2 --memory 32M
    slept=$(remarked slept)
    [ "$slept" -ge 2600 ] || fail "the guest's counter says $slept ms, after 2 s as a file"
    [ "$(event_field "$work/events" restored saved_ns)" -ge 2000000000 ] || fail "saved_ns is below 2 s"
}

# An alarm of the RTC that passes while the VM is a file.
test_alarm() {
    age=2
    run_saved scenario=wake-rtc 1
    expect_event wake source rtc
}

test_entry() {
    run_saved scenario=big-endian 2
    run_saved "scenario=suspend32 timer=physical" 1 --memory 32M
}

# The sleeper is the second vCPU; the first is off.
test_secondary() {
    run_saved scenario=secondary 1 --cpus 2
}
