# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Tests of other groups again with --psci kernel, as far as it matters who answers PSCI.
# only 6.12
# On 6.1 all tests run so; here, what may differ by the host's kernel.
# again bare features smc psci_mode suspend64 suspend32 big_endian race denied refused_state
# again bare wake_rtc cpus_64 cpus_512 cpu_on_race vcpu_events off reset_cold reset_warm reset_vendor
# again signals wake_storm
# limit race 200
# limit cpus_64 180
# limit cpus_512 180
# limit wake_storm 120

# shellcheck disable=SC2034 # for lib.sh
DORMOUSE_PSCI=kernel
