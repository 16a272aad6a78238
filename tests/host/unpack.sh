#!/bin/sh
# What unpacking needs, and what becomes of that which not every file system can hold.
. "$(dirname "$0")/lib.sh"

musl-gcc -static -Os -o "$tmp/peak" "$here/peak.c" || fail 'peak.c'
host push "$tmp/peak" /tmp/peak

# The processes of jlmkr together, what they share counted once.
story 'a create takes 96 MiB of memory at most'
try bash -c 'jlmkr-create -q j1 & p=$! most=0
	while [ -d /proc/$p ]; do
		sum=0
		for q in $p $(cat /proc/$p/task/$p/children); do
			sum=$((sum + $(sed -n "s/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p" /proc/$q/status | grep . || echo 0)))
		done
		[ $sum -le $most ] || most=$sum
		sleep 0.02
	done 2> /dev/null
	wait $p && echo $most'
status 0
most=$(cat "$tmp/out")
[ "$most" -gt 10000 ] && [ "$most" -le $((96 * 1024)) ] || fail "$most KiB"
title="$title ($((most / 1024)) MiB)"

story 'the same from the cache, and from a file'
for from in --offline --image=/tmp/own; do
	in_host sh -c "cp $jails/../images/*.tar.xz /tmp/own; rm -rf $jails/j1"
	try /tmp/peak jlmkr-create -q $from j1
	status 0
	[ "$(tail -n 1 "$tmp/err")" -le $((96 * 1024)) ] || fail "$(tail -n 1 "$tmp/err") KiB"
done

story 'a file system without attributes and ACLs: one warning, with a count'
in_host sh -c 'mkdir /mnt/bare && mount -t ramfs ramfs /mnt/bare'
try jlmkr-create -q --dir /mnt/bare --image=/tmp/own j1
status 0
one_line_err
err_has '^warning: [1-9][0-9]* files lost attributes or ACLs'
is ID=debian "$(in_host grep ^ID= /mnt/bare/jails/j1/rootfs/etc/os-release)"
in_host umount /mnt/bare

story 'sparse files stay sparse'
mkdir -p "$tmp/sparse/usr/lib/systemd" "$tmp/sparse/sbin"
touch "$tmp/sparse/usr/lib/systemd/systemd"
ln -s /usr/lib/systemd/systemd "$tmp/sparse/sbin/init"
truncate -s 20G "$tmp/sparse/usr/huge"
echo end | dd of="$tmp/sparse/usr/huge" bs=1 seek=3G conv=notrunc 2> /dev/null
for format in gnu pax; do
	tar -C "$tmp/sparse" --format=$format -Scf - . | xz > "$tmp/sparse.tar.xz"
	host push "$tmp/sparse.tar.xz" /tmp/sparse.tar.xz
	try jlmkr-create -q --image=/tmp/sparse.tar.xz --max-size=1M sparse-$format
	status 0
	is "$((20 << 30))" "$(in_host stat -c %s $jails/sparse-$format/rootfs/usr/huge)"
	[ "$(in_host stat -c %b $jails/sparse-$format/rootfs/usr/huge)" -le 64 ] || fail 'it has no holes'
	is end "$(in_host sh -c "tail -c +$(((3 << 30) + 1)) $jails/sparse-$format/rootfs/usr/huge | head -c 3")"
done

finish
