# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev cover`: how much of lib/ its tests reach, as clang counts it.

cover_help() {
    cat <<'EOF'
./dev cover

Runs libvpsci's quick tests on an instrumented library. Prints the percentage of its lines and
branches that they reach, and of its conditions that they show to matter alone (MC/DC), then every
place that they miss. Fails if there is one. build/cover/index.html is a report to read.
EOF
}

cover_command() {
    take_nothing cover "$@"
    need build instruments
    cover_test
}

cover_test() {
    local tests=()
    cover_build
    cover_run_tests
    cover_merge
    cover_report
}

cover_build() {
    local flags="-fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc"
    # A line that consists of one macro of a system header, such as an atomic operation, counts as well.
    flags+=" -mllvm -system-headers-coverage"
    # Everything links a C library, because the counters need one.
    # Meson's own trial program is instrumented as well. Without LLVM_PROFILE_FILE it would write its counts here.
    mkdir -p "$build/cover"
    LLVM_PROFILE_FILE=$build/cover/trial.profraw CC=clang-19 with_lock compile cover/build -Dparts=lib -Dlibrary_tests=true \
        -Dfreestanding=false -Dwerror=false "-Dc_args=$flags" "-Dc_link_args=$flags"
}

# Runs all quick tests that contain libvpsci.
cover_run_tests() {
    readarray -t tests < <(test_quick_of_meson cover/build vpsci)
    ((${#tests[@]})) || die "cover: there are no tests"
    rm -rf "$build/cover/counts"
    LLVM_PROFILE_FILE=$build/cover/counts/%p-%m.profraw meson test -C "$build/cover/build" \
        --no-rebuild --print-errorlogs "${tests[@]#*/}" >"$build/cover/test.log" 2>&1 || {
        show_tail "$build/cover/test.log" 40
        die "cover: a test fails"
    }
}

cover_merge() {
    llvm-profdata-19 merge -sparse "$build"/cover/counts/*.profraw -o "$build/cover/all.profdata"
}

# The shared library has every file of the library, including code that no test calls.
cover_report() {
    local missing words=("$build/cover/build/lib/libvpsci.so"
        -instr-profile="$build/cover/all.profdata" -ignore-filename-regex='/(tests|check|include)/')
    llvm-cov-19 show "${words[@]}" -format=html -show-branches=count -show-mcdc \
        -show-instantiations=false -output-dir="$build/cover" >/dev/null
    llvm-cov-19 report "${words[@]}" -show-mcdc-summary -show-region-summary=false |
        awk -f "$root/tools/cover_report.awk"
    missing=$(llvm-cov-19 show "${words[@]}" -show-branches=count -show-mcdc \
        -show-instantiations=false | awk -v root="$root/" -f "$root/tools/cover_missing.awk")
    [[ $missing ]] || return 0
    printf '\nnot covered:\n%s\n' "$missing"
    return 1
}
