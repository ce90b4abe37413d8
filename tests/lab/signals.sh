# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# sanitized
# Signals and keys in every state, terminals left as they were, two instances at once.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

# ends_by SIGNAL STATUS: a guest that is awake, and one that is asleep, end by the signal.
ends_by() {
    start_bare "scenario=uart-echo count=1"
    wait_console ready
    kill -"$1" "$guest"
    wait_guest
    expect_status "$2"
    expect_event quit reason "SIG$1"
    expect_no_errors
    for wake in signal all; do
        start_bare scenario=wake-operator --wake $wake
        wait_event "$work/events" asleep
        kill -"$1" "$guest"
        wait_guest
        expect_status "$2"
        expect_event quit reason "SIG$1"
        expect_no_errors
    done
}

test_term() {
    ends_by TERM 143
}

# SIGTERM presses the power key of a guest that has a driver for it, asleep or awake.
# once term_shuts_down
test_term_shuts_down() {
    make_work
    start_bare scenario=keys --qmp "$work/qmp"
    wait_console ready
    qmp x-dormouse-sleep @X_DORMOUSE_SLEEP_ASKED @SUSPEND @WAKEUP
    kill -TERM "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_events boot asked-to-sleep suspend-request suspend-honoured asleep wake resumed \
        asked-to-shut-down off
    expect_event asked-to-shut-down way key
    start_bare "scenario=keys timer=0" --no-shutdown --qmp "$work/qmp"
    wait_console ready
    qmp x-dormouse-sleep @SUSPEND
    kill -TERM "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_event wake source signal
    expect_no_errors
}

# With --keep SIGTERM saves the VM (systemd.sh); one whose guest cannot sleep ends as without it, and another signal still
# turns it off. One that is paused is saved. If the file comes while a second one starts, that does not boot.
# once term_keep
test_term_keep() {
    make_work
    start_bare "scenario=uart-echo count=1" --keep "$work/kept"
    wait_console ready
    kill -TERM "$guest"
    wait_guest
    expect_status 143
    expect_equal errors "$(cat "$work/errors")" \
        "dormouse: SIGTERM: the VM is not saved: the guest has no agent that is connected, and no driver for the sleep key"
    [ ! -e "$work/kept" ] || fail "there is a file"
    start_bare "scenario=keys timer=0" --keep "$work/kept"
    wait_console ready
    kill -38 "$guest" # SIGRTMIN+4
    wait_guest
    expect_tap
    expect_status 0
    expect_events boot asked-to-shut-down off
    start_bare "scenario=keys timer=0" --keep "$work/kept" --qmp "$work/qmp"
    wait_console ready
    qmp stop
    kill -TERM "$guest"
    wait_guest
    expect_status 6
    expect_events boot paused continued asked-to-sleep suspend-request suspend-honoured asleep saved
    rm "$work/kept"
    mkfifo "$work/kernel"
    start_dormouse run --kernel "$work/kernel" --keep "$work/kept"
    {
        exec 8>"$work/kernel"
        : >"$work/kept"
        cat "$LAB_BARE" >&8
    } &
    wait_guest
    expect_status 1
    expect_equal errors "$(cat "$work/errors")" \
        "dormouse: --keep $work/kept: another dormouse has just saved the VM: start this one again"
}

# A guest that ignores the key ends by a second signal, or after the limit.
# once term_ignored
test_term_ignored() {
    start_bare "scenario=keys ignore=yes"
    wait_console ready
    kill -TERM "$guest"
    wait_event "$work/events" asked-to-shut-down
    [ ! -e "$work/status" ] || fail "the first signal ended it"
    kill -TERM "$guest"
    wait_guest
    expect_status 143
    expect_event quit reason SIGTERM
    expect_no_errors
    start_bare "scenario=keys ignore=yes" --shutdown-limit 1
    wait_console ready
    kill -TERM "$guest"
    wait_guest
    expect_status 143
    expect_event request-failed reason "the guest has not shut down in time"
    expect_equal "what is said" "$(cat "$work/errors")" \
        "dormouse: SIGTERM: the guest does not shut down: the guest has not shut down in time"
    start_bare "scenario=keys" --shutdown-limit 0
    wait_console ready
    kill -TERM "$guest"
    wait_guest
    expect_status 143
    expect_event_count asked-to-shut-down 0
}

test_int() {
    runner="$LAB_TOOLS/default_signals"
    ends_by INT 130
}

# Without a file, SIGHUP means that the terminal has hung up.
# once hup
test_hup() {
    make_work
    "$LAB_TOOLS/default_signals" "$DORMOUSE" run --kernel "$LAB_BARE" \
        --append "scenario=uart-echo count=1" --console pty 2>"$work/errors" &
    guest=$!
    wait_until 20 grep -q 'console is on' "$work/errors" || fail "no name of a pty"
    kill -HUP "$guest"
    run_status wait "$guest"
    : >"$work/status"
    expect_status 129
}

# With a file, SIGHUP opens it again, whether the guest is awake or asleep.
# once hup_reopens
test_hup_reopens() {
    make_work
    "$DORMOUSE" run --kernel "$LAB_BARE" --append "scenario=wake-operator" \
        --console "$work/console" --events "$work/events" 2>"$work/errors" &
    guest=$!
    wait_event "$work/events" asleep
    mv "$work/events" "$work/events.old"
    mv "$work/console" "$work/console.old"
    kill -HUP "$guest"
    wait_until 20 test -e "$work/console" || fail "the console was not opened again"
    kill -USR1 "$guest"
    run_status wait "$guest"
    : >"$work/status"
    expect_status 0
    expect_event wake source signal
    expect_equal "wakes in the old log" "$(event_count "$work/events.old" wake)" 0
    cat "$work/console.old" "$work/console" >"$work/both"
    expect_equal verdict "$(tr -d '\r' <"$work/both" | tap_verdict)" ok
    expect_no_errors
}

# As nohup and background jobs of scripts require.
# once ignored_signals_stay_ignored
test_ignored_signals_stay_ignored() {
    for signal in HUP INT TERM; do
        make_work
        rm -f "$work/events"
        # shellcheck disable=SC2064 # this signal
        (
            trap '' "$signal"
            exec "$DORMOUSE" run --kernel "$LAB_BARE" --append "scenario=wake-operator" \
                --console pty --events "$work/events" 2>"$work/errors"
        ) &
        guest=$!
        wait_event "$work/events" asleep
        kill -"$signal" "$guest"
        kill -USR1 "$guest"
        run_status wait "$guest"
        : >"$work/status"
        expect_status 0
    done
}

# The guest writes more than the limit of file sizes allows: it continues, and the reason is reported.
# once file_limit_costs_output_only
test_file_limit_costs_output_only() {
    ! skips_under thread "the limit holds for a file that its runtime makes, too" || return 0
    make_work
    (
        ulimit -f 1 # 512 bytes: less than a filter of the sandbox has
        exec "$DORMOUSE" run --kernel "$LAB_BARE" --append "scenario=suspend-many cycles=50" \
            --console "$work/console" --events "$work/events" 2>"$work/errors"
    ) &
    guest=$!
    run_status wait "$guest"
    : >"$work/status"
    expect_status 0
    grep -q "cannot write to event log $work/events: File too large" "$work/errors" ||
        fail "it is said: $(cat "$work/errors")"
}

# A signal that comes before the guest exists is not lost either.
test_term_at_once() {
    for delay in 0 0.01 0.03 0.1; do
        start_bare scenario=wake-operator
        sleep $delay
        kill -TERM "$guest"
        wait_guest
        case $status in
        143) ;;
        *) fail "exit status $status after $delay s" ;;
        esac
    done
}

# While a hostile kernel of 4 GiB is unpacked, the signal ends dormouse, not the end of the stream (status 1).
# once term_while_unpacking
test_term_while_unpacking() {
    make_work
    kernel_bomb "$work/bomb"
    for signal in TERM HUP; do
        start_dormouse run --kernel "$work/bomb" --memory 5G
        sleep 0.3
        kill -$signal "$guest"
        wait_guest
        case $signal:$status in
        TERM:143 | HUP:129) ;;
        *) fail "exit status $status after SIG$signal" ;;
        esac
    done
}

# A device tree is dumped without unpacking the kernel, which here would take for ever.
# once dump_dtb_unpacks_nothing
test_dump_dtb_unpacks_nothing() {
    make_work
    kernel_bomb "$work/bomb"
    run_status "$DORMOUSE" run --kernel "$work/bomb" --memory 5G --dump-dtb "$work/tree"
    expect_status 0
    [ -s "$work/tree" ] || fail "there is no tree"
}

# Job control stops and continues dormouse all the time until the guest runs; the guest runs as usual.
# once stop_at_start
test_stop_at_start() {
    for round in 1 2 3 4 5 6 7 8; do
        start_bare scenario=features
        while [ ! -s "$work/events" ] && [ ! -e "$work/status" ]; do
            kill -STOP "$guest" 2>/dev/null || break
            kill -CONT "$guest" 2>/dev/null || break
        done
        wait_guest
        expect_tap
        expect_status 0
        mode=$(event_field "$work/events" boot psci_mode)
        expect_equal "who answers PSCI in round $round" "$mode" "${mode_before:=$mode}"
    done
}

# Job control stops and continues dormouse: while the guest is awake, asleep, and while a wake comes.
test_stop_and_continue() {
    start_bare "scenario=wake-operator timer=300" --wake signal
    wait_event "$work/events" boot
    kill -STOP "$guest"
    sleep 0.5
    kill -CONT "$guest"
    wait_event "$work/events" asleep
    kill -STOP "$guest"
    sleep 0.5
    expect_event_count wake 0
    kill -USR1 "$guest"
    sleep 0.5
    expect_event_count wake 0
    kill -CONT "$guest"
    wait_guest
    expect_tap
    expect_status 0
    expect_event wake source signal
}

# A signal to a guest that is awake changes nothing, and the log says so.
test_signal_awake() {
    start_bare "scenario=uart-echo count=1"
    wait_console ready
    kill -USR1 "$guest"
    wait_event "$work/events" wake-ignored
    expect_event wake-ignored source signal
    expect_event wake-ignored reason "the guest is awake"
    type_keys x
    wait_guest
    expect_tap
    expect_status 0
}

# SIGUSR1 again and again around the calls of a guest that sleeps a thousand times: every sleep ends.
# limit wake_storm 120
test_wake_storm() {
    guest_limit=100
    start_bare "scenario=suspend-many cycles=300" --cpus 2
    wait_event "$work/events" boot # Before, SIGUSR1 may come to a process that does not know it yet.
    until [ -e "$work/status" ]; do
        kill -USR1 "$guest" 2>/dev/null || break
        sleep 0.01
    done
    wait_guest
    expect_tap
    expect_status 0
    expect_event_count resumed 300
}

# Terminals.

# on_terminal STEP... -- ARGUMENT...: runs dormouse on a terminal of its own; sets $status.
on_terminal() {
    make_work
    run_status "$LAB_TOOLS/with_tty" --limit 50 "$@" >"$work/console" 2>"$work/errors"
    cat "$work/console"
}

expect_restored() {
    expect_console "with_tty: terminal restored"
}

test_key_quits() {
    make_work
    on_terminal --raw --keys '\x01x' -- "$DORMOUSE" run --kernel "$LAB_BARE" \
        --append scenario=wake-operator --events "$work/events"
    expect_status 130
    expect_restored
    expect_event quit reason "Ctrl-a x"
    expect_console "dormouse: ended by Ctrl-a x"
}

# once key_quits_and_leaves_a_log_of_errors_empty
test_key_quits_and_leaves_a_log_of_errors_empty() {
    make_work
    # shellcheck disable=SC2016 # for the inner shell
    on_terminal --raw --keys '\x01x' -- sh -c 'exec "$@" 2>"$0"' "$work/said" "$DORMOUSE" run --kernel "$LAB_BARE" \
        --append scenario=wake-operator
    expect_status 130
    expect_restored
    [ -e "$work/said" ] || fail "dormouse was not started with a log"
    [ ! -s "$work/said" ] || fail "standard error has $(cat "$work/said")"
}

# once key_helps
test_key_helps() {
    on_terminal --raw --keys '\x01h' --after 'Ctrl-a' --keys '\x01x' -- "$DORMOUSE" run \
        --kernel "$LAB_BARE" --append scenario=wake-operator
    expect_status 130
    expect_restored
}

# If the console is the terminal, Ctrl-C goes to the guest.
# once interrupt_key_goes_to_the_guest
test_interrupt_key_goes_to_the_guest() {
    on_terminal --raw --after ready --keys '\x03' -- "$DORMOUSE" run --kernel "$LAB_BARE" \
        --append "scenario=uart-echo count=1"
    expect_status 0
    expect_restored
    expect_console "$(printf 'echo: \003')"
}

# If the console is not the terminal, Ctrl-C ends dormouse.
# once interrupt_key_ends
test_interrupt_key_ends() {
    on_terminal --wait 1500 --keys '\x03' -- "$DORMOUSE" run --kernel "$LAB_BARE" \
        --append scenario=wake-operator --console none
    expect_status 130
    expect_restored
}

# once terminal_restored_by_signals
test_terminal_restored_by_signals() {
    segv=11
    for sanitizer in address thread; do
        ! skips_under $sanitizer "SIGSEGV, for which the sanitizer has a handler of its own" || segv=''
    done
    for name in QUIT 6 $segv 14 TERM INT HUP; do # 6, 11, 14: ABRT, SEGV, ALRM
        on_terminal --raw --kill "$name" -- "$DORMOUSE" run --kernel "$LAB_BARE" \
            --append scenario=wake-operator
        expect_restored
    done
    expect_status 129
}

# once terminal_restored_by_power_off
test_terminal_restored_by_power_off() {
    on_terminal --raw -- "$DORMOUSE" run --kernel "$LAB_BARE" --append scenario=version
    expect_status 0
    expect_restored
}

# The shell restores the terminal when a job stops; after SIGCONT dormouse must set it to raw mode again.
# once terminal_raw_after_continue
test_terminal_raw_after_continue() {
    on_terminal --raw --kill STOP --cook --kill CONT --raw --keys '\x01x' -- "$DORMOUSE" run \
        --kernel "$LAB_BARE" --append scenario=wake-operator
    expect_status 130
    expect_restored
}

# once error_leaves_terminal_alone
test_error_leaves_terminal_alone() {
    on_terminal -- "$DORMOUSE" run --kernel /no/such
    expect_status 1
    expect_restored
}

# Other targets of the console.

# once console_pty
test_console_pty() {
    make_work
    "$DORMOUSE" run --kernel "$LAB_BARE" --append "scenario=uart-echo count=3" --console pty \
        --events "$work/events" 2>"$work/errors" &
    guest=$!
    wait_until 20 grep -q 'console is on /dev/pts/' "$work/errors" || fail "no name of a pty"
    pty=$(sed -n 's/.*console is on //p' "$work/errors")
    sleep 1 # No program has it open: the guest's output is lost, and the guest is not delayed.
    # In a child, which does not lead a session; otherwise the pty would become this shell's terminal.
    (
        exec 8<>"$pty"
        stty raw -echo <&8
        printf abc >&8
        while kill -0 "$guest" 2>/dev/null; do sleep 0.1; done
    )
    run_status wait "$guest"
    : >"$work/status"
    expect_status 0
}

# once console_file
test_console_file() {
    make_work
    "$DORMOUSE" run --kernel "$LAB_BARE" --append scenario=version --console "$work/console" ||
        fail "exit status $?"
    expect_tap
}

# Two instances share nothing but the kernel image and the machine.
# once two_instances
test_two_instances() {
    make_work
    "$DORMOUSE" run --name one --kernel "$LAB_BARE" --append "scenario=suspend-many cycles=50" \
        --console "$work/console1" --events "$work/events1" &
    one=$!
    "$DORMOUSE" run --name two --kernel "$LAB_BARE" --append "scenario=suspend-many cycles=50" \
        --console "$work/console2" --events "$work/events2" &
    two=$!
    wait $one || fail "the first ended with $?"
    wait $two || fail "the second ended with $?"
    for number in 1 2; do
        expect_equal "verdict $number" "$(tr -d '\r' <"$work/console$number" | tap_verdict)" ok
        expect_equal "resumed $number" "$(event_count "$work/events$number" resumed)" 50
    done
    expect_equal name "$(event_field "$work/events2" boot vm)" two
}

# The name is in messages, events, the threads' names and the guest's device tree.
# once name
test_name() {
    start_bare scenario=wake-operator --name bedroom --cpus 2
    wait_event "$work/events" asleep
    expect_event boot vm bedroom
    cat /proc/"$guest"/task/*/comm >"$work/threads"
    grep -qx bedroom/1 "$work/threads" || fail "threads: $(cat "$work/threads")"
    kill -TERM "$guest"
    wait_guest
    "$DORMOUSE" run --name bedroom --kernel "$LAB_BARE" --dump-dtb "$work/dtb" || fail "no device tree"
    grep -qa bedroom "$work/dtb" || fail "the device tree lacks the name"
    run_status "$DORMOUSE" run --name bedroom --kernel /no/such 2>"$work/errors"
    expect_equal message "$(cat "$work/errors")" \
        "dormouse: bedroom: cannot open kernel image /no/such: No such file or directory"
}
