#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The zoo: bugs that PSCI servers have had, each as a patch of lib/, and what has to notice it; and bugs that saved VMs of
# other monitors have had, as patches of vmm/; and bugs of hypervisors, as patches of hyp/.
#
#   run.sh [NAME]...      all mutants, or those named
#   run.sh --list         name, killer
#
# A patch has a line `Killed-by: WHAT`. WHAT is the name of a scenario (check/scenarios), which is run on
# the mutant in every configuration of check/host; or, for what only interleavings show for certain,
# explore/NAME or `explore --try ...` (tests/lib/explore); or, for a patch of vmm/ or kvm/, saved_vm/NAME (tests/vmm/saved_vm), an
# arm64 program that qemu-user runs on other machines; or, for a patch of hyp/, hyp/NAME (tests/hyp/test_NAME.c). It has to fail. A mutant survives if it does not,
# and that is a failure, as is a patch that no longer applies or a mutant that does not compile.
#
# CC is the compiler, and CC_ARM64 the one for arm64.
set -eu

zoo=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$zoo/../../.." && pwd)
cc=${CC:-cc}
flags='-std=c11 -D_GNU_SOURCE -O1 -w'
cc_arm64=${CC_ARM64:-aarch64-linux-gnu-gcc}
runner=qemu-aarch64
[ "$(uname -m)" != aarch64 ] || runner=
folder=lib # of the patch
libraries=
seconds=60 # that one run may take: a mutant may well hang

fail() {
    echo "zoo: $1" >&2
    exit 2
}

killer_of() {
    sed -n 's/^Killed-by: //p' "$1"
}

mutants() {
    if [ $# -eq 0 ]; then
        ls "$zoo"/*.patch
        return
    fi
    for name in "$@"; do
        [ -f "$zoo/$name.patch" ] || fail "there is no mutant '$name'"
        echo "$zoo/$name.patch"
    done
}

if [ "${1-}" = --list ]; then
    for patch in "$zoo"/*.patch; do
        printf '%s\t%s\n' "$(basename "$patch" .patch)" "$(killer_of "$patch")"
    done
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compile DIRECTORY FILE...: objects into DIRECTORY
compile() {
    into=$1
    shift
    mkdir -p "$into"
    # shellcheck disable=SC2086 # flags are words
    (cd "$into" && "$cc" $flags $extra -I"$root/include" -c "$@")
}

# Which files of the mutant have to be compiled again: all, if what all include has changed.
changed_sources() {
    if grep -q '^+++ b/lib/.*\.\(h\|def\)$' "$1"; then
        sources
        return
    fi
    sed -n "s,^+++ b/$folder/\\([^[:space:]]*\\.c\\).*,\\1,p" "$1"
}

sources() {
    cat "$work/source/sources.txt"
}

in_directory() {
    while read -r name; do
        echo "$1/$name"
    done
}

# The unchanged library, once; mutants differ from it in an object or two. A copy: whoever runs this
# may go on working.
prepare() {
    cp -r "$root/lib" "$work/source"
    extra=
    # shellcheck disable=SC2046 # names without spaces
    compile "$work/lib" $(sources | in_directory "$work/source")
    compile "$work/check" "$root"/check/scenarios/*/*.c "$root"/check/host/*.c
    link "$work/lib" "$work/check" "$work/good"
}

link() {
    # shellcheck disable=SC2086
    "$cc" $flags -o "$3" "$1"/*.o "$2"/*.o -pthread $libraries
}

prepare_explorer() {
    [ ! -d "$work/explore" ] || return 0
    extra="-include $root/tests/lib/atomic.h -I$work/source"
    # shellcheck disable=SC2046
    compile "$work/explore-lib" $(sources | in_directory "$work/source")
    compile "$work/explore" "$root"/tests/lib/explore/*.c
    rm "$work/explore/replay.o" # another program
    link "$work/explore-lib" "$work/explore" "$work/good-explore"
}

# The files of vmm/ and kvm/ that save and restore a VM, with a KVM that is not there.
prepare_saved() {
    [ ! -d "$work/saved" ] || return 0
    # shellcheck disable=SC2046 # names without spaces
    compile "$work/saved-vmm" $(in_directory "$root" <"$root/tests/vmm/saved_vm/sources.txt")
    compile "$work/saved" "$root"/tests/vmm/saved_vm/*.c
    link "$work/saved-vmm" "$work/saved" "$work/good-saved"
}

hyp_includes="-I$root/hyp/arch -I$root/hyp/core -I$root"

# What a test of hyp is linked with: what reads descriptions, what places RAM, what maps it, what decides, or the
# vgic, with a GIC that is not there.
hyp_sources() { # NAME
    tree="$root/hyp/core/vm.c $root/bare/string.c $root/bare/tree.c"
    case $1 in
    describe) echo "$root"/hyp/core/describe*.c "$root/tests/hyp/good_bundle.c" "$tree" ;;
    calls | clock | control | races | system)
        (cd "$root/hyp/core" && echo calls.c control.c emulated.c events.c kick.c pl031.c policy.c power.c skip.c system.c vm.c) |
            tr ' ' '\n' | in_directory "$root/hyp/core"
        echo "$root/tests/hyp/lone.c"
        ;;
    load) echo "$root/hyp/core/load.c" "$root/hyp/core/memory_map.c" "$tree" ;;
    stage2) echo "$root/hyp/core/stage2.c" ;;
    *)
        echo "$root/hyp/core/kick.c" "$root"/hyp/core/vgic*.c "$root/hyp/core/vm.c" "$root"/hyp/arch/fake/*.c \
            "$root/tests/hyp/vgic_rig.c"
        ;;
    esac
}

prepare_hyp() { # NAME
    extra=$hyp_includes
    [ ! -d "$work/hyp-$1" ] || return 0
    # shellcheck disable=SC2046 # names without spaces
    compile "$work/hyp-base-$1" $(hyp_sources "$1")
    compile "$work/hyp-$1" "$root/tests/hyp/test_$1.c"
    link "$work/hyp-base-$1" "$work/hyp-$1" "$work/good-hyp-$1"
}

# build BASE-OBJECTS PROGRAM-OBJECTS: the mutant in $work/tree, as $work/mutant
build() {
    rm -rf "$work/objects"
    cp -r "$1" "$work/objects"
    # shellcheck disable=SC2046
    compile "$work/objects" $(changed_sources "$patch" | in_directory "$work/tree/$folder") &&
        link "$work/objects" "$2" "$work/mutant"
}

# Whether a program fails, or crashes, or hangs.
fails() {
    ! timeout "$seconds" "$@" >"$work/output" 2>&1
}

# The killer, run on a build: $work/mutant and the like. `explore --try` has quoted words.
killer_fails() {
    # shellcheck disable=SC2086 # the runner is a word, or none
    case $killer in
    explore/*) fails "$1" "${killer#explore/}" ;;
    hyp/*) fails "$1" ;;
    saved_vm/*) fails $runner "$1" "${killer#saved_vm/}" ;;
    'explore '*)
        eval "set -- \"$1\" ${killer#explore }"
        fails "$@"
        ;;
    *) fails "$1" run "$killer" ;;
    esac
}

verdict() {
    number=$((number + 1))
    echo "$1 $number - $name${2:+ # $2}"
    [ "$1" = ok ] || bad=$((bad + 1))
}

# What kills it has to leave the unchanged library alone; asked once each.
is_fair() {
    if ! grep -qxF "$killer" "$work/fair"; then
        ! killer_fails "$1" || return 1
        echo "$killer" >>"$work/fair"
    fi
}

# try_on GOOD-PROGRAM LIBRARY-OBJECTS PROGRAM-OBJECTS
try_on() {
    if ! build "$2" "$3" 2>"$work/errors"; then
        verdict 'not ok' 'does not compile'
    elif ! is_fair "$1"; then
        verdict 'not ok' "not there, or fails without the mutant too: $killer"
    elif killer_fails "$work/mutant"; then
        verdict ok
    else
        verdict 'not ok' "survives $killer"
    fi
}

try_scenario() {
    extra="-I$work/tree/lib"
    try_on "$work/good" "$work/lib" "$work/check"
}

try_explorer() {
    prepare_explorer
    extra="-include $root/tests/lib/atomic.h -I$work/tree/lib"
    try_on "$work/good-explore" "$work/explore-lib" "$work/explore"
}

try_saved() {
    lib_cc=$cc lib_flags=$flags folder=$(sed -n 's,^+++ b/\([^/]*\)/.*,\1,p' "$patch")
    cc=$cc_arm64 flags="$flags -std=gnu11 -static -D_FILE_OFFSET_BITS=64"
    extra="-I$root/vmm -I$root/kvm -I$root -I$root/tests/vmm/saved_vm"
    cp -r "$root/vmm" "$root/kvm" "$work/tree"
    if patch -s -p1 -d "$work/tree" <"$patch" >"$work/errors" 2>&1; then
        prepare_saved
        try_on "$work/good-saved" "$work/saved-vmm" "$work/saved"
    else
        verdict 'not ok' 'the patch does not apply'
    fi
    cc=$lib_cc flags=$lib_flags folder=lib
}

try_hyp() { # NAME
    lib_flags=$flags folder=hyp libraries="-lcmocka -lfdt $work/lib/*.o" flags="$flags -std=gnu11"
    cp -r "$root/hyp" "$work/tree"
    if patch -s -p1 -d "$work/tree" <"$patch" >"$work/errors" 2>&1; then
        prepare_hyp "$1"
        try_on "$work/good-hyp-$1" "$work/hyp-base-$1" "$work/hyp-$1"
    else
        verdict 'not ok' 'the patch does not apply'
    fi
    flags=$lib_flags folder=lib libraries=
}

try() {
    patch=$1
    name=$(basename "$patch" .patch)
    killer=$(killer_of "$patch")
    rm -rf "$work/tree"
    mkdir "$work/tree"
    case $killer in
    saved_vm/*)
        try_saved
        return
        ;;
    hyp/*)
        try_hyp "${killer#hyp/}"
        return
        ;;
    esac
    cp -r "$work/source" "$work/tree/lib"
    if ! patch -s -p1 -d "$work/tree" <"$patch" >"$work/errors" 2>&1; then
        verdict 'not ok' 'the patch does not apply'
        return
    fi
    case $killer in
    '') verdict 'not ok' 'nothing is named that kills it' ;;
    explore*) try_explorer ;;
    *) try_scenario ;;
    esac
}

list=$(mutants "$@")
number=0
bad=0
prepare
: >"$work/fair"
echo 'TAP version 14'
# shellcheck disable=SC2086 # names without spaces
set -- $list
echo "1..$#"
for mutant in "$@"; do
    try "$mutant"
done
echo "# $((number - bad)) of $number killed"
[ "$bad" -eq 0 ]
