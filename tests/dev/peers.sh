# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154,SC2034 # shared with lib.sh
# ./dev check-peers, without the files that it would have to fetch.

test_help_and_list_need_nothing() {
    try "$root/dev" check-peers --help
    expect_status 0
    expect_line out "^  --list "
    try "$root/dev" check-peers --list
    expect_status 0
    [ "$(wc -l <out)" -ge 9 ] || fail "the list is short"
    for name in dormouse-user qemu-tcg qemu-tcg-el2 xen-4.20 tf-a-2.12; do
        expect_line out "^$name *  *[^ ]"
    done
}

# Every name in the list has a line of its own and a function that starts it.
test_every_name_is_known_everywhere() {
    "$root/dev" check-peers --list >list
    while read -r name what; do
        [ "$what" ] || fail "$name is not described"
        expect_line "$root/peers/servers.sh" "^    \(${name%%-*}-\*\|$name\)) peer_"
    done <list
}

test_wrong_usage_is_refused() {
    try "$root/dev" check-peers qemu-tcg no-such-peer
    expect_status 1
    expect_text err "dev: check-peers: no peer is called 'no-such-peer'; ./dev check-peers --list names all"
    try "$root/dev" check-peers --boot no-such-peer
    expect_status 1
    try "$root/dev" check-peers --frobnicate
    expect_status 1
    expect_line err "unknown option --frobnicate"
    try "$root/dev" check-peers --limit soon
    expect_status 1
    expect_text err "dev: check-peers: --limit needs a number, not 'soon'"
    try "$root/dev" check-peers --image nothing.img
    expect_status 1
    expect_text err "dev: check-peers: cannot read the image nothing.img"
    try "$root/dev" check-peers --image
    expect_status 1
}

# The serial line is the standard input and output.
test_a_peer_boots_an_image() {
    image=$build/arm64/tests/lab/guest/bare/guest.img
    "$root/dev" build arm64
    echo input | "$root/dev" check-peers --boot qemu-tcg --image "$image" \
        --append "scenario=uart-echo count=5" >out 2>err || fail "status $?: $(cat err)"
    expect_line out "^echo: input"
    expect_line out "^ok 1 - echoed"
}

# A machine with Xen's messages, and a guest that echoes its input and then stops. The machine continues, and only Xen's
# debug key shows that the guest has stopped.
write_machine() { # FILE VERSION FIRST-OWNER-OF-THE-INPUT
    cat >"$1" <<EOF
owner=$3 stopped=0
echo '(XEN) Xen version $2 (Debian)'
switch() {
    case \$owner in
    DOM0) owner=DOM1 ;;
    DOM1) owner=Xen ;;
    Xen) owner=$3 ;;
    esac
    printf '(XEN) *** Serial input to %s (type)\r\n' "\$owner"
}
vcpu() { printf '(XEN)     pause_count=%d pause_flags=%d\r\n' "\$1" "\$2"; }
EOF
    cat >>"$1" <<'EOF'
printf '(XEN) *** Serial input to %s (type)\r\n' "$owner"
begun='' keys='' line=''
while true; do
    if [ "$owner" = DOM1 ] && [ ! "$begun" ]; then
        printf '(XEN) # ready\r\r\n'
        begun=yes
    fi
    key=$(dd bs=1 count=1 2>/dev/null; echo .)
    case $owner:${key%.} in
    ?*:) exit ;;
    *:"$(printf '\001')")
        keys=$keys.
        [ "$keys" != ... ] || { keys='' && switch; }
        ;;
    Xen:q)
        vcpu "$stopped" 0
        printf '(XEN) DOM1: said meanwhile\r\r\n'
        vcpu "$stopped" 2
        ;;
    DOM1:"
")
        printf '(XEN) heard %s\r\r\n' "$line"
        stopped=1
        ;;
    DOM1:*) line=$line${key%.} ;;
    esac
done
EOF
}

test_xen_console_switches_to_the_guest() {
    for xen in "4.20.1 DOM1" "4.17.3 DOM0"; do
        # shellcheck disable=SC2086 # two words
        write_machine machine $xen
        # The input comes after a silence. During it the vCPUs were checked and found running.
        (sleep 7 && echo "go 1 start") |
            timeout 40 "$root/peers/xen_console.sh" sh ./machine >out || fail "status $?"
        expect_line out "^# ready$"
        expect_line out "^heard go 1 start$"
        expect_line out "^said meanwhile$"
        expect_line out "^xen_console.sh: all vCPUs of the guest have stopped"
        [ "$(process_count ./machine)" = 0 ] || fail "the machine is left"
    done
}

test_table_of_what_failed() {
    mkdir a b
    printf 'TAP version 14\n1..3\nok 1 - x-one\nnot ok 2 - x-two\nok 3 - x-three # SKIP no\n' >a/run.tap
    printf 'TAP version 14\n1..3\nok 1 - x-one\nok 2 - x-two # SKIP no\nnot ok 3 - x-three\n' >b/run.tap
    awk -f "$root/peers/table.awk" a/run.tap b/run.tap >out
    expect_text out '| scenario | a | b |
|---|---|---|
| x-two | **fails** |  |
| x-three |  | **fails** |
| *passed* | 1 | 1 |
| *failed* | 1 | 1 |
| *skipped* | 1 | 1 |'
}
