# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034 # shared with lib.sh
# ./dev itself: usage, where it can be called from.

test_help_names_every_command() {
    try "$root/dev"
    expect_status 0
    for command in demo build test lint cross cover fuzz bench check-peers lab setup clean help; do
        expect_line out "^  $command "
    done
}

test_unknown_command_is_refused() {
    try "$root/dev" frobnicate
    expect_status 1
    expect_text err "dev: no command 'frobnicate'; ./dev help lists them"
}

test_build_ends_with_the_programs_path() {
    ln -s "$root/dev" "a link to it"
    try "./a link to it" build native
    expect_status 0
    program=$(tail -n 1 out)
    [ -x "$program" ] || fail "$program is no program"
    try "$program" version
    expect_status 0
}

test_build_works_with_everything_closed() {
    status=0
    "$root/dev" build native <&- >&- 2>&- || status=$?
    expect_status 0
}

test_unknown_test_is_refused() {
    try "$root/dev" test unit/no_such
    expect_status 1
    expect_line err "no test is called unit/no_such"
}

test_list_names_tests_that_can_be_run() {
    try "$root/dev" test --list
    expect_status 0
    expect_line out "^unit/irq$"
    try "$root/dev" test unit/irq
    expect_status 0
    expect_line out "^1 passed, 0 failed$"
}

test_bench_help_names_both() {
    try "$root/dev" bench --help
    expect_status 0
    expect_line out "lib"
    expect_line out "json"
}

test_unknown_words_are_refused() {
    for command in build test cross cover fuzz bench; do
        try "$root/dev" "$command" no_such_word
        expect_status 1
        expect_line err "^dev: .*no_such_word"
    done
}
