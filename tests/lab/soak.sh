# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# A whole Debian sleeps again and again while fio writes to its disk and checks what it reads, and while SSH sessions are
# open. It has no test of its own; long.sh runs it.

# shellcheck source=tests/lab/disk.sh
. "$LAB_TESTS/disk.sh"
# shellcheck source=tests/lab/debian.sh
. "$LAB_TESTS/debian.sh"

# What the guest runs. writer: pass after pass fio writes two files, one past the page cache, and reads them back; the
# blocks of each pass differ, so that a lost write is seen. check: reads once more what the last pass has written. answer
# NUMBER: a line with the time, bytes of the random number generator, sectors that the disk has read and written, 1 if the
# writer has failed.
soak_program() {
    cat <<'EOF'
set -u
folder=/var/soak
run_fio() { # PASS OPTION...
    seed=$1
    shift
    fio --output-format=terse --terse-version=3 --directory=$folder --rw=randwrite --bs=4k --size=16M \
        --randseed="$seed" --verify=crc32c --verify_fatal=1 "$@" \
        --name=direct --ioengine=libaio --iodepth=8 --direct=1 --name=buffered --ioengine=psync --fsync=64
}
count_verified() { # OUTPUT
    awk -F ';' '$1 == 3 { sum += $6 } END { print sum + 0 }' "$1"
}
case $1 in
writer)
    mkdir -p $folder
    rm -f /run/soak.*
    pass=$(cat $folder/pass 2>/dev/null || echo 0)
    while [ ! -e /run/soak.stop ]; do
        pass=$((pass + 1))
        run_fio $pass --do_verify=1 >/run/soak.out 2>&1 || { touch /run/soak.failed; exit 1; }
        echo "$(count_verified /run/soak.out)" >>$folder/verified
        echo $pass >$folder/pass
    done
    sync
    ;;
check)
    run_fio "$(cat $folder/pass)" --verify_only >/run/soak.out 2>&1 || { cat /run/soak.out; exit 1; }
    count_verified /run/soak.out
    ;;
answer)
    read -r _ _ read _ _ _ written _ </sys/class/block/vda/stat
    failed=0
    [ ! -e /run/soak.failed ] || failed=1
    echo "answer $2 $(date +%s.%N) $(head -c 16 /dev/hwrng | wc -c) $((read + written)) $failed"
    ;;
esac
EOF
}

# soak RTC-SLEEPS OPERATOR-SLEEPS: the guest has slept so often by an alarm, and so often because the operator asked for it
# and then woke it. A guest whose own virtio_blk has oopsed (CAVEATS.md) is started again; that sleep does not count.
soak() {
    soak_rtc=0 soak_operator=0 soak_oopses=0 soak_early=0 soak_late=0 soak_question=0 soak_delay=3 soak_clock_error=0
    make_disk root
    learn_time
    find_uplink
    soak_start
    while [ $((soak_rtc + soak_operator)) -lt $(($1 + $2)) ]; do
        [ $(((soak_rtc + soak_operator) % 10)) != 0 ] || echo "$soak_rtc and $soak_operator sleeps, $(date)"
        if [ $soak_rtc -lt "$1" ]; then
            soak_by_rtc || soak_start_again
        else
            soak_by_operator || soak_start_again
        fi
    done
    soak_finish
}

soak_start() {
    start_dormouse run --cpus 2 --memory 1G --disk "$disk" --agent --rng --qmp "$work/qmp" --wake rtc,signal \
        --net user,forward=tcp:127.0.0.1/2222:22
    soak_slept=0
    wait_until 900 debian_is_up || fail "SSH does not answer"
    soak_program | in_debian 'cat >/root/soak; systemd-run -q --unit soak sh /root/soak writer'
    rm -f "$work"/to.* "$work"/said.*
    mkfifo "$work/to.1" "$work/to.2"
    exec 5<>"$work/to.1" 6<>"$work/to.2"
    in_debian sh <"$work/to.1" >"$work/said.1" 2>&1 &
    in_debian sh <"$work/to.2" >"$work/said.2" 2>&1 &
    soak_ask 1 || fail "the first SSH session does not answer"
    soak_now=$(host_time) # From the RTC Linux has whole seconds only.
    echo "date -s @${soak_now%??}.${soak_now#"${soak_now%??}"} >/dev/null" >&5
    soak_sectors=0
    soak_all_is_well || fail "the guest is not well before its first sleep"
}

# After an oops the guest's I/O may hang, so it is not asked to end.
soak_start_again() {
    guest_has_driver_race || {
        show
        fail "$soak_why, after $soak_rtc sleeps by the RTC and $soak_operator by the operator"
    }
    soak_oopses=$((soak_oopses + 1))
    echo "oops $soak_oopses of the guest's virtio_blk, after $((soak_rtc + soak_operator)) sleeps: $soak_why"
    tr -d '\r\000' <"$work/console" | grep -a -A 40 'Internal error: Oops' | head -n 60
    [ $soak_oopses -le $((2 + (soak_rtc + soak_operator) / 4)) ] || fail "the guest oopses too often"
    kill -KILL "$guest"
    guest_limit=60 wait_guest
    soak_start
}

# A process of one SSH session asks for the sleep and lives through it.
soak_by_rtc() {
    soak_question=$((soak_question + 1))
    echo "rtcwake -m mem -s $soak_delay >/dev/null; sh /root/soak answer $soak_question" >&5
    wait_until 300 soak_has_tried || { soak_why="no sleep by rtcwake" && return 1; }
    if ! has_events "$work/events" asleep $((soak_slept + 1)); then # The alarm came first, and Linux has given up.
        soak_early=$((soak_early + 1)) soak_delay=$((soak_delay + 1))
        [ $soak_early -le 20 ] || fail "rtcwake does not work: $(tail -n 5 "$work/said.1")"
        return 0
    fi
    soak_slept=$((soak_slept + 1))
    # An alarm that goes off just before the sleep does not end it.
    if wait_until 60 has_events "$work/events" wake $soak_slept; then
        expect_event wake source rtc $soak_slept
        soak_rtc=$((soak_rtc + 1))
    else
        soak_late=$((soak_late + 1)) soak_delay=$((soak_delay + 1))
        qmp system_wakeup
    fi
    soak_all_is_well
}

soak_has_tried() {
    has_events "$work/events" asleep $((soak_slept + 1)) || soak_has_answered 1
}

soak_by_operator() {
    wait_until 300 soak_asks_for_sleep || { soak_why="the agent does not answer" && return 1; }
    wait_until 300 has_events "$work/events" asleep $((soak_slept + 1)) || { soak_why="no sleep by the agent" && return 1; }
    soak_slept=$((soak_slept + 1))
    sleep 0.$((soak_slept * 37 % 100))
    qmp system_wakeup
    expect_event wake source signal $soak_slept
    soak_operator=$((soak_operator + 1))
    soak_all_is_well
}

soak_asks_for_sleep() {
    "$LAB_TOOLS/qmp" "$work/qmp" x-dormouse-sleep >/dev/null 2>&1
}

# Both sessions answer, with the right time; there are random numbers; the disk has worked, and no pass of fio has failed.
soak_all_is_well() {
    for soak_session in 1 2; do
        soak_ask $soak_session || { soak_why="SSH session $soak_session does not answer" && return 1; }
    done
    soak_answer=$(soak_answer_of 2)
    # shellcheck disable=SC2086 # its words
    set -- $soak_answer
    soak_check_clock "$3"
    expect_equal "random bytes" "$4" 16
    expect_equal "failures of fio" "$6" 0
    soak_sectors=$5
    wait_until 300 soak_disk_works || { soak_why="the disk does not work" && return 1; }
}

soak_ask() { # SESSION
    soak_question=$((soak_question + 1))
    soak_asked=$(host_time)
    echo "sh /root/soak answer $soak_question" >&$((4 + $1))
    wait_until 300 soak_has_answered "$1"
}

soak_has_answered() { # SESSION
    grep -q "^answer $soak_question " "$work/said.$1"
}

soak_answer_of() { # SESSION
    grep "^answer $soak_question " "$work/said.$1"
}

# The clock has been within a second of the host's at some moment from the question to the answer.
soak_check_clock() { # SECONDS.NANOSECONDS
    soak_theirs=$(hundredths_of "$1")
    soak_now=$(host_time)
    for soak_error in $((soak_asked - soak_theirs)) $((soak_theirs - soak_now)); do
        [ $soak_error -le 100 ] || fail "the clock is wrong by $soak_error hundredths of a second: $1"
        [ $soak_error -le "$soak_clock_error" ] || soak_clock_error=$soak_error
    done
}

soak_disk_works() {
    soak_ask 2 || return 1
    # shellcheck disable=SC2046 # its words
    set -- $(soak_answer_of 2)
    [ "$5" -gt "$soak_sectors" ]
}

# All that was written is there after an orderly end, and after the next start.
soak_finish() {
    in_debian 'touch /run/soak.stop; while systemctl -q is-active soak; do sleep 1; done; [ ! -e /run/soak.failed ]' ||
        fail "fio has failed"
    in_debian 'journalctl -q -k --no-pager' >"$work/kernel"
    ! grep -E 'I/O error|EXT4-fs (error|warning)|timed out|blocked for more' "$work/kernel" || fail "the kernel reports errors"
    soak_verified=$(in_debian "awk '{ sum += \$1 } END { print NR, int(sum / 1024) }' /var/soak/verified")
    kill -TERM "$guest"
    guest_limit=300 wait_guest
    expect_status 0
    expect_clean "$disk?offset=$((129 << 20))"
    start_dormouse run --cpus 2 --memory 1G --disk "$disk" --agent --net user,forward=tcp:127.0.0.1/2222:22
    wait_until 900 debian_is_up || fail "SSH does not answer after the last start"
    soak_left=$(in_debian sh /root/soak check) || fail "after the last start: $soak_left"
    kill -TERM "$guest"
    guest_limit=300 wait_guest
    expect_status 0
    echo "measured: $soak_rtc sleeps by the RTC and $soak_operator by the operator, $((soak_early + soak_late)) alarms before the sleep," \
        "$soak_oopses oopses of virtio_blk; the clock was wrong by $soak_clock_error hundredths of a second at most;" \
        "passes of fio and MiB verified: $soak_verified; after the last start $((soak_left / 1024)) MiB"
}
