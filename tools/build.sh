# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Compiling with Meson: build/native for this machine, build/arm64 for the lab.

arm64_options=(-Dstatic_binary=true -Ddefault_library=static -Dtests=false)

build_help() {
    cat <<'EOF'
./dev build [native|arm64|image|hyp]

Compiles dormouse, the conformance image, or hyp. The last line of output is the path of the result.

  native   for this machine, with the unit tests (the default)
  arm64    for arm64, linked statically: runs in the lab and on any arm64 machine. Elsewhere
           it is cross-compiled against the libraries of Debian's own arm64 packages.
  image    vpsci-check.img, the conformance image for arm64. build native makes the tool that runs
           it, build/native/check/tool/vpsci-check.
  hyp      hyp.img, the hypervisor for arm64 machines that start it at EL2
EOF
}

build_command() {
    (($# <= 1)) || die "build takes one argument, and '$2' is a second one; see ./dev build --help"
    case ${1-native} in
    native | arm64)
        build_for "${1-native}"
        printf '%s\n' "$build/${1-native}/vmm/dormouse"
        ;;
    image)
        build_image
        printf '%s\n' "$build/arm64/check/image/vpsci-check.img"
        ;;
    hyp)
        build_hyp
        printf '%s\n' "$build/arm64/hyp/hyp.img"
        ;;
    *) die "cannot build '$1'; use native, arm64, image or hyp" ;;
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
        die_of "$build/ninja.log" 30 "the conformance image does not compile"
    fi
}

# The hypervisor, without the rest of that build.
build_hyp() {
    local compile_targets=hyp/hyp.img
    build_for arm64
}

compile_cross() {
    make_sysroot
    compile arm64 --cross-file "$build/sysroot.ini" --cross-file "$root/tools/aarch64.ini" \
        "${arm64_options[@]}"
}

sysroot_packages=libfdt-dev,libinih-dev,libjansson-dev,libpcap0.8-dev,liburing-dev,zlib1g-dev,libzstd-dev

# The static libraries of the Debian release that this machine runs. They must fit the C library that comes
# with its cross-compiler.
make_sysroot() {
    local made_of=''
    if [[ -r $build/sysroot/.made_of ]]; then
        read -r made_of <"$build/sysroot/.made_of"
    fi
    if [[ $made_of != "$debian_suite $sysroot_packages" ]]; then
        rm -rf "$build/sysroot" "$build/arm64" "$build"/arm64-*
        make_folder "$build/sysroot" "fetching the arm64 libraries to link with" "10 s" fill_sysroot
    fi
    name_sysroot
}

# Writes the cross file that says where the sysroot is. Meson doubles every backslash of such a file, so an
# apostrophe cannot be escaped; a text in three of them may have one.
name_sysroot() {
    local where="[constants]"$'\n'"sysroot = '''$build/sysroot'''"
    # Writing the file again would make Meson configure again.
    if [[ ! -e $build/sysroot.ini || $(<"$build/sysroot.ini") != "$where" ]]; then
        printf '%s\n' "$where" >"$build/sysroot.ini"
    fi
}

fill_sysroot() { # FOLDER
    fetch_debian "$1" "$debian_suite" "$sysroot_packages" \
        ./usr/include ./usr/lib/aarch64-linux-gnu
    echo "$debian_suite $sysroot_packages" >"$1/.made_of"
}

# All, or the targets named by `compile_targets`.
compile() { # FOLDER MESON-OPTION...
    local targets
    read -ra targets <<<"${compile_targets-}"
    configure "$@"
    start_ticker "$build/ninja.log"
    if ! ninja -C "$build/$1" "${targets[@]}" >"$build/ninja.log" 2>&1; then
        stop_ticker
        # Drop the successful steps before the first failure.
        sed -i '/^FAILED/,$!d' "$build/ninja.log"
        die_of "$build/ninja.log" 200 "the build in $(name_folder "$1") failed"
    fi
    stop_ticker
}

configure() { # FOLDER MESON-OPTION...
    local dir=$build/$1 name wanted
    name=$(name_folder "$1")
    shift
    wanted=$(spell_options "$@")
    # Meson's set-up writes build.ninja last. Without the comparison, Meson would keep the old options.
    if [[ -e $dir/build.ninja && -e $dir/.options && $(<"$dir/.options") == "$wanted" ]]; then
        return
    fi
    say "configuring $name"
    rm -rf "$dir"
    if ! meson setup -Dwerror=true "$@" "$dir" "$root" >"$build/meson.log" 2>&1; then
        die_of "$build/meson.log" 8 "meson could not configure $name"
    fi
    printf '%s\n' "$wanted" >"$dir/.options"
}

# Prints the options and the checksums of the cross files that they name.
spell_options() { # MESON-OPTION...
    local word last=''
    printf '%s\n' "$*"
    for word; do
        [[ $last != --cross-file ]] || cksum <"$word"
        last=$word
    done
}

# Prints a folder of the build folder, relative to the root if possible.
name_folder() { # FOLDER
    printf '%s' "${build#"$root/"}/$1"
}
