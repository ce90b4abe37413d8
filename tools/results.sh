# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What `./dev test` says of tests, and keeps of them.

# Results are kept in files, because the labs' processes find some of them.
test_note() { # passed|failed NAME
    printf '%s\n' "$2" >>"$test_notes/$1"
}

test_summary() {
    local passed_names=() failed_names=()
    touch "$test_notes/passed" "$test_notes/failed"
    readarray -t passed_names <"$test_notes/passed"
    readarray -t failed_names <"$test_notes/failed"
    if ((${#failed_names[@]})); then
        printf '\nfailed:\n'
        printf '  %s\n' "${failed_names[@]}"
        printf 'logs are in %s\n' "$build/test-logs"
    fi
    printf '%d passed, %d failed\n' "${#passed_names[@]}" "${#failed_names[@]}"
    ((${#failed_names[@]} == 0)) || exit 1
}

# On a terminal, what is going on now; overwritten by what comes next.
test_progress() { # TEXT
    if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
        printf '\r\e[K%s' "$1"
    fi
}

test_passed() { # NAME DETAIL
    test_progress ''
    printf '%sok%s %s (%s)\n' "$green" "$plain" "$1" "$2"
    test_note passed "$1"
}

test_failed() { # NAME REASON [LOG]
    test_progress ''
    printf '%snot ok%s %s: %s\n' "$red" "$plain" "$1" "$2"
    test_note failed "$1"
    if [[ ${3-} ]]; then
        show_tail "$3" 40 2>&1
    fi
}
