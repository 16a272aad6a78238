#!/bin/sh
# What comes to a jail on ZFS between a look and the deed: nothing goes that was not shown.
. "$(dirname "$0")/lib.sh"

zfs_pool
there() { in_host zfs list -H -o name "$1" > /dev/null 2>&1 || fail "$1 is gone"; }
gone() { ! in_host zfs list -H -o name "$1" > /dev/null 2>&1 || fail "$1 is still there"; }
whole() {
	j jlmkr-list --no-header
	out_has "^$1  *False"
	in_host test -s "$home/jails/$1/rootfs/etc/hosts" || fail "$1 has lost its files"
	is '' "$(in_host find "$home/jails" -maxdepth 1 -name '.*' ! -name .)"
	! in_host zfs list -H -o name -r "$ds/jails" | grep -q '/\.' || fail 'there is something hidden'
}
tiny one
status 0

story 'a snapshot that comes between the question and the answer'
between one "zfs snapshot '$ds/jails/one@late'"
status 5
err_has "it changed since you were asked: $ds/jails/one@late is new; nothing was removed"
there "$ds/jails/one@late"
whole one

story 'a dataset'
between one "zfs create '$ds/jails/one/late'; zfs snapshot '$ds/jails/one/late@x'"
status 5
err_has "it changed since you were asked: $ds/jails/one/late is new; nothing was removed"
there "$ds/jails/one/late@x"
whole one

story 'a snapshot of the same name that is another one'
between one "zfs destroy '$ds/jails/one@late'; zfs snapshot '$ds/jails/one@late'"
status 5
err_has "$ds/jails/one@late is new"
there "$ds/jails/one@late"

story 'a dataset of another place that is moved into it'
zfs_in_host create mypool/precious
zfs_in_host snapshot mypool/precious@old
between one "zfs unmount mypool/precious; sleep 1; zfs rename mypool/precious '$ds/jails/one/precious'"
status 5
err_has "$ds/jails/one/precious is new"
there "$ds/jails/one/precious@old"
patiently zfs rename "$ds/jails/one/precious" mypool/precious

story 'the jail removed and made anew'
tiny two
between two "jlmkr-remove -q -y two; jlmkr-create -q --offline --distro=fedora --release=43 two"
status 5
err_has 'it changed since you were asked: another jail has its name'
whole two
j jlmkr-remove -q -y two
status 0

story 'what went by itself is no hindrance'
tiny two
zfs_in_host snapshot "$ds/jails/two@a"
zfs_in_host snapshot "$ds/jails/two@b"
between two "zfs destroy '$ds/jails/two@a'"
status 0
gone "$ds/jails/two"

sly_zfs

story 'a snapshot that comes after the last look'
slyly rename <<EOF
zfs.real snapshot '$ds/jails/one@later'
EOF
j jlmkr-remove -y one
status 5
err_has "it changed since it was looked at: $ds/jails/one@later is new; nothing was removed"
there "$ds/jails/one@late"
there "$ds/jails/one@later"
there "$ds/jails/one/late@x"
in_host test -d "$home/jails/one/late" || fail 'the child is not mounted again'
whole one
is '-' "$(in_host zfs get -H -o value jlmkr:kind "$ds/jails/one" | grep -v ^jail:)-"

story 'a clone that comes after the last look'
patiently zfs destroy -r "$ds/jails/one/late"
patiently zfs destroy "$ds/jails/one@late"
slyly rename <<EOF
zfs.real clone -o canmount=noauto '$ds/jails/one@later' mypool/clone
EOF
j jlmkr-remove -y one
status 5
# zfs-fuse does not rename what has a clone that is mounted.
err_has 'mypool/clone is a clone of\|dataset is busy'
there "$ds/jails/one@later"
whole one
patiently zfs destroy mypool/clone

story 'a snapshot that comes when a part is gone: it is told what is'
zfs_in_host create "$ds/jails/one/child"
zfs_in_host snapshot "$ds/jails/one/child@x"
slyly destroy <<EOF
cat > /tmp/sly-destroy <<-END
	zfs.real snapshot "\\\$(zfs.real list -H -o name -r '$ds/jails' | grep 'remove-one-[0-9a-f]*\$')@last"
END
EOF
j jlmkr-remove -y one
refused
err_has "destroyed already: .*/child@x"
err_has "one is gone, but not all of its files"
# zfs advises to destroy the snapshot, too.
err_lacks "use '-"
in_host zfs list -H -o name -t snapshot -r "$ds/jails" > "$tmp/out"
out_has '@last$'

story '... and that nobody destroys it'
tiny two
err_has '@last is in it, and nobody has asked to destroy that'
in_host zfs list -H -o name -t snapshot -r "$ds/jails" > "$tmp/out"
out_has '@last$'
in_host sh -c "zfs.real destroy -r \"\$(zfs.real list -H -o name -r '$ds/jails' | grep 'remove-one-[0-9a-f]*\$')\""
in_host sh -c "rmdir '$home/jails/.remove-one-'* 2> /dev/null"
honest_zfs

story 'a remove that is killed while it destroys is finished by the next, with all that was shown'
for n in 1 2 3 4 5 6; do zfs_in_host snapshot "$ds/jails/two@$n"; done
zfs_in_host create "$ds/jails/two/child"
zfs_in_host snapshot "$ds/jails/two/child@a"
j bash -c 'jlmkr-remove -q -y two & until zfs list -H -o name -r "$1" | grep -q remove-two && ! zfs list "$1" -t snapshot -H -r | grep -q two.*@1; do :; done
	kill -KILL $!; wait $!; while pgrep -x zfs > /dev/null; do sleep 0.1; done' - "$ds/jails"
tiny three
status 0
j jlmkr-remove two
is "$ds/jails
$ds/jails/three" "$(in_host zfs list -H -o name -r -t all "$ds/jails")"
whole three

story 'a read-only dataset is told of before anything is destroyed'
tiny four
zfs_in_host snapshot "$ds/jails/four@s"
zfs_in_host set readonly=on "$ds/jails"
j jlmkr-remove -y four
refused
err_has "$home/jails.*ead-only"
zfs_in_host inherit readonly "$ds/jails"
there "$ds/jails/four@s"
whole four

story 'a child with a mountpoint of its own inside the jail'
in_host mkdir "$home/jails/four/rootfs/data"
zfs_in_host create -o "mountpoint=$home/jails/four/rootfs/data" "$ds/jails/four/data"
zfs_in_host create "$ds/jails/four/data/below"
in_host test -d "$home/jails/four/rootfs/data/below" || fail 'it is not mounted'
j jlmkr-remove -y four
status 0
err_has "$ds/jails/four/data/below"
is three "$(in_host ls -A "$home/jails")"
gone "$ds/jails/four"

story '... that is in use'
tiny five
in_host mkdir "$home/jails/five/rootfs/data"
zfs_in_host create -o "mountpoint=$home/jails/five/rootfs/data" "$ds/jails/five/data"
in_host sh -c "cd '$home/jails/five/rootfs/data' && exec sleep 62" > /dev/null 2>&1 &
soon pgrep -fx 'sleep 62'
j jlmkr-remove -y five
refused
err_has 'in use by sleep (process'
whole five
in_host findmnt "$home/jails/five/rootfs/data" > /dev/null || fail 'the child is not mounted any more'
in_host pkill -x sleep

story 'files in the directory that a dataset is mounted on'
in_host sh -c "mkdir /tmp/below && mount --bind '$home/jails' /tmp/below && echo precious > /tmp/below/five/file && umount /tmp/below"
j jlmkr-remove -y five
refused
err_has "its dataset hides files in the directory that it is mounted on; to see them in .*: zfs unmount '$ds/jails/five'"
whole five
in_host sh -c "mount --bind '$home/jails' /tmp/below && rm /tmp/below/five/file && umount /tmp/below"
j jlmkr-remove -q -y five
status 0
finish
