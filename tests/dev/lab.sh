# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034 # shared with lib.sh
# ./dev lab run, emulated or not.

lab_run() {
    try "$root/dev" lab run "$@"
}

test_output_and_status_come_from_the_command() {
    # shellcheck disable=SC2016 # for the lab's shell
    lab_run -- sh -c 'echo "to out"; echo "to err" >&2; printf "%s." "$@"; exit 7' \
        sh "two  words" "it's" '$HOME' ''
    expect_status 7
    expect_text out "to out
two  words.it's.\$HOME.."
    # In a fresh build folder ./dev fetches things first, and says so.
    grep -v '^dev: ' err >err.own
    expect_text err.own "to err"
}

# limit environment_is_as_promised 90
test_environment_is_as_promised() {
    # shellcheck disable=SC2016
    lab_run -- sh -c '
        [ -x "$DORMOUSE" ] && [ -s "$LAB_GUEST/vmlinuz" ] && [ -s "$LAB_GUEST/initrd" ] &&
        [ -s "$LAB_GUESTS/cloud/vmlinuz" ] && [ -s "$LAB_BARE" ] && [ -d "$LAB_TOOLS" ] &&
        [ -x "$LAB_TESTS/run.sh" ] && [ -w "$LAB_TMP" ] && [ -w /dev/kvm ] && echo "$LAB_HOST"'
    expect_status 0
    expect_line out '^\(6.12\|native\)$'
}

# limit programs_and_drivers_are_there 90
test_programs_and_drivers_are_there() {
    # shellcheck disable=SC2016
    lab_run -- sh -euc '
        /usr/bin/ip tuntap add tap0 mode tap
        ls -l /dev/net/tun /dev/vhost-net /dev/vhost-vsock
        : <>/dev/vhost-net <>/dev/vhost-vsock
        passt --foreground --one-off --socket /tmp/socket & # It gives itself an empty root.
        ssh -V
        fio --version
        qemu-img create -q -f qcow2 /tmp/disk 1M
        qemu-storage-daemon --version
        echo 0 1 error | dmsetup create broken
        until grep -q "^Name:.*passt" /proc/$!/status && [ -S /tmp/socket ]; do sleep 0.1; done
        socat -u OPEN:/dev/null UNIX-CONNECT:/tmp/socket
        wait $! # It ends with its first connection, or with an error before.
        echo all there'
    expect_status 0
    expect_line out "^all there$"
}

test_files_go_in_and_out() {
    mkdir "in here"
    echo one >"in here/file"
    ln -s nowhere "in here/link"
    lab_run --in "in here" --out "out there" -- \
        sh -c '[ -h "in here/link" ] && mkdir "out there" && cp "in here/file" "out there/copy"'
    expect_status 0
    expect_text "out there/copy" one
}

test_missing_output_is_reported() {
    lab_run --out nothing -- true
    expect_status 125
    expect_text err "dev: lab: the command created no nothing for --out"
}

test_limit_ends_the_command_and_lets_files_out() {
    lab_run --limit 3 --out log -- sh -c 'echo begun >log; sleep 1000'
    expect_status 124
    expect_text err "dev: lab: the command exceeded the limit of 3 s and was stopped"
    expect_text log begun
}

test_unknown_command_is_reported() {
    lab_run -- no-such-command
    expect_status 127
}

test_wrong_usage_is_refused() {
    lab_run --host 2.4 true
    expect_status 1
    expect_text err "dev: lab: no host kernel '2.4'; use 6.1, 6.12 or backports"
    lab_run --sanitize memory true
    expect_status 1
    expect_text err "dev: lab: no sanitizer 'memory'; use address or thread"
    lab_run --out ../up true
    expect_status 1
    lab_run
    expect_status 1
    expect_text err "dev: lab run needs a command; see ./dev help lab"
}

test_interrupt_leaves_nothing_behind() {
    for signal in INT TERM; do
        try timeout --preserve-status -s "$signal" 8 \
            "$root/dev" lab run -- sh -c 'echo begun; exec sleep 4321'
        [ "$status" = 130 ] || [ "$status" = 143 ] || fail "exit status $status after SIG$signal"
        [ "$(process_count "sleep 4321")" = 0 ] || fail "a process is left after SIG$signal"
    done
}
