# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# The stress tests for a long time, and Debian from its own disk. They run only if they are named.
#
# disk fio,passt,qemu-efi-aarch64,libfdt1,libinih1,libjansson4,libpcap0.8t64

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"
# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"
# shellcheck source=tests/lab/disk.sh
. "$LAB_TESTS/disk.sh"
# shellcheck source=tests/lab/fleet.sh
. "$LAB_TESTS/fleet.sh"
# shellcheck source=tests/lab/firmware.sh
. "$LAB_TESTS/firmware.sh"
# shellcheck source=tests/lab/monitor.sh
. "$LAB_TESTS/monitor.sh"
# shellcheck source=tests/lab/packaged.sh
. "$LAB_TESTS/packaged.sh"
# shellcheck source=tests/lab/saved.sh
. "$LAB_TESTS/saved.sh"
# shellcheck source=tests/lab/server.sh
. "$LAB_TESTS/server.sh"
# shellcheck source=tests/lab/soak.sh
. "$LAB_TESTS/soak.sh"
# shellcheck source=tests/lab/vhost_user.sh
. "$LAB_TESTS/vhost_user.sh"

# The whole conformance image on the monitor of examples/.
# limit monitor_check 1200
test_monitor_check() {
    check_monitor '*'
}

# Debian on it: CPUs off and on, and a sleep that keys end, which come until the guest is gone.
# limit monitor_linux 1200
test_monitor_linux() {
    make_work
    mkfifo "$work/keys"
    exec 9<>"$work/keys"
    for name in "hotplug cycles=20" console; do
        rm -f "$work/console"
        (until grep -qaE 'GUEST: (ok|fail)' "$work/console" 2>/dev/null; do
            sleep 1
            printf x >&9
        done) &
        monitor_limit=550
        run_monitor "$work/keys" "$LAB_GUEST/vmlinuz" "console=ttyS0 quiet test=$name" "$LAB_GUEST/initrd"
        kill $! 2>/dev/null || true
        expect_status 0
        expect_console "GUEST: ok"
    done
}

# A server that moves between two nodes.
# limit fleet_server 1200
test_fleet_server() {
    server_moves 4
}

# Saved VMs, one process after the other: a bare guest with a timer that fires at any moment around the call, and Debian.
# limit saved_bare 7000
test_saved_bare() {
    run_saved "scenario=race last=999" 1000 --memory 32M
}

# limit saved_linux 7000
test_saved_linux() {
    linux_saved 100
}

# The same with a qcow2 image that qemu-storage-daemon serves, which stays when one dormouse ends and the next begins.
# limit saved_vhost_user 1800
test_saved_vhost_user() {
    start_storage
    saved_disk=vhost-user=$work/socket
    linux_saved 10
    expect_good_image
}

# Debian with a disk and a network sleeps as a file, again and again in one process, and a packet brings it back each time.
# limit rest_linux 3600
test_rest_linux() {
    make_work
    make_image disk 64M
    rest_cycles 20 "$work/disk"
    expect_clean "$work/disk"
}

# limit rest_vhost_user 3600
test_rest_vhost_user() {
    start_storage
    rest_cycles 20 "vhost-user=$work/socket"
    expect_good_image
}

rest_cycles() { # CYCLES DISK
    guest_limit=300
    make_tap
    start_linux "saved cycles=$1 address=$guest_ip/24" --cpus 2 --sleep-memory disk="$work/image" --disk "$2" \
        --net tap=dormouse0
    count=0
    while [ $count -lt "$1" ]; do
        count=$((count + 1))
        wait_event "$work/events" saved $count 300
        fetch index.html
        expect_equal answer "$said" "the guest says hello"
        expect_event wake source net $count
        echo "cycle $count, $(date)"
    done
    wait_guest
    expect_linux_ok
    expect_event_count wake "$1"
    expect_event_count save-failed 0
}

expect_good_image() {
    kill -TERM "$storage"
    run_status wait "$storage"
    qemu-img check "$work/qcow2" || fail "the image is damaged"
    qemu-img convert -O raw "$work/qcow2" "$work/raw" || fail "the image cannot be read"
    expect_clean "$work/raw"
}

# Debian behind a tap with vhost-net: it sleeps when it is idle, reboots in place, and comes back from a file, in the same
# process and in another one.
# limit vhost 3600
test_vhost() {
    make_disk root
    make_tap
    serve_address
    debian_at="-o Hostname=$guest_ip"
    start_vhost
    wait_until 900 debian_is_up || fail "SSH does not answer"
    sleeps_with_vhost 1
    in_debian reboot || true
    wait_event "$work/events" boot 2 600
    wait_until 900 debian_is_up || fail "SSH does not answer after the reboot"
    start_witness
    in_debian sh /run/witness look >"$work/before"
    sleeps_with_vhost 2
    wait_event "$work/events" saved 3 900
    kill -KILL "$guest"
    wait_guest
    start_vhost --restore "$work/image" --asleep
    wait_event "$work/events" restored 1 300
    sleeps_with_vhost 1
    in_debian sh /run/witness look >"$work/after"
    expect_same
    kill -TERM "$guest"
    guest_limit=300 wait_guest
    expect_status 0
}

start_vhost() { # OPTION...
    start_dormouse run --cpus 2 --memory 1G --disk "$disk" --agent --sleep-when-idle 20s,cpu=50 --qmp "$work/qmp" \
        --sleep-memory disk="$work/image" --net tap=dormouse0,vhost=on "$@"
}

# It sleeps as a file until SSH wakes it; then the kernel serves its queue.
sleeps_with_vhost() { # NUMBER
    wait_event "$work/events" saved "$1" 900
    in_debian true || fail "the guest that slept does not answer SSH"
    expect_event wake source net "$1"
    expect_vhost on
}

# One address for the guest, by DHCP.
serve_address() {
    printf 'start %s\nend %s\ninterface dormouse0\nlease_file %s\noption subnet 255.255.255.0\n' \
        $guest_ip $guest_ip "$work/leases" >"$work/udhcpd"
    : >"$work/leases"
    udhcpd -f "$work/udhcpd" >"$work/dhcp" 2>&1 &
}

# The systemd of a Debian says when it is ready, and its SSH answers on vsock: this guest has no network. Nothing in it
# takes SIGTERM's request to shut down.
# limit ready 900
test_ready() {
    make_disk ready
    mcopy -i "$disk@@1M" ::/loader/entries/debian.conf "$work/entry"
    sed -i "s/^options.*/& systemd.set_credential=vmm.notify_socket:vsock-stream:2:9999 \
modules_load=vmw_vsock_virtio_transport systemd.ssh_listen=vsock::22/" "$work/entry"
    mcopy -o -i "$disk@@1M" "$work/entry" ::/loader/entries/debian.conf
    sync
    socat -u "UNIX-RECV:$work/notify,mode=666" "OPEN:$work/notified,creat,append" &
    manager=$!
    wait_until 60 test -S "$work/notify" || fail "socat does not listen"
    NOTIFY_SOCKET=$work/notify
    export NOTIFY_SOCKET
    start_dormouse run --name ready --cpus 2 --memory 1G --disk "$disk" --vsock "$work/v,ready=9999"
    unset NOTIFY_SOCKET
    wait_until 600 grep -q READY=1 "$work/notified" || {
        show
        fail "the guest does not say that it is ready: $(cat "$work/notified")"
    }
    grep -q 'X_SYSTEMD_UNIT_ACTIVE=multi-user.target.*READY=1' "$work/notified" || fail "it was ready too early"
    expect_equal "interfaces of the guest" "$(by_name ready ls /sys/class/net)" lo
    kill -TERM "$guest"
    wait_guest
    expect_status 143
    kill $manager
    grep -q STOPPING=1 "$work/notified" || fail "dormouse does not say that it stops"
}

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

# A file system on a disk that forgets, from lose_power on, whatever is written to it.
make_power() {
    modprobe -a loop dm_flakey # ext4 is built in.
    truncate -s 512M "$work/power.img"
    power_loop=$(losetup -f)
    losetup "$power_loop" "$work/power.img"
    mke2fs -q -t ext4 "$power_loop" || fail "cannot make a file system"
    mkdir "$work/power"
    power_table 3600 0 | DM_DISABLE_UDEV=1 dmsetup create power
    mount -t ext4 /dev/mapper/power "$work/power"
    chmod 777 "$work/power"
}

power_table() { # SECONDS_UP SECONDS_DOWN [FEATURES...]
    echo "0 $((512 << 11)) flakey $power_loop 0 $*"
}

lose_power() {
    DM_DISABLE_UDEV=1 dmsetup suspend --noflush --nolockfs power
    power_table 0 3600 1 drop_writes | dmsetup load power
    DM_DISABLE_UDEV=1 dmsetup resume power
}

# What the disk has, after everything else was forgotten.
restore_power() {
    umount "$work/power" || fail "the file system is busy"
    DM_DISABLE_UDEV=1 dmsetup remove --retry power
    power_table 3600 0 | DM_DISABLE_UDEV=1 dmsetup create power
    mount -t ext4 /dev/mapper/power "$work/power" || fail "the file system is lost"
}

remove_power() {
    umount "$work/power"
    DM_DISABLE_UDEV=1 dmsetup remove --retry power
    losetup -d "$power_loop"
}

image_id() { # FILE
    "$DORMOUSE" image info "$1" | sed -n 's/^id *//p'
}

# An image takes the place of another while the power goes, at moments that are spread over the time that this takes.
# limit power_loss_import 3000
test_power_loss_import() {
    make_work
    make_power
    for name in one two; do
        run_bare "scenario=saved ms=0" --cpus 2 --memory 64M --on-suspend save="$work/image"
        expect_status 6
        "$DORMOUSE" image export "$work/image" >"$work/$name"
        image_id "$work/image" >"$work/$name.id"
    done
    begun=$(date +%s)
    "$DORMOUSE" image import "$work/power/vm" <"$work/one"
    took=$(($(date +%s) - begun + 1))
    losses=0
    for round in $(seq 20); do
        "$DORMOUSE" image import "$work/power/vm" <"$work/one" || fail "round $round: no image"
        rm -f "$work/done"
        ("$DORMOUSE" image import "$work/power/vm" <"$work/two" && : >"$work/done") &
        importer=$!
        usleep $((took * 50000 * round))
        finished=$(ls "$work/done" 2>/dev/null || true)
        lose_power
        wait $importer
        restore_power
        "$DORMOUSE" image check "$work/power/vm" || fail "round $round: the image is not whole"
        id=$(image_id "$work/power/vm")
        if [ "$id" = "$(cat "$work/one.id")" ]; then
            [ -z "$finished" ] || fail "round $round: the new image was lost"
            losses=$((losses + 1))
        else
            expect_equal "round $round: the image" "$id" "$(cat "$work/two.id")"
        fi
    done
    echo "of 20 losses of power $losses left the old image"
    if [ "$losses" = 0 ] || [ "$losses" = 20 ]; then
        fail "all rounds were the same"
    fi
    remove_power
}

# The power goes when a guest has just come out of its image: nothing can restore that again.
# limit power_loss_wake 1200
test_power_loss_wake() {
    make_work
    make_power
    start_bare "scenario=saved ms=0" --cpus 2 --memory 64M --sleep-memory disk="$work/power/vm"
    wait_event "$work/events" saved 1 60
    kill -USR1 "$guest"
    wait_event "$work/events" resumed 1 60
    lose_power
    kill -KILL "$guest"
    wait_guest
    restore_power
    [ ! -e "$work/power/vm" ] || fail "the image of a guest that ran is there"
    run_bare "scenario=saved ms=0" --cpus 2 --memory 64M --on-suspend save="$work/power/vm"
    expect_status 6
    start_bare "" --cpus 2 --memory 64M --restore "$work/power/vm"
    wait_event "$work/events" resumed 1 60
    lose_power
    kill -KILL "$guest"
    wait_guest
    restore_power
    [ ! -e "$work/power/vm" ] || fail "the image of a restored guest is there"
    "$DORMOUSE" image check "$work/power/vm.restored" || fail "the image is not whole"
    remove_power
}

# KVM's maximum, all at once.
# limit cpus_512 900
test_cpus_512() {
    guest_limit=880
    expect_scenario "cpu-on cpus=512" --cpus 512 --memory 1G
}

# The image of ./dev image boots by its own boot loader, has all that Debian starts, and sleeps and wakes.
# limit debian 1800
test_debian() {
    guest_limit=600
    make_disk root
    start_dormouse run --firmware auto --vars "$work/vars" --disk "$disk" --cpus 2 --memory 1G --rng \
        --net user,forward=tcp:2222:22 --port "org.qemu.guest_agent.0=unix:$work/agent" --wake rtc,net
    wait_console 'automatic login' 900
    wait_until 300 debian_is_up || fail "the SSH server does not answer"
    expect_equal "the state of Debian" "$(in_debian systemctl is-system-running --wait)" running
    in_debian systemctl is-active systemd-networkd systemd-resolved ssh qemu-guest-agent
    in_debian networkctl status eth0 | tee "$work/network"
    grep -q 'State: routable (configured)' "$work/network" || fail "networkd has not configured eth0"
    type_keys ' rtcwake -m mem -s 5\r' # By SSH, a packet of that connection could wake it first.
    wait_event "$work/events" wake 1 300
    expect_equal "source of the wake" "$(event_field "$work/events" wake source)" rtc
    in_debian systemctl suspend
    wait_event "$work/events" asleep 2 300
    expect_equal "Debian's answer" "$(in_debian echo awake)" awake
    expect_equal "source of the wake" "$(event_field "$work/events" wake source 2)" net
    in_debian systemctl poweroff
    wait_guest
    expect_status 0
}

# The image's packages are unpacked only. Their scripts run to the end, none is missing, and Debian starts again.
# limit configure 5400
test_configure() {
    guest_limit=600
    make_disk root
    find_uplink
    start_dormouse run --cpus 2 --memory 1G --disk "$disk" --agent --net user,forward=tcp:127.0.0.1/2222:22
    wait_until 900 debian_is_up || fail "SSH does not answer"
    in_debian 'DEBIAN_FRONTEND=noninteractive dpkg --configure -a </dev/null 2>&1' >"$work/configured" || {
        tail -n 100 "$work/configured"
        fail "dpkg: $(grep -m 1 '^dpkg: error' "$work/configured")"
    }
    grep -c '^Setting up' "$work/configured"
    expect_equal "what dpkg finds wrong" "$(in_debian dpkg --audit)" ""
    in_debian reboot || true
    wait_event "$work/events" reboot 1 600
    wait_until 900 debian_is_up || fail "SSH does not answer after the reboot"
    expect_equal "the state of Debian" "$(in_debian systemctl is-system-running --wait)" running
    kill -TERM "$guest"
    wait_guest
    expect_status 0
}

# Keys reach a whole Debian, which has no guest agent that dormouse knows: its logind suspends and powers off. Its own kernel,
# the cloud one, has no driver for keys; the generic one has.
# limit keys 1200
test_keys() {
    guest_limit=600
    make_disk root
    make_initrd_with_keys
    start_dormouse run --name keys --kernel "$LAB_GUESTS/generic/vmlinuz" --initrd "$work/initrd" \
        --append "console=ttyAMA0 quiet" --disk "$disk" --cpus 2 --memory 1G --shutdown-limit 400
    wait_console 'root@debian' 600
    # The terminal's echo of this line has no number.
    # shellcheck disable=SC2016 # for the guest
    type_keys ' until journalctl -u systemd-logind | grep -q "buttons.*gpio-keys"; do sleep 1; done; echo READY-$((1 + 1))\r'
    wait_console READY-2 300
    "$DORMOUSE" suspend --limit 300 keys || fail "Debian does not sleep"
    expect_event asked-to-sleep way key
    expect_event_count asleep 1
    "$DORMOUSE" wake keys
    # logind ignores keys until its suspend is over.
    # shellcheck disable=SC2016 # for the guest
    type_keys ' while systemctl list-jobs | grep -q suspend; do sleep 1; done; echo AWAKE-$((2 + 1))\r'
    wait_console AWAKE-3 300
    "$DORMOUSE" poweroff --limit 500 keys || fail "Debian does not turn itself off"
    wait_guest
    expect_status 0
    expect_event asked-to-shut-down way key
    expect_event off kind off
}

# The initramfs of the generic guest, with another first process: it starts the disk's system.
make_initrd_with_keys() {
    mkdir -p "$work/tree/root"
    cat >"$work/tree/init" <<'END'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox modprobe -a virtio_mmio virtio_blk crc32c_generic ext4 gpio_keys evdev
until [ -b /dev/vda2 ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda2 /root
/bin/busybox mount -o move /dev /root/dev
/bin/busybox mount -o move /proc /root/proc
/bin/busybox mount -o move /sys /root/sys
exec /bin/busybox switch_root /root /sbin/init
END
    chmod +x "$work/tree/init"
    (
        cat "$LAB_GUESTS/generic/initrd"
        cd "$work/tree" || exit
        find . | busybox cpio -o -H newc
    ) >"$work/initrd"
}

# README's second screen, as it stands there.
# packages operator
# limit operator 2400
test_operator() {
    follow_readme
}

# limit reboot 2400
test_reboot() {
    reboot_times 20
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

# Debian with fio on its disk and SSH sessions on its network.
# limit soak 10800
test_soak() {
    soak 100 100
}

# limit kill 900
test_kill() {
    kills 20
}
