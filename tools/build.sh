# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Compiling with Meson: build/native for this machine, build/arm64 for the lab.

arm64_options=(-Dstatic_binary=true -Ddefault_library=static -Dtests=false)

build_help() {
    cat <<'EOF'
./dev build [arm64|native|image]

Compiles dormouse, or the image; the last line of the output is the path of the program.

  native   for this machine, with the unit tests (the default)
  arm64    for arm64, linked statically: runs in the lab and on any arm64 machine. Elsewhere
           it is cross-compiled against the libraries of Debian's own arm64 packages.
EOF
}

build_command() {
    case ${1-native} in
    native | arm64)
        (($# <= 1)) || die "build takes one word; see ./dev help build"
        build_for "${1-native}"
        printf '%s\n' "$build/${1-native}/vmm/dormouse"
        ;;
    image)
        (($# <= 1)) || die "build takes one word; see ./dev help build"
        build_image
        printf '%s\n' "$build/arm64/check/image/vpsci-check.img"
        ;;
    *) die "cannot build for '$1': arm64, native and image are what there is" ;;
    esac
}

build_for() { # native|arm64
    if [[ $1 == native ]]; then
        need build
        with_lock compile native
    elif [[ $machine == aarch64 ]]; then
        need build
        with_lock compile arm64 "${arm64_options[@]}"
    else
        need cross
        with_lock compile_cross
    fi
}

# The conformance image. It has a compiler of its own, which nothing else in that build needs.
build_image() {
    need image
    build_for arm64
    with_lock compile_image
}

compile_image() {
    if ! ninja -C "$build/arm64" check/image/vpsci-check.img >"$build/ninja.log" 2>&1; then
        show_tail "$build/ninja.log" 30
        die "the conformance image does not compile"
    fi
}

compile_cross() {
    make_sysroot
    compile arm64 --cross-file "$build/sysroot.ini" --cross-file "$root/tools/aarch64.ini" \
        "${arm64_options[@]}"
}

# The static libraries of the release this machine runs: they must fit the C library that comes
# with its cross-compiler.
make_sysroot() {
    local made_for=''
    if [[ -r $build/sysroot/.suite ]]; then
        read -r made_for <"$build/sysroot/.suite"
    fi
    if [[ $made_for != "$debian_suite" ]]; then
        rm -rf "$build/sysroot" "$build/arm64"
        make_folder "$build/sysroot" "fetching the arm64 libraries to link with" "10 s" fill_sysroot
    fi
    local where="[constants]"$'\n'"sysroot = '${build//\'/\\\'}/sysroot'"
    # Written anew it would make Meson configure anew.
    if [[ ! -e $build/sysroot.ini || $(<"$build/sysroot.ini") != "$where" ]]; then
        printf '%s\n' "$where" >"$build/sysroot.ini"
    fi
}

fill_sysroot() { # FOLDER
    fetch_debian "$1" "$debian_suite" libfdt-dev,libjansson-dev,zlib1g-dev,libzstd-dev \
        ./usr/include ./usr/lib/aarch64-linux-gnu
    echo "$debian_suite" >"$1/.suite"
}

compile() { # FOLDER MESON-OPTION...
    local dir=$build/$1
    shift
    # build.ninja is the last thing that a set-up writes. Meson alone would keep options as they were.
    if [[ ! -e $dir/build.ninja || ! -e $dir/.options || $(<"$dir/.options") != "$*" ]]; then
        say "configuring ${dir#"$root/"}"
        rm -rf "$dir"
        if ! meson setup "$@" "$dir" "$root" >"$build/meson.log" 2>&1; then
            show_tail "$build/meson.log" 8
            die "meson could not configure ${dir#"$root/"}"
        fi
        printf '%s\n' "$*" >"$dir/.options"
    fi
    if ! ninja -C "$dir" --quiet >"$build/ninja.log" 2>&1; then
        cat "$build/ninja.log" >&2
        die "the build in ${dir#"$root/"} failed"
    fi
}
