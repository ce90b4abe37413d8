# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# sanitized
# The operator: QMP, answers to SYSTEM_SUSPEND, pause and continue, admission of vCPUs.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"
# shellcheck source=tests/lab/linux.sh
. "$LAB_TESTS/linux.sh"

# metric FILE NAME: the value of a sample
metric() {
    sed -n "s/^dormouse_$2 //p" "$1"
}

expect_metric() { # FILE NAME VALUE
    expect_equal "$2" "$(metric "$1" "$2")" "$3"
}

# QMP reports that the guest ended itself, and how.
test_status() {
    make_work
    start_bare "scenario=wake-operator timer=0" --wake signal --qmp "$work/qmp" --metrics "unix:$work/metrics" \
        --trace "$work/trace"
    wait_event "$work/events" asleep
    printf 'GET /metrics HTTP/1.1\r\n\r\n' | socat -t 60 - "UNIX:$work/metrics" | tr -d '\r' >"$work/scrape"
    expect_metric "$work/scrape" 'state{vm="dormouse",state="asleep"}' 1
    expect_metric "$work/scrape" 'sleeps_total{vm="dormouse"}' 1
    [ "$(metric "$work/scrape" 'resident_memory_bytes{vm="dormouse"}')" -gt 1000000 ] || fail "nothing is resident"
    [ "$(metric "$work/scrape" 'device_bytes_total{vm="dormouse",device="console",direction="send"}')" -gt 20 ] ||
        fail "the console was not counted"
    qmp query-status query-cpus-fast query-commands query-name query-current-machine query-machines
    expect_said '"wakeup-suspend-support":true'
    expect_said '{"return":{"status":"suspended","running":false'
    expect_said '"x-dormouse-state":"suspended"'
    expect_equal "mode of the socket" "$(stat -c %a "$work/qmp")" 600
    qmp system_wakeup @WAKEUP @SHUTDOWN
    expect_said '"guest":true'
    wait_guest
    expect_tap
    expect_status 0
    expect_event wake source signal
    for slice in '1,"name":"running"' '1,"name":"asleep"' '2,"name":"on"' '2,"name":"asleep"'; do
        grep -q "\"ph\":\"X\",\"pid\":1,\"tid\":$slice,.*\"dur\":" "$work/trace" || fail "no $slice in the trace"
    done
    grep -q '"name":"wake",.*{"what":"signal"}' "$work/trace" || fail "no wake in the trace"
    grep -q '"ph":"C",.*"name":"console, bytes/s"' "$work/trace" || fail "no counter in the trace"
    [ ! -e "$work/qmp" ] || fail "the socket is left"
    [ ! -e "$work/metrics" ] || fail "the socket of metrics is left"
}

# A pause is neither off nor asleep, and nothing of the guest runs in it.
test_pause() {
    make_work
    start_bare "scenario=suspend64 ms=1500" --qmp "$work/qmp"
    wait_event "$work/events" asleep
    qmp stop query-status
    expect_said '"status":"paused"'
    sleep 2
    expect_event_count wake 0
    qmp query-status stop cont
    expect_said '"status":"paused"'
    wait_guest
    expect_tap
    expect_status 0
    expect_events boot suspend-request suspend-honoured asleep paused continued wake resumed off
    [ "$(event_field "$work/events" resumed asleep_ns)" -gt 1900000000 ] || fail "it woke in a pause"
}

# limit pause_linux 200
test_pause_linux() {
    make_work
    guest_limit=160
    start_linux "hotplug cycles=10" --cpus 2 --qmp "$work/qmp"
    wait_event "$work/events" vcpu-on 2 60
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        qmp stop cont
        sleep 0.2
    done
    qmp stop query-status
    expect_said '"status":"paused"'
    before=$(wc -l <"$work/events")
    sleep 1
    expect_equal "lines of events in the pause" "$(wc -l <"$work/events")" "$before"
    qmp cont
    wait_guest
    expect_linux_ok
}

test_ask() {
    make_work
    start_bare "scenario=suspend64" --on-suspend ask,deadline=50 --qmp "$work/qmp"
    wait_event "$work/events" suspend-asked
    qmp x-dormouse-query-suspend query-status 'x-dormouse-answer-suspend:{"honour":true}' @SUSPEND
    expect_said '{"return":{"pending":true}}'
    expect_said '"status":"running"'
    wait_guest
    expect_tap
    expect_status 0
    expect_events boot suspend-request suspend-asked suspend-honoured asleep wake resumed off
}

# Refused by the operator's answer, and by the default after the deadline.
# once ask_refused
test_ask_refused() {
    make_work
    start_bare "scenario=suspend-refuse" --on-suspend ask,deadline=50 --cpus 2 --qmp "$work/qmp"
    wait_event "$work/events" suspend-asked
    qmp 'x-dormouse-answer-suspend:{"honour":false}'
    wait_event "$work/events" suspend-asked 2
    qmp 'x-dormouse-answer-suspend:{"honour":false}'
    wait_guest
    expect_tap
    expect_event suspend-refused reason "the operator"
    expect_event_count suspend-honoured 0
    expect_scenario suspend-refuse --on-suspend ask,deadline=1 --cpus 2 --qmp "$work/qmp"
    expect_event suspend-refused reason "no answer before the deadline"
    expect_event_count suspend-refused 2
    expect_scenario suspend64 --on-suspend ask,deadline=1,default=honour --qmp "$work/qmp"
    expect_event_count resumed 1
}

# The operator wakes the guest before the answer: if the call is then honoured, the sleep ends at once.
test_ask_woken() {
    make_work
    start_bare "scenario=wake-operator timer=0" --wake signal --on-suspend ask,deadline=50 \
        --qmp "$work/qmp"
    wait_event "$work/events" suspend-asked
    qmp system_wakeup 'x-dormouse-answer-suspend:{"honour":true}' @WAKEUP
    wait_guest
    expect_status 0
    expect_event wake source signal
}

test_reset_and_quit() {
    make_work
    start_bare "scenario=wake-operator timer=0" --wake signal --qmp "$work/qmp"
    wait_event "$work/events" asleep
    qmp system_reset @RESET
    expect_said '"host-qmp-system-reset"'
    wait_event "$work/events" asleep 2
    qmp stop system_reset query-status
    expect_said '"status":"paused"'
    expect_event_count boot 3
    qmp cont
    wait_event "$work/events" asleep 3
    qmp quit @SHUTDOWN .
    expect_said '"host-qmp-quit"'
    wait_guest
    expect_status 0
    expect_event quit reason "QMP quit"
}

# The log is renamed, as by logrotate, and dormouse continues in a fresh one. A restart appends to it.
# once reopen
test_reopen() {
    make_work
    start_bare "scenario=wake-operator timer=0" --wake signal --qmp "$work/qmp"
    wait_event "$work/events" asleep
    mv "$work/events" "$work/old"
    qmp x-dormouse-reopen system_wakeup @WAKEUP @SHUTDOWN .
    wait_guest
    expect_tap
    expect_status 0
    expect_equal "names in the old log" "$(event_names "$work/old")" \
        "boot suspend-request suspend-honoured asleep"
    expect_events wake resumed off
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --append scenario=version --events "$work/events" \
        --console none
    expect_status 0
    expect_events wake resumed off boot off
    "$DORMOUSE" timeline "$work/events" >"$work/timeline" || fail "the log is not whole"
    expect_equal "runs in the timeline" "$(grep -c '^$' "$work/timeline")" 1
}

# qmp_refuses COMMAND TEXT: the reply is an error that says so.
qmp_refuses() {
    if "$LAB_TOOLS/qmp" "$work/qmp" "$1" >"$work/qmp.new" 2>&1; then
        fail "$1 was not refused"
    fi
    expect_said "\"desc\":\"$2\""
}

# A wake that has no effect: the client gets the reason, and so does the log.
# once wake_ignored
test_wake_ignored() {
    make_work
    start_bare "scenario=wake-operator timer=0" --wake rtc --paused --qmp "$work/qmp"
    wait_event "$work/events" boot
    qmp query-status
    qmp_refuses system_wakeup "Unable to wake up: guest is not in suspended state"
    expect_event wake-ignored reason "the guest is awake"
    qmp cont
    wait_event "$work/events" asleep
    qmp_refuses system_wakeup \
        "wake-up from suspend is not supported by this guest: the operator is not among its wake sources (--wake)"
    qmp query-current-machine query-chardev
    expect_said '"wakeup-suspend-support":false'
    expect_said '"label":"qmp","filename":"unix:'
    qmp quit
    wait_guest
    expect_event_count wake-ignored 2
    expect_event_count wake 0
}

# What the guest does by itself reaches the operator: it sets its clock, and it hibernates.
# once heard
test_heard() {
    make_work
    start_bare "scenario=reset-cold reboots=1" --paused --qmp "$work/qmp"
    qmp cont @RTC_CHANGE @RESET @SHUTDOWN .
    expect_said '"qom-path":"/machine/rtc"'
    wait_guest
    expect_tap
    expect_status 0
    start_bare scenario=off2 --paused --qmp "$work/qmp"
    qmp cont @SUSPEND_DISK @SHUTDOWN .
    expect_said '"x-dormouse-hibernated":true'
    wait_guest
    expect_tap
    expect_status 4
}

# A log that has reached its limit continues in a fresh file.
# once log_limit
test_log_limit() {
    make_work
    head -c 4000 /dev/zero | tr '\0' '\n' >"$work/log"
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --append scenario=version --console none \
        --events "$work/log,max=4K"
    expect_status 0
    expect_equal "size of the old log" "$(wc -c <"$work/log.1")" 4000
    expect_equal "names in the fresh log" "$(event_names "$work/log")" "boot off"
}

# A guest is asked to shut down or to sleep by its keys; one without a driver, or paused, cannot be asked.
# once ask_guest
test_ask_guest() {
    make_work
    start_bare "scenario=keys timer=0" --no-shutdown --qmp "$work/qmp"
    wait_console ready
    qmp stop
    qmp_refuses system_powerdown "the VM is paused; continue it first"
    qmp cont x-dormouse-sleep @SUSPEND
    qmp_refuses x-dormouse-sleep "the guest is suspended already"
    qmp system_powerdown @WAKEUP @POWERDOWN @SHUTDOWN query-status
    expect_said '"status":"shutdown"'
    expect_tap
    qmp_refuses system_powerdown "the machine is off; reset it first"
    qmp quit
    wait_guest
    start_bare "scenario=wake-operator timer=0" --wake signal --qmp "$work/qmp"
    wait_event "$work/events" asleep
    qmp_refuses system_powerdown \
        "the guest has no agent that is connected, and no driver for the power key"
    expect_event_count wake 0
    qmp quit
    wait_guest
}

# An idle guest is asked to sleep, again after each wake. A busy one is not asked.
# once sleep_when_idle
test_sleep_when_idle() {
    start_bare "scenario=keys timer=0" --sleep-when-idle 1s,cpu=50
    wait_event "$work/events" asleep
    kill -USR1 "$guest"
    wait_event "$work/events" asleep 2
    kill -TERM "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_no_errors
    expect_event_count asked-to-sleep 2
    start_bare "scenario=uart-echo count=1" --sleep-when-idle 1s
    wait_console ready
    sleep 3
    type_keys x
    wait_guest
    expect_status 0
    expect_no_errors
    expect_event_count asked-to-sleep 0
}

# A guest that cannot be asked costs one line, however often it is idle, and one for a signal that is to save it.
# once idle_guest_that_cannot_be_asked
test_idle_guest_that_cannot_be_asked() {
    make_work
    why="the guest has no agent that is connected, and no driver for the sleep key"
    start_bare "scenario=keys listen=no" --sleep-when-idle 1s,cpu=50 --save "$work/image"
    wait_console ready
    wait_until 30 test -s "$work/errors" || fail "nothing is said"
    sleep 3
    kill -USR2 "$guest"
    wait_event "$work/events" request-failed
    expect_event request-failed reason "$why"
    kill -TERM "$guest"
    wait_guest
    expect_status 143
    expect_equal "what is said" "$(cat "$work/errors")" \
        "dormouse: --sleep-when-idle: the guest is idle and stays awake: $why
dormouse: SIGUSR2: the VM is not saved: $why"
    [ ! -e "$work/image" ] || fail "there is a file"
}

# With --no-shutdown the machine stays after it is off; a reset starts it again, paused.
# once no_shutdown
test_no_shutdown() {
    make_work
    start_bare "scenario=suspend64" --no-shutdown --qmp "$work/qmp"
    wait_event "$work/events" off
    qmp query-status
    expect_said '"status":"shutdown"'
    qmp system_reset query-status cont
    expect_said '"status":"paused"'
    wait_event "$work/events" off 2
    qmp quit
    wait_guest
    expect_status 0
}

# SYSTEM_RESET2: QMP's event has its type and cookie.
# once parameters
test_parameters() {
    make_work
    start_bare "scenario=reset2-warm reboots=1 cookie=0x1234" --qmp "$work/qmp" --psci-version 1.1 \
        --paused --no-shutdown
    qmp query-status cont @RESET
    expect_said '"status":"paused"'
    expect_said '"x-dormouse-kind":"warm","x-dormouse-type":"0x0","x-dormouse-cookie":"0x1234"'
    wait_event "$work/events" off
    qmp quit
    wait_guest
    expect_status 0
}

# At the path of the socket is a socket of another dormouse, a stale socket, or another kind of file.
# once socket
test_socket() {
    make_work
    start_bare "scenario=wake-operator timer=0" --wake signal --qmp "$work/qmp"
    wait_event "$work/events" asleep
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --qmp "$work/qmp" --console none 2>"$work/second"
    expect_status 1
    expect_equal "the second one's words" "$(cat "$work/second")" \
        "dormouse: --qmp $work/qmp: another program already listens there"
    kill -KILL "$guest"
    wait_until 10 test -e "$work/status"
    [ -S "$work/qmp" ] || fail "the killed one's socket is gone"
    expect_scenario suspend64 --qmp "$work/qmp"
    echo precious >"$work/qmp"
    run_status "$DORMOUSE" run --kernel "$LAB_BARE" --qmp "$work/qmp" --console none 2>"$work/second"
    expect_status 1
    expect_equal "the file that was there" "$(cat "$work/qmp")" precious
}

# limit admission 200
test_admission() {
    make_work
    [ "$LAB_HOST" != 6.1 ] || {
        run_bare scenario=suspend64 --cpus 1,max=2
        expect_status 1
        return 0
    }
    guest_limit=160
    start_linux admission --cpus 2,max=4 --qmp "$work/qmp"
    wait_console "waits for CPU 2" 100
    expect_event_count vcpu-not-admitted 2
    qmp query-cpus-fast
    expect_said '"x-dormouse-state":"off","x-dormouse-admitted":false'
    qmp 'x-dormouse-admit-vcpu:{"cpu-index":2}' @X_DORMOUSE_VCPU_ADMITTED
    wait_console "CPU 2 came" 60
    qmp 'x-dormouse-withdraw-vcpu:{"cpu-index":2}'
    expect_event_count vcpu-withdrawn 0
    type_keys '\n'
    wait_guest
    expect_linux_ok
    expect_event boot admitted 2
    expect_event vcpu-withdrawn vcpu 2
}

# expect_ps STATE: the VM is in the list, in that state.
expect_ps() {
    "$DORMOUSE" ps >"$work/ps"
    grep -q "^web  *$1  " "$work/ps" || fail "not $1 in the list: $(cat "$work/ps")"
}

# Whether `dormouse console` is attached.
has_pty() {
    for descriptor in "/proc/$attached/fd/"*; do
        case $(readlink "$descriptor") in /dev/pts/*) return 0 ;; esac
    done
    return 1
}

# Lets the VM go on, and tells whether `dormouse events -f` has shown it: it may have begun too late.
is_followed() {
    "$DORMOUSE" stop web
    "$DORMOUSE" cont web
    grep -q ' web RESUME$' "$work/happened"
}

# Whether the guest sleeps when it is asked to: at first it has no driver for the key.
is_asleep() {
    "$DORMOUSE" suspend web 2>"$work/second"
}

# Whether the VM is saved as a file. Its guest is asked to sleep first.
is_saved() {
    "$DORMOUSE" save web 2>"$work/second"
}

# A VM of a configuration file is found by its name, and does what it is told. Its user may not remove its files.
# once by_name
# limit by_name 300
test_by_name() {
    make_work
    mkdir "$work/dormouse" "$work/runtime"
    export XDG_CONFIG_HOME="$work" XDG_RUNTIME_DIR="$work/runtime"
    cat >"$work/dormouse/web.conf" <<END
# a bare guest
kernel = $LAB_BARE
append = scenario=keys
    timer=0
no-shutdown = yes
console = pty
END
    start_dormouse run web --paused
    wait_until 30 test -L "$work/runtime/dormouse/web.console" || fail "no console"
    "$DORMOUSE" console web </dev/null >"$work/console" &
    attached=$!
    "$DORMOUSE" events -f web >"$work/happened" &
    wait_until 30 has_pty || fail "dormouse console has no pseudo-terminal"
    wait_until 30 is_followed || fail "no event: $(cat "$work/happened")"
    wait_console ready
    [ "$(stat -c %a "$work/runtime/dormouse/web.qmp")" = 600 ] || fail "others may connect"
    run_status "$DORMOUSE" run web 2>"$work/second"
    expect_status 1
    grep -qx 'dormouse: --name web: a VM of that name runs already; see dormouse ps' "$work/second" ||
        fail "a second VM: $(cat "$work/second")"
    expect_ps running
    "$DORMOUSE" suspend 'w*'
    expect_ps suspended
    run_status "$DORMOUSE" suspend web 2>"$work/second"
    expect_status 1
    "$DORMOUSE" wake web
    wait_event "$work/events" resumed
    "$DORMOUSE" top web >"$work/ps"
    grep -qE '^web +running +[0-9ms ]+s +1 ' "$work/ps" || fail "not awake, once: $(cat "$work/ps")"
    "$DORMOUSE" stop web
    expect_ps paused
    "$DORMOUSE" cont web
    "$DORMOUSE" poweroff web
    expect_tap
    expect_ps shutdown
    "$DORMOUSE" quit web
    wait_guest
    expect_status 0
    wait $attached || fail "dormouse console ended with status $?"
    expect_ps "not running"
    run_status "$DORMOUSE" wake web 2>"$work/second"
    expect_status 3
    grep -q ' web SHUTDOWN guest=false reason=host-qmp-quit$' "$work/happened" ||
        fail "not the last event: $(cat "$work/happened")"
    start_dormouse run web --console none --save "$work/image" # The name that was left is free.
    wait_until 60 is_asleep || fail "the guest does not sleep: $(cat "$work/second")"
    "$DORMOUSE" reboot web
    wait_event "$work/events" boot 2
    expect_event off kind off
    expect_ps running
    "$DORMOUSE" reset web
    wait_event "$work/events" boot 3
    expect_event reset kind cold
    expect_ps running
    wait_until 60 is_saved || fail "the VM is not saved: $(cat "$work/second")"
    wait_guest
    expect_status 6
    expect_event saved file "$work/image"
    expect_ps "not running"
    start_dormouse run web --console none --restore "$work/image"
    wait_event "$work/events" resumed
    "$DORMOUSE" poweroff web
    expect_event restored file "$work/image"
    expect_ps shutdown
    run_status "$DORMOUSE" save web 2>"$work/second"
    expect_status 1
    grep -q '^dormouse: save web: ' "$work/second" || fail "it is off, and saved: $(cat "$work/second")"
    "$DORMOUSE" quit web
    wait_guest
    expect_status 0
}
