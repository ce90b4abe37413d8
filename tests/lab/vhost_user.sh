# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# A stock Debian guest has a qcow2 image that qemu-storage-daemon serves by vhost-user.

# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

# Makes an image with an ext4 file system, and starts the program that serves it. Sets $storage.
start_storage() {
    make_work
    truncate -s 64M "$work/raw"
    mke2fs -q -t ext4 "$work/raw" || fail "cannot make a file system"
    qemu-img convert -O qcow2 "$work/raw" "$work/qcow2" || fail "cannot make a qcow2"
    qemu-storage-daemon \
        --blockdev driver=file,node-name=file,filename="$work/qcow2" \
        --blockdev driver=qcow2,node-name=image,file=file \
        --export type=vhost-user-blk,id=export,node-name=image,addr.type=unix,addr.path="$work/socket",writable=on,num-queues=2 \
        >"$work/storage" 2>&1 &
    storage=$!
    wait_until 60 test -S "$work/socket" || fail "qemu-storage-daemon does not listen: $(cat "$work/storage")"
}

# It ends by itself after SIGTERM, and the image is whole.
expect_whole_image() {
    kill -TERM "$storage"
    run_status wait "$storage"
    expect_equal "what qemu-storage-daemon said" "$(cat "$work/storage")" ""
    qemu-img check "$work/qcow2" || fail "the image is damaged"
    qemu-img convert -O raw "$work/qcow2" "$work/raw" || fail "the image cannot be read"
    e2fsck -fn "$work/raw" || fail "the file system is damaged"
    debugfs -R "cat /data" "$work/raw" 2>/dev/null | sha256sum | cut -d ' ' -f 1 >"$work/found"
    expect_equal "checksum" "$(cat "$work/found")" "$(debugfs -R "cat /sum" "$work/raw" 2>/dev/null)"
}

# Two sleeps, then a reboot.
# once qcow2
# limit qcow2 300
test_qcow2() {
    guest_limit=240
    start_storage
    run_linux "vhost_user sleeps=2" --cpus 2 --disk "vhost-user=$work/socket"
    expect_event_count resumed 2
    expect_event_count reboot 1
    expect_whole_image
}

# The guest and its operator go on without the disk.
# once killed
# limit killed 200
test_killed() {
    guest_limit=160
    start_storage
    start_linux vhost_user_dead --cpus 2 --disk "vhost-user=$work/socket" --qmp "$work/qmp"
    wait_console "GUEST: reads" 120
    kill -KILL "$storage"
    wait_until 30 test -s "$work/errors" || fail "the end of the back-end is not reported"
    qmp query-block
    expect_said '"io-status":"failed"'
    type_keys 'x\n'
    wait_guest
    expect_status 0
    expect_console "GUEST: ok"
    expect_equal "lines of errors" "$(wc -l <"$work/errors")" 1
    grep -q "vhost-user=$work/socket: the back-end cannot be used any more: it has closed the connection" "$work/errors" ||
        fail "the line says something else"
}
