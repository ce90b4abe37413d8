# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034 # shared with lib.sh
# Ctrl-C: the terminal sends SIGINT to every process of the command's process group.

# Prints the IDs of processes that the command has started and that still run; all of them inherit a variable.
started() {
    # shellcheck disable=SC2062 # the pattern is the file that is standard input
    echo "DORMOUSE_INTERRUPTED=$work" | grep -laF --file=- /proc/[0-9]*/environ 2>/dev/null |
        sed 's|^/proc/\([0-9]*\)/environ|\1|'
}

# Whether the emulated machine runs, or dormouse if this machine emulates none.
machine_runs() {
    for process in $(started); do
        if { tr '\0' ' ' <"/proc/$process/cmdline"; } 2>/dev/null | grep -qE 'virtserialport|dormouse run|hyp\.img'; then
            return 0
        fi
    done
    return 1
}

# interrupt SECONDS COMMAND...: runs ./dev COMMAND, and sends Ctrl-C that many seconds after its machine has started.
interrupt() {
    delay=$1
    shift
    # Background jobs of a script ignore SIGINT, which a program cannot undo for itself.
    DORMOUSE_INTERRUPTED=$work DORMOUSE_TEST_LOGS=$work/logs setsid env --default-signal=INT \
        "$root/dev" "$@" >"$work/out" 2>"$work/err" </dev/null &
    group=$!
    until machine_runs; do
        kill -0 "$group" 2>/dev/null || break
        sleep 0.1
    done
    sleep "$delay"
    kill -INT "-$group" || fail "it had ended: $(tail -n 3 "$work/err")"
    status=0
    wait "$group" || status=$?
    left=$(started)
    expect_status 130
    [ ! "$left" ] || fail "still there: $(ps -o args= -p "$(echo "$left" | tr '\n' ,)0" | head -n 3)"
    # It may report its progress; messages of bash or QEMU about the end are a failure.
    ! grep -v '^dev: ' "$work/err" || fail "it said: $(grep -v '^dev: ' "$work/err" | head -n 3)"
}

# limit demo 600
test_demo() {
    for words in "0 demo" "4 demo disk" "4 demo hyp"; do
        # shellcheck disable=SC2086 # several words
        interrupt $words
        ! grep -q 'What this run proves' out || fail "the demo reports a run that was interrupted"
        expect_line err "^dev: demo: stopped by Ctrl-C"
    done
}

# limit hyp 400
test_hyp() {
    printf '\000\000\000\024' >loop.bin # An instruction that branches to itself.
    interrupt 1 hyp run --kernel loop.bin --kernel-at 0x80000 --memory 16M
    expect_text out ''
}

# limit test 600
test_test() {
    for delay in 0 4; do
        interrupt $delay test lab-6.12/long/churn
        ! grep -q 'passed' out || fail "there is a summary of a run that was interrupted"
    done
}
