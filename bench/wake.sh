#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# How long the first packet to a sleeping guest waits for its reply, beside a packet to the same guest awake: a
# table, and build/bench-wake.json. Nothing here is a test.
#
# Instructions are those of host and guest together, on an emulated processor that counts them (QEMU's -icount:
# a nanosecond of its time is one instruction). Milliseconds are of a second run without counting, on this machine;
# where the lab is emulated, they say little about hardware.
set -euo pipefail

here=$(dirname "$(realpath -- "$0")")
root=${here%/*}
build=${DORMOUSE_BUILD:-$root/build}
json=$build/bench-wake.json

measure() { # OPTION...
    "$root/dev" lab run "$@" --cpus 1 --limit 1200 --in "$here/wake_lab.sh" -- sh wake_lab.sh
}

# The median of the values of one row, in microseconds: an odd number of lines "ROW VALUE".
median() { # ROW <LINES
    sed -n "s/^$1 //p" | sort -n | awk '{ value[NR] = $1 } END { if (NR) printf "%d\n", value[int((NR + 1) / 2)] }'
}

"$root/dev" build arm64 >/dev/null
echo "measuring wakes by a packet; usually 5 minutes" >&2
counted=$(measure --icount)
timed=$(measure)
printf '%-44s %16s %12s\n' 'from a ping to its reply (median of 5)' 'instructions' 'ms'
separator='' list=''
for row in awake asleep asleep-unknown; do
    instructions=$(median "$row" <<<"$counted")
    microseconds=$(median "$row" <<<"$timed")
    if [[ ! $instructions || ! $microseconds ]]; then
        echo "nothing could be measured for $row" >&2
        exit 1
    fi
    case $row in
    awake) words='to a guest that is awake' ;;
    asleep) words='to a sleeping guest' ;;
    asleep-unknown) words='to a sleeping guest, its MAC address unknown' ;;
    esac
    printf '%-44s %16d %8d.%03d\n' "$words" $((instructions * 1000)) $((microseconds / 1000)) $((microseconds % 1000))
    list+="$separator
  {\"name\": \"$row\", \"instructions\": $((instructions * 1000)), \"microseconds\": $microseconds}"
    separator=,
done
printf '[%s\n]\n' "$list" >"$json"
echo "written to $json" >&2
