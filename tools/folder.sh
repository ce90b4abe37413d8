# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The build folder, which has everything that ./dev creates: where it is, whether it can be used, its lock, and
# the folders in it that are filled once.

# A folder with this file is a build folder of ./dev, which `clean` may remove. Backup programs skip a folder that has
# it.
folder_tag=CACHEDIR.TAG

# The least free space, in KiB, that a step needs; the whole build folder takes about 1 GiB.
folder_least=65536

# Sets `build`. Child processes find the same folder in DORMOUSE_BUILD.
choose_folder() {
    build=$root/build
    if [[ ${DORMOUSE_BUILD-} ]]; then
        build=$(realpath -m -- "$DORMOUSE_BUILD")
        [[ $root/ != "$build"/* ]] || die "the build folder cannot be $build: the sources are in it"
    fi
    export DORMOUSE_BUILD=$build
    # A ./dev test in a test of ./dev keeps its logs elsewhere.
    test_logs=${DORMOUSE_TEST_LOGS:-$build/test-logs}
}

# Creates the build folder if it does not exist. If it cannot be used, ends with the reason.
open_folder() {
    local message
    if ! message=$(mkdir -p -- "$build" 2>&1); then
        die "cannot create $build (${message##*: }): mend that, or $folder_elsewhere"
    fi
    folder_check_owner
    folder_check_tag
    if ! message=$({ : >>"$build/.lock"; } 2>&1); then
        die "cannot write to $build (${message##*: }): mend that, or $folder_elsewhere"
    fi
    folder_check_room "$folder_least"
    [[ -e $build/$folder_tag ]] || folder_write_tag
}

# Whether the build folder can be used, or created. Says nothing and creates nothing but the folder itself.
folder_is_usable() {
    (open_folder) 2>/dev/null
}

folder_elsewhere='name another folder: ./dev --build DIR ...'

# After one `sudo ./dev`, parts of the folder belong to root, and any later step could fail.
folder_check_owner() {
    local other
    ((EUID != 0)) || return 0
    other=$(find "$build" -maxdepth 1 ! -user "$EUID" -print -quit 2>/dev/null)
    [[ ! $other ]] || die "$other belongs to $(stat -c %U -- "$other"), perhaps because of a sudo ./dev: take it back" \
        "(sudo chown -R $(id -un) ${build@Q}), or $folder_elsewhere"
}

# Refuses a folder of the user's that has other files in it, because `clean` would remove them.
folder_check_tag() {
    [[ ! -e $build/$folder_tag && $build != "$root/build" ]] || return 0
    [[ ! $(ls -A -- "$build") ]] ||
        die "$build is not empty, and ./dev did not make it: name a folder that is empty or does not exist yet"
}

folder_write_tag() {
    printf '%s\n' 'Signature: 8a477f597d28d172789f06886806bc55' \
        '# Made by ./dev of dormouse; ./dev clean removes this folder.' >"$build/$folder_tag"
}

folder_check_room() { # KIB
    local free least=$1
    free=$(df --output=avail -k -- "$build" | tail -n 1)
    ((free >= least)) ||
        die "the disk of $build is full: $((free / 1024)) MiB are free, and at least $((least / 1024)) MiB" \
            "are needed; make room, or $folder_elsewhere"
}

# Ends because a step has failed. If the disk is full, says so; otherwise shows the end of the step's log.
die_of() { # LOG LINES MESSAGE...
    stop_ticker
    folder_check_room "$folder_least"
    if grep -qi 'no space left on device' "$1"; then
        die "the disk of $build was full for a while; make room, or $folder_elsewhere"
    fi
    (($2 == 0)) || show_tail "$1" "$2"
    die "${@:3}"
}

# Runs a function while this process alone uses the build folder: two ./dev at once must not create the same thing
# twice. FUNCTION does not inherit the lock's descriptor, so no process that it leaves behind can keep the lock.
with_lock() { # FUNCTION ARGUMENT...
    open_folder
    (
        if ! flock -n 9; then
            say "waiting for another ./dev that uses the build folder"
            flock 9
        fi
        rm -rf "$build"/tmp.*
        trap 'rm -rf "$build"/tmp.*' EXIT
        "$@" 9>&-
    ) 9>"$build/.lock"
}

# Creates the folder DIR once: FUNCTION fills a temporary folder, which gets its name when it is complete.
# If that is interrupted, the next ./dev starts again.
make_once() { # DIR "what it is" "how long it takes" FUNCTION ARGUMENT...
    [[ -d $1 ]] || with_lock make_folder "$@"
}

make_folder() {
    local dir=$1 what=$2 usual=$3 start=$SECONDS temp
    shift 3
    if [[ -d $dir ]]; then
        return # Another ./dev created it while this one waited.
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
        die "$build is not a build folder of ./dev; nothing is removed"
    folder_check_owner
    rm -rf -- "$build"
}
