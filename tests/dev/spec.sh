# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# SPEC.md names only existing functions and scenarios, and leaves no scenario out.

# Prints the rows of its table, without the markup: rule|code|scenarios|mark
spec_rows() {
    # shellcheck disable=SC2016 # backquotes are SPEC.md's
    sed -n 's/^| \([A-Z][A-Z]-[0-9]*\) | .* | `\([^`]*\)` | \([^|]*\) | \([VMC]\) |$/\1|\2|\3|\4/p' "$root/SPEC.md"
}

spec_scenarios() {
    sed -n 's/.*\.name = "\([a-z0-9.-]*\)".*/\1/p' "$root"/check/scenarios/families/*.c | sort -u
}

test_every_row_is_read() {
    grep -c '^| [A-Z][A-Z]-' "$root/SPEC.md" >written
    spec_rows | wc -l >understood
    [ "$(cat written)" -eq "$(cat understood)" ] ||
        fail "of $(cat written) rows only $(cat understood) have code, scenarios and a mark"
    spec_rows | cut -d '|' -f 1 | sort | uniq -d >twice
    [ ! -s twice ] || fail "twice: $(head -n 1 twice)"
}

test_every_function_exists() {
    spec_rows | while IFS='|' read -r rule code _; do
        file=$root/lib/${code%%:*}
        grep -q "\<${code#*:}\>(\|(${code#*:}\>" "$file" || fail "$rule: ${code%%:*} has no ${code#*:}"
    done
}

test_every_scenario_exists() {
    spec_scenarios >known
    spec_rows | while IFS='|' read -r rule _ names _; do
        [ -n "$names" ] || fail "$rule names no scenario"
        echo "$names" | tr -d ' ' | tr , '\n' >wanted
        while read -r name; do
            grep -qxF -- "$name" known || fail "$rule: there is no scenario $name"
        done <wanted
    done
}

test_every_scenario_is_named() {
    spec_scenarios >known
    [ "$(wc -l <known)" -ge 150 ] || fail "only $(wc -l <known) scenarios found"
    while read -r name; do
        grep -q "\(^\|[ |,]\)${name}[ |,.:]" "$root/SPEC.md" || fail "SPEC.md does not name $name"
    done <known
}

# Every PSCI function has a rule.
test_every_psci_function_has_a_rule() {
    sed -n 's/^FUNCTION(\([A-Z0-9_]*\),.*/\1/p' "$root/lib/functions.def" >functions
    [ "$(wc -l <functions)" -eq 22 ] || fail "$(wc -l <functions) functions found"
    while read -r name; do
        grep -q "^| [A-Z].*$name" "$root/SPEC.md" || fail "no rule names $name"
    done <functions
}

# README.md has the numbers of this repository.
test_readme_counts_right() {
    spec_scenarios >known
    expect_line "$root/README.md" "^- $(wc -l <known) scenarios of what"
    set -- "$root"/tests/lib/zoo/*.patch
    expect_line "$root/README.md" "^- $# mistakes, most of them"
}
