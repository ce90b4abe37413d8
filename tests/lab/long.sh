# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# The stress tests for a long time. They run only if they are named.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"
# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"
# shellcheck source=tests/lab/disk.sh
. "$LAB_TESTS/disk.sh"
# shellcheck source=tests/lab/firmware.sh
. "$LAB_TESTS/firmware.sh"

# limit churn 1200
test_churn() {
    guest_limit=1180
    expect_scenario "cpu-churn pairs=100000 seed=11" --cpus 8
}

# limit churn_stopped 1200
test_churn_stopped() {
    guest_limit=1180
    start_bare "scenario=cpu-churn pairs=100000 seed=12" --cpus 8
    wait_console cpu-churn:
    "$LAB_TOOLS/stop_threads" --seed 13 --seconds 600 "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_events_in_order
}

# KVM's maximum, all at once.
# limit cpus_512 900
test_cpus_512() {
    guest_limit=880
    expect_scenario "cpu-on cpus=512" --cpus 512 --memory 1G
}

# limit hotplug 3000
test_hotplug() {
    guest_limit=2980
    run_linux "churn rounds=500 sleeps=20" --cpus 4
}

# limit hotplug_one 900
test_hotplug_one() {
    guest_limit=880
    run_linux "hotplug cycles=100" --cpus 2
}

# limit reboot 2400
test_reboot() {
    reboot_times 20
}

# limit sleep_1_and_4 900
test_sleep_1_and_4() {
    sleep_side_by_side 50
}

# limit sleep_2 900
test_sleep_2() {
    sleep_with_two 50
}

# U-Boot writes its environment of 256 KiB in 131072 accesses to the flash.
# limit uboot_environment 1500
test_uboot_environment() {
    make_work
    start_uboot
    type_keys 'setenv sleeper dormouse; saveenv\r'
    wait_console 'Writing to Flash... done' 1200
    end_firmware
    start_uboot
    type_keys 'printenv sleeper\r'
    wait_console 'sleeper=dormouse' 60
    end_firmware
}

# limit disk_sleep 2400
test_disk_sleep() {
    disk_sleeps 30
}
