# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# Completion in bash and zsh: it knows all commands and options, and offers what fits.

# Sets $programs to the folder of the programs.
find_programs() {
    programs=$("$root/dev" build native | tail -n 1)
    programs=${programs%/vmm/dormouse}
}

test_completions_are_those_of_the_tables() {
    find_programs
    for file in dormouse.bash _dormouse; do
        "$root/tools/completions.sh" "$programs/vmm/dormouse" "$programs/tests/vmm/option_lines" \
            "$root/completions/$file" >made
        diff "$root/completions/$file" made || fail "completions/$file is out of date; see tools/completions.sh"
    done
}

# A dormouse that has two VMs, and two configuration files.
make_dormouse() {
    mkdir -p bin config/dormouse
    printf '#!/bin/sh\nprintf "NAME STATE\\nweb running\\ndb suspended\\n"\n' >bin/dormouse
    chmod +x bin/dormouse
    touch config/dormouse/web.conf config/dormouse/wiki.conf
    PATH=$work/bin:$PATH XDG_CONFIG_HOME=$work/config
    export PATH XDG_CONFIG_HOME
}

# completes EXPECTED WORD...: what bash offers for the last word; a word = stands alone, as bash has it.
completes() {
    expected=$1
    shift
    bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dormouse; echo "${COMPREPLY[@]}"' \
        "$root/completions/dormouse.bash" "$@" >offered
    expect_equal "completion of '$*'" "$(cat offered)" "$expected"
}

test_bash() {
    make_dormouse
    completes "wake" dormouse wa
    completes "web" dormouse wake w
    completes "web db" dormouse suspend web ''
    completes "web wiki" dormouse run w
    completes "--kernel --kernel-at" dormouse run --ker
    completes "none standby powerdown" dormouse run --idle ''
    completes "powerdown" dormouse run --idle = po
    completes "none standby powerdown" dormouse run --idle =
    completes "--no-wait" dormouse wake --no
    completes "info import" dormouse image i
    touch vm.image
    completes "vm.image" dormouse image info vm.
    completes "vm.image" dormouse run --restore vm.
    completes "" dormouse run --memory 5
}

# zsh offers words to its line editor, for which a function of the test stands in.
offers() { # EXPECTED WORD...
    expected=$1
    shift
    zsh -f -c '
        compadd() { shift; print -r -- "$@" }
        _files() { print -r -- FILES }
        compset() { : }
        file=$1; shift
        words=("$@"); CURRENT=$#; PREFIX=$words[CURRENT]
        . $file' zsh "$root/completions/_dormouse" "$@" >offered
    expect_equal "zsh for '$*'" "$(cat offered)" "$expected"
}

test_zsh() {
    make_dormouse
    offers "web db" dormouse wake ''
    offers "web wiki" dormouse run ''
    offers "none standby powerdown" dormouse run --idle ''
    offers "none standby powerdown" dormouse run --idle=
    offers "FILES" dormouse run --kernel ''
    offers "FILES" dormouse timeline ''
    offers "--json --limit --no-wait --help" dormouse wake --
}
