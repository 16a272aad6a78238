#!/bin/sh
# Datasets that should be mounted where jails are made, and are not: nothing is made in their place.
. "$(dirname "$0")/lib.sh"

zfs_pool
in_host cp -a /mnt/tank/jailmaker/images /tmp/images 2> /dev/null
tiny one
status 0
# Which files lie beneath the mounts, when none of them is mounted.
beneath() { in_host find '/mnt/z/my pool' -mindepth 1 ! -type d; }
unmount_all() { for part in jails/one jails images ''; do patiently zfs unmount "$ds${part:+/$part}"; done; }
mount_all() {
	in_host zfs mount -a > "$tmp/out" 2> "$tmp/err" || fail 'what is not mounted cannot be mounted any more'
	j jlmkr-list --no-header
	out_has '^one  *False'
}

story "the directory's own dataset, and those below"
unmount_all
tiny web
status 1
err_has "$home/jails: its dataset $ds is not mounted: zfs mount '$ds'"
one_line_err
tiny --dry-run web
status 1
err_has "its dataset $ds is not mounted: zfs mount '$ds'"
j jlmkr-list
status 1
err_has "its dataset $ds is not mounted: zfs mount '$ds'"
out_lacks 'No jails'
is '' "$(in_host ls -A "$home")"
mount_all

story 'that of the pool, as well'
unmount_all
patiently zfs unmount mypool
tiny web
status 1
in_host test -d "$home" && err_has "its dataset mypool is not mounted: zfs mount 'mypool'"
is '' "$(beneath)"
mount_all

story 'only that of jails/'
patiently zfs unmount "$ds/jails/one"
patiently zfs unmount "$ds/jails"
tiny web
status 1
err_has "its dataset $ds/jails is not mounted"
tiny --dry-run web
status 1
j jlmkr-list
status 1
err_has "$home/jails: its dataset $ds/jails is not mounted: zfs mount '$ds/jails'"
mount_all

story 'only that of the images'
patiently zfs unmount "$ds/images"
tiny web
status 1
err_has "$home/images: its dataset $ds/images is not mounted: zfs mount '$ds/images'"
is '' "$(in_host ls -A "$home/images")"
mount_all

story 'a dataset with a mountpoint of its own, in another pool'
in_host sh -c 'truncate -s 1G /var/second && zpool create -m none second /var/second &&
	mkdir -p /mnt/own/jm && zfs create -o mountpoint=/mnt/own/jm second/place' > /dev/null 2>&1 || fail 'no pool'
patiently zfs unmount second/place
try env JAILMAKER_DIR=/mnt/own/jm jlmkr-create -q --offline --distro=fedora --release=43 web
status 1
err_has "its dataset second/place is not mounted: zfs mount 'second/place'"
is '' "$(in_host ls -A /mnt/own/jm)"
zfs_in_host set canmount=off second/place
try env JAILMAKER_DIR=/mnt/own/jm jlmkr-list
is 'No jails.' "$(cat "$tmp/out")"

story 'jails/ that was moved by its mountpoint'
patiently zfs unmount "$ds/jails/one"
patiently zfs set mountpoint=/mnt/moved "$ds/jails"
j jlmkr-list
status 1
err_has "$home/jails: its dataset $ds/jails is mounted at /mnt/moved instead: zfs inherit mountpoint '$ds/jails'"
tiny web
status 1
err_has "its dataset $ds/jails is mounted at /mnt/moved instead"
tiny --dry-run web
status 1
err_has 'is mounted at /mnt/moved instead'
j jlmkr-remove -y one
refused
is '' "$(in_host ls -A "$home/jails" 2> /dev/null)"
patiently zfs inherit mountpoint "$ds/jails"
mount_all

story 'a jail that was moved'
patiently zfs set mountpoint=/mnt/moved-one "$ds/jails/one"
j jlmkr-start one
refused
err_has "its dataset $ds/jails/one is mounted at /mnt/moved-one instead"
patiently zfs inherit mountpoint "$ds/jails/one"
mount_all

story 'plain directories mind none of that'
in_host mkdir -p /mnt/tank/plain
try env JAILMAKER_DIR=/mnt/tank/plain jlmkr-create -q --distro=fedora --release=43 web
status 0
try env JAILMAKER_DIR=/mnt/tank/plain jlmkr-remove -q -y web
status 0
finish
