#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs a compiler that Meson need not find when it configures: only who wants the image has it.
if ! command -v "$1" >/dev/null; then
    echo "the conformance image is compiled with $1, which is not there: install $1 and lld-${1#*-}" >&2
    exit 1
fi
exec "$@"
