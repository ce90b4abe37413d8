#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# What bench/run.sh measures, inside the lab: `lab.sh NAME...`. Prints a line a figure: NAME VALUE UNIT. Under QEMU's
# -icount, with one processor, a nanosecond of the lab's time is an instruction.

set -u
work=$(mktemp -d "$LAB_TMP/bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
guest="--kernel $LAB_GUEST/vmlinuz --initrd $LAB_GUEST/initrd --cpus 2 --memory 512M"
unit=${BENCH_UNIT:-instructions}

fail() {
    echo "bench: $*" >&2
    exit 1
}

# Waits until FILE has a line that matches PATTERN.
wait_for() { # FILE PATTERN
    tries=0
    until grep -q -- "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "no '$2' in $1: $(tail -n 3 "$1")"
        sleep 0.1
    done
}

# The PSCI backend with which the figures in README.md are measured.
answers=kernel

# Starts a guest in the background that runs TEST; sets $pid.
start_guest() { # TEST OPTION...
    test=$1
    shift
    # shellcheck disable=SC2086 # $guest is a list of words
    "$DORMOUSE" run --psci "$answers" $guest --append "console=ttyAMA0 quiet test=$test" \
        --console "$work/console" "$@" </dev/null &
    pid=$!
}

end_guest() {
    kill -TERM "$pid"
    wait "$pid"
    rm -f "$work/events" "$work/console"
}

# Prints the processor time of all threads of $pid so far, in nanoseconds.
cpu_time() {
    cat /proc/"$pid"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# Options for a disk and a tap. The host sends nothing on the tap by itself.
devices="--disk $work/disk.img --net tap=bench0,mac=52:54:00:12:34:56"

make_devices() {
    # Debian's program: busybox's shell prefers its own one, which has no taps.
    ip=$(command -v /usr/bin/ip || command -v ip)
    truncate -s 64M "$work/disk.img"
    [ ! -e /sys/class/net/bench0 ] || return 0
    "$ip" tuntap add bench0 mode tap
    "$ip" link set bench0 addrgenmode none
    "$ip" address add 10.9.0.1/24 dev bench0
    "$ip" link set bench0 up
    "$ip" neighbour add 10.9.0.2 lladdr 52:54:00:12:34:56 nud permanent dev bench0
}

# Instructions of the start, and its system calls. One that was ended leaves its disk and its tap only a moment later.
print_start() { # NAME COMMAND [ARGUMENT]...
    row=$1
    shift
    ./until_guest "$@" >/dev/null 2>&1 || fail "no start" # Fills the page cache.
    sleep 5
    echo "$row $(./until_guest "$@" 2>/dev/null) $unit"
    sleep 5
    echo "$row-calls $(./until_guest -s "$@" 2>/dev/null) calls"
    sleep 5
}

bench_start() {
    make_devices
    sleep 30 # Otherwise the work of the lab's own kernel after its start would be counted too.
    # shellcheck disable=SC2086
    set -- "$DORMOUSE" run --psci "$answers" $guest --append "console=ttyAMA0 quiet" --console none
    print_start exec-to-guest "$@"
    # shellcheck disable=SC2086
    print_start exec-to-guest-devices "$@" $devices
    print_start exec-to-guest-no-sandbox "$@" --no-sandbox
}

# Memory of the process that is not the guest's. The guest's is the 512 MiB around the mapped kernel,
# which is 2 MiB above its start.
print_memory() { # NAME FIELD
    awk -v name="$1" -v field="$2:" -v kernel="$LAB_GUEST/vmlinuz" '
        function hex(text,   i, value) {
            value = 0
            for (i = 1; i <= length(text); i++)
                value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
            return value
        }
        /^[0-9a-f]+-[0-9a-f]+ / {
            split($1, range, "-")
            from = hex(range[1])
            starts[++count] = from
            if (!ram && $NF == kernel) ram = from - 2 * 1048576
        }
        $1 == field { sizes[count] = $2 }
        END {
            if (!ram) exit 1
            for (i = 1; i <= count; i++)
                if (starts[i] < ram || starts[i] >= ram + 512 * 1048576) total += sizes[i]
            print name, total, "kB"
        }' "/proc/$pid/smaps" || fail "cannot find the guest's memory"
}

bench_idle() {
    start_guest idle
    wait_for "$work/console" "GUEST: idle"
    sleep 60 # The same for the guest's kernel.
    print_memory memory-resident Rss
    print_memory memory-anonymous Anonymous
    end_guest
    make_devices
    # shellcheck disable=SC2086
    start_guest devices $devices
    wait_for "$work/console" "GUEST: idle"
    sleep 60
    print_memory memory-resident-devices Rss
    print_memory memory-anonymous-devices Anonymous
    end_guest
}

# One vCPU, and ten times 10 s: see docs/performance.md.
bench_idle_time() {
    start_guest idle --cpus 1
    wait_for "$work/console" "GUEST: idle"
    sleep 60
    before=$(cpu_time)
    sleep 100
    echo "idle-10s $((($(cpu_time) - before) / 10)) $unit"
    end_guest
}

# No processor time in 60 s: no thread has run, so none has made a system call. The kernel's threads of io_uring, which the
# guest's last requests needed, have ended by then.
print_asleep() { # NAME TEST OPTION...
    row=$1
    shift
    start_guest "$@" --events "$work/events"
    wait_for "$work/events" '"asleep"'
    sleep 20
    before=$(cpu_time)
    sleep 60
    echo "$row $(($(cpu_time) - before)) $unit"
    ! grep -q '"event":"wake"' "$work/events" || fail "the guest woke up: $(tail -n 1 "$work/events")"
    end_guest
}

bench_asleep() {
    print_asleep asleep-60s console
    make_devices
    # shellcheck disable=SC2086
    print_asleep asleep-60s-devices "devices sleep=mem" $devices
}

# Tracepoints of the lab's kernel are the clock, so dormouse does not measure itself.
trace() { # on|off
    tracing=/sys/kernel/tracing
    [ -d $tracing/events ] || mount -t tracefs trace $tracing || fail "no tracefs"
    if [ "$1" = on ]; then
        echo mono >$tracing/trace_clock
        echo 'kvm:kvm_userspace_exit kvm:kvm_entry sched:sched_switch timer:hrtimer_expire_entry' \
            >$tracing/set_event
        echo 16384 >$tracing/buffer_size_kb
        echo >$tracing/trace
    fi
    [ "$1" = on ] && echo 1 >$tracing/tracing_on || echo 0 >$tracing/tracing_on
}

# From the exit with SYSTEM_SUSPEND until no thread of ours is on the processor; and from the expiry of
# the wake's timer to the guest's first entry. The medians over all cycles.
print_latencies() { # NAME-SUFFIX TIMER-FUNCTION
    awk -v suffix="$1" -v timer="function=$2" -v unit="$unit" '
        function stamp(   i) {
            for (i = 1; i <= NF; i++)
                if ($i ~ /^[0-9]+\.[0-9]+:$/) return $i * 1e9
        }
        function median(list, count,   i, j, swap) {
            for (i = 1; i < count; i++)
                for (j = i + 1; j <= count; j++)
                    if (list[j] < list[i]) { swap = list[i]; list[i] = list[j]; list[j] = swap }
            return list[int((count + 1) / 2)]
        }
        /KVM_EXIT_SYSTEM_EVENT/ && !state { called = stamp(); state = 1 }
        state == 1 && /prev_comm=dormouse/ && /next_comm=swapper/ {
            fell = stamp() - called; state = 2
        }
        state == 2 && index($0, timer) { woken = stamp(); state = 3 }
        state == 3 && /kvm_entry/ {
            down[++sleeps] = fell; up[sleeps] = stamp() - woken; state = 0
        }
        END {
            if (!sleeps) exit 1
            printf "suspend-to-asleep-%s %.0f %s\n", suffix, median(down, sleeps), unit
            printf "wake-to-entry-%s %.0f %s\n", suffix, median(up, sleeps), unit
        }' /sys/kernel/tracing/trace || fail "no sleep in the trace"
}

bench_sleep() {
    trace on
    start_guest "sleep cycles=5"
    wait_for "$work/console" "GUEST: ok"
    trace off
    print_latencies rtc timerfd_tmrproc
    wait "$pid"
}

bench_sleep_irq() {
    trace on
    "$DORMOUSE" run --psci "$answers" --kernel "$LAB_BARE" --append "scenario=suspend-many cycles=20 ticks=1250000" --console "$work/console" ||
        fail "the bare-metal guest ended with status $?"
    trace off
    print_latencies irq kvm_bg_timer_expire
}

for name; do
    "bench_$name"
done
