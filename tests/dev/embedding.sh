# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# The programs in the documentation of libvpsci: compiled against the installed library, and run. Blocks
# of C that follow each other are one program, up to the block of text that says what it prints.

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

# The part of README.md from its heading about libvpsci to the next of that kind.
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
