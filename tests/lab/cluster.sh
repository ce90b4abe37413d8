# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# disk corosync,pacemaker,pacemaker-cli-utils,resource-agents
# A cluster of two nodes with Debian's corosync and Pacemaker. The root of Debian's disk image is each node's root; a node has
# network, processes, host name, /run, /var/lib, /var/log and /etc/corosync of its own. There is no fencing device.

# shellcheck source=tests/lab/lib.sh
. "$LAB_TESTS/lib.sh"

make_cluster() {
    mount_root nodes
    mkdir "$work/shared"
    chmod 777 "$work/shared"
    trap 'stop_cluster; clean_up' EXIT
    install_agent
    ip link add cluster0 type bridge
    ip link set cluster0 up
    for node in a b; do
        make_network "$node"
        start_node "$node"
    done
    wait_until 300 both_online || fail "the nodes are not online: $(on_node a crm_mon -1 2>&1)"
}

# The packages are unpacked only, so their users are not there. The nodes share the VM's configuration and $work.
install_agent() {
    mkdir -p "$root/usr/lib/ocf/resource.d/dormouse" "$root/etc/dormouse" "$root/usr/local/bin" "$root/usr/local/lib" "$root$LAB_TMP"
    cp "$DORMOUSE" "$root/usr/local/bin/"
    cp "$LAB_AGENT" "$root/usr/lib/ocf/resource.d/dormouse/vm"
    chmod 755 "$root/usr/lib/ocf/resource.d/dormouse/vm"
    echo hacluster:x:900:900::/var/lib/pacemaker:/usr/sbin/nologin >>"$root/etc/passwd"
    echo haclient:x:900: >>"$root/etc/group"
    cp "$LAB_BARE" "$root/usr/local/lib/bare.img"
    printf '%s\n' "kernel = /usr/local/lib/bare.img" "append = scenario=keys timer=0" "memory = 32M" \
        "console = $work/console" "events = $work/events" "disk = $work/shared/web.disk" \
        "sleep-memory = disk=$work/shared/web.image" >"$root/etc/dormouse/web.conf"
    truncate -s 1M "$work/shared/web.disk"
    chmod 666 "$work/shared/web.disk"
    cat >"$work/corosync.conf" <<'END'
totem {
    version: 2
    cluster_name: dormouse
    transport: knet
    token: 15000
}
nodelist {
    node {
        name: a
        nodeid: 1
        ring0_addr: 10.9.1.1
    }
    node {
        name: b
        nodeid: 2
        ring0_addr: 10.9.1.2
    }
}
quorum {
    provider: corosync_votequorum
    two_node: 1
    wait_for_all: 0
}
logging {
    to_stderr: no
    to_syslog: no
    to_logfile: yes
    logfile: /var/log/corosync.log
}
END
}

address_of() { # NODE
    case $1 in
    a) echo 10.9.1.1 ;;
    b) echo 10.9.1.2 ;;
    esac
}

make_network() { # NODE
    ip netns add "$1"
    ip link add "cluster-$1" type veth peer name up0 netns "$1"
    ip link set "cluster-$1" master cluster0 up
    ip -n "$1" link set lo up
    ip -n "$1" link set up0 up
    ip -n "$1" address add "$(address_of "$1")/24" dev up0
}

# shellcheck disable=SC2016 # for the shells in there
start_node() { # NODE
    /usr/bin/ip netns exec "$1" unshare -m -u -i -p -f sh -c '
        mount --make-rprivate /
        hostname "$1"
        cd "$2"
        mount -t proc proc proc
        mount --rbind /dev dev
        for folder in run tmp var/lib var/log etc/corosync; do
            mount -t tmpfs -o mode=755 "$folder" "$folder"
        done
        mount -t tmpfs shm dev/shm
        mkdir -p ".$4"
        mount --bind "$4" ".$4"
        cp "$3/corosync.conf" etc/corosync/
        mkdir -p run/lock var/lib/corosync var/log/pacemaker
        for folder in blackbox cib cores pengine; do
            mkdir -p "var/lib/pacemaker/$folder"
        done
        chown -R 900:900 var/lib/pacemaker var/log/pacemaker
        exec chroot . /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/usr/sbin sh -c "
            corosync -f &
            until corosync-cmapctl runtime.members >/dev/null 2>&1; do sleep 1; done
            pacemakerd &
            while :; do wait; sleep 1; done"' sh "$1" "$root" "$work" "$LAB_TMP" </dev/null >"$work/node.$1" 2>&1 &
    echo $! >"$work/parent.$1"
    wait_until 30 find_node "$1" || fail "node $1 is not there: $(cat "$work/node.$1")"
}

find_node() { # NODE
    parent=$(cat "$work/parent.$1")
    sed 's/ .*//' "/proc/$parent/task/$parent/children" 2>/dev/null >"$work/pid.$1"
    [ -s "$work/pid.$1" ]
}

on_node() { # NODE COMMAND...
    node_pid=$(cat "$work/pid.$1")
    shift
    nsenter -t "$node_pid" -m -u -i -n -p -r"/proc/$node_pid/root" -w"/proc/$node_pid/root" \
        /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/usr/sbin "$@"
}

both_online() {
    on_node a crm_mon -1 2>/dev/null | grep -q 'Online: \[ a b \]'
}

# As if its plug were pulled.
kill_node() { # NODE
    kill -KILL "$(cat "$work/pid.$1")" "$(cat "$work/parent.$1")" 2>/dev/null || true
    wait "$(cat "$work/parent.$1")" 2>/dev/null || true
}

stop_cluster() {
    for node in a b; do
        kill_node "$node"
        ip netns delete "$node" || true
    done
    ip link delete cluster0 || true
    unmount_root
}

# Gives the cluster the VM, as docs/fleets.md does. A limit of an action is long enough for a machine that is emulated.
configure_cluster() {
    for setting in stonith-enabled=false no-quorum-policy=ignore; do
        on_node a crm_attribute --type crm_config --name "${setting%=*}" --update "${setting#*=}"
    done
    cat >"$work/shared/web.xml" <<END
<primitive id="web" class="ocf" provider="dormouse" type="vm">
  <instance_attributes id="web-parameters">
    <nvpair id="web-image" name="image" value="$work/shared/web.image"/>
    <nvpair id="web-on-stop" name="on_stop" value="save"/>
  </instance_attributes>
  <meta_attributes id="web-meta">
    <nvpair id="web-migrate" name="allow-migrate" value="true"/>
    <nvpair id="web-stay" name="resource-stickiness" value="100"/>
  </meta_attributes>
  <operations>
    <op id="web-start" name="start" interval="0" timeout="300s"/>
    <op id="web-stop" name="stop" interval="0" timeout="300s"/>
    <op id="web-monitor" name="monitor" interval="5s" timeout="120s"/>
    <op id="web-to" name="migrate_to" interval="0" timeout="300s"/>
    <op id="web-from" name="migrate_from" interval="0" timeout="300s"/>
  </operations>
</primitive>
END
    on_node a cibadmin --create --scope resources --xml-file "$work/shared/web.xml"
}

# Waits until the cluster has nothing to do, on the node that asks.
settle() {
    on_node "$asks" crm_resource --wait --timeout 300 >"$work/wait" 2>&1 || fail "the cluster does not settle: $(cat "$work/wait")"
}

show_cluster() {
    on_node "$asks" crm_mon -1 --show-detail --failcounts --operations 2>&1 || true
    on_node "$asks" tail -n 60 /var/log/pacemaker/pacemaker.log || true
}

# The state of the VM there; "not" if a process has left its name behind, nothing if there was none.
state_on() { # NODE
    on_node "$1" dormouse ps web 2>/dev/null | awk '$1 == "web" { print $2 }'
}

expect_none_on() { # NODE
    none_state=$(state_on "$1")
    [ "${none_state:-not}" = not ] || fail "web is $none_state on $1, too"
}

runs_on() { # NODE STATE
    on_node "$asks" crm_resource --locate --resource web 2>&1 | grep -qx "resource web is running on: $1" &&
        [ "$(state_on "$1")" = "$2" ]
}

# The cluster and dormouse agree on where the VM runs, and the other node, if it is there, does not run it.
expect_on() { # NODE STATE [OTHER]
    wait_until 200 runs_on "$1" "$2" || {
        show_cluster
        fail "web is not $2 on $1 but $(state_on "$1"): $(on_node "$asks" crm_resource --locate --resource web 2>&1)"
    }
    [ $# -lt 3 ] || expect_none_on "$3"
}

expect_counts() { # BOOTS RESTORES
    expect_equal "processes and restores" "$(event_count "$work/events" boot) $(event_count "$work/events" restored)" "$*"
}

swap_nodes() {
    swapped=$at at=$other other=$swapped
}

pid_on() { # NODE
    on_node "$1" dormouse ps --json web | sed 's/.*"pid": *\([0-9]*\).*/\1/'
}

# A cluster of Debian's corosync and Pacemaker places a VM, moves it asleep and awake, and starts it again
# if it has died. A VM that sleeps is woken by none of this.
# limit pacemaker 1800
test_pacemaker() {
    asks=a
    make_cluster
    configure_cluster
    settle
    at=a other=b
    runs_on a running || swap_nodes
    expect_on "$at" running "$other"
    expect_counts 1 0
    wait_ready 1
    moves_asleep
    leaves_awake
    starts_dead_vm_again
    survives_lost_node
}

sleep_there() {
    on_node "$at" dormouse suspend web
    wait_until 60 is_saved || fail "web sleeps, and is no file"
}

is_saved() {
    on_node "$at" dormouse image check "$work/shared/web.image" >/dev/null 2>&1
}

# A move of a guest that sleeps, and a look at all nodes (a probe), wake nothing.
moves_asleep() {
    sleep_there
    on_node "$asks" crm_resource --move --resource web --node "$other"
    settle
    swap_nodes
    expect_on "$at" suspended "$other"
    on_node "$asks" crm_resource --clear --resource web
    on_node "$asks" crm_resource --refresh --resource web
    settle
    expect_on "$at" suspended "$other"
    expect_counts 2 1
    expect_event_count wake 0
}

# A node that leaves the cluster in order gives its VM away first, and the guest wakes there because it was awake.
leaves_awake() {
    on_node "$at" dormouse wake web
    wait_event "$work/events" resumed
    asks=$other
    on_node "$at" pkill -TERM -x pacemakerd
    swap_nodes
    expect_on "$at" running "$other"
    expect_counts 3 2
    # shellcheck disable=SC2016 # for the shell in there
    on_node "$other" sh -c 'while pidof pacemakerd >/dev/null; do sleep 0.5; done; setsid pacemakerd >/dev/null 2>&1 &'
    wait_until 200 both_online || fail "$other does not come back"
    settle
    expect_on "$at" running "$other"
}

# The monitor finds a VM dead. A guest that was awake boots, and one that slept sleeps on.
starts_dead_vm_again() {
    kill_vm
    wait_event "$work/events" boot 4 200
    expect_on "$at" running "$other"
    expect_counts 4 2
    wait_ready 2
    sleep_there
    kill_vm
    wait_event "$work/events" boot 5 200
    expect_on "$at" suspended "$other"
    expect_counts 5 3
}

kill_vm() {
    on_node "$at" kill -KILL "$(pid_on "$at")"
}

# The other node continues a guest that slept. The lost node's processes are gone, so there is nothing to fence.
survives_lost_node() {
    wait_until 60 is_saved || fail "web sleeps, and is no file"
    asks=$other
    kill_node "$at"
    swap_nodes
    expect_on "$at" suspended
    expect_counts 6 4
    on_node "$at" dormouse wake web
    wait_event "$work/events" resumed 3
}
