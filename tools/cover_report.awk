# SPDX-License-Identifier: BSD-2-Clause
# The rows of `llvm-cov report` that have something to count, with three percentages each.

BEGIN { printf "%-24s %8s %9s %9s %9s\n", "file", "lines", "of lines", "branches", "MC/DC" }
NF == 13 && $1 != "Filename" {
    sub(/^.*\//, "", $1)
    printf "%-24s %8d %9s %9s %9s\n", $1, $5, $7, $10, $13
}
