# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# only 6.12
# The monitor of examples/, 300 lines with libvpsci and its layer for KVM. tests/lab/long.sh has more of it.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# run_monitor INPUT IMAGE COMMAND-LINE [INITRD]: its console is in $work/console, its status in $status.
run_monitor() {
    make_work
    monitor_input=$1
    shift
    run_status timeout -k 5 "${monitor_limit:-80}" "$LAB_EXAMPLES/monitor" "$LAB_EXAMPLES/monitor.dtb" "$@" \
        <"$monitor_input" >"$work/console" 2>"$work/errors"
    show
}

# Cores that start each other, a powerdown CPU_SUSPEND that keeps its timers, a SYSTEM_SUSPEND that a timer ends.
test_bare() {
    for scenario in cpu-on-race powerdown suspend64; do
        run_monitor /dev/null "$LAB_BARE" "scenario=$scenario"
        expect_tap
        expect_status 0
        expect_no_errors
    done
}

# check_monitor SCENARIOS: the conformance image. The monitor ends with status 3 if the guest resets; then it starts again.
check_monitor() {
    make_work
    # shellcheck disable=SC2016 # the other shell has them
    again='while "$@"; status=$?; [ $status = 3 ]; do :; done; exit $status'
    run_status vpsci-check run --quiet --limit 90 --tap "$work/run.tap" --log "$work/said" -- \
        sh -c "$again" - "$LAB_EXAMPLES/monitor" "$LAB_EXAMPLES/monitor.dtb" "$LAB_CHECK" \
        "rounds=10 bad-entry=0x7000000 scenarios=$1" </dev/null
    grep -E '^(not ok|  message|1\.\.)' "$work/run.tap" || true
    expect_status 0
}

test_check() {
    check_monitor "cpu-suspend-b*,system-suspend-resumes,system-suspend-denied-others-on,system-reset"
    [ "$(grep -c '^ok' "$work/run.tap")" -ge 5 ] || fail "too few scenarios ran"
}
