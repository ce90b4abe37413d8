# SPDX-License-Identifier: BSD-2-Clause
# Reads call graphs as gcc -fcallgraph-info=su writes them, and prints the longest way from where a core begins: how many
# bytes of stack, and which functions. Fails if that is more than three quarters of -v size=BYTES, or has no bound.
#
# A function that is called through a pointer may be any that is not called by name; one of those may call another one,
# such as a handler of libvpsci the host's clock, and that one no third. What is in assembly is written here.

function quoted(line, key) {
    sub(".*" key ": \"", "", line)
    sub("\".*", "", line)
    return line
}

# Sets bytes_of and way_of, the longest way from this function on.
function walk(name,   i, callee, callees, count, most, way, short) {
    if (name in bytes_of) {
        return bytes_of[name]
    }
    if (name in inside) {
        print "fail: " name " calls itself, so its stack has no bound"
        failed = 1
        return 0
    }
    inside[name] = 1
    count = split(calls[name], callees, " ")
    for (i = 1; i <= count; i++) {
        callee = callees[i]
        if (walk(callee) > most) {
            most = bytes_of[callee]
            way = way_of[callee]
        }
    }
    delete inside[name]
    bytes_of[name] = frame[name] + most
    short = name
    sub(/.*:/, "", short)
    way_of[name] = short " " frame[name] (way == "" ? "" : ", " way)
    return bytes_of[name]
}

function is_leading_to_pointer(name,   i, callees, count) {
    if (!(name in leads)) {
        leads[name] = name == "__indirect_call"
        count = split(calls[name], callees, " ")
        for (i = 1; i <= count && !leads[name]; i++) {
            leads[name] = is_leading_to_pointer(callees[i])
        }
    }
    return leads[name]
}

# The frame of "a call through a pointer" becomes that of the longest way from there.
function walk_pointers(   name) {
    for (name in defined) {
        if (!(name in is_called) && !(name in is_root)) {
            pointed[name] = 1
        }
    }
    for (name in pointed) {
        if (!is_leading_to_pointer(name)) {
            inner = inner " " name
        }
    }
    calls["__indirect_call"] = inner
    for (name in pointed) {
        if (walk(name) > frame["__indirect_call"]) {
            frame["__indirect_call"] = bytes_of[name]
        }
    }
    calls["__indirect_call"] = ""
    split("", bytes_of)
}

/^node: / {
    name = quoted($0, "title")
    label = quoted($0, "label")
    if (match(label, /[0-9]+ bytes \(/)) {
        frame[name] = substr(label, RSTART) + 0
        defined[name] = 1
        if (label ~ /dynamic/) {
            print "fail: the frame of " name " has no fixed size"
            failed = 1
        }
    }
}

/^edge: / {
    from = quoted($0, "sourcename")
    to = quoted($0, "targetname")
    calls[from] = calls[from] " " to
    is_called[to] = 1
}

END {
    # enter.S, firmware.S
    frame["enter_guest"] = 128
    calls["enter_guest"] = "hyp_call"
    is_called["hyp_call"] = 1
    frame["firmware_smc"] = frame["firmware_hvc"] = 16
    is_root["hyp_main"] = is_root["hyp_core_main"] = is_root["start_boot"] = is_root["fault_report"] = 1
    walk_pointers()
    for (root in is_root) {
        if (!(root in defined)) {
            print "fail: there is no " root
            failed = 1
        } else if (walk(root) > most) {
            most = bytes_of[root]
            way = way_of[root]
        }
    }
    print "hyp uses at most " most " of " size " bytes of a core's stack: " way
    if (most > size * 3 / 4) {
        print "fail: that is more than three quarters"
        failed = 1
    }
    exit failed
}
