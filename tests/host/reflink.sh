#!/bin/sh
# A jailmaker directory on btrfs: images are kept unpacked, and jails share their blocks.
. "$(dirname "$0")/lib.sh"

story 'jails share the blocks of their image'
disk=$tmp/disk
PATH=$PATH:/usr/sbin:/sbin
truncate -s 4G "$disk"
mkfs.btrfs -q "$disk" > /dev/null 2>&1
# The host has no loop devices: ours is mounted there, and freed with the mount.
loop=$(losetup -f --show "$disk" 2> "$tmp/why") || {
	skip "no loop devices here: $(cat "$tmp/why")"
	exit
}
number=$(stat -c '0x%t 0x%T' "$loop")
pid=$(host_leader)
nsenter -t "$pid" --mount --root sh -c "mkdir /mnt/pool && mknod /dev/blk b $number &&
	mount -t btrfs /dev/blk /mnt/pool; rc=\$?; rm -f /dev/blk; exit \$rc" 2> "$tmp/why" || {
	losetup -d "$loop"
	skip "btrfs cannot be mounted here: $(cat "$tmp/why")"
	exit
}
losetup -d "$loop"

home=/mnt/pool/jm
in_host mkdir "$home"
j() { try env JAILMAKER_DIR="$home" "$@"; }
used() { in_host sh -c 'sync /mnt/pool; df --output=used -B1M /mnt/pool | tail -n 1'; }
files() {
	in_host sh -c "cd '$home/jails/$1/rootfs' && find . \( -name hostname -o -name hosts \) -prune -o \
		-type f -printf '%p %m %U:%G %s %n %t\n' -o -printf '%p %y %m %U:%G %l\n' |
		grep -v 'etc/s\|device' | sort | sha256sum
		getfattr -Rhd -m- . 2> /dev/null | sha256sum"
}

j jlmkr-create --startup=0 one
status 0
err_has 'Fetching and unpacking debian'
before=$(used)
j jlmkr-create --startup=0 two
status 0
err_has 'Cloned debian bookworm, build'
[ $(($(used) - before)) -lt 60 ] || fail "the second one takes $(($(used) - before)) MiB"
is "$(files one)" "$(files two)"

story 'a copy is a jail of its own'
in_host sh -c "echo mine > '$home/jails/two/rootfs/etc/motd'"
j jlmkr-start two
status 0
j jlmkr-exec two cat /etc/motd
is mine "$(cat "$tmp/out")"
j jlmkr-stop two
status 0
! in_host grep -q mine "$home/jails/one/rootfs/etc/motd" || fail 'the other one has it too'

story '--no-clone unpacks it again'
j jlmkr-create --startup=0 --no-clone three
status 0
err_has 'Unpacking debian'
is "$(files one)" "$(files three)"

story 'one that was left half is not believed'
kept=$(in_host sh -c "ls -d '$home'/images/unpacked/*")
in_host mv "$kept" "$(dirname "$kept")/.create-$(basename "$kept")"
in_host rm -r "$(dirname "$kept")/.create-$(basename "$kept")/rootfs/usr"
j jlmkr-create --startup=0 four
status 0
err_has 'Unpacking debian'
is "$(files one)" "$(files four)"
is "$(basename "$kept")" "$(in_host ls -A "$home/images/unpacked")"

story 'a create that is killed leaves a whole image or none'
for after in 0.05 0.15 0.3 0.6 1.2 1.8; do
	in_host rm -rf "$home/images/unpacked"
	for jail in five six; do
		in_host sh -c "JAILMAKER_DIR='$home' timeout -s KILL $after jlmkr-create --startup=0 $jail" \
			> /dev/null 2>&1
		j jlmkr-remove -y $jail
	done
	j jlmkr-create --startup=0 five
	status 0
	is "$(files one)" "$(files five)"
	is "$(basename "$kept")" "$(in_host ls -A "$home/images/unpacked")"
	j jlmkr-remove -y five
	status 0
done

story 'prune takes it away'
j jlmkr-images --prune
status 0
is '' "$(in_host ls -A "$home/images/unpacked")"
j jlmkr-create --startup=0 seven
status 0
finish
