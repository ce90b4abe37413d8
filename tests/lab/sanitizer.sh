# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# only sanitized
# Tests of the sanitizers themselves: they are linked, they find mistakes in the sandbox too, and a test fails if they
# find one.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

test_dormouse_has_one() {
    case $LAB_SANITIZE in
    address) functions="__asan_init __ubsan_handle_add_overflow_abort" ;;
    thread) functions="__tsan_init" ;;
    esac
    for function in $functions; do
        grep -qa "$function" "$DORMOUSE" || fail "$DORMOUSE does not call $function"
    done
}

# On the main thread and on a vCPU's thread. The status is one with which dormouse itself never ends.
test_mistakes_are_found() {
    case $LAB_SANITIZE in
    address)
        for role in main vcpu; do
            expect_found heap-overflow $role "AddressSanitizer: heap-buffer-overflow"
            expect_found signed-overflow $role "runtime error: signed integer overflow"
        done
        ;;
    thread) expect_found data-race main "ThreadSanitizer: data race" ;;
    esac
}

expect_found() { # MISTAKE ROLE TEXT
    run_status mistakes "$1" "$2" >"$LAB_TMP/mistake" 2>&1
    expect_status 99
    for text in "$3" "mistakes.c:"; do
        grep -q "$text" "$LAB_TMP/mistake" || fail "a report does not say \"$text\""
    done
}

# The test fails although nothing else is wrong with it: it ignores the status, and the report is in a file.
test_a_report_fails_the_test() {
    make_work
    mkdir "$work/tests"
    cp "$LAB_TESTS/run.sh" "$LAB_TESTS/lib.sh" "$work/tests"
    mistake=$([ "$LAB_SANITIZE" = address ] && echo heap-overflow || echo data-race)
    sed 's/^: //' >"$work/tests/proof.sh" <<EOF
: test_right() {
:     make_work
: }
: test_wrong() {
:     make_work
:     mistakes $mistake main 2>"\$work/some" || true
: }
EOF
    run_status sh "$work/tests/run.sh" --logs "$work/logs" proof >"$work/tests/said"
    expect_status 1
    grep -q '^ok proof/right ' "$work/tests/said" || fail "a test fails without a mistake"
    grep -qx 'not ok proof/wrong: a sanitizer has found a mistake' "$work/tests/said" || fail "a mistake is accepted"
    grep -q "    | .*mistakes.c:" "$work/tests/said" || fail "the report is not shown"
}
