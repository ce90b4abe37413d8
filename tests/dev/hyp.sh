# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# `./dev hyp`: its command line, the bundles that it makes, and the machines that it starts with them.

# The guest of most tests, which needs no other file.
kernel=$build/arm64/check/image/vpsci-check.img

# limit bad_command_lines 200
test_bad_command_lines() {
    while IFS='|' read -r words message; do
        # shellcheck disable=SC2086 # several words
        try "$root/dev" hyp $words
        expect_status 1
        expect_text err "dev: $message"
    done <<EOF
|hyp needs run, image or show; see ./dev hyp --help
start|hyp: there is no 'start'; use run, image or show
run|hyp run needs a guest: --kernel, --vm or --bundle; see ./dev hyp --help
run --kernel|hyp run: --kernel needs a value; see ./dev hyp --help
run kernel|hyp run: 'kernel' is no option; see ./dev hyp --help
run --timeout soon|hyp run: --timeout needs a number of seconds, not 'soon'
run --timeout=0|hyp run: --timeout needs a number of seconds, not '0'
run --machine-cpu a53|hyp run: --machine-cpu a53: use max or cortex-a72
run --bundle absent|hyp run: cannot read the bundle absent
run --bundle /etc/hostname --cpus 2|hyp run: a bundle has its VMs already; leave out --cpus
EOF
}

# What hyp-image says, one line each, and no file is left.
# limit bad_images 200
test_bad_images() {
    "$root/dev" hyp show /etc/hostname 2>/dev/null || true # Compiles the program, once for all.
    echo 'cpus = 20' >many.conf
    echo 'kernel = x' >control.conf
    echo 'suspend = control' >>control.conf
    while IFS='|' read -r words message; do
        # shellcheck disable=SC2086 # several words
        try "$build/native/hyp/tool/hyp-image" make $words bundle
        [ "$status" -ne 0 ] || fail "$words: accepted"
        expect_text err "hyp-image: $message"
        [ ! -e bundle ] || fail "$words: there is a bundle"
    done <<EOF
|vm: there is no kernel; give one with --kernel
--kernel absent|cannot open kernel image absent: No such file or directory
--kernel x --cpus 17|--cpus 17: not a number of CPUs; give 1 to 16, as each needs a core of its own
--kernel x --enable system-suspend,sleep|--enable: there is no function sleep; see hyp-image make --help
--kernel x --name a-name-of-17-chars|a-name-of-17-chars: the name is too long; hyp's VMs have names of at most 15 characters
--kernel x --memory 128G|vm: a VM of hyp has at most 64 GiB of memory
--kernel x --clusters 2|vm: --clusters 2: there are only 1 CPUs
--kernel x --suspend control|vm: --suspend control needs another VM that has --control
--kernel x --vm control.conf|make: --vm and --kernel exclude each other; the file of a VM names its kernel
--vm .|.:1: Is a directory
--vm many.conf|many.conf:1: --cpus 20: not a number of CPUs; give 1 to 16, as each needs a core of its own
--vm control.conf|control: --suspend control needs another VM that has --control
EOF
    try "$root/dev" hyp show /etc/hostname
    expect_status 1
    expect_text err "hyp-image: /etc/hostname: it does not begin with a device tree"
}

# limit two_vms 200
test_two_vms() {
    printf '%s\n' "kernel = $kernel" 'cpus = 2' 'memory = 64M' 'enable = system-suspend,system-reset2' \
        'suspend = control' >first.conf
    printf '%s\n' "kernel = $kernel" 'memory = 32M' 'control = yes' >decides.conf
    try "$root/dev" hyp image --vm first.conf --vm decides.conf bundle
    expect_status 0
    try "$root/dev" hyp show bundle
    expect_status 0
    sed '/^  module/d' out >shown
    expect_text shown "needs: 3 cores, 320 MiB of RAM
vm first: cores 0 1, 64 MiB, entry 0x40200000
  PSCI, suspend control, enabled: system-suspend system-reset2
  device at 0x9000000: the machine's at 0x9000000
  device at 0x9010000: emulated, interrupt 34
vm decides: cores 2, 32 MiB, entry 0x40200000, control
  PSCI, suspend honour, enabled: nothing
  device at 0x9000000: the machine's at 0x9040000
  device at 0x9010000: emulated, interrupt 42"
    cp bundle damaged
    dd if=/dev/zero of=damaged bs=1 seek=200 count=64 conv=notrunc 2>dd.err
    try "$root/dev" hyp show damaged
    expect_status 1
    expect_equal "lines on standard error" "$(wc -l <err)" 1
}

# ---- Machines -------------------------------------------------------------------------------

# hyp_run OPTION...: sets $status.
hyp_run() {
    try timeout -k 5 250 "$root/dev" hyp run --timeout 200 "$@" </dev/null
}

few='rounds=1 scenarios=version-*'

# limit run 300
test_run() {
    hyp_run --kernel "$kernel" --cpus 2 --memory 32M --append "$few"
    expect_status 0
    expect_line out '^ok [0-9]* - version-same-for-all'
    expect_text err ''
}

# limit second_serial 300
test_second_serial() {
    for name in one two; do
        printf '%s\n' "kernel = $kernel" 'memory = 32M' "append = $few" >$name.conf
    done
    hyp_run --vm one.conf --vm two.conf --second-serial said,twice --machine-cpu cortex-a72
    expect_status 0
    expect_line out '^ok [0-9]* - version-known'
    expect_line 'said,twice' '^ok [0-9]* - version-known'
}

# limit time_is_up 200
test_time_is_up() {
    printf '\000\000\000\024' >loop.bin # An instruction that branches to itself.
    try "$root/dev" hyp run --kernel loop.bin --kernel-at 0x80000 --memory 16M --timeout 2 </dev/null
    expect_status 124
    expect_text err "dev: hyp run: the VMs still ran after 2 s, so they were ended"
}

# A bundle that would give the GIC to a VM: only hyp knows where the machine has it.
# limit refused_bundle 200
test_refused_bundle() {
    "$root/dev" hyp image --kernel "$kernel" --memory 32M bundle
    cp bundle description
    fdtput -t x description /vm@0/device@9000000 pa 0 8000000
    dd if=description of=bundle conv=notrunc 2>dd.err
    "$root/dev" hyp run --bundle bundle --timeout 150 </dev/null >out 2>err &
    machine=$!
    until grep -q 'hyp: core 0 stops' out || ! kill -0 "$machine" 2>/dev/null; do
        sleep 0.2
    done
    kill "$machine" || true
    status=0
    wait "$machine" || status=$?
    expect_status 143
    expect_line out 'bundle: vm@0/device@9000000: pa: this is RAM, a device that no VM may have, or one of another VM'
}

# limit demo 400
test_demo() {
    try "$root/dev" demo hyp
    expect_status 0
    ! grep 'not seen' out || fail "the demo says what was not seen, and ends well"
    expect_equal "claims" "$(grep -c '^  seen ' out)" 9
}
