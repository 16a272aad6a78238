#!/bin/sh
# Two small pools, one of which is full while a jail is copied or moved from one to the other
# (full-copy.sh).
. "$(dirname "$0")/lib.sh"

home=/mnt/z/jm ds=little/jm far=/mnt/y/jm fds=lesser/jm
in_host sh -c 'truncate -s 128M /var/little /var/lesser && zpool create -m /mnt/z little /var/little &&
	zpool create -m /mnt/y lesser /var/lesser && for d in jm fill; do zfs create little/$d && zfs create lesser/$d || exit; done' 2> /dev/null
far_machine
f() { try env JAILMAKER_DIR=$far "$@"; }
copy() { j jlmkr-copy -q --remote-dir=$far "$@" web nas2:; }
move() { j jlmkr-move -q --remote-dir=$far web nas2:; }
snaps() { in_host zfs list -H -o name -t snapshot -r "$1/jails" 2> /dev/null | sed 's/.*jails.//; s/@copy-.*/@copy-/' | xargs; }
kind() { in_host zfs get -H -o value jlmkr:kind "$1/jails/web"; }
hidden() { in_host ls -A $far/jails $home/jails | grep '^\.'; in_host zfs list -H -o name | grep '/\.'; }
files() { in_host ls -A $1/jails 2> /dev/null | grep -v '^\.receive-web-' | xargs; }
sums() { in_host sh -c "cd $1/jails/web && cat config rootfs/mine rootfs/big | sha256sum"; }
# fill DIR MIB: the pool is full, but for about so much
fill() {
	in_host sh -c 'cd "$1/fill" && dd if=/dev/zero of=spare bs=1M count=$2; dd if=/dev/zero of=fill bs=64k; sync
		dd if=/dev/zero of=fill2 bs=512; sync; rm spare; sync; sleep 0.2; :' - "$@" 2> /dev/null
}
# zfs-fuse keeps a file that was removed until its dataset is unmounted.
free() {
	in_host sh -c 'for pool in lesser little; do
			dir=/mnt/y; [ $pool = lesser ] || dir=/mnt/z
			[ -e $dir/fill/fill ] || continue
			: > $dir/fill/fill; sync; rm -f $dir/fill/fill*
			for i in $(seq 50); do zfs unmount $pool/fill; zfs mount $pool/fill; df --output=avail -B1M $dir/fill | awk "NR > 1 && \$1 < 40 { exit 1 }" && break; sleep 0.2; done
		done' 2> /dev/null
}
put() { in_host sh -c "cd $home/jails/web/rootfs && echo $1 > mine && dd if=/dev/urandom of=big bs=1M count=$2 2> /dev/null"; }
starts() { for verb in start stop; do $1 jlmkr-$verb -q web; status 0; done; }

# tell WHEN COMMAND...: it works, or says why it does not
tell() {
	when=$1
	shift
	"$@"
	# Else the first fault hides what follows.
	[ $rc -ne 0 ] || { title="$title ($when: works)"; return; }
	title="$title ($when: refused)"
	status 1
	grep -qi 'space\|quota' "$tmp/err" || fail 'stderr does not tell why'
	one_line_err
}

tiny web
status 0
musl-gcc -static -Os -s -o "$tmp/init" "$here/../sequences/init.c" || exit 1
in_host rm -f $home/jails/web/rootfs/sbin/init
host push "$tmp/init" $home/jails/web/rootfs/sbin/init
in_host chmod 755 $home/jails/web/rootfs/sbin/init
put 0 8

story 'copy'
for where in /mnt/y /mnt/z; do for mib in 0 4; do
	fill $where $mib
	tell "$where $mib" copy
	if [ $rc -ne 0 ]; then
		[ $where = /mnt/z ] || err_has 'copying web: nas2: '
		is '' "$(files $far)"
		is 0 "$(in_host cat $home/jails/web/rootfs/mine)"
		free
		copy
		status 0
	fi
	free
	is "$(sums $home)" "$(sums $far)"
	is '' "$(snaps $ds)$(snaps $fds)$(hidden)"
	f jlmkr-remove -q -y web
	status 0
done; done

story 'a standby that is brought up to date'
copy --refresh
status 0
now=0
for where in /mnt/y /mnt/z; do for mib in 0 4; do
	put $((now += 1)) 6
	in_host sync
	fill $where $mib
	tell "$where $mib" copy --refresh
	if [ $rc -ne 0 ]; then
		[ $where = /mnt/z ] || err_has 'copying web: nas2: '
		is web "$(files $far)"
		is standby "$(kind $fds)"
		is web@copy- "$(snaps $fds)"
		is $((now - 1)) "$(in_host cat $far/jails/web/rootfs/mine)"
		f jlmkr-start web
		err_has 'a standby'
		free
		copy --refresh
		status 0
	fi
	free
	# The kernel keeps what it has read of zfs-fuse, until it is mounted anew.
	patiently zfs unmount $fds/jails/web
	patiently zfs mount $fds/jails/web
	is "$(sums $home)" "$(sums $far)"
	is web@copy- "$(snaps $ds)"
	is web@copy- "$(snaps $fds)"
	is '' "$(hidden)"
done; done

story 'promote'
fill /mnt/y 0
tell full f jlmkr-promote -q web
if [ $rc -ne 0 ]; then
	is standby "$(kind $fds)"
	f jlmkr-start web
	refused
	free
	f jlmkr-promote -q web
	status 0
fi
free
starts f
is '' "$(hidden)"
f jlmkr-remove -q -y web
status 0

story 'move'
for where in /mnt/y /mnt/z; do for mib in 0 4; do
	fill $where $mib
	tell "$where $mib" move
	if [ $rc -ne 0 ]; then
		side=j other=f
		! grep -q 'it is on nas2 now, and stays here' "$tmp/err" || side=f other=j
		[ $where = /mnt/z ] || is j $side
		$other jlmkr-start -q web
		refused
		free
		starts $side
		move
		status 0
	fi
	free
	is '' "$(files $home)"
	is web "$(files $far)"
	starts f
	is '' "$(hidden)$(snaps $fds)"
	f jlmkr-move -q --remote-dir=$home web nas2:
	status 0
done; done

finish
