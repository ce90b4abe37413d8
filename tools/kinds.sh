# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The kinds of tests, and which tests a name selects.

# KIND|HOW|PACKAGES|what the tests of this kind test. KIND is the part of a test's name before the slash. HOW says
# how the tests run:
#   meson     Meson's suite of that name
#   function  KIND_names lists them, KIND_test runs one; if there is no KIND_names, KIND is a single test
#   dev       tests/dev/run.sh
#   lab HOST  tests/lab/run.sh, in the lab on that host kernel, or on its `default` one; a word that follows is the
#             sanitizer under which dormouse runs
# Help, lists, packages and order use this table. A test's time limit is `timeout` in meson.build, or `# limit` beside
# a shell function.
test_kinds=(
    "unit|meson||dormouse's parts, vpsci-check's, the bare-metal runtime's"
    "vpsci|meson||libvpsci's own"
    "lint|function|lint image lab|the quick checks of ./dev lint"
    "cross|function|targets|libvpsci for other processors, run by qemu-user"
    "fuzz|function|instruments|the inputs in fuzz/corpus, which fuzzers found earlier"
    "soak|function|instruments|each fuzzer of a device or of an image, until it has run 10^7 times; see ./dev fuzz --runs"
    "zoo|function|mutants|mistakes put into the source on purpose, which its tests must find"
    "models|function|build models|SPIN's models of libvpsci's protocol, and their traces against it"
    "prove|function|proofs|what CBMC proves about libvpsci for all inputs: a few of the proofs, and prove/all of them"
    "cover|function|instruments|that its tests reach every line, branch and condition of libvpsci"
    "hyp|function|image lab|hyp with guests, on an emulated machine: hyp/long has those that take long"
    "package|function|packaging|the Debian packages of libvpsci; package/all has all packages, in roots of Debian 12 and 13"
    "dev|dev|clients lint library rust image disks peers lab|this command, the documents, the library as it is installed"
    "lab-6.12|lab 6.12|image lab|dormouse with real KVM and guests, on Linux 6.12"
    "lab-6.1|lab 6.1|image lab|the tests of lab-6.12, on Linux 6.1"
    "lab-native|lab native|image lab|the tests of lab-6.12, on this machine's own kernel"
    "lab-asan|lab default address|image lab|some tests of lab-6.12, under the address and undefined-behaviour sanitizers"
    "lab-tsan|lab default thread|image lab|the tests of lab-asan, under the thread sanitizer"
)

# Names for sets of tests: NAME|KIND...|what they are. The sets `quick` and `long` have only some tests of their
# kinds; see test_is_meant.
test_library_kinds="vpsci cross fuzz zoo models cover"
test_sets=(
    "quick|unit vpsci|the tests of unit and vpsci that take less than a minute"
    "library|$test_library_kinds|all of libvpsci's own tests"
    "long|lab-6.12 lab-tsan soak models prove hyp package|lab-.../long, lab-.../cluster, lab-tsan, soak, models/long, prove/all, hyp/long and package/all, which nothing else includes"
)

# The rows of test_kinds that this machine can run: it either is a lab itself, or emulates two.
test_rows() {
    local drop='|lab native|'
    ! lab_is_native || drop='|lab 6.'
    printf '%s\n' "${test_kinds[@]}" | grep -vF -- "$drop"
}

test_show_table() { # ROW...
    local row
    for row; do
        printf '  %-11s  %s\n' "${row%%|*}" "${row##*|}"
    done
}

# Prints a column of a kind's row, counted from 1; prints nothing if the kind does not exist.
test_column() { # KIND COLUMN
    local row columns
    for row in "${test_kinds[@]}"; do
        if [[ ${row%%|*} == "$1" ]]; then
            IFS='|' read -ra columns <<<"$row"
            printf '%s' "${columns[$2 - 1]}"
        fi
    done
}

# The kinds whose tests a name can select.
test_kinds_of() { # NAME
    local row
    for row in "${test_sets[@]}"; do
        if [[ ${row%%|*} == "$1" ]]; then
            row=${row#*|}
            read -ra row <<<"${row%%|*}"
            printf '%s\n' "${row[@]}"
            return
        fi
    done
    printf '%s\n' "${1%%/*}"
}

# Prints the sets of packages that the named tests need, besides `build`.
test_needs() { # NAME...
    local name kind words
    (($#)) || {
        readarray -t words < <(test_rows)
        set -- "${words[@]%%|*}"
    }
    for name; do
        for kind in $(test_kinds_of "$name"); do
            read -ra words <<<"$(test_column "$kind" 3)"
            printf '%s\n' "${words[@]}"
            [[ " ${words[*]} " != *" lab "* ]] || lab_needs
        done
    done | sed '/^$/d; /^lab$/d' | sort -u
}

# Sets `named` to the names of all tests but Meson's: Meson may not be installed yet.
test_names_here() {
    readarray -t named < <(test_rows | while IFS='|' read -r kind how _; do
        case $how in
        function) test_names_of_functions "$kind" ;;
        dev) test_names_of_dev ;;
        "lab "*)
            read -r _ host sanitizer <<<"$how"
            test_names_of_lab "$kind" "$host" "$sanitizer"
            ;;
        esac
    done)
}

test_names_of_functions() { # KIND
    if declare -F "${1}_names" >/dev/null; then
        "${1}_names" | sed "s|^|$1/|"
    else
        echo "$1"
    fi
}

test_names_of_dev() {
    "$root/tests/dev/run.sh" --list | if lab_is_native; then
        grep -vE '^(check|emulator|machines)/'
    else
        cat
    fi | sed 's|^|dev/|'
}

# Prints nothing if --host selects other hosts.
test_names_of_lab() { # KIND HOST SANITIZER
    local host=${2/#default/6.12}
    if ((${#hosts[@]} == 0)) || [[ " ${hosts[*]} " == *" $host "* ]]; then
        "$root/tests/lab/run.sh" --list "$host" "$3" | sed "s|^|$1/|"
    fi
}

# Sets `meson_named` to the names of Meson's tests, and `quick` to those that are quick.
test_names_of_all_meson() {
    local kinds
    readarray -t kinds < <(test_rows | sed -n 's/|meson|.*//p')
    readarray -t meson_named < <(test_names_of_meson native "${kinds[@]}")
    readarray -t quick < <(test_quick_of_meson native "${kinds[@]}")
}

# The tests of a build folder as SUITE/NAME, of these suites.
test_names_of_meson() { # FOLDER SUITE...
    local intro=$build/$1/meson-info/intro-tests.json suite
    for suite in "${@:2}"; do
        # Some versions of Meson write it in one line, some in many.
        tr -s '\n ' ' ' <"$intro" | grep -oE '"(name|timeout|suite)": (\[[^]]*\]|"[^"]*"|[0-9]+)' |
            awk -F '"' -v suite="$suite" -v most="${test_most_seconds-}" '
                $2 == "name" { name = $4 }
                $2 == "timeout" { seconds = substr($3, 2) + 0 }
                $2 == "suite" && index($0, ":" suite "\"") && (!most || seconds <= most) {
                    print suite "/" name
                }'
    done
}

# Those of them with a limit of at most a minute.
test_quick_of_meson() { # FOLDER SUITE...
    local test_most_seconds=60
    test_names_of_meson "$@"
}

test_is_long() { # TEST
    [[ $1 == lab-*/long/* || $1 == lab-*/cluster/* || $1 == lab-tsan/* || $1 == soak/* || $1 == models/long/* || $1 == hyp/long/* || $1 == prove/all || $1 == package/all/* ]]
}

test_is_meant() { # TEST NAME
    case $2 in
    quick) [[ " ${quick[*]} " == *" $1 "* ]] ;;
    long) test_is_long "$1" ;;
    library) [[ " $test_library_kinds " == *" ${1%%/*} "* ]] ;;
    # A kind that is long as a whole, or a group: nothing else means long tests.
    lab-tsan | soak | */*) [[ $1 == "$2" || $1 == "$2"/* ]] ;;
    *) [[ $1 == "$2" || $1 == "$2"/* ]] && ! test_is_long "$1" ;;
    esac
}

# Ends if a name selects no test, as far as that is known before anything is installed. The names of Meson's tests
# are in the build files, some of them in parts.
test_check_names() { # NAME...
    local name test kind
    for name; do
        if printf '%s\n' "${test_sets[@]%%|*}" | grep -qxF -- "$name"; then
            continue
        fi
        kind=${name%%/*}
        case $(test_column "$kind" 2) in
        meson) [[ $name == "$kind" ]] || test_may_be_mesons "${name#*/}" || test_die_unknown "$name" ;;
        *)
            for test in "${named[@]}"; do
                ! test_is_meant "$test" "$name" || continue 2
            done
            test_die_unknown "$name"
            ;;
        esac
    done
}

test_die_unknown() { # NAME
    die "test: no test is called '$1'; ./dev test --list lists them"
}

test_may_be_mesons() { # NAME
    local files words prefixes prefix
    readarray -t files < <(find "$root"/{tests,check,lib,base} -name meson.build 2>/dev/null)
    words=$'\n'$(grep -hoE "'[^']+'" "${files[@]}" | tr -d "'")$'\n'
    readarray -t prefixes < <(sed -n "s/.*\btest('\([^']*\)' + .*/\1/p" "${files[@]}")
    for prefix in '' "${prefixes[@]}"; do
        if [[ $1 == "$prefix"* && $words == *$'\n'"${1#"$prefix"}"$'\n'* ]]; then
            return 0
        fi
    done
    return 1
}

# Sets `selected` to the tests that the names select; without a name, to all but the long ones.
test_select() { # NAME...
    local name test found
    selected=()
    if (($# == 0)); then
        for test in "${all[@]}"; do
            test_is_long "$test" || selected+=("$test")
        done
    fi
    for name; do
        found=''
        for test in "${all[@]}"; do
            if test_is_meant "$test" "$name"; then
                selected+=("$test")
                found=yes
            fi
        done
        [[ $found ]] || test_die_unknown "$name"
    done
}

# Prints those of `selected` that are of this kind.
test_names_under() { # KIND
    local test
    for test in "${selected[@]}"; do
        if [[ $test == "$1" || $test == "$1"/* ]]; then
            printf '%s\n' "$test"
        fi
    done
}
