# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The build folder, where everything that is made lives: where it is, whether it can be used, its lock, and
# what is made there once.

# By this file ./dev knows a build folder again, which `clean` may remove. Others know by it that no backup is
# needed.
folder_tag=CACHEDIR.TAG

# A step needs that much room at the least, in KiB; all that ./dev makes is about 1 GiB.
folder_least=65536

# Sets `build`. What this process starts finds the same folder.
choose_folder() {
    build=$root/build
    if [[ ${DORMOUSE_BUILD-} ]]; then
        build=$(realpath -m -- "$DORMOUSE_BUILD")
        [[ $root/ != "$build"/* ]] || die "the build folder cannot be $build: the sources are in it"
    fi
    export DORMOUSE_BUILD=$build
}

# Makes the folder where there is none, and explains where it cannot be used.
open_folder() {
    local message
    if ! message=$(mkdir -p -- "$build" 2>&1); then
        die "cannot make $build (${message##*: }): mend that, or $folder_elsewhere"
    fi
    folder_check_owner
    folder_check_tag
    if ! message=$({ : >>"$build/.lock"; } 2>&1); then
        die "cannot write to $build (${message##*: }): mend that, or $folder_elsewhere"
    fi
    folder_check_room "$folder_least"
    [[ -e $build/$folder_tag ]] || folder_write_tag
}

folder_elsewhere='name another folder: ./dev --build DIR ...'

# After one `sudo ./dev` parts of the folder belong to root, and anything may fail later.
folder_check_owner() {
    local other
    ((EUID != 0)) || return 0
    other=$(find "$build" -maxdepth 1 ! -user "$EUID" -print -quit 2>/dev/null)
    [[ ! $other ]] || die "$other belongs to $(stat -c %U -- "$other"), perhaps after a sudo ./dev: take it back" \
        "(sudo chown -R $(id -un) ${build@Q}), or $folder_elsewhere"
}

# A folder that somebody named, and that has something else in it, is not taken: `clean` would remove it.
folder_check_tag() {
    [[ ! -e $build/$folder_tag && $build != "$root/build" ]] || return 0
    [[ ! $(ls -A -- "$build") ]] ||
        die "$build is not empty, and ./dev did not make it: name a folder that is empty or not there yet"
}

folder_write_tag() {
    printf '%s\n' 'Signature: 8a477f597d28d172789f06886806bc55' \
        '# Made by ./dev of dormouse; ./dev clean removes this folder.' >"$build/$folder_tag"
}

folder_check_room() { # KIB
    local free least=$1
    free=$(df --output=avail -k -- "$build" | tail -n 1)
    ((free >= least)) ||
        die "the disk of $build is full: $((free / 1024)) MiB are free, and this needs $((least / 1024)) MiB at" \
            "the least; make room, or $folder_elsewhere"
}

# Ends where a step has failed: with the cause that a full disk is, else with the end of the step's log.
die_of() { # LOG LINES MESSAGE...
    stop_ticker
    folder_check_room "$folder_least"
    if grep -qi 'no space left on device' "$1"; then
        die "the disk of $build was full for a while; make room, or $folder_elsewhere"
    fi
    (($2 == 0)) || show_tail "$1" "$2"
    die "${@:3}"
}

# Runs a function with the build folder to itself: two ./dev at once must not make the same thing twice. The
# descriptor of the lock is not handed down, so nothing that is left behind can keep it.
with_lock() { # FUNCTION ARGUMENT...
    open_folder
    (
        if ! flock -n 9; then
            say "waiting for another ./dev, which is setting something up"
            flock 9
        fi
        rm -rf "$build"/tmp.*
        trap 'rm -rf "$build"/tmp.*' EXIT
        "$@" 9>&-
    ) 9>"$build/.lock"
}

# Makes the folder DIR, once: FUNCTION fills a temporary folder, which gets its name when complete,
# so that what was interrupted half-way is made again.
make_once() { # DIR "what it is" "how long it takes" FUNCTION ARGUMENT...
    [[ -d $1 ]] || with_lock make_folder "$@"
}

make_folder() {
    local dir=$1 what=$2 usual=$3 start=$SECONDS temp
    shift 3
    if [[ -d $dir ]]; then
        return # Another ./dev made it while this one waited.
    fi
    say "$what (usually $usual)"
    temp=$(mktemp -d "$build/tmp.XXXXXX")
    chmod 755 "$temp"
    start_ticker "$build/fetch.log"
    "$@" "$temp"
    stop_ticker
    mkdir -p "${dir%/*}"
    mv -T "$temp" "$dir"
    say "done in $((SECONDS - start)) s"
}

clean_help() {
    printf './dev clean\n\nRemoves the build folder (build/, or the one that --build names) and all that is in it.\n'
}

clean_command() {
    take_nothing clean "$@"
    [[ -e $build ]] || return 0
    [[ -e $build/$folder_tag || $build == "$root/build" ]] ||
        die "$build is no build folder of ./dev; nothing is removed"
    folder_check_owner
    rm -rf -- "$build"
}
