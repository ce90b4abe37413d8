# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Disks of stock Debian guests.

# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

# make_image NAME SIZE: an ext4 file system with a file of the host.
make_image() {
    mkdir -p "$work/content"
    echo "written by the host" >"$work/content/from-host"
    truncate -s "$2" "$work/$1"
    mke2fs -q -t ext4 -d "$work/content" "$work/$1" || fail "cannot make a file system"
}

# The file system on an image is clean.
expect_clean() { # IMAGE
    e2fsck -fn "$1" >"$work/e2fsck" 2>&1 || {
        cat "$work/e2fsck"
        fail "the file system on ${1##*/} is damaged"
    }
}

# Prints a file of an image.
file_of() { # IMAGE NAME
    debugfs -R "cat /$2" "$1" 2>/dev/null
}

blocks_of() { # FILE
    stat -c %b "$1"
}

disk_with() { # ENGINE
    make_work
    make_image "one,$1" 64M
    echo "only for reading" >"$work/two"
    truncate -s 1M "$work/two"
    guest_limit=120
    run_linux disk --cpus 2 --disk "$work/one,,$1,serial=S-1,aio=$1" --disk "$work/two,ro,aio=$1"
    expect_clean "$work/one,$1"
    expect_equal "checksum" "$(file_of "$work/one,$1" data | sha256sum | cut -d ' ' -f 1)" "$(file_of "$work/one,$1" sum)"
    [ "$(blocks_of "$work/one,$1")" -lt 50000 ] || fail "what the guest trimmed is still in the file"
}

# limit uring 180
test_uring() {
    disk_with io_uring
}

# limit threads 180
test_threads() {
    disk_with threads
}
