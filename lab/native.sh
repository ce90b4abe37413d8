# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The lab on an arm64 machine with KVM: the command runs on this machine.

lab_check_native() {
    if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
        die "lab: no permission to use /dev/kvm: join its group (sudo adduser $(id -un) kvm)" \
            "and log in again"
    fi
    if [[ $lab_host_chosen ]]; then
        say "lab: this machine's own kernel, $(uname -r), is the host; --host is ignored"
    fi
}

lab_native() {
    local status=0 programs=$build/arm64${lab_sanitize:+-$lab_sanitize}
    mkdir "$run/work" "$run/tmp"
    make_guests "$run/guests" "${lab_guests[@]}"
    ((${#lab_ins[@]} == 0)) || cp -a -t "$run/work" -- "${lab_ins[@]}"
    export DORMOUSE=$programs/vmm/dormouse LAB_GUEST=$run/guests/${lab_guests[0]} \
        LAB_GUESTS=$run/guests LAB_BARE=$build/arm64/tests/lab/guest/bare/guest.img \
        LAB_CHECK=$build/arm64/check/image/vpsci-check.img \
        LAB_EXAMPLES=$build/arm64/examples LAB_TOOLS=$build/arm64/tests/lab LAB_TESTS=$root/tests/lab \
        LAB_UNITS=$build/arm64/systemd LAB_AGENT=$root/fleet/ocf/vm LAB_TMP=$run/tmp \
        LAB_HOST=native \
        PATH=$programs/vmm:$programs/tests/lab:$build/arm64/tests/lab:$build/arm64/check/tool:$PATH
    [[ ! $lab_disk ]] || export LAB_DISK=$lab_disk LAB_KEY=$build/lab/key/id
    [[ ! $lab_sanitize ]] || eval "$(sanitize_settings)"
    cd "$run/work"
    if [[ $lab_mode == shell ]]; then
        say "lab: this machine is the lab; exit leaves it"
        "${SHELL:-/bin/sh}" || status=$?
    else
        lab_native_run || status=$?
    fi
    cd "$OLDPWD"
    lab_take_out "$run/work" || status=$((status ? status : $?))
    return "$status"
}

# `timeout` gives the command a process group of its own, and ends the whole group.
lab_native_run() {
    local status=0 start=$SECONDS
    timeout -k 5 "$lab_limit" "${lab_words[@]}" </dev/null {lab_lock}<&- &
    lab_pid=$!
    wait "$lab_pid" || status=$?
    lab_pid=''
    if ((status == 124 && SECONDS - start >= lab_limit)); then
        complain "lab: the command exceeded the limit of $lab_limit s and was stopped"
    fi
    return "$status"
}
