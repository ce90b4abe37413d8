#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What it costs that a sleeping VM is a file: to save and to restore it, beside QEMU's migration of the same guest to a
# file and back on the same kernel, and what a VM needs and how it answers at each depth of its sleep. Prints a table,
# and writes build/bench-image.json. Nothing here is a test.
#
# The lab's processor is emulated with QEMU's -icount: a nanosecond of its time is one instruction of guest, kernel and
# monitor together. The files are in the page cache. Pings are medians of three; the other figures differ by less than
# 1 % from run to run.
set -euo pipefail

here=$(dirname "$(realpath -- "$0")")
root=${here%/*}
build=${DORMOUSE_BUILD:-$root/build}
json=$build/bench-image.json
# shellcheck source=bench/median.sh
. "$here/median.sh"

# NAME|AIM|UNIT|MEANING. An aim with % is of QEMU's figure.
rows() {
    local memory way depth words second aim
    for memory in 512M 2G; do
        for way in eager lazy; do
            echo "first-instruction-$way-$memory|10%|instructions|restore ($way) to the first instruction, $memory"
            echo "first-byte-$way-$memory|-|instructions|restore ($way) to the first byte on the console, $memory"
        done
        echo "save-$memory|-|instructions|save, up to the complete file, $memory"
        echo "allocated-$memory|-|bytes|the file on the disk, $memory"
    done
    echo "record-1|4096|bytes|what the file has beside RAM, 1 vCPU"
    echo "map-1|-|bytes|which pages of RAM it has, 1 vCPU"
    echo "record-2|4096|bytes|what the file has beside RAM, 2 vCPUs"
    echo "map-2|-|bytes|which pages of RAM it has, 2 vCPUs"
    for depth in keep reclaim disk; do
        aim=-
        [[ $depth != disk ]] || aim=2048
        for second in 1 10 60; do
            echo "resident-$depth-$second|$aim|kB|resident memory, $depth, asleep for $second s"
        done
    done
    echo "resident-restored-60|-|kB|resident memory, restored with --asleep, after 60 s"
    while IFS='|' read -r depth words; do
        echo "reply-$depth|-|instructions|from a ping to its reply, $words"
    done <<'EOT'
awake|guest awake
keep|keep
reclaim|reclaim
disk|disk, memory read back (eager)
disk-lazy|disk, memory mapped (lazy)
restored|restored with --asleep
EOT
}

measure() {
    "$root/dev" lab run --icount --cpus 1 --limit 3000 --in "$here/image_lab.sh" --in "$here/host_lab.sh" \
        --in "$here/image_guest" \
        --in "$here/image_busy.awk" --in "$build/lab/debian/trixie-qemu-arm64/qemu" -- \
        sh image_lab.sh dormouse=512M dormouse=2G depths qemu=512M qemu=2G sizes
}

# "met", "missed" or nothing; an aim of QEMU's figure needs that.
judge() { # VALUE AIM QEMU
    local most=$2
    [[ $2 != *% || $3 == - ]] || most=$(($3 * ${2%\%} / 100))
    [[ $1 != - && $most =~ ^[0-9]+$ ]] || return 0
    (($1 <= most)) && echo met || echo missed
}

show() {
    local name aim unit meaning dormouse qemu judgement separator=''
    printf '%-58s %12s %12s  %-12s %6s\n' figure dormouse QEMU unit aim
    printf '[' >"$json"
    while IFS='|' read -r name aim unit meaning; do
        dormouse=$(median dormouse "$name" <<<"$lines")
        qemu=$(median qemu "${name/lazy/eager}" <<<"$lines")
        judgement=$(judge "$dormouse" "$aim" "$qemu")
        printf '%-58s %12s %12s  %-12s %6s %s\n' "$meaning" "$dormouse" "$qemu" "$unit" "$aim" "$judgement"
        printf '%s\n  {"name": "%s", "unit": "%s", "dormouse": %s, "qemu": %s}' "$separator" "$name" "$unit" \
            "${dormouse/#-/null}" "${qemu/#-/null}" >>"$json"
        separator=,
    done < <(rows)
    printf '\n]\n' >>"$json"
    cat <<'EOT'
QEMU migrates the running guest to a file (mapped-ram) and does not wait for the disk; dormouse saves the sleeping guest
and does. A - in QEMU's column: QEMU has no guest that sleeps under KVM, and no map apart from its RAM. The lab cannot
show files that are not in the page cache, nor times: its disks take none, and its processor is emulated.
EOT
}

"$root/dev" build arm64 >/dev/null
echo "saving and restoring on an emulated machine that counts instructions; usually 10 minutes" >&2
lines=$(measure)
show
echo "written to $json" >&2
[[ $(judge "$(median dormouse reply-restored <<<"$lines")" 999999999999 -) ]] || {
    echo "some figures could not be measured" >&2
    exit 1
}
