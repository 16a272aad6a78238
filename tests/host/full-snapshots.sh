#!/bin/sh
# A disk that fills up while a jail is cloned, kept, rolled back or renamed: the old state or the new
# one, in one sentence, and the same command works when there is room.
. "$(dirname "$0")/lib.sh"

small=/mnt/small home=$small
in_host mkdir -p $small
in_host mount -t tmpfs -o size=1g tmpfs $small
jails=$small/jails
room() { in_host mount -o remount,size=$(($(used) + $1))k $small; }
plenty() { in_host mount -o remount,size=1g $small; }
used() { in_host df --output=used -B1k $small | tail -n 1 | tr -d ' '; }
# All names, and the contents of the files that are not very large. Directories change their times.
state() {
	in_host sh -c "cd $jails && find . -printf '%p %y %m %l %s\n' | sed '/ d /s/ [0-9]*\$//' | sort
		find . -type f -size -100k -exec md5sum {} + | sort"
}

tiny web
in_host sh -c "head -c 6000000 /dev/urandom > $jails/web/rootfs/large
	mkdir $jails/web/rootfs/many; for i in \$(seq 300); do echo \$i > $jails/web/rootfs/many/\$i; done"

# fills_up UNDO COMMAND...: with ever more room; UNDO takes back what the command did
fills_up() {
	undo=$1 refusals=0
	shift
	state > "$tmp/before"
	# A clone takes some 7 MB.
	for kib in 0 4 8 16 64 200 1000 3000 5500 6000 6400 6800 7000 7100 7200 7300 7400 7600 8000; do
		room $kib
		j "$@"
		if [ "$rc" -ne 0 ]; then
			status 1
			err_has 'No space left on device'
			one_line_err
			refusals=$((refusals + 1))
			state > "$tmp/after"
			diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail "with $kib KiB something is changed or left"
			plenty
			j "$@"
			status 0
		fi
		plenty
		eval "$undo" || fail "cannot undo with $kib KiB"
		[ -z "$why" ] || break
	done
	[ "$refusals" -ge 4 ] || fail "refused only $refusals times"
	title="$title ($refusals times)"
}

story 'clone'
fills_up 'j jlmkr-remove -q -y two; [ $rc -eq 0 ]' jlmkr-clone -q --full web two

story 'snapshot'
fills_up 'j jlmkr-snapshot --delete web@a; [ $rc -eq 0 ]' jlmkr-snapshot -q --copy web@a

story 'rollback'
j jlmkr-snapshot -q --copy web@a
in_host sh -c "echo 1 > $jails/web/rootfs/mine"
fills_up 'j jlmkr-rollback -q --discard web@a; [ $rc -eq 0 ]; in_host sh -c "echo 1 > $jails/web/rootfs/mine"' \
	jlmkr-rollback -q --discard web@a

story 'rename needs almost nothing'
in_host sh -c "echo web > $jails/web/rootfs/etc/hostname; sed -i 's/^hostname=.*/hostname=web/' $jails/web/config"
state > "$tmp/before"
room 0
j jlmkr-rename -q web www
if [ "$rc" -ne 0 ]; then
	err_has 'No space left on device'
	state > "$tmp/after"
	diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'something is changed or left'
fi
plenty
[ "$rc" -eq 0 ] || expect_status 0 env JAILMAKER_DIR=$home jlmkr-rename -q web www
is www "$(in_host cat $jails/www/rootfs/etc/hostname)"
in_host umount $small

story 'config with a snapshot first'
in_host mount -t tmpfs -o size=1g tmpfs $small
tiny web
j jlmkr-config web auto_snapshot=1
room 0
j jlmkr-config web startup=1
refused
plenty
j jlmkr-config web startup
is 0 "$(cat "$tmp/out")"
in_host umount $small

story 'a full pool of ZFS'
home='/mnt/z/jail maker' ds='little/jail maker' jails=$home/jails
in_host sh -c "truncate -s 128M /var/little && zpool create -m /mnt/z little /var/little && zfs create '$ds'" 2> /dev/null
tiny web
tiny old
j jlmkr-snapshot web@a
in_host sh -c "echo 1 > '$jails/web/rootfs/mine'; dd if=/dev/zero of='/mnt/z/fill' bs=64k 2> /dev/null; sync
	dd if=/dev/zero of='/mnt/z/fill2' bs=512 2> /dev/null; sync"
done=''
for words in 'clone web two' 'clone --full web@a three' 'snapshot web@b' 'rollback web@a' 'rename old new'; do
	j jlmkr $words
	[ "$rc" -ne 0 ] || done="$done $words,"
	[ "$rc" -eq 0 ] || one_line_err
	is '' "$(in_host ls -A "$jails" | grep '^\.')"
	[ "$rc" -eq 0 ] || is 1 "$(in_host cat "$jails/web/rootfs/mine")"
done
in_host rm -f '/mnt/z/fill' '/mnt/z/fill2'
title="$title (done:${done:- none})"

story '... and when there is room, they work'
for words in 'clone web two' 'clone --full web three' 'snapshot web@b' 'rollback web@a' 'rename old new'; do
	case "$done," in *" ${words%@a},"* | *" $words,"*) continue ;; esac
	[ "$words" != 'clone --full web three' ] || in_host test ! -e "$jails/three" || continue
	j jlmkr $words
	status 0
done
is 'new three two web' "$(in_host ls -A "$jails" | tr '\n' ' ' | sed 's/ $//')"

finish
