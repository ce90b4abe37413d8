# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Low-power states of CPUs and clusters: --idle and --clusters. Dormouse answers PSCI here.
# only 6.12

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"
# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

# Prints dormouse's own counts of vCPU 0.
expect_idle() { # STATE COUNT
    expect_equal "count of $1" "$(sed -n "s/.*\"event\":\"idle\",\"vcpu\":0,\"state\":\"$1\",\"count\":\([0-9]*\).*/\1/p" \
        "$work/events")" "$2"
}

test_standby() {
    make_work
    expect_scenario "idle-states core=1 times=30" --idle standby --trace "$work/trace"
    expect_idle cpu-standby 30
    expect_equal "stays in the trace" "$(grep -c '"tid":2,"name":"cpu-standby",.*"dur":' "$work/trace")" 30
    expect_equal "end of the trace" "$(tail -n 1 "$work/trace")" "]"
    expect_scenario "idle-states core=1 cluster=0x1000011 times=20" --idle standby --cpus 4 --clusters 2
    expect_idle cpu-standby 20
    expect_idle cluster-standby 20
}

test_powerdown() {
    expect_scenario "idle-states core=0x10002 times=30" --idle powerdown
    expect_idle cpu-powerdown 30
    expect_scenario "idle-states core=0x10002 cluster=0x1010022 times=20" --idle powerdown \
        --cpus 3 --clusters 2
    expect_idle cluster-powerdown 20
}

# The state that CPU_DEFAULT_SUSPEND selects is counted like one that the guest asked for.
test_default_suspend() {
    expect_scenario "cpu-default-suspend times=20 state=0x10002" --idle powerdown
    expect_idle cpu-powerdown 20
    expect_scenario cpu-default-suspend --idle standby
    expect_event_count idle 0
    expect_scenario "node-hw-state levels=2 standby=1" --idle powerdown --cpus 2 --clusters 1
}

test_os_initiated() {
    expect_scenario "os-initiated cluster=0x1000011" --idle standby --cpus 4 --clusters 2
    expect_scenario "os-initiated cluster=0x1010022" --idle powerdown --cpus 3 --clusters 2
    expect_scenario "os-initiated cluster=0x1010022" --idle powerdown --cpus 2 --clusters 1
}

# limit linux_standby 200
test_linux_standby() {
    guest_limit=160
    run_linux "cpuidle state=cpu-standby" --cpus 2 --idle standby
}

# limit linux_powerdown 200
test_linux_powerdown() {
    guest_limit=160
    run_linux "cpuidle state=cpu-powerdown" --cpus 2 --idle powerdown
}

# limit linux_domains 200
test_linux_domains() {
    guest_limit=160
    run_linux "cpuidle state=cpu-powerdown domains=2" --cpus 4 --clusters 2 --idle powerdown
    # Dormouse's counts agree with the guest's own, of cores and of clusters.
    for state in cpu-powerdown cluster-powerdown; do
        grep -q "\"event\":\"idle\".*\"state\":\"$state\"" "$work/events" || fail "dormouse counted no $state"
    done
}

# s2idle powers a cluster down, too. With one vCPU there is no race, so no call is DENIED.
# limit linux_s2idle 200
test_linux_s2idle() {
    guest_limit=160
    run_linux s2idle_domain --cpus 1 --clusters 1 --idle powerdown
    before=$(tr -d '\r' <"$work/console" | sed -n 's/.*GUEST: uses before \([0-9]*\),.*/\1/p')
    counted=$(sed -n 's/.*"state":"cluster-powerdown","count":\([0-9]*\).*/\1/p' "$work/events")
    [ "${counted:-0}" -gt "${before:?}" ] ||
        fail "cluster-powerdown counted ${counted:-0} times, $before of them before s2idle"
}

# Hotplug while idle states are in use.
# limit linux_hotplug 300
test_linux_hotplug() {
    guest_limit=280
    run_linux "hotplug cycles=10" --cpus 4 --clusters 2 --idle powerdown
}

test_refused() {
    run_bare scenario=off --idle standby --psci kernel
    expect_status 2
    run_bare scenario=off --clusters 3 --cpus 2
    expect_status 2
}
