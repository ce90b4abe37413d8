# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # shared with demo.sh and hyp.sh
# `./dev demo hyp`: a stock Debian guest sleeps and wakes on hyp, a hypervisor with no operating system beneath it.

demo_hyp() {
    local hyp_machine hyp_cpu=max hyp_second='' hyp_image demo_size
    demo_hyp_prepare
    cat <<'EOF'
An emulated arm64 machine starts hyp as the only thing on it: there is no Linux beneath, and no other operating system.
hyp starts a stock Debian kernel with 4 CPUs. The guest sets the alarm of its real-time clock and suspends to RAM: it
takes down all CPUs but one and calls SYSTEM_SUSPEND. libvpsci, inside hyp, checks the call and honours it, and
the machine's cores wait in hyp until the alarm. Below is the guest's console.

EOF
    demo_hyp_run
    demo_end demo_hyp_prove
}

demo_hyp_prepare() {
    local bytes
    hyp_need_all
    lab_fetch 6.12 cloud
    hyp_folder=$(mktemp -d "${TMPDIR:-/tmp}/hyp.XXXXXX")
    trap 'rm -rf "$hyp_folder"' EXIT
    make_guests "$hyp_folder" cloud
    "$hyp_image" make --kernel "$hyp_folder/cloud/vmlinuz" --initrd "$hyp_folder/cloud/initrd" --cpus 4 --name debian \
        --enable system-suspend --append 'console=ttyAMA0 quiet test=demo' "$hyp_folder/bundle" ||
        die "demo: the bundle cannot be made"
    hyp_make_machine "$hyp_folder/bundle"
    bytes=$(stat -Lc %s "$build/arm64/hyp/hyp.img")
    demo_size=$(((bytes + 1023) / 1024))
}

# Shows the guest's lines, and looks at the processor time of the emulator while there are none.
demo_hyp_run() {
    local output line='' status machine_process quiet=0 limit=$((SECONDS + 180))
    demo_guest=() demo_cpu=() demo_status=''
    exec {output}< <(exec "${hyp_machine[@]}" </dev/null 2> >(hyp_pass_errors))
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
        demo_guest_line "${line//$'\r'/}"
    done
    kill "$machine_process" 2>/dev/null || true
    demo_status=0
    wait "$machine_process" || demo_status=$?
    exec {output}<&-
    trap - TERM INT
}

# After the guest has gone to sleep: processor time in hundredths, and the time in microseconds.
demo_hyp_look() { # PID
    local stat said=''
    demo_guest_said '^GUEST: the RTC.s alarm is set' || return 0
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
    demo_guest_said '^GUEST: Linux ([^ ]+) is up, CPUs 0-3$' || true
    kernel=$said
    demo_claim "Debian's own kernel, Linux ${kernel:-?}, booted with 4 CPUs on hyp, an image of $demo_size KiB" \
        "$(yes_if test "$kernel")"
    demo_claim "it found SYSTEM_SUSPEND there: it can suspend to RAM" \
        "$(yes_if demo_guest_said '^GUEST: it can sleep like this: s2idle \[deep\]$')"
    demo_claim "it took its other CPUs down and called SYSTEM_SUSPEND" \
        "$(yes_if demo_guest_said 'psci: CPU1 killed')" "$(yes_if demo_guest_said 'psci: CPU3 killed')"
    demo_claim "asleep, the machine used next to no processor time: ${cpu% *} ms in ${cpu#* } s" \
        "$(yes_if test "${#demo_cpu[@]}" -gt 1 -a "${cpu% *}" -le 200)"
    demo_guest_said '^GUEST: awake after ([0-9]+) s, CPUs 0-3$' || true
    demo_claim "the alarm of its real-time clock woke it after ${said:-?} s, and all its CPUs came back" \
        "$(yes_if test "$said")"
    demo_claim "it continued at the entry point that it had given, and knew that it had slept" \
        "$(yes_if demo_guest_said 'crng reseeded on system resumption')"
    demo_guest_said '^GUEST: its clock is off by (-?[0-9]+) s$' || true
    demo_claim "its clock is right: off by ${said:-?} s" "$(yes_if test "$said")"
    demo_claim "it turned itself off, and hyp turned the machine off" \
        "$(yes_if demo_guest_said '^GUEST: ok$')" "$(yes_if test "$demo_status" = 0)"
    [[ ! $demo_failed ]]
}
