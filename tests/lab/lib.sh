# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Functions that the lab's tests share. POSIX sh: it runs in busybox ash, dash and bash. If DORMOUSE_PSCI is set, it is
# the value of --psci; a test's own --psci overrides it.
#
# A test works in a folder of its own, $work, and looks at what a guest left there:
#   console  the guest's console        events  dormouse's event log (JSON lines)
#   errors   dormouse's standard error  status  its exit status (also in $status)
# If LAB_SANITIZE is set, dormouse runs under that sanitizer, which is slow: limits are four times
# as long.
# Tests run under `set -eu`: a command that fails ends them.

# Ends the test.
fail() {
    echo "fail: $*"
    exit 1
}

# Creates $work, once for each test.
make_work() {
    if [ -z "${work:-}" ]; then
        work=$(mktemp -d "$LAB_TMP/test.XXXXXX") || fail "cannot make a folder in $LAB_TMP"
        chmod 777 "$work" # for dormouse, which is another user when it removes its socket
        trap clean_up EXIT
    fi
}

clean_up() {
    if [ -n "${guest:-}" ] && [ ! -e "$work/status" ]; then
        kill -KILL "$guest" 2>/dev/null || true
        wait "$guest_watcher" 2>/dev/null || true
    fi
    show_reports
    remove_uplink
    remove_disks
    rm -rf "$work"
}

# make_disk NAME: makes a disk of the test's own that begins as a copy of $LAB_DISK; sets $disk to its path. On an
# emulated host it is a block device that keeps in memory what differs; otherwise a file. A test's group needs the line
# `# disk`. No udev makes the nodes in /dev/mapper, so dmsetup does.
make_disk() {
    make_work
    [ -n "${LAB_DISK:-}" ] || fail "this session has no disk: ./dev lab run --disk"
    disk=$work/$1.disk
    if [ ! -b "$LAB_DISK" ]; then
        cp --sparse=always --reflink=auto "$LAB_DISK" "$disk"
        return
    fi
    modprobe -a dm_snapshot loop
    disk_sectors=$(cat "/sys/class/block/${LAB_DISK##*/}/size")
    truncate -s $((disk_sectors * 600)) "$disk"
    disk_changes=$(losetup -f)
    losetup "$disk_changes" "$disk"
    DM_DISABLE_UDEV=1 dmsetup create "$1" --table "0 $disk_sectors snapshot $LAB_DISK $disk_changes N 8"
    disk=/dev/mapper/$1
}

# Removes what make_disk has made, when the test ends.
remove_disks() {
    [ -b "${LAB_DISK:-}" ] || return 0
    for disk in "$work"/*.disk; do
        [ -e "$disk" ] || continue
        disk=${disk##*/}
        DM_DISABLE_UDEV=1 dmsetup remove --retry "${disk%.disk}" || true
        losetup -a | sed -n "s|^\([^:]*\):.*/$disk\$|\1|p" | xargs -r -n 1 losetup -d
    done
}

# mount_root NAME: mounts the root of a disk of make_disk's; sets $root to its folder.
mount_root() {
    make_disk "$1"
    root=$work/root
    mkdir "$root"
    root_loop=$(losetup -f)
    losetup -o $((129 << 20)) "$root_loop" "$disk"
    mount -t ext4 "$root_loop" "$root"
}

# To be called before clean_up, when no process of the test's uses it any more.
unmount_root() {
    wait_until 30 umount "$root" 2>/dev/null || echo "$root is still in use"
    losetup -d "$root_loop"
    wait_until 10 root_is_free || true
}

root_is_free() {
    ! losetup "$root_loop" >/dev/null 2>&1
}

# Debian's programs: busybox's shell prefers its own ones of the same names.
ip() { /usr/bin/ip "$@"; }
ping() { /usr/bin/ping "$@"; }
mke2fs() { /usr/bin/mke2fs "$@"; }

# An emulated lab has no network: makes an interface with the default route, unless there is one.
find_uplink() {
    ip route | grep -q '^default' || make_uplink
}

# Makes an interface with the default route, whose address passt gives to a guest. clean_up removes it.
make_uplink() {
    ip link add uplink0 type dummy
    uplink=yes
    ip address add 192.0.2.1/24 dev uplink0
    ip link set uplink0 up
    ip route add default via 192.0.2.254 dev uplink0
}

remove_uplink() {
    [ -z "${uplink:-}" ] || ip link delete uplink0 || true
}

# skips_under SANITIZER REASON: succeeds if dormouse runs under that sanitizer, and prints what is skipped.
skips_under() {
    [ "${LAB_SANITIZE:-}" = "$1" ] || return 1
    echo "skipped: $2"
}

# Puts what a sanitizer found into the log, where run.sh looks for it, from the standard error of any process.
show_reports() {
    [ -n "${LAB_SANITIZE:-}" ] || return 0
    for file in "$work"/*; do
        if [ -f "$file" ] && grep -qaE ': runtime error: |Sanitizer: ' "$file"; then
            echo "--- a sanitizer's report, in ${file##*/}:"
            cat "$file"
        fi
    done
}

# start_bare "KERNEL COMMAND LINE" [OPTION]...
# Starts the bare-metal guest. Its console input is what type_keys sends. Sets $guest, the process
# that gets signals. If $runner is set, it starts dormouse.
start_bare() {
    bare_append=$1
    shift
    start_dormouse run --kernel "$LAB_BARE" --append "$bare_append" "$@"
}

# start_dormouse ARGUMENT...: the same with any arguments; adds --events.
start_dormouse() {
    dormouse_command=$1
    shift
    make_work
    show_reports
    rm -f "$work/status" "$work/keys" "$work/events" "$work/errors"
    mkfifo "$work/keys"
    : >"$work/errors" # A new file: a passt of the dormouse before may still write to the old one.
    # The FIFO is open at both ends, so that no process waits for the other end and the input never ends.
    exec 9<>"$work/keys"
    (
        # shellcheck disable=SC2086 # several words
        ${runner:-} "$DORMOUSE" "$dormouse_command" ${DORMOUSE_PSCI:+--psci "$DORMOUSE_PSCI"} "$@" \
            --events "$work/events" <"$work/keys" >"$work/console" 2>>"$work/errors" 9>&- &
        echo $! >"$work/pid.new"
        mv "$work/pid.new" "$work/pid"
        run_status wait $!
        echo "$status" >"$work/status.new"
        mv "$work/status.new" "$work/status"
    ) &
    guest_watcher=$!
    until [ -e "$work/pid" ]; do sleep 0.02; done
    guest=$(cat "$work/pid")
    rm "$work/pid"
}

# Types on the guest's console; the argument is a format of printf.
type_keys() {
    # shellcheck disable=SC2059 # the format is the point
    printf "$1" >&9
}

# Waits until the guest ends, $guest_limit seconds (80) at most. Sets $status.
wait_guest() {
    wait_until "${guest_limit:-80}" test -e "$work/status" || {
        show
        fail "the guest did not end within ${guest_limit:-80} s"
    }
    status=$(cat "$work/status")
    show
}

# Prints all files of $work into the test's log, for the reader of a failure.
show() {
    echo "--- exit status ${status:-none yet}; console:"
    tr -d '\r\000' <"$work/console" | tail -n 100
    if [ -s "$work/errors" ]; then
        echo "--- errors:"
        cat "$work/errors"
    fi
    if [ -s "$work/events" ]; then
        echo "--- events (the last 30):"
        tail -n 30 "$work/events"
    fi
    show_crash
    echo "---"
}

# If a signal such as SIGSEGV ended dormouse, the kernel's log has the registers.
show_crash() {
    case ${status:-} in
    132 | 133 | 134 | 135 | 136 | 139)
        echo "--- kernel's log (the last 40):"
        dmesg | tail -n 40
        ;;
    esac
}

# start_bare and wait_guest in one.
run_bare() {
    start_bare "$@"
    wait_guest
}

# wait_until SECONDS COMMAND...: runs the command again and again until it succeeds; fails after that time.
wait_until() {
    wait_times=${LAB_SANITIZE:+4}
    wait_end=$(($(uptime_seconds) + $1 * ${wait_times:-1}))
    shift
    until "$@"; do
        [ "$(uptime_seconds)" -le $wait_end ] || return 1
        sleep 0.05
    done
}

# Prints how much memory dormouse has, in KiB.
resident() {
    awk '/^VmRSS:/ { print $2 }' "/proc/$guest/status"
}

# Whether it has at most so many KiB.
is_small() { # KIB
    small=$(resident)
    [ -n "$small" ] && [ "$small" -le "$1" ]
}

expect_small() { # KIB
    wait_until 60 is_small "$1" || {
        show
        fail "the sleeping guest's monitor has $small KiB"
    }
    echo "resident: $small KiB"
}

uptime_seconds() {
    read -r uptime _ </proc/uptime
    echo "${uptime%.*}"
}

# wait_console TEXT [SECONDS]: waits until the guest's console has shown the text.
wait_console() {
    wait_until "${2:-30}" grep -qaF -- "$1" "$work/console" || {
        show
        fail "the guest did not say \"$1\" within ${2:-30} s"
    }
}

# wait_ready COUNT [CONSOLE] [SECONDS]: waits until the guest of the scenario `keys` has found its keys in COUNT boots.
wait_ready() {
    ready_console=${2:-$work/console}
    wait_until "${3:-60}" is_ready "$1" || fail "the guest is not ready: $(cat "$ready_console")"
}

is_ready() { # COUNT
    [ "$(grep -c '^# ready' "$ready_console" 2>/dev/null)" -ge "$1" ]
}

# event_count FILE EVENT
event_count() {
    if [ -e "$1" ]; then grep -c "\"event\":\"$2\"" "$1" || true; else echo 0; fi
}

has_events() { # FILE EVENT COUNT
    [ "$(event_count "$1" "$2")" -ge "$3" ]
}

# wait_event FILE EVENT [COUNT] [SECONDS]: waits until the log has the event COUNT times (1).
wait_event() {
    wait_until "${4:-30}" has_events "$1" "$2" "${3:-1}" || {
        show
        fail "no event $2 (${3:-1} times) within ${4:-30} s"
    }
}

# event_field FILE EVENT FIELD [N]: prints a field of the Nth event of that name (1): a string without its quotes, a
# list with its brackets; prints nothing if there is none.
event_field() {
    awk -v event="$2" -v field="$3" -v wanted="${4:-1}" '
        index($0, "\"event\":\"" event "\"") && ++count == wanted {
            at = index($0, "\"" field "\":")
            if (!at) exit
            rest = substr($0, at + length(field) + 3)
            if (substr(rest, 1, 1) == "\"") { split(substr(rest, 2), part, "\""); print part[1] }
            else if (substr(rest, 1, 1) == "[") print substr(rest, 1, index(rest, "]"))
            else { split(rest, part, /[,}]/); print part[1] }
            exit
        }' "$1"
}

# Prints the names of all events in order, in one line, without vcpu-on and vcpu-off.
event_names() { # FILE
    sed -n 's/.*"event":"\([^"]*\)".*/\1/p' "$1" | grep -v '^vcpu-' | tr '\n' ' ' | sed 's/ $//'
}

# Runs a command whose failure does not fail the test: sets $status.
run_status() { # COMMAND...
    status=0
    "$@" || status=$?
}

expect_status() {
    [ "$status" = "$1" ] || fail "exit status $status, expected $1"
}

expect_equal() { # WHAT GOT EXPECTED
    [ "$2" = "$3" ] || fail "$1: got $2, expected $3"
}

# expect_event EVENT FIELD VALUE [N]
expect_event() {
    expect_equal "event $1 ${4:-1}, $2" "$(event_field "$work/events" "$1" "$2" "${4:-1}")" "$3"
}

expect_event_count() { # EVENT COUNT
    expect_equal "number of $1 events" "$(event_count "$work/events" "$1")" "$2"
}

# Checks all events but vcpu-on and vcpu-off.
expect_events() {
    expect_equal events "$(event_names "$work/events")" "$*"
}

# Every event has a time, and time never goes back.
expect_events_in_order() {
    awk -F'[:,]' '$1 != "{\"time\"" || $2 < last { exit 1 } { last = $2 }' "$work/events" ||
        fail "the events' times are not in order"
}

expect_console() { # TEXT
    grep -qaF -- "$1" "$work/console" || fail "the console does not say \"$1\""
}

# Dormouse printed no message.
expect_no_errors() {
    [ ! -s "$work/errors" ] || fail "unexpected: $(head -n 1 "$work/errors")"
}

# The guest's report is complete: checks 1 to N, the plan 1..N at the end, and nothing failed.
expect_tap() {
    verdict=$(tr -d '\r\000' <"$work/console" | tap_verdict)
    [ "$verdict" = ok ] || fail "$verdict"
}

tap_verdict() {
    awk '
        /^not ok/ && !bad { bad = $0 }
        /^ok [0-9]+ - / || /^not ok [0-9]+ - / {
            number = $1 == "ok" ? $2 : $3
            if (number != ++count && !gap) gap = count
            planned = 0
        }
        /^1\.\.[0-9]+$/ { plan = substr($0, 4); planned = 1 }
        END {
            if (bad) print bad
            else if (gap) print "check " gap " is missing"
            else if (!planned) print "the report ends without a plan"
            else if (count < 1 || plan != count) print "plan of " plan ", but " count " checks"
            else print "ok"
        }'
}

# A scenario that must pass and power off: `expect_scenario "NAME KEYS..." [OPTION]...`
expect_scenario() {
    scenario=$1
    shift
    run_bare "scenario=$scenario" "$@"
    expect_tap
    expect_status 0
    expect_no_errors
    expect_events_in_order
}

# Prints a word after NAME, from the guest's remark "NAME VALUE ...".
remarked() { # NAME
    tr -d '\r' <"$work/console" | awk -v name="$1" '
        /^# / { for (i = 2; i < NF; i++) if ($i == name) { print $(i + 1); exit } }'
}

# qmp STEP...: a client of the guest's, see tests/lab/tools/qmp.c; what the server says is added to
# $work/qmp.said.
qmp() {
    wait_until 30 test -S "$work/qmp" || fail "no socket"
    "$LAB_TOOLS/qmp" "$work/qmp" "$@" >"$work/qmp.new" 2>&1 || {
        cat "$work/qmp.new"
        show
        fail "$(tail -n 1 "$work/qmp.new")"
    }
    cat "$work/qmp.new"
    cat "$work/qmp.new" >>"$work/qmp.said"
}

expect_said() { # TEXT
    grep -qF -- "$1" "$work/qmp.new" || fail "QMP did not say $1"
}
