#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What a request to a disk or to the host costs a guest of dormouse, beside the same guest of QEMU on the same kernel, and
# beside the same load on the host's file: a table, and build/bench-io.json. Nothing here is a test.
#
# The lab's processor is emulated with QEMU's -icount: a nanosecond of its time is one instruction of guest, kernel and
# monitor together (and of passt, where that is between guest and host). Each figure is a median of five.
set -euo pipefail

here=$(dirname "$(realpath -- "$0")")
root=${here%/*}
build=${DORMOUSE_BUILD:-$root/build}
json=$build/bench-io.json
# shellcheck source=bench/median.sh
. "$here/median.sh"

# NAME|MEANING
rows() {
    cat <<'EOT'
read-4k|4 KiB read at random, one at a time
read-4k-16|4 KiB read at random, 16 at a time
write-4k|4 KiB written at random, one at a time
flush-4k|4 KiB written at random and flushed
write-4k-16|4 KiB written at random, 16 at a time
read-1m|1 MiB read in sequence
write-1m|1 MiB written in sequence
request-tap|a byte to the host and one back, by TCP, tap
stream-tap|1 MiB to the host, by TCP, tap
request-tap-vhost|the same two with vhost-net
stream-tap-vhost|
request-passt|a byte to the host and one back, passt
stream-passt|1 MiB to the host, passt
EOT
}

measure() {
    "$root/dev" lab run --icount --cpus 1 --limit 3000 --in "$here/io_lab.sh" --in "$here/host_lab.sh" \
        --in "$here/io_guest" \
        --in "$here/io_cases" --in "$build/arm64/bench/io_load" \
        --in "$build/lab/debian/trixie-qemu-arm64/qemu" -- sh io_lab.sh host dormouse qemu \
        dormouse_vhost qemu_vhost asleep
}

show() {
    local name meaning who separator=''
    local -A value
    printf '%-46s %10s %10s %10s %16s\n' 'instructions' dormouse QEMU host 'dormouse / QEMU'
    printf '[' >"$json"
    while IFS='|' read -r name meaning; do
        for who in dormouse qemu host; do
            value[$who]=$(median "$who" "$name" <<<"$lines")
        done
        printf '%-46s %10s %10s %10s %16s\n' "$meaning" "${value[dormouse]}" "${value[qemu]}" "${value[host]}" \
            "$(ratio "${value[dormouse]}" "${value[qemu]}")"
        printf '%s\n  {"name": "%s", "dormouse": %s, "qemu": %s, "host": %s}' "$separator" "$name" \
            "${value[dormouse]/#-/null}" "${value[qemu]/#-/null}" "${value[host]/#-/null}" >>"$json"
        separator=,
    done < <(rows)
    printf '\n]\n' >>"$json"
    printf '%-46s %10s\n' 'a minute asleep with all of these devices' "$(median asleep minute <<<"$lines")"
}

ratio() { # A B
    [[ $1 == - || $2 == - ]] && echo - || printf '%d.%02d\n' $(($1 / $2)) $(($1 * 100 / $2 % 100))
}

"$root/dev" build arm64 >/dev/null
echo "measuring disks and networks on an emulated machine that counts instructions; usually 3 minutes" >&2
lines=$(measure)
show
echo "written to $json" >&2
