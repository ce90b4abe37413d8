# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Builds a dormouse with a sanitizer for the lab, in build/arm64-address or build/arm64-thread, linked with the shared
# libraries of the compiler, and collects the libraries that it needs.

declare -A sanitizers=([address]='address,undefined' [thread]=thread)

# The programs that run under a sanitizer: dormouse, and the program that makes mistakes on purpose.
sanitized_targets=(vmm/dormouse tests/lab/mistakes)

sanitize_build() { # address|thread
    with_lock sanitize_compile "$1"
}

sanitize_compile() { # address|thread
    local options=(-Ddefault_library=static -Dtests=false "-Db_sanitize=${sanitizers[$1]}" -Db_lundef=false)
    if [[ $machine == aarch64 ]]; then
        compile_targets="${sanitized_targets[*]}" compile "arm64-$1" "${options[@]}" -Dc_args=-fno-sanitize-recover=all
        return
    fi
    make_sysroot
    sanitize_link_archives "$build/sysroot" "$(sanitize_ask_compiler libc.so.6)"
    compile_targets="${sanitized_targets[*]}" compile "arm64-$1" --cross-file "$build/sysroot.ini" \
        --cross-file "$root/tools/aarch64.ini" --cross-file "$root/tools/aarch64_sanitized.ini" \
        -Dprefer_static=true "${options[@]}"
}

# Links the sysroot's static libraries, except the parts of the C library, which come with the compiler.
sanitize_link_archives() { # SYSROOT C-LIBRARY
    local archive
    mkdir -p "$1/archives"
    for archive in "$1"/usr/lib/aarch64-linux-gnu/*.a; do
        if [[ ! -e ${2%/*}/${archive##*/} ]]; then
            ln -sf "$archive" "$1/archives/"
        fi
    done
}

sanitize_ask_compiler() { # NAME-OF-A-LIBRARY
    local path
    path=$(aarch64-linux-gnu-gcc -print-file-name="$1")
    [[ $path == /* ]] || die "the compiler for arm64 has no $1"
    printf '%s\n' "$path"
}

# The lab has the libraries of Debian's arm64 packages of the same release: the AddressSanitizer of Debian 13's
# cross-compiler writes to its own code and crashes.
sanitize_make_libraries() {
    make_once "$build/lab/debian/$debian_suite-sanitizers" "fetching the sanitizers' arm64 libraries" "10 s" \
        sanitize_fill_libraries
}

sanitize_fill_libraries() { # FOLDER
    local folders=(./usr/lib)
    [[ $debian_suite != bookworm ]] || folders+=(./lib)
    fetch_debian "$1" "$debian_suite" "$(sanitize_packages)" "${folders[@]/%//aarch64-linux-gnu/*.so*}"
    find "${folders[@]/#./$1}" -name '*.so*' ! -type d -exec mv -t "$1" {} +
    rm -rf "${1:?}"/{usr,lib}
}

# The package of libasan.so.8 is libasan8.
sanitize_packages() {
    local name
    for name in libasan libubsan libtsan; do
        aarch64-linux-gnu-readelf -d "$(sanitize_ask_compiler "$name.so")" |
            sed -n 's/.*(SONAME).*\[\(lib[a-z]*\)\.so\.\([0-9]*\)\]/\1\2/p'
    done | paste -s -d ,
}

# Puts links to all shared libraries that a program needs, directly or not, into a folder.
sanitize_link_libraries() { # PROGRAM FOLDER
    local name path
    aarch64-linux-gnu-readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r name; do
        [[ ! -e $2/$name ]] || continue
        path=$build/lab/debian/$debian_suite-sanitizers/$name
        ln -s "$path" "$2/$name"
        sanitize_link_libraries "$path" "$2"
    done
}

# Variables that a command in the lab gets in addition. The other options of the runtimes are in the program itself:
# vmm/sandbox/instruments_sanitizer.c. LeakSanitizer is off: it stops the process by ptrace, which the sandbox's user
# may not do, and takes 10 s on an emulated processor.
sanitize_settings() {
    printf 'export LAB_SANITIZE=%s ASAN_OPTIONS=detect_leaks=0\n' "$lab_sanitize"
}
