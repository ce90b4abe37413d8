# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Sessions: a run.sh that runs several tests, in the lab or on this machine. This file starts them, reads their
# results and ends them.

# Starts a session of tests in a process of its own. Guests sleep a part of the time, so there is a session for each
# processor and one more, if the memory is there: an emulated machine with its guests takes up to 2 GB.
test_start() { # FUNCTION ARGUMENT...
    local most
    most=$(nproc)
    (($(test_free_memory) < 8)) || ((++most))
    test_wait $((most - 1))
    test_child "$@" &
    test_children+=($!)
}

# In GB.
test_free_memory() {
    awk '$1 == "MemAvailable:" { print int($2 / 1000000) }' /proc/meminfo
}

# Waits until at most COUNT sessions are left.
test_wait() { # COUNT
    local ended child left
    while ((${#test_children[@]} > $1)); do
        wait -n -p ended "${test_children[@]}" || true
        left=()
        for child in "${test_children[@]}"; do
            [[ $child == "$ended" ]] || left+=("$child")
        done
        test_children=("${left[@]}")
    done
}

test_child() { # FUNCTION ARGUMENT...
    test_children=() # These belong to the caller.
    trap test_end_session EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    "$@"
}

test_end_session() {
    trap - EXIT
    trap '' INT TERM
    if [[ $session_process ]]; then
        kill -TERM "$session_process" 2>/dev/null || true
        test_wait_session
    fi
    wait
}

# A machine takes a moment to end. This waits for its process ID, because the shell forgets a process substitution when
# it starts another one.
test_wait_session() {
    local tries=0
    while all_alive "$session_process" && ((++tries <= 400)); do
        pause 0.05
    done
}

# Adds the sessions of a kind to `sessions`: two if there are many tests, so that none takes much longer than the others.
test_add_lab() { # KIND NAME...
    local kind=$1 half=$((($# - 1) / 2))
    shift
    if (($# > 60)); then
        sessions+=("test_lab $kind $kind-2 ${*:half + 1}")
        set -- "${@:1:half}"
    fi
    sessions+=("test_lab $kind $kind $*")
}

# One session of the lab runs tests of a kind.
test_lab() { # KIND FOLDER NAME...
    local kind=$1 folder=$test_logs/$2 words=() host sanitizer disk
    shift 2
    read -r _ host sanitizer <<<"$(test_column "$kind" 2)"
    [[ $host == native || $host == default ]] || words=(--host "$host")
    [[ ! $sanitizer ]] || words+=(--sanitize "$sanitizer")
    while read -r disk; do
        words+=(--disk ${disk:+--include "$disk"})
    done < <(test_disks "$@")
    if test_need_packages "$@"; then
        package_make bookworm arm64
        words+=(--in "$package_folder" --in "$root/README.md")
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    cd "$folder"
    # This process enforces limits itself; the session's limit is for the case that this process was killed.
    # shellcheck disable=SC2016 # for the shell in the lab
    session_command=("$root/dev" lab run "${words[@]}" --limit 28800 \
        --guest cloud --guest generic --out logs -- \
        sh -c 'export LAB_PACKAGES=$PWD; exec sh "$LAB_TESTS/run.sh" --logs logs "$@"' sh)
    session_spares=2
    test_session "$kind" "$@"
}

# Prints the packages after `# disk` in the files of tests, or of the groups that these are taken from: a line for each
# file with that line.
test_disks() { # GROUP/NAME...
    local files
    readarray -t files < <(printf "$root/tests/lab/%s.sh\n" "${@%%/*}" | sort -u)
    sed -n 's/^# disk\( \|$\)//p' "${files[@]}"
}

# Whether one of the tests has a line `# packages`.
test_need_packages() { # GROUP/NAME...
    local name
    for name; do
        ! grep -qx "# packages ${name#*/}" "$root/tests/lab/${name%%/*}.sh" || return 0
    done
    return 1
}

# The tests of ./dev itself.
test_dev() { # NAME...
    local folder=$test_logs/dev
    rm -rf "$folder"
    mkdir -p "$folder"
    cd "$folder"
    session_command=(sh "$root/tests/dev/run.sh" --logs "$folder/logs")
    session_spares=0
    test_session dev "$@"
}

# Runs session_command, which is a run.sh, with the names, and reads its output. If a session ends before its
# tests, it has lost its machine: an emulated host's kernel sometimes stops, which no program on it should be able
# to cause. This function then says so and runs the other tests on a new machine, up to session_spares times. A
# test without a result at the end has failed.
test_session() { # PREFIX NAME...
    local prefix=$1 line='' current='' status=0 patience=180 name left=("${@:2}") start
    local -A todo=()
    for name in "${left[@]}"; do
        todo[$name]=yes
    done
    while
        test_session_once "${left[@]}"
        test_session_left
        ((${#left[@]} > 0 && session_spares-- > 0))
    do
        complain "test: $prefix stopped${current:+ during $current}; continuing with a new session"
    done
    for name in "${left[@]}"; do
        if [[ $name == "$current" ]]; then
            test_failed "$prefix/$name" "the session ended while it ran" $((SECONDS - start))
        else
            test_failed "$prefix/$name" "not run: the session had ended${current:+ during $current}" 0
        fi
    done
}

# Sets `left` to the tests without a result, in their old order.
test_session_left() {
    local names=("${left[@]}")
    left=()
    for name in "${names[@]}"; do
        [[ ! ${todo[$name]-} ]] || left+=("$name")
    done
}

test_session_once() { # NAME...
    current='' status=0 patience=180 start=$SECONDS
    test_progress "starting $prefix"
    exec {session_output}< <(exec "${session_command[@]}" "$@" 2>&1)
    session_process=$!
    while test_read_line "$patience"; do
        printf '%s\n' "$line" >>session.log
        test_session_line
    done
    if ((status > 128)); then
        complain "test: no output of $prefix for $patience s; ending it"
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

# Handles a line of run.sh. The lines after a failure are the last ones of the test's log. run.sh ends a test at its
# limit, unless the lab itself hangs; it may print nothing until then.
test_session_line() {
    local name
    case $line in
    "run "*)
        [[ $current ]] || test_note_start
        current=${line#run }
        patience=${current##* }
        patience=$((patience + 120))
        current=${current%%,*}
        start=$SECONDS
        test_progress "running $prefix/$current"
        ;;
    "ok "*)
        name=${line#ok }
        name=${name%% (*}
        unset "todo[$name]"
        test_passed "$prefix/$name" $((SECONDS - start))
        ;;
    "not ok "*)
        name=${line#not ok }
        name=${name%%: *}
        unset "todo[$name]"
        test_failed "$prefix/$name" "${line#*: }" $((SECONDS - start))
        ;;
    *)
        test_progress ''
        printf '%s\n' "$line"
        ;;
    esac
}

# Notes the time until the first test of a session began.
test_note_start() {
    test_note_seconds $((SECONDS - start)) "$prefix/(start)"
}
