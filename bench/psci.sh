#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The cost of a guest's PSCI calls if dormouse answers them (user) and if KVM does (kernel), side by side, at
# 1, 8 and 64 vCPUs: a table, and build/bench-psci.json. Nothing here is a test.
#
# The lab's processor is emulated with QEMU's -icount: a nanosecond of its time is one instruction of guest,
# kernel and dormouse together. "own" is what is left of user's figure without the bare way to the monitor and
# back, which is measured beside it: dormouse's own part, its system calls included.
set -euo pipefail

here=$(dirname "$(realpath -- "$0")")
root=${here%/*}
build=${DORMOUSE_BUILD:-$root/build}
json=$build/bench-psci.json

names=(bare-exit psci-version affinity-info cpu-suspend-pending system-suspend cpu-on-to-entry)

measure() {
    "$root/dev" lab run --icount --cpus 1 --limit 1500 --in "$here/psci_lab.sh" -- sh psci_lab.sh
}

# Rows of the table: a call, then for each number of vCPUs user, kernel, own.
show() {
    local name cpus user kernel bare
    printf '%-20s' call
    for cpus in 1 8 64; do
        printf ' | %7s %7s %7s' "user $cpus" "kern. $cpus" own
    done
    printf '\n'
    for name in "${names[@]}"; do
        printf '%-20s' "$name"
        for cpus in 1 8 64; do
            user=${values[user $cpus $name]--}
            kernel=${values[kernel $cpus $name]--}
            bare=${values[user $cpus bare-exit]--}
            if [[ $user == - || $name == bare-exit ]]; then
                printf ' | %7s %7s %7s' "$user" "$kernel" -
            else
                printf ' | %7s %7s %7s' "$user" "$kernel" $((user - bare))
            fi
        done
        printf '\n'
    done
}

# What the sandbox's filter adds to each: the same with --no-sandbox, beside it in the same run.
show_filter() {
    local name who cpus with without
    printf '\n%-20s' 'filter adds'
    for cpus in 1 8; do
        printf ' | %14s %14s' "user $cpus" "kern. $cpus"
    done
    printf '\n'
    for name in "${names[@]}"; do
        printf '%-20s' "$name"
        for cpus in 1 8; do
            printf ' |'
            for who in user kernel; do
                with=${values[$who $cpus $name]--} without=${values[$who-unfiltered $cpus $name]--}
                [[ $with == - || $without == - ]] && printf ' %14s' - ||
                    printf ' %7s (%4s%%)' $((with - without)) $(((with - without) * 100 / without))
            done
        done
        printf '\n'
    done
}

write_json() {
    local key separator=''
    printf '['
    for key in "${!values[@]}"; do
        read -r who cpus name <<<"$key"
        printf '%s\n  {"psci": "%s", "cpus": %s, "name": "%s", "instructions": %s}' "$separator" \
            "$who" "$cpus" "$name" "${values[$key]}"
        separator=,
    done
    printf '\n]\n'
}

"$root/dev" build arm64 >/dev/null
echo "measuring PSCI calls on an emulated machine that counts instructions; usually 4 minutes" >&2
declare -A values=()
while read -r who cpus name value; do
    echo "  $who $cpus $name $value" >&2
    values["$who $cpus $name"]=$value
done < <(measure)
((${#values[@]} > 0)) || {
    echo "nothing could be measured" >&2
    exit 1
}
show
show_filter
write_json >"$json"
echo "written to $json" >&2
