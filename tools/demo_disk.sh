# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev demo disk`: shows a whole Debian become a file and answer by SSH, and says what the run proved.

demo_disk() {
    demo_prepare disks
    image_make_for_lab
    cat <<'EOF'
A stock Debian boots from its disk on dormouse: systemd, an SSH server, and a program that counts. It suspends to
RAM. Its memory goes to the file vm.saved, and dormouse only holds its network and its clock. Then dormouse is
killed. Another one takes the file, and holds the sleeping guest as the first one did. An SSH connection wakes it.
Below are dormouse's events, with the time since its start. Lines after > are the operator's.

EOF
    demo_run disk_in_lab.sh --disk --limit 1500
    demo_end demo_disk_prove
}

# Prints the text after that beginning of a line that was found, or nothing.
demo_disk_found() { # "BEGINNING OF A LINE"
    local line
    for line in "${demo_found[@]}"; do
        if [[ $line == "$1 "* ]]; then
            printf '%s' "${line#"$1 "}"
            return
        fi
    done
}

# Hundredths of a second as seconds.
demo_disk_seconds() { # NAME-OF-A-FACT
    local hundredths
    hundredths=$(demo_disk_found "fact $1")
    demo_seconds $((${hundredths:-0} * 10000000))
}

# Whether something was found before the sleep, and the same after it.
demo_disk_same() { # NAME
    local before
    before=$(demo_disk_found "before $1")
    [[ $before && $before == "$(demo_disk_found "after $1")" ]]
}

# Prints how many services ran before the sleep; fails if one of them is not the same process after it.
demo_disk_services() {
    local line count=0
    for line in "${demo_found[@]}"; do
        [[ $line == "before service "* ]] || continue
        count=$((count + 1))
        [[ $(printf '%s\n' "${demo_found[@]}") == *$'\n'"after ${line#before }"$'\n'* ]] || return
    done
    ((count > 3)) && echo "$count"
}

# The file, and the dormouse that dies.
demo_disk_prove_file() {
    local checked
    demo_claim "$(demo_disk_found 'fact system') booted from its disk, and went to sleep by SYSTEM_SUSPEND" \
        "$(yes_if test "$(demo_field suspend-honoured event)")" "$(yes_if test "$(demo_field asleep event)")"
    checked=$(demo_disk_found 'fact checked')
    demo_claim "its memory of 1 GiB became a file of $(demo_disk_found 'fact image') MiB, which ${checked:-?}" \
        "$(yes_if test "$(demo_field saved file)")" "$(yes_if test "$checked")"
    demo_claim "dormouse then had $(demo_disk_found 'fact resident') KiB of memory, and was killed by SIGKILL" \
        "$(yes_if test "$(demo_disk_found 'fact killed')" = 137)"
    demo_claim "another dormouse read the file $(demo_seconds "$(demo_disk_age)") s after it was written; the guest slept on" \
        "$(yes_if test "$(demo_count boot)" = 2)" "$(yes_if test "$(demo_disk_age)" -gt 5000000000)" \
        "$(yes_if test "$(demo_disk_found 'fact wakes')" = 0)"
}

demo_disk_age() {
    local age
    age=$(demo_field restored saved_ns)
    echo "${age:-0}"
}

# The guest that wakes.
demo_disk_prove_guest() {
    local services program cached clock before after
    services=$(demo_disk_services) || services=''
    read -r program _ <<<"$(demo_disk_found 'after program')"
    before=$(demo_disk_found 'before count') after=$(demo_disk_found 'after count')
    cached=$(demo_disk_found 'after cached')
    clock=$(demo_disk_found 'fact clock_after')
    demo_claim "the first packet of an SSH connection woke it, and SSH answered after $(demo_disk_seconds answered) s" \
        "$(yes_if test "$(demo_count wake)" = 1)" "$(yes_if demo_any wake '"source":"net"')"
    demo_claim "it was not started again: its boot ID is the same, and its ${services:-?} services have their processes" \
        "$(yes_if demo_disk_same boot)" "$(yes_if test "$services")"
    demo_claim "the program with PID ${program:-?} knows what only its memory had, and counts on: ${before:-?}, ${after:-?}" \
        "$(yes_if demo_disk_same program)" "$(yes_if test "$before" -a "${after:-0}" -gt "${before:-0}")"
    demo_claim "the ${cached:-?} pages of a file are still in its page cache, and their content is the same" \
        "$(yes_if test "${cached:-0}" = 2048)" "$(yes_if demo_disk_same cached)" "$(yes_if demo_disk_same sum)"
    demo_claim "its clock is right: off by at most $(demo_disk_seconds clock_after) s, $(demo_disk_seconds clock_before) s before" \
        "$(yes_if test "${clock:-1000}" -le 100)"
}

demo_disk_prove() {
    local demo_failed=''
    printf '\nWhat this run proves:\n'
    demo_disk_prove_file
    demo_disk_prove_guest
    demo_claim "the file cannot be restored twice by accident: it has become vm.saved.restored" \
        "$(yes_if test "$(demo_disk_found 'fact left')" = vm.saved.restored)"
    demo_claim "it turned itself off, dormouse ended with status 0, and its file system is clean" \
        "$(yes_if test "$(demo_field off kind)" = off)" "$(yes_if test "$demo_status" = 0)" \
        "$(yes_if test "$(demo_disk_found 'fact clean')" = yes)"
    [[ ! $demo_failed ]]
}
