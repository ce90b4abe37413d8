# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034,SC2016 # shared with lib.sh; text for other shells
# ./dev itself: its usage, and the folders from which it can be called.

# The verbs that ./dev lists.
verbs() {
    "$root/dev" | sed -n '/^$/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

# Puts commands into $work/bin, before all others in PATH, which only note in $work/called that they were called.
hide_tools() { # COMMAND...
    mkdir -p "$work/bin"
    for tool; do
        printf '#!/bin/sh\necho "%s" >>"%s"\nexit 1\n' "$tool" "$work/called" >"$work/bin/$tool"
        chmod +x "$work/bin/$tool"
    done
    PATH=$work/bin:$PATH
    rm -f "$work/called"
}

# Help and wrong arguments change nothing.
expect_untouched() {
    [ ! -e "$work/called" ] || fail "it called $(cat "$work/called")"
    [ ! -e "$work/made" ] || fail "it made the build folder"
    [ "$(cat "$work/kept/file")" = kept ] || fail "it removed the build folder"
}

prepare_untouched() {
    export DORMOUSE_BUILD="$work/made"
    hide_tools apt-get sudo meson ninja mmdebstrap
    mkdir -p "$work/kept"
    echo kept >"$work/kept/file"
    "$root/dev" --build "$work/empty" help >"$work/out"
    : >"$work/kept/CACHEDIR.TAG" # As if ./dev had made it.
}

test_help_names_every_command() {
    try "$root/dev"
    expect_status 0
    for command in demo build test lint cross abi cover fuzz bench check-peers lab setup clean help; do
        expect_line out "^  $command "
    done
    [ "$(verbs | wc -l)" = "$(grep -c '^  [a-z]' out)" ] || fail "not all lines are commands"
}

test_help_of_every_command_changes_nothing() {
    prepare_untouched
    for command in $(verbs); do
        for words in "$command --help" "$command -h" "help $command" "$command some words --help"; do
            # shellcheck disable=SC2086 # several words
            try "$root/dev" --build "$work/kept" $words
            expect_status 0
            expect_line out "^\./dev .*"
            [ "$command" = help ] || expect_line out "^\./dev $command"
            expect_text err ""
            expect_untouched
        done
    done
    try "$root/dev" lab run --help
    expect_status 0
    expect_line out "^\./dev lab run"
}

# limit wrong_arguments_change_nothing 600
test_wrong_arguments_change_nothing() {
    prepare_untouched
    for words in "clean all" "build nosuch" "build native arm64" "test nosuch" "test unit/nosuch" \
        "test lab-6.12/bare/nosuch" "test dev/nosuch" "test zoo/nosuch" "test --host 5" "test --host" \
        "test --nosuch" "lint nosuch" "cross nosuch" "cover nosuch" "abi nosuch" "abi --write twice" "fuzz nosuch" "fuzz --seconds soon" "fuzz --runs many" \
        "bench nosuch" "bench lib nosuch" "bench psci twice" "bench io twice" "bench image twice" \
        "bench lib --json /nosuch/file" "bench lib --json /" "check-peers nosuch" "check-peers --nosuch" \
        "lab" "lab nosuch" "lab run" "lab run --host 5 true" "lab run --nosuch" \
        "lab --sanitize" "lab --sanitize address" "lab --sanitize memory run true" "lab run --sanitize" \
        "hyp" "hyp nosuch" "hyp image" "hyp show" "hyp show /nosuch" "hyp show / twice" "hyp run" "hyp run --kernel" \
        "hyp run --kernel /nosuch" "hyp run --vm=/nosuch" "hyp run --kernel $root/dev --initrd /" \
        "hyp run --bundle /nosuch" "bench hyp twice" "demo hyp twice" \
        "setup everything" "demo twice" "demo disk twice" "help nosuch" "help clean build" "nosuch" "--nosuch"; do
        # shellcheck disable=SC2086 # several words
        try "$root/dev" $words
        expect_status 1
        expect_line err "^dev: ."
        [ "$(wc -l <err)" = 1 ] || fail "'$words' is answered with more than a line"
        expect_text out ""
        expect_untouched
    done
    try "$root/dev" --build
    expect_status 1
    expect_text err "dev: --build needs a folder; see ./dev help"
}

test_unknown_command_is_refused() {
    try "$root/dev" frobnicate
    expect_status 1
    expect_text err "dev: no command 'frobnicate'; ./dev help lists them"
}

test_build_ends_with_the_programs_path() {
    ln -s "$root/dev" "a link to it"
    try "./a link to it" build native
    expect_status 0
    program=$(tail -n 1 out)
    [ -x "$program" ] || fail "$program is no program"
    try "$program" version
    expect_status 0
}

test_build_works_with_everything_closed() {
    status=0
    "$root/dev" build native <&- >&- 2>&- || status=$?
    expect_status 0
}

test_unknown_test_is_refused() {
    try "$root/dev" test unit/no_such
    expect_status 1
    expect_line err "no test is called 'unit/no_such'"
}

# limit list_names_tests_that_can_be_run 300
test_list_names_tests_that_can_be_run() {
    try "$root/dev" test --list
    expect_status 0
    expect_line out "^unit/irq$"
    try "$root/dev" test unit/irq
    expect_status 0
    expect_line out "^1 passed, 0 failed$"
}

# limit meson_names_are_known_without_meson 300
# shellcheck disable=SC2046 # names are words
# Before Meson is installed, the build files show whether a name may be one of Meson's.
test_meson_names_are_known_without_meson() {
    "$root/dev" test --list >names
    hide_tools apt-get sudo meson ninja
    # Names are checked in order, and the first unknown one is reported.
    try "$root/dev" test $(grep -E '^(unit|vpsci)/' names) zoo/nosuch
    expect_status 1
    expect_text err "dev: test: no test is called 'zoo/nosuch'; ./dev test --list lists them"
}

test_list_compiles_nothing() {
    try "$root/dev" --build made test --list
    expect_status 0
    expect_line out "^vpsci/selftest$"
    [ -z "$(find made -name '*.o')" ] || fail "something is compiled"
    # Without the packages, the list has only the kinds of Meson's tests, and nothing is installed.
    hide_tools apt-get sudo meson ninja dpkg-query
    try "$root/dev" --build other test --list
    expect_status 0
    expect_line out "^unit$"
    expect_line out "^zoo$"
    [ ! -e other ] || fail "a build folder is made"
    expect_text called dpkg-query
}

test_summary_shows_times() {
    try "$root/dev" test unit/irq unit/report
    expect_status 0
    expect_line out "^ *seconds *tests *group$"
    expect_line out "^ *[0-9.]* *2  unit$"
    expect_line out "^ *[0-9.]*  unit/irq$"
    [ "$(tail -n 1 out)" = "2 passed, 0 failed" ] || fail "the last line is $(tail -n 1 out)"
}

# Runs ./dev demo with these words, without what it builds, fetches and runs.
try_demo() { # [WORD]...
    # shellcheck disable=SC2016 # for the inner shell
    try bash -c '
        source "$1/lab/machine.sh"
        source "$1/tools/demo.sh"
        source "$1/tools/demo_disk.sh"
        shift
        take_nothing() { :; }
        lab_is_native() { false; }
        machine=x86_64
        step() { echo "step $*"; }
        need() { step need "$@"; }
        build_for() { step build "$1" "${compile_targets-all}"; }
        kernel_of_guest() { echo "guest-$1"; }
        kernel_of_host() { echo "host-$1"; }
        make_kernel() { step kernel "$1"; }
        make_rtcwake() { step rtcwake; }
        make_tools() { step tools; }
        find_qemu() { step qemu; }
        image_make_for_lab() { step image; }
        demo_run() { echo "run $1"; }
        demo_prove() { :; }
        demo_disk_prove() { :; }
        say() { :; }
        demo_command "$@"' bash "$root" "$@"
    expect_status 0
    sed '/^A stock Debian/q' out >first
    for step in "build native vmm/dormouse" "build arm64 all" "kernel guest-cloud" "kernel host-6.12" \
        rtcwake tools qemu; do
        expect_line first "^step $step$"
    done
    [ "$(grep -c '^step' first)" = "$(grep -c '^step' out)" ] || fail "a step comes after the introduction"
}

# The introduction ends with "Below are dormouse's events", so nothing else may report progress after it.
test_demo_builds_and_fetches_before_its_introduction() {
    try_demo
    [ "$(tail -n 1 out)" = "run in_lab.sh" ] || fail "the demo does not run"
    try_demo disk
    expect_line first "^step need .* disks$"
    expect_line first "^step image$"
    [ "$(tail -n 1 out)" = "run disk_in_lab.sh" ] || fail "the demo disk does not run"
}

# Whether the demo disk would pass, if the lab had printed this; its lines go to `out`.
prove_demo_disk() { # FILE
    # shellcheck disable=SC2016 # for the inner shell
    try bash -c '
        source "$1/tools/demo.sh"
        source "$1/tools/demo_disk.sh"
        red="" green="" plain="" demo_status=0
        readarray -t demo_found < <(grep -v ^event "$2")
        readarray -t demo_events < <(sed -n "s/^event //p" "$2")
        demo_disk_prove' bash "$root" "$1"
}

# Each claim fails if one line of what it needs is missing or differs.
test_demo_disk_believes_only_what_was_seen() {
    cat >seen <<'END'
event {"event":"boot"}
event {"event":"suspend-honoured"}
event {"event":"asleep"}
event {"event":"saved","file":"vm.saved"}
event {"event":"boot"}
event {"event":"restored","saved_ns":6000000000}
event {"event":"wake","source":"net"}
event {"event":"off","kind":"off"}
before boot 1-2
before service a.service 11
before service b.service 12
before service c.service 13
before service d.service 14
before program 15 16
before cached 2048
before sum 17
before count 18
fact clock_before 9
fact checked is whole
fact killed 137
fact wakes 0
after boot 1-2
after service a.service 11
after service b.service 12
after service c.service 13
after service d.service 14
after program 15 16
after cached 2048
after sum 17
after count 19
fact clock_after 9
fact left vm.saved.restored
fact clean yes
END
    prove_demo_disk seen
    expect_status 0
    ! grep -q 'not seen' out || fail "something was not seen: $(grep 'not seen' out)"
    for line in $(seq "$(wc -l <seen)"); do
        [ "$(sed -n "${line}p" seen)" != "fact clock_before 9" ] || continue
        sed "${line}d" seen >less
        prove_demo_disk less
        [ "$status" != 0 ] || fail "it passes without $(sed -n "${line}p" seen)"
    done
    for change in '/^after/s/11/21/' '/^after/s/15/25/' '/^after/s/17/27/' 's/count 19/count 18/' '/^after boot/s/$/3/' \
        's/clock_after 9/clock_after 101/' 's/killed 137/killed 1/' 's/wakes 0/wakes 1/' 's/"net"/"irq"/' 's/6000000000/1/'; do
        sed "$change" seen >other
        ! cmp -s seen other || fail "$change changes nothing"
        prove_demo_disk other
        [ "$status" != 0 ] || fail "it passes after $change"
    done
}
