# SPDX-License-Identifier: BSD-2-Clause
# Which file of a room uses which: reads the output of `nm -A -g` for a library, and prints a pair of objects a line for
# tsort, which finds circles. The objects' names are ROOM_FILE.c.o; with -v one=1 all are one room.
#
#   nm -A -g libNAME.a | awk -f circles.awk | tsort

{
    object = $1
    sub(/:[0-9a-f]*$/, "", object)
    sub(/.*[:\/]/, "", object)
    if ($(NF - 1) == "U") used[object, $NF]
    else defined[$NF] = object
}

END {
    for (use in used) {
        split(use, part, SUBSEP)
        if (!(part[2] in defined)) continue
        other = defined[part[2]]
        if (other != part[1] && (one || room_of(other) == room_of(part[1]))) print part[1], other
    }
}

function room_of(object) {
    sub(/_.*/, "", object)
    return object
}
