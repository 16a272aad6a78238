#!/bin/sh
# Jails that were moved to another pool, and whose directory or rootfs is a link since.
. "$(dirname "$0")/lib.sh"

fast=/mnt/tank/fast
in_host sh -c "mkdir -p $fast /mnt/tank/far; useradd -m -u 4711 bob"
for name in whole root; do
	try jlmkr-create -q --startup=1 $name
	status 0
done
in_host sh -c "mv $jails/whole $fast/moved; ln -s $fast/moved $jails/whole
	mv $jails/root/rootfs /mnt/tank/far/r1; ln -s ../../../far/r1 $jails/root/rootfs" || fail 'cannot be made'

story 'both are whole jails'
try jlmkr list
status 0
err_empty
out_has '^whole  *False  *True  *False  *False  *debian  *12'
out_has '^root  *False  *True  *False  *False  *debian  *12'

story 'they start at boot, and run'
try jlmkr startup
status 0
for name in whole root; do
	try jlmkr exec $name cat /proc/sys/kernel/hostname
	is $name "$(cat "$tmp/out")"
	is $name "$(in_host cat $jails/$name/rootfs/etc/hostname)"
	try jlmkr status $name
	status 0
done
try jlmkr start whole
status 0
err_has 'runs already'

story 'config, edit, restart and stop'
try jlmkr config -q whole gpu_passthrough_intel=0 'pre_start_hook=#!/bin/sh
pwd > /tmp/pwd'
status 0
try sh -c 'EDITOR="sed -i s/^startup=1/startup=0/" jlmkr edit whole'
status 0
try grep -c startup=0 $fast/moved/config
is 1 "$(cat "$tmp/out")"
try jlmkr restart whole root
status 0
is $fast/moved "$(in_host cat /tmp/pwd)"
in_host test -x $fast/moved/.ExecStartPre || fail 'the hook is elsewhere'
in_host test -L $jails/whole || fail 'the link was replaced'
try jlmkr stop whole root
status 0

story 'what is not roots is not followed'
in_host chown -h bob $jails/whole
for command in 'start whole' 'config whole startup=1' 'remove --yes --with-target whole'; do
	try jlmkr $command
	refused
	err_has "whole is a link to $fast/moved: the link 'whole' belongs to the user 4711"
done
try jlmkr list
status 0
err_has "jail whole is incomplete: .*belongs to the user 4711"
in_host chown -h root $jails/whole
in_host chown bob $fast/moved
try jlmkr start whole
status 7
err_has "belongs to bob"
in_host chown root $fast/moved
in_host chown bob /mnt/tank/far/r1
try jlmkr start root
status 7
err_has "/mnt/tank/far/r1 belongs to bob"
in_host chown root /mnt/tank/far/r1

story 'who can exchange what a link leads to is told of'
in_host chmod 0777 $fast
try jlmkr start whole
status 0
err_has "^warning: others than root may rename the files in $fast .*they can exchange the files of whole"
in_host chmod 0755 $fast
try jlmkr stop whole

story 'a link that leads nowhere is a jail whose pool is missing'
in_host mv $fast /mnt/tank/away
try jlmkr startup
err_has "jail whole is incomplete: whole is a link to $fast/moved: 'fast': No such file"
try jlmkr start whole
refused
err_has 'No such file'
in_host mv /mnt/tank/away $fast
try jlmkr stop root

story 'a link to a disk of somebody elses is not followed'
in_host ln -s /proc/1 $jails/strange
try timeout 20 jlmkr start strange
refused
err_has 'a file system of type proc'
try jlmkr remove --yes strange
status 0
in_host test ! -L $jails/strange || fail 'the link is there'

manifest() { in_host find $fast /mnt/tank/far -printf '%p %y %s %T@ %l\n' | sort | sha256sum; }

story 'remove takes the link away, and leaves what it leads to'
before=$(manifest)
try jlmkr start whole
status 0
try sh -c 'echo whole | jlmkr remove whole'
status 0
err_has "removes the link $jails/whole, but not what it leads to: $fast/moved"
err_has "The files are still in $fast/moved"
in_host test ! -L $jails/whole || fail 'the link is there'
in_host test -e $fast/moved/rootfs/etc/debian_version || fail 'its files are gone'
is '' "$(in_host systemctl list-units --all --no-legend 'jlmkr-*')"

story 'remove leaves what a link at rootfs leads to'
try sh -c 'echo root | jlmkr remove --with-target root'
status 0
err_has '/mnt/tank/far/r1 stays'
err_has 'still in /mnt/tank/far/r1'
in_host test ! -e $jails/root || fail 'it is there'
in_host test -e /mnt/tank/far/r1/etc/debian_version || fail 'the rootfs is gone'

story 'with --with-target all of it goes, running or not, and nothing beside it'
in_host sh -c "ln -s $fast/moved $jails/whole; mkdir $fast/beside; ln -s $fast/beside $fast/moved/rootfs/mnt/out; echo mine > $fast/beside/file"
try jlmkr start whole
status 0
try sh -c 'echo whole | jlmkr remove --with-target whole'
status 0
err_has "a link, with all files of the directory that it leads to: $fast/moved"
is "$fast/beside/file" "$(in_host find $fast -type f)"
is '' "$(in_host ls -A $jails)"

story '... unless that is not a jail, or is one in another way'
try jlmkr-create -q --distro=fedora --release=43 one
in_host sh -c "ln -s one $jails/two; ln -s .. $jails/three; ln -s $fast/beside $jails/four; mkdir -p $fast/half; : > $fast/half/config
	ln -s $fast/half $jails/half; cp -a $jails/one $fast/held; mkdir -p $fast/held/rootfs/mnt/x; mount -t tmpfs tmpfs $fast/held/rootfs/mnt/x
	ln -s $fast/held $jails/held"
for name in two three four half held; do
	try jlmkr remove --yes --with-target $name
	refused
	in_host test -L $jails/$name || fail "the link $name is gone"
done
err_has 'something is mounted in it'
in_host umount $fast/held/rootfs/mnt/x
in_host chmod 0777 $fast
try jlmkr remove --yes --with-target held
status 7
err_has 'others than root may rename'
in_host chmod 0755 $fast
in_host test -e $jails/one/config -a -e $fast/beside/file -a -e $fast/half/config || fail 'something is gone'
for name in two three four half held; do
	try jlmkr remove --yes $name
	status 0
done
in_host test -e $jails/one/config -a -e $fast/beside/file -a -e $fast/half/config || fail 'something is gone'

story 'a link that was turned meanwhile is not followed by a remove that was asked for'
in_host ln -s $fast/held $jails/held
in_host sh -c "cp -a $jails/one $fast/other"
between held "ln -sfn $fast/other $jails/held"
refused
err_has 'it leads to another directory; nothing was removed'
in_host test -e $fast/held/config -a -e $fast/other/config -a -L $jails/held || fail 'something is gone'
in_host sh -c "rm $jails/held; rm -r $fast"

story 'of a dataset elsewhere all goes, its snapshots too'
zfs_pool
zfs_in_host create 'mypool/other place'
zfs_in_host create 'mypool/other place/beside'
zfs_in_host create 'mypool/other place/db'
tiny one
status 0
away='/mnt/z/my pool/other place'
in_host sh -c 'cp -a "$1/jails/one/." "$2/db/"; ln -s "$2/db" "$1/jails/db"' - "$home" "$away"
zfs_in_host snapshot 'mypool/other place/db@before'
j jlmkr list
out_has '^db '
j jlmkr remove --yes db
status 0
err_has "still in $away/db"
in_host test -e "$away/db/config" || fail 'the files are gone'
in_host ln -s "$away/db" "$home/jails/db"
j jlmkr remove --yes --with-target db
status 0
err_has 'snapshots: 1'
is "mypool/other place
mypool/other place/beside" "$(in_host zfs list -H -o name -r 'mypool/other place')"
is one "$(in_host ls "$home/jails")"
finish
