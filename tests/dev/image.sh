# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2154 # shared with lib.sh
# ./dev image. The image is the one that the lab's sessions use, so it is made once.

PATH=$PATH:/usr/sbin:/sbin

# Sets $image. The first call of all makes the image, by the lab.
find_image() {
    try "$root/dev" lab run --disk -- true
    expect_status 0
    try "$root/dev" image --autologin --ssh-key "$build/lab/key/id.pub"
    expect_status 0
    image=$(cat out)
    [ -s "$image" ] || fail "there is no image $image"
    ! grep -q "making" err || fail "an image with the same options was made again"
}

# Prints a file of the root's file system, or what debugfs says about it.
root_file() { # cat|stat FILE
    debugfs -R "$1 $2" "$image?offset=$((129 << 20))" 2>/dev/null
}

# limit image_is_complete 900
test_image_is_complete() {
    find_image
    sfdisk --dump "$image" >table
    expect_line table "start= *2048, size= *262144, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
    expect_line table "start= *264192, .*type=B921B045-1DF0-41C3-AF44-4C6F280D3FAE, .*name=\"dormouse-root\""
    mdir -b -/ -i "$image@@1M" :: | tr '[:lower:]' '[:upper:]' >esp
    for file in EFI/BOOT/BOOTAA64.EFI LOADER/ENTRIES/DEBIAN.CONF DEBIAN/VMLINUZ DEBIAN/INITRD; do
        expect_line esp "^::/$file"
    done
    try e2fsck -fn "$image?offset=$((129 << 20))"
    expect_status 0
    [ "$(du -m "$image" | cut -f 1)" -lt 700 ] || fail "it takes $(du -m "$image" | cut -f 1) MiB"
    root_file stat /root/.ssh/authorized_keys | tee key
    expect_line key "Mode:  0600"
    expect_line key "User: *0 *Group: *0 "
    root_file cat /etc/shadow | tee shadow
    [ "$(grep -cv ':!\*:' shadow)" = 1 ] || fail "other accounts than root's have no lock"
    root_file cat /var/lib/dpkg/status | grep -c '^Status: install ok unpacked' | tee packages
    [ "$(cat packages)" -gt 100 ] || fail "dpkg knows of $(cat packages) packages"
    root_file cat /etc/hostname >name
    expect_text name debian
    root_file stat /var/run | tee run
    expect_line run 'Fast link dest: "/run"'
    [ -z "$(root_file cat /etc/machine-id)" ] || fail "all copies would be the same machine"
}

test_output_is_a_copy() {
    find_image
    "$root/dev" image --autologin --ssh-key "$build/lab/key/id.pub" --output "the copy"
    cmp "$image" "the copy" || fail "the copy differs"
    [ "$(du -m "the copy" | cut -f 1)" -lt 700 ] || fail "the copy is not sparse"
    [ "$(ls)" = "$(printf '%s\n' err out "the copy")" ] || fail "something is left: $(ls)"
}

# All of it comes before anything is fetched.
test_wrong_usage_is_refused() {
    ssh-keygen -q -t ed25519 -N '' -f key
    while read -r words message; do
        # shellcheck disable=SC2086 # two words
        try "$root/dev" image ${words%%|*} ${words#*|}
        expect_status 1
        expect_text err "dev: image: $message"
    done <<'EOF'
--ssh-key|key key is a private key; --ssh-key needs the public one, key.pub
--ssh-key|none cannot read the key none
--ssh-key|out out has no public key of SSH
--size|100 --size needs MiB, from 1024 on, not '100'
--size|-1 --size needs MiB, from 1024 on, not '-1'
--suite|sid no release 'sid'; use trixie
--output|none/image cannot create none/image in none
--output|. --output needs a file, and . is a folder
--include|A,B --include needs names of packages with commas between them, not 'A,B'
--sise|100 unknown option --sise; see ./dev image --help
EOF
    try "$root/dev" image --size
    expect_text err "dev: image: --size needs a value; see ./dev image --help"
}

# An option that no other test has, so that there is no such image yet.
test_nothing_is_left_without_an_image() {
    try env http_proxy=http://127.0.0.1:1 "$root/dev" image --size 1111
    expect_status 1
    expect_line err "^dev: could not make the image (is there a network?)$"
    expect_nothing_left
    try "$root/dev" image --size 1111 --include no-such-package-anywhere
    expect_status 1
    expect_line err "no-such-package-anywhere"
    expect_nothing_left
    try timeout --preserve-status -s INT 4 "$root/dev" image --size 1111
    [ "$status" = 130 ] || fail "exit status $status after Ctrl-C"
    expect_nothing_left
}

expect_nothing_left() {
    [ "$(process_count "$build/tmp.")" = 0 ] || fail "processes are left"
    for file in "$build"/tmp.*; do
        [ ! -e "$file" ] || fail "$file is left"
    done
}
