# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Tests that a run.sh runs, in the lab or here: started, read, and ended with their machine.

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
        sh -c 'exec sh "$LAB_TESTS/run.sh" --logs logs "$@"' sh)
    session_spares=2
    test_session "lab-$host" "$root/tests/lab" "$@"
}

# The tests of ./dev itself.
test_dev() { # NAME...
    local folder=$build/test-logs/dev
    rm -rf "$folder"
    mkdir -p "$folder"
    cd "$folder"
    session_command=(sh "$root/tests/dev/run.sh" --logs "$folder/logs")
    session_spares=0
    test_session dev "$root/tests/dev" "$@"
}

# Runs session_command, a run.sh somewhere, with the names, and reads what it says. A session that ends
# before its tests are through has lost its machine: an emulated host's kernel stops now and then, which
# no program in it should be able to bring about. That is told, and the rest is run on a new machine, up to
# session_spares times. Tests that have no result then have failed.
test_session() { # PREFIX FOLDER-OF-GROUPS NAME...
    local prefix=$1 groups=$2 line='' current='' status=0 patience=180 name left=("${@:3}")
    local -A todo=()
    for name in "${left[@]}"; do
        todo[$name]=yes
    done
    while
        test_session_once "${left[@]}"
        test_session_left
        ((${#left[@]} > 0 && session_spares-- > 0))
    do
        complain "test: $prefix stopped${current:+ during $current}; going on with a new one"
    done
    for name in "${left[@]}"; do
        if [[ $name == "$current" ]]; then
            test_failed "$prefix/$name" "the session ended while it ran"
        else
            test_failed "$prefix/$name" "not run: the session had ended${current:+ during $current}"
        fi
    done
}

# Sets `left` to the tests without a result, in their order.
test_session_left() {
    local names=("${left[@]}")
    left=()
    for name in "${names[@]}"; do
        [[ ! ${todo[$name]-} ]] || left+=("$name")
    done
}

test_session_once() { # NAME...
    current='' status=0 patience=180
    test_progress "starting $prefix"
    exec {session_output}< <(exec "${session_command[@]}" "$@" 2>&1)
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
