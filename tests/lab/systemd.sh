# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# disk systemd-container,polkitd
# VMs as services of a real systemd: the root of Debian's disk image is a container beside the lab's own programs, with
# systemd as its first process, and dormouse as it is installed.

# shellcheck source=tests/lab/channels.sh
. "$LAB_TESTS/channels.sh"

# Starts the container with dormouse in it; sets $host, its folder, and $host_pid, its first process.
start_host() {
    open_host
    install_dormouse
    quieten_host basic.target
    boot_host
}

# Makes the container's root, from which nothing has run yet.
open_host() {
    mount_root host
    host=$root
    trap 'stop_host; clean_up' EXIT
}

boot_host() {
    kvm_group=$(sed -n 's/^kvm:[^:]*:\([0-9]*\):.*/\1/p' "$host/etc/group")
    run_container </dev/null >"$work/container" 2>&1 &
    host_container=$!
    wait_until 20 find_host || fail "the container did not start: $(cat "$work/container")"
    wait_until 200 host_is_up || fail "systemd is not up: $(in_host systemctl list-jobs 2>&1 | cat)"
}

install_dormouse() {
    local_tree=$host/usr/local
    mkdir -p "$local_tree/bin" "$local_tree/libexec/dormouse" "$local_tree/lib/systemd/system" "$local_tree/lib/systemd/user" \
        "$host/etc/dormouse"
    cp "$DORMOUSE" "$local_tree/bin/"
    cp "$LAB_UNITS"/*.service "$LAB_UNITS"/*.socket "$local_tree/lib/systemd/system/"
    cp "$LAB_UNITS"/user/*.service "$local_tree/lib/systemd/user/"
    cp "$LAB_UNITS/host-sleep" "$LAB_UNITS/sleep-with-host" "$local_tree/libexec/dormouse/"
    chmod 755 "$local_tree"/libexec/dormouse/*
    # What a VM may write is no configuration.
    mkdir -p "$host/var/lib/dormouse/.config/dormouse"
    echo "nonsense = yes" >"$host/var/lib/dormouse/.config/dormouse/web.conf"
    cp "$LAB_BARE" "$host/var/lib/dormouse/bare.img"
    chroot "$host" /usr/bin/systemd-sysusers - <"$LAB_UNITS/dormouse.conf"
}

# Nothing but what the tests need: an emulated machine is slow.
quieten_host() { # TARGET
    ln -s "/usr/lib/systemd/system/$1" "$host/etc/systemd/system/default.target"
    for unit in systemd-networkd systemd-resolved systemd-timesyncd systemd-udevd systemd-udev-trigger e2scrub_all \
        systemd-journal-flush systemd-tmpfiles-setup systemd-update-utmp systemd-random-seed systemd-hwdb-update \
        systemd-sysusers systemd-journal-catalog-update systemd-update-done ldconfig systemd-logind \
        console-getty getty@tty1 serial-getty@ttyAMA0 ssh qemu-guest-agent; do
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
        /usr/bin/env PATH=/usr/local/bin:/usr/bin:/usr/sbin "$@"
}

fail_in_host() { # TEXT
    fail "$1: $(in_host journalctl -n 50 --no-pager)"
}

host_is_up() {
    in_host systemctl is-active -q basic.target >/dev/null 2>&1
}

stop_host() {
    kill -KILL ${host_pid:+"$host_pid"} "$host_container" 2>/dev/null || true
    wait "$host_container" 2>/dev/null || true
    unmount_root
}

# configure NAME "OPTION = VALUE"...: a VM with the bare-metal guest.
configure() {
    configured=$1
    shift
    printf '%s\n' "kernel = /var/lib/dormouse/bare.img" "qmp = /run/dormouse/$configured.qmp" \
        "events = /var/lib/dormouse/$configured.events" \
        "console = /var/lib/dormouse/$configured.console" "$@" >"$host/etc/dormouse/$configured.conf"
}

# Lines of a drop-in, which the unit has from now on.
override_unit() { # UNIT LINE...
    override=$host/etc/systemd/system/$1.d
    shift
    mkdir -p "$override"
    printf '%s\n' "$@" >"$override/test.conf"
    in_host systemctl daemon-reload
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

# once service
# limit service 900
test_service() {
    start_host
    lives_and_ends
    outlives_its_process
    starts_by_a_connection
    restarts_if_it_hangs
    sleeps_with_the_host
    follows_logind
}

# It is ready when the guest runs, says what it does, and lives; a stop presses the power key; machinectl lists it, and
# reboots it and turns it off.
lives_and_ends() {
    configure web "append = scenario=keys"
    in_host systemctl start dormouse@web || fail "the service does not start"
    expect_unit web ActiveState active
    expect_unit web StatusText running
    in_host machinectl --no-legend list | grep -q '^web *vm *dormouse' || fail "machinectl does not list it"
    wait_unit_ready web 1
    in_host machinectl reboot web
    wait_unit_ready web 2
    in_host machinectl poweroff web
    wait_unit web ActiveState inactive
    expect_unit web Result success
    in_host machinectl list | grep -q web && fail "machinectl still lists it"
    in_host systemctl start dormouse@web
    wait_unit_ready web 3
    in_host systemctl stop dormouse@web || fail "the service does not stop"
    expect_unit web Result success
    expect_events_of web boot reset boot asked-to-shut-down off boot asked-to-shut-down off
    exposure=$(in_host systemd-analyze --no-pager security dormouse@web | tail -n 1)
    case $exposure in
    *OK* | *SAFE*) ;;
    *) fail "systemd-analyze security says: $exposure" ;;
    esac
}

# The VM of --keep is a file between two starts of its service. It is awake again if it was awake, and asleep if not.
outlives_its_process() {
    configure kept "append = scenario=keys timer=0" "keep = /var/lib/dormouse/kept.image"
    in_host systemctl start dormouse@kept
    wait_unit_ready kept 1
    in_host systemctl stop dormouse@kept
    expect_unit kept Result success
    [ -s "$host/var/lib/dormouse/kept.image" ] || fail "the service has stopped, and there is no file"
    in_host systemctl start dormouse@kept
    wait_unit kept StatusText running
    in_host dormouse suspend kept || fail "the guest does not sleep"
    wait_until 30 in_journal DORMOUSE_VM=kept DORMOUSE_STATE=asleep || fail "the journal does not say that the guest sleeps"
    in_host systemctl stop dormouse@kept
    in_host systemctl start dormouse@kept
    wait_unit kept StatusText asleep
    in_host dormouse wake kept
    in_host dormouse poweroff kept
    wait_unit kept ActiveState inactive
    expect_unit kept Result success
    [ ! -e "$host/var/lib/dormouse/kept.image" ] || fail "the guest is off, and the file is still there"
    slept="asked-to-sleep suspend-request suspend-honoured asleep"
    # shellcheck disable=SC2086 # several words
    expect_events_of kept boot $slept saved boot restored asleep wake resumed $slept saved boot restored \
        asleep wake resumed asked-to-shut-down off
}

in_journal() { # FIELD=VALUE...
    in_host journalctl --no-pager -q "$@" | grep -q dormouse
}

# The first connection starts the machine, and the next one wakes it; each is answered by a program of the guest's.
starts_by_a_connection() {
    make_speakers
    cp "$LAB_GUEST/vmlinuz" "$LAB_GUEST/initrd" "$host/var/lib/dormouse/"
    printf '%s\n' "kernel = /var/lib/dormouse/vmlinuz" "initrd = /var/lib/dormouse/initrd" "vsock = /run/dormouse/door.vsock" \
        "append = console=ttyAMA0 quiet test=door" >"$host/etc/dormouse/door.conf"
    override_unit dormouse@door.socket '[Socket]' FileDescriptorName=vsock-1024
    in_host systemctl start dormouse@door.socket || fail "the socket does not listen"
    expect_unit door ActiveState inactive
    ln -s "/proc/$host_pid/root/run/dormouse/door.ssh" "$work/door"
    ask door end
    rm "$work/end.answer"
    wait_unit door StatusText asleep
    ask door end
    in_host systemctl stop dormouse@door.socket
    wait_unit door ActiveState inactive
    expect_unit door Result success
}

# A monitor that hangs sends no sign of life: the service manager ends it and starts the VM again.
restarts_if_it_hangs() {
    configure hung "append = scenario=keys"
    override_unit dormouse@hung.service '[Service]' WatchdogSec=20
    in_host systemctl start dormouse@hung
    wait_unit_ready hung 1
    hung_pid=$(unit_says hung MainPID)
    in_host kill -STOP "$hung_pid"
    wait_until 200 is_replaced hung "$hung_pid" ||
        fail_in_host "a monitor that hangs is not replaced"
    in_host journalctl --no-pager -u dormouse@hung >"$work/journal"
    grep -q 'Watchdog timeout' "$work/journal" || fail "the watchdog did not end it: $(cat "$work/journal")"
    wait_unit_ready hung 2
    in_host machinectl terminate hung
    wait_unit hung ActiveState inactive
    expect_unit hung Result success
}

is_replaced() { # NAME PID
    [ "$(unit_says "$1" NRestarts)" -ge 1 ] && has_property "$1" ActiveState active &&
        ! has_property "$1" MainPID "$2"
}

# The host's sleep is real but for its last step. Its guests sleep then, and wake after it; one that has slept before does not,
# and one that cannot be woken does not sleep.
sleeps_with_the_host() {
    configure tired "append = scenario=keys timer=0"
    configure deaf "append = scenario=keys timer=0" "wake = rtc"
    override_unit systemd-suspend.service '[Service]' ExecStart= 'ExecStart=/bin/sh -c "dormouse ps >/run/seen"'
    in_host systemctl enable dormouse-sleep.service 2>/dev/null
    in_host systemctl start dormouse@web dormouse@tired dormouse@deaf
    wait_unit_ready web 4
    wait_unit_ready deaf 1
    wait_unit_ready tired 1
    in_host dormouse suspend tired
    in_host systemctl start suspend.target || fail_in_host "the host does not sleep"
    wait_until 100 woken_with_the_host || fail_in_host "the guest was not woken"
    in_host cat /run/seen >"$work/seen"
    grep -q '^web  *suspended' "$work/seen" || fail "the guest did not sleep with the host: $(cat "$work/seen")"
    grep -q '^deaf  *running' "$work/seen" || fail "the guest that cannot wake sleeps: $(cat "$work/seen")"
    wait_unit tired StatusText asleep
    in_host systemctl stop dormouse@web dormouse@tired dormouse@deaf
}

# A user has VMs without that unit. When logind is asked for a sleep or a shutdown, it waits for them.
follows_logind() {
    give_user_a_service_manager
    as_user systemctl --user start dormouse-sleep || fail_in_host "no inhibitor"
    has_inhibitor || fail "the inhibitors are: $(cat "$work/inhibitors")"
    run_as_user own
    run_as_user kept --keep /home/ann/kept.image
    wait_user_ready own
    wait_user_ready kept
    override_unit systemd-suspend.service '[Service]' ExecStart= \
        'ExecStart=/bin/sh -c "runuser -u ann -- env XDG_RUNTIME_DIR=/run/user/1000 /usr/local/bin/dormouse ps >/run/user-seen"'
    in_host systemctl suspend || fail_in_host "logind refuses"
    wait_until 200 user_was_woken || fail_in_host "the guests were not woken"
    in_host cat /run/user-seen >"$work/seen"
    for user_vm in own kept; do
        grep -q "^$user_vm  *suspended" "$work/seen" || fail "$user_vm did not sleep with the host: $(cat "$work/seen")"
    done
    wait_until 100 has_inhibitor || fail "there is no inhibitor after the sleep"
    as_user systemctl --user stop dormouse-sleep
    [ "$(as_user systemctl --user show --value -p Result dormouse-sleep)" = success ] ||
        fail_in_host "the user unit fails if it is stopped"
    ! has_inhibitor || fail "the inhibitor outlives the user unit"
    as_user systemctl --user start dormouse-sleep
    ends_with_the_host
}

# The unit's end shows what was there before the service manager ended the VMs.
ends_with_the_host() {
    in_host systemctl poweroff || fail_in_host "logind refuses"
    wait_until 300 host_has_ended || fail "the host does not end: $(tail -n 50 "$work/container")"
    grep -qx 'kept[.]image' "$host/var/lib/at-stop" || fail "the VM of --keep was no file by then: $(cat "$host/var/lib/at-stop")"
    grep -q '"off"' "$host/var/lib/at-stop" || fail "the other was not off by then: $(cat "$host/var/lib/at-stop")"
}

host_has_ended() {
    ! kill -0 "$host_container" 2>/dev/null
}

has_inhibitor() {
    in_host systemd-inhibit --list --no-pager >"$work/inhibitors" &&
        grep -q '^dormouse .*ann .*shutdown:sleep.*delay' "$work/inhibitors"
}

give_user_a_service_manager() {
    rm "$host/etc/systemd/system/systemd-logind.service"
    mkdir -p "$host/etc/systemd/logind.conf.d"
    printf '%s\n' '[Login]' InhibitDelayMaxSec=300 >"$host/etc/systemd/logind.conf.d/test.conf"
    override_unit user@.service '[Service]' 'ExecStop=+/bin/sh -c "(ls /home/ann; cat /home/ann/own.events) >/var/lib/at-stop"'
    chroot "$host" /usr/bin/systemd-sysusers
    chroot "$host" /usr/sbin/useradd -m -u 1000 -G kvm ann
    in_host systemctl restart dbus
    in_host systemctl start systemd-logind user@1000 || fail_in_host "no user manager"
}

as_user() { # COMMAND...
    in_host runuser -u ann -- env XDG_RUNTIME_DIR=/run/user/1000 "$@"
}

run_as_user() { # NAME OPTION...
    user_vm=$1
    shift
    as_user systemd-run --user -q --unit "$user_vm" -p Type=notify dormouse run --name "$user_vm" --kernel /var/lib/dormouse/bare.img \
        --append "scenario=keys timer=0" --events "/home/ann/$user_vm.events" --console "/home/ann/$user_vm.console" "$@" ||
        fail_in_host "the user's VM does not start"
}

user_was_woken() {
    has_events "$host/home/ann/own.events" resumed 1 && has_events "$host/home/ann/kept.events" resumed 1
}

wait_user_ready() { # NAME
    wait_ready 1 "$host/home/ann/$1.console" 100
}

woken_with_the_host() {
    has_events "$host/var/lib/dormouse/web.events" resumed 1
}

# The guest says so at each boot, when it has found its keys.
wait_unit_ready() { # NAME COUNT
    wait_ready "$2" "$host/var/lib/dormouse/$1.console" 100
}

expect_events_of() { # NAME EVENT...
    cp "$host/var/lib/dormouse/$1.events" "$work/events"
    shift
    expect_events "$@"
}
