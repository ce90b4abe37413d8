#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Reads traces of `dormouse run --trace` by Perfetto's trace_processor, the program behind ui.perfetto.dev, and checks
# them by rules.sql.
#
#   check.sh TRACE_PROCESSOR_SHELL TRACE...
#
# The status is 0 if all traces keep all rules. ./dev test does not run it: no registry that ./dev uses has the program.
set -u

if [ $# -lt 2 ]; then
    echo "usage: $0 TRACE_PROCESSOR_SHELL TRACE..." >&2
    exit 2
fi
shell=$1
shift
rules=$(dirname -- "$0")/rules.sql
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0

# The result begins with its heading; a row that follows is a mistake.
for trace; do
    status=0
    "$shell" --query-file "$rules" "$trace" >"$work/out" 2>"$work/err" || status=$?
    if [ "$status" != 0 ] || [ "$(sed '/^$/d' "$work/out")" != '"mistake"' ]; then
        failed=1
        echo "$trace: failed, status $status"
        cat "$work/out" "$work/err"
    else
        echo "$trace: passed"
    fi
done
exit "$failed"
