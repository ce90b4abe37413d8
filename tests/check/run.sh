#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2317 # tests are called by their names
# vpsci-check as a whole, with fake_image in place of a machine.
#
#   run.sh VPSCI-CHECK FAKE-IMAGE [TEST...]
#
# Each function test_NAME is a test; all run at the same time, each in a folder of its own.
set -u

check=$1
image=$2
shift 2
script=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
case $check in /*) ;; *) check=$PWD/$check ;; esac
case $image in /*) ;; *) image=$PWD/$image ;; esac

fail() {
    echo "fail: $*"
    for file in out err; do
        [ ! -e "$file" ] || sed "s/^/    $file: /" "$file" | head -n 20
    done
    exit 1
}

# Runs a command and keeps what it says in out and err, and its exit status.
try() {
    status=0
    timeout -k 5 40 "$@" >out 2>err || status=$?
}

# The tool on a machine, with short limits: options, --, then the words of fake_image.
run() {
    set -- "$@" ''
    options=''
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    words=$*
    # shellcheck disable=SC2086 # words without blanks
    try "$check" run --name fake --limit 3 --boot-limit 20 $options -- "$image" $words
}

expect_status() {
    [ "$status" = "$1" ] || fail "exit status $status, expected $1"
}

expect_last() { # TEXT
    [ "$(tail -n 1 out)" = "$1" ] || fail "the last line is not \"$1\""
}

expect() { # FILE TEXT
    grep -qF -e "$2" "$1" || fail "\"$2\" is not in $1"
}

# No process of this fake image is left.
expect_nothing_left() {
    pid=$(cat child)
    if kill -0 "$pid" 2>/dev/null; then
        kill -KILL "$pid"
        fail "process $pid is left"
    fi
}

test_everything_that_a_machine_may_do() {
    run --tap r.tap --junit r.xml --html r.html --log r.log -- --prompt pass fail skip often choose reset off \
        twice fresh crash die hang noise endless interrupted fresh fresh pass
    expect_status 1
    expect_last "18 scenarios: 11 passed, 6 failed, 1 skipped"
    expect out "not ok 4 - fake-often: two CPUs were told SUCCESS [lost CPU; 5.4] (3 of 1000 rounds)"
    [ ! -s err ] || fail "it complained"
    grep -E '^(not )?ok|^# often|^1\.\.|^# passed|^# characteristic' r.tap >points
    cat >expected <<'EOF'
1..18
ok 1 - fake-pass
not ok 2 - fake-fail
ok 3 - fake-skip # SKIP no "SYSTEM_SUSPEND" & <co>
not ok 4 - fake-often
# often: 3 of 1000
ok 5 - fake-choose
# characteristic: bit 16 of an ID: ignored
# characteristic: NODE_HW_STATE of a CPU: 0x2
ok 6 - fake-reset
ok 7 - fake-off
ok 8 - fake-twice
ok 9 - fake-fresh
not ok 10 - fake-crash
not ok 11 - fake-die
not ok 12 - fake-hang
ok 13 - fake-noise
ok 14 - fake-endless
not ok 15 - fake-interrupted
ok 16 - fake-fresh
ok 17 - fake-fresh
ok 18 - fake-pass
# passed 11, failed 6, skipped 1
EOF
    diff expected points || fail "the points differ"
    for how in reset off hang; do
        expect r.tap "message: \"the machine ended by itself: $how\""
    done
    expect r.tap "# machine: cpus 4, conduit HVC, level EL1, gic GICv3"
    expect r.tap "# server: PSCI 1.3, SMCCC 1.1"
    expect r.log "(XEN) d0v0 says"
    [ "$(find . -name 'r.*' | wc -l)" -eq 4 ] || fail "a temporary file is left"
    expect_well_formed r.xml
    expect r.html "</html>"
}

# The text that a hostile machine printed.
expect_well_formed() { # FILE
    if command -v python3 >/dev/null; then
        python3 -c 'import sys, xml.dom.minidom as d; d.parse(sys.argv[1])' "$1" || fail "$1 is no XML"
    fi
}

test_report_says_the_same_as_the_run() {
    run --tap a.tap --html a.html --junit a.xml -- pass fail skip often choose interrupted
    expect_status 1
    try "$check" report --html b.html --junit b.xml a.tap
    expect_status 1
    expect_last "6 scenarios: 2 passed, 3 failed, 1 skipped"
    cmp a.html b.html || fail "the page differs"
    cmp a.xml b.xml || fail "the XML differs"
    try "$check" report --quiet --html c.html --junit c.xml a.tap a.tap
    expect_status 1
    [ ! -s out ] || fail "it was not quiet"
    expect c.html "2 runs side by side"
    expect c.html "fake (2)"
    expect_well_formed c.xml
}

test_all_passed() {
    run -- pass skip pass
    expect_status 0
    expect_last "3 scenarios: 2 passed, 0 failed, 1 skipped"
    [ "$(wc -l <out)" -eq 1 ] || fail "it said more"
    run --quiet -- pass
    expect_status 0
    [ ! -s out ] || fail "it was not quiet"
}

test_babble_is_no_life() {
    run --limit 1 --tap r.tap -- pass babble
    expect_status 1
    expect r.tap 'message: "the machine ended by itself: hang"'
}

test_lost_result() {
    run -- pass lost pass
    expect_status 3
    expect_last "3 scenarios: 2 passed, 0 failed, 0 skipped, 1 not run"
    expect err "fake: 1 of 3 scenarios have no result"
}

test_deaf_image() {
    run --tap r.tap -- --deaf pass crash
    expect_status 3
    expect err "does not receive the answers"
    expect r.tap "ok 1 - fake-pass"
    expect r.tap "not ok 2 - fake-crash"
    expect r.tap "Bail out! the image started scenario 1 again"
}

test_machine_that_wants_a_terminal() {
    run --pty --tap r.tap -- --terminal pass off reset twice noise hang pass
    expect_status 1
    expect_last "7 scenarios: 6 passed, 1 failed, 0 skipped"
    run -- --terminal pass crash
    expect_status 3
    expect err "does not receive the answers"
    # What it prints before its end arrives, and how it ended is known.
    try "$check" run --pty --log r.log -- sh -c 'echo last words; exit 7'
    expect_status 3
    expect err "the command ended with status 7"
    expect r.log "last words"
    try "$check" run --pty -- ./not-there
    expect_status 3
    expect err "cannot start ./not-there: No such file or directory"
    # A terminal that controls the command could stop or end it.
    try "$check" run --pty -- sh -c 'true 2>lacking </dev/tty; echo $? >status'
    [ -s status ] || fail "the command did not run"
    [ "$(cat status)" != 0 ] || fail "the command has a controlling terminal"
    run --pty -- --child --ignore-term --terminal pass hang
    expect_nothing_left
}

test_never_ready() {
    run --tap r.tap --boot-limit 1 -- --mute pass
    expect_status 3
    expect err "did not say '# ready' within 1 s (--boot-limit)"
    expect_last "no scenario was run"
    expect r.tap "Bail out!"
    ! grep -q '^1\.\.' r.tap || fail "a plan appeared without results"
}

test_ends_at_once() {
    run --html r.html -- --ends
    expect_status 3
    expect err "the command ended with status 7 before the image said '# ready': it did not boot the image"
    expect_last "no scenario was run"
    expect r.html "not completed"
}

test_killed_command() {
    # shellcheck disable=SC2016 # for the inner shell
    try "$check" run -- sh -c 'kill -SEGV $$'
    expect_status 3
    expect err "by signal 11 (Segmentation fault)"
}

test_command_that_is_none() {
    try "$check" run --tap r.tap -- ./not-there
    expect_status 3
    expect err "cannot start ./not-there: No such file or directory"
    expect r.tap "Bail out! cannot start"
    try "$check" run -- /
    expect_status 3
    expect err "cannot start /: Permission denied"
}

test_flood() {
    run --boot-limit 1 --log r.log -- --flood
    expect_status 3
    expect err "did not say '# ready'"
    [ "$(wc -c <r.log)" -lt 70000000 ] || fail "the log is too large"
}

test_gives_up() {
    run -- --gives-up pass
    expect_status 3
    expect err "the image stopped: no CPU is in the device tree"
}

test_other_version() {
    run -- --version pass
    expect_status 3
    expect err "version 1 of the protocol"
}

# The command is ended, and started again, long before the limit.
test_closed_output() {
    run --limit 20 -- --closes pass
    expect_status 0
    expect_last "1 scenario: 1 passed, 0 failed, 0 skipped"
}

test_total_limit() {
    run --limit 30 --total 3 --tap r.tap -- pass hang
    expect_status 3
    expect err "it took more than 3 s (--total)"
    expect r.tap "ok 1 - fake-pass"
}

test_end_that_is_none() {
    run --tap r.tap -- --boots pass
    expect_status 0
    expect r.tap "# note the machine was reset at the end"
}

# After "# end" it has ten seconds.
test_end_that_does_not_come() {
    run --tap r.tap -- --stays --ignore-term pass
    expect_status 0
    expect r.tap "# note the machine did not turn off at the end"
}

test_nothing_is_left() {
    run -- --child --ignore-term pass hang
    expect_status 1
    expect_nothing_left
}

# Sends the tool a signal while a scenario hangs.
interrupt() { # SIGNAL STATUS
    rm -f child
    "$check" run --limit 30 --tap r.tap --log r.log --name fake -- "$image" --child --ignore-term pass fail hang \
        >out 2>err &
    tool=$!
    tries=0
    until grep -q . child 2>/dev/null && grep -q '^not ok' out; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail "it did not begin"
        sleep 0.05
    done
    kill "-$1" "$tool"
    status=0
    wait "$tool" || status=$?
    expect_status "$2"
    expect_nothing_left
    expect err "ended by SIG$1"
    expect_last "3 scenarios: 1 passed, 1 failed, 0 skipped, 1 not run"
    expect r.tap "not ok 2 - fake-fail"
    expect r.tap "Bail out! ended by SIG$1"
    expect r.log "# running 3"
}

test_sigint() {
    # A background command of a shell ignores SIGINT; the tool handles it all the same.
    interrupt INT 130
}

test_sigterm() {
    interrupt TERM 143
}

test_killed_tool_takes_the_command_along() {
    "$check" run --limit 30 -- sh -c 'echo $$ >child; exec sleep 60' >out 2>err &
    tool=$!
    until [ -s child ]; do sleep 0.05; done
    kill -KILL "$tool"
    wait "$tool" 2>/dev/null
    tries=0
    while kill -0 "$(cat child)" 2>/dev/null && [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    expect_nothing_left
}

test_files_that_cannot_be_written() {
    for option in tap junit html log; do
        run "--$option" nowhere/file -- pass
        expect_status 2
        expect err "cannot write nowhere/file"
        run "--$option" /dev/full -- pass
        expect_status 3
        expect err "cannot write /dev/full: No space left on device"
        expect_last "1 scenario: 1 passed, 0 failed, 0 skipped"
    done
    try "$check" report --html nowhere/file /dev/null
    expect_status 2
}

test_standard_output_that_cannot_be_written() {
    status=0
    "$check" run --tap r.tap -- "$image" fail >/dev/full 2>err || status=$?
    expect_status 3
    expect err "cannot write to standard output"
    expect r.tap "not ok 1"
    status=0
    "$check" run --tap s.tap -- "$image" pass >&- 2>err || status=$?
    expect_status 3
    expect s.tap "ok 1"
    # The reader has closed the output.
    mkfifo pipe
    (: <pipe) &
    status=0
    "$check" run --tap t.tap -- "$image" fail often crash pass >pipe 2>err || status=$?
    expect_status 3
    expect err "cannot write to standard output: Broken pipe"
    expect t.tap "ok 4"
}

# On a terminal one line shows the progress, and disappears at the end.
test_terminal() {
    command -v script >/dev/null || return 0
    status=0
    # script(1) runs the command in a shell. The paths are passed as variables, so that any character in them is safe.
    # shellcheck disable=SC2016
    COLUMNS=80 check=$check image=$image script -qec '"$check" run --limit 3 -- "$image" pass fail hang pass' \
        typescript >out 2>err </dev/null ||
        status=$?
    expect_status 1
    tr '\r' '\n' <out >lines
    expect lines "[3/4] fake-hang  1 passed, 1 failed, 0 skipped"
    expect lines "not ok 2 - fake-fail: CPU_ON returned 0"
    grep -q '^4 scenarios: 2 passed, 2 failed, 0 skipped' lines || grep -q 'K4 scenarios: 2 passed' lines ||
        fail "no summary"
}

test_bad_usage() {
    try "$check"
    expect_status 2
    try "$check" wrong
    expect_status 2
    expect err "vpsci-check: wrong is not a command"
    try "$check" run --limit x -- true
    expect_status 2
    try "$check" report
    expect_status 2
    try "$check" report not-there.tap
    expect_status 2
    expect err "cannot read not-there.tap: No such file or directory"
    try "$check" report .
    expect_status 2
    try "$check" report "$check"
    expect_status 2
    expect err "this is no TAP document"
}

test_help() {
    for words in help --help -h version --version "run --help" "report --help" monitors "monitors --help"; do
        # shellcheck disable=SC2086
        try "$check" $words
        expect_status 0
        [ -s out ] || fail "$words says nothing"
    done
    status=0
    "$check" help >/dev/full 2>err || status=$?
    expect_status 3
}

# The commands are for a shell, and run this program. What they start, tests/dev and tests/lab run.
test_monitors() {
    try "$check" monitors
    expect_status 0
    cut -d ' ' -f 1 out >names
    for name in qemu qemu-gicv2 qemu-el2 qemu-kvm dormouse kvmtool crosvm xen; do
        grep -qx "$name" names || fail "$name is not in the list"
    done
    while read -r name; do
        try "$check" monitors "$name"
        expect_status 0
        sh -n out || fail "the command for $name is not for a shell"
        head -n 1 out | grep -q '^# ' || fail "$name is not described"
        grep -v '^#' out | grep -q 'vpsci-check run .*-- \\$\|^\./dev check-peers ' || fail "$name has no command"
    done <names
    try "$check" monitors vmx
    expect_status 2
    expect err "monitors vmx: not in the list; vpsci-check monitors prints it"
    try "$check" monitors qemu xen
    expect_status 2
    status=0
    "$check" monitors >/dev/full 2>err || status=$?
    expect_status 3
    expect err "cannot write to standard output"
}

# The machine gets the signals that vpsci-check was started with: SIGPIPE and SIGXFSZ are not ignored.
test_machine_gets_signals() {
    # shellcheck disable=SC2016 # the inner shell expands it
    try "$check" run --name fake --limit 3 --boot-limit 5 -- sh -c 'grep "^SigIgn" /proc/self/status >ignored'
    mask=$(cut -f 2 ignored)
    [ "$mask" ] || fail "the machine did not run"
    [ $((0x$mask & 0x1001000)) = 0 ] || fail "the machine ignores the signals $mask"
}

# Each test runs in a process of its own, because tests mostly wait.
if [ $# -eq 1 ] && [ "${TOOL_TEST_FOLDER-}" ]; then
    mkdir -p "$TOOL_TEST_FOLDER/$1"
    cd "$TOOL_TEST_FOLDER/$1" || exit 1
    "test_$1"
    exit 0
fi
TOOL_TEST_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/tool-test.XXXXXX") || exit 1
export TOOL_TEST_FOLDER
trap 'rm -rf "$TOOL_TEST_FOLDER"' EXIT
# shellcheck disable=SC2046 # a name a word
[ $# -gt 0 ] || set -- $(sed -n 's/^test_\([a-z_]*\)() {$/\1/p' "$script")
for name; do
    (sh "$script" "$check" "$image" "$name" >"$TOOL_TEST_FOLDER/$name.said" 2>&1
    echo $? >"$TOOL_TEST_FOLDER/$name.status") &
done
wait
failed=0
for name; do
    if [ "$(cat "$TOOL_TEST_FOLDER/$name.status")" = 0 ]; then
        echo "ok $name"
    else
        echo "not ok $name"
        sed 's/^/    /' "$TOOL_TEST_FOLDER/$name.said"
        failed=1
    fi
done
exit "$failed"
