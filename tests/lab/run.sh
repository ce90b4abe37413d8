#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs the tests that need KVM, inside the lab.
#
#   run.sh --list [HOST [SANITIZER]]     lists the tests as GROUP/NAME; only those for that host kernel and sanitizer
#   run.sh [--logs FOLDER] [NAME]...     runs these tests (default: all); NAME is GROUP/NAME, or GROUP for all of it
#
# A group is a file GROUP.sh beside this one. A test is a function test_NAME in it. A test fails if its status is not 0,
# or if it takes longer than its limit; the reason is its last line that starts with "fail: ". Lines of a group's file:
#
#   # limit NAME SECONDS      the limit of a test (default: 120 seconds)
#   # once NAME [HOST]        the test does not depend on the host's kernel: of 6.12 and 6.1 it runs on HOST (6.12) only
#   # only HOST               the whole group runs on HOST only
#   # disk [PACKAGE,...]      the group uses $LAB_DISK, with these packages: its sessions get --disk, --include
#   # sanitized               the whole group also runs under sanitizers
#   # only sanitized          the whole group runs under sanitizers only
#   # again GROUP NAME...     tests of another group are tests of this one too; that group's file is read after this one
#
# If dormouse runs under a sanitizer (LAB_SANITIZE is set), limits are four times as long, and a test also fails if its
# log has a report of the sanitizer: lib.sh copies the reports there. What a test leaves out then is a line "skipped: ".
#
# POSIX sh: it runs in busybox ash, dash and bash.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
work=$(mktemp -d "${LAB_TMP:-${TMPDIR:-/tmp}}/run.XXXXXX") || exit 1
logs=$work/logs
session='' watchdog=''
trap 'end_test; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

list_group() { # GROUP
    sed -n "s|^test_\([a-z0-9_]*\)() {\$|$1/\1|p" "$here/$1.sh"
    sed -n 's/^# again [a-z]* //p' "$here/$1.sh" | tr ' ' '\n' | sed "s|^|$1/|"
}

# Lists tests, without those that are marked for the other one of the lab's two hosts, or not for this sanitizer.
list_for_host() { # HOST SANITIZER
    list_all | while IFS=/ read -r group name; do
        if runs_on "$1" "$here/$group.sh" "$name" && runs_under "$2" "$here/$group.sh"; then
            echo "$group/$name"
        fi
    done
}

runs_on() { # HOST FILE NAME
    only=$(sed -n 's/^# only //p' "$2")
    case $1:$only in
    6.1:6.12 | 6.12:6.1) return 1 ;;
    esac
    case $1:$(sed -n "s/^# once $3\( .*\)*\$/once\1/p" "$2") in
    6.1:once | 6.12:once\ *) return 1 ;;
    *) return 0 ;;
    esac
}

runs_under() { # SANITIZER FILE
    if [ "$1" ]; then
        grep -qE '^# (only )?sanitized$' "$2"
    else
        ! grep -qx '# only sanitized' "$2"
    fi
}

list_all() {
    for file in "$here"/*.sh; do
        group=$(basename "$file" .sh)
        case $group in
        run | lib) ;;
        *) list_group "$group" ;;
        esac
    done
}

# Fails if a name selects no test.
resolve() { # NAME...
    for name; do
        group=${name%%/*}
        if [ -z "$group" ] || [ ! -e "$here/$group.sh" ] || [ "$group" = run ] || [ "$group" = lib ]; then
            echo "run.sh: there is no group $group of tests" >&2
            return 1
        elif [ "$name" = "$group" ]; then
            list_group "$group"
        elif list_group "$group" | grep -qxF -- "$name"; then
            echo "$name"
        else
            echo "run.sh: there is no test $name" >&2
            return 1
        fi
    done
}

limit_of() { # GROUP NAME
    limit=$(sed -n "s/^# limit $2 \([0-9]*\).*/\1/p" "$here/$1.sh")
    times=${LAB_SANITIZE:+4}
    echo $((${limit:-120} * ${times:-1}))
}

# Prints the group from which GROUP takes a test by `# again`; otherwise GROUP itself.
home_of() { # GROUP NAME
    home=$(sed -n "s/^# again \([a-z]*\) \(.* \)*$2\( .*\)*\$/\1/p" "$here/$1.sh")
    echo "${home:-$1}"
}

# Ends the processes that a test started. Each is in the test's process group, or in a group of its own.
end_test() {
    for process in $session $watchdog; do
        kill -KILL "$process" 2>/dev/null
        kill -KILL "-$process" 2>/dev/null
    done
    wait 2>/dev/null # Some shells print messages about killed processes.
    session='' watchdog=''
}

# Runs one test in a session of its own, at most until its limit. Sets $reason, which is empty if the test passed.
run_test() { # GROUP NAME LOG
    rm -f "$work/expired"
    seconds=$(limit_of "$1" "$2")
    # shellcheck disable=SC2016 # for the inner shell
    setsid sh -c 'cd "$3" && set -eu && . ./lib.sh && . "$3/$1.sh" && . "$3/$4.sh" && "test_$2"' \
        sh "$1" "$2" "$here" "$(home_of "$1" "$2")" </dev/null >"$3" 2>&1 &
    session=$!
    # shellcheck disable=SC2016
    setsid sh -c 'sleep "$1"; : >"$2"; kill -KILL "-$3"' \
        sh "$seconds" "$work/expired" "$session" </dev/null >/dev/null 2>&1 &
    watchdog=$!
    wait "$session" 2>/dev/null
    status=$?
    end_test
    if [ -e "$work/expired" ]; then
        reason="not done within $seconds s"
    elif has_report "$3"; then
        reason='a sanitizer has found a mistake'
    elif [ "$status" -eq 0 ]; then
        reason=''
    else
        reason=$(sed -n 's/^fail: //p' "$3" | tail -n 1)
        reason=${reason:-"ended with status $status"}
    fi
}

has_report() { # LOG
    [ "${LAB_SANITIZE:-}" ] && grep -qaE ': runtime error: |Sanitizer: ' "$1"
}

# Shows a part of a log: a sanitizer's report from its first line on, otherwise the end of the log.
show_log() { # LOG
    if has_report "$1"; then
        sed -nE '/: runtime error: |Sanitizer: /,$p' "$1" | head -n 60
    else
        tail -n 40 "$1"
    fi | tr -d '\r' | sed 's/^/    | /'
}

run_all() { # GROUP/NAME...
    failed=0
    for test; do
        echo "run $test, limit $(limit_of "${test%%/*}" "${test#*/}")"
        log=$logs/$(echo "$test" | tr / -).log
        start=$(date +%s)
        run_test "${test%%/*}" "${test#*/}" "$log"
        took=$(($(date +%s) - start))
        if [ -z "$reason" ]; then
            sed -n 's/^skipped: /    | &/p' "$log"
            echo "ok $test ($took s)"
        else
            failed=$((failed + 1))
            echo "not ok $test: $reason"
            show_log "$log"
        fi
    done
    [ "$failed" -eq 0 ]
}

if [ "${1-}" = --list ]; then
    list_for_host "${2-}" "${3-}"
    exit
fi
if [ "${1-}" = --logs ]; then
    logs=$2
    shift 2
fi
mkdir -p "$logs" || exit 1
if [ $# -eq 0 ]; then
    names=$(list_all) || exit 1
else
    names=$(resolve "$@") || exit 1
fi
# shellcheck disable=SC2086 # one name a word
run_all $names
