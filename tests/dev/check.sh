# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# The conformance image and its tool on QEMU's own PSCI, which has known mistakes. vpsci-check must find them, at both
# exception levels and over resets.

image=$build/arm64/check/image/vpsci-check.img
checker=$build/native/check/tool/vpsci-check

# check MACHINE CPU WORDS: runs the image on $cpus CPUs; sets $status.
cpus=4
check() {
    status=0
    timeout -k 5 400 "$checker" run --quiet --limit 60 --tap run.tap --junit run.xml --html run.html --log said -- \
        qemu-system-aarch64 -M "virt,$1" -cpu "$2" -smp "$cpus" -m 256 -nodefaults -no-user-config -display none \
        -serial stdio -kernel "$image" -append "rounds=20 $3" </dev/null || status=$?
    grep -E '^(not ok|  message)' run.tap || true
}

# There is a result for every planned scenario, and no other.
expect_complete() {
    planned=$(sed -n 's/^1\.\.//p' run.tap)
    results=$(grep -cE '^(not )?ok ' run.tap)
    [ "$planned" ] || fail "there is no plan"
    [ "$results" -eq "$planned" ] || fail "$results results of $planned"
}

expect_point() { # BEGINNING NAME
    grep -q "^$1 [0-9]* - $2\$" run.tap || fail "not said: $1 $2"
}

# Calls that QEMU 7.2 and 10 always answer wrongly, and calls that they answer right.
expect_what_is_known() {
    for name in smccc-id-upper-half cpu-on-upper-halves affinity-info-level-too-high; do
        expect_point 'not ok' $name
    done
    for name in cpu-on-context-id affinity-info-on-and-off cpu-off-does-not-return; do
        expect_point ok $name
    done
}

# limit everything 500
test_everything() {
    check gic-version=3 max ''
    [ "$status" -eq 1 ] || fail "exit status $status"
    expect_complete
    expect_what_is_known
    for name in system-off system-reset system-reset-others-on; do
        expect_point ok $name
    done
    expect_line run.xml 'name="cpu-on-upper-halves"'
    sed 's/<wbr>//g' run.html >plain.html
    expect_line plain.html cpu-on-upper-halves
}

# limit at_el2 300
test_at_el2() {
    check virtualization=on,gic-version=2 cortex-a57 'scenarios=version-*,smccc-*,cpu-on-*,affinity-*,cpu-off-*'
    [ "$status" -eq 1 ] || fail "exit status $status"
    expect_complete
    expect_what_is_known
    grep -q '^# machine: .*conduit SMC, level EL2' run.tap || fail "it does not run at EL2"
}

# QEMU gives every sixteen CPUs a level-1 affinity of their own, and reports every affinity instance as on.
test_above_level_0() {
    cpus=17
    check gic-version=3 cortex-a57 'scenarios=affinity-info-level*'
    [ "$status" -eq 1 ] || fail "exit status $status"
    expect_complete
    expect_point 'not ok' affinity-info-levels-off
}

# The image by itself, with nothing on the serial line: it skips scenarios that would end the machine.
# limit alone 200
test_alone() {
    timeout 180 qemu-system-aarch64 -M virt,gic-version=3 -cpu max -smp 4 -m 256 -nodefaults -no-user-config \
        -display none -serial stdio -kernel "$image" -append 'scenarios=cpu-on-*,system-*' </dev/null |
        tr -d '\r' >run.tap
    expect_complete
    expect_point ok cpu-on-context-id
    grep -q '^ok [0-9]* - system-reset # SKIP the end of the system cannot be seen here$' run.tap ||
        fail "a reset was not skipped"
    grep -q '^# end$' run.tap || fail "it has not come to its end"
}

test_size() {
    size=$(wc -c <"$image")
    [ "$size" -lt 131072 ] || fail "the image has $size bytes, and is to have less than 128 KiB"
}

# The command that README.md shows.
test_readme_example() {
    grep '^vpsci-check run ' "$root/README.md" >examples
    [ "$(wc -l <examples)" -eq 1 ] || fail "README.md has no example"
    cp "$image" vpsci-check.img
    example=$(cat examples)
    status=0
    sh -c "\"\$1\" ${example#vpsci-check } -append 'scenarios=version-*'" sh "$checker" </dev/null || status=$?
    [ "$status" -eq 0 ] || fail "exit status $status"
    sed 's/<wbr>//g' report.html >plain.html
    expect_line plain.html version-known
}
