#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Measures libvpsci: instructions of its calls, by callgrind; its size, its memory and its stack. Nothing
# here is a test: a missed aim is shown, and the status is 0.
#
#   lib.sh [--json FILE]     ./dev bench lib is the way to call it
set -euo pipefail

here=$(dirname "$(realpath -- "$0")")
root=${here%/*}
build=${DORMOUSE_BUILD:-$root/build}
out=$build/bench
json=''

# The aims for instructions, at every number of vCPUs: NAME|INSTRUCTIONS.
aims() {
    cat <<'EOF'
PSCI_VERSION|60
CPU_ON, success|150
AFFINITY_INFO, level 0|80
EOF
}

# The aims for text, memory and stack, in bytes.
aim_text=8192 aim_data=0 aim_vcpu=64 aim_stack=256

# Compiled as in a hypervisor: no position-independent tables, no unwinder.
arm64=(aarch64-linux-gnu-gcc -std=c11 -Os -ffreestanding -fno-pie -fno-asynchronous-unwind-tables -fno-unwind-tables
    -fno-stack-protector -mno-outline-atomics -fcallgraph-info=su -I "$root/include")

# Sets `verdict` to how a figure compares to its aim.
judge() { # FIGURE AIM
    verdict="aim $2"
    (($1 <= $2)) || verdict+="  MISSED"
}

count_instructions() {
    gcc -std=c11 -O2 -g -Wall -Wextra -Werror -I "$root/include" -o "$out/vpsci_calls" \
        "$here/vpsci_calls.c" "$here/vpsci_count.c" "$build/native/lib/libvpsci.a" -Wl,-z,now
    valgrind --tool=callgrind --combine-dumps=yes --compress-strings=no --compress-pos=no \
        --callgrind-out-file="$out/callgrind.out" "$out/vpsci_calls" >"$out/callgrind.log" 2>&1 || {
        tail -n 20 "$out/callgrind.log" >&2
        exit 1
    }
    awk -f "$here/lib_calls.awk" "$out/callgrind.out" >"$out/calls"
    aims >"$out/aims"
}

# "Identical" is an aim of its own: the check whether all others are off, at 1 and at 4,096 vCPUs.
compare_system_suspend() {
    awk -F '|' '$1 == "SYSTEM_SUSPEND, asked" {
            if (!low || $3 < low) { low = $3 }
            if ($4 > high) { high = $4 }
        }
        END {
            print "SYSTEM_SUSPEND at 1 and at 4,096 vCPUs: " low " and " high \
                " instructions, aim: identical" (low == high ? "" : "  MISSED")
        }' "$out/calls"
}

compile_for_size() {
    local file
    rm -rf "$out/arm64"
    mkdir -p "$out/arm64"
    while read -r file; do
        "${arm64[@]}" -c "$root/lib/$file" -o "$out/arm64/${file%.c}.o"
    done <"$root/lib/sources.txt"
}

show_size() {
    local text data bss name
    printf '\n%-24s %8s %8s %8s\n' "bytes, arm64 -Os" "text" ".data" ".bss"
    while read -r text data bss _ _ name; do
        [[ $text != text ]] || continue
        if [[ $name != "(TOTALS)" ]]; then
            name=${name##*/}
            printf '%-24s %8s %8s %8s\n' "${name%.o}" "$text" "$data" "$bss"
            continue
        fi
        judge "$text" "$aim_text"
        printf '%-24s %8s %8s %8s  %s' "all, text with constants" "$text" "$data" "$bss" "$verdict"
        judge $((data + bss)) "$aim_data"
        printf ', .data and .bss %s\n' "$verdict"
    done < <(aarch64-linux-gnu-size -t "$out"/arm64/*.o)
}

# What a program takes that leaves parts out, as docs/embedding.md says.
show_parts() {
    local title pattern
    while IFS='|' read -r title pattern; do
        printf '%-24s %8s\n' "$title" "$(find "$out/arm64" -name '*.o' | grep -vE "/($pattern)\.o\$" |
            xargs aarch64-linux-gnu-size -t | awk 'END { print $1 }')"
    done <<'EOF'
without save, restore|save|restore|record
and without names|save|restore|record|names
EOF
}

show_memory() {
    local count size deep statistics last_count=0 last_size=0 last_deep=0 last_statistics=0
    printf '\n%-24s %10s %12s %12s\n' "bytes of memory, vCPUs" "a VM" "with domains" "statistics"
    while read -r count size deep statistics; do
        printf '%-24s %10s %12s %12s\n' "$count" "$size" "$deep" "$statistics"
        if ((count == 4096)); then
            size=$(((size - last_size + count - last_count - 1) / (count - last_count)))
            deep=$(((deep - last_deep + count - last_count - 1) / (count - last_count)))
            statistics=$(((statistics - last_statistics) / (count - last_count)))
            judge "$size" "$aim_vcpu"
            printf '%-24s %10s %12s %12s  %s without domains and statistics\n' "a vCPU more" "$size" "$deep" \
                "$statistics" "$verdict"
        fi
        last_count=$count last_size=$size last_deep=$deep last_statistics=$statistics
    done < <("$out/vpsci_calls" size)
}

show_stack() {
    local handlers bytes function path
    handlers=$(sed -n 's/^FUNCTION([A-Z0-9_]*, \([a-z0-9_]*\),.*/vpsci__\1/p' "$root/lib/functions.def" | tr '\n' ' ')
    printf '\n%-24s %8s  way\n' "bytes of stack, arm64" most
    while read -r bytes function path; do
        judge "$bytes" "$aim_stack"
        ((bytes > aim_stack)) || verdict=''
        printf '%-24s %8s  %s%s\n' "$function" "$bytes" "$path" "${verdict:+  ($verdict)}"
    done < <(awk -v handlers="$handlers" -f "$here/lib_stack.awk" "$out"/arm64/*.ci | sort -rn -k 1,1 -k 2)
}

while (($#)); do
    case $1 in
    --json)
        json=${2:?lib.sh: --json needs a file}
        shift
        ;;
    *)
        echo "lib.sh: '$1' is unknown; see ./dev bench --help" >&2
        exit 1
        ;;
    esac
    shift
done
mkdir -p "$out"
count_instructions
awk -v aims="$out/aims" -f "$here/lib_table.awk" "$out/calls"
compare_system_suspend
compile_for_size
show_size
show_parts
show_memory
show_stack
if [[ $json ]]; then
    awk -v json=1 -f "$here/lib_table.awk" "$out/calls" >"$json"
    echo "instructions are written to $json" >&2
fi
