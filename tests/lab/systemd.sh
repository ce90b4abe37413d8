# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# disk systemd-container
# VMs as services of a real systemd: the root of Debian's disk image is a container beside the lab's own programs, with
# systemd as its first process, and dormouse as it is installed.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# Starts the container; sets $host, its folder, and $host_pid, its first process.
start_host() {
    make_work
    make_disk host
    host=$work/host
    mkdir "$host"
    host_loop=$(losetup -f)
    losetup -o $((129 << 20)) "$host_loop" "$disk"
    mount -t ext4 "$host_loop" "$host"
    trap 'stop_host; clean_up' EXIT
    install_dormouse
    run_container </dev/null >"$work/container" 2>&1 &
    host_container=$!
    wait_until 20 find_host || fail "the container did not start: $(cat "$work/container")"
    wait_until 200 host_is_up || fail "systemd is not up: $(in_host systemctl list-jobs 2>&1 | cat)"
}

install_dormouse() {
    local_tree=$host/usr/local
    mkdir -p "$local_tree/bin" "$local_tree/lib/systemd/system" "$host/etc/dormouse"
    cp "$DORMOUSE" "$local_tree/bin/"
    cp "$LAB_UNITS"/*.service "$local_tree/lib/systemd/system/"
    mkdir -p "$host/var/lib/dormouse"
    cp "$LAB_BARE" "$host/var/lib/dormouse/bare.img"
    chroot "$host" /usr/bin/systemd-sysusers - <"$LAB_UNITS/dormouse.conf"
    kvm_group=$(sed -n 's/^kvm:[^:]*:\([0-9]*\):.*/\1/p' "$host/etc/group")
    # Nothing but what the tests need: an emulated machine is slow.
    ln -s /usr/lib/systemd/system/basic.target "$host/etc/systemd/system/default.target"
    for unit in systemd-networkd systemd-resolved systemd-timesyncd systemd-udevd systemd-udev-trigger e2scrub_all \
        systemd-journal-flush systemd-tmpfiles-setup systemd-update-utmp systemd-random-seed systemd-hwdb-update \
        systemd-sysusers systemd-journal-catalog-update systemd-update-done ldconfig; do
        ln -sf /dev/null "$host/etc/systemd/system/$unit.service"
    done
}

# shellcheck disable=SC2016 # for the shells in there
run_container() {
    exec unshare -m -u -i -p -f sh -c '
        mount --make-rprivate /
        mount -t proc proc "$1/proc"
        mount -t sysfs sys "$1/sys"
        mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
        mount -t tmpfs -o mode=755 run "$1/run"
        mount -t tmpfs -o mode=755 dev "$1/dev"
        mkdir "$1/dev/pts" "$1/dev/shm" "$1/dev/net"
        mount -t devpts -o newinstance,mode=620,ptmxmode=666 devpts "$1/dev/pts"
        mount -t tmpfs shm "$1/dev/shm"
        ln -s pts/ptmx "$1/dev/ptmx"
        ln -s /proc/self/fd "$1/dev/fd"
        for node in null zero full random urandom tty; do
            cp -a "/dev/$node" "$1/dev/$node"
            chmod 666 "$1/dev/$node"
        done
        cp -a /dev/net/tun "$1/dev/net/tun"
        cp -a /dev/kvm "$1/dev/kvm"
        chown "0:$2" "$1/dev/kvm"
        chmod 660 "$1/dev/kvm"
        hostname host
        cd "$1"
        mount -o move . /
        exec chroot . /usr/bin/env -i container=lab PATH=/usr/bin:/usr/sbin /usr/lib/systemd/systemd' sh "$host" "$kvm_group"
}

find_host() {
    host_pid=$(sed 's/ .*//' "/proc/$host_container/task/$host_container/children" 2>/dev/null)
    [ "$host_pid" ] && grep -qs systemd "/proc/$host_pid/comm"
}

in_host() { # COMMAND...
    nsenter -t "$host_pid" -m -u -i -p -r"/proc/$host_pid/root" -w"/proc/$host_pid/root" \
        /usr/bin/env PATH=/usr/bin:/usr/sbin "$@"
}

host_is_up() {
    in_host systemctl is-active -q basic.target >/dev/null 2>&1
}

stop_host() {
    kill -KILL ${host_pid:+"$host_pid"} "$host_container" 2>/dev/null || true
    wait "$host_container" 2>/dev/null || true
    wait_until 30 umount "$host" 2>/dev/null || echo "the container's root is still in use"
    losetup -d "$host_loop"
}

# configure NAME "OPTION = VALUE"...: a VM with the bare-metal guest.
configure() {
    configured=$1
    shift
    printf '%s\n' "kernel = /var/lib/dormouse/bare.img" "qmp = /run/dormouse/$configured.qmp" \
        "events = /var/lib/dormouse/$configured.events" "$@" >"$host/etc/dormouse/$configured.conf"
}

unit_says() { # NAME PROPERTY
    in_host systemctl show --value -p "$2" "dormouse@$1"
}

expect_unit() { # NAME PROPERTY VALUE
    unit_value=$(unit_says "$1" "$2")
    [ "$unit_value" = "$3" ] || {
        in_host systemctl --no-pager -l status "dormouse@$1" || true
        fail "dormouse@$1 has $2=$unit_value, expected $3"
    }
}

has_property() { # NAME PROPERTY VALUE
    [ "$(unit_says "$1" "$2")" = "$3" ]
}

wait_unit() { # NAME PROPERTY VALUE
    wait_until 100 has_property "$@" || expect_unit "$@"
}

events_of() { # NAME
    cp "$host/var/lib/dormouse/$1.events" "$work/events"
}

# It is ready when the guest runs, says what it does, and lives; a stop presses the power key; machinectl lists it, and
# reboots it and turns it off.
# once service
# limit service 300
test_service() {
    start_host
    configure web "append = scenario=keys"
    in_host systemctl start dormouse@web || fail "the service does not start"
    expect_unit web ActiveState active
    expect_unit web StatusText running
    in_host machinectl --no-legend list | grep -q '^web *vm *dormouse' || fail "machinectl does not list it"
    in_host machinectl reboot web
    events_of_web_have boot 2
    in_host machinectl poweroff web
    wait_unit web ActiveState inactive
    expect_unit web Result success
    events_of web
    expect_event asked-to-shut-down way key
    in_host machinectl list | grep -q web && fail "machinectl still lists it"
    in_host systemctl start dormouse@web
    in_host systemctl stop dormouse@web || fail "the service does not stop"
    expect_unit web Result success
    events_of web
    expect_event_count asked-to-shut-down 2
    exposure=$(in_host systemd-analyze --no-pager security dormouse@web | tail -n 1)
    case $exposure in
    *OK* | *SAFE*) ;;
    *) fail "systemd-analyze security says: $exposure" ;;
    esac
}

events_of_web_have() { # EVENT COUNT
    wait_event "$host/var/lib/dormouse/web.events" "$1" "$2" 60
}
