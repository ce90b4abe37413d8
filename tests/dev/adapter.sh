# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# docs/adapter.md: its adapter compiles by the page's command, prints what the page says, and its server
# passes once the page's mistake is repaired.

page=$root/docs/adapter.md

# The lines of all blocks of that kind.
blocks() { # KIND
    awk -v start="\`\`\`$1" '$0 == start { on = 1; next } /^```/ { on = 0 } on' "$page"
}

# By the command that is on the page, in a place that looks like the checkout.
compile_page() { # SOURCE
    [ -e check ] || ln -s "$root/check" check
    cp "$1" mine.c
    blocks sh | grep -v '^\./examine' >command.sh
    try sh command.sh
    expect_status 0
}

run_page() { # WORD...
    status=0
    ./examine run "$@" >said || status=$?
}

test_adapter_page_works() {
    blocks c >page.c
    blocks text >expected
    grep -q '^not ok' expected || fail "the page shows no failure"
    compile_page page.c
    run_page 'cpu-on-of-*'
    [ "$status" -eq 1 ] || fail "examine ends with status $status, not 1"
    diff expected said || fail "the adapter does not print what the page says"
}

test_repaired_adapter_page_passes() {
    blocks c |
        sed -e '/^    cpus\[n\]\.entry = entry;$/d' -e '/^    cpus\[n\]\.context = context;$/d' \
            -e 's/^    cpus\[n\]\.state = STARTING;$/    cpus[n] = (struct cpu){STARTING, entry, context};/' >repaired.c
    compile_page repaired.c
    run_page
    [ "$status" -eq 0 ] || fail "$(grep '^not ok' said | head -n 1)"
    grep -q '^ok .* - cpu-on-of-pending$' said || fail "the repaired server was not examined"
}
