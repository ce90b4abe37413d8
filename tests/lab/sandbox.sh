# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# The sandbox around a running VM: the rights of its threads, and what still works inside. The other groups run inside
# it too; tests/vmm/test_sandbox.c tries what is forbidden.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# Prints each value of FIELD that a thread of the guest's process has, once. (A thread may end meanwhile.)
all_have() { # FIELD
    sed -n "s/^$1:[[:space:]]*\([0-9a-f]*\).*/\1/p" "/proc/$guest/task"/*/status 2>/dev/null | sort -u
}

expect_powerless() { # UID
    [ "$(find "/proc/$guest/task" -mindepth 1 -maxdepth 1 | wc -l)" -eq 3 ] || fail "not 3 threads"
    expect_equal "users of the threads" "$(all_have Uid)" "$1"
    expect_equal "no_new_privs of the threads" "$(all_have NoNewPrivs)" 1
    expect_equal "seccomp mode of the threads" "$(all_have Seccomp)" 2
    for set in CapInh CapPrm CapEff CapAmb; do
        expect_equal "$set of the threads" "$(all_have $set)" 0000000000000000
    done
}

# vCPU threads have a second filter of their own, and are created again at each reset.
test_threads() {
    make_work
    start_bare "scenario=wake-operator timer=0" --wake signal --cpus 2 --qmp "$work/qmp"
    wait_event "$work/events" asleep
    expect_powerless 65534
    expect_equal "groups" "$(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$guest/status")" ""
    expect_equal "CapBnd of the threads" "$(all_have CapBnd)" 0000000000000000
    [ "$(all_have Seccomp_filters | tr '\n' ' ')" = "1 2 " ] || fail "filters: $(all_have Seccomp_filters)"
    qmp system_reset
    wait_event "$work/events" asleep 2
    expect_powerless 65534
    kill -USR1 "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_no_errors
}

# once root
# With --user root, the user stays root, but has no capabilities.
test_root() {
    make_work
    start_bare "scenario=wake-operator timer=0" --wake signal --cpus 2 --user root
    wait_event "$work/events" asleep
    expect_powerless 0
    kill -USR1 "$guest"
    wait_guest
    expect_status 0
    expect_no_errors
}

# once ordinary_user
test_ordinary_user() {
    make_work
    [ "$LAB_HOST" != native ] || return 0
    chmod 666 /dev/kvm
    mkfifo "$work/keys"
    cat >"$work/start" <<END
exec '$DORMOUSE' run --kernel '$LAB_BARE' --append 'scenario=wake-operator timer=0' --cpus 2 \
    --wake signal --events '$work/events' --console '$work/console' --qmp '$work/qmp' 2>'$work/errors'
END
    su -s /bin/sh nobody -c "echo \$\$ >'$work/pid'; . '$work/start'" &
    guest_watcher=$!
    wait_event "$work/events" asleep
    guest=$(cat "$work/pid")
    expect_powerless 65534
    kill -USR1 "$guest"
    run_status wait $guest_watcher
    : >"$work/status"
    expect_status 0
    expect_no_errors
    [ ! -e "$work/qmp" ] || fail "the socket is left"
    run_status su -s /bin/sh nobody -c "'$DORMOUSE' run --kernel '$LAB_BARE' --user root" 2>"$work/errors"
    expect_status 2
    expect_equal message "$(cat "$work/errors")" \
        "dormouse: --user root: only root can run the VM as another user; leave the option out"
}

# once unknown_user
test_unknown_user() {
    make_work
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --user nosuch >"$work/console" 2>"$work/errors"
    expect_status 2
    expect_equal message "$(cat "$work/errors")" \
        "dormouse: --user nosuch: there is no such user in /etc/passwd; give another name, or UID:GID"
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --user nobody --no-sandbox 2>"$work/errors"
    expect_status 2
    expect_equal message "$(cat "$work/errors")" \
        "dormouse: --user: the sandbox changes the user; leave out --no-sandbox"
}

test_no_sandbox() {
    start_bare "scenario=wake-operator timer=0" --wake signal --no-sandbox
    wait_event "$work/events" asleep
    expect_equal "seccomp mode of the threads" "$(all_have Seccomp)" 0
    expect_equal "users of the threads" "$(all_have Uid)" "$(id -u)"
    kill -USR1 "$guest"
    wait_guest
    expect_status 0
    expect_equal message "$(cat "$work/errors")" "dormouse: --no-sandbox: this VM runs without the sandbox: a guest that breaks out of it has all that this user has"
}

# once without_proc
test_without_proc() {
    make_work
    [ "$LAB_HOST" != native ] || return 0
    cat >"$work/no_proc" <<'END'
#!/bin/sh
umount -l /proc || exit 125
exec "$@"
END
    chmod 755 "$work/no_proc"
    runner="unshare -m $work/no_proc"
    expect_scenario suspend64
}

# The user `nobody` may not remove the socket from root's folder; the next dormouse that listens there replaces it.
test_socket_in_a_foreign_folder() {
    make_work
    chmod 755 "$work"
    expect_scenario suspend64 --qmp "$work/qmp"
    [ -S "$work/qmp" ] || fail "the socket is gone, although user nobody may not remove it"
    expect_scenario suspend64 --qmp "$work/qmp"
    expect_scenario suspend64 --qmp "$work/qmp" --user root
    [ ! -e "$work/qmp" ] || fail "the socket is left"
}

# A limited log continues in a fresh file, inside the sandbox.
test_limited_log() {
    make_work
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --append "scenario=suspend-many cycles=100" \
        --events "$work/log,max=4K" --console "$work/console" 2>"$work/errors"
    expect_tap
    expect_status 0
    expect_no_errors
    [ -s "$work/log.1" ] || fail "there is no older log"
}

# In root's folder, and with root's file in a folder in which only owners may rename, the sandbox's user could not keep
# the limit. Then the log is refused before the guest starts. Without a limit, or as root, it is accepted.
# once limit_in_a_foreign_folder
test_limit_in_a_foreign_folder() {
    make_work
    [ "$LAB_HOST" != native ] || return 0
    for mode in 755 1777; do
        chmod $mode "$work"
        for option in --events --console; do
            rm -f "$work/log"
            : >"$work/log"
            run_status "$DORMOUSE" run --kernel "$LAB_BARE" --append scenario=version --console none \
                $option "$work/log,max=4K" 2>"$work/errors"
            expect_status 1
            [ $mode = 755 ] && why="Permission denied" || why="Operation not permitted"
            expect_equal message "$(cat "$work/errors")" "dormouse: $work/log has a limit (max), but user nobody may not rename it there: $why; choose a folder of that user's, another --user, or no limit"
            [ ! -s "$work/log" ] || fail "the guest has started"
        done
    done
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --append "scenario=suspend-many cycles=100" --user root \
        --events "$work/log,max=4K" --console none 2>"$work/errors"
    expect_status 0
    [ -s "$work/log.1" ] || fail "there is no older log"
    expect_no_errors
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --append scenario=version --events "$work/log" --console none
    expect_status 0
}

# start_with_logs OWNER:MODE N: the N-th run of a guest with logs, which have this owner, opens them again.
start_with_logs() {
    rm -f "$work/qmp" "$work/status"
    "$DORMOUSE" run --kernel "$LAB_BARE" --append "scenario=wake-operator timer=0" --wake signal \
        --qmp "$work/qmp" --console "$work/console" --events "$work/events" 2>"$work/errors" &
    guest=$!
    wait_event "$work/events" asleep "$2"
    expect_equal "owners of the logs" "$(stat -c %u:%a "$work/events" "$work/console" | sort -u)" "$1"
    kill -HUP "$guest"
    # dormouse takes the signals in this order.
    kill -USR1 "$guest"
    run_status wait "$guest"
    : >"$work/status"
    expect_status 0
}

# The sandbox's user gets the files that dormouse has created as root: it can open them again. Root's other files stay
# root's, and cannot be opened again.
# once created_logs
test_created_logs() {
    make_work
    [ "$LAB_HOST" != native ] || return 0
    chmod 755 "$work"
    start_with_logs 65534:644 1
    expect_equal message "$(cat "$work/errors")" ""
    chown 0:0 "$work/events" "$work/console"
    start_with_logs 0:644 2
    for log in "event log $work/events" "$work/console"; do
        grep -q "cannot reopen $log: Permission denied; the old file stays in use" "$work/errors" ||
            fail "it is said: $(cat "$work/errors")"
    done
}

# refused WITHOUT LINE: on a kernel that lacks this, the guest does not start, unless --no-sandbox is given.
refused() {
    runner="without_sandbox $1"
    run_bare scenario=version
    expect_status 1
    expect_equal "what is said without $1" "$(cat "$work/errors")" "dormouse: sandbox: $2"
    [ ! -s "$work/console" ] || fail "the guest has started"
    run_bare scenario=version --no-sandbox
    expect_status 0
    expect_tap
}

# Parts of the sandbox that every kernel of the last ten years has. Without them the VM does not start by default.
# once kernel_without_parts
test_kernel_without_parts() {
    make_work
    refused seccomp "this kernel has no filter of system calls (CONFIG_SECCOMP_FILTER): Function not implemented; --no-sandbox runs the VM without one"
    refused no_new_privs "cannot set no_new_privs: Invalid argument; --no-sandbox runs the VM without one"
    without_sandbox seccomp "$DORMOUSE" sandbox >"$work/console" || fail "status $?"
    expect_console "this kernel: seccomp no, Landlock version "
}

# Without Landlock only the filter is left: the VM runs, and its log continues in a fresh file.
# once kernel_without_landlock
test_kernel_without_landlock() {
    make_work
    for what in landlock lsm; do
        runner="without_sandbox $what"
        start_bare "scenario=wake-operator timer=0" --wake signal --cpus 2
        wait_event "$work/events" asleep
        expect_powerless 65534
        mv "$work/events" "$work/old"
        kill -HUP "$guest"
        wait_until 10 test -e "$work/events" || fail "the log is not opened again"
        kill -USR1 "$guest"
        wait_guest
        expect_tap
        expect_status 0
        expect_no_errors
        expect_events wake resumed off
        without_sandbox $what "$DORMOUSE" sandbox >"$work/console" || fail "status $?"
        expect_console "this kernel: seccomp yes, Landlock no"
    done
}

test_list() {
    make_work
    "$DORMOUSE" sandbox >"$work/console" || fail "status $?"
    expect_console "this kernel: seccomp yes, Landlock version "
    cat "$work/console"
}
