# SPDX-License-Identifier: BSD-2-Clause
# Reads runs of vpsci-check, build/peers/NAME/run.tap of each, and prints a table in Markdown: what failed anywhere,
# in the list's order, and how the others did.

FNR == 1 {
    peer = FILENAME
    sub(/\/run\.tap$/, "", peer)
    sub(/.*\//, "", peer)
    peers[++peer_count] = peer
}

/^(not )?ok [0-9]+ - / {
    failed = $1 == "not"
    name = failed ? $5 : $4
    if (!(name in rank)) {
        rank[name] = ++count
        names[count] = name
    }
    cell[name, peer] = failed ? "**fails**" : / # SKIP / ? "" : "passes"
    if (failed) {
        anywhere[name] = 1
    }
    total[peer, failed ? "failed" : / # SKIP / ? "skipped" : "passed"]++
}

END {
    line = "| scenario |"
    rule = "|---|"
    for (i = 1; i <= peer_count; i++) {
        line = line " " peers[i] " |"
        rule = rule "---|"
    }
    print line
    print rule
    for (n = 1; n <= count; n++) {
        if (names[n] in anywhere) {
            print_row(names[n])
        }
    }
    print_totals("passed")
    print_totals("failed")
    print_totals("skipped")
}

function print_row(name,    i) {
    line = "| " name " |"
    for (i = 1; i <= peer_count; i++) {
        line = line " " cell[name, peers[i]] " |"
    }
    print line
}

function print_totals(what,    i) {
    line = "| *" what "* |"
    for (i = 1; i <= peer_count; i++) {
        line = line " " total[peers[i], what] + 0 " |"
    }
    print line
}
