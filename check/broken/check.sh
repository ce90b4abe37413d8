#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Whether the scenarios notice the mistakes of adapter_broken.c: each server has to fail by those that
# expected.txt names for it, and by no other; the one called none by nothing.
#
#   check.sh PROGRAM EXPECTED
set -eu

program=$1
expected=$2
seconds=60
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

servers() {
    "$program" configurations | cut -f1
}

# Those that fail, a line each.
failures() { # SERVER
    timeout "$seconds" "$program" run --no-threads -c "$1" >"$work/report" || true
    grep -q '^# passed' "$work/report" || echo '(the run does not end)'
    sed -n 's/^not ok [0-9]* - //p' "$work/report"
}

wanted() { # SERVER
    sed -n "s/^$1 //p" "$expected"
}

verdict() { # WHETHER NAME
    number=$((number + 1))
    echo "$1 $number - $2"
    [ "$1" = ok ] || bad=1
}

check_server() { # SERVER
    failures "$1" | sort >"$work/failures"
    wanted "$1" | sort >"$work/wanted"
    if [ "$1" != none ] && [ ! -s "$work/wanted" ]; then
        echo "# expected.txt does not say what '$1' fails by"
        verdict 'not ok' "$1"
    elif diff "$work/wanted" "$work/failures" >"$work/difference"; then
        verdict ok "$1"
    else
        sed -n 's/^</# is not noticed by/p; s/^>/# is also noticed by/p' "$work/difference"
        verdict 'not ok' "$1"
    fi
}

# A mistake that is made now and then is counted, not only seen.
check_count() {
    timeout "$seconds" "$program" run --no-threads -c now-and-then churn-cpu-on-off >"$work/report" || true
    if grep -q 'message: "in 20 of 2000 rounds: ' "$work/report"; then
        verdict ok 'how often it fails is said'
    else
        verdict 'not ok' 'how often it fails is said'
    fi
}

number=0
bad=0
echo 'TAP version 14'
for server in $(servers); do
    check_server "$server"
done
check_count
echo "1..$number"
exit "$bad"
