#!/bin/sh
# Jails on btrfs with subvolumes in them: they are listed, and go, read-only ones, too.
. "$(dirname "$0")/lib.sh"

story 'subvolumes are listed, and go with the jail'
btrfs_pool 1G
# The host has no btrfs(8): ours works on its files, from here.
volume() { btrfs "$@" > /dev/null || fail "btrfs $*"; }
root=/proc/$pid/root$home/jails
volumes() { btrfs subvolume list "/proc/$pid/root/mnt/pool" | wc -l; }
make() {
	j jlmkr-create -q --distro=fedora --release=43 "$1"
	status 0
	volume subvolume create "$root/$1/rootfs/etc/vol"
	in_host sh -c "echo data > '$home/jails/$1/rootfs/etc/vol/file'"
	volume subvolume create "$root/$1/rootfs/etc/vol/inner"
	volume subvolume snapshot -r "$root/$1/rootfs/etc/vol" "$root/$1/rootfs/snap"
}

make one
is 3 "$(volumes)"
try sh -c "echo no | JAILMAKER_DIR=$home jlmkr-remove one"
refused
err_has 'subvolumes in it: 3'
err_has "$home/jails/one/rootfs/etc/vol/inner\$"
err_has "$home/jails/one/rootfs/snap\$"
j jlmkr-remove -y one
status 0
err_has "$home/jails/one/rootfs/snap\$"
is 0 "$(volumes)"
is '' "$(in_host ls -A "$home/jails")"

story 'one that comes between the question and the answer'
make two
in_host mkfifo /tmp/answer
in_host sh -c "JAILMAKER_DIR='$home' exec jlmkr-remove two < /tmp/answer" > "$tmp/out" 2> "$tmp/err" &
in_host sh -c 'exec 3> /tmp/answer; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo two >&3' &
sleep 1.5
volume subvolume snapshot "$root/two/rootfs/etc/vol" "$root/two/rootfs/late"
in_host touch /tmp/go
wait %1 && rc=0 || rc=$?
wait
status 5
err_has 'it changed since you were asked: the subvolume rootfs/late is new; nothing was removed'
is 4 "$(volumes)"
in_host test -s "$home/jails/two/rootfs/late/file" || fail 'it has lost its files'

story 'a jail that is a subvolume'
volume subvolume create "$root/three"
in_host sh -c "cp -a '$home/jails/two/config' '$home/jails/two/rootfs' '$home/jails/three/'"
j jlmkr-remove -q -y two
status 0
j jlmkr-remove -q -y three
status 0
is 0 "$(volumes)"
is '' "$(in_host ls -A "$home/jails")"

story '... that is read-only'
volume subvolume create "$root/four"
in_host sh -c "mkdir '$home/jails/four/rootfs'; touch '$home/jails/four/config'"
volume property set -t subvol "$root/four" ro true
j jlmkr-remove -y four
refused
err_has "$home/jails/four is read-only: btrfs property set '$home/jails/four' ro false"
in_host test -e "$home/jails/four/config" || fail 'it is gone'
finish
