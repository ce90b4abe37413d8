#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# xen_console.sh COMMAND [ARGUMENT]...
#
# Runs COMMAND, a machine on whose serial line Xen starts one guest and no dom0, and makes that line the
# guest's own: what the guest prints goes out without Xen's prefix, what comes in goes to the guest, and
# the end of the guest is the end of the machine.
#
# Xen shows what the guest with the input prints as it comes, each line behind "(XEN) ". Of a guest that has
# no input it collects lines, and breaks long ones; so the guest has the input all the time but for moments
# when it has long been silent. Nothing in such a Xen acts on a guest that turns itself off or resets itself:
# its vCPUs just stop. Xen's debug key q shows that: all are paused, also those that PSCI has turned off.
set -euo pipefail

# Silence, in seconds, until the guest's vCPUs are looked at: a shorter one where the image has said that it
# is about to end or to reset its machine. And silence until no more of an answer is expected.
long_silence=3
short_silence=1
silence=$long_silence
answer=2
switch=$'\001\001\001'
focus=''

coproc machine { exec setpriv --pdeathsig KILL "$@"; }
# shellcheck disable=SC2154 # the shell sets it
machine_process=$machine_PID
exec {from}<&"${machine[0]}" {to}>&"${machine[1]}" {input}<&0
# Any way out ends the machine, and the process that hands the input on.
trap 'kill -KILL "$machine_process" "${relay-}" 2>/dev/null || true' EXIT
trap 'exit 143' TERM INT HUP

# Xen up to 4.17 gives the input to a dom0 first, even if there is none: one switch, before the guest runs,
# makes up for that.
note_xen() { # LINE
    case $1 in
    "(XEN) *** Serial input to "*)
        focus=${1#"(XEN) *** Serial input to "}
        focus=${focus%% *}
        ;;
    "(XEN) Xen version 4."[0-9].* | "(XEN) Xen version 4.1"[0-7].*)
        printf '%s' "$switch" >&"$to"
        ;;
    esac
}

# Sets `line`; 1 at the end of the machine, 2 when nothing came in time. What came of a line that is not
# complete is kept for the next time.
partial=''
next_line() { # SECONDS
    local status=0
    IFS= read -r -t "$1" -u "$from" line || status=$?
    partial+=$line
    if ((status > 128)); then
        return 2
    fi
    line=${partial//$'\r'/}
    partial=''
    ((status == 0))
}

show() {
    line=${line#"(XEN) "}
    line=${line#"DOM1: "}
    line=${line#"(d1) "}
    case $line in
    "# end" | "# fresh "* | "# log "*) silence=$short_silence ;;
    *) silence=$long_silence ;;
    esac
    printf '%s\n' "$line"
}

# Moves the input on until it is there.
switch_to() { # Xen|DOM1
    local tries=0
    while [[ $focus != "$1" ]] && ((tries++ < 4)); do
        printf '%s' "$switch" >&"$to"
        while next_line "$answer"; do
            note_xen "$line"
            case $line in
            "(XEN) *** Serial input to "*) break ;;
            *) show ;;
            esac
        done
    done
    [[ $focus == "$1" ]]
}

# Whether all vCPUs of the guest have stopped for good. Its output is still shown.
guest_has_stopped() {
    local vcpus=0 stopped=0
    switch_to Xen || return 1
    printf q >&"$to"
    while next_line "$answer"; do
        case ${line#"(XEN) "} in
        "DOM1: "* | "(d1) "*) show ;;
        *pause_count=*pause_flags=*)
            vcpus=$((vcpus + 1))
            [[ $line == *pause_count=0\ * ]] || stopped=$((stopped + 1))
            ;;
        esac
    done
    if ((vcpus > 0 && stopped == vcpus)); then
        return 0
    fi
    switch_to DOM1
    return 1
}

# Xen has room for 32 bytes of a guest's input, and drops what is more.
hand_on() { # TEXT
    local text=$1
    while [[ $text ]]; do
        printf '%s' "${text:0:8}" >&"$to"
        text=${text:8}
        read -rt 0.01 <> <(:) || true
    done
}

while IFS= read -r -u "$input" line; do
    hand_on "$line"$'\n'
done &
relay=$!

line=''
while true; do
    status=0
    next_line "$silence" || status=$?
    if ((status == 0)); then
        note_xen "$line"
        show
    elif ((status == 1)); then
        break
    elif [[ $focus == DOM1 ]] && guest_has_stopped; then
        echo "xen_console.sh: all vCPUs of the guest have stopped for good; ending the machine"
        break
    fi
done
