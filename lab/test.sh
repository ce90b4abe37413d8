# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev test`: the unit tests, the cheap checks of the source, and the tests in the lab.

test_help() {
    cat <<'EOF'
./dev test [--host 6.1|6.12] [NAME...]
./dev test quick
./dev test --list

Runs all tests, or those named: a NAME of --list, or the beginning of some up to a slash, such as
unit, lab-6.12 or lab-6.1/linux. --host runs the lab's tests on one host kernel only; quick is
another word for unit, what needs no lab. dev/... are the tests of this command itself. Ends with the
line "N passed, N failed" and fails if one did. What was said is kept in build/test-logs.
EOF
}

test_command() {
    local wanted=() list='' hosts=() sets
    while (($#)); do
        case $1 in
        quick) wanted+=(unit) ;;
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
    if [[ $list || ${wanted[*]-} == unit ]]; then
        need build
    else
        readarray -t sets < <(lab_needs)
        need build lint "${sets[@]}"
    fi
    if ! (build_for native); then
        [[ $list ]] || printf '0 passed, 1 failed\n'
        exit 1
    fi
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

# Sets `selected` to the tests that are meant by the names: all without one.
test_select() { # NAME...
    local all=() name test found
    readarray -t all < <(test_names)
    selected=()
    if (($# == 0)); then
        selected=("${all[@]}")
    fi
    for name; do
        found=''
        for test in "${all[@]}"; do
            if [[ $test == "$name" || $test == "$name"/* ]]; then
                selected+=("$test")
                found=yes
            fi
        done
        [[ $found ]] || die "test: no test is called $name; ./dev test --list names all"
    done
}

test_names() {
    local host
    grep -o '"name": "[^"]*"' "$build/native/meson-info/intro-tests.json" |
        sed 's|.*: "\(.*\)"|unit/\1|'
    printf 'lint/%s\n' "${lint_quick[@]}"
    "$root/tests/dev/run.sh" --list | if lab_is_native; then
        grep -v '^emulator/'
    else
        cat
    fi | sed 's|^|dev/|'
    for host in "${hosts[@]}"; do
        "$root/tests/lab/run.sh" --list "$host" | sed "s|^|lab-$host/|"
    done
}

# Those of `selected` that begin with PREFIX, without it.
test_names_under() { # PREFIX
    local test
    for test in "${selected[@]}"; do
        if [[ $test == "$1"/* ]]; then
            printf '%s\n' "${test#"$1"/}"
        fi
    done
}

test_run() {
    local names host pid
    session_process='' test_children=()
    mkdir -p "$build/test-logs"
    test_notes=$(mktemp -d "$build/test-logs/.notes.XXXXXX")
    trap test_clean EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    readarray -t names < <(test_names_under unit)
    ((${#names[@]} == 0)) || test_units "${names[@]}"
    if [[ ${names[*]} != "${selected[*]#unit/}" ]]; then
        (build_for arm64) || test_failed build/arm64 "does not compile"
    fi
    readarray -t names < <(test_names_under lint)
    ((${#names[@]} == 0)) || test_lint "${names[@]}"
    readarray -t names < <(test_names_under dev)
    if ((${#names[@]})); then
        test_start test_dev "${names[@]}"
        wait "${test_children[@]}" || true
        test_children=()
    fi
    for host in "${hosts[@]}"; do
        readarray -t names < <(test_names_under "lab-$host")
        ((${#names[@]} == 0)) || test_start test_lab "$host" "${names[@]}"
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

# Starts a session of tests in a process of its own. Guests sleep a good part of their tests, so that two
# emulated machines share two processors well; on one processor they take turns.
test_start() { # FUNCTION ARGUMENT...
    test_child "$@" &
    test_children+=($!)
    if (($(nproc) < 2)); then
        wait "${test_children[-1]}" || true
        unset 'test_children[-1]'
    fi
}

test_child() { # FUNCTION ARGUMENT...
    trap test_end_session EXIT
    trap 'exit 143' TERM
    "$@"
}

test_end_session() {
    trap - EXIT
    trap '' TERM
    if [[ $session_process ]]; then
        kill -TERM "$session_process" 2>/dev/null || true
    fi
    wait
}

# Results are kept in files, because the labs' processes find some of them.
test_note() { # passed|failed NAME
    printf '%s\n' "$2" >>"$test_notes/$1"
}

test_summary() {
    local passed_names=() failed_names=()
    touch "$test_notes/passed" "$test_notes/failed"
    readarray -t passed_names <"$test_notes/passed"
    readarray -t failed_names <"$test_notes/failed"
    if ((${#failed_names[@]})); then
        printf '\nfailed:\n'
        printf '  %s\n' "${failed_names[@]}"
        printf 'logs are in %s\n' "$build/test-logs"
    fi
    printf '%d passed, %d failed\n' "${#passed_names[@]}" "${#failed_names[@]}"
    ((${#failed_names[@]} == 0)) || exit 1
}

# On a terminal, what is going on now; overwritten by what comes next.
test_progress() { # TEXT
    if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
        printf '\r\e[K%s' "$1"
    fi
}

test_passed() { # NAME DETAIL
    test_progress ''
    printf '%sok%s %s (%s)\n' "$green" "$plain" "$1" "$2"
    test_note passed "$1"
}

test_failed() { # NAME REASON [LOG]
    test_progress ''
    printf '%snot ok%s %s: %s\n' "$red" "$plain" "$1" "$2"
    test_note failed "$1"
    if [[ ${3-} ]]; then
        show_tail "$3" 40 2>&1
    fi
}

# Runs unit tests with Meson and reads its report. One that it does not report has failed.
test_units() { # NAME...
    local line name log=$build/test-logs/unit.log showing=''
    local result='^ *[0-9]+/[0-9]+ +(.*[^ ]) +(OK|FAIL|TIMEOUT|ERROR|SKIP|INTERRUPT) +([0-9.]+) ?s'
    local -A done_names=()
    test_progress "running unit tests"
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
        done_names[$name]=yes
        showing=''
        if [[ ${BASH_REMATCH[2]} == OK ]]; then
            test_passed "unit/$name" "${BASH_REMATCH[3]} s"
        else
            test_failed "unit/$name" "${BASH_REMATCH[2]}"
            showing=yes
        fi
    done < <(meson test -C "$build/native" --no-rebuild --print-errorlogs "$@" 2>&1 </dev/null |
        tee "$log")
    for name; do
        [[ ${done_names[$name]-} ]] || test_failed "unit/$name" "was not run" "$log"
    done
}

test_lint() { # NAME...
    local name log start
    for name; do
        log=$build/test-logs/lint-$name.log
        start=$SECONDS
        test_progress "running lint/$name"
        if "lint_$name" >"$log" 2>&1; then
            test_passed "lint/$name" "$((SECONDS - start)) s"
        else
            test_failed "lint/$name" "see the log" "$log"
        fi
    done
}

# One session of the lab runs all tests of one host kernel.
test_lab() { # HOST NAME...
    local host=$1 folder=$build/test-logs/lab-$1 words=()
    shift
    [[ $host == native ]] || words=(--host "$host")
    rm -rf "$folder"
    mkdir -p "$folder"
    cd "$folder"
    # The session's own limit is only for when this process can no longer see to it.
    # shellcheck disable=SC2016 # for the shell in the lab
    session_command=("$root/dev" lab run "${words[@]}" --limit 7200 \
        --guest cloud --guest generic --out logs -- \
        sh -c 'exec sh "$LAB_TESTS/run.sh" --logs logs "$@"' sh "$@")
    test_session "lab-$host" "$root/tests/lab" "$@"
}

# The tests of ./dev itself.
test_dev() { # NAME...
    local folder=$build/test-logs/dev
    rm -rf "$folder"
    mkdir -p "$folder"
    cd "$folder"
    session_command=(sh "$root/tests/dev/run.sh" --logs "$folder/logs" "$@")
    test_session dev "$root/tests/dev" "$@"
}

# Runs session_command, a run.sh somewhere, and reads what it says. Tests that have no result when it
# ends, have failed.
test_session() { # PREFIX FOLDER-OF-GROUPS NAME...
    local prefix=$1 groups=$2 line='' current='' status=0 patience=180 name
    local -A todo=()
    shift 2
    for name; do
        todo[$name]=yes
    done
    test_progress "starting $prefix"
    exec {session_output}< <(exec "${session_command[@]}" 2>&1)
    session_process=$!
    while test_read_line "$patience"; do
        printf '%s\n' "$line" >>session.log
        test_session_line
    done
    if ((status > 128)); then
        complain "test: nothing came from $prefix for $patience s; ending it"
        kill -TERM "$session_process" 2>/dev/null || true
    fi
    exec {session_output}<&-
    wait "$session_process" || true
    session_process=''
    for name; do
        [[ ${todo[$name]-} ]] || continue
        if [[ $name == "$current" ]]; then
            test_failed "$prefix/$name" "the session ended while it ran"
        else
            test_failed "$prefix/$name" "not run: the session had ended${current:+ during $current}"
        fi
    done
}

test_read_line() { # SECONDS
    status=0
    IFS= read -r -t "$1" -u "$session_output" line || status=$?
    return "$status"
}

# What run.sh says about a test; the lines that follow a failure are its log's last ones.
test_session_line() {
    local name
    case $line in
    "run "*)
        current=${line#run }
        patience=$(test_patience "$current")
        test_progress "running $prefix/$current"
        ;;
    "ok "*)
        name=${line#ok }
        name=${name%% (*}
        unset "todo[$name]"
        line=${line##* (}
        test_passed "$prefix/$name" "${line%)}"
        ;;
    "not ok "*)
        name=${line#not ok }
        name=${name%%: *}
        unset "todo[$name]"
        test_failed "$prefix/$name" "${line#*: }"
        ;;
    *)
        test_progress ''
        printf '%s\n' "$line"
        ;;
    esac
}

# How long a session may be silent: run.sh ends a test at its limit, unless the lab itself hangs.
test_patience() { # GROUP/NAME
    local limit
    limit=$(sed -n "s/^# limit ${1#*/} \([0-9]*\).*/\1/p" "$groups/${1%%/*}.sh")
    echo $((${limit:-120} + 120))
}
