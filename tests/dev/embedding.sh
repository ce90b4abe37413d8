# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# The programs in the documentation of libvpsci are compiled with the installed library, and run. Consecutive blocks of
# C are one program, up to the block of text that has its output.

# shellcheck source=tests/dev/library.sh
. "$root/tests/dev/library.sh"

# Splits a document into 1.c, 1.text, 2.c ... in the folder. A program has a main().
split_programs() { # FILE FOLDER
    mkdir -p "$2"
    awk -v folder="$2" '
        BEGIN { number = 1 }
        /^```c$/ { to = "c"; next }
        /^```text$/ { to = found ? "text" : ""; said = to != ""; next }
        /^```/ {
            if (said) { number++; said = found = 0 }
            to = ""
            next
        }
        to == "c" { found = 1 }
        to { print >(folder "/" number "." to) }' "$1"
}

# Prints the part of README.md about libvpsci, up to the next heading of that level.
library_section() {
    awk '/^## / { on = /libvpsci/ } on' "$root/README.md"
}

check_programs() { # FILE FOLDER
    split_programs "$1" "$2"
    [ -e "$2/1.c" ] || fail "$1 has no program"
    for source in "$2"/*.c; do
        program=${source%.c}
        [ -e "$program.text" ] || fail "$source is not followed by what it prints"
        compile_installed gcc -std=c11 -Wall -Wextra -Werror -pthread -o "$program" "$source"
        LD_LIBRARY_PATH=$library "./$program" >"$program.said" || fail "$source ends with status $?"
        diff "$program.text" "$program.said" || fail "$source does not print what the document says"
    done
}

test_embedding_page_works() {
    install_library
    check_programs "$root/docs/embedding.md" page
}

test_readme_example_works() {
    install_library
    library_section >section.md
    check_programs section.md readme
}
