# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev test`: which tests there are, which are meant, and running them one kind after the other. A
# kind is what comes before the slash in the names of its tests.

# Kinds whose tests Meson runs, each a test suite of that name.
test_meson_kinds=(unit vpsci)
# Kinds whose tests are functions here: KIND_names lists them, KIND_test runs one. A kind of a single
# test has no KIND_names; the test has the kind's name.
test_function_kinds=(lint cross fuzz zoo cover)

test_help() {
    cat <<'EOF'
./dev test [--host 6.1|6.12] [NAME...]
./dev test quick|library
./dev test --list

Runs all tests but the long ones, or those named: a NAME of --list, or the beginning of some up to a slash, such as
unit, lab-6.12 or lab-6.1/linux. --host runs the lab's tests on one host kernel only.

  quick     unit and vpsci, without what may take long: under a minute
  library   all of libvpsci's own tests: vpsci, cross, fuzz, zoo, cover

  unit      dormouse's parts               vpsci   libvpsci's
  cross     libvpsci for other processors, run by qemu-user
  fuzz      the inputs that fuzzers found worth keeping, once more
  zoo       mistakes put into libvpsci on purpose, which its tests have to find
  cover     that its tests reach every line, branch and condition of libvpsci
  lint      format, headers, scripts       dev     this command itself, the documents, the library
                                                   as it is installed
  lab-...   dormouse with real KVM and guests
  lab-.../long   stress at length, about a quarter of an hour: only where it is named

Ends with the line "N passed, N failed" and fails if one did. What was said is kept in
build/test-logs.
EOF
}

test_command() {
    local wanted=() list='' hosts=() sets all=() quick=() selected=()
    while (($#)); do
        case $1 in
        library) wanted+=(vpsci cross fuzz zoo cover) ;;
        --list) list=yes ;;
        --host)
            [[ ${2-} =~ ^6\.(1|12)$ ]] || die "test: --host wants 6.1 or 6.12"
            hosts+=("$2")
            shift
            ;;
        -*) die "test: unknown option $1; see ./dev help test" ;;
        *) wanted+=("${1%/}") ;;
        esac
        shift
    done
    test_choose_hosts "${hosts[@]}"
    readarray -t sets < <([[ $list ]] || test_needs "${wanted[@]}")
    need build "${sets[@]}"
    if ! (build_for native); then
        [[ $list ]] || printf '0 passed, 1 failed\n'
        exit 1
    fi
    test_names
    test_select "${wanted[@]}"
    if [[ $list ]]; then
        printf '%s\n' "${selected[@]}"
    else
        test_run
    fi
}

# Sets `hosts` to the kernels that the lab's tests run on.
test_choose_hosts() { # HOST...
    hosts=("$@")
    if lab_is_native; then
        hosts=(native)
    elif ((${#hosts[@]} == 0)); then
        hosts=(6.12 6.1)
    fi
}

# The sets of packages that tests of these names need, besides `build`.
test_needs() { # NAME...
    local name
    (($#)) || set -- "${test_meson_kinds[@]}" "${test_function_kinds[@]}" dev lab
    for name; do
        case ${name%%/*} in
        quick | unit | vpsci) ;;
        lint) printf '%s\n' lint image && lab_needs ;;
        cross) echo targets ;;
        zoo) echo mutants ;;
        fuzz | cover) echo instruments ;;
        dev) printf '%s\n' lint library image && lab_needs ;;
        *) echo image && lab_needs ;;
        esac
    done | sort -u
}

# Sets `all` to the names of all tests, and `quick` to those of Meson's that are quick.
test_names() {
    local kind host
    readarray -t all < <(test_names_of_meson native "${test_meson_kinds[@]}")
    readarray -t quick < <(test_quick_of_meson native "${test_meson_kinds[@]}")
    readarray -t -O "${#all[@]}" all < <(
        for kind in "${test_function_kinds[@]}"; do
            if declare -F "${kind}_names" >/dev/null; then
                "${kind}_names" | sed "s|^|$kind/|"
            else
                echo "$kind"
            fi
        done
        "$root/tests/dev/run.sh" --list | if lab_is_native; then
            grep -vE '^(check|emulator|machines)/'
        else
            cat
        fi | sed 's|^|dev/|'
        for host in "${hosts[@]}"; do
            "$root/tests/lab/run.sh" --list "$host" | sed "s|^|lab-$host/|"
        done
    )
}

# The tests of a build folder as SUITE/NAME, of these suites.
test_names_of_meson() { # FOLDER SUITE...
    local intro=$build/$1/meson-info/intro-tests.json suite
    for suite in "${@:2}"; do
        # Some Mesons write it in one line, some in many.
        tr -s '\n ' ' ' <"$intro" | grep -oE '"(name|timeout|suite)": (\[[^]]*\]|"[^"]*"|[0-9]+)' |
            awk -F '"' -v suite="$suite" -v most="${test_most_seconds-}" '
                $2 == "name" { name = $4 }
                $2 == "timeout" { seconds = substr($3, 2) + 0 }
                $2 == "suite" && index($0, ":" suite "\"") && (!most || seconds <= most) {
                    print suite "/" name
                }'
    done
}

# Those of them that are given a minute at most.
test_quick_of_meson() { # FOLDER SUITE...
    local test_most_seconds=60
    test_names_of_meson "$@"
}

# Sets `selected` to the tests that are meant by the names: without one all but the long ones.
test_select() { # NAME...
    local name test found
    selected=()
    if (($# == 0)); then
        readarray -t selected < <(printf '%s\n' "${all[@]}" | grep -v '^lab-[^/]*/long/')
    fi
    for name; do
        found=''
        for test in "${all[@]}"; do
            if test_is_meant "$test" "$name"; then
                selected+=("$test")
                found=yes
            fi
        done
        [[ $found ]] || die "test: no test is called $name; ./dev test --list names all"
    done
}

test_is_meant() { # TEST NAME
    if [[ $2 == quick ]]; then
        [[ " ${quick[*]} " == *" $1 "* ]]
    else
        [[ $1 == "$2" || $1 == "$2"/* ]]
    fi
}

# Those of `selected` that are of this kind.
test_names_under() { # KIND
    local test
    for test in "${selected[@]}"; do
        if [[ $test == "$1" || $test == "$1"/* ]]; then
            printf '%s\n' "$test"
        fi
    done
}

test_run() {
    local kind names host pid
    session_process='' test_children=()
    mkdir -p "$build/test-logs"
    test_notes=$(mktemp -d "$build/test-logs/.notes.XXXXXX")
    trap test_clean EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    readarray -t names < <(for kind in "${test_meson_kinds[@]}"; do test_names_under "$kind"; done)
    ((${#names[@]} == 0)) || test_meson "${names[@]}"
    # Those that are left but for a few need the arm64 build.
    if grep -qE '^(lint|dev|lab-[^/]*)/' < <(printf '%s\n' "${selected[@]}"); then
        (build_image) || test_failed build/arm64 "does not compile"
    fi
    for kind in "${test_function_kinds[@]}"; do
        readarray -t names < <(test_names_under "$kind")
        ((${#names[@]} == 0)) || test_functions "$kind" "${names[@]}"
    done
    readarray -t names < <(test_names_under dev)
    if ((${#names[@]})); then
        test_start test_dev "${names[@]#dev/}"
        wait "${test_children[@]}" || true
        test_children=()
    fi
    for host in "${hosts[@]}"; do
        readarray -t names < <(test_names_under "lab-$host")
        ((${#names[@]} == 0)) || test_start test_lab "$host" "${names[@]#"lab-$host/"}"
    done
    for pid in "${test_children[@]}"; do
        wait "$pid" || true
    done
    test_children=()
    test_summary
}

test_clean() {
    trap - EXIT
    trap '' INT TERM
    test_progress ''
    if ((${#test_children[@]})); then
        kill -TERM "${test_children[@]}" 2>/dev/null || true
    fi
    wait
    rm -rf "$test_notes"
}

# Runs tests with Meson and reads its report. One that it does not report has failed.
test_meson() { # SUITE/NAME...
    local line name log=$build/test-logs/meson.log showing=''
    local result='^ *[0-9]+/[0-9]+ +(.*[^ ]) +(OK|FAIL|TIMEOUT|ERROR|SKIP|INTERRUPT) +([0-9.]+) ?s'
    local -A full_names=()
    for name; do
        full_names[${name#*/}]=$name
    done
    test_progress "running ${*%%/*}"
    while IFS= read -r line; do
        if [[ $line =~ ^(Ok:|Summary) ]]; then
            cat >/dev/null # It repeats what has been said.
            break
        elif [[ ! $line =~ $result ]]; then
            # After a failure comes what the test said.
            [[ ! $showing ]] || printf '    | %s\n' "$line"
            continue
        fi
        name=${BASH_REMATCH[1]##*[ :]}
        showing=''
        if [[ ${BASH_REMATCH[2]} == OK ]]; then
            test_passed "${full_names[$name]}" "${BASH_REMATCH[3]} s"
        else
            test_failed "${full_names[$name]}" "${BASH_REMATCH[2]}"
            showing=yes
        fi
        unset "full_names[$name]"
    done < <(meson test -C "$build/native" --no-rebuild --print-errorlogs "${@#*/}" 2>&1 </dev/null |
        tee "$log")
    for name in "${full_names[@]}"; do
        test_failed "$name" "was not run" "$log"
    done
}

# Runs each test of a kind by its function.
test_functions() { # KIND NAME...
    local kind=$1 name log start
    shift
    for name; do
        log=$build/test-logs/${name//\//-}.log
        start=$SECONDS
        test_progress "running $name"
        # In a process of its own, which ends where a command fails.
        ("${kind}_test" "${name#"$kind"/}") >"$log" 2>&1 </dev/null &
        test_children=($!)
        if wait "$!"; then
            test_passed "$name" "$((SECONDS - start)) s"
        else
            test_failed "$name" "see the log" "$log"
        fi
        test_children=()
    done
}
