# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev cross`: libvpsci compiled for other processors. Programs that need no C library run there under
# qemu-user, and must print there exactly what they print on this machine.

cross_targets=(armv7 aarch64 aarch64_be riscv64)

cross_help() {
    cat <<EOF
./dev cross [TARGET...]

Compiles libvpsci for ${cross_targets[*]}, or for those named, and runs its
self-test and its scenarios under qemu-user. Their output, including saved records, must be the
same as on this machine. They must also be able to read the records in tests/lib/corpus.
EOF
}

cross_command() {
    local target failed=0
    for target; do
        [[ " ${cross_targets[*]} " == *" $target "* ]] ||
            die "cross: no target $target; use ${cross_targets[*]}"
    done
    (($#)) || set -- "${cross_targets[@]}"
    need build targets
    build_for native
    for target; do
        say "cross: $target"
        (cross_test "$target") &
        wait "$!" || failed=1
    done
    return "$failed"
}

cross_names() {
    printf '%s\n' "${cross_targets[@]}"
}

cross_test() { # TARGET
    local target=$1 out=$build/cross/$1-out program
    with_lock compile "cross/$target" --cross-file "$root/tools/cross/$target.ini" \
        -Dparts=lib -Dlibrary_tests=true -Ddefault_library=static
    rm -rf "$out"
    mkdir -p "$out"
    for program in "${cross_programs[@]}"; do
        cross_compare "$program"
    done
    cross_read_corpus
}

# Programs of tests/lib/freestanding.
cross_programs=(selftest scenarios)

# Runs a program on this machine and on the target, and compares.
cross_compare() { # PROGRAM
    local status=0
    "$build/native/tests/lib/freestanding/$1" >"$out/$1.native" || status=$?
    ((status == 0)) || die "$1 fails on this machine"
    cross_run "$1" >"$out/$1" || status=$?
    if ! diff "$out/$1.native" "$out/$1" || ((status)); then
        die "$1 on $target ends with status $status; its output there and here is in $out"
    fi
    echo "$1 on $target: $(wc -l <"$out/$1") lines, as here"
}

cross_read_corpus() {
    local file kind count=0
    for file in "$root"/tests/lib/corpus/*.record; do
        kind=${file##*/}
        kind=${kind#*-}
        kind=${kind%.record}
        cross_run selftest read "$kind" "$file"
        count=$((count + 1))
    done
    ((count)) || die "there are no records in tests/lib/corpus"
}

cross_run() { # PROGRAM ARGUMENT...
    "qemu-${target/armv7/arm}" "$build/cross/$target/tests/lib/freestanding/$1" "${@:2}"
}
