#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The names of all system calls of a compiler's target, as initializers of an array by number.
#
#   syscall_names.sh COMPILER...
set -eu

printf '#include <sys/syscall.h>\n' | "$@" -E -dM -x c - |
    sed -n 's/^#define __NR_\([a-z][a-z0-9_]*\) .*/[__NR_\1] = "\1",/p' |
    grep -v -e '_syscalls\]' -e '_arch_specific_syscall\]' | LC_ALL=C sort
