# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Much of the same at once: vCPUs that come and go, threads that the host does not run.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"
# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

# From a bare-metal guest: every start that was promised comes, once.
# limit churn 200
test_churn() {
    guest_limit=180
    expect_scenario "cpu-churn pairs=3000" --cpus 8
}

# limit churn_stopped 200
test_churn_stopped() {
    guest_limit=180
    start_bare "scenario=cpu-churn pairs=4000 seed=2" --cpus 8
    wait_event "$work/events" vcpu-on 9
    "$LAB_TOOLS/stop_threads" --seed 3 --seconds 10 "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_events_in_order
}

# All secondaries at once, off and on, with a sleep in between.
# limit hotplug 300
test_hotplug() {
    guest_limit=280
    run_linux "churn rounds=20 sleeps=1" --cpus 4
}
