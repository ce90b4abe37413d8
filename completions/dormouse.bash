# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion of dormouse's command line, for bash.

# --- Written by tools/completions.sh.
_dormouse_commands() {
    echo run ps status top suspend wake poweroff reboot stop cont reset quit save console events ssh connect timeline image sandbox
}

_dormouse_options() { # COMMAND
    case $1 in
    run) echo "--kernel --kernel-at --firmware --vars --initrd --append --cpus --clusters --idle --memory --name --on-suspend --save --restore --restore-memory --clock --asleep --clone --sleep-memory --wake --psci --on-pending --psci-version --events --metrics --qmp --rng --balloon --paused --no-shutdown --agent --sleep-when-idle --shutdown-limit --no-reboot --dump-dtb --disk --console --net --port --vsock --user --no-sandbox --help" ;;
    timeline) echo "--help" ;;
    image) echo "--help" ;;
    sandbox) echo "--help" ;;
    ps) echo "--json --limit --help" ;;
    status) echo "--json --limit --help" ;;
    top) echo "--every --count --limit --help" ;;
    suspend) echo "--json --limit --no-wait --help" ;;
    wake) echo "--json --limit --no-wait --help" ;;
    poweroff) echo "--json --limit --no-wait --help" ;;
    reboot) echo "--json --limit --no-wait --help" ;;
    stop) echo "--json --limit --no-wait --help" ;;
    cont) echo "--json --limit --no-wait --help" ;;
    reset) echo "--json --limit --no-wait --help" ;;
    quit) echo "--json --limit --no-wait --help" ;;
    save) echo "--json --limit --no-wait --help" ;;
    console) echo "--help" ;;
    events) echo "--follow -f --json --limit --help" ;;
    ssh) echo "--help" ;;
    connect) echo "--limit --help" ;;
    esac
}

_dormouse_values() { # COMMAND OPTION
    case "$1 $2" in
    "run --kernel") echo "FILE" ;;
    "run --kernel-at") echo "" ;;
    "run --firmware") echo "FILE" ;;
    "run --vars") echo "FILE" ;;
    "run --initrd") echo "FILE" ;;
    "run --append") echo "" ;;
    "run --cpus") echo "" ;;
    "run --clusters") echo "" ;;
    "run --idle") echo "none standby powerdown" ;;
    "run --memory") echo "" ;;
    "run --name") echo "" ;;
    "run --on-suspend") echo "off refuse honour ask save" ;;
    "run --save") echo "FILE" ;;
    "run --restore") echo "FILE" ;;
    "run --restore-memory") echo "auto eager lazy" ;;
    "run --clock") echo "jump freeze" ;;
    "run --sleep-memory") echo "FILE" ;;
    "run --wake") echo "" ;;
    "run --psci") echo "auto kernel user" ;;
    "run --on-pending") echo "" ;;
    "run --psci-version") echo "" ;;
    "run --events") echo "FILE" ;;
    "run --metrics") echo "FILE" ;;
    "run --qmp") echo "FILE" ;;
    "run --sleep-when-idle") echo "" ;;
    "run --shutdown-limit") echo "" ;;
    "run --dump-dtb") echo "FILE" ;;
    "run --disk") echo "FILE" ;;
    "run --console") echo "FILE" ;;
    "run --net") echo "" ;;
    "run --port") echo "FILE" ;;
    "run --vsock") echo "FILE" ;;
    "run --user") echo "" ;;
    "ps --limit") echo "" ;;
    "status --limit") echo "" ;;
    "top --every") echo "" ;;
    "top --count") echo "" ;;
    "top --limit") echo "" ;;
    "suspend --limit") echo "" ;;
    "wake --limit") echo "" ;;
    "poweroff --limit") echo "" ;;
    "reboot --limit") echo "" ;;
    "stop --limit") echo "" ;;
    "cont --limit") echo "" ;;
    "reset --limit") echo "" ;;
    "quit --limit") echo "" ;;
    "save --limit") echo "" ;;
    "events --limit") echo "" ;;
    "connect --limit") echo "" ;;
    *) return 1 ;;
    esac
}
# --- The end.

# The VMs that run or did.
_dormouse_names() {
    dormouse ps 2>/dev/null | while read -r name _; do
        [[ $name == NAME ]] || printf '%s\n' "$name"
    done
}

# The VMs that have configuration files.
_dormouse_configured() {
    local file
    for file in "${XDG_CONFIG_HOME:-$HOME/.config}"/dormouse/*.conf /etc/dormouse/*.conf; do
        [[ ! -e $file ]] || basename "$file" .conf
    done
}

_dormouse_operands() { # COMMAND
    case $1 in
    run) _dormouse_configured ;;
    image) [[ ${COMP_CWORD-} != 2 ]] || echo info check export import ;;
    timeline | sandbox) ;;
    help) _dormouse_commands ;;
    *) _dormouse_names ;;
    esac
}

_dormouse() {
    local command=${COMP_WORDS[1]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words
    # "--option=value" is three words.
    if [[ $word == '=' ]]; then
        word=''
    elif [[ $before == '=' ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if ((COMP_CWORD == 1)); then
        words="$(_dormouse_commands) help version"
    elif ! words=$(_dormouse_values "$command" "$before"); then
        case $word in
        -*) words=$(_dormouse_options "$command") ;;
        *) words=$(_dormouse_operands "$command") ;;
        esac
        case $command in
        timeline | image) [[ -n $words ]] || words=FILE ;;
        esac
    fi
    if [[ $words == FILE ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    fi
}

complete -F _dormouse dormouse
