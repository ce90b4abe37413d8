# SPDX-License-Identifier: BSD-2-Clause
# From callgrind's output of vpsci_calls, uncompressed, to lines NAME|VCPUS|BEST|WORST, in the order in
# which they were first counted. What counts is the call of the library that a count_...() makes.

/^desc: Trigger: Client Request: / {
    part = substr($0, length("desc: Trigger: Client Request: ") + 1)
    if (!(part in worst)) {
        order[++parts] = part
        worst[part] = -1
    }
}
/^desc: Trigger: / && !/Client Request/ { part = "" }
/^fn=/ { counting = /^fn=count_/ }
/^cfn=/ { subject = counting && /^cfn=vpsci_/ && !/^cfn=vpsci_(vcpu|save_size)$/ }
/^calls=/ && subject {
    getline
    if (part != "" && $2 > 0) {
        if (worst[part] < 0 || $2 < best[part]) {
            best[part] = $2
        }
        if ($2 > worst[part]) {
            worst[part] = $2
        }
    }
    subject = 0
}
END {
    for (i = 1; i <= parts; i++) {
        print order[i] "|" best[order[i]] "|" worst[order[i]]
    }
}
