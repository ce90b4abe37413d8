# SPDX-License-Identifier: BSD-2-Clause
# From `llvm-cov show` with branches and MC/DC: each line that was not run, each branch not taken, each
# condition that was not shown to matter, as FILE:LINE:COLUMN: what. -v root=... is left off the paths.

/^\/.*:$/ {
    file = substr($0, 1, length($0) - 1)
    if (index(file, root) == 1) {
        file = substr(file, length(root) + 1)
    }
    next
}
/^ +[0-9]+\| +0\|/ {
    split($0, columns, "|")
    code = $0
    sub(/^[^|]*\|[^|]*\| */, "", code)
    print file ":" columns[1] + 0 ": not run: " code
    next
}
/^ *\|  Branch \([0-9]+:[0-9]+\): / {
    place = $0
    sub(/^[^(]*\(/, "", place)
    sub(/\).*/, "", place)
    if (/\[True: 0,/) {
        print file ":" place ": never true"
    }
    if (/False: 0\]/) {
        print file ":" place ": never false"
    }
    next
}
/^ *\| +Condition C[0-9]+ --> \(/ {
    name = $3
    place = $NF
    gsub(/[()]/, "", place)
    where[name] = place
    next
}
/^ *\|  C[0-9]+-Pair: not covered/ {
    name = $2
    sub(/-Pair:/, "", name)
    print file ":" where[name] ": never matters alone"
}
