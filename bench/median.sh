# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The median of the values of lines WHO NAME VALUE; - if there are none.
median() { # WHO NAME <LINES
    sed -n "s/^$1 $2 //p" | sort -n | awk '{ value[NR] = $1 } END { print NR ? value[int((NR + 1) / 2)] : "-" }'
}
