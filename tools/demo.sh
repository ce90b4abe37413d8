# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# `./dev demo`: shows a stock Debian guest fall asleep and wake, and says what the run proved.

demo_help() {
    cat <<'EOF'
./dev demo [disk|hyp]

Boots a stock Debian guest on dormouse in the lab, lets it suspend to RAM and wake by its clock's alarm, then
lets it sleep as a web server until a request wakes it. Shows the events as they happen, and ends with what the
run proved. Takes about a minute, after everything is built.

  disk   a whole Debian on a disk sleeps and becomes a file. Its dormouse is killed, another one takes the file,
         and an SSH connection wakes the guest. Takes some minutes
  hyp    the guest sleeps and wakes on hyp, a hypervisor of this project with no operating system beneath it

The exit status is 0 if all of that was seen, otherwise 1.
EOF
}

demo_command() {
    case ${1-} in
    '') demo_sleep ;;
    disk)
        take_nothing "demo disk" "${@:2}"
        demo_disk
        ;;
    hyp)
        take_nothing "demo hyp" "${@:2}"
        demo_hyp
        ;;
    *) die "demo: there is no demo '$1'; see ./dev demo --help" ;;
    esac
}

demo_sleep() {
    demo_prepare
    cat <<'EOF'
A stock Debian kernel boots on dormouse with 2 of its 3 vCPUs, which use idle states. It asks for the third one,
which starts after the operator has admitted it. Then it sets the alarm of its real-time clock and suspends to
RAM: it calls SYSTEM_SUSPEND, which dormouse honours. After that it becomes a web server and sleeps without
an alarm, until a client asks it for a page. Below are dormouse's events, with the time since the start. Lines
after a bar are the guest's console.

EOF
    demo_run in_lab.sh --limit 120
    demo_end demo_prove
}

# Says what was proved. Fails if something was not.
demo_end() { # FUNCTION
    if "$1"; then
        say "demo: passed: all of this was seen"
    else
        complain "demo: FAILED: what was not seen is marked above"
        return 1
    fi
}

# Everything that reports progress comes before the introduction, which says that events follow.
demo_prepare() { # [SET-OF-PACKAGES]...
    local sets
    readarray -t sets < <(lab_needs)
    sets+=("$@")
    need build "${sets[@]}" # One installation for all is faster than one for each.
    compile_targets=vmm/dormouse build_for native # For dormouse timeline.
    build_for arm64
    lab_fetch 6.12 cloud
}

# Runs a script in the lab, shows its lines as they come, and keeps them.
demo_run() { # SCRIPT OPTION-OF-LAB...
    local line lab_process output timeline
    demo_events=() demo_guest=() demo_cpu=() demo_found=() demo_status='' demo_answer=''
    exec {output}< <(exec "$root/dev" lab run --in "$root/tools/demo/$1" "${@:2}" -- sh "$1")
    lab_process=$!
    # Ctrl-C reaches the lab as well; other signals must be passed on.
    trap 'kill -TERM "$lab_process" 2>/dev/null || true; wait; exit 143' TERM
    trap 'wait; printf "\n"; say "demo: stopped by Ctrl-C; nothing of it is left"; exit 130' INT
    exec {timeline}> >(exec "$build/native/vmm/dormouse" timeline)
    local timeline_process=$!
    while IFS= read -r -u "$output" line; do
        line=${line//$'\r'/}
        case $line in
        "event "*) demo_event "${line#event }" ;;
        "guest "*) demo_guest_line "${line#guest }" ;;
        "cpu "*) demo_cpu+=("${line#cpu }") ;;
        "answer "*) demo_answer=${line#answer } ;;
        "step "*) demo_step "${line#step }" ;;
        "fact "* | "before "* | "after "*) demo_found+=("$line") ;;
        "fail: "*) complain "demo: ${line#fail: }" ;;
        "status "*) demo_status=${line#status } ;;
        esac
    done
    exec {output}<&- {timeline}>&-
    wait "$timeline_process" "$lab_process" || true
    trap - TERM INT
}

demo_event() { # JSON
    demo_events+=("$1")
    printf '%s\n' "$1" >&"$timeline"
    pause 0.03 # The timeline writes to the same terminal, and the guest's next line belongs below its line.
}

# What the operator does.
demo_step() { # TEXT
    printf '%13s %s\n' '>' "$1"
}

# Shows the lines of the guest's console that matter for the demo.
demo_guest_line() { # TEXT
    local text=$1
    demo_guest+=("$text")
    text=${text#\[*\] }
    case $text in
    GUEST:* | PM:\ suspend* | psci:* | Enabling\ non-boot* | CPU[0-9]*\ is\ up | *crng\ reseeded* | \
        *Oops* | *panic* | *Call\ trace* | reboot:*)
        printf '%s%13s %s%s\n' "$dim" '|' "${text//[^[:print:]]/?}" "$plain"
        ;;
    esac
}

# Prints a member of the first event of that name, or nothing.
demo_field() { # EVENT MEMBER
    local json pattern="\"$2\":\"?([^\",}]*)"
    for json in "${demo_events[@]}"; do
        if [[ $json == *"\"event\":\"$1\""* ]]; then
            [[ $json =~ $pattern ]] && printf '%s' "${BASH_REMATCH[1]}"
            return
        fi
    done
}

demo_count() { # EVENT
    local json count=0
    for json in "${demo_events[@]}"; do
        [[ $json != *"\"event\":\"$1\""* ]] || count=$((count + 1))
    done
    echo "$count"
}

# Whether some event of that name has that member.
demo_any() { # EVENT "MEMBER":VALUE
    local json
    for json in "${demo_events[@]}"; do
        [[ $json != *"\"event\":\"$1\""*"$2"* ]] || return 0
    done
    return 1
}

demo_guest_said() { # PATTERN: a regular expression; its first group goes to `said`
    local text
    said=''
    for text in "${demo_guest[@]}"; do
        if [[ $text =~ $1 ]]; then
            said=${BASH_REMATCH[1]-}
            return 0
        fi
    done
    return 1
}

# Prints one line of the proof: a claim, and whether all its conditions were seen.
demo_claim() { # SENTENCE CONDITION...
    local sentence=$1 condition
    shift
    for condition; do
        if [[ $condition != yes ]]; then
            printf '  %snot seen%s  %s\n' "$red" "$plain" "$sentence"
            demo_failed=yes
            return
        fi
    done
    printf '  %sseen%s      %s\n' "$green" "$plain" "$sentence"
}

yes_if() { # COMMAND...
    if "$@"; then
        echo yes
    else
        echo no
    fi
}

# Nanoseconds as seconds with two decimals.
demo_seconds() { # NANOSECONDS
    printf '%d.%02d' $(($1 / 1000000000)) $(($1 % 1000000000 / 10000000))
}

# Prints the processor time of dormouse between the first and the last look while asleep: "MILLISECONDS SECONDS".
demo_processor_time() {
    local first last
    read -ra first <<<"${demo_cpu[0]-0 0}"
    read -ra last <<<"${demo_cpu[-1]-0 0}"
    # The lab's kernel counts in hundredths, for processor time and for its uptime.
    printf '%d ' $(((last[0] - first[0]) * 10))
    demo_seconds $((10#${last[1]/./}0000000 - 10#${first[1]/./}0000000))
}

# The claims that need dormouse to answer PSCI, from Linux 6.4 on.
demo_prove_policy() {
    local said=''
    demo_guest_said '^GUEST: its idle CPUs use cpu-powerdown, CPU 0 ([1-9][0-9]*) times' || true
    demo_claim "its idle CPUs power down and come back: CPU 0 did so ${said:-?} times before the sleep" \
        "$(yes_if test "$said")"
    demo_claim "its CPU 2 was refused, and started after the operator had admitted it" \
        "$(yes_if test "$(demo_field vcpu-not-admitted vcpu)" = 2)" \
        "$(yes_if test "$(demo_field vcpu-admitted vcpu)" = 2)" \
        "$(yes_if demo_guest_said '^GUEST: CPU 2 came, CPUs 0-2$')"
}

# The time is from the client's connection to the last byte of the answer.
demo_prove_server() {
    local hundredths=${demo_answer%% *} answer=${demo_answer#* }
    demo_claim "it became a web server and slept again, without an alarm" \
        "$(yes_if demo_guest_said '^GUEST: it serves HTTP')" "$(yes_if test "$(demo_count asleep)" = 2)"
    demo_claim "a packet for it, an HTTP request to the sleeping server, woke it" \
        "$(yes_if demo_any wake '"source":"net"')"
    demo_claim "that request was answered, after $(demo_seconds $((${hundredths:-0} * 10000000))) s: ${answer:-?}" \
        "$(yes_if test "$answer" = "Linux ${kernel:-?} was asleep")"
}

# All claims are checked with the events and the console of this run.
demo_prove() {
    local said='' kernel entry asleep cpu demo_failed=''
    entry=$(demo_field suspend-request entry)
    asleep=$(demo_field resumed asleep_ns)
    asleep=${asleep:-0}
    cpu=$(demo_processor_time)
    printf '\nWhat this run proves:\n'
    demo_guest_said '^GUEST: Linux ([^ ]+) is up, CPUs 0-1$' || true
    kernel=$said
    demo_claim "Debian's own kernel, Linux ${kernel:-?}, booted on dormouse with 2 CPUs" \
        "$(yes_if test "$kernel")" "$(yes_if test "$(demo_field boot admitted)" = 2)"
    if [[ $(demo_field boot psci_mode) == user ]]; then
        demo_prove_policy
    fi
    demo_claim "it took its other CPUs down and called SYSTEM_SUSPEND with entry point ${entry:-?}" \
        "$(yes_if demo_guest_said 'psci: CPU1 killed')" "$(yes_if test "$entry")"
    demo_claim "dormouse honoured that: the guest was asleep for $(demo_seconds "$asleep") s" \
        "$(yes_if test "$(demo_field suspend-honoured event)")" \
        "$(yes_if test "$(demo_field asleep event)")" "$(yes_if test "$asleep" -gt 1000000000)"
    demo_claim "asleep, the virtual machine used next to no processor time: ${cpu% *} ms in ${cpu#* } s" \
        "$(yes_if test "${cpu#* }" != 0.00 -a "${cpu% *}" -le 20)"
    demo_claim "the alarm of its real-time clock woke it" \
        "$(yes_if test "$(demo_field wake source)" = rtc)"
    demo_claim "it continued at the entry point that it had given, and knew that it had slept" \
        "$(yes_if test "$entry" -a "$(demo_field resumed entry)" = "$entry")" \
        "$(yes_if demo_guest_said 'crng reseeded on system resumption')"
    demo_claim "all its CPUs came back" "$(yes_if demo_guest_said '^GUEST: awake after [0-9]+ s, CPUs 0-[12]$')"
    demo_guest_said '^GUEST: its clock is off by (-?[0-9]+) s$' || true
    demo_claim "its clock is right: off by ${said:-?} s" "$(yes_if test "$said")"
    demo_prove_server
    demo_claim "the script that slept continued to its end" "$(yes_if demo_guest_said '^GUEST: ok$')"
    demo_claim "it turned itself off, and dormouse ended with status 0" \
        "$(yes_if test "$(demo_field off kind)" = off)" "$(yes_if test "$demo_status" = 0)"
    [[ ! $demo_failed ]]
}
