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
#   # disk [PACKAGE,...]      the group uses $LAB_DISK, with these packages: its sessions get --disk, --include. Groups
#                             that name the same packages share an image, which takes a while to make
#   # packages NAME           the test needs the Debian packages of dormouse and README.md, which are in $LAB_PACKAGES
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

# Prints the tests of groups (of all), in order: GROUP/NAME, its limit, the group whose file has its function, the host
# that its group runs on, the one that itself runs on (- is any), and `also`, `only` or `never` under sanitizers. One
# process reads all files: on an emulated machine a process is expensive.
list_tests() { # [GROUP]...
    # shellcheck disable=SC2046 # one name a word
    [ $# -gt 0 ] || set -- $(list_groups)
    for group; do
        shift
        set -- "$@" "$here/$group.sh"
    done
    awk '
        function print_group(   i, name) {
            for (i = 1; i <= count; i++) {
                name = names[i]
                print group "/" name, (name in limits ? limits[name] : 120), (name in homes ? homes[name] : group), only,
                    (name in hosts ? hosts[name] : "-"), sanitized
            }
        }
        FNR == 1 {
            print_group()
            group = FILENAME
            sub(/.*\//, "", group)
            sub(/\.sh$/, "", group)
            count = 0
            split("", names); split("", limits); split("", homes); split("", hosts)
            only = "-"
            sanitized = "never"
        }
        /^test_[a-z0-9_]*\(\) \{$/ { names[++count] = substr($1, 6, length($1) - 7) }
        $1 != "#" { next }
        $2 == "limit" && NF >= 4 { limits[$3] = $4 }
        $2 == "once" { hosts[$3] = NF > 3 ? $4 : "6.12" }
        $2 == "again" { for (i = 4; i <= NF; i++) { names[++count] = $i; homes[$i] = $3 } }
        $2 == "sanitized" && NF == 2 { sanitized = "also" }
        $2 == "only" && NF == 3 { if ($3 == "sanitized") sanitized = "only"; else only = $3 }
        END { print_group() }' "$@"
}

list_groups() {
    for file in "$here"/*.sh; do
        file=${file##*/}
        case $file in
        run.sh | lib.sh) ;;
        *) echo "${file%.sh}" ;;
        esac
    done
}

# Lists tests, without those that are marked for the other one of the lab's two hosts, or not for this sanitizer.
list_for_host() { # HOST SANITIZER
    list_tests | awk -v host="$1" -v sanitizer="$2" '
        function is_elsewhere(wanted) { return host ~ /^6\.12?$/ && wanted ~ /^6\.12?$/ && wanted != host }
        !is_elsewhere($4) && !is_elsewhere($5) && $6 != (sanitizer == "" ? "only" : "never") { print $1 }'
}

# Prints the lines of list_tests that names select, in the order of the names. Fails if a name selects no test.
resolve() { # NAME...
    for name; do
        case ${name%%/*} in
        run | lib | '') ;;
        *) [ ! -e "$here/${name%%/*}.sh" ] || continue ;;
        esac
        echo "run.sh: there is no group ${name%%/*} of tests" >&2
        return 1
    done
    # shellcheck disable=SC2046 # one name a word
    list_tests $(printf '%s\n' "$@" | sed 's|/.*||' | sort -u) | awk -v words="$*" '
        {
            line[$1] = $0 "\n"
            group = $1
            sub(/\/.*/, "", group)
            line[group] = line[group] $0 "\n"
        }
        END {
            count = split(words, name, " ")
            for (i = 1; i <= count; i++) {
                if (!(name[i] in line)) {
                    print "run.sh: there is no test " name[i] | "cat >&2"
                    exit 1
                }
                printf "%s", line[name[i]]
            }
        }'
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
run_test() { # GROUP NAME LOG HOME
    rm -f "$work/expired"
    # shellcheck disable=SC2016 # for the inner shell
    setsid sh -c 'cd "$3" && set -eu && . ./lib.sh && . "$3/$1.sh" && . "$3/$4.sh" && "test_$2"' \
        sh "$1" "$2" "$here" "$4" </dev/null >"$3" 2>&1 &
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

# Sets $now, in seconds since the machine's start.
learn_time() {
    read -r now _ </proc/uptime
    now=${now%.*}
}

# Runs the tests of lines of list_tests.
run_all() { # FILE
    failed=0
    while read -r test seconds home _; do
        [ -z "${LAB_SANITIZE:-}" ] || seconds=$((seconds * 4))
        echo "run $test, limit $seconds"
        log=$logs/${test%%/*}-${test#*/}.log
        learn_time
        start=$now
        run_test "${test%%/*}" "${test#*/}" "$log" "$home"
        learn_time
        if [ -z "$reason" ]; then
            sed -n 's/^skipped: /    | &/p' "$log"
            echo "ok $test ($((now - start)) s)"
        else
            failed=$((failed + 1))
            echo "not ok $test: $reason"
            show_log "$log"
        fi
    done <"$1"
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
    list_tests >"$work/tests"
else
    resolve "$@" >"$work/tests" || exit 1
fi
run_all "$work/tests"
