# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The bug zoo: mistakes that others made, put into libvpsci on purpose. A test has to find each.

zoo_test() {
    "$root/tests/lib/zoo/run.sh"
}
