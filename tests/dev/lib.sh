# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034 # the tests use what is set here
# Functions that the tests of ./dev share. Each test works in a folder of its own, $work, and finds in it
#   out  err  status    what the last command printed, and its exit status

root=$(cd ../.. && pwd -P)
build=${DORMOUSE_BUILD:-$root/build}
# The folder's name has blanks and special characters.
work=$(mktemp -d "${TMPDIR:-/tmp}/a folder, of its own.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# Ends the test.
fail() {
    echo "fail: $*"
    exit 1
}

# Runs a command and keeps its output and its exit status. Tests run side by side and share a build folder: that
# ./dev had to wait for another one is left out.
try() { # COMMAND...
    status=0
    "$@" >"$work/out" 2>"$work/err.all" || status=$?
    grep -v "^dev: waiting for another ./dev" "$work/err.all" >"$work/err" || true
    rm "$work/err.all"
    cat "$work/out" "$work/err"
}

expect_equal() { # WHAT GOT EXPECTED
    [ "$2" = "$3" ] || fail "$1: got $2, expected $3"
}

expect_status() {
    [ "$status" = "$1" ] || fail "exit status $status, expected $1"
}

# The file has exactly this text, apart from newlines at its end.
expect_text() { # FILE TEXT
    [ "$(cat "$1")" = "$2" ] || fail "$1 says \"$(head -c 200 "$1")\", expected \"$2\""
}

expect_line() { # FILE PATTERN
    grep -q -e "$2" "$1" || fail "$1 lacks a line with \"$2\""
}

# Prints how many processes have this text in their command line.
process_count() { # TEXT
    # Handed over as a file, the text is not in the command line of grep itself.
    # shellcheck disable=SC2062 # the pattern is the file that is standard input
    echo "$1" | grep -laF --file=- /proc/[0-9]*/cmdline 2>/dev/null | wc -l
}
