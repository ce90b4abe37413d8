# SPDX-License-Identifier: BSD-2-Clause
# Prints what a proof reaches: from its function on, every function whose name occurs in one that is reached, with its
# text; and of the files of these, all that is not a function. Input is what prove_texts prints. The variable start is
# the first function, parts the files of proofs/ that belong to the proof, wanted what else a proof depends on.
#
# A function begins at a line with a name before a parenthesis, and ends at a brace in the first column. If a name
# stands for several functions, all are reached: too much is printed rather than too little.

/^# / {
    file = $2
    ours = file ~ /^lib\// || index(parts, " " substr(file, 8, length(file) - 9) " ")
    body = ""
    next
}
!ours || /^[[:space:]]*$/ { next }
{
    body = body $0 "\n"
    if (/^}/ || /^[^ }#].*;$/) {
        take(body)
        body = ""
    }
}

function take(text,    head, name) {
    head = text
    sub(/[{;=].*/, "", head)
    if (text ~ /{/ && match(head, /[A-Za-z_][A-Za-z_0-9]*\(/)) {
        name = substr(head, RSTART, RLENGTH - 1)
        texts[name] = texts[name] file ": " text
        homes[name] = homes[name] " " file
    } else {
        others[file] = others[file] text
    }
}

function reach(name,    words, count, i, rest, found) {
    if (!(name in texts) || name in reached) {
        return
    }
    reached[name] = 1
    count = split(homes[name], words, " ")
    for (i = 1; i <= count; i++) {
        visit(words[i])
    }
    rest = texts[name]
    while (match(rest, /[A-Za-z_][A-Za-z_0-9]*/)) {
        found = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        reach(found)
    }
}

# Tables name functions too.
function visit(name,    rest, found) {
    if (name in visited) {
        return
    }
    visited[name] = 1
    rest = others[name]
    while (match(rest, /[A-Za-z_][A-Za-z_0-9]*/)) {
        found = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        if (name == "lib/dispatch.c") {
            reach(found)
        }
    }
}

END {
    print wanted
    reach(start)
    for (name in visited) {
        lines[++count] = "1 " name "\n" others[name]
    }
    for (name in reached) {
        lines[++count] = "2 " name "\n" texts[name]
    }
    # The order of a table in awk is nobody's.
    for (i = 2; i <= count; i++) {
        line = lines[i]
        for (j = i - 1; j > 0 && lines[j] > line; j--) {
            lines[j + 1] = lines[j]
        }
        lines[j + 1] = line
    }
    for (i = 1; i <= count; i++) {
        printf "%s", lines[i]
    }
}
