# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# QMP with a client of another project: socat, which sends what a person types, including newlines.

server=$build/native/tests/vmm/qmp_server

# serve: starts a server without a machine at the socket ./qmp; sets $server_pid.
serve() {
    rm -f qmp
    "$server" ./qmp &
    server_pid=$!
    tries=0
    until [ -S qmp ]; do
        tries=$((tries + 1))
        [ $tries -le 200 ] || fail "the server does not listen"
        sleep 0.05
    done
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
