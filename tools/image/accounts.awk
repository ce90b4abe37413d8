# SPDX-License-Identifier: BSD-2-Clause
# Makes the files of accounts in the folder `etc`, as systemd-sysusers would do in an empty one: reads the packages'
# descriptions of users and groups, sysusers.d(5). A program for arm64 cannot do it on another processor.
BEGIN {
    last = 1000
}

/^[ \t]*(#|$)/ { next }

{
    text = ""
    if (match($0, /"[^"]*"/)) {
        text = substr($0, RSTART + 1, RLENGTH - 2)
        $0 = substr($0, 1, RSTART - 1) "- " substr($0, RSTART + RLENGTH)
    }
    kind[NR] = substr($1, 1, 1); name[NR] = $2; id[NR] = $3; title[NR] = text
    home[NR] = $5 == "" || $5 == "-" ? "/" : $5
    shell[NR] = $6 == "" || $6 == "-" ? "/usr/sbin/nologin" : $6
    lines = NR
}

# Fixed numbers come first, so that no free number is one of them.
END {
    for (i = 1; i <= lines; i++)
        if (kind[i] == "g" && id[i] != "-") add_group(name[i], id[i])
    for (i = 1; i <= lines; i++)
        if (kind[i] == "u" && id[i] !~ /^-/) add_user(i)
    for (i = 1; i <= lines; i++)
        if (kind[i] == "g" && id[i] == "-") add_group(name[i], free())
    for (i = 1; i <= lines; i++)
        if (kind[i] == "u" && id[i] ~ /^-/) add_user(i)
    for (i = 1; i <= lines; i++)
        if (kind[i] == "m") members[id[i]] = members[id[i]] (members[id[i]] ? "," : "") name[i]
    for (i = 1; i <= groups; i++) {
        print group[i] ":x:" gid[group[i]] ":" members[group[i]] > (etc "/group")
        print group[i] ":*::" members[group[i]] > (etc "/gshadow")
    }
}

function free() {
    do last--; while (last in used)
    return last
}

function add_group(group_name, number) {
    if (group_name in gid) return
    group[++groups] = group_name
    gid[group_name] = number
    used[number] = 1
}

# The number is UID, UID:GID or UID:GROUP; without a group, the user gets one of the same name and number.
function add_user(i,    part, number) {
    split(id[i], part, ":")
    number = part[1] == "-" ? free() : part[1]
    used[number] = 1
    if (part[2] == "") {
        add_group(name[i], number)
        part[2] = name[i]
    }
    print name[i] ":x:" number ":" (part[2] in gid ? gid[part[2]] : part[2]) ":" title[i] ":" home[i] ":" shell[i] \
        > (etc "/passwd")
    # root logs in on the console without a password; no other user has one.
    print name[i] ":" (name[i] == "root" ? "" : "!*") ":20000:0:99999:7:::" > (etc "/shadow")
}
