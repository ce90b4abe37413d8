# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev lint`: checks of the source that run none of it.

# The quick checks, which ./dev test runs as well, and those that take minutes.
lint_quick=(format headers rooms circles statics numbers complexity shell)
lint_long=(clang tidy)

lint_help() {
    cat <<EOF
./dev lint [CHECK...]

Runs all checks, or those named, and fails if one finds something. The quick ones, which ./dev test runs as well:
${lint_quick[*]}.
The ones that take minutes: ${lint_long[*]}. Installs clang-format, clang-tidy and shellcheck.
EOF
}

lint_names() {
    printf '%s\n' "${lint_quick[@]}"
}

lint_test() { # NAME
    "lint_$1"
}

lint_command() {
    local part failed=0
    for part; do
        [[ " ${lint_quick[*]} ${lint_long[*]} " == *" $part "* ]] ||
            die "lint: no check '$part'; there are ${lint_quick[*]} ${lint_long[*]}"
    done
    (($#)) || set -- "${lint_quick[@]}" "${lint_long[@]}"
    need build lint
    build_for native
    build_for arm64
    for part; do
        say "lint: $part"
        if ! "lint_$part"; then
            complain "lint: $part found something"
            failed=1
        fi
    done
    return "$failed"
}

# Prints the C files that match, each ended by a NUL.
lint_find() { # PATTERN...
    local folder names=() folders=()
    for folder in include lib kvm examples base bare vmm check hyp tests bench fuzz proofs; do
        [[ ! -d $root/$folder ]] || folders+=("$folder")
    done
    for folder; do
        names+=(-o -name "$folder")
    done
    (cd "$root" && find "${folders[@]}" -type f \( "${names[@]:1}" \) -print0)
}

lint_format() {
    lint_find '*.c' '*.h' | (cd "$root" && xargs -0 -r clang-format-19 --dry-run -Werror)
}

# Every header compiles alone, because it includes all that it needs; but not those that replace a system's header. The target is arm64, which has all of KVM's types.
lint_headers() {
    local header failed=0
    local compile=(clang-19 -target aarch64-linux-gnu --sysroot="$build/sysroot" -fsyntax-only
        -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Werror
        -Wno-unused-function -I include -I lib -I kvm -I vmm -I check/image -I bare -I check/tool -I tests/rig -I hyp/arch -I hyp/core -I hyp/tool -I .)
    if [[ $machine == aarch64 ]]; then
        compile=("${compile[@]/--sysroot=*/-pipe}")
    fi
    while IFS= read -r -d '' header; do
        (cd "$root" && "${compile[@]}" -include "$header" -x c /dev/null) || failed=1
    done < <(lint_find '*.h' | grep -zv '^tests/rig/arm64/')
    return "$failed"
}

# Each room includes only what the table in DESIGN.md allows.
lint_rooms() {
    (cd "$root" && awk -f tools/rooms.awk <(lint_code_of_rooms) DESIGN.md \
        <(lint_code_of_rooms | tr '\n' '\0' | xargs -0 grep -HE '^ *# *include +("|<vpsci/)'))
}

# PSCI's function IDs and the mask of an MPIDR are numbers in three headers only: one for programs that answer calls,
# one for programs that examine a server (with the mask in bare/), and the model's own. All other files use their names.
# Only tests and scenarios may use IDs that have no name.
lint_numbers() {
    ! (cd "$root" && lint_find '*.c' '*.h' | xargs -0 grep -nEi \
        '0x(84|c4)0000[0-9a-f]{2}u?\>|0x95c1ba(5[ef]|6[01])|0xff00ffffff' |
        grep -vE '^(\./)?(include/vpsci/abi\.h|check/numbers\.h|bare/smp\.h|tests/|check/scenarios/families/)'
        cd "$root" && grep -rnEi '0x95c1ba(5[ef]|6[01])|0xff00ffffff' tests/lib/model |
        grep -v '^tests/lib/model/model\.h:') | grep .
}

# Functions of at most 60 lines and with a cyclomatic complexity of at most 10.
lint_complexity() {
    ! lint_find '*.c' | (cd "$root" && xargs -0 pmccabe 2>/dev/null) |
        awk '$1 > 10 || $5 > 60 { print $6 " " $7 ": complexity " $1 ", " $5 " lines" }' | grep .
}

# In libvpsci, and in each room of dormouse, calls between files go in one direction.
lint_circles() {
    build_for arm64 >/dev/null
    lint_order "$build/arm64/lib/libvpsci.a" 1 && lint_order "$build/arm64/vmm/libdormouse.a" 0
}

# If there is a circle, tsort prints its objects on standard error.
lint_order() { # LIBRARY ONE
    local nm=nm
    [[ $machine == aarch64 ]] || nm=aarch64-linux-gnu-nm
    "$nm" -A -g "$1" | awk -v one="$2" -f "$root/tools/circles.awk" | tsort >"$build/order" && [[ -s $build/order ]]
}

# The name of a static function of dormouse has more than one word, and no other static function has it.
lint_statics() {
    # The scenarios are a language of their own.
    local folders failed=0
    for folders in 'vmm kvm' 'bare check'; do
        # shellcheck disable=SC2086 # folders
        (cd "$root" && find $folders -path check/scenarios/families -prune -o -name '*.c' -print0 | sort -z |
            xargs -0 awk -f tools/statics.awk) || failed=1
    done
    return "$failed"
}

lint_code_of_rooms() {
    local folder folders=()
    for folder in include lib kvm examples base vmm bare check hyp; do
        [[ ! -d $root/$folder ]] || folders+=("$folder")
    done
    find "${folders[@]}" -type f \( -name '*.[chS]' -o -name '*.inc' -o -name '*.def' \)
}

# The files that dev sources are checked together with dev, every other script by itself.
lint_shell() {
    local file others=()
    while IFS= read -r -d '' file; do
        grep -qF "source \"\$root/$file\"" "$root/dev" || others+=("$file")
    done < <(cd "$root" && find .ci tests check bench lab tools peers fleet -type f -print0 |
        xargs -0 -r grep -lZE '^(#!/.*sh|# shellcheck shell=)')
    (cd "$root" && shellcheck -x -a dev && shellcheck -x "${others[@]}")
}

# The warnings of a second compiler.
lint_clang() {
    CC=clang-19 with_lock compile native-clang
}

# The arm64 build has all of dormouse and libvpsci; the native build has the tests that run here.
lint_tidy() {
    local failed=0
    lint_tidy_files arm64 . || failed=1
    lint_tidy_files native '/\(tests\|check\)/' || failed=1
    lint_tidy_image || failed=1
    return "$failed"
}

# The conformance image has a compiler and flags of its own.
lint_tidy_image() {
    (cd "$root" && clang-tidy-19 --quiet check/image/*.c -- --target=aarch64-linux-gnu -std=gnu11 \
        -ffreestanding -fPIE -mgeneral-regs-only -I check/image -I bare 2>&1) |
        sed '/^[0-9]* warnings\? generated\.$/d'
}

lint_tidy_files() { # BUILD-FOLDER PART-OF-THE-PATH
    # Options of hyp's that only gcc has.
    mkdir -p "$build/$1/tidy"
    sed 's/ -fcallgraph-info=su//; s/ -falign-[a-z]*=4//g' "$build/$1/compile_commands.json" \
        >"$build/$1/tidy/compile_commands.json"
    sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$build/$1/compile_commands.json" |
        grep -e "$2" | grep '\.c$' | sort -u | tr '\n' '\0' |
        (cd "$build/$1" && xargs -0 -r -n 2 -P "$(nproc)" clang-tidy-19 --quiet -p tidy --extra-arg=-Wno-unknown-warning-option 2>&1) |
        sed '/^[0-9]* warnings\? generated\.$/d; /^\[[0-9]*\/[0-9]*\] Processing file/d'
}
