# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What every part of ./dev uses: messages, quoting, waiting.

# Colours go to terminals only, and not if NO_COLOR is set.
use_colours() {
    dim='' red='' green='' plain=''
    if [[ -t 1 && -t 2 && -z ${NO_COLOR-} && ${TERM:-dumb} != dumb ]]; then
        dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
    fi
}

say() {
    clear_ticker
    printf '%sdev: %s%s\n' "$dim" "$*" "$plain" >&2
}

complain() {
    clear_ticker
    printf '%sdev: %s%s\n' "$red" "$*" "$plain" >&2
}

die() {
    complain "$@"
    exit 1
}

# For verbs without arguments.
take_nothing() { # VERB WORD...
    (($# == 1)) || die "$1 takes no arguments, and '$2' is one; see ./dev ${1%% *} --help"
}

# Shows the last lines of a file, indented behind a bar.
show_tail() { # FILE LINES
    [[ -s $1 ]] || return 0
    tail -n "$2" -- "$1" | tr -d '\r' | sed 's/^/    | /' >&2
}

# Sleeps without starting a process that could outlive this one: nothing is ever written to that pipe.
pause() { # SECONDS
    read -rt "$1" <> <(:) || true
}

all_alive() { # PID...
    local pid
    for pid; do
        kill -0 "$pid" 2>/dev/null || return 1
    done
}

# Quotes words so that a POSIX shell reads them back unchanged.
quote_words() { # WORD...
    local word quote="'\\''"
    for word; do
        printf "'%s' " "${word//\'/$quote}"
    done
}

# While a long step runs, shows for how long, and the last line of the step's log. A terminal shows that once a
# second, in one line that is removed at the end; any other output gets a line every half minute.
start_ticker() { # LOG
    local parent=$BASHPID
    : >"$1"
    (
        trap - EXIT INT TERM HUP
        tick "$parent" "$1"
    ) >/dev/null &
    ticker=$!
}

stop_ticker() {
    [[ ${ticker-} ]] || return 0
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    clear_ticker
    ticker=''
}

clear_ticker() {
    [[ ! ${ticker-} || ! $dim ]] || printf '\r\e[K' >&2
}

tick() { # PID-OF-THE-STEP LOG
    local start=$SECONDS every=30 last
    [[ ! $dim ]] || every=1
    while pause 1 && all_alive "$1"; do
        (((SECONDS - start) % every == 0)) || continue
        last=$(tail -n 1 -- "$2" | tr -cd '[:print:]')
        if [[ $dim ]]; then
            printf '\r\e[K%s%s s: %.60s%s' "$dim" "$((SECONDS - start))" "$last" "$plain" >&2
        else
            printf 'dev: still working after %s s: %.90s\n' "$((SECONDS - start))" "$last" >&2
        fi
    done
}
