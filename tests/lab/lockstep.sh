# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Tests of other groups again, in the debug build that runs the independent model of PSCI beside libvpsci:
# tests/lib/model/living.c.
# only 6.12
# again bare features refused_state secondary race denied reset_cold reset_warm off
# again bare cpu_on_race cpu_off user_only call_flood smc suspend64 suspend32 big_endian
# again bare optional mem_protect
# again states standby powerdown default_suspend os_initiated linux_domains
# again stress churn
# again operator ask ask_refused pause admission
# limit race 300
# limit linux_domains 300
# limit admission 200

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# A difference is reported with the steps that led to it, and ends the VM.
test_difference_is_reported() {
    DORMOUSE=$LAB_TOOLS/dormouse_lockstep
    export DORMOUSE_LOCKSTEP_FAULT=40
    run_bare "scenario=cpu-off" --cpus 2
    expect_status 1
    expect_equal "last line of the report" "$(tail -n 1 "$work/errors")" \
        "dormouse: lock-step: library and model differ in step 40: vpsci_vcpu_state, vCPU 0: the model says 0x9, the library 0x4"
    [ "$(wc -l <"$work/errors")" -eq 41 ] || fail "not every step before it is shown"
}

# shellcheck disable=SC2034 # for lib.sh
DORMOUSE=$LAB_TOOLS/dormouse_lockstep
