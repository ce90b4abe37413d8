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

# Prints block N in a language, where the same block number counts from 1.
print_block() { # FILE LANGUAGE N
    awk -v start="\`\`\`$2" -v wanted="$3" '
        $0 == start { on = ++number == wanted; next }
        /^```/ { on = 0 }
        on' "$1"
}

test_embedding_page_works() {
    install_library
    check_programs "$root/docs/embedding.md" page
}

# Parts that need KVM: they are compiled and not run. The layer's header is installed on arm64 only.
test_embedding_page_on_kvm_compiles() {
    install_library
    count=$(grep -cx '```C' "$root/docs/embedding.md")
    [ "$count" -ge 2 ] || fail "the page has only $count blocks to compile"
    for number in $(seq "$count"); do
        print_block "$root/docs/embedding.md" C "$number" >part.c
        compile_installed gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Werror -I "$root/kvm" -c -o part.o part.c
    done
}

test_embedding_page_device_trees_are_valid() {
    count=$(grep -cx '```dts' "$root/docs/embedding.md")
    [ "$count" -ge 2 ] || fail "the page has only $count device trees"
    for number in $(seq "$count"); do
        print_block "$root/docs/embedding.md" dts "$number" >tree.dts
        try dtc -I dts -O dtb -o tree.dtb tree.dts
        expect_status 0
        expect_text err ""
    done
}

# The configuration that the page calls KVM's is the one that the scenarios examine, with the version pinned.
test_embedding_page_as_kvm_is_the_tested_one() {
    sed -n '/libvpsci_configuration as_kvm/,/^    [.]default/p' "$root/check/host/adapter_libvpsci.c" >tested
    print_block "$root/docs/embedding.md" C 2 >said
    for word in VPSCI_CAP_SYSTEM_SUSPEND VPSCI_CAP_SYSTEM_RESET2 VPSCI_CAP_VENDOR_RESET VPSCI_OPTION_NO_ON_PENDING; do
        expect_line tested "$word"
        expect_line said "$word"
    done
}

test_readme_example_works() {
    install_library
    library_section >section.md
    check_programs section.md readme
}
