# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev test`: running tests, one kind after the other.

test_help() {
    local rows
    readarray -t rows < <(test_rows)
    cat <<'EOF'
./dev test [--host 6.1|6.12] [NAME...]
./dev test --list

Runs all tests but the long ones, or those named. NAME is a name of --list, or its beginning up to a slash, such as
unit, lab-6.12 or lab-6.1/linux. With --host, the lab's tests run on that host kernel only.

EOF
    test_show_table "${test_sets[@]}"
    echo
    test_show_table "${rows[@]}"
    cat <<'EOF'

At the end it prints the time of each group, the ten slowest tests, and the line "N passed, N failed". It fails if a
test failed. The logs are in build/test-logs. --list prints all names, and installs and compiles nothing. If
packages of ./dev build are missing, or the build folder cannot be written, it prints only the kinds of Meson's tests,
unit and vpsci.
EOF
}

test_command() {
    local wanted=() list='' hosts=() sets named meson_named all=() quick=() selected=()
    while (($#)); do
        case $1 in
        --list) list=yes ;;
        --host)
            [[ ${2-} =~ ^6\.(1|12)$ ]] || die "test: --host needs 6.1 or 6.12, not '${2-}'; see ./dev test --help"
            lab_is_native || hosts+=("$2")
            shift
            ;;
        -*) die "test: unknown option $1; see ./dev test --help" ;;
        *) wanted+=("${1%/}") ;;
        esac
        shift
    done
    test_names_here
    test_check_names "${wanted[@]}"
    if [[ $list ]]; then
        test_list "${wanted[@]}"
        return
    fi
    readarray -t sets < <(test_needs "${wanted[@]}")
    need build "${sets[@]}"
    if ! (build_for native); then
        printf '0 passed, 1 failed\n'
        exit 1
    fi
    test_names_of_all_meson
    all=("${meson_named[@]}" "${named[@]}")
    test_select "${wanted[@]}"
    test_run
}

# Meson lists its tests only after it has configured a build, which takes some seconds.
test_list() { # NAME...
    local missing words
    check_debian
    read -ra words <<<"$(packages_of build)"
    find_missing "${words[@]}"
    if ((${#missing[@]})) || ! folder_is_usable; then
        meson_named=(unit vpsci)
    else
        with_lock configure native
        ninja -C "$build/native" build.ninja >"$build/ninja.log" 2>&1 || # In case a meson.build has changed.
            die_of "$build/ninja.log" 8 "meson could not configure $(name_folder native)"
        test_names_of_all_meson
    fi
    all=("${meson_named[@]}" "${named[@]}")
    selected=("${all[@]}")
    (($# == 0)) || test_select "$@"
    printf '%s\n' "${selected[@]}"
}

test_run() {
    local names
    session_process='' test_children=()
    mkdir -p "$test_logs"
    test_notes=$(mktemp -d "$test_logs/.notes.XXXXXX")
    trap test_clean EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    readarray -t names < <(test_rows | sed -n 's/|meson|.*//p' | while read -r kind; do test_names_under "$kind"; done)
    ((${#names[@]} == 0)) || test_start test_meson "${names[@]}"
    # Most of the other tests need the arm64 build.
    if grep -qE '^(lint|dev|lab-[^/]*)/' < <(printf '%s\n' "${selected[@]}"); then
        test_build_image
    fi
    test_start_sessions
    test_wait 0
    test_summary
}

# The first of the lab's sessions fetches what all of them boot: meanwhile Meson's tests have the processors. That of dev
# is the longest one. Tests that are functions mostly use one processor.
test_start_sessions() {
    local kind kinds names session sessions=()
    readarray -t kinds < <(test_rows | sed -n 's/|lab .*//p')
    for kind in "${kinds[@]}"; do
        readarray -t names < <(test_names_under "$kind")
        ((${#names[@]} == 0)) || test_add_lab "$kind" "${names[@]#"$kind"/}"
    done
    readarray -t names < <(test_names_under dev)
    ((${#names[@]} == 0)) || sessions=("${sessions[@]:0:1}" "test_dev ${names[*]#dev/}" "${sessions[@]:1}")
    readarray -t kinds < <(test_rows | sed -n 's/|function|.*//p')
    readarray -t names < <(for kind in "${kinds[@]}"; do test_names_under "$kind"; done)
    ((${#names[@]} == 0)) || sessions=("${sessions[@]:0:2}" "test_functions ${names[*]}" "${sessions[@]:2}")
    for session in "${sessions[@]}"; do
        # shellcheck disable=SC2086 # a function and its arguments
        test_start $session
    done
}

test_build_image() {
    local start=$SECONDS
    if ! (build_image); then
        test_failed build/arm64 "does not compile" $((SECONDS - start))
    fi
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

# Runs tests with Meson and reads its report. A test that is missing in the report has failed. Other sessions run at the
# same time, so the limits are four times those in meson.build.
test_meson() { # SUITE/NAME...
    local line='' name log=$test_logs/meson.log showing='' session_output
    local result='^ *[0-9]+/[0-9]+ +(.*[^ ]) +(OK|FAIL|TIMEOUT|ERROR|SKIP|INTERRUPT) +([0-9.]+) ?s'
    local -A full_names=()
    for name; do
        full_names[${name#*/}]=$name
    done
    : >"$log"
    test_progress "running Meson's tests"
    exec {session_output}< <(exec meson test -C "$build/native" --no-rebuild --print-errorlogs -t 4 "${@#*/}" 2>&1 </dev/null)
    session_process=$!
    while IFS= read -r line <&"$session_output"; do
        printf '%s\n' "$line" >>"$log"
        if [[ $line =~ ^(Ok:|Summary) ]]; then
            cat <&"$session_output" >>"$log" # The rest repeats the results.
            break
        elif [[ ! $line =~ $result ]]; then
            # After a failure Meson prints the test's output.
            [[ ! $showing ]] || printf '    | %s\n' "$line"
            continue
        fi
        name=${BASH_REMATCH[1]##*[ :]}
        showing=''
        if [[ ${BASH_REMATCH[2]} == OK ]]; then
            test_passed "${full_names[$name]}" "${BASH_REMATCH[3]}"
        else
            test_failed "${full_names[$name]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
            showing=yes
        fi
        unset "full_names[$name]"
    done
    exec {session_output}<&-
    wait "$session_process" || true
    session_process=''
    for name in "${full_names[@]}"; do
        test_failed "$name" "was not run" 0 "$log"
    done
}

# Runs each test by the function of its kind.
test_functions() { # KIND/NAME...
    local name log start
    for name; do
        log=$test_logs/${name//\//-}.log
        start=$SECONDS
        test_progress "running $name"
        # In a subshell, which ends as soon as a command fails.
        ("${name%%/*}_test" "${name#*/}") >"$log" 2>&1 </dev/null &
        session_process=$!
        if wait "$session_process"; then
            test_passed "$name" $((SECONDS - start))
        else
            test_failed "$name" "see the log" $((SECONDS - start)) "$log"
        fi
        session_process=''
    done
}
