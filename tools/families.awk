# SPDX-License-Identifier: BSD-2-Clause
# Prints the sources of libvpsci without some families, one a line:
#   awk -v left_out="FAMILY..." -f families.awk lib/families.txt lib/sources.txt
# Exit status 1, with a message, if a family does not exist.

FILENAME == ARGV[1] {
    name = $1
    sub(/:$/, "", name)
    row = substr($0, length($1) + 2)
    at = index(row, " -> ")
    files[name] = at ? substr(row, 1, at - 1) : row
    instead[name] = at ? substr(row, at + 4) : ""
    next
}

FNR == 1 {
    wanted = split(left_out, families, " ")
    for (i = 1; i <= wanted; i++) {
        if (!(families[i] in files)) {
            print "lib/families.txt does not name " families[i] >"/dev/stderr"
            exit failed = 1
        }
        count = split(files[families[i]], file, " ")
        for (j = 1; j <= count; j++) {
            gone[file[j]] = 1
        }
    }
}

!($1 in gone) { print $1 }

END {
    for (i = 1; i <= wanted && !failed; i++) {
        if (instead[families[i]] != "") {
            print instead[families[i]]
        }
    }
}
