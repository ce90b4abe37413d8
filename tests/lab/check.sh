# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# The conformance image on dormouse, by vpsci-check: each failed and each skipped scenario is named.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# check NAMES CPUS OPTION...: runs the scenarios of these names ('*': all). The results are in $work/run.tap.
check() {
    names=$1 cpus=$2
    shift 2
    make_work
    # An address where dormouse's machine has neither RAM nor a device.
    run_status vpsci-check run --quiet --limit 90 --tap "$work/run.tap" --log "$work/said" -- \
        "$DORMOUSE" run --cpus "$cpus" --memory 256M --kernel "$LAB_CHECK" \
        --append "rounds=4 bad-entry=0x8000000 scenarios=$names" "$@" </dev/null
    grep -E '^(not ok|  message|# often)' "$work/run.tap" || true
}

# Prints the test points that begin with a text, with their reasons, one a line.
points() { # ok|'not ok'
    sed -n "s/^$1 [0-9]* - //p" "$work/run.tap"
}

expect_failed() { # NAME...
    expect_equal "what failed" "$(points 'not ok' | sort)" "$(printf '%s\n' "$@" | sort)"
}

expect_skipped() { # "NAME # SKIP REASON"...
    expect_equal "what was skipped" "$(points ok | grep ' # SKIP ' | sort)" "$(printf '%s\n' "$@" | sort)"
}

expect_all_passed() { # NUMBER
    expect_status 0
    expect_equal "how many passed" "$(points ok | grep -vc ' # SKIP ')" "$1"
}

# No machine of dormouse has these: AArch32, a Trusted OS, PSCI 0.1, a third level of power domains, and an observer
# while all CPUs are off or asleep (tests/lab/bare.sh checks that).
nowhere='smccc-no-64-bit-calls-from-aarch32 # SKIP the guest is in AArch64 state
cpu-on-t32 # SKIP the guest is in AArch64 state
cpu-off-denied-stays-on # SKIP the server does not offer MIGRATE_INFO_UP_CPU
migrate-info-up-cpu # SKIP the server does not offer MIGRATE_INFO_UP_CPU
migrate-of-fixed # SKIP the server does not offer MIGRATE
migrate-not-present # SKIP the server does not offer MIGRATE
migrate-bad-target # SKIP the server does not offer MIGRATE
migrate-moves # SKIP the server does not offer MIGRATE
migrate-upper-halves # SKIP the server does not offer MIGRATE
legacy-no-later-ids # SKIP only before PSCI 0.2
legacy-errors # SKIP only before PSCI 0.2
legacy-neighbouring-ids # SKIP only before PSCI 0.2
legacy-own-ids-only # SKIP only before PSCI 0.2
os-initiated-cluster-not-down # SKIP the machine has no powerdown state of that level
os-initiated-incompatible-cluster # SKIP the machine has no powerdown state of that level
os-initiated-two-levels # SKIP the machine has no powerdown state of that level
node-hw-state-standby-cluster-os-initiated # SKIP the machine has no standby state of that level
cpu-off-of-last # SKIP one CPU must stay awake here
system-suspend-not-woken-by-others # SKIP one CPU must stay awake here
system-suspend-sleeps # SKIP one CPU must stay awake here
system-suspend-wake-while-deciding # SKIP one CPU must stay awake here'

# What other machines have: test_user_on_other_machines.
elsewhere='version-mandatory-functions-0.2 # SKIP only before PSCI 1.0
features-absent-before-1.0 # SKIP only before PSCI 1.0
os-initiated-last-of-standby # SKIP the machine has no standby state of that level
cpu-suspend-cluster-standby # SKIP the machine has no standby state of that level
affinity-info-levels-off # SKIP all CPUs share one affinity instance
affinity-info-level-pending # SKIP all CPUs share one affinity instance
system-suspend-refusal-leaves-all # SKIP the server'\''s host lets the system suspend'

# limit user 600
# once user
test_user() {
    check '*' 4 --psci user --idle powerdown --clusters 2
    expect_status 0
    expect_skipped "$nowhere" "$elsewhere"
}

# The command that `vpsci-check monitors` prints.
expect_printed_command() {
    make_work
    cd "$work" || fail "no folder"
    ln -s "$LAB_CHECK" vpsci-check.img
    vpsci-check monitors dormouse >printed
    grep -q 'vpsci-check.img$' printed || fail "the command does not end with the image"
    run_status sh -c "$(cat printed) --append scenarios=version-known" </dev/null
    expect_status 0
    grep -q '^ok 1 - version-known$' dormouse.tap || fail "no scenario has passed"
}

# Each of these scenarios needs a machine with other options.
# limit user_on_other_machines 200
# once user_on_other_machines
test_user_on_other_machines() {
    check version-mandatory-functions-0.2,features-absent-before-1.0 4 --psci user --psci-version 0.2
    expect_all_passed 2
    check os-initiated-last-of-standby,cpu-suspend-cluster-standby 4 --psci user --idle standby --clusters 2
    expect_all_passed 2
    check affinity-info-levels-off,affinity-info-level-pending 20 --psci user
    expect_all_passed 2
    check system-suspend-refusal-leaves-all 4 --psci user --on-suspend refuse
    expect_all_passed 1
    expect_printed_command
}

# KVM's own PSCI. It does not check power_state, nor the upper half of a 32-bit argument.
expect_kvm() {
    expect_status 1
    expect_failed affinity-info-level-width cpu-suspend-reserved-bits
}

# Everything runs on the older one of the lab's kernels, whose machine has the time. The newer one runs the scenarios
# that depend on the kernel most.
# limit kernel 600
# once kernel 6.1
test_kernel() {
    check '*' 4 --psci kernel
    expect_kvm
}

# limit newer_kernel 300
# once newer_kernel
test_newer_kernel() {
    check 'features-*,affinity-*,registers-*,cpu-suspend-*,system-suspend-*' 4 --psci kernel
    expect_kvm
}
