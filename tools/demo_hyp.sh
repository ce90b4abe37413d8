# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # shared with demo.sh and hyp.sh
# `./dev demo hyp`: a stock Debian guest sleeps and wakes on hyp, a hypervisor with no operating system beneath it.

demo_hyp() {
    local hyp_machine hyp_cpu=max hyp_second='' hyp_image demo_size
    demo_hyp_prepare
    cat <<'EOF'
An emulated arm64 machine starts hyp as the only thing on it: there is no Linux beneath, and no other operating system.
hyp has two VMs. One is a stock Debian kernel with 3 CPUs. The other one, a small program, decides for it, as user space
decides for a guest of KVM. Debian sets the alarm of its real-time clock and suspends to RAM: it takes down all CPUs but
one and calls SYSTEM_SUSPEND. libvpsci, inside hyp, checks the call, and the deciding VM refuses it the first time and
honours it the second time. Lines after a bar are Debian's console, after a star that of the deciding VM.

EOF
    demo_hyp_run
    demo_end demo_hyp_prove
}

demo_hyp_prepare() {
    local bytes
    hyp_need_all
    build_for arm64 # For the VM that decides.
    lab_fetch 6.12 cloud
    hyp_folder=$(mktemp -d "${TMPDIR:-/tmp}/hyp.XXXXXX")
    trap 'rm -rf "$hyp_folder"' EXIT
    make_guests "$hyp_folder" cloud
    printf '%s\n' "kernel = $hyp_folder/cloud/vmlinuz" "initrd = $hyp_folder/cloud/initrd" 'cpus = 3' \
        'enable = system-suspend' 'suspend = control' 'held = yes' \
        'append = console=ttyAMA0 quiet test=demo refused=yes' >"$hyp_folder/debian.conf"
    printf '%s\n' "kernel = $build/arm64/tests/lab/guest/bare/guest.img" 'memory = 64M' 'control = yes' \
        'append = scenario=hyp-keeper event=46 vm=0' >"$hyp_folder/keeper.conf"
    "$hyp_image" make --vm "$hyp_folder/debian.conf" --vm "$hyp_folder/keeper.conf" "$hyp_folder/bundle" ||
        die "demo: the bundle cannot be made"
    hyp_second=/dev/fd/3
    hyp_make_machine "$hyp_folder/bundle"
    bytes=$(stat -Lc %s "$build/arm64/hyp/hyp.img")
    demo_size=$(((bytes + 1023) / 1024))
}

# Shows the guest's lines, and looks at the processor time of the emulator while there are none.
demo_hyp_run() {
    local output line='' status machine_process quiet=0 limit=$((SECONDS + 180))
    demo_guest=() demo_cpu=() demo_keeper=() demo_status=''
    # QEMU writes character by character; sed writes lines, so that none is inside of another.
    exec {output}< <(exec "${hyp_machine[@]}" </dev/null 2> >(hyp_pass_errors) \
        3> >(exec sed -u 's/^/keeper /') > >(exec sed -u 's/\r$//'))
    machine_process=$!
    trap 'kill "$machine_process" 2>/dev/null || true; wait; exit 143' TERM
    trap 'wait; printf "\n"; say "demo: stopped by Ctrl-C; nothing of it is left"; exit 130' INT
    while ((SECONDS < limit)); do
        status=0
        IFS= read -r -t 0.5 -u "$output" line || status=$?
        if ((status > 128)); then
            quiet=$((quiet + 1))
            ((quiet < 3)) || demo_hyp_look "$machine_process"
            continue # With what was read of a line so far, if anything; the guest writes whole lines.
        elif ((status)); then
            break
        fi
        quiet=0
        line=${line//$'\r'/}
        case $line in
        "keeper "*) demo_hyp_keeper_line "${line#keeper }" ;;
        *) demo_guest_line "$line" ;;
        esac
    done
    kill "$machine_process" 2>/dev/null || true
    demo_status=0
    wait "$machine_process" || demo_status=$?
    exec {output}<&-
    trap - TERM INT
}

# Shows what the deciding VM says that it does.
demo_hyp_keeper_line() { # TEXT
    demo_keeper+=("$1")
    case $1 in
    "# it "*) printf '%13s %s\n' '*' "${1#??}" ;;
    esac
}

demo_keeper_said() { # PATTERN
    printf '%s\n' "${demo_keeper[@]}" | grep -qE -- "$1"
}

# After the guest has gone to sleep: processor time in hundredths, and the time in microseconds.
demo_hyp_look() { # PID
    local stat said=''
    demo_keeper_said '^# it is asleep$' || return 0
    demo_guest_said '^GUEST: awake' && return 0
    read -ra stat <"/proc/$1/stat" 2>/dev/null || return 0
    demo_cpu+=("$((stat[13] + stat[14])) ${EPOCHREALTIME/[.,]/}")
}

# Prints the processor time of the emulator while the guest slept: "MILLISECONDS SECONDS".
demo_hyp_time() {
    local first last
    read -ra first <<<"${demo_cpu[0]-0 0}"
    read -ra last <<<"${demo_cpu[-1]-0 0}"
    printf '%d ' $(((last[0] - first[0]) * 10))
    demo_seconds $(((last[1] - first[1]) * 1000))
}

demo_hyp_prove() {
    local said='' kernel cpu demo_failed=''
    cpu=$(demo_hyp_time)
    printf '\nWhat this run proves:\n'
    demo_guest_said '^GUEST: Linux ([^ ]+) is up, CPUs 0-2$' || true
    kernel=$said
    demo_claim "Debian's own kernel, Linux ${kernel:-?}, booted with 3 CPUs on hyp, an image of $demo_size KiB" \
        "$(yes_if test "$kernel")"
    demo_claim "it found SYSTEM_SUSPEND there: it can suspend to RAM" \
        "$(yes_if demo_guest_said '^GUEST: it can sleep like this: s2idle \[deep\]$')"
    demo_claim "it called SYSTEM_SUSPEND, the other VM refused, and it continued with all its CPUs" \
        "$(yes_if demo_keeper_said '^# it asks to sleep, .*: refused$')" \
        "$(yes_if demo_guest_said '^GUEST: its sleep was refused; it goes on, CPUs 0-2$')"
    demo_claim "it took its other CPUs down and called SYSTEM_SUSPEND again; that was honoured" \
        "$(yes_if demo_guest_said 'psci: CPU2 killed')" \
        "$(yes_if demo_keeper_said '^# it asks to sleep, .*: honoured$')" \
        "$(yes_if demo_keeper_said '^# it is asleep$')"
    demo_claim "asleep, the machine used next to no processor time: ${cpu% *} ms in ${cpu#* } s" \
        "$(yes_if test "${#demo_cpu[@]}" -gt 1 -a "${cpu% *}" -le 200)"
    demo_guest_said '^GUEST: awake after ([0-9]+) s, CPUs 0-2$' || true
    demo_claim "the alarm of its real-time clock woke it after ${said:-?} s, and all its CPUs came back" \
        "$(yes_if test "$said")" "$(yes_if demo_keeper_said '^# it was woken by an interrupt$')"
    demo_claim "it continued at the entry point that it had given, and knew that it had slept" \
        "$(yes_if demo_guest_said 'crng reseeded on system resumption')"
    demo_guest_said '^GUEST: its clock is off by (-?[0-9]+) s$' || true
    demo_claim "its clock is right: off by ${said:-?} s" "$(yes_if test "$said")"
    demo_claim "it turned itself off, and after the other VM had ended too, hyp turned the machine off" \
        "$(yes_if demo_guest_said '^GUEST: ok$')" "$(yes_if test "$demo_status" = 0)"
    [[ ! $demo_failed ]]
}
