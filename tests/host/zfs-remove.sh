#!/bin/sh
# What remove takes with a jail on ZFS, and what it must not take.
. "$(dirname "$0")/lib.sh"

zfs_pool
# refuses NAME WORDS: the jail stays as it is, and it is said why.
refuses() {
	j jlmkr-remove -y "$1"
	refused
	err_has "$2"
}
there() { in_host zfs list -H -o name "$1" > /dev/null 2>&1 || fail "$1 is gone"; }
gone() { ! in_host zfs list -H -o name "$1" > /dev/null 2>&1 || fail "$1 is still there"; }
tiny first
j jlmkr-remove -q -y first

# The second and third come at different moments of the creation of jails/.
at_once() {
	zfs_in_host create mypool/fresh$1
	in_host timeout -s KILL 200 sh -c 'export JAILMAKER_DIR="/mnt/z/my pool/fresh'$1'"; cp -a "'"$home"'/images" "$JAILMAKER_DIR/" 2> /dev/null
		for n in 1 2 3; do jlmkr-create -q --distro=fedora --release=43 f$n & sleep 0.0'$1'; done; wait
		ls "$JAILMAKER_DIR/jails"; zfs list -H -o name -r mypool/fresh'$1' | grep -c jails/' > "$tmp/out" 2> "$tmp/err"
}
# zfs-fuse may wait for itself for ever when file systems are mounted while another one gets its name.
# Then nothing in the pool can be read any more, and only a new host helps.
is_stuck() { ! in_host timeout -s KILL 10 ls -R /mnt/z > /dev/null; }

story 'three creates at once, the first of all'
for k in 1 3 5 7; do
	if ! at_once $k && is_stuck; then
		host stop
		host start && zfs_pool && tiny first && at_once $k
	fi
	is 'f1 f2 f3 3' "$(echo $(cat "$tmp/out"))"
done

story 'one with many snapshots of long names'
tiny many
for i in $(seq 10 25); do zfs_in_host snapshot "$ds/jails/many@before-update-of-something-with-a-long-name-$i"; done
j jlmkr-remove -q -y many
status 0
gone "$ds/jails/many"

story "somebody's data, bound into jails/, is not a jail's"
zfs_in_host create -o mountpoint=/mnt/z/media mypool/media
zfs_in_host create mypool/media/sub
zfs_in_host snapshot mypool/media@s
in_host sh -c "mkdir '$home/jails/bm' && mount --bind /mnt/z/media '$home/jails/bm'"
refuses bm 'mypool/media, which is mounted there, belongs at /mnt/z/media'
there mypool/media@s
in_host sh -c "umount '$home/jails/bm' && rmdir '$home/jails/bm'"

story 'a dataset that is mounted elsewhere, too'
tiny two
in_host sh -c "mkdir -p /mnt/second && mount --bind '$home/jails/two' /mnt/second"
refuses two 'is mounted at /mnt/second as well'
in_host umount /mnt/second
there "$ds/jails/two"

story 'a child whose files are outside of the jail'
zfs_in_host create -o mountpoint=/mnt/z/precious "$ds/jails/two/precious"
in_host sh -c 'echo precious > /mnt/z/precious/file'
refuses two "jails/two/precious would go with it, and its place is /mnt/z/precious"
patiently zfs unmount "$ds/jails/two/precious"
refuses two "jails/two/precious would go with it, and its place is /mnt/z/precious"
zfs_in_host destroy "$ds/jails/two/precious"

story 'a snapshot that is held'
zfs_in_host snapshot "$ds/jails/two@kept"
zfs_in_host hold backup "$ds/jails/two@kept"
refuses two "the snapshot $ds/jails/two@kept is held"
j jlmkr-list
out_has '^two '
zfs_in_host release backup "$ds/jails/two@kept"

story 'what holds all jails'
in_host sh -c 'mkdir -p /mnt/z/ww && zfs create -o mountpoint=none mypool/ww &&
	zfs create -o mountpoint=/mnt/z/ww/jails mypool/ww/jails &&
	zfs set mountpoint=/mnt/z/ww/jails/all mypool/ww && { zfs mount mypool/ww 2> /dev/null || :; }' || fail 'not made'
try env JAILMAKER_DIR=/mnt/z/ww jlmkr-remove -y all
refused
err_has 'mypool/ww holds all jails'
there mypool/ww/jails
in_host sh -c 'zfs unmount mypool/ww; zfs set mountpoint=none mypool/ww'
patiently zfs destroy -r mypool/ww

story 'a jail that is not mounted is not removed, nor made again'
patiently zfs unmount "$ds/jails/two"
refuses two "its dataset $ds/jails/two is not mounted"
in_host rmdir "$home/jails/two"
tiny two
status 4
err_has "dataset $ds/jails/two already exists"
tiny --dry-run two
status 4
zfs_in_host mount "$ds/jails/two"
j jlmkr-remove -q -y two
status 0
gone "$ds/jails/two"

story 'what is busy below is found before anything is destroyed'
zfs_in_host create -o "mountpoint=$home/jails/five" mypool/elsewhere
tiny three
in_host sh -c "cp -a '$home/jails/three/.' '$home/jails/five/'"
zfs_in_host snapshot mypool/elsewhere@one
zfs_in_host create mypool/elsewhere/aaa
zfs_in_host create mypool/elsewhere/zzz
in_host sh -c "cd '$home/jails/five/zzz' && exec sleep 61" > /dev/null 2>&1 &
soon pgrep -fx 'sleep 61'
refuses five 'mypool/elsewhere/zzz is in use by sleep (process'
there mypool/elsewhere@one
there mypool/elsewhere/aaa
in_host test -e "$home/jails/five/config" || fail 'it is not mounted any more'
in_host pkill sleep
j jlmkr-remove -y five
status 0
err_has 'mypool/elsewhere@one'
gone mypool/elsewhere

story 'a dataset elsewhere that is not mounted is not removed as the directory that it leaves'
zfs_in_host create -o "mountpoint=$home/jails/six" mypool/elsewhere
in_host sh -c "cp -a '$home/jails/three/.' '$home/jails/six/'"
patiently zfs unmount mypool/elsewhere
refuses six 'its dataset mypool/elsewhere is not mounted'
zfs_in_host destroy mypool/elsewhere
in_host rmdir "$home/jails/six"

story 'mountpoints that lead through a link'
in_host sh -c "mkdir /mnt/z/real && ln -s /mnt/z/real /mnt/z/lnk"
zfs_in_host create -o mountpoint=/mnt/z/lnk/jm mypool/linked
try env JAILMAKER_DIR=/mnt/z/lnk/jm jlmkr-create -q --distro=fedora --release=43 x
status 0
zfs_in_host create -o canmount=noauto mypool/linked/jails/x/child
try env JAILMAKER_DIR=/mnt/z/lnk/jm jlmkr-remove -q -y x
status 0
gone mypool/linked/jails/x

story 'a start while a remove stops the jail: it is not started again'
j jlmkr-create -q --distro=debian seven
j jlmkr-config -q seven 'post_stop_hook=/bin/sleep 3'
j jlmkr-start -q seven
status 0
in_host sh -c "export JAILMAKER_DIR='$home'
	jlmkr-remove -q -y seven & until systemctl show -P ActiveState jlmkr-seven.service | grep -q deact; do sleep 0.1; done
	jlmkr-start -q seven; echo \$?; wait \$!; echo \$?" > "$tmp/out" 2> "$tmp/err"
is '3 0' "$(echo $(cat "$tmp/out"))"
gone "$ds/jails/seven"

story 'a mountpoint of its own leaves nothing in jails/'
zfs_in_host set "mountpoint=$home/jails/three" "$ds/jails/three"
j jlmkr-remove -q -y three
status 0
is '' "$(in_host ls -A "$home/jails")"

story 'a mountpoint with a newline, elsewhere in the pool'
in_host sh -c "zfs create -o mountpoint='/mnt/z/new
line' mypool/nl"
tiny four
status 0
j jlmkr-remove -q -y four
status 0

story 'jails/ as a link to where they are'
in_host sh -c "mkdir '/mnt/z/my pool/link' && ln -s '$home/jails' '/mnt/z/my pool/link/jails'"
try env JAILMAKER_DIR='/mnt/z/my pool/link' jlmkr-create -q --distro=fedora --release=43 linked
status 0
there "$ds/jails/linked"
try env JAILMAKER_DIR='/mnt/z/my pool/link' jlmkr-remove -q -y linked
status 0
gone "$ds/jails/linked"

story 'a zfs that outlives a killed create is waited for'
in_host sh -c 'mkdir -p /tmp/slow; printf "#!/bin/sh\ncase \$1 in create|clone) sleep 3;; esac\nexec /sbin/zfs.real \"\$@\"\n" > /tmp/slow/zfs
	chmod +x /tmp/slow/zfs; cp /sbin/zfs /tmp/zfs.real; mkdir -p /run/sbin /run/sbinw; cp /tmp/slow/zfs /run/sbin/zfs
	cp /tmp/zfs.real /run/sbin/zfs.real
	mount -t overlay overlay -o lowerdir=/run/sbin:/usr/sbin /usr/sbin' || fail 'no slow zfs'
in_host sh -c "export JAILMAKER_DIR='$home'
	jlmkr-create -q --offline --distro=fedora --release=43 killed & sleep 1.5; kill -KILL \$!; wait
	exec jlmkr-create -q --offline --distro=fedora --release=43 killed" > "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
status 0
in_host umount /usr/sbin
j jlmkr-remove -q -y killed
status 0

story 'a standby whose removal was killed before it got its hidden name is one still'
# A zfs that kills who wants to rename.
in_host sh -c 'mkdir -p /run/killer && cp /sbin/zfs /run/killer/zfs.real &&
	printf "#!/bin/sh\n[ \$1 != rename ] || { kill -KILL \$PPID; exit 1; }\nexec /sbin/zfs.real \"\$@\"\n" > /run/killer/zfs && chmod +x /run/killer/zfs'
kind() { in_host zfs get -H -o value jlmkr:kind "$1"; }
for was in standby handed:1:nas2:st; do
	tiny st
	in_host sh -c "zfs set jlmkr:kind=$was '$ds/jails/st' && zfs set readonly=on '$ds/jails/st' && mount -t overlay overlay -o lowerdir=/run/killer:/usr/sbin /usr/sbin"
	j jlmkr-remove -q -y st
	status 137
	in_host umount /usr/sbin
	case $(kind "$ds/jails/st") in trash:*" $was") ;; *) fail "it is $(kind "$ds/jails/st")" ;; esac
	j jlmkr-start st
	status 1
	err_has "'jlmkr promote st'"
	[ $was = standby ] || { j jlmkr-promote st; status 0; is - "$(kind "$ds/jails/st")"; }
	j jlmkr-remove -q -y st
	status 0
	gone "$ds/jails/st"
	is '' "$(in_host ls -A "$home/jails" | grep '^\.')"
done

story 'a pool without room: what is removed makes some'
in_host sh -c 'truncate -s 200M /var/small; zpool create -m /mnt/z/small small /var/small &&
	zfs create small/jm && zfs create small/fill' ||
	fail 'no pool'
home=/mnt/z/small/jm
tiny a
status 0
tiny busybox
status 0
in_host sh -c "mkdir $home/jails/dir && cp -a $home/jails/a/. $home/jails/dir/"
in_host dd if=/dev/urandom of=/mnt/z/small/fill/1 bs=1M > /dev/null 2>&1
j jlmkr-remove -q -y busybox
status 0
j jlmkr-list
out_has '^a '
out_lacks '^busybox '
gone small/jm/jails/busybox
in_host dd if=/dev/urandom of=/mnt/z/small/fill/2 bs=64k > /dev/null 2>&1
j jlmkr-remove -q -y dir
status 0
j jlmkr-remove -q -y a
status 0
patiently zfs destroy small/fill
soon sh -c '[ "$(zfs get -Hpo value available small)" -gt 30000000 ]'
tiny b
status 0
finish
