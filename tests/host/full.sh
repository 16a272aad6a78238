#!/bin/sh
# A disk that fills up: at any point create fails in one sentence, leaves nothing but half a
# download, and works when there is room again.
. "$(dirname "$0")/lib.sh"

small=/mnt/small
mounted() { in_host mount -t tmpfs -o "$1" tmpfs $small; }
unmounted() { in_host umount $small; }
used() { in_host df --output=used -B4k $small | tail -n 1 | tr -d ' '; }

# What a create that failed may leave.
only_half() {
	is '' "$(in_host ls -A $small/jails 2> /dev/null)"
	is '' "$(in_host sh -c "ls -A $small/images 2> /dev/null | grep -v '^[0-9a-f]\{64\}\.part$\|^\.signed-[0-9A-F]*$'")"
}

# fills_up OPTIONS: of the mount
fills_up() {
	mounted "$1"
	try jlmkr-create -q --dir $small j1
	status 1
	err_has 'No space left on device'
	is 1 "$(grep -vc '^warning: ' "$tmp/err")"
	[ ! -d "$small/jails" ] || err_has 'nothing of j1 is kept'
	only_half
	half=$(in_host sh -c "cat $small/images/*.part 2> /dev/null | wc -c")
	try jlmkr-images --cached --dir $small
	[ "$half" -eq 0 ] || err_has 'MiB of an image, whose download was interrupted'
	in_host mount -o remount,size=1g,nr_inodes=0 $small
	try jlmkr-create --dir $small j1
	status 0
	[ "$half" -eq 0 ] || err_has 'MiB of it are here'
	is j1 "$(in_host ls -A $small/jails)"
	is 'json xz ' "$(in_host sh -c "ls $small/images | sed 's/.*\\.//' | tr '\\n' ' '")"
}

# While the image comes, just before all of it is there, just behind, and while it is unpacked.
image=$(($(wc -c < "${HOST_CACHE:-$here/../../build/out/host}/base/debian.tar.xz") >> 20))
in_host mkdir -p $small
for size in 64k 5m $((image / 2))m $((image - 2))m $((image + 1))m $((image + 20))m $((image + 40))m \
	$((image + 65))m; do
	story "full at $size"
	fills_up size=$size
	all=$(used)
	unmounted
done

# The last pages: what create itself writes, and the description of the image.
for less in 200 20 6 3 1; do
	story "full $less pages before the end"
	mounted "size=$(((all - less) * 4))k"
	try jlmkr-create -q --dir $small j1
	if [ "$rc" -eq 0 ]; then
		is j1 "$(in_host ls -A $small/jails)"
		title="$title (it fits without the image)"
	else
		status 1
		err_has 'No space left on device'
		is '' "$(in_host ls -A $small/jails)"
	fi
	is '' "$(in_host sh -c "ls -A $small/images | grep -v '^[0-9a-f]\{64\}\.[a-z.]*$\|^\.signed-[0-9A-F]*$'")"
	in_host mount -o remount,size=1g $small
	in_host sh -c "rm -rf $small/jails/j1"
	expect_status 0 jlmkr-create -q --dir $small j1
	unmounted
done

for inodes in 3 5 8 500; do
	story "no room for more than $inodes files"
	fills_up nr_inodes=$inodes
	unmounted
done

story 'the file system is named, and what frees it'
mounted size=44m
try jlmkr-create -q --dir $small j1
err_has "the file system at $small has no room for it, so nothing of j1 is kept; 'jlmkr images --prune'"
err_has "'df -h $small' shows what is used"
unmounted
mounted nr_inodes=500
try jlmkr-create -q --dir $small j1
err_has "has no room for more files, so nothing of j1 is kept"
unmounted

story 'with the image in the cache'
mounted size=1g
expect_status 0 jlmkr-create -q --dir $small j1
in_host sh -c "rm -rf $small/jails/j1"
in_host mount -o remount,size=100m $small
try jlmkr-create -q --offline --dir $small j1
status 1
one_line_err
is '' "$(in_host ls -A $small/jails)"
in_host mount -o remount,size=1g $small
expect_status 0 jlmkr-create -q --offline --dir $small j1
unmounted

story 'an archive of one'\''s own'
mounted size=4m
in_host sh -c 'cd /mnt/tank/jailmaker; jlmkr-create -q k1 && cp images/*.xz /tmp/own.tar.xz'
try jlmkr-create -q --image=/tmp/own.tar.xz --dir $small j1
status 1
one_line_err
is '' "$(in_host ls -A $small/jails)"
unmounted

story 'standard output that is full'
try sh -c 'jlmkr-images > /dev/full'
status 1
one_line_err

finish
