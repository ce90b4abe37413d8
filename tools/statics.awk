# SPDX-License-Identifier: BSD-2-Clause
# Names of static functions, which are all that a backtrace shows:
#
#   awk -f statics.awk FILE.c...
#
# Prints each name that two of the files define, and each name of a single word. The status is 1 if there is one.

{ sub(/^__attribute__\(\([a-z]*\)\) /, "") }

/^static [^=]*\(/ && !/;$/ {
    if (!match($0, /[A-Za-z0-9_]+\(/)) next
    name = substr($0, RSTART, RLENGTH - 1)
    if (name !~ /[a-z]/) next # A macro.
    found++
    if (name in file && file[name] != FILENAME) complain(name "() is in " file[name] " and in " FILENAME)
    if (name !~ /_/) complain(name "() in " FILENAME " names no room: take verb and noun")
    file[name] = FILENAME
}

END {
    if (!found) complain("no static function was found")
    exit failed
}

function complain(text) {
    print text
    failed = 1
}
