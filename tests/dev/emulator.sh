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

# on HOST SCRIPT [OPTION]...: runs the script in the lab, where `guest` runs the bare guest; the output goes to HOST.out.
on() {
    host=$1 script=$2
    shift 2
    # shellcheck disable=SC2016 # for the shell of the lab
    "$root/dev" lab run --host "$host" "$@" -- sh -euc '
        uname -r
        chmod 777 . # for dormouse, which runs as another user by then
        guest() {
            dormouse run --kernel "$LAB_BARE" --append "scenario=saved ms=300 sleeps=3" --memory 32M --cpus 2 \
                --psci-version 1.1 "$@" 2>&1 || echo "status $?"
        }'"
        $script" >"$host.out" || { cat "$host.out"; fail "the lab on $host"; }
}

# Two labs run at once. A VM that was saved on one kernel continues on a newer one, in both PSCI modes, and then on the old
# one again: it has kept what its first kernel offered. One that has begun on the newer kernel would lose something on the
# old one, and is refused by the name of that.
# limit saved_vm_moves_between_kernels 300
test_saved_vm_moves_between_kernels() {
    on 6.1 'guest --psci kernel --on-suspend save=old' --out old &
    on 6.12 'guest --psci kernel --on-suspend save=new' --out new &
    wait
    expect_line 6.1.out "^6\.1\."
    expect_line 6.12.out "^6\.12\."
    on 6.12 '
        cp old user
        guest --psci kernel --restore old --asleep --on-suspend save=kernel.again
        guest --psci user --restore user --asleep --on-suspend save=user.again' \
        --in old --out kernel.again --out user.again
    expect_equal "sleeps that were saved" "$(grep -c '^status 6' 6.12.out)" 2
    cat 6.12.out
    on 6.1 '
        guest --restore kernel.again --asleep
        guest --restore user.again --asleep
        guest --restore new --asleep' --in kernel.again --in user.again --in new
    cat 6.1.out
    ! grep '^not ok' ./*.out || fail "a guest has lost something"
    expect_equal "guests that came to their end" "$(grep -c '^1\.\.' 6.1.out)" 2
    expect_line 6.1.out "^dormouse: --restore new: the guest's processor .* ID_AA64DFR0_EL1 is 0x.* here and cannot become 0x"
}

# limit icount_counts_instructions 120
test_icount_counts_instructions() {
    try "$root/dev" lab run --icount -- sh -c 'sleep 4000 && echo slept'
    expect_status 0
    expect_text out slept
}
