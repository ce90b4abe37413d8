# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# QMP with clients of another project: socat, which sends what a person types, including newlines; QEMU's own client in
# Python, and its qmp-shell. And QMP as QEMU itself speaks it.

server=$build/native/tests/vmm/qmp_server

wait_for_socket() { # FILE TENTHS-OF-SECONDS
    tries=0
    until [ -S "$1" ]; do
        tries=$((tries + 1))
        [ $tries -le "$2" ] || fail "no server listens at $1"
        sleep 0.1
    done
}

# serve: starts a server without a machine at the socket ./qmp; sets $server_pid.
serve() {
    rm -f qmp
    "$server" ./qmp &
    server_pid=$!
    wait_for_socket qmp 100
}

# typed LINE...: types the lines, the last one `quit`, and leaves the connection open, as a person does.
typed() {
    for line; do
        printf '%s\n' "$line"
        sleep 0.2
    done
    sleep 30 # Ends by SIGPIPE or by the test's end: socat ends with the connection.
}

# The connection ends cleanly after the last reply; otherwise socat -d would warn of ECONNRESET.
test_quit_with_a_newline() {
    for _ in 1 2 3 4 5; do
        serve
        mkfifo keys
        typed '{"execute":"qmp_capabilities"}' '{"execute":"quit"}' >keys &
        typist=$!
        try timeout 20 socat -d - UNIX-CONNECT:./qmp <keys
        kill $typist
        rm keys
        expect_status 0
        expect_text err ""
        [ "$(tail -n 1 out | tr -d '\r')" = '{"return":{}}' ] || fail "the last reply is missing"
        wait $server_pid || fail "the server ended with status $?"
    done
}

# The first commands of libvirt and qmp-shell, in one line.
test_schema() {
    printf '%s\n' '{"execute":"qmp_capabilities"}' '{"execute":"query-qmp-schema"}' '{"execute":"quit"}' >commands
    serve
    try timeout 20 socat -d -t 10 - UNIX-CONNECT:./qmp <commands
    expect_status 0
    expect_text err ""
    expect_line out '"name":"query-status","meta-type":"command","arg-type":"0","ret-type":"StatusInfo"'
    expect_line out '"name":"WAKEUP","meta-type":"event","arg-type":"0"'
    wait $server_pid || fail "the server ended with status $?"
}

# All commands at once, followed by the end of the input.
test_commands_from_a_file() {
    printf '%s\n' '{"execute":"qmp_capabilities"}' "{'execute': 'query-status'}" '' \
        '{"execute":"quit"}' >commands
    serve
    try timeout 20 socat -d -t 10 - UNIX-CONNECT:./qmp <commands
    expect_status 0
    expect_text err ""
    expect_line out '"status":"running"'
    [ "$(tail -n 1 out | tr -d '\r')" = '{"return":{}}' ] || fail "the last reply is missing"
    wait $server_pid || fail "the server ended with status $?"
}

# Takes QEMU's client, the Python package qemu.qmp, out of QEMU's source package of Debian 13: no other package of Debian
# has it. The test ends, skipped, if it cannot be fetched.
find_qemus_client() {
    clients=$build/lab/debian/qemu-qmp
    if [ ! -d "$clients" ]; then
        fetch_qemus_client >fetch.log 2>&1 || {
            cat fetch.log
            echo "skipped: QEMU's source package cannot be fetched"
            exit 0
        }
    fi
    export PYTHONPATH="$clients" PYTHONDONTWRITEBYTECODE=1
}

# apt with lists and files of its own: the machine may run another release.
own_apt() {
    apt-get -o Dir::Etc::SourceList="$work/apt/list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State="$work/apt/state" \
        -o Dir::Cache="$work/apt/cache" -o APT::Sandbox::User=root "$@"
}

fetch_qemus_client() {
    mkdir -p apt/state/lists/partial apt/cache/archives/partial from "$build/lab/debian"
    # shellcheck disable=SC2016 # apt-get's own
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' 'Component: main' | head -n 1)
    [ -n "$uri" ] || { echo "apt knows no mirror of Debian" && return 1; }
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri trixie main" >apt/list
    own_apt update && own_apt source --download-only --tar-only qemu || return
    tar -x -f qemu_*.orig.tar.* -C from --strip-components=2 --wildcards 'qemu-*/python/qemu/qmp/*.py' || return
    # Another test may have been faster.
    mv -T from "$clients" || [ -d "$clients" ]
}

# Sets $qemu to the command of a QEMU 9 or newer. Without one the test ends, skipped.
find_new_qemu() {
    debian=$build/lab/debian/trixie-qemu
    if [ -x "$debian/qemu-system-aarch64-loader" ]; then
        set -- "$debian/qemu-system-aarch64-loader" --library-path "$debian" "$debian/qemu-system-aarch64"
    else
        set -- qemu-system-aarch64
    fi
    case $("$@" --version 2>/dev/null) in
    "QEMU emulator version "[1-8].* | "")
        echo "skipped: there is no QEMU 9 or newer here; the lab fetches one"
        exit 0
        ;;
    esac
    start_qemu "$@"
}

start_qemu() { # QEMU...
    "$@" -machine virt -cpu cortex-a57 -nodefaults -display none -S -name served -qmp unix:qemu,server=on,wait=off &
    qemu_pid=$!
    trap 'kill $qemu_pid 2>/dev/null || :; rm -rf "$work"' EXIT
    wait_for_socket qemu 600
}

# Errors word for word, replies and events by QEMU's schema.
test_wire_is_as_qemus() {
    find_new_qemu
    serve
    try python3 "$root/tests/dev/qmp_compare.py" qemu qmp
    expect_status 0
    expect_text out ""
    wait $server_pid || fail "the server ended with status $?"
}

# limit qemus_python_client 300
test_qemus_python_client() {
    find_qemus_client
    serve
    try timeout 100 python3 "$root/tests/dev/qmp_client.py" ./qmp
    expect_status 0
    expect_text err ""
    expect_text out "package: dormouse
status: running
wakes: True
commands: True
human-monitor-command: CommandNotFound: The command human-monitor-command has not been found
set_link: CommandNotFound: The command set_link has not been found
balloon: GenericError: Parameter 'value' is missing
system_wakeup: GenericError: Unable to wake up: guest is not in suspended state
at once: [None, 'paused', None]
events: STOP RESUME
the other client: STOP
raw: {'enabled': True, 'present': True}
quit: {}
the server ended the connection
gone"
    wait $server_pid || fail "the server ended with status $?"
}

# limit qmp_shell 300
test_qmp_shell() {
    find_qemus_client
    serve
    printf '%s\n' 'query-status' 'balloon value=x' 'set_link name=net0 up=false' \
        "x-dormouse-answer-suspend honour=true" 'stop' 'query-status' >lines
    try timeout 100 python3 -c 'from qemu.qmp.qmp_shell import main; main()' ./qmp <lines
    kill $server_pid
    expect_status 0
    expect_text err ""
    expect_line out '^Connected to QEMU 10.0.0$'
    expect_line out '{"return": {"status": "running", "running": true}}'
    expect_line out '"desc": "Invalid parameter type for .value., expected: integer"'
    expect_line out '{"class": "CommandNotFound", "desc": "The command set_link has not been found"}'
    expect_line out '"desc": "no suspend request waits for an answer"'
    expect_line out '{"return": {"status": "paused", "running": false}}'
}
