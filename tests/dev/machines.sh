# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# The bare-metal guest (tests/lab/guest/bare) without dormouse, on QEMU's machines with QEMU's own PSCI: interrupt
# controllers, exception levels and cores that the lab's machine does not have.

image=$build/arm64/tests/lab/guest/bare/guest.img

# Prints what is wrong with a report: a check that failed, or a plan that is not at its end.
tap_problem() {
    awk '
        /^not ok/ { problem = $0; exit }
        /^ok / { count++ }
        { last = $0 }
        END {
            if (problem) print problem
            else if (!count || last != "1.." count) print "the report ends with: " last
        }'
}

# Runs scenarios on a machine of four cores.
expect_scenarios() { # MACHINE CPU SCENARIO...
    machine=$1 cpu=$2
    shift 2
    for scenario; do
        timeout 50 qemu-system-aarch64 -M "virt,$machine" -cpu "$cpu" -smp 4 -m 256 -nographic \
            -nodefaults -serial stdio -monitor none -kernel "$image" \
            -append "scenario=$scenario" </dev/null | tr -d '\r' | tee report
        problem=$(tap_problem <report)
        [ -z "$problem" ] || fail "$scenario on $machine, $cpu: $problem"
    done
}

usual="version cpu-on cpu-off runtime-gic runtime-caller"

# shellcheck disable=SC2086 # the scenarios are words
test_gicv3() {
    expect_scenarios gic-version=3 max $usual runtime-sve
}

# shellcheck disable=SC2086
test_gicv2() {
    expect_scenarios gic-version=2 cortex-a57 $usual
}

# shellcheck disable=SC2086
test_gicv3_at_el2() {
    expect_scenarios virtualization=on,gic-version=3 max runtime-sve $usual runtime-gic
    grep -q "at EL2" report || fail "it does not run at EL2"
}

# A core without the Virtualization Host Extensions.
# shellcheck disable=SC2086
test_gicv2_at_el2() {
    expect_scenarios virtualization=on,gic-version=2 cortex-a57 $usual
}

test_sve() {
    expect_scenarios gic-version=3 max,sve-max-vq=3 runtime-sve
    grep -q "vectors of 48 bytes" report || fail "the length of vectors is missing"
    expect_scenarios gic-version=3 max,sve=off runtime-sve
    grep -q "# SKIP this core has none" report || fail "it found SVE in a core without"
}

# A test of these tests: they report a failure.
test_failures_are_reported() {
    (expect_scenarios gic-version=3 max fail) >said || true
    grep -q "^fail: fail on gic-version=3, max: not ok 2" said || fail "a failure is not reported"
    (expect_scenarios gic-version=3 max unfinished) >said || true
    grep -q "^fail: .*the report ends with" said || fail "a missing plan is not reported"
}
