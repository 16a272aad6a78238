#!/bin/sh
# Jails get other names: directories, links and datasets.
. "$(dirname "$0")/lib.sh"

zfs_pool
tidy() { tr '\n' ' ' | sed 's/ $//'; }

try jlmkr-create -q --start web
status 0
story 'a running jail keeps its name, unless it may be restarted'
try jlmkr-rename web www
status 5
err_has 'it runs; --restart stops it and starts it under its new name'
is 'web' "$(in_host ls $jails | tidy)"
try jlmkr-rename --restart web www
status 0
is 'www' "$(in_host ls $jails | tidy)"
try jlmkr-exec www hostname
is www "$(cat "$tmp/out")"
is www "$(in_host cat $jails/www/rootfs/etc/hostname)"
is 'jlmkr-www.service' "$(in_host systemctl list-units --no-legend --plain 'jlmkr-*' | cut -d' ' -f1 | tidy)"
is 'www' "$(in_host machinectl list --no-legend | cut -d' ' -f1 | tidy)"

story 'the host name in its config changes with it, if it was the name of the jail'
in_host jlmkr-stop -q www
in_host jlmkr-config www hostname=www
try jlmkr-rename www web
status 0
is 'hostname=web' "$(in_host grep '^hostname' $jails/web/config)"
in_host jlmkr-config web hostname=mail.lan
in_host sh -c "echo mail.lan > $jails/web/rootfs/etc/hostname"
try jlmkr-rename web www
status 0
is 'hostname=mail.lan' "$(in_host grep '^hostname' $jails/www/config)"
is 'mail.lan' "$(in_host cat $jails/www/rootfs/etc/hostname)"
try jlmkr-rename www web
status 0

story 'a standby keeps the host name of the jail that it is a copy of, as its list says'
try jlmkr-create -q --distro=fedora --release=43 stand
in_host sh -ec "cd $jails/stand && sed -i 's/^hostname=.*//' config && echo hostname=stand >> config && echo standby > .standby && echo x > .rootfs.list"
try jlmkr-rename stand other
status 0
is 'stand hostname=stand x' "$(in_host sh -c "cd $jails/other && cat rootfs/etc/hostname && tail -n 1 config && cat .rootfs.list" | tidy)"
try jlmkr-remove -q -y other

story 'a name that is taken, wrong or its own'
try jlmkr-create -q --distro=fedora --release=43 other
try jlmkr-rename web other
status 4
err_has 'there is a jail other already'
try jlmkr-rename web web
status 4
for name in -x .x a/b 'a b' .. a..b; do
	try jlmkr-rename -- web "$name"
	refused
done
try jlmkr-rename none new
status 3
is 'other web' "$(in_host ls $jails | tidy)"

story 'its snapshots go with it'
try jlmkr-snapshot --copy other@a
try jlmkr-rename other else
status 0
try jlmkr-snapshots --no-header
is 'else a' "$(awk '{ print $1, $2 }' "$tmp/out")"

story 'a link is renamed, and what it leads to stays'
in_host sh -c "mkdir /mnt/tank/fast && mv $jails/else /mnt/tank/fast/else && ln -s /mnt/tank/fast/else $jails/else"
try jlmkr-rename else linked
status 0
is /mnt/tank/fast/else "$(in_host readlink $jails/linked)"
try jlmkr-remove -q -y --with-target linked
status 0

story 'hostile files of a jail lead nowhere'
in_host sh -c "cd $jails/web/rootfs/etc && rm -f hosts hostname && ln -s ../../../../../../../../etc/hosts hosts &&
	ln -s /etc/hostname2 hostname && echo web > hostname2; cp /etc/hosts /tmp/hosts"
try jlmkr-rename web www
status 0
err_has "the host name in .*/jails/web/rootfs is not changed: .*hosts"
in_host cmp /etc/hosts /tmp/hosts || fail 'the file of the host was changed'
! in_host test -e /etc/hostname2 || fail 'it was made on the host'
in_host jlmkr-remove -q -y www

story 'a dataset is renamed, with all below it'
tiny web
zfs_in_host create "$ds/jails/web/data"
in_host touch "$home/jails/web/data/mine"
j jlmkr-snapshot web@a
j jlmkr-rename web www
status 0
err_empty
is "$ds/jails/www
$ds/jails/www@a
$ds/jails/www/data
$ds/jails/www/data@a" "$(in_host zfs list -H -o name -t all -r "$ds/jails" | sed 1d)"
is www "$(in_host ls -A "$home/jails" | tidy)"
in_host test -f "$home/jails/www/data/mine" || fail 'what was below it is not there'
is 'fuse.zfs' "$(in_host findmnt -no FSTYPE "$home/jails/www")"

story 'a link of the jail leads no dataset below it to the host'
zfs_in_host create -o canmount=off "$ds/jails/www/rootfs"
zfs_in_host create -o canmount=off "$ds/jails/www/rootfs/opt"
zfs_in_host create "$ds/jails/www/rootfs/opt/leaf"
in_host mkdir -p /mnt/tank/theirs
swap() { in_host sh -ec "cd '$home/jails/$1/rootfs' && mv opt opt2 && ln -s /mnt/tank/theirs opt"; }
swap www
j jlmkr-rename www web
status 0
err_has "$ds/jails/web/rootfs/opt/leaf is not mounted: rootfs/opt/leaf is no directory"
! in_host grep -q theirs /proc/mounts || fail 'something is mounted there'
is '' "$(in_host ls /mnt/tank/theirs)"
in_host test -f "$home/jails/web/data/mine" || fail 'the other one is not mounted'
in_host sh -ec "cd '$home/jails/web/rootfs' && rm opt && mv opt2 opt"
zfs_in_host mount "$ds/jails/web/rootfs/opt/leaf"
j jlmkr-rename web www
status 0
err_empty
is 'fuse.zfs' "$(in_host findmnt -no FSTYPE "$home/jails/www/rootfs/opt/leaf")"

story 'neither while it is removed'
tiny sly
zfs_in_host create -o canmount=off "$ds/jails/sly/rootfs"
zfs_in_host create -o canmount=off "$ds/jails/sly/rootfs/opt"
zfs_in_host create "$ds/jails/sly/rootfs/opt/leaf"
swap sly
in_host sh -c "while [ ! -e /tmp/over ]; do grep theirs /proc/mounts; done > /tmp/seen" & watcher=$!
j jlmkr-remove -q -y sly
status 0
in_host touch /tmp/over
wait $watcher
is '' "$(in_host cat /tmp/seen)"
is www "$(in_host ls -A "$home/jails" | tidy)"
patiently zfs destroy -r "$ds/jails/www/rootfs"

story 'what a power cut left at the new name, the place of a mount, is no jail'
in_host mkdir "$home/jails/left"
j jlmkr-rename www left
status 0
in_host mkdir "$home/jails/www"
j jlmkr-rename left www
status 0
is www "$(in_host ls -A "$home/jails" | tidy)"
in_host mkdir "$home/jails/new"
tiny new
status 0
j jlmkr-remove -q -y new
zfs_in_host create -o canmount=noauto "$ds/jails/left"
in_host mkdir -p "$home/jails/left"
j jlmkr-rename www left
status 4
zfs_in_host destroy "$ds/jails/left"
in_host rmdir "$home/jails/left"

story 'somebody who is in it is named, and it keeps its name'
in_host sh -c "cd '$home/jails/www/rootfs' && exec sleep 60" > /dev/null 2>&1 &
soon pgrep -fx 'sleep 60'
j jlmkr-rename www web
refused
err_has 'in use by sleep (process'
is www "$(in_host ls -A "$home/jails" | tidy)"
is www "$(in_host cat "$home/jails/www/rootfs/etc/hostname")"
in_host pkill sleep

story 'a mountpoint that would not follow is told of'
zfs_in_host set "mountpoint=$home/jails/www/data" "$ds/jails/www/data"
j jlmkr-rename www web
refused
err_has "zfs inherit mountpoint '$ds/jails/www/data'"
patiently zfs inherit mountpoint "$ds/jails/www/data"
zfs_in_host create -o "mountpoint=$home/jails/far" mypool/far
in_host sh -c "cp -a '$home/jails/www/config' '$home/jails/www/rootfs' '$home/jails/far/'"
j jlmkr-rename far near
refused
err_has 'its dataset mypool/far has another name'
patiently zfs destroy mypool/far
in_host rmdir "$home/jails/far"

story 'a name that only a dataset has'
zfs_in_host create -o canmount=off "$ds/jails/hidden"
j jlmkr-rename www hidden
status 4
patiently zfs destroy "$ds/jails/hidden"

cat > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
jails=$1/jails
from=one to=two
measure jlmkr-rename two one
for i in $(seq $2); do
	cut_short jlmkr-rename $from $to
	settle
	list=$(jlmkr-list -q --no-header | cut -d' ' -f1)
	case $list in $from | $to) ;; *) off "$list" ;; esac
	again_or "no jail named '$from'" jlmkr-rename $from $to
	[ "$(ls -A $jails 2> /dev/null || ls -A "$jails")" = $to ] || off "$(ls -A "$jails")"
	[ "$(cat "$jails/$to/rootfs/etc/hostname")" = $to ] || off 'another host name'
	x=$from from=$to to=$x
done
echo "cut $cut"
END

story "a directory, killed at $kills moments: the old name or the new one"
in_host mkdir -p /mnt/tank/plain
try env JAILMAKER_DIR=/mnt/tank/plain jlmkr-create -q --distro=fedora --release=43 two
killed /mnt/tank/plain $kills < "$tmp/killed"

story "a dataset, killed at $kills moments"
j jlmkr-rename www two
killed "$home" $kills < "$tmp/killed"

cat > "$tmp/restarted" <<'END'
export JAILMAKER_DIR=$1
jails=$1/jails
from=one to=two
jlmkr-start -q two || exit 1
measure jlmkr-rename --restart two one
for i in $(seq $2); do
	again jlmkr-start -q $from
	cut_short jlmkr-rename --restart $from $to
	settle
	list=$(jlmkr-list -q --no-header | cut -d' ' -f1)
	case $list in $from | $to) ;; *) off "$list" ;; esac
	again_or "no jail named '$from'" jlmkr-rename --restart $from $to
	[ "$(ls -A "$jails")" = $to ] || off "$(ls -A "$jails")"
	[ "$(cat "$jails/$to/rootfs/etc/hostname")" = $to ] || off 'another host name'
	again jlmkr-start -q $to
	[ "$(machinectl list --no-legend | grep -c 'one\|two')" = 1 ] || off "$(machinectl list)"
	x=$from from=$to to=$x
done
jlmkr-stop -q $from
echo "cut $cut"
END

n=$(kills_of 12)
story "one that runs, killed at $n moments"
in_host mkdir /mnt/tank/running
try env JAILMAKER_DIR=/mnt/tank/running jlmkr-create -q two
killed /mnt/tank/running "$n" < "$tmp/restarted"

finish
