# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# The crates in rust/, with Debian's compiler and without a registry.
#
# limit crates_pass_their_tests 600
# limit packages_build_alone 600
# limit crates_link_the_installed_library 600
# limit crates_have_no_warnings 600

# shellcheck source=tests/dev/library.sh
. "$root/tests/dev/library.sh"

# A developer may have other compilers before Debian's in PATH, and settings for them.
export PATH="/usr/bin:$PATH" RUSTC=/usr/bin/rustc CARGO_HOME="$work/cargo"
export CARGO_TARGET_DIR="$build/rust" CARGO_TERM_COLOR=never RUSTFLAGS="-D warnings"
unset CC AR CARGO RUSTUP_TOOLCHAIN VPSCI_SYS_USE_PKG_CONFIG

run_cargo() { # WORD...
    try cargo "$@" --offline
    expect_status 0
}

in_crates() { # COMMAND...
    cd "$root/rust" || fail "there is no rust/"
    "$@"
    cd "$work" || fail "$work is gone"
}

# Compiles a file against the crate, as the last build left it.
compile_with_crate() { # FILE WORD...
    file=$1
    shift
    try rustc --edition 2021 -L dependency="$CARGO_TARGET_DIR/debug/deps" \
        --extern vpsci="$CARGO_TARGET_DIR/debug/libvpsci.rlib" "$@" "$file"
}

test_crates_pass_their_tests() {
    in_crates run_cargo test --locked --all-features
    passed=$(sed -n 's/^test result: ok. \([0-9]*\) passed.*/\1/p' out | awk '{ sum += $1 } END { print sum }')
    [ "$passed" -ge 24 ] || fail "only $passed tests were run"
    expect_line out 'test .*src/lib.rs - (line [0-9]*) ... ok' # the monitor in README.md
}

# cargo test runs the monitor in the crate's documentation; this looks at what it prints.
test_crate_page_prints_what_it_says() {
    in_crates run_cargo build --locked
    awk -v name=monitor.rs '/^```$/ && !on { on = 1; next } /^```text$/ { on = 1; name = "said"; next }
        /^```/ { on = 0 } on { print >name }' "$root/rust/vpsci/README.md"
    compile_with_crate monitor.rs -o monitor
    expect_status 0
    try timeout 60 ./monitor
    expect_status 0
    diff said out || fail "the monitor prints something else"
}

# Each file of tests/misuse/ has the error that its second line names, and no other.
test_misuse_does_not_compile() {
    in_crates run_cargo build --locked
    for file in "$root"/rust/tests/misuse/*.rs; do
        expected=$(sed -n '2s|^// \([A-Z0-9a-z]*\):.*|\1|p' "$file")
        compile_with_crate "$file" --crate-type lib --emit metadata -o misuse.rmeta
        found=$(sed -n 's/^error\[\(E[0-9]*\)\].*/\1/p' err | sort -u)
        [ "$status" -eq 0 ] && found=compiles
        expect_equal "$file" "$found" "$expected"
    done
    [ "$(find "$root/rust/tests/misuse" -name '*.rs' | wc -l)" -ge 15 ] || fail "files are missing"
}

# A program without std and without a C library, which shows that neither the crates nor the C sources need them.
test_crates_need_no_std_and_no_c_library() {
    in_crates run_cargo build --locked
    compile_with_crate "$root/rust/tests/freestanding.rs" -C panic=abort -C opt-level=1 \
        -C relocation-model=static -C link-args='-nostdlib -nostartfiles -static' -o freestanding
    expect_status 0
    nm -u freestanding >needed
    expect_text needed ""
    try ./freestanding
    expect_status 0
}

# What cargo would publish is complete: unpacked elsewhere it compiles, and the C sources are in it as files.
test_packages_build_alone() {
    for crate in vpsci-sys vpsci; do
        in_crates run_cargo package --allow-dirty --list -p "$crate"
        for file in Cargo.toml LICENSE README.md src/lib.rs; do
            grep -qx "$file" out || fail "the package of $crate lacks $file"
        done
    done
    in_crates run_cargo package --allow-dirty --no-verify -p vpsci-sys
    tar -xzf "$CARGO_TARGET_DIR"/package/vpsci-sys-*.crate
    cd vpsci-sys-* || fail "nothing was unpacked"
    [ -z "$(find . -type l)" ] || fail "a link in the package: $(find . -type l)"
    diff -r libvpsci/lib "$root/lib" || fail "the C sources in the package are others"
    CARGO_TARGET_DIR=$work/target run_cargo build
}

# Instead of compiling the C sources, the crates use the shared library that pkg-config finds.
test_crates_link_the_installed_library() {
    install_library
    # Cargo runs pkg-config elsewhere, and pkg-config cannot handle the blanks in $work.
    plain=$(mktemp -d "${TMPDIR:-/tmp}/plain.XXXXXX")
    trap 'rm -rf "$work" "$plain"' EXIT
    ln -s "$work/dest" "$plain/dest"
    export PKG_CONFIG_LIBDIR="$plain/$PKG_CONFIG_LIBDIR" PKG_CONFIG_SYSROOT_DIR="$plain/dest"
    export VPSCI_SYS_USE_PKG_CONFIG=1 CARGO_TARGET_DIR="$work/target" LD_LIBRARY_PATH="$library"
    in_crates run_cargo test --locked -p vpsci --test threads
    program=$(find target/debug/deps -name 'threads-*' -type f -perm -u+x)
    objdump -p "$program" | grep -q 'NEEDED *libvpsci\.so' || fail "$program does not use the shared library"
}

test_crates_have_no_warnings() {
    in_crates run_cargo clippy --locked --all-features --all-targets
    RUSTDOCFLAGS="-D warnings" in_crates run_cargo doc --locked --all-features --no-deps
    in_crates try cargo fmt --all --check
    expect_status 0
    try rustfmt --check --edition 2021 "$root"/rust/tests/*.rs "$root"/rust/tests/misuse/*.rs
    expect_status 0
}

# Kind and name of what a file of bindings has.
names_in() { # FILE
    sed -n 's/^ *pub \(const\|fn\|type\|struct\) \(\(VPSCI\|vpsci\)_[A-Za-z0-9_]*\).*/\1 \2/p' "$1" | sort -u
}

# Other people make their own bindings: bindgen sees each name and number of the headers.
test_bindgen_sees_all_names() {
    command -v bindgen >/dev/null || {
        echo "skipped: bindgen is not installed"
        return
    }
    in_crates run_cargo build --locked
    try bindgen "$root/include/vpsci/vpsci.h" --use-core --no-prepend-enum-name --no-doc-comments \
        -o seen.rs -- -I "$root/include"
    expect_status 0
    names_in "$root/rust/vpsci-sys/src/lib.rs" >ours
    names_in seen.rs >theirs
    [ "$(wc -l <ours)" -gt 200 ] || fail "the bindings were not read"
    comm -23 ours theirs >unseen
    expect_text unseen ""
    {
        echo '#![allow(dead_code, non_camel_case_types, non_upper_case_globals, non_snake_case)]'
        echo 'mod seen { include!("seen.rs"); }'
        sed -n 's/^const \(.*\)/\1/p' ours | grep -vx VPSCI_LIBRARY_TEXT |
            sed 's/.*/const _: () = assert!(seen::& as i128 == vpsci::sys::& as i128);/'
    } >same.rs
    compile_with_crate same.rs --crate-type lib --emit metadata -o same.rmeta
    expect_status 0
}
