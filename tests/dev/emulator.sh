# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034 # shared with lib.sh
# Tests of the emulated lab only.

test_crash_of_the_kernel_is_shown() {
    # A pipe stands between the command and its port. Output that is still in the pipe when the kernel crashes is lost.
    try "$root/dev" lab run -- sh -c 'echo before; sleep 1; echo c >/proc/sysrq-trigger; sleep 1000'
    expect_status 125
    expect_text out before
    expect_line err "Kernel panic - not syncing: sysrq triggered crash"
}

test_end_of_the_emulator_is_shown() {
    "$root/dev" lab run -- sh -c 'echo begun; sleep 1000' >out 2>err &
    dev=$!
    until grep -q begun out; do sleep 0.1; done
    # Finds the emulator: the child of ./dev with that name.
    for child in /proc/[0-9]*; do
        if [ "$(awk '{ print $2, $4 }' "$child/stat" 2>/dev/null)" = "(qemu-system-aar) $dev" ]; then
            kill -KILL "${child#/proc/}"
        fi
    done
    status=0
    wait "$dev" || status=$?
    expect_status 125
    expect_line err "ended before the command"
}

test_slow_reader_loses_nothing() {
    count=$("$root/dev" lab run -- sh -c 'yes | head -c 3000000' | {
        sleep 8
        wc -c
    })
    [ "$count" -eq 3000000 ] || fail "$count bytes of 3000000"
}

test_closed_output_ends_the_lab() {
    try "$root/dev" lab run -- true # So that nothing has to be set up below.
    first=$(timeout 40 "$root/dev" lab run -- yes 4321 | head -n 1)
    [ "$first" = 4321 ] || fail "the first line was $first"
    [ "$(process_count "yes 4321")" = 0 ] || fail "something is left"
}

test_two_labs_run_at_once() {
    # shellcheck disable=SC2094 # a host's name is no file
    "$root/dev" lab run --host 6.1 -- uname -r >6.1 &
    # shellcheck disable=SC2094
    "$root/dev" lab run --host 6.12 -- uname -r >6.12 &
    wait
    expect_line 6.1 "^6\.1\."
    expect_line 6.12 "^6\.12\."
}

# limit icount_counts_instructions 120
test_icount_counts_instructions() {
    try "$root/dev" lab run --icount -- sh -c 'sleep 4000 && echo slept'
    expect_status 0
    expect_text out slept
}
