# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The lab in QEMU: an arm64 machine with EL2, so that its Linux has a real /dev/kvm.
#
# Input of the machine is part of the initramfs. Its output goes through virtio ports into files of the run's folder. A
# file never makes QEMU wait or drop bytes, however slow the reader of the output is.

lab_emulated() {
    local kernel qemu
    kernel=$(kernel_folder "$(kernel_of_host "$lab_host")")
    find_qemu
    lab_make_initrd "$kernel"
    if [[ $lab_mode == shell ]]; then
        lab_join_terminal
    fi
    lab_start_qemu "$kernel/vmlinuz"
    lab_watch_qemu &
    lab_watch=$!
    lab_follow
    if ! lab_wait; then
        return 141 # As if a closed pipe had ended the command itself.
    fi
    lab_finish
}

# Waits for the end of the machine. Fails if the reader of the output has closed it. Signals that are
# trapped, such as a change of the terminal's size, interrupt a wait, hence the loop.
lab_wait() {
    while all_alive "$lab_pid"; do
        wait -n "$lab_pid" "${lab_followers[@]}" 2>/dev/null || true
        if ! all_alive "${lab_followers[@]}"; then
            pause 0.3 # They may have noticed the machine's end first.
            all_alive "$lab_pid" && return 1
        fi
    done
    lab_pid=''
}

# Creates the folder of the run's initramfs, with symbolic links to existing files.
lab_make_initrd() { # KERNEL-FOLDER
    local tree=$run/tree guest
    mkdir -p "$tree"/{bin,dev,etc,lib,proc,run,sys,tmp,usr,work} "$tree"/lab/{bin,examples,guests,tools,tests,units/user}
    ln -s "$root/lab/host/init" "$tree/init"
    ln -s "$1/busybox" "$tree/bin/busybox"
    ln -s "$1/busybox" "$tree/bin/sh"
    ln -s "$1/modules" "$tree/lib/modules"
    lab_link_dormouse "$tree"
    make_guests "$run/guests" "${lab_guests[@]}"
    ln -s "$run/guests"/* "$tree/lab/guests/"
    lab_link_tests "$tree/lab"
    [[ ! $lab_disk ]] || ln -s "$build/lab/key/id" "$tree/lab/key"
    lab_write_settings "$tree/lab"
    {
        make_cpio "$tree" -L
        # Files of --in keep their symbolic links.
        if ((${#lab_ins[@]})); then
            mkdir -p "$run/in/work"
            cp -a -t "$run/in/work" -- "${lab_ins[@]}"
            make_cpio "$run/in"
        fi
    } >"$run/initrd"
}

# Under a sanitizer, the initramfs also has its libraries and their loader, where the program looks for them.
lab_link_dormouse() { # TREE
    local folder=$build/arm64${lab_sanitize:+-$lab_sanitize}
    ln -s "$folder/vmm/dormouse" "$1/lab/bin/dormouse"
    [[ $lab_sanitize ]] || return 0
    ln -s "$folder/tests/lab/mistakes" "$1/lab/tools/mistakes"
    mkdir "$1/lab/lib"
    sanitize_make_libraries
    sanitize_link_libraries "$folder/vmm/dormouse" "$1/lab/lib"
}

lab_link_tests() { # LAB-FOLDER
    local file
    for file in "$root"/tests/lab/*.sh; do
        [[ -e $file ]] && ln -s "$file" "$1/tests/"
    done
    ln -s "$root/tests/lab/images" "$1/tests/images"
    ln -s "$root/fleet/ocf/vm" "$1/agent"
    if [[ -e $build/arm64/tests/lab/guest/bare/guest.img ]]; then
        ln -s "$build/arm64/tests/lab/guest/bare/guest.img" "$1/bare.img"
        ln -s "$build/arm64/tests/lab/guest/bare/guest.elf" "$1/bare.elf"
    fi
    if [[ -e $build/arm64/check/image/vpsci-check.img ]]; then
        ln -s "$build/arm64/check/image/vpsci-check.img" "$1/vpsci-check.img"
    fi
    for file in "$build"/arm64/systemd/*; do
        [[ ! -f $file ]] || ln -s "$file" "$1/units/"
    done
    for file in "$build"/arm64/systemd/user/*.service; do
        [[ ! -f $file ]] || ln -s "$file" "$1/units/user/"
    done
    for file in "$build"/arm64/examples/monitor{,.dtb}; do
        [[ ! -e $file ]] || ln -s "$file" "$1/examples/"
    done
    for file in "$build"/arm64/tests/lab/* "$build"/arm64/check/tool/vpsci-check; do
        if [[ -f $file && -x $file ]]; then
            ln -s "$file" "$1/tools/"
        fi
    done
}

lab_write_settings() { # LAB-FOLDER
    local size='' limit=0
    [[ $lab_mode == run ]] || size=$(stty size)
    # With --icount the lab's clock counts instructions, so only ./dev can enforce the limit.
    [[ $lab_icount ]] || limit=${lab_limit:-0}
    cat >"$1/env" <<EOF
export DORMOUSE=/lab/bin/dormouse LAB_GUEST=/lab/guests/${lab_guests[0]} LAB_GUESTS=/lab/guests
export LAB_BARE=/lab/bare.img LAB_CHECK=/lab/vpsci-check.img LAB_EXAMPLES=/lab/examples LAB_TOOLS=/lab/tools
export LAB_TESTS=/lab/tests LAB_UNITS=/lab/units LAB_AGENT=/lab/agent LAB_TMP=/tmp LAB_HOST=$lab_host PATH=/lab/bin:/lab/tools:/usr/bin:/bin TERM=$(quote_words "${TERM:-dumb}")
EOF
    [[ ! $lab_disk ]] || echo "export LAB_DISK=/dev/vdb LAB_KEY=/lab/key" >>"$1/env"
    [[ ! $lab_sanitize ]] || sanitize_settings >>"$1/env"
    cat >"$1/run" <<EOF
mode=$([[ $lab_mode == run ]] && echo command || echo shell)
limit=$limit
size='$size'
outs=$(quote_words "$(quote_words "${lab_outs[@]}")")
EOF
    printf 'exec %s\n' "$(quote_words "${lab_words[@]}")" >"$1/command"
}

lab_start_qemu() { # VMLINUZ
    local accel=tcg,thread=multi
    # shellcheck disable=SC2054 # commas within words
    local words=(-nodefaults -no-user-config -no-reboot -display none
        -M 'virt,virtualization=on,gic-version=3'
        # Without features that no guest is given: emulating them costs a quarter of the time.
        -cpu max,pauth=off,sve=off,sme=off,lpa2=off
        -smp "$lab_cpus" -m "$lab_memory" -kernel "$1" -initrd initrd
        # A panic ends the machine at once, with its report on the serial line.
        -append 'console=ttyAMA0 quiet panic=-1 oops=panic'
        -serial file:kernel.log
        # Without ioeventfd a write of the emulated machine returns when the bytes are in the file, so none are
        # lost when it powers off.
        -device virtio-serial-pci,ioeventfd=off
        -chardev file,id=out,path=out -device virtserialport,nr=1,chardev=out
        -chardev file,id=err,path=err -device virtserialport,nr=2,chardev=err
        -chardev file,id=results,path=results -device virtserialport,nr=3,chardev=results
        -chardev file,id=files,path=files.tar -device virtserialport,nr=4,chardev=files
        # Behind the ports, whose names have the number of their device.
        -drive "if=none,id=tools,format=raw,readonly=on,file=$build/lab/debian/trixie-usr/disk"
        -device virtio-blk-pci,drive=tools,serial=tools)
    if [[ $lab_disk ]]; then
        # shellcheck disable=SC2054
        words+=(-drive "if=none,id=disk,format=raw,readonly=on,file=$lab_disk"
            -device virtio-blk-pci,drive=disk,serial=disk)
    fi
    if [[ $lab_icount ]]; then
        accel=tcg,thread=single
        words+=(-icount 'shift=0,sleep=off')
    fi
    words+=(-accel "$accel")
    if [[ $lab_mode == shell ]]; then
        # shellcheck disable=SC2054
        words+=(-chardev pipe,id=keys,path=terminal -device virtconsole,nr=0,chardev=keys
            -chardev pipe,id=size,path=size -device virtserialport,nr=5,chardev=size)
    fi
    touch "$run/out" "$run/err" "$run/results"
    (cd "$run" && exec setpriv --pdeathsig KILL "${qemu[@]}" "${words[@]}") \
        </dev/null >"$run/qemu.log" 2>&1 &
    lab_pid=$!
}

# Sets this terminal to raw mode, so that all keys go to the lab, and passes on changes of its size.
lab_join_terminal() {
    mkfifo "$run/terminal.in" "$run/terminal.out" "$run/size"
    exec {lab_size}<>"$run/size"
    trap 'stty size >&"$lab_size"' WINCH
    stty raw -echo
    cat </dev/tty >"$run/terminal.in" &
    lab_helpers+=($!)
    cat <"$run/terminal.out" >/dev/tty &
    lab_followers+=($!)
}

# Ends the machine if it does not start, or runs longer than its limit. The lab's host enforces the
# limit itself and still lets files out; this is for the case that the host hangs.
lab_watch_qemu() {
    trap - EXIT INT TERM HUP WINCH
    local start=$SECONDS parent=$$ grace=20
    [[ ! $lab_icount ]] || grace=0
    until grep -q '^up' "$run/results"; do
        if ((SECONDS - start > 120)); then
            echo 'did not start within 120 s' >"$run/ended"
            kill -KILL "$lab_pid" 2>/dev/null
            return
        fi
        pause 1
        all_alive "$lab_pid" || return 0
    done
    start=$SECONDS
    [[ $lab_limit ]] || return 0
    while all_alive "$parent" "$lab_pid"; do
        if ((SECONDS - start > lab_limit + grace)); then
            echo expired >>"$run/results"
            echo 'does not answer any more' >"$run/ended"
            kill -KILL "$lab_pid" 2>/dev/null
            return
        fi
        pause 1
    done
}

# Shows the command's output as it comes and to its end: tail reads once more after the end of
# the machine.
lab_follow() {
    local follow=(tail -q -c +1 -f -s 0.1 "--pid=$lab_pid")
    "${follow[@]}" "$run/out" &
    lab_followers+=($!)
    "${follow[@]}" "$run/err" >&2 &
    lab_followers+=($!)
}

# Reads the results of the lab's host, reports them, and takes files out.
lab_finish() {
    local status='' expired='' line
    wait "${lab_followers[@]}" || true
    lab_followers=()
    while IFS= read -r line; do
        case $line in
        "status "*) status=${line#status } ;;
        expired) expired=yes ;;
        "kernel "*) complain "lab: the host's kernel said: ${line#kernel }" ;;
        esac
    done <"$run/results"
    if [[ $expired && $lab_icount ]]; then
        status=124
    elif [[ ! $status ]]; then
        lab_tell_failure
        status=125
    else
        lab_take_files || status=$((status ? status : 125))
    fi
    if [[ $expired ]]; then
        complain "lab: the command exceeded the limit of $lab_limit s and was stopped"
        status=124
    fi
    return "$status"
}

lab_take_files() {
    ((${#lab_outs[@]})) || return 0
    mkdir "$run/files"
    if [[ -s $run/files.tar ]]; then
        tar -x -C "$run/files" --no-same-owner -f "$run/files.tar" || return
    fi
    lab_take_out "$run/files"
}

# The machine ended without a result: its kernel crashed, it hung, or QEMU failed.
lab_tell_failure() {
    local how='ended before the command'
    if [[ -e $run/ended ]]; then
        how=$(<"$run/ended")
    elif grep -q 'Kernel panic' "$run/kernel.log" 2>/dev/null; then
        how='crashed'
    fi
    complain "lab: the emulated machine (Linux $lab_host) $how; its last messages:"
    show_tail "$run/kernel.log" 40
    show_tail "$run/qemu.log" 10
}
