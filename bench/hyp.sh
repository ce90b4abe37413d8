#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What a guest's PSCI calls and interrupts cost under hyp, and beside it under KVM, Xen and Trusted Firmware: a table,
# and build/bench-hyp.json. Nothing here is a test.
#
# The same program measures on all of them, by the virtual counter of a machine that QEMU's -icount makes: a nanosecond
# of its time is one instruction of guest and server together. Trusted Firmware's guest is at EL2, as a kernel is.
set -euo pipefail

here=$(dirname "$(realpath -- "$0")")
root=${here%/*}
build=${DORMOUSE_BUILD:-$root/build}
json=$build/bench-hyp.json

servers=(hyp kvm-6.12 xen-4.20 tf-a-2.12)
names=(psci-version affinity-info cpu-suspend-pending system-suspend cpu-on-to-first timer-interrupt sgi-to-self)
declare -A aims=([psci-version]=200 [affinity-info]=299 [cpu-suspend-pending]=288 [cpu-on-to-first]=2000)

# Lines NAME INSTRUCTIONS.
measure() { # SERVER
    local image=$build/arm64/tests/lab/guest/bare/guest.img
    "$root/dev" check-peers --boot "$1" --icount --limit 900 --image "$image" --append scenario=bench-calls \
        </dev/null 2>"$build/bench-hyp.log" | tr -d '\r' | sed -n 's/^# bench //p'
}

show() {
    local name server
    printf '%-20s' call
    printf ' %10s' "${servers[@]}" aim
    printf '\n'
    for name in "${names[@]}"; do
        printf '%-20s' "$name"
        for server in "${servers[@]}"; do
            printf ' %10s' "${values[$server $name]--}"
        done
        printf ' %10s\n' "${aims[$name]--}"
    done
}

# Bytes of the image, of all memory that hyp has beside the VMs', and lines of code.
show_size() {
    local elf=$build/arm64/hyp/hyp.elf text data bss
    read -r text data bss _ < <(size "$elf" | tail -n 1)
    printf '\n%-20s %10s   (aim 65536)\n' 'image, bytes' "$(stat -c %s "${elf%.elf}.img")"
    printf '%-20s %10s\n' 'memory, bytes' $((text + data + bss))
    printf '%-20s %10s   (aim 3500)\n' 'lines of hyp/' \
        "$(cat "$root"/hyp/{core,arch,board}/*.[chS] | wc -l)"
}

write_json() {
    local key separator=''
    printf '['
    for key in "${!values[@]}"; do
        printf '%s\n  {"server": "%s", "name": "%s", "instructions": %s}' "$separator" "${key% *}" "${key#* }" \
            "${values[$key]}"
        separator=,
    done
    printf '\n]\n'
}

"$root/dev" build arm64 >/dev/null
"$root/dev" build hyp >/dev/null
echo "measuring on emulated machines that count instructions; usually 4 minutes" >&2
declare -A values=()
for server in "${servers[@]}"; do
    while read -r name value; do
        echo "  $server $name $value" >&2
        values["$server $name"]=$value
    done < <(measure "$server")
    [[ ${values[$server psci-version]-} ]] || {
        echo "$server could not be measured; the last of $build/bench-hyp.log:" >&2
        tail -n 5 "$build/bench-hyp.log" >&2
        exit 1
    }
done
show
show_size
write_json >"$json"
echo "written to $json" >&2
