# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # shared with dev
# The tests of kind `hyp`: each starts QEMU with hyp and a bundle, on this machine, and looks at the serial lines. A
# function hyp_case_NAME is a test hyp/NAME, hyp_case_long_NAME is hyp/long/NAME.

hyp_names() {
    declare -F | sed -n 's/^declare -f hyp_case_//p' | sed 's|^long_|long/|'
}

hyp_test() { # NAME
    local hyp_cpu=max hyp_second='' hyp_firmware='' hyp_check_image=$build/arm64/check/image/vpsci-check.img
    hyp_need_all
    build_image
    lab_fetch 6.12 cloud
    hyp_folder=$(mktemp -d "${TMPDIR:-/tmp}/hyp.XXXXXX")
    trap 'rm -rf "$hyp_folder"' EXIT
    hyp_line=$hyp_folder/line
    hyp_bare_image=$build/arm64/tests/lab/guest/bare/guest.img
    hyp_second=$hyp_folder/second
    make_guests "$hyp_folder/guests" cloud
    hyp_guest=(--kernel "$hyp_folder/guests/cloud/vmlinuz" --initrd "$hyp_folder/guests/cloud/initrd")
    "hyp_case_${1/\//_}"
}

hyp_fail() { # REASON
    echo "--- the first VM's line"
    tail -n 40 "$hyp_line"
    if [[ -s $hyp_second ]]; then
        echo "--- the second VM's line"
        tail -n 40 "$hyp_second"
    fi
    echo "fail: $1"
    return 1
}

# Boots VMs, and waits until all have turned themselves off; the serial lines are then in files. Standard input is the
# first VM's.
hyp_boot() { # SECONDS OPTION-OF-HYP-IMAGE...
    local hyp_machine status=0
    "$hyp_image" make "${@:2}" "$hyp_folder/bundle"
    hyp_make_machine "$hyp_folder/bundle"
    [[ ! $hyp_firmware ]] || hyp_add_firmware "$hyp_folder/bundle"
    timeout --foreground -k 5 "$1" "${hyp_machine[@]}" >"$hyp_line" || status=$?
    ((status == 0)) || hyp_fail "the machine ended with status $status (124: it was not off after $1 s)"
}

# Machines start by the firmware of tests/hyp/firmware/ from now on, in place of QEMU's own. It has one serial line for
# VMs; on the other one, the secure one, the firmware says at the end what it was asked for.
hyp_use_firmware() {
    local compile_targets=tests/hyp/firmware/firmware.bin
    build_for arm64
    hyp_cpu=cortex-a72
    hyp_firmware=$build/arm64/$compile_targets
}

# Where QEMU puts what its loader would find places for. The machine's device tree is at the start of RAM.
hyp_image_at=0x40400000 # tests/hyp/firmware/firmware.c has it
hyp_bundle_at=0x41000000

hyp_add_firmware() { # BUNDLE
    local machine=virt,secure=on,virtualization=on,gic-version=3 tree=$hyp_folder/machine.dtb words=() size
    size=$(stat -c %s "$1")
    set -- "$1" "${hyp_machine[@]}"
    while (($# > 1)); do
        case $2 in
        virt,*) words+=("$machine") ;;
        -kernel | -initrd) set -- "$1" "${@:3}" ;;
        *) words+=("$2") ;;
        esac
        set -- "$1" "${@:3}"
    done
    words+=(-bios "$hyp_firmware")
    "${words[@]/$machine/$machine,dumpdtb=$tree}" >"$hyp_folder/dump" 2>&1 || hyp_fail "QEMU gives no device tree"
    fdtput -t x "$tree" /chosen linux,initrd-start 0 "${hyp_bundle_at#0x}"
    fdtput -t x "$tree" /chosen linux,initrd-end 0 "$(printf %x $((hyp_bundle_at + size)))"
    fdtput -r "$tree" /secram@e000000 # It looks like RAM, and is out of hyp's reach.
    hyp_machine=("${words[@]}" -dtb "$tree"
        -device "loader,file=${hyp_image_file-$build/arm64/hyp/hyp.img},addr=$hyp_image_at,force-raw=on"
        -device "loader,file=$1,addr=$hyp_bundle_at,force-raw=on")
}

# How often a core went down and came back, was started, or was the last one of a machine that slept.
hyp_firmware_did() { # WHAT [LEAST]
    local count
    count=$(sed -n "s/^$1 //p" "$hyp_second")
    echo "the firmware counts $1: ${count:-none}"
    ((count >= ${2-1})) || hyp_fail "the firmware was asked for too few $1"
}

# A stock Debian guest that runs a script of tests/lab/guest/linux/tests.
hyp_boot_linux() { # SECONDS CPUS SCRIPT-AND-ARGUMENTS
    hyp_boot "$1" "${hyp_guest[@]}" --cpus "$2" --enable system-suspend --append "console=ttyAMA0 quiet test=$3"
    hyp_has "$hyp_line" 'GUEST: ok'
}

hyp_has() { # FILE TEXT
    grep -qF -- "$2" "$1" || hyp_fail "the line does not say '$2'"
}

# The scenarios of vpsci-check that do not take long. What they leave out is published in tests/hyp/check.skips.
hyp_families='version*,smccc*,features*,suspend*,os*,node*,registers*,affinity*,cpu*,stat*,migrate*,mem*,legacy*,system*'
hyp_families+=',hostile*'

hyp_check() { # SECONDS APPEND [SKIPS-THAT-DO-NOT-COUNT]
    hyp_boot "$1" --kernel "$hyp_check_image" --cpus 4 --memory 128M --enable all --append "$2"
    tr -d '\r' <"$hyp_line" >"$hyp_folder/report"
    grep -qE '^# passed [1-9][0-9]*, failed 0, skipped' "$hyp_folder/report" || hyp_fail "vpsci-check has failures"
    sed -n 's/^ok [0-9]* - \(.*# SKIP.*\)/\1/p' "$hyp_folder/report" | LC_ALL=C sort |
        diff -u <(grep -vE "${3-^$}" "$root/tests/hyp/check.skips") - || hyp_fail "vpsci-check skips other scenarios"
}

hyp_size_limit=65536 # README has it

hyp_case_size() {
    local size
    size=$(stat -c %s "$build/arm64/hyp/hyp.img")
    echo "hyp.img has $size bytes"
    ((size <= hyp_size_limit)) || hyp_fail "hyp.img has more than $hyp_size_limit bytes"
}

# How much of a core's stack hyp uses at most: the longest way through what calls what, as gcc writes it down when it
# compiles and links hyp again, into a folder of its own.
hyp_case_stack() {
    local size=8192 # HYP_STACK_SIZE
    grep -qE "HYP_STACK_SIZE +$size\$" "$root/hyp/arch/offsets.h"
    ninja -C "$build/arm64" -t commands hyp/hyp.elf | sed -nE "
        s|^ccache ||
        s| -MF [^ ]+||; s| -MQ [^ ]+||; s| -MD||
        / -o hyp\/(libhyp_early|hyp.elf )/ {
            s| -o hyp/([^ ]*/)?([^ ]+)| -fcallgraph-info=su -o '$hyp_folder'/\2|p
        }" >"$hyp_folder/commands"
    (cd "$build/arm64" && CCACHE_DISABLE=1 sh -e "$hyp_folder/commands")
    awk -v size="$size" -f "$root/tools/hyp_stack.awk" "$hyp_folder"/*.ci
}

# A fault in hyp is reported, with registers, and stops the core: here its code is damaged on purpose.
hyp_case_fault() {
    local address machine_process waited=0 hyp_machine nm=aarch64-linux-gnu-nm
    command -v "$nm" >/dev/null || nm='nm'
    address=$("$nm" "$build/arm64/hyp/hyp.elf" | sed -n 's/^0*\([0-9a-f]*\) . hyp_core_main$/\1/p')
    [[ $address ]] || hyp_fail "hyp_core_main is not in hyp.elf"
    cp "$build/arm64/hyp/hyp.img" "$hyp_folder/damaged.img"
    printf '\0\0\0\0' |
        dd of="$hyp_folder/damaged.img" bs=1 seek=$((0x$address)) conv=notrunc status=none # UDF
    hyp_image_file=$hyp_folder/damaged.img
    "$hyp_image" make --kernel "$hyp_check_image" --memory 64M "$hyp_folder/bundle"
    hyp_make_machine "$hyp_folder/bundle"
    "${hyp_machine[@]}" </dev/null >"$hyp_line" &
    machine_process=$!
    until grep -q 'x30=' "$hyp_line" || ((++waited > 600)); do sleep 0.2; done
    kill "$machine_process"
    wait "$machine_process" || true
    hyp_has "$hyp_line" 'hyp: core 0 stops: synchronous exception in hyp'
    grep -qE '^hyp: pc=0x[0-9a-f]+ pstate=0x[0-9a-f]+9 esr=0x2000000 far=' "$hyp_line" || hyp_fail "pc and esr are missing"
    grep -qE '^hyp: x28=0x[0-9a-f]+ x29=0x[0-9a-f]+ x30=0x[0-9a-f]+' "$hyp_line" || hyp_fail "registers are missing"
}

# What is wrong with a bundle or a machine that the description alone does not show.
hyp_case_refused() {
    local at pa hyp_machine options=(--kernel "$hyp_check_image" --memory 64M --cpus 2)
    for pa in 8080000 9020000; do # ITS, fw_cfg
        "$hyp_image" make "${options[@]}" "$hyp_folder/bundle"
        cp "$hyp_folder/bundle" "$hyp_folder/description"
        fdtput -t x "$hyp_folder/description" /vm@0/device@9000000 pa 0 "$pa"
        dd if="$hyp_folder/description" of="$hyp_folder/bundle" conv=notrunc status=none
        hyp_make_machine "$hyp_folder/bundle"
        hyp_stops 'bundle: vm@0/device@9000000: pa: this is RAM, a device that no VM may have, or one of another VM'
    done
    "$hyp_image" make "${options[@]}" "$hyp_folder/bundle"
    hyp_make_machine "$hyp_folder/bundle"
    for at in "${!hyp_machine[@]}"; do
        [[ ${hyp_machine[at]} != -smp ]] || hyp_machine[at + 1]=1
    done
    hyp_stops 'VM vm: the machine does not have one of its cores'
}

hyp_stops() { # TEXT
    local machine_process waited=0
    : >"$hyp_line" # A line of an earlier machine is not looked at.
    "${hyp_machine[@]}" </dev/null >>"$hyp_line" &
    machine_process=$!
    until grep -qF ' stops: ' "$hyp_line" || ((++waited > 600)); do sleep 0.2; done
    kill "$machine_process"
    wait "$machine_process" || true
    hyp_has "$hyp_line" "$1"
}

# The image as clang and lld make it.
hyp_case_clang() {
    local compile_targets=hyp/hyp-clang.img
    build_for arm64
    hyp_image_file=$build/arm64/hyp/hyp-clang.img
    hyp_boot 300 --kernel "$hyp_check_image" --cpus 2 --memory 64M --append "scenarios=version*,cpu-on*,system*" \
        --enable all </dev/null
    grep -qE '^# passed [1-9][0-9]*, failed 0' "$hyp_line" || hyp_fail "vpsci-check has failures"
}

hyp_case_check() {
    hyp_check 300 "scenarios=$hyp_families" '^(race|churn)-' </dev/null
}

hyp_case_sleep_on_max() {
    hyp_boot_linux 300 4 sleep </dev/null
}

hyp_case_sleep_on_cortex_a72() {
    hyp_cpu=cortex-a72
    hyp_boot_linux 300 4 sleep </dev/null
}

# Firmware at EL3 takes power from cores: none of this may show.
hyp_case_firmware_check() {
    hyp_use_firmware
    hyp_check 300 "scenarios=$hyp_families" '^(race|churn)-' </dev/null
    hyp_firmware_did powerdowns
    hyp_firmware_did starts
    hyp_firmware_did 'system suspends'
}

hyp_case_firmware_sleep() {
    hyp_use_firmware
    hyp_boot_linux 300 4 sleep </dev/null
    hyp_firmware_did 'system suspends'
}

# A CPU_ON meets a core on its way down; a wake-up meets a machine that is about to sleep.
hyp_case_firmware_races() {
    hyp_use_firmware
    hyp_bare 4 '--enable system-suspend' 'cpu-on-race rounds=20' 'cpu-off cycles=300' 'cpu-churn pairs=300'
    hyp_firmware_did starts
    hyp_bare 2 '--enable system-suspend' wake-rtc pending masked 'race last=300' 'suspend-many cycles=200'
    hyp_firmware_did 'system suspends'
}

# Two VMs sleep, and the machine with them: while one sleeps for long, the other one wakes and sleeps. The VM between them
# has no serial line here, as that one is the firmware's: it turns itself off by SYSTEM_OFF.
hyp_case_firmware_two_vms() {
    local common=("memory = 64M" "enable = system-suspend")
    hyp_use_firmware
    printf '\x00\x01\x80\x52\x00\x80\xb0\x72\x02\x00\x00\xd4' >"$hyp_folder/off.bin" # 0x84000008 into w0; HVC
    printf '%s\n' "kernel = $hyp_bare_image" "append = scenario=suspend-many cycles=20 ticks=6000000" "${common[@]}" \
        >"$hyp_folder/often.conf"
    printf '%s\n' "kernel = $hyp_folder/off.bin" "kernel-at = 2M" "${common[@]}" >"$hyp_folder/off.conf"
    printf '%s\n' "kernel = $hyp_bare_image" "append = scenario=suspend64 ms=5000" "${common[@]}" >"$hyp_folder/long.conf"
    hyp_boot 300 --vm "$hyp_folder/often.conf" --vm "$hyp_folder/off.conf" --vm "$hyp_folder/long.conf" </dev/null
    hyp_all_ok "$hyp_line"
    hyp_firmware_did 'system suspends' 5
}

# Writes the file of a VM, and prints the option that names it.
hyp_describe_linux() { # NAME CPUS SCRIPT-AND-ARGUMENTS
    printf '%s\n' "cpus = $2" "enable = system-suspend" "kernel = ${hyp_guest[1]}" \
        "initrd = ${hyp_guest[3]}" "append = console=ttyAMA0 quiet test=$3" >"$hyp_folder/$1.conf"
}

hyp_describe_bare() { # NAME CPUS SCENARIO-AND-ARGUMENTS
    printf '%s\n' "cpus = $2" "memory = 64M" "enable = system-suspend,system-reset2" \
        "kernel = $build/arm64/tests/lab/guest/bare/guest.img" "append = scenario=$3" >"$hyp_folder/$1.conf"
}

# A Debian guest on two cores is turned off, while the other one sleeps, and goes on.
hyp_case_two_vms() {
    hyp_describe_linux first 2 'sleep cycles=2'
    hyp_describe_linux second 1 off
    hyp_boot 300 --vm "$hyp_folder/first.conf" --vm "$hyp_folder/second.conf" </dev/null
    hyp_has "$hyp_line" 'GUEST: ok'
    hyp_has "$hyp_second" 'reboot: Power down'
}

# More active interrupts than there are list registers; an interrupt after random writes to the GIC.
hyp_case_nested_interrupts() {
    hyp_bare 1 '' nested
    hyp_bare 2 '' 'neighbour-rests times=30'
}

# A Debian guest sleeps and wakes while its neighbour tries all that could disturb it.
hyp_case_neighbour() {
    hyp_describe_linux first 2 'sleep cycles=2'
    hyp_describe_bare second 2 'neighbour rounds=60000'
    hyp_boot 600 --vm "$hyp_folder/first.conf" --vm "$hyp_folder/second.conf" </dev/null
    hyp_has "$hyp_line" 'GUEST: ok'
    ! grep -iE 'unexpected|nobody cared|spurious|stall|BUG|WARNING' "$hyp_line" || hyp_fail "the first VM was disturbed"
    hyp_all_ok "$hyp_second"
}

# Scenarios of the lab's bare guest, each in a VM of its own.
hyp_bare() { # CPUS OPTIONS-OF-HYP-IMAGE SCENARIO-AND-ARGUMENTS...
    local scenario options
    read -ra options <<<"$2"
    for scenario in "${@:3}"; do
        hyp_boot 300 --kernel "$hyp_bare_image" --cpus "$1" --memory 64M "${options[@]}" \
            --append "scenario=$scenario" </dev/null
        hyp_all_ok "$hyp_line"
    done
}

hyp_all_ok() { # FILE
    tr -d '\r' <"$1" | grep -qE '^1\.\.[1-9]' || hyp_fail "the guest did not come to its end"
    ! grep -q '^not ok' "$1" || hyp_fail "a check of the guest failed"
}

# The seed's checks: all others off, a valid entry point; nothing changes if the call fails.
hyp_case_suspend_checks() {
    hyp_bare 3 '--enable system-suspend' denied invalid-entry refused-state secondary
}

hyp_case_suspend_state() {
    hyp_bare 2 '--enable system-suspend' suspend64 suspend32 'suspend64 timer=physical' 'suspend-many cycles=200' big-endian
}

hyp_case_suspend_refused() {
    hyp_bare 2 '--enable system-suspend --suspend refuse' suspend-refuse
}

# SYSTEM_SUSPEND does not exist unless the description turns it on.
hyp_case_suspend_off() {
    hyp_bare 2 '' suspend-off
}

hyp_case_suspend_wakes() {
    hyp_bare 2 '--enable system-suspend' wake-rtc pending masked 'race last=300'
}

hyp_case_version() {
    hyp_bare 1 '--psci-version 1.0' 'version version=1.0'
    hyp_bare 1 '--psci-version 0.2' 'version version=0.2'
}

# One VM decides for another: events, honour and refuse, MP states, wake, the version before the start.
hyp_case_control() {
    local common=("kernel = $hyp_bare_image" "memory = 64M")
    printf '%s\n' "control = yes" "append = scenario=hyp-control event=46" "${common[@]}" \
        >"$hyp_folder/control.conf"
    printf '%s\n' "held = yes" "cpus = 2" "enable = system-suspend" "suspend = control" \
        "append = scenario=hyp-controlled" "${common[@]}" >"$hyp_folder/other.conf"
    hyp_boot 300 --vm "$hyp_folder/control.conf" --vm "$hyp_folder/other.conf" </dev/null
    hyp_all_ok "$hyp_line"
    hyp_all_ok "$hyp_second"
}

# Debian sleeps beside another VM.
hyp_beside() { # SCENARIO-AND-ARGUMENTS CYCLES
    hyp_describe_linux first 2 "sleep cycles=$2"
    hyp_describe_bare second 2 "$1"
    hyp_boot 1200 --vm "$hyp_folder/first.conf" --vm "$hyp_folder/second.conf" </dev/null
    hyp_has "$hyp_line" 'GUEST: ok'
    hyp_all_ok "$hyp_second"
}

# The lab's bare scenarios that need neither an operator nor another device.
hyp_case_long_bare() {
    hyp_bare 4 '--enable system-suspend,system-reset2,system-off2' unknown affinity cpu-suspend cpu-suspend-errors bad-access \
        smc rtc memory powerdown uart-flood cpu-on-entry cpu-on-errors on-pending powerdown-is-on last-core off2 reset2-warm reset2-arguments \
        runtime-gic runtime-caller runtime-sve 'version version=1.3' 'features suspend=yes' 'cpu-churn pairs=1000' \
        'cpu-on cpus=4' 'cpu-on-race rounds=20' 'cpu-off cycles=100' 'device-fuzz rounds=2000' 'call-flood ms=2000' \
        'race last=2000' 'suspend-many cycles=1000' 'off from=boot' 'off from=secondary' 'suspend32 timer=physical'
    hyp_bare 2 '--enable all' mem-protect 'cpu-freeze cycles=20' 'node-hw-state levels=1 standby=0' bench-psci
    hyp_bare 4 '--enable system-suspend' 'flood call=suspend ms=2000' 'flood call=power ms=2000'
    hyp_idle_states
}

# CPU_SUSPEND to the states that --idle announces (vmm/psci/idle.c has their values).
hyp_idle_states() {
    hyp_bare 1 '--enable all --idle standby' 'idle-states core=1 times=30'
    hyp_bare 1 '--enable all --idle powerdown' 'idle-states core=0x10002 times=30' 'cpu-default-suspend state=0x10002'
    hyp_bare 4 '--enable all --idle standby --clusters 2' 'idle-states core=1 cluster=0x1000011' \
        'os-initiated cluster=0x1000011'
    hyp_bare 3 '--enable all --idle powerdown --clusters 2' 'idle-states core=0x10002 cluster=0x1010022' \
        'os-initiated cluster=0x1010022'
}

hyp_case_long_check() {
    hyp_check 1200 '' </dev/null
}

hyp_case_long_sleeps() {
    hyp_boot_linux 1800 4 'sleep cycles=50' </dev/null
}

hyp_case_long_hotplug() {
    hyp_boot_linux 1800 4 'hotplug cycles=100' </dev/null
}

hyp_case_long_churn() {
    hyp_cpu=cortex-a72
    hyp_boot_linux 1800 4 'churn rounds=100 sleeps=10' </dev/null
}

# Cores go down and come back by firmware that takes their power, many times.
hyp_case_long_firmware() {
    hyp_use_firmware
    hyp_bare 4 '--enable system-suspend' 'cpu-on-race rounds=200' 'cpu-off cycles=2000' 'cpu-churn pairs=5000'
    hyp_bare 2 '--enable system-suspend' 'race last=2000' 'suspend-many cycles=1000'
    hyp_boot_linux 1800 4 'hotplug cycles=100' </dev/null
    hyp_boot_linux 1800 4 'churn rounds=100 sleeps=10' </dev/null
    hyp_firmware_did starts
    hyp_firmware_did 'system suspends'
}

# The guest asks what to do at each boot; it is answered 20 times with reboot.
hyp_case_long_reboots() {
    local boots=0 line answers
    mkfifo "$hyp_folder/input"
    exec {answers}<>"$hyp_folder/input"
    : >"$hyp_line"
    hyp_boot 1800 "${hyp_guest[@]}" --cpus 4 --append "console=ttyAMA0 quiet test=reboot" <"$hyp_folder/input" &
    local machine_process=$!
    while ((boots <= 20)) && kill -0 "$machine_process" 2>/dev/null; do
        if (($(grep -c 'GUEST: what next' "$hyp_line" 2>/dev/null) > boots)); then
            boots=$((boots + 1))
            if ((boots <= 20)); then echo reboot; else echo off; fi >&"$answers"
        fi
        sleep 0.2
    done
    wait "$machine_process"
    ((boots == 21)) || hyp_fail "the guest has booted $boots times, not 21"
    hyp_has "$hyp_line" 'GUEST: ok'
}

# Two VMs sleep, wake and turn CPUs off and on at random for ten minutes.
hyp_case_long_restless() {
    hyp_describe_linux first 2 'restless seconds=600'
    hyp_describe_linux second 2 'restless seconds=600'
    hyp_boot 3600 --vm "$hyp_folder/first.conf" --vm "$hyp_folder/second.conf" </dev/null
    hyp_has "$hyp_line" 'GUEST: ok'
    hyp_has "$hyp_second" 'GUEST: ok'
    grep 'GUEST: slept' "$hyp_line" "$hyp_second"
}

# The neighbour is reset again and again, and attacks for longer.
hyp_case_long_neighbours() {
    hyp_bare 2 '' 'neighbour-rests times=500 seed=1000'
    hyp_beside 'reset2-warm reboots=50' 10
    hyp_beside 'neighbour rounds=500000 seed=2' 10
    hyp_beside 'reach rounds=100000' 10
}
