# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# The conformance image and its tool on QEMU's own PSCI, which has known mistakes. vpsci-check must find them, at both
# exception levels, on all boards and over resets.

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

# ---- Boards ---------------------------------------------------------------------------------
# The image takes all addresses from the device tree, so another board gives the same results.

board_words='rounds=5 scenarios=version-*,smccc-*,features-*,cpu-on-*,affinity-*,cpu-off-*,cpu-suspend-*,system-*'

# Runs in the background.
start_board() { # NAME QEMU-WORD...
    name=$1
    shift
    timeout -k 5 400 "$checker" run --quiet --tap "$name.tap" -- qemu-system-aarch64 "$@" \
        -cpu cortex-a57 -smp 4 -nodefaults -no-user-config -display none </dev/null &
}

# As `vpsci-check monitors` says, word for word. The results are in NAME.tap.
start_monitor() { # NAME
    "$checker" monitors "$1" >"$1.sh"
    # shellcheck disable=SC2016 # for the inner shell
    sed 's/-kernel vpsci-check.img$/& -append "$0"/' "$1.sh" >"$1.with"
    cmp -s "$1.sh" "$1.with" && fail "the command for $1 does not end with the image"
    PATH=${checker%/*}:$PATH timeout -k 5 400 sh -c "$(cat "$1.with")" "$board_words" >"$1.said" </dev/null &
}

# Like kvmtool's: RAM from 2 GiB on, and a 16550. Interrupts are as Trusted Firmware leaves them. board_2gib.S says how.
start_2gib() { # NAME
    set -- "$1" -M virt,gic-version=2,highmem=off -m 1280 -device pci-serial,chardev=line,addr=1
    qemu-system-aarch64 "$2" "$3,dumpdtb=board.dtb" -m 1280 -cpu cortex-a57 -smp 4 -nodefaults -display none
    fdtput -r board.dtb /memory@40000000 /pl011@9000000
    fdtput -p -t x board.dtb /memory@80000000 reg 0 80000000 0 10000000
    fdtput -t s board.dtb /memory@80000000 device_type memory
    fdtput -p -t x board.dtb /serial@3eff1000 reg 0 3eff1000 0 8
    fdtput -t s board.dtb /serial@3eff1000 compatible ns16550a
    fdtput -t s board.dtb /chosen stdout-path /serial@3eff1000:115200n8
    fdtput -t s board.dtb /chosen bootargs "$board_words"
    clang-19 --target=aarch64-linux-gnu -c "$root/tests/dev/board_2gib.S" -o board.o
    ld.lld-19 --oformat=binary -Ttext=0 board.o -o board.bin
    start_board "$@" -chardev stdio,id=line -kernel board.bin \
        -device loader,file=vpsci-check.img,addr=0x80000000,force-raw=on \
        -device loader,file=board.dtb,addr=0x88000000,force-raw=on
}

# Not those that start a CPU while it starts or ends: what QEMU answers then depends on time (docs/peers.md).
board_points() { # NAME
    grep -E '^(not )?ok ' "$1.tap" | grep -v -e pending -e during-cpu-on -e again-and-again -e close-after || true
}

expect_board() { # NAME MACHINE
    grep -q "^# machine: cpus 4, $2" "$1.tap" || fail "$1 is another machine: $(grep '^# machine' "$1.tap")"
    board_points "$1" >points
    diff expected points || fail "$1 has other results: $(sed -n 's/^  message: //p' "$1.tap")"
}

# limit boards 500
test_boards() {
    cp "$image" vpsci-check.img
    start_monitor qemu
    start_monitor qemu-gicv2
    start_monitor qemu-el2
    start_board gicv2-el2 -M virt,gic-version=2,virtualization=on -m 256 -serial stdio -kernel vpsci-check.img \
        -append "$board_words"
    start_2gib 2gib
    wait
    cp qemu.tap run.tap
    expect_complete
    expect_what_is_known
    expect_point ok system-off
    expect_point ok system-reset-others-on
    board_points qemu >expected
    expect_board qemu 'conduit HVC, level EL1, interrupts GICv3, console PL011, image at 0x4'
    expect_board qemu-gicv2 'conduit HVC, level EL1, interrupts GICv2, console PL011, image at 0x4'
    expect_board qemu-el2 'conduit SMC, level EL2, interrupts GICv3, console PL011, image at 0x4'
    expect_board gicv2-el2 'conduit SMC, level EL2, interrupts GICv2, console PL011, image at 0x4'
    expect_board 2gib 'conduit HVC, level EL1, interrupts GICv2, console 16550, image at 0x80000000'
}

# QEMU gives every sixteen CPUs a level-1 affinity of their own, and reports every affinity instance as on.
test_above_level_0() {
    cpus=17
    check gic-version=3 cortex-a57 'scenarios=affinity-info-level*'
    [ "$status" -eq 1 ] || fail "exit status $status"
    expect_complete
    expect_point 'not ok' affinity-info-levels-off
}

# Idle cores sleep. A nanosecond of this machine's time passes with an instruction of any core, or at no cost if all
# sleep. So what the image waits for, 10 s in all, costs no processor time, but 10^10 instructions if a core that has
# nothing to do stays awake: then the limit ends the machine. Without WFI in one of them not a tenth is done by then.
# limit idle_cores_sleep 400
test_idle_cores_sleep() {
    status=0
    (
        # shellcheck disable=SC3045 # all shells of Debian have it
        ulimit -t 30
        timeout -k 5 380 "$checker" run --quiet --limit 300 --boot-limit 300 --total 240 --tap run.tap --log said -- \
            qemu-system-aarch64 -M virt,gic-version=3 -cpu cortex-a57 -smp 4 -m 256 -nodefaults -no-user-config \
            -display none -serial stdio -icount shift=0,sleep=off -kernel "$image" -append rounds=3 </dev/null
    ) || status=$?
    [ "$status" -eq 1 ] || fail "a core that has nothing to do is awake, or exit status $status"
    expect_complete
    waited=$(tr -d '\r' <said | awk '/^# took/ { sum += $3 } END { print sum }')
    [ "$waited" -gt 8000 ] || fail "the image waited for $waited ms only, which shows nothing"
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
