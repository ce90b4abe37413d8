# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# The same with the kernel answering PSCI, where dormouse would: what depends on it, once more.
# only 6.12
# On 6.1 all tests run so; here, what differs by the host's kernel or by who answers.
# again bare version version_without_suspend features unknown_calls smc psci_mode
# again bare suspend64 suspend32 big_endian pending_interrupt secondary race denied invalid_entry
# again bare refused_state policy_refuse policy_off wake_rtc wake_signal asleep_is_idle
# again bare cpus_64 cpu_on_errors cpu_on_race cpu_off affinity cpu_suspend vcpu_events
# again bare off hibernate reset_cold reset_warm reset_arguments no_reboot
# again signals term signal_awake wake_storm
# limit race 200
# limit cpus_64 180
# limit wake_storm 120

# shellcheck disable=SC2034 # for lib.sh
DORMOUSE_PSCI=kernel
