# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2016 # shared with lib.sh; backquotes are of the documents
# What the documentation says is so.

# Sets $program.
find_program() {
    program=$("$root/dev" build native | tail -n 1)
}

# The least that passes for a kernel: an arm64 Image's header, with nothing behind it that runs.
make_kernel() { # FILE
    {
        head -c 16 /dev/zero
        printf '\000\020\000\000\000\000\000\000' # image_size: 4096
        head -c 32 /dev/zero
        printf 'ARM\144'
        head -c 4036 /dev/zero
    } >"$1"
}

# The options in a text, each once.
options_in() { # FILE
    sed 's/\\-/-/g' "$1" | grep -o -e '--[a-z][a-z-]*' | sort -u
}

test_man_page_has_every_option_and_no_other() {
    find_program
    try "$program" run --help
    options_in out >help
    sed -n '/^\.SH OPTIONS/,/^\.SH KEYS/p' "$root/docs/dormouse.1" >manual
    options_in manual >options
    diff help options || fail "the help and the manual page differ"
}

test_man_page_of_the_checker_has_every_option_and_no_other() {
    find_program
    check=${program%/vmm/dormouse}/check/tool/vpsci-check
    for command in run report; do
        try "$check" "$command" --help
        expect_status 0
        options_in out >help
        sed -n "/^\\.SS $command\$/,/^\\.S[SH] /p" "$root/docs/vpsci-check.1" >manual
        options_in manual >options
        diff help options || fail "the help of $command and the manual page differ"
    done
}

test_man_page_has_every_event() {
    sed -n 's/^    {"\([a-z-]*\)", [A-Z].*/\1/p' "$root/vmm/cli/timeline.c" | sort >known
    [ "$(wc -l <known)" -ge 15 ] || fail "no events found in the source"
    sed -n '/^\.SH EVENTS/,/^\.SH ENV/p' "$root/docs/dormouse.1" | sed 's/\\-/-/g' >manual
    while read -r event; do
        expect_line manual "^\.B.*$event"
    done <known
}

# The commands in README.md that start a guest are taken by the program: with stand-ins for the files, up
# to where a KVM is needed.
test_readme_examples_are_taken() {
    find_program
    make_kernel vmlinuz
    echo initrd >initrd.img
    grep '^dormouse run ' "$root/README.md" >examples || fail "README.md has no example"
    while read -r example; do
        rm -f tree
        try sh -c "\"\$1\" ${example#dormouse } --dump-dtb tree" sh "$program"
        expect_status 0
        [ -s tree ] || fail "no tree of: $example"
    done <examples
}

# Every path that a document links to, or names in backquotes with a slash, is there.
test_documents_name_what_exists() {
    for document in README DESIGN SPEC CAVEATS CONTRIBUTING SECURITY CHANGES docs/lab docs/embedding docs/adapter docs/peers \
        docs/design-vmm docs/design-libvpsci docs/design-check docs/races docs/performance; do
        [ -e "$root/$document.md" ] || fail "$document.md is not there"
        folder=$(dirname "$root/$document.md")
        grep -o '](\([^)#:]*\))' "$root/$document.md" | sed 's/](\(.*\))/\1/' >links || :
        while read -r link; do
            [ -e "$folder/$link" ] || fail "$document.md links to $link, which is not there"
        done <links
    done
}

# The rows of docs/races.md, as RACE|RESOLVED BY|TEST.
races() {
    sed -n 's/^| \(.*\) | \(.*`.*()`.*\) | `\([^`]*\)` |$/\1|\2|\3/p' "$root/docs/races.md"
}

# Whether a test of that name exists: lab/GROUP/NAME, explore/SCENARIO, or unit/NAME.
test_exists() { # NAME
    case $1 in
    lab/*)
        group=${1#lab/}
        if [ "${group%%/*}" = lockstep ]; then
            grep -qE "^# again .*\\b${group#*/}\\b" "$root/tests/lab/lockstep.sh" ||
                grep -q "^test_${group#*/}()" "$root/tests/lab/lockstep.sh"
        else
            grep -q "^test_${group#*/}()" "$root/tests/lab/${group%%/*}.sh"
        fi
        ;;
    explore/*) grep -q "{\"${1#explore/}\"," "$root/tests/lib/explore/scenarios.c" ;;
    unit/*) [ -e "$root/tests/vmm/test_${1#unit/}.c" ] ;;
    *) return 1 ;;
    esac
}

test_races_name_functions_and_tests_that_exist() {
    races >rows
    [ "$(wc -l <rows)" -eq "$(grep -c '^| .* | .* | .* |$' "$root/docs/races.md" | awk '{ print $1 - 2 }')" ] ||
        fail "a row of docs/races.md names no function() or no test"
    while IFS='|' read -r race by test; do
        function=$(printf '%s\n' "$by" | sed 's/^`\([a-z0-9_]*\)()`.*/\1/')
        grep -rqE "\\b$function\\(" "$root/vmm" "$root/lib" "$root/include" ||
            fail "docs/races.md, $race: there is no function $function()"
        test_exists "$test" || fail "docs/races.md, $race: there is no test $test"
    done <rows
}
