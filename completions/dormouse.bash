# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion of dormouse's command line, for bash.

# The commands and options are those of the program's help.
_dormouse_commands() {
    dormouse help 2>/dev/null | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p'
}

_dormouse_options() { # COMMAND
    dormouse "$1" --help 2>/dev/null | sed -n 's/^  \(-[a-z-]*\) .*/\1/p'
}

# The words that an option's value may be, or FILE. Fails for anything but an option that takes a value.
_dormouse_values() { # COMMAND OPTION
    local takes
    case $2 in
    -*) ;;
    *) return 1 ;;
    esac
    takes=$(dormouse "$1" --help 2>/dev/null | sed -n "s/^  $2 \([^ ][^ ]*\)  .*/\1/p")
    case $takes in
    '') return 1 ;;
    *FILE* | *PATH* | *WHERE*) echo FILE ;;
    *) echo "$takes" | tr '|' '\n' | grep '^[a-z]*$' || : ;; # Placeholders are in capitals.
    esac
}

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
        words=$(_dormouse_commands)
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
