#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# What bench/psci.sh measures, inside the lab: a line a figure, WHO CPUS NAME NANOSECONDS. Under QEMU's
# -icount, with one processor, a nanosecond of the lab's time is an instruction.
set -u

sleep 30 # Otherwise the work of the lab's own kernel after its start would be counted too.

measure() { # WHO CPUS OPTION...
    name="$1 $2" cpus=$2
    shift 2
    rm -f said
    "$DORMOUSE" run "$@" --cpus "$cpus" --memory 1G --kernel "$LAB_BARE" \
        --append "scenario=bench-psci" --console said </dev/null || {
        echo "bench: the guest ended with status $?: $(tail -n 1 said)" >&2
        exit 1
    }
    tr -d '\r' <said | sed -n "s/^# bench /$name /p"
}

for count in 1 8 64; do
    for who in user kernel; do
        measure $who $count --psci $who
    done
done
for count in 1 8; do
    for who in user kernel; do
        measure $who-unfiltered $count --psci $who --no-sandbox 2>/dev/null
    done
done
