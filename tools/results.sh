# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The results of `./dev test`: what it prints and what it keeps.

# Results are kept in files, because subshells add some of them.
test_note() { # passed|failed NAME SECONDS
    printf '%s\n' "$2" >>"$test_notes/$1"
    test_note_seconds "$3" "$2"
}

test_note_seconds() { # SECONDS NAME
    printf '%s %s\n' "$1" "$2" >>"$test_notes/seconds"
}

test_summary() {
    local passed_names=() failed_names=()
    touch "$test_notes/passed" "$test_notes/failed" "$test_notes/seconds"
    readarray -t passed_names <"$test_notes/passed"
    readarray -t failed_names <"$test_notes/failed"
    test_show_seconds
    if ((${#failed_names[@]})); then
        printf '\nfailed:\n'
        printf '  %s\n' "${failed_names[@]}"
        printf 'logs are in %s\n' "$test_logs"
    fi
    printf '%d passed, %d failed\n' "${#passed_names[@]}" "${#failed_names[@]}"
    ((${#failed_names[@]} == 0)) || exit 1
}

# Shows the time of each group and the slowest tests. A group is a kind, or KIND/GROUP for tests of the labs and of
# dev. Sessions run at the same time, so the total time is less than the sum.
test_show_seconds() {
    printf '\n%10s %6s  group\n' seconds tests
    awk '{
            parts = split($2, part, "/")
            group = parts > 2 || part[2] == "(start)" ? part[1] "/" part[2] : part[1]
            seconds[group] += $1
            if (part[2] != "(start)") count[group]++
        }
        END { for (group in seconds) printf "%10.1f %6s  %s\n", seconds[group], count[group], group }' \
        "$test_notes/seconds" | sort -k 1,1 -rn
    printf '%10.1f %6s  from start to end\n' "$SECONDS" ''
    printf '\nthe slowest tests, in seconds:\n'
    sort -k 1,1 -rn "$test_notes/seconds" | sed -n 1,10p | while read -r seconds name; do
        printf '%10.1f  %s\n' "$seconds" "$name"
    done
    printf '\n'
}

# On a terminal, shows what is running now; the next line overwrites it.
test_progress() { # TEXT
    if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
        printf '\r\e[K%s' "$1"
    fi
}

test_passed() { # NAME SECONDS
    test_progress ''
    printf '%sok%s %s (%s s)\n' "$green" "$plain" "$1" "$2"
    test_note passed "$1" "$2"
}

test_failed() { # NAME REASON SECONDS [LOG]
    test_progress ''
    printf '%snot ok%s %s: %s\n' "$red" "$plain" "$1" "$2"
    test_note failed "$1" "$3"
    if [[ ${4-} ]]; then
        show_tail "$4" 40 2>&1
    fi
}
