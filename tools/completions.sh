#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Writes the part of the completions for bash and zsh that follows from dormouse's commands and options:
#
#   completions.sh DORMOUSE OPTION_LINES FILE
#
# prints FILE with that part made anew. DORMOUSE is the program, OPTION_LINES the one of tests/vmm/option_lines.c. If
# tests/dev/completions.sh says that a file is out of date:
#
#   b=build/native; for f in completions/*dormouse*; do
#       tools/completions.sh $b/vmm/dormouse $b/tests/vmm/option_lines $f >new && cat new >$f; done; rm new
# shellcheck disable=SC2016,SC2086 # text of scripts; words
set -eu

commands=$("$1" help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' | grep -vx -e help -e version)
options=$("$2")

print_data() {
    printf '_dormouse_commands() {\n    echo'
    printf ' %s' $commands
    printf '\n}\n\n_dormouse_options() { # COMMAND\n    case $1 in\n'
    printf '%s\n' "$options" | awk '
        $1 != command { if (command) print "\" ;;"; command = $1; printf "    %s) echo \"", command; space = "" }
        { printf "%s%s", space, $2; space = " " }
        END { print "\" ;;" }'
    printf '    esac\n}\n\n'
    # The values of an option, or FILE; fails for anything but an option that takes a value.
    printf '_dormouse_values() { # COMMAND OPTION\n    case "$1 $2" in\n'
    printf '%s\n' "$options" | awk '
        $3 == "=" {
            printf "    \"%s %s\") echo \"", $1, $2
            for (i = 4; i <= NF; i++) printf "%s%s", (i > 4 ? " " : ""), $i
            print "\" ;;"
        }'
    printf '    *) return 1 ;;\n    esac\n}\n'
}

sed '/^# --- Written/q' "$3"
print_data
sed -n '/^# --- The end/,$p' "$3"
