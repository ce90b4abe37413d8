# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Stress: many vCPUs that turn on and off, and threads that the host does not run.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"
# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

# In a bare-metal guest: every accepted start happens, exactly once.
# limit churn 200
test_churn() {
    guest_limit=180
    expect_scenario "cpu-churn pairs=3000" --cpus 8
}

# limit churn_stopped 200
test_churn_stopped() {
    guest_limit=180
    start_bare "scenario=cpu-churn pairs=20000 seed=2" --cpus 8
    wait_console cpu-churn:
    "$LAB_TOOLS/stop_threads" --seed 3 --seconds 10 "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_events_in_order
}

uptime_centiseconds() {
    read -r uptime _ </proc/uptime
    echo "${uptime%.*}${uptime#*.}"
}

# flood CALL [OPTION]...: 48 vCPUs make that call for ever. Sets $took: the time, in hundredths of a second, until QMP
# has answered, and until SIGTERM has ended the VM.
flood() {
    flood_call=$1
    shift
    make_work
    rm -f "$work/qmp"
    start_bare "scenario=flood call=$flood_call" --cpus 48 --qmp "$work/qmp" "$@"
    wait_console flooding 120
    before=$(uptime_centiseconds)
    qmp query-status
    kill -TERM "$guest"
    guest_limit=120 wait_guest
    took=$(($(uptime_centiseconds) - before))
    expect_status 143
    echo "flood of $flood_call calls, $*: ended after $took/100 s"
}

# From now on dormouse has no event log: the last two arguments, which start_dormouse adds, are dropped.
drop_event_log() {
    cat >"$work/no_events" <<'END'
#!/bin/sh
count=$(($# - 2))
for argument; do
    shift
    [ $count -le 0 ] || set -- "$@" "$argument"
    count=$((count - 1))
done
exec "$@"
END
    chmod 755 "$work/no_events"
    runner=$work/no_events
}

# flood_is_harmless CALL [OPTION]...: whether the calls delay operators no more than cores that spin do, with and
# without an event log.
flood_is_harmless() {
    harmless_call=$1
    shift
    runner=''
    flood none "$@"
    limit=$((3 * took + 200))
    flood "$harmless_call" "$@"
    [ -s "$work/events" ] || fail "there was no event log"
    [ "$took" -le "$limit" ] || return 1
    drop_event_log
    flood "$harmless_call" "$@"
    [ ! -e "$work/events" ] || fail "there was an event log"
    [ "$took" -le "$limit" ]
}

# expect_flood_harmless CALL [OPTION]...: the load of the machine may change between two measurements, so one good
# comparison of three is enough.
expect_flood_harmless() {
    flood_is_harmless "$@" || flood_is_harmless "$@" || flood_is_harmless "$@" ||
        fail "ended after $took/100 s, expected $limit/100 s at most"
}

# limit flood_suspend 500
test_flood_suspend() {
    expect_flood_harmless suspend
}

# limit flood_suspend_kernel 500
# once flood_suspend_kernel
test_flood_suspend_kernel() {
    expect_flood_harmless suspend --psci kernel
}

# limit flood_power 500
test_flood_power() {
    expect_flood_harmless power
}

# All secondary CPUs at once, off and on, with a sleep in between.
# limit hotplug 300
test_hotplug() {
    guest_limit=280
    run_linux "churn rounds=10 sleeps=1" --cpus 4
}
