# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What every part of ./dev uses: messages, the lock on build/, and folders that are made once.

# Colours go to terminals only, and not where the user has said no.
use_colours() {
    dim='' red='' green='' plain=''
    if [[ -t 1 && -t 2 && -z ${NO_COLOR-} && ${TERM:-dumb} != dumb ]]; then
        dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
    fi
}

say() {
    printf '%sdev: %s%s\n' "$dim" "$*" "$plain" >&2
}

complain() {
    printf '%sdev: %s%s\n' "$red" "$*" "$plain" >&2
}

die() {
    complain "$@"
    exit 1
}

# The last lines of a file, set off from our own words.
show_tail() { # FILE LINES
    [[ -s $1 ]] || return 0
    tail -n "$2" -- "$1" | tr -d '\r' | sed 's/^/    | /' >&2
}

# Sleeps without a process that would outlive this one: nobody ever writes to that pipe.
pause() { # SECONDS
    read -rt "$1" <> <(:) || true
}

all_alive() { # PID...
    local pid
    for pid; do
        kill -0 "$pid" 2>/dev/null || return 1
    done
}

# Words as a POSIX shell reads them back.
quote_words() { # WORD...
    local word quote="'\\''"
    for word; do
        printf "'%s' " "${word//\'/$quote}"
    done
}

# Runs a function with build/ to itself: two ./dev at once must not make the same thing twice. The
# descriptor of the lock is not handed down, so nothing that is left behind can keep it.
with_lock() { # FUNCTION ARGUMENT...
    mkdir -p "$build"
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
    "$@" "$temp"
    mkdir -p "${dir%/*}"
    mv -T "$temp" "$dir"
    say "done in $((SECONDS - start)) s"
}
