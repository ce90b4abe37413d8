# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# The programs are hardened against attacks. The files show which options the compiler and the linker had.

# Sets $program to the program of that build.
find_built() { # BUILD PATH
    "$root/dev" build "$1" >/dev/null
    program=$build/$1/$2
}

has_header() { # WORDS
    readelf -hldW "$program" 2>/dev/null | tr -s ' ' | grep -q -- "$1" || fail "$program: no \"$1\""
}

has_symbol() { # PATTERN
    readelf -sW "$program" | grep -qE " $1(@.*)?$" || fail "$program: no $1"
}

expect_hardened() {
    has_header 'Type: DYN'
    has_header 'Flags: NOW PIE'
    has_header 'GNU_RELRO'
    has_symbol __stack_chk_fail
    has_symbol '__vs?n?printf_chk'
    readelf -lW "$program" | grep -q 'GNU_STACK.* RW ' || fail "$program: the stack is executable"
    if readelf -lW "$program" | grep -q ' RWE '; then
        fail "$program: memory that can be written and executed"
    fi
}

test_native_programs_are_hardened() {
    for file in vmm/dormouse check/tool/vpsci-check; do
        find_built native "$file"
        expect_hardened
    done
}

# The program is static, and the kernel still chooses its address.
test_static_programs_are_hardened() {
    for file in vmm/dormouse check/tool/vpsci-check; do
        find_built arm64 "$file"
        expect_hardened
        if readelf -ldW "$program" 2>/dev/null | grep -E 'INTERP|NEEDED'; then
            fail "$program: not static"
        fi
    done
}
