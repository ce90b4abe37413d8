# SPDX-License-Identifier: BSD-2-Clause
# From gcc's call graphs (-fcallgraph-info=su) to lines BYTES PUBLIC-FUNCTION PATH: the most stack that
# a call can use. -v handlers="a b": what the dispatcher, in dispatch.c, calls by a table. Functions of the
# embedder, which are called by pointers elsewhere, are not the library's.

BEGIN {
    count = split(handlers, list, " ")
    for (i = 1; i <= count; i++) {
        callees["the table"] = callees["the table"] SUBSEP list[i]
    }
}

function quoted(text, after) {
    text = substr($0, index($0, after) + length(after))
    return substr(text, 1, index(text, "\"") - 1)
}

/^node:/ {
    name = quoted("", "title: \"")
    if (match($0, /[0-9]+ bytes \((static|dynamic|dynamic,bounded)\)/)) {
        own[name] = substr($0, RSTART, RLENGTH) + 0
        if ($0 !~ /bytes \(static\)/) {
            print "lib_stack: " name " has no fixed size" >"/dev/stderr"
            failed = 1
        }
    }
}
/^edge:/ {
    source = quoted("", "sourcename: \"")
    target = quoted("", "targetname: \"")
    if (target == "__indirect_call") {
        target = source == "vpsci__dispatch" ? "the table" : ""
    }
    if (target != "") {
        callees[source] = callees[source] SUBSEP target
    }
}

# The depth of the deepest way on from a function; `way` has its steps.
function depth(name,    i, count, list, deepest, below) {
    if (name in known) {
        return known[name]
    }
    known[name] = 0 # Recursion would be a mistake; here it must not go on for ever.
    deepest = 0
    way[name] = ""
    count = split(callees[name], list, SUBSEP)
    for (i = 1; i <= count; i++) {
        if (list[i] != "" && (below = depth(list[i])) > deepest) {
            deepest = below
            way[name] = " > " label(list[i]) way[list[i]]
        }
    }
    known[name] = own[name] + deepest
    return known[name]
}

function label(name,    bytes) {
    bytes = name == "the table" ? "" : " " own[name] + 0
    sub(/.*:/, "", name)
    return name bytes
}

END {
    for (name in own) {
        if (name ~ /^vpsci_[a-z]/) {
            print depth(name), name, label(name) way[name]
        }
    }
    exit failed
}
