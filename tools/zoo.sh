# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The bug zoo: mistakes of other servers, put into libvpsci on purpose. A test has to find each of them.

zoo_test() {
    "$root/tests/lib/zoo/run.sh"
}
