# SPDX-License-Identifier: BSD-2-Clause
# Compares what the rooms include with the table in DESIGN.md:
#
#   awk -f rooms.awk FILES DESIGN.md INCLUDES
#
# FILES names all headers, a path a line. A row of the table names rooms in its first column and, in its last one,
# what they may include: rooms, or single headers. INCLUDES has lines PATH:#include "NAME". Prints each include that
# the table does not allow, each room that it does not have, and each two files under vmm/ that have one name; the
# status is 1 then.

FNR == 1 { input++ }

input == 1 {
    exists[$0] = 1
    if (/^vmm\//) once($0)
    next
}

# A row of the table of rooms, between its heading and the next blank line.
input == 2 && /^\| room \|/ { table = 1; next }
input == 2 && /^$/ { table = 0 }
input == 2 && table {
    split($0, column, "|")
    count = quoted(column[2], rooms)
    allowed = quoted(column[4], names)
    for (i = 1; i <= count; i++) {
        known[rooms[i]] = 1
        for (j = 1; j <= allowed; j++) may[rooms[i], names[j]] = 1
    }
    next
}
input == 2 { next }

{
    checked++
    path = $0
    sub(/:.*/, "", path)
    name = $0
    sub(/^[^"<]*["<]/, "", name)
    sub(/[">].*/, "", name)
    from = room_of(path)
    if (from == "") {
        complain(path " is in no room of the table")
        next
    }
    header = find(path, name)
    if (header == "") next # One of the system's.
    to = room_of(header)
    if (to == "") complain(path " includes " header ", which is in no room of the table")
    else if (from != to && !((from, to) in may) && !((from, header) in may))
        complain(path " includes " header ", and " from "/ may not include that")
}

END {
    if (!checked) complain("no include was checked")
    exit failed
}

function complain(text) {
    print text
    failed = 1
}

# No two files of dormouse have one name: an #include, a backtrace and a reader must not mistake them.
function once(path,    name) {
    name = path
    sub(/.*\//, "", name)
    if (name in named) complain(path " has the name of " named[name])
    named[name] = path
}

# Splits a column into what it has in backquotes, without a slash at the end.
function quoted(text, into,    n, count, part, i) {
    n = split(text, part, "`")
    for (i = 2; i <= n; i += 2) {
        sub(/\/$/, "", part[i])
        into[++count] = part[i]
    }
    return count + 0
}

# The longest beginning of a path that is a room.
function room_of(path) {
    while (sub(/\/[^\/]*$/, "", path)) {
        if (path in known) return path
    }
    return ""
}

# The header that a name means: beside the file, or in one of the folders that compilers are told.
function find(path, name,    folder, part, i, n) {
    folder = path
    sub(/[^\/]*$/, "", folder)
    n = split(folder " vmm/ ./ kvm/ lib/ include/ base/ bare/ check/image/ check/tool/ check/scenarios/", part, " ")
    for (i = 1; i <= n; i++) {
        header = plain(part[i] name)
        if (header in exists) return header
    }
    return ""
}

# A path without . and ..
function plain(path) {
    gsub(/\/\.\//, "/", path)
    sub(/^\.\//, "", path)
    while (sub(/[^\/.]+\/\.\.\//, "", path)) { }
    return path
}
