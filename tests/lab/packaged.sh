# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# An operator with dormouse's package and README's section "A server that sleeps": a Debian whose first process is
# systemd, and the commands of that section. It has no test of its own.

# shellcheck source=tests/lab/systemd.sh
. "$LAB_TESTS/systemd.sh"

# Prints one of the section's blocks of shell commands.
print_block() { # NUMBER
    awk -v wanted="$1" '
        /^#/ && !inside { here = $0 ~ /^#+ A server that sleeps$/ }
        here && /^```/ { inside = !inside && /sh$|console$/ ? ++count : 0; next }
        inside == wanted' "$LAB_PACKAGES/README.md"
}

# An operator's shell on the host, in root's home.
on_host() { # COMMANDS
    in_host /usr/bin/env HOME=/root DEBIAN_FRONTEND=noninteractive sh -euxc "cd; $1" </dev/null >"$work/on_host" 2>&1 || {
        cat "$work/on_host"
        in_host systemctl --no-pager -l status dormouse@web || true
        fail "the host's commands end with a failure"
    }
    cat "$work/on_host"
}

# A client elsewhere: only the name of the host, and how much it trusts it, are the test's.
as_client() { # COMMAND
    # shellcheck disable=SC2317 # the command calls it
    ssh() {
        command ssh -F "$work/client" "$@"
    }
    eval "$1" </dev/null
}

write_client() {
    cat >"$work/client" <<END
Host server
    Hostname 127.0.0.1
    IdentityFile $LAB_KEY
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null
    LogLevel ERROR
    ConnectTimeout 300
END
}

# The second block is for the server. An emulated and busy host spends more time on an idle guest than the usual 5 %, and
# the test waits 20 seconds for its sleep, not five minutes.
install_server() {
    make_disk guest
    in_host dd conv=sparse bs=1M status=none of=/root/web.img <"$disk"
    cp "$LAB_PACKAGES"/bookworm-arm64/dormouse_*_arm64.deb "$host/root/"
    # The image's packages are unpacked, and what their scripts would do for this test is done. dpkg would run them all now.
    sed -i 's/^Status: install ok unpacked$/Status: install ok installed/' "$host/var/lib/dpkg/status"
    print_block 2 | sed 's/sleep-when-idle = 5m$/sleep-when-idle = 20s,cpu=50/' >"$work/commands"
    grep -q 'cpu=50$' "$work/commands" || fail "README has no such section: $(cat "$work/commands")"
    on_host "$(cat "$work/commands")"
}

boot_id() {
    as_client 'ssh -p 2222 root@server cat /proc/sys/kernel/random/boot_id' 2>/dev/null
}

is_listed() { # STATE
    in_host dormouse ps 2>/dev/null | grep -q "^web  *$1"
}

wait_listed() { # STATE SECONDS
    wait_until "$2" is_listed "$1" || {
        in_host systemctl --no-pager -l status dormouse@web || true
        fail "dormouse ps does not say that web is $1: $(in_host dormouse ps 2>&1)"
    }
}

host_is_down() {
    [ ! -e "/proc/$host_pid" ]
}

# What the third block says line by line, with who says it.
follow_transcript() {
    print_block 3 >"$work/transcript"
    sed -n 's/^server# //p' "$work/transcript" >"$work/commands"
    expect_equal "commands of the server" "$(tr '\n' ';' <"$work/commands")" "dormouse ps;reboot;dormouse ps;"
    wait_listed suspended 500
    on_host "$(sed -n 1p "$work/commands")"
    # The end of the host's first process ends the shell that asked for it.
    in_host sh -c "$(sed -n 2p "$work/commands")" </dev/null || true
    wait_until 300 host_is_down || fail "the host does not go down: $(in_host systemctl list-jobs 2>&1)"
    wait "$host_container" || true
    [ -s "$host/var/lib/dormouse/web.saved" ] || fail "the host is down, and the VM is no file"
    boot_host
    wait_listed suspended 300
    on_host "$(sed -n 3p "$work/commands")"
    as_client "$(sed -n 's/^laptop\$ //p' "$work/transcript")" || fail "the guest that slept does not answer"
}

follow_readme() {
    make_work
    write_client
    open_host
    quieten_host multi-user.target
    find_uplink
    boot_host
    install_server
    wait_until 600 boot_id >"$work/before" || fail "SSH does not answer"
    follow_transcript
    expect_equal "the guest's boot" "$(boot_id)" "$(tail -n 1 "$work/before")"
    on_host "systemctl stop dormouse@web"
}
