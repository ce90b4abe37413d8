# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2016 # shared with lib.sh; backquotes are of the documents
# Compares the documents with the programs.

# Sets $program.
find_program() {
    program=$("$root/dev" build native | tail -n 1)
}

# The smallest file that is accepted as a kernel: an arm64 Image's header without code.
make_kernel() { # FILE
    {
        head -c 16 /dev/zero
        printf '\000\020\000\000\000\000\000\000' # image_size: 4096
        head -c 32 /dev/zero
        printf 'ARM\144'
        head -c 4036 /dev/zero
    } >"$1"
}

# Prints each option in a text once.
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

# Prints the rows of vmm/power/news.def as "EVENT FIELD...", of the event log or of QMP.
told_of() { # event|qmp
    case $1 in
    event) sed -n 's/^\(NEWS\|TOLD\)(\([A-Z_]*, \)\{0,1\}"\([a-z-]*\)", "\(.*\)",$/\3 \4/p' ;;
    qmp) sed -n 's/^     "\([A-Z_]*\)", "\(.*\)", [A-Z]*,$/\1 \2/p' ;;
    esac <"$root/vmm/power/news.def" | tr -d '?'
}

# manual_has SECTION NEXT WORD...: one paragraph of that section has all these words.
manual_has() {
    section=$1 next=$2
    shift 2
    sed -n "/^\\.SH $section/,/^\\.SH $next/p" "$root/docs/dormouse.1" | sed 's/\\-/-/g' |
        awk -v words="$*" '
            function check(    i, n, list) {
                n = split(words, list, " ")
                for (i = 1; i <= n; i++)
                    if (!match(text, "(^|[^a-zA-Z_-])" list[i] "([^a-zA-Z_-]|$)")) return
                found = 1
            }
            /^\.TP/ { check(); text = ""; next }
            { text = text " " $0 }
            END { check(); exit !found }' || fail "docs/dormouse.1, $section: no paragraph has all of $*"
}

test_man_page_has_every_event() {
    told_of event >known
    [ "$(wc -l <known)" -eq "$(grep -c '^\(NEWS\|TOLD\)(' "$root/vmm/power/news.def")" ] ||
        fail "a row of news.def is not understood"
    while read -r words; do
        # shellcheck disable=SC2086 # words
        manual_has EVENTS ENV $words
    done <known
    told_of qmp >known
    [ "$(wc -l <known)" -ge 9 ] || fail "no events of QMP found in news.def"
    while read -r words; do
        # shellcheck disable=SC2086 # words
        manual_has QMP SIGNALS $words
    done <known
}

# The program accepts the commands in README.md that start a guest, up to the point where it needs KVM. Small files take
# the place of kernel and initrd.
test_readme_examples_are_accepted() {
    find_program
    make_kernel vmlinuz
    echo initrd >initrd.img
    truncate -s 1M debian.img
    grep '^dormouse run ' "$root/README.md" >examples || fail "README.md has no example"
    while read -r example; do
        rm -f tree
        try sh -c "\"\$1\" ${example#dormouse } --dump-dtb tree" sh "$program"
        expect_status 0
        [ -s tree ] || fail "no tree of: $example"
    done <examples
}

# Every path that a document links to exists.
test_paths_in_documents_exist() {
    for document in README DESIGN SPEC CAVEATS CONTRIBUTING SECURITY CHANGES docs/lab docs/embedding docs/adapter docs/peers \
        docs/design-vmm docs/design-libvpsci docs/design-check docs/races docs/hyp-control docs/performance docs/sandbox docs/files docs/fleets docs/upstream/README; do
        [ -e "$root/$document.md" ] || fail "$document.md is not there"
        folder=$(dirname "$root/$document.md")
        grep -o '](\([^)#:]*\))' "$root/$document.md" | sed 's/](\(.*\))/\1/' >links || :
        while read -r link; do
            [ -e "$folder/$link" ] || fail "$document.md links to $link, which is not there"
        done <links
    done
}

# Each page of docs/upstream is in the list there, and the scenarios in its commands exist.
test_notes_for_upstream_name_scenarios_that_exist() {
    (cd "$root/docs/upstream" && ls -- *.md) | grep -vx README.md >pages
    sed -n 's/^| \[.*](\(.*\)) |.*/\1/p' "$root/docs/upstream/README.md" | sort >listed
    diff pages listed || fail "docs/upstream/README.md does not list the pages that are there"
    cat "$root"/check/scenarios/families/*.c | sed -n 's/.*\.name = "\([^"]*\)".*/\1/p' >names
    {
        grep -oh "scenarios=[a-z0-9,*-]*" "$root"/docs/upstream/*.md | sed 's/.*=//' | tr ',' '\n'
        sed -n 's/^Scenarios: \([a-z0-9, -]*\) (not run)\.$/\1/p' "$root"/docs/upstream/*.md | tr ',' '\n' |
            sed 's/ and others$//; s/ //g'
    } | sort -u >told
    [ "$(wc -l <told)" -gt 20 ] || fail "the pages were not read"
    while read -r name; do
        grep -q "^$(printf '%s' "$name" | sed 's/\*/.*/g')\$" names || fail "docs/upstream names the scenario $name"
    done <told
}

# docs/sandbox.md has the figures that the program prints.
test_sandbox_figures() {
    find_program
    try "$program" sandbox
    sed -n 's/^| \(main\|vcpu\) | \([0-9]*\) | \([0-9]*\) |$/\1: \2 system calls, of ioctl \3 requests/p' \
        "$root/docs/sandbox.md" >told
    [ "$(wc -l <told)" -eq 2 ] || fail "docs/sandbox.md has no table of figures"
    while read -r line; do
        grep -qx "$line" out || fail "docs/sandbox.md says '$line', which dormouse sandbox does not"
    done <told
}

# Prints the rows of docs/races.md, as RACE|RESOLVED BY|TEST.
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
    unit/hyp_*) [ -e "$root/tests/hyp/test_${1#unit/hyp_}.c" ] ;;
    unit/*) [ -e "$root/tests/vmm/test_${1#unit/}.c" ] ;;
    *) return 1 ;;
    esac
}

test_races_name_functions_and_tests_that_exist() {
    races >rows
    [ "$(wc -l <rows)" -eq "$(grep -c '^| .* | .* | .* |$' "$root/docs/races.md" | awk '{ print $1 - 3 }')" ] ||
        fail "a row of docs/races.md names no function() or no test"
    while IFS='|' read -r race by test; do
        function=$(printf '%s\n' "$by" | sed 's/^`\([a-z0-9_]*\)()`.*/\1/')
        grep -rqE "\\b$function\\(" "$root/vmm" "$root/hyp" "$root/lib" "$root/include" ||
            fail "docs/races.md, $race: there is no function $function()"
        test_exists "$test" || fail "docs/races.md, $race: there is no test $test"
    done <rows
}

# Numbers of scenarios and of test points go out of date. So only README.md, which dev/spec checks, may have them.
test_documents_count_no_scenarios() {
    grep -nE '[0-9]+ scenarios|^ *1\.\.[0-9]|not ok [0-9]+ ' "$root"/docs/vpsci-check.1 \
        "$root"/docs/design-check.md "$root"/check/*/README.md >counts || :
    [ ! -s counts ] || fail "unchecked counts: $(cat counts)"
}

# A failure that README.md shows has the number of its scenario in the list.
test_readme_failures_have_right_numbers() {
    find_program
    "${program%/vmm/dormouse}/check/host/vpsci-scenarios" list >names
    grep -oE '^not ok [0-9]+ - [a-z0-9-]+' "$root/README.md" >points || fail "README.md shows no failure"
    while read -r _ _ number _ name; do
        sed -n "${number}p" names | grep -q "^$name\b" || fail "README.md: $name is not scenario $number"
    done <points
}

# The example of vpsci-check(1) on QEMU starts a machine; QEMU needs no file that Debian does not install.
test_checker_example_boots() {
    find_program
    "$root/dev" build image >built
    ln -s "$(tail -n 1 built)" vpsci-check.img
    sed -n '/^vpsci.-check run .*QEMU/,/vpsci.-check.img$/p' "$root/docs/vpsci-check.1" | sed 's/\\-/-/g; s/\\e$/\\/' >example
    grep -q kernel example || fail "the manual page has no example with QEMU"
    {
        printf 'set -- "%s/check/tool/vpsci-check"\n' "${program%/vmm/dormouse}"
        sed "s/^vpsci-check/\"\$1\"/; s/vpsci-check.img\$/& -append scenarios=version-known/" example
    } >example.sh
    try timeout 100 sh example.sh </dev/null
    expect_status 0
}

# Every name that a document gives to `./dev test` is a test, or the beginning of one. Words in capitals are
# placeholders.
test_documents_name_tests_that_exist() {
    find_program
    "$root/dev" test --list >names
    git -C "$root" ls-files '*.md' 'docs/*.1' >documents
    (cd "$root" && xargs grep -ho '\./dev test [^`]*') <documents |
        sed 's/\\-/-/g; s/^\.\/dev test //; s/[#;|(].*//; s/[.,]$//' | tr ' ' '\n' |
        grep -E '^[a-z0-9.-]+(/[a-z0-9_./-]+)?$' | grep -vxE -e '--.*|quick|long' | sort -u >told
    grep -qx 'vpsci/scenarios-broken' told || fail "the documents were not read"
    while read -r name; do
        cut -d' ' -f1 names | grep -qE "^$name(/|\$)" || fail "a document says './dev test $name', which is no test's name"
    done <told
}

# check/image/README.md has all words of the serial line.
test_image_readme_has_every_word() {
    {
        sed -n 's/^#define \(SAY\|ANSWER\)_[A-Z_]* *"\([^"]*\)".*/\2/p' "$root/check/protocol.h"
        grep -o '\[HOW_[A-Z]*\] = "[a-z]*"' "$root/check/protocol.h" | sed 's/.*"\(.*\)"/`\1`/'
    } >words
    [ "$(wc -l <words)" -gt 15 ] || fail "no words found in check/protocol.h"
    while read -r word; do
        grep -qF -- "$word" "$root/check/image/README.md" || fail "check/image/README.md lacks '$word'"
    done <words
}

# Prints the names in docs/files.md under the heading of a folder, or those of the folder's files.
listed_files() { # FOLDER
    awk -v heading="## \`$1/\`" '
        /^## / { on = $0 == heading }
        on && /^- `/ { sub(/^- `/, ""); sub(/`.*/, ""); print }' "$root/docs/files.md" | sort
}

# Tests and patches are found by rule.
existing_files() { # FOLDER
    git -C "$root" ls-files "$1" | sed "s|^$1/||" | grep -v / | grep -vE '^(README.md|meson.build|test_.*\.c|.*\.patch)$' |
        sed 's/\.\(c\|h\|S\|sh\|awk\|rs\)$//' | sort -u
}

test_list_of_files_is_complete() {
    git -C "$root" ls-files base lib kvm examples rust vmm bare check hyp bench fuzz tools lab peers | grep -E '\.([chS]|rs)$' |
        sed 's|/[^/]*$||' | sort -u >folders
    sed -n 's/^## `\(.*\)\/`$/\1/p' "$root/docs/files.md" | sort -u >known
    [ -z "$(comm -23 folders known)" ] || fail "docs/files.md lacks the folders: $(comm -23 folders known)"
    while read -r folder; do
        listed_files "$folder" >listed
        existing_files "$folder" >there
        diff listed there >difference || fail "docs/files.md (<) and $folder/ (>) differ: $(grep '^[<>]' difference)"
    done <known
}
