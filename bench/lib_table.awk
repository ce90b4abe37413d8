# SPDX-License-Identifier: BSD-2-Clause
# From lines NAME|VCPUS|BEST|WORST to a table for people, or with -v json=1 to JSON. A case that is not
# always the same has two rows. `aims` is a file of NAME|INSTRUCTIONS.

BEGIN {
    FS = "|"
    while (aims != "" && (getline line < aims) > 0) {
        split(line, words, "|")
        aim[words[1]] = words[2]
    }
}
# The lines of the last number of vCPUs have every case, in the right order.
{ place[$1] = NR; at[NR] = $1 }
!($2 in seen) { seen[$2] = 1; sizes[++columns] = $2 }
{
    best[$1, $2] = $3
    worst[$1, $2] = $4
    if ($3 != $4) {
        differs[$1] = 1
    }
}

function show(name, title, value,    i, line, figure, missed) {
    line = sprintf("%-52s", title)
    for (i = 1; i <= columns; i++) {
        figure = value[name, sizes[i]]
        line = line sprintf(" %10s", figure == "" ? "-" : figure)
        if (name in aim && figure != "" && figure > aim[name] + 0) {
            missed = "  MISSED"
        }
    }
    print line (name in aim ? "  aim " aim[name] missed : "")
}

function show_json(name, title, value,    i) {
    for (i = 1; i <= columns; i++) {
        if ((name, sizes[i]) in value) {
            printf "%s\n  {\"name\": \"%s\", \"vcpus\": %d, \"instructions\": %d}", separator, title,
                sizes[i], value[name, sizes[i]]
            separator = ","
        }
    }
}

END {
    if (json) {
        printf "["
    } else {
        line = sprintf("%-52s", "instructions of a call, by number of vCPUs")
        for (i = 1; i <= columns; i++) {
            line = line sprintf(" %10s", sizes[i])
        }
        print line
    }
    for (row = 1; row <= NR; row++) {
        name = at[row]
        if (place[name] != row) {
            continue
        }
        if (json && name in differs) {
            show_json(name, name " (best)", best)
            show_json(name, name " (worst)", worst)
        } else if (json) {
            show_json(name, name, worst)
        } else if (name in differs) {
            show(name, name " (best)", best)
            show(name, name " (worst)", worst)
        } else {
            show(name, name, worst)
        }
    }
    if (json) {
        print "\n]"
    }
}
