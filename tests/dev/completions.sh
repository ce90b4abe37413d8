# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# Completion in bash and zsh: it knows all commands and options, and offers what fits.

# A dormouse whose list has two VMs, and two configuration files.
make_dormouse() {
    program=$("$root/dev" build native | tail -n 1)
    mkdir -p bin config/dormouse
    cat >bin/dormouse <<END
#!/bin/sh
[ "\$1" != ps ] || [ \$# -gt 1 ] || { printf 'NAME STATE\nweb running\ndb suspended\n'; exit; }
exec '$program' "\$@"
END
    chmod +x bin/dormouse
    touch config/dormouse/web.conf config/dormouse/wiki.conf
    PATH=$work/bin:$PATH XDG_CONFIG_HOME=$work/config
    export PATH XDG_CONFIG_HOME
}

# Whatever has been added to the program's help is offered.
test_every_command_and_option() {
    make_dormouse
    dormouse help | sed -n 's/^  \([a-z]*\) .*/\1/p' >commands
    [ "$(wc -l <commands)" -gt 20 ] || fail "the list of commands was not read"
    completes "$(paste -sd' ' commands)" dormouse ''
    grep -vx -e help -e version commands >others
    while read -r command; do
        dormouse "$command" --help | grep -o '^  --*[a-z-]*' | tr -d ' ' | sort >options
        [ -s options ] || fail "the help of $command has no options"
        bash -c '. "$0"; _dormouse_options "$1"' "$root/completions/dormouse.bash" "$command" | sort >offered
        diff options offered || fail "completion of $command"
    done <others
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
