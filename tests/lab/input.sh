# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Bad input and a failing environment: checks each message exactly, each exit status, and that nothing is left behind.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# said STATUS "LINE" ARGUMENT...: `dormouse run ARGUMENT...` ends with that status, prints exactly that line on standard
# error, and nothing on standard output.
said() {
    make_work
    said_status=$1
    said_line=$2
    shift 2
    # shellcheck disable=SC2086 # several words
    run_status timeout 30 ${runner:-} "$DORMOUSE" run "$@" >"$work/console" 2>"$work/errors" </dev/null
    expect_equal "what is said of: $*" "$(cat "$work/errors")" "dormouse: $said_line"
    expect_status "$said_status"
    [ ! -s "$work/console" ] || fail "something on standard output: $(head -n 1 "$work/console")"
}

# The same with a pattern for the line.
said_like() {
    make_work
    said_status=$1
    said_line=$2
    shift 2
    run_status timeout 30 "$DORMOUSE" run "$@" >"$work/console" 2>"$work/errors" </dev/null
    expect_equal "lines said of: $*" "$(wc -l <"$work/errors")" 1
    grep -qx "dormouse: $said_line" "$work/errors" ||
        fail "of: $* it is said: $(cat "$work/errors"), not: $said_line"
    expect_status "$said_status"
}

# once options
test_options() {
    make_work
    said 2 "run: there is nothing to boot: give --kernel FILE, or --disk FILE; see dormouse run --help"
    said 2 "run: --kernel needs a value: FILE; see dormouse run --help" --kernel
    said 2 "run: --speed is not an option; see dormouse run --help" --speed 9
    said 2 "--cpus 0: not a number of vCPUs; give 1 to 512" --kernel x --cpus 0
    said 2 "--memory lots: not a size; give one such as 512M or 2G" --kernel x --memory lots
    said 2 "--memory 1M: out of range; give 16M to 4T" --memory 1M
    said 2 "--wake lid: 'lid' is not a wake source; give a list of irq, rtc, console, signal, net, vsock, or all, or none" --wake lid
    said 2 "--on-suspend maybe: unknown policy; use off, refuse, honour, ask or save" --on-suspend maybe
    said 2 "--psci-version 3: unknown version; use 0.2, 1.0, 1.1, 1.2 or 1.3" --psci-version 3
}

# once commands
test_commands() {
    make_work
    expect_equal "no command" "$("$DORMOUSE" 2>&1)" "dormouse: no command given; see dormouse help"
    expect_equal "no such command" "$("$DORMOUSE" fly 2>&1)" \
        "dormouse: fly is not a command; see dormouse help"
    run_status "$DORMOUSE" help fly 2>"$work/errors"
    expect_status 2
    "$DORMOUSE" timeline --help >"$work/console" || fail "no help of timeline"
    expect_console "Usage: dormouse timeline [OPTION] [FILE]"
    expect_equal version "$("$DORMOUSE" -V)" "$("$DORMOUSE" version)"
    "$DORMOUSE" run --help >"$work/console" || fail "no help"
    for option in kernel initrd append cpus memory name on-suspend wake psci-version events console \
        no-reboot dump-dtb; do
        expect_console "--$option"
    done
}

# once missing_files
test_missing_files() {
    said 1 "cannot open kernel image /no/such: No such file or directory" --kernel /no/such
    said 1 "cannot open initrd /no/such: No such file or directory" \
        --kernel "$LAB_BARE" --initrd /no/such
    said 1 "cannot open event log /no/such/log: No such file or directory" \
        --kernel "$LAB_BARE" --console none --events /no/such/log
    said 1 "console: cannot open /no/such/out: No such file or directory" \
        --kernel "$LAB_BARE" --console /no/such/out
}

# once bad_images
test_bad_images() {
    make_work
    echo "this is no kernel, and it is long enough to have a header like one, or so it seems" \
        >"$work/text"
    said 1 "$work/text: not an arm64 kernel (Image, Image.gz, EFI zboot, UKI or ELF); a raw binary needs --kernel-at" \
        --kernel "$work/text"
    : >"$work/empty"
    said 1 "$work/empty: not an arm64 kernel (Image, Image.gz, EFI zboot, UKI or ELF); a raw binary needs --kernel-at" \
        --kernel "$work/empty"
    said 1 "cannot open kernel image $work: Not a regular file" --kernel "$work"
    head -c 1000000 "$LAB_GUEST/vmlinuz" >"$work/short"
    said_like 1 "$work/short: truncated: 1000000 bytes of [0-9]*" --kernel "$work/short"
    pack_kernel gzip "$LAB_GUEST/vmlinuz" "$work/gzip" || fail "cannot pack the kernel"
    head -c 1000000 "$work/gzip" >"$work/short"
    said_like 1 "$work/short: truncated: its gzip data ends after [0-9]* unpacked bytes" \
        --kernel "$work/short" --console none
    pack_kernel zboot-zstd "$LAB_GUEST/vmlinuz" "$work/zboot" || fail "cannot pack the kernel"
    sed 's/zstd/lzma/' "$work/zboot" >"$work/lzma"
    said 1 "$work/lzma: kernel is compressed with lzma, which dormouse cannot unpack; gzip and zstd work" \
        --kernel "$work/lzma"
}

# Programs that are no kernels, in the formats of kernels.
# once wrong_programs
test_wrong_programs() {
    make_work
    said_like 1 "$LAB_TOOLS/pack_kernel: ELF file for memory from 0x[0-9a-f]* to 0x[0-9a-f]*; the guest's is from 0x40000000 to 0x60000000" \
        --kernel "$LAB_TOOLS/pack_kernel" --console none
    pack_kernel elf "$LAB_GUEST/vmlinuz" "$work/elf" || fail "cannot make an ELF file"
    said_like 1 "$work/elf: ELF file for memory from 0x40400000 to 0x[0-9a-f]*; the guest's is from 0x40000000 to 0x42000000" \
        --kernel "$work/elf" --console none --memory 32M
    printf '\076\000' | dd of="$work/elf" bs=1 seek=18 conv=notrunc 2>/dev/null
    said 1 "$work/elf: an ELF file for x86-64 (machine 62), not arm64" --kernel "$work/elf"
    pack_kernel uki "$LAB_BARE" "$work/uki" "$LAB_BARE" "scenario=version" || fail "cannot make a UKI"
    sed 's/\.linux/.Linux/' "$work/uki" >"$work/program"
    said 1 "$work/program: an EFI program, not a kernel: it has no section .linux, as a UKI has; firmware can start it: --firmware" \
        --kernel "$work/program"
    head -c 100000 "$work/uki" >"$work/short"
    said_like 1 "$work/short: truncated: 100000 bytes of [0-9]*" --kernel "$work/short"
    said 1 "$work/short: kernel needs 1 MiB at 0x60000000, guest memory has 0 MiB there; give more with --memory" \
        --kernel "$work/short" --kernel-at 512M --console none
}

# once pipes
test_pipes() {
    make_work
    mkfifo "$work/pipe"
    run_status "$DORMOUSE" run --kernel /dev/stdin --append scenario=version --console "$work/console" \
        <"$LAB_BARE" 2>"$work/errors"
    expect_tap
    rm "$work/console"
    # shellcheck disable=SC2002 # a pipe is what this is about
    cat "$LAB_BARE" | run_status "$DORMOUSE" run --kernel /dev/stdin --append scenario=version \
        --console "$work/console" 2>"$work/errors"
    expect_tap
    expect_no_errors
    cat /dev/zero >"$work/pipe" 2>/dev/null &
    said 1 "kernel image $work/pipe: the pipe has more than 16 MiB, the guest's memory; give more with --memory" \
        --kernel "$work/pipe" --memory 16M
    : >"$work/pipe" &
    said 1 "$work/pipe: not an arm64 kernel (Image, Image.gz, EFI zboot, UKI or ELF); a raw binary needs --kernel-at" --kernel "$work/pipe"
    "$DORMOUSE" run --kernel "$work/pipe" 2>"$work/errors" &
    waiting=$!
    sleep 1
    kill -TERM $waiting
    run_status wait $waiting
    expect_status 143
}

# once hypervisor
test_hypervisor() {
    make_work
    { cat "$LAB_BARE" && echo 'Xen version %d.%d%s (%s@%s)'; } >"$work/xen"
    said 1 "$work/xen: this is Xen, a hypervisor, which needs EL2; a guest has EL1 only" \
        --kernel "$work/xen"
    pack_kernel zboot-zstd "$work/xen" "$work/packed" || fail "cannot pack it"
    said 1 "$work/packed: this is Xen, a hypervisor, which needs EL2; a guest has EL1 only" \
        --kernel "$work/packed" --console none
}

# An Image that only loops: what is seen of a payload that does not know the machine. A guest that prints once is none.
# once silent_guest
test_silent_guest() {
    make_work
    { printf '\000\000\000\024' && head -c 12 /dev/zero && printf '\000\000\001\000' && head -c 36 /dev/zero &&
        printf 'ARM\144' && head -c 4 /dev/zero; } >"$work/loop"
    start_dormouse run --kernel "$work/loop"
    sleep 4
    kill -TERM "$guest"
    wait_guest
    expect_status 143
    grep -qx "dormouse: in [0-9]* s the guest accessed no device and made no call that reached dormouse; a payload that needs EL2, or another machine, does that" \
        "$work/errors" || fail "it is said: $(cat "$work/errors")"
    start_bare "scenario=flood call=none"
    wait_console flooding
    sleep 4
    kill -TERM "$guest"
    wait_guest
    expect_status 143
    expect_no_errors
}

# once too_large
test_too_large() {
    said_like 1 "$LAB_GUEST/vmlinuz: kernel needs [0-9]* MiB at 0x40200000, guest memory has 14 MiB there; give more with --memory" \
        --kernel "$LAB_GUEST/vmlinuz" --memory 16M --console none
    said 2 "--cpus 65000: not a number of vCPUs; give 1 to 512" --kernel "$LAB_BARE" --cpus 65000
    said 2 "--memory 128T: out of range; give 16M to 4T" --kernel "$LAB_BARE" --memory 128T
}

test_psci_version_unknown() {
    make_work
    case $LAB_HOST in
    6.1 | 6.12) ;;
    *) return ;; # A newer KVM knows them all.
    esac
    said_like 1 "--psci-version 1.3: this machine's KVM knows versions up to 1.1" \
        --kernel "$LAB_BARE" --psci kernel --psci-version 1.3 --console none
}

# A KVM without the SMCCC filter. This is checked before other errors.
# once psci_user_needs_filter 6.1
test_psci_user_needs_filter() {
    make_work
    [ "$LAB_HOST" = 6.1 ] || return 0
    said 1 "--psci user: this machine's KVM has no SMCCC filter (Linux 6.4 has); give --psci kernel or auto" \
        --kernel "$LAB_BARE" --psci user
}

test_suspend_needs_psci_1() {
    said 1 "--on-suspend honour: PSCI 0.2 has no SYSTEM_SUSPEND; give --on-suspend off" \
        --kernel "$LAB_BARE" --on-suspend honour --psci-version 0.2
}

# An old kernel's KVM: by default the guest goes without SYSTEM_SUSPEND, with a warning; a policy on the command line is
# an error.
test_old_kernel() {
    runner="without_cap 216"
    said 1 "--on-suspend honour: this machine's KVM has no SYSTEM_SUSPEND (Linux 5.19 has); give --on-suspend off" \
        --kernel "$LAB_BARE" --on-suspend honour --psci kernel
    run_bare scenario=suspend-off --psci kernel
    expect_tap
    expect_equal warning "$(cat "$work/errors")" "dormouse: this machine's KVM has no SYSTEM_SUSPEND (Linux 5.19 has): the guest is not offered SYSTEM_SUSPEND, as with --on-suspend off"
}

# Renames the lab's own /dev/kvm, so it does not run on a native machine, which others use.
test_no_kvm() {
    make_work
    [ "$LAB_HOST" != native ] || return 0
    mv /dev/kvm /dev/kvm.away
    run_status no_kvm_is_said
    mv /dev/kvm.away /dev/kvm
    [ $status -eq 0 ] || exit 1
}

no_kvm_is_said() {
    (said 1 "cannot open /dev/kvm: No such file or directory; this needs an arm64 machine whose kernel has KVM and was started at EL2" \
        --kernel "$LAB_BARE")
}

test_no_permission() {
    make_work
    [ "$LAB_HOST" != native ] || return 0
    chmod 600 /dev/kvm
    chmod 755 "$work"
    run_status su -s /bin/sh nobody -c "'$DORMOUSE' run --kernel '$LAB_BARE'" \
        >"$work/console" 2>"$work/errors"
    expect_equal message "$(cat "$work/errors")" "dormouse: cannot open /dev/kvm: Permission denied; run as a member of the group that owns it (usually kvm)"
    expect_status 1
}

# The event log's disk fills up: the guest does not notice, the operator is told once, and no line is cut.
# once full_disk
test_full_disk() {
    make_work
    [ "$LAB_HOST" != native ] || return 0
    mkdir "$work/small"
    mount -t tmpfs -o size=4k small "$work/small" || fail "cannot mount a small file system"
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --append "scenario=suspend-many cycles=100" \
        --events "$work/small/log" --console "$work/console" 2>"$work/errors"
    cp "$work/small/log" "$work/log"
    umount "$work/small"
    expect_tap
    expect_status 0
    expect_equal message "$(cat "$work/errors")" "dormouse: cannot write to event log $work/small/log: No space left on device; the VM continues, and events are missing from here on"
    tail -c 1 "$work/log" | od -An -c | grep -q '\\n' || fail "the last line is cut"
    "$DORMOUSE" timeline "$work/log" >"$work/timeline" || fail "the log is not whole"
}

# once full_console
test_full_console() {
    make_work
    [ "$LAB_HOST" != native ] || return 0
    mkdir "$work/small"
    mount -t tmpfs -o size=4k small "$work/small" || fail "cannot mount a small file system"
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --append "scenario=uart-flood lines=150" \
        --console "$work/small/out" 2>"$work/errors"
    umount "$work/small"
    expect_status 0
    expect_equal message "$(cat "$work/errors")" "dormouse: console: cannot write to $work/small/out: No space left on device; guest output is dropped until there is room"
}

# once closed_stdout
test_closed_stdout() {
    make_work
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --append scenario=version </dev/null >&- 2>"$work/errors"
    expect_status 0
    expect_equal message "$(cat "$work/errors")" "dormouse: console: cannot write to standard output: Bad file descriptor; guest output is dropped from here on"
    "$DORMOUSE" run --kernel "$LAB_BARE" --append "scenario=uart-flood lines=150" </dev/null \
        2>"$work/errors" | head -n 1 >"$work/console"
    expect_equal message "$(cat "$work/errors")" "dormouse: console: cannot write to standard output: Broken pipe; guest output is dropped from here on"
}

# once closed_everything
test_closed_everything() {
    make_work
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --append scenario=version --events "$work/events" \
        <&- >&- 2>&-
    expect_status 0
    expect_events boot off
}

# once dump_dtb
test_dump_dtb() {
    make_work
    "$DORMOUSE" run --kernel "$LAB_BARE" --cpus 4 --dump-dtb "$work/one" || fail "no device tree"
    "$DORMOUSE" run --kernel "$LAB_BARE" --cpus 4 --dump-dtb "$work/two" || fail "no second tree"
    cmp "$work/one" "$work/two" || fail "two trees of the same machine differ"
    said_like 1 "cannot write device tree /no/such/dtb: No such file or directory" \
        --kernel "$LAB_BARE" --dump-dtb /no/such/dtb
}
