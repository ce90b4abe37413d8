#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures dormouse in the lab, prints a table and writes build/bench.json. Nothing here is a test:
# whether an aim is met is shown, and the status is 0 either way.
#
# The lab's processor is emulated with QEMU's -icount: a nanosecond of its time is one instruction,
# of dormouse, its kernel and the guest together. On a real machine a nanosecond is just that.
set -euo pipefail

here=$(dirname "$(realpath -- "$0")")
root=${here%/*}
build=${DORMOUSE_BUILD:-$root/build}
json=$build/bench.json

# A figure's name, aim ("-" for none) and meaning.
figures() {
    cat <<'EOF'
exec-to-guest|3000000|from exec of dormouse to the guest's first instruction
exec-to-guest-calls|-|system calls during that start
exec-to-guest-devices|3000000|the same two with a disk and a tap
exec-to-guest-devices-calls|-|
exec-to-guest-no-sandbox|-|the first two without the sandbox
exec-to-guest-no-sandbox-calls|-|
memory-resident|1024|resident memory beyond the guest's own, guest idle
memory-anonymous|-|the anonymous part of that, which no other process shares
memory-resident-devices|-|the same two with a disk and a tap, both in use
memory-anonymous-devices|1536|
idle-10s|-|10 s with an idle guest of one vCPU, including the guest
suspend-to-asleep-rtc|-|Linux: from the exit with SYSTEM_SUSPEND until nothing of the VM runs
wake-to-entry-rtc|-|Linux: from the expiry of the RTC's alarm to the guest's entry
suspend-to-asleep-irq|-|bare metal: the same two, woken by the guest's own timer
wake-to-entry-irq|-|
asleep-60s|0|processor time of 60 s asleep
asleep-60s-devices|0|the same with a disk and a tap
EOF
}

measure() {
    "$root/dev" lab run --icount --cpus 1 --limit 1500 --in "$here/lab.sh" \
        --in "$build/arm64/bench/until_guest" -- sh lab.sh start idle idle_time sleep sleep_irq asleep
}

# Turns lines NAME VALUE UNIT into a table on standard output and JSON in a file.
show() {
    local name aim meaning value unit separator=''
    printf '%-30s %12s %-12s %10s  %s\n' figure value unit aim meaning
    {
        printf '['
        while IFS='|' read -r name aim meaning; do
            read -r value unit <<<"${values[$name]-not-measured -}"
            printf '%-30s %12s %-12s %10s  %s\n' "$name" "$value" "$unit" "$aim" "$meaning" >&3
            printf '%s\n  {"name": "%s", "value": %s, "unit": "%s"}' "$separator" "$name" \
                "$([[ $value == not-measured ]] && echo null || echo "$value")" "$unit"
            separator=,
        done < <(figures)
        printf '\n]\n'
    } 3>&1 >"$json"
}

"$root/dev" build arm64 >/dev/null
echo "measuring on an emulated machine that counts instructions; usually 10 minutes" >&2
declare -A values=()
while read -r name value unit; do
    echo "  $name $value $unit" >&2
    values[$name]="$value $unit"
done < <(measure)
show
echo "written to $json" >&2
((${#values[@]} == $(figures | wc -l))) || {
    echo "some figures could not be measured" >&2
    exit 1
}
