# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# libvpsci as its users get it: its list of sources, its symbols, its installation, C++.

native=$build/native

build_native() {
    "$root/dev" build native >/dev/null
}

# Prints the functions that the header declares.
public_functions() {
    sed -n 's/^[a-z].*[ *]\(vpsci_[a-z0-9_]*\)(.*/\1/p' "$root/include/vpsci/vpsci.h" | LC_ALL=C sort
}

# Prints the structs and enums that the headers declare.
public_types() {
    sed -n -E 's/^(struct|enum) (vpsci_[a-z0-9_]*)( \{.*|;)$/\2/p' "$root"/include/vpsci/*.h
}

# Installs into $work/dest and sets the variables by which pkg-config finds it. Paths are relative to $work, because
# some versions of pkgconf cannot handle the blank in it.
install_library() {
    build_native
    meson install -C "$native" --no-rebuild --destdir "$work/dest" >log 2>&1 || fail "meson install: $(tail -n 3 log)"
    description=$(find dest -name vpsci.pc)
    [ "$description" ] || fail "vpsci.pc is not installed"
    export PKG_CONFIG_LIBDIR="${description%/*}" PKG_CONFIG_SYSROOT_DIR=dest
    library=$work/$(dirname "$PKG_CONFIG_LIBDIR")
}

# Compiles with the options of pkg-config, which are quoted for a shell.
compile_installed() { # COMPILER WORD...
    eval "set -- \"\$@\" $(pkg-config --cflags --libs vpsci)"
    try "$@"
    expect_status 0
}

test_list_of_sources_is_complete() {
    (cd "$root/lib" && LC_ALL=C ls -- *.c) >there
    diff "$root/lib/sources.txt" there || fail "lib/sources.txt does not name each C file of lib/, sorted"
}

# Another build system uses only the list of sources and an include path.
test_sources_compile_by_themselves() {
    mkdir objects
    while read -r file; do
        gcc -std=c11 -ffreestanding -Wall -Wextra -Werror -I "$root/include" -c "$root/lib/$file" \
            -o "objects/${file%.c}.o" || fail "$file does not compile"
    done <"$root/lib/sources.txt"
}

# Other projects compile with more warnings than this one, and take them for errors. Left out of clang's -Weverything are
# padding, C11 itself, arithmetic with pointers, and a switch with a default.
test_sources_have_no_warnings() {
    set --
    while read -r file; do
        set -- "$@" "$root/lib/$file"
    done <"$root/lib/sources.txt"
    gcc -std=c11 -ffreestanding -Werror -Wall -Wextra -Wpedantic -Wredundant-decls -Wvla -Wdeclaration-after-statement \
        -Wconversion -Wsign-conversion -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
        -Wcast-align -Wnested-externs -Wold-style-definition -Wwrite-strings -Wpointer-arith \
        -I "$root/include" -fsyntax-only "$@" || fail "gcc warns"
    clang-19 -std=c11 -ffreestanding -Werror -Weverything -Wno-padded -Wno-pre-c11-compat -Wno-unsafe-buffer-usage \
        -Wno-switch-enum -I "$root/include" -fsyntax-only "$@" || fail "clang warns"
}

test_header_has_no_warnings() {
    printf '%s\n' '#include "vpsci/vpsci.h"' >header.c
    cp header.c header.cc
    for standard in c99 c11 gnu17; do
        gcc -std="$standard" -Werror -Wall -Wextra -Wpedantic -Wredundant-decls -Wconversion -Wundef \
            -I "$root/include" -fsyntax-only header.c || fail "gcc -std=$standard warns"
        clang-19 -std="$standard" -Werror -Weverything -I "$root/include" -fsyntax-only header.c ||
            fail "clang -std=$standard warns"
    done
    for standard in c++11 c++20; do
        g++ -std="$standard" -Werror -Wall -Wextra -Wpedantic -Wold-style-cast -Wuseless-cast -Wundef \
            -I "$root/include" -fsyntax-only header.cc || fail "g++ -std=$standard warns"
        clang++-19 -std="$standard" -Werror -Weverything -Wno-c++98-compat -Wno-c++98-compat-pedantic \
            -I "$root/include" -fsyntax-only header.cc || fail "clang++ -std=$standard warns"
    done
}

# Code generators for other languages see numbers only as plain literals and in enums that have a name.
test_numbers_have_plain_forms() {
    grep -nE 'INT(32|64)_C|^enum \{' "$root"/include/vpsci/*.h >unseen || :
    expect_text unseen ""
}

test_exports_what_the_header_declares() {
    build_native
    public_functions >declared
    [ "$(wc -l <declared)" -ge 20 ] || fail "no functions found in the header"
    sed -n 's/^    \(vpsci_[a-z0-9_]*\);$/\1/p' "$root/lib/vpsci.map" >mapped
    diff declared mapped || fail "lib/vpsci.map is not the sorted list of the header's functions"
    nm -D --defined-only "$native/lib/libvpsci.so" | sed -n 's/.* T \(.*\)@@VPSCI_.*/\1/p' | LC_ALL=C sort >exported
    diff declared exported || fail "the shared library exports other functions"
}

# Programs that were compiled for one 1.x run with each later one.
test_interface_is_the_one_that_is_written() {
    try "$root/dev" abi
    expect_status 0
}

# Compares lib/abi.txt with itself after a change by sed; `out` says whether that is found to be `grown` or `broken`.
change_interface() { # EXPRESSION
    sed "$1" "$root/lib/abi.txt" >changed
    ! cmp -s "$root/lib/abi.txt" changed || fail "$1 changes nothing"
    # shellcheck disable=SC2016 # for the inner shell
    try bash -c '
        source "$1/tools/abi.sh"
        ! abi_compare "$1/lib/abi.txt" changed || exit 1
        [[ $abi_broken ]] && echo broken || echo grown' bash "$root"
    expect_status 0
}

# shellcheck disable=SC2016 # expressions of sed
test_changes_of_the_interface_are_judged() {
    size=$(sed -n 's/^struct vpsci_config: \([0-9]*\) bytes$/\1/p' "$root/lib/abi.txt")
    for expression in '/^function vpsci_wake:/d' 's/\(VPSCI_E_BUSY = \).*/\1-70/' 's/\(VPSCI_FN_CPU_ON = \).*/\14/' \
        's/^\(struct vpsci_outcome: \).*/\1999 bytes/' 's/\(VPSCI_FID_64 = \).*/\10xc5000000u/' \
        's/^\(function vpsci_version_set: .*\)uint32_t/\1uint64_t/' 's/^\(struct vpsci_config, at  *\)8:/\112:/' \
        's/^\(function vpsci_call: .*\), VPSCI.*/\1, VPSCI_9.9/' 's/^\(struct vpsci_config: \).*/\18 bytes/' \
        '$s/$/\nstruct vpsci_config, at  12: uint32_t in_a_hole/'; do
        change_interface "$expression"
        expect_text out broken
    done
    for expression in '1s/^/enum vpsci_error: VPSCI_E_NEW = -99\n/' '$s/$/\nfunction vpsci_new: int (void), VPSCI_1.1/' \
        "s/^struct vpsci_config: .*/struct vpsci_config, at $size: void * more\nstruct vpsci_config: $((size + 8)) bytes/"; do
        change_interface "$expression"
        expect_text out grown
    done
}

test_needs_memcpy_and_memset_only() {
    build_native
    nm -u "$native/lib/libvpsci.a" | sed -n 's/^ *U //p' | sort -u |
        grep -v -e '^vpsci_' -e '^memcpy$' -e '^memset$' -e '^_GLOBAL_OFFSET_TABLE_$' >needed || :
    expect_text needed ""
}

# A file of the library uses only files that do not use it, directly or by others.
test_files_do_not_use_each_other_in_a_circle() {
    build_native
    nm -A "$native/lib/libvpsci.a" | sed 's/^[^:]*:\([^:]*\):/\1 /' >symbols
    awk '$2 == "U" { used[$1, $3]; next } $3 ~ /^[TRDB]$/ { home[$4] = $1 }
        END {
            for (use in used) {
                split(use, part, SUBSEP)
                if (part[2] in home) { print part[1], home[part[2]] }
            }
        }' symbols >uses
    [ "$(wc -l <uses)" -ge 20 ] || fail "only $(wc -l <uses) uses found"
    tsort uses >order 2>circle || fail "a circle: $(tr '\n' ' ' <circle)"
}

# Prints what the objects in a folder need from outside of them, apart from memcpy and memset.
needs_of() { # FOLDER
    aarch64-linux-gnu-ld -r -o all.o "$1"/*.o || fail "the objects do not link"
    aarch64-linux-gnu-nm -u all.o | sed 's/^ *U //' | grep -vx -e memcpy -e memset || :
}

# Compiles the sources for arm64 as docs/embedding.md says, into a folder.
compile_for_arm64() { # FOLDER FLAG...
    folder=$1
    shift
    mkdir "$folder"
    while read -r file; do
        aarch64-linux-gnu-gcc -std=c11 -O2 -ffreestanding -mno-outline-atomics -Werror -Wall -I "$root/include" "$@" \
            -c "$root/lib/$file" -o "$folder/${file%.c}.o" || fail "$file does not compile with $*"
    done <"$root/lib/sources.txt"
}

test_sources_need_nothing_on_arm64() {
    compile_for_arm64 arm64
    needs_of arm64 >needed
    expect_text needed ""
}

# sources_without FAMILY...: the sources of a library without these, by lib/families.txt
sources_without() {
    awk -v left_out="$*" -f "$root/tools/families.awk" "$root/lib/families.txt" "$root/lib/sources.txt" >rest ||
        fail "the sources without $* are unknown"
    cat rest
}

# build_without PROGRAM SOURCE FAMILY...: a program of tests/lib/families, with a library without these
build_without() {
    program=$1 source=$2
    shift 2
    sources_without "$@" | sed "s|^|$root/lib/|" >files
    # shellcheck disable=SC2046 # one file a line, and none has a space
    try gcc -std=c11 -Wall -Wextra -Werror -I "$root/include" -o "$program" "$root/tests/lib/families/$source" $(cat files)
    expect_status 0
}

# expect_program_without CAPABILITIES LEVELS FAMILY...
expect_program_without() {
    capabilities=$1 levels=$2
    shift 2
    build_without program program.c "$@"
    try ./program "$capabilities" "$levels"
    expect_status 0
}

# 0x100 is VPSCI_CAP_STATISTICS, 0x90 OS-initiated mode and NODE_HW_STATE.
test_families_can_be_left_out() {
    expect_program_without 0x3ff 1
    expect_program_without 0x3ff 1 names
    expect_program_without 0x3ff 1 save
    expect_program_without 0x2ff 1 statistics
    expect_program_without 0x36f 0 domains
    expect_program_without 0x26f 0 names save statistics domains
}

test_records_pass_between_families() {
    build_without full record.c
    build_without lacks-statistics record.c statistics
    build_without lacks-domains record.c domains
    ./full save counted statistics || fail "no record with statistics"
    ./full save plain || fail "no record"
    ./lacks-domains save apart || fail "no record without domains"
    for pair in full:counted lacks-statistics:counted lacks-domains:plain full:apart lacks-statistics:plain; do
        "./${pair%:*}" restore "${pair#*:}" || fail "${pair%:*} refuses the record ${pair#*:}"
    done
}

# Left out, a family leaves nothing behind that a kernel would not have.
test_without_families_nothing_is_needed() {
    mkdir parts
    sources_without names save statistics domains >files
    while read -r file; do
        aarch64-linux-gnu-gcc -std=c11 -Os -ffreestanding -mno-outline-atomics -I "$root/include" \
            -c "$root/lib/$file" -o "parts/$(echo "${file%.c}" | tr / -).o" || fail "$file does not compile"
    done <files
    needs_of parts >needed
    expect_text needed ""
}

# A kernel has neither the compiler's headers nor <stdatomic.h>.
test_sources_compile_without_standard_headers() {
    mkdir own
    echo '#define bool _Bool
#define true 1
#define false 0' >own/stdbool.h
    echo 'typedef unsigned long size_t;
typedef long ptrdiff_t;
#define NULL ((void *)0)
#define offsetof(type, field) __builtin_offsetof(type, field)' >own/stddef.h
    echo 'typedef unsigned char uint8_t; typedef unsigned short uint16_t;
typedef unsigned int uint32_t; typedef unsigned long uint64_t;
typedef signed char int8_t; typedef int int32_t; typedef long int64_t; typedef unsigned long uintptr_t;
#define UINT8_MAX 0xff
#define UINT16_MAX 0xffff
#define UINT32_MAX 0xffffffffu
#define UINT64_MAX 0xfffffffffffffffful
#define INT64_MAX 0x7fffffffffffffffl
#define UINT32_C(n) n##u
#define UINT64_C(n) n##ul' >own/stdint.h
    awk '$0 == "```H" { on = 1; next } /^```/ { on = 0 } on' "$root/docs/embedding.md" >own/cells.h
    [ -s own/cells.h ] || fail "the page has no header of atomic operations"
    compile_for_arm64 bare -nostdinc -I own -include own/cells.h
    needs_of bare >needed
    expect_text needed ""
}

# The explorer speaks for weak memory only if all that threads share is accessed by lib/atomic.h, in one order, and if
# the rest is written by vpsci_init() and what it calls.
test_shared_memory_is_in_cells() {
    (cd "$root/lib" && grep -nE '\batomic_[a-z_]+\(|_Atomic|__atomic_|\bvolatile\b|memory_order' -- *.c *.h | grep -v '^atomic\.h:') >others || :
    expect_text others ""
    grep -o 'memory_order_[a-z_]*' "$root/lib/atomic.h" | sort -u >orders
    expect_text orders memory_order_seq_cst
    (cd "$root/lib" && grep -nE '(->|[.])value\b' -- *.c *.h | grep -E '(cell|word|census|system|version|offers|protect|resident|form|nodes)(->|[.])value' |
        grep -v '^atomic\.h:') >others || :
    expect_text others ""
    (cd "$root/lib" && grep -lE '(\b(vm|vcpu|target)|\))->[a-z0-9_]+(\[[^]]*\])? ([|&+-]|<<|>>)?=( |$)|^ *[*](slot|vm|vcpu|vpsci__vcpu\(.*\)) = ' -- *.c) >writers
    expect_text writers "domain_tree.c
init.c
mpidr.c
power_states.c"
}

test_has_no_state_of_its_own() {
    build_native
    # Sections that are writable only until relocation do not count.
    objdump -h "$native/lib/libvpsci.a" | awk '$2 ~ /^\.(data|bss|tdata|tbss)$/ && $3 !~ /^0*$/' >state
    expect_text state ""
}

test_installs_where_it_is_told() {
    install_library
    for file in libvpsci.a libvpsci.so libvpsci.so.1; do
        [ -e "$library/$file" ] || fail "$file is not installed"
    done
    objdump -p "$library/libvpsci.so" | grep -q 'SONAME *libvpsci\.so\.1$' || fail "not the right soname"
    find dest -name '*.h' | sed 's,.*/include/,,' | LC_ALL=C sort >headers
    expect_text headers "vpsci/abi.h
vpsci/vpsci.h"
}

# In C++ the name of a function would hide a struct or an enum of the same name.
test_no_function_has_the_name_of_a_type() {
    public_functions >functions
    public_types | LC_ALL=C sort -u >types
    [ "$(wc -l <types)" -ge 20 ] || fail "only $(wc -l <types) types found"
    LC_ALL=C comm -12 functions types >both
    expect_text both ""
}

test_header_compiles_as_cpp() {
    install_library
    cat >cpp.cc <<'EOF'
#include <vpsci/vpsci.h>

int main()
{
    vpsci_config config{};
    vpsci_vm *vm;
    return vpsci_size(&config) == 0 && vpsci_init(nullptr, 0, &config, &vm) == VPSCI_E_ARGUMENT ? 0 : 1;
}
EOF
    # A function with each type, named without the word struct or enum.
    public_types | sort -u | sed 's/.*/void take_&(const & *);/' >>cpp.cc
    for compiler in g++ clang++-19; do
        for standard in c++11 c++17; do
            compile_installed "$compiler" -std="$standard" -Wall -Wextra -Wpedantic -Werror -o cpp cpp.cc
            LD_LIBRARY_PATH=$library ./cpp || fail "a program by $compiler -std=$standard does not work"
        done
    done
}

test_header_compiles_as_c11() {
    install_library
    printf '%s\n' '#include <vpsci/vpsci.h>' 'int main(void) { return vpsci_size(0) > 0; }' >alone.c
    for compiler in gcc clang-19; do
        compile_installed "$compiler" -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror alone.c
    done
}

# The layer for KVM, as other monitors compile it.
test_kvm_layer_has_no_warnings() {
    "$root/dev" build arm64 >/dev/null
    [ "$(uname -m)" = aarch64 ] || sysroot=--sysroot=$build/sysroot
    clang-19 -target aarch64-linux-gnu ${sysroot:+"$sysroot"} -std=c11 -Werror -Weverything -Wno-padded \
        -Wno-pre-c11-compat -Wno-unsafe-buffer-usage -Wno-switch-default -I "$root/include" -I "$root/kvm" \
        -fsyntax-only "$root"/kvm/*.c || fail "clang warns"
    for standard in c++11 c++20; do
        echo '#include <vpsci_kvm.h>' >kvm.cc
        g++ -std="$standard" -Werror -Wall -Wextra -Wpedantic -Wold-style-cast -I "$root/include" -I "$root/kvm" \
            -fsyntax-only kvm.cc || fail "g++ -std=$standard warns"
    done
}

# On arm64 it is installed, with a pkg-config file of its own.
test_kvm_layer_is_installed_on_arm64() {
    "$root/dev" build arm64 >/dev/null
    meson install -C "$build/arm64" --no-rebuild --destdir "$work/arm64" >log 2>&1 || fail "meson install: $(tail -n 3 log)"
    description=$(find arm64 -name vpsci_kvm.pc)
    [ "$description" ] || fail "vpsci_kvm.pc is not installed"
    export PKG_CONFIG_LIBDIR="${description%/*}" PKG_CONFIG_SYSROOT_DIR=arm64
    printf '%s\n' '#include <vpsci_kvm.h>' 'int main(void) { return vpsci_kvm_run(0); }' >uses.c
    compiler=aarch64-linux-gnu-gcc
    [ "$(uname -m)" != aarch64 ] || compiler=gcc
    eval "set -- $(pkg-config --cflags --libs vpsci_kvm)"
    try "$compiler" -Werror -o uses uses.c "$@"
    expect_status 0
}

# The cross file in docs/embedding.md makes the library and its layer for KVM.
test_library_builds_for_arm64_as_the_page_says() {
    awk '$0 == "```ini" { on = 1; next } /^```/ { on = 0 } on' "$root/docs/embedding.md" >arm64.ini
    expect_line arm64.ini aarch64
    try meson setup -Dparts=lib --cross-file arm64.ini cross "$root"
    expect_status 0
    try ninja -C cross
    expect_status 0
    for file in lib/libvpsci.a lib/libvpsci.so kvm/libvpsci_kvm.a; do
        [ -e "cross/$file" ] || fail "there is no $file"
    done
}

# The build needs none of the libraries of dormouse.
test_library_builds_alone() {
    try meson setup -Dparts=lib alone "$root"
    expect_status 0
    steps=$(ninja -C alone -n | sed -n '$s|^\[[0-9]*/\([0-9]*\)\].*|\1|p')
    [ "$steps" -lt 40 ] || fail "the library alone takes $steps steps"
    try ninja -C alone
    expect_status 0
    for file in libvpsci.a libvpsci.so; do
        [ -e "alone/lib/$file" ] || fail "there is no $file"
    done
}

# Manual pages, licence and documents are installed; a build of the library alone installs its own.
test_installs_documents() {
    build_native
    meson install -C "$native" --no-rebuild --destdir "$work/all" >log 2>&1 || fail "meson install: $(tail -n 3 log)"
    for file in man1/dormouse.1 man1/vpsci-check.1 doc/dormouse/LICENSE doc/dormouse/README.md; do
        [ "$(find all -path "*/share/*$file*" -type f)" ] || [ "$(find all -path "*/$file")" ] || fail "$file is not installed"
    done
    try meson setup -Dparts=lib documents "$root"
    expect_status 0
    try meson install -C documents --destdir "$work/lib-only"
    expect_status 0
    for file in doc/libvpsci/LICENSE doc/libvpsci/docs/embedding.md doc/libvpsci/docs/psci-in-user-space.md \
        doc/libvpsci/docs/upgrading.md include/vpsci/vpsci.h include/vpsci/abi.h pkgconfig/vpsci.pc libvpsci.a libvpsci.so; do
        [ "$(find lib-only -path "*/$file")" ] || fail "the library comes without $file"
    done
}

# A warning of another compiler must not end a user's build.
test_warnings_are_errors_under_dev_only() {
    try meson setup -Dparts=lib -Dc_args=-Wdeclaration-after-statement lenient "$root"
    expect_status 0
    try ninja -C lenient
    expect_status 0
    meson introspect "$native" --buildoptions | grep -q '"werror", "value": true' ||
        meson configure "$native" | grep -qE '^ *werror +true' || fail "./dev build does not make warnings errors"
}
