#!/bin/sh
# Snapshots of jails that are directories, on btrfs and where blocks cannot be shared.
. "$(dirname "$0")/lib.sh"

btrfs_pool 4G
used() { in_host sh -c 'sync /mnt/pool; df --output=used -B1M /mnt/pool | tail -n 1'; }
files() {
	in_host sh -c "cd '$1' && find . -type s -prune -o -type f -printf '%p %m %U:%G %s %n %t\n' \
		-o -printf '%p %y %m %U:%G %l %t\n' | sort | sha256sum
		find . -type f -exec cat {} + | sha256sum
		getfattr -Rhd -m- . 2> /dev/null | sha256sum"
}
in=$home/jails/web/.snapshots

j jlmkr-create -q web
j jlmkr-create -q --distro=fedora --release=43 tiny

story 'a snapshot shares the blocks, and has all of the files'
status 0
in_host sh -c "cd '$home/jails/web/rootfs' && setfattr -n trusted.overlay.opaque -v y var/lib &&
	truncate -s 1G hole && echo end >> hole && ln hole hard && mkfifo fifo && mkdir -m 3777 odd"
before=$(used)
j jlmkr-snapshot web@one
status 0
is 'web@one' "$(cat "$tmp/out")"
err_empty
[ $(($(used) - before)) -lt 60 ] || fail "it takes $(($(used) - before)) MiB"
is "$(files "$home/jails/web/rootfs")" "$(files "$in/one/rootfs")"
in_host cmp "$home/jails/web/config" "$in/one/config" || fail 'its config is another one'
is '700' "$(in_host stat -c %a "$in")"
is '.jlmkr-snapshot config rootfs' "$(in_host ls -A "$in/one" | tr '\n' ' ' | sed 's/ $//')"

story 'a full copy has all of them, too, and the holes'
j jlmkr-snapshot --copy tiny@full
status 0
is "$(files "$home/jails/tiny/rootfs")" "$(files "$home/jails/tiny/.snapshots/full/rootfs")"
in_host sh -c "cd '$home/jails/tiny/rootfs' && truncate -s 2G hole && echo mid | dd of=hole bs=1M seek=1000 conv=notrunc 2> /dev/null"
before=$(used)
j jlmkr-snapshot --copy tiny@holes
status 0
[ $(($(used) - before)) -lt 60 ] || fail "it takes $(($(used) - before)) MiB"
in_host cmp "$home/jails/tiny/rootfs/hole" "$home/jails/tiny/.snapshots/holes/rootfs/hole" ||
	fail 'the copy is another file'
j jlmkr-snapshot --delete tiny@full tiny@holes
status 0
is '' "$(in_host sh -c "ls -A '$home/jails/tiny' | grep snapshots")"

story 'a later one has no earlier one in it'
j jlmkr-snapshot web@two
status 0
is 'one two' "$(in_host ls -A "$in" | tr '\n' ' ' | sed 's/ $//')"
! in_host find "$in/two" -name .snapshots | grep -q . || fail 'it has'

story 'they are listed, the oldest first; what is not ours is not'
in_host mkdir "$in/mine" "$in/.new-x"
j jlmkr-snapshots
status 0
err_empty
is 'web one - asked
web two - asked' "$(sed 1d "$tmp/out" | awk '{ print $1, $2, $4, $7 }')"
j jlmkr-snapshots --json web
out_has '"jail":"web","label":"one","made":[0-9]*,"used":null,"referenced":[0-9]*,"why":"asked","holds":0,"clones":\[\]'
j jlmkr-snapshot --delete web@mine
status 3
in_host test -d "$in/mine" || fail 'it was deleted'

story 'one that exists is not made again, and a wrong label is no path'
j jlmkr-snapshot web@one
status 4
for label in .. ../x a/b .new-x ''; do
	j jlmkr-snapshot "web@$label"
	status 1
	err_has 'cannot be the label of a snapshot'
	j jlmkr-snapshot --delete "web@$label"
	status 3
done

story 'the list of jails does not mind them'
j jlmkr-list --no-header
err_empty
is 'tiny web' "$(awk '{ print $1 }' "$tmp/out" | tr '\n' ' ' | sed 's/ $//')"

story 'a link in their place is not followed'
in_host sh -c "mkdir /mnt/pool/prey && cp -a '$in/one' /mnt/pool/prey/one && ln -s /mnt/pool/prey '$home/jails/tiny/.snapshots'"
j jlmkr-snapshot tiny@a
refused
j jlmkr-snapshot --delete tiny@one
refused
is one "$(in_host ls -A /mnt/pool/prey)"
in_host rm "$home/jails/tiny/.snapshots"
in_host ln -s /mnt/pool/prey "$in/linked"
j jlmkr-snapshots --no-header web
out_lacks linked

story 'a running jail: a warning, and its files'
j jlmkr-start -q web
status 0
in_host sh -c "cd '$home/jails/web/rootfs/tmp' && exec sh -c 'while :; do mkdir -p c/d; echo x > c/d/e; ln -f c/d/e c/f; rm -rf c; done' > /dev/null 2>&1 &
	echo \$! > /tmp/churn"
for i in 1 2 3; do
	j jlmkr-snapshot "web@live$i"
	status 0
	err_has 'web runs and is not a dataset: its files are copied one after the other'
done
in_host sh -c 'kill $(cat /tmp/churn)'
j jlmkr-exec web sh -c 'ls /.snapshots /../.snapshots 2> /dev/null; true'
is '' "$(cat "$tmp/out")"
j jlmkr-snapshot --delete web@live1 web@live2 web@live3
status 0
j jlmkr-stop -q web
status 0

story 'something that is mounted in it is named'
in_host mount -t tmpfs tmpfs "$home/jails/web/rootfs/mnt"
j jlmkr-snapshot web@mounted
refused
err_has 'mnt: something is mounted there'
in_host umount "$home/jails/web/rootfs/mnt"
is 'linked mine one two' "$(in_host ls -A "$in" | tr '\n' ' ' | sed 's/ $//')"

story 'elsewhere it is refused, and says what would help'
in_host mkdir -p /mnt/tank/plain
p() { try env JAILMAKER_DIR=/mnt/tank/plain "$@"; }
p jlmkr-create -q --distro=fedora --release=43 other
p jlmkr-snapshot other@one
status 1
err_has "cannot share blocks (btrfs, XFS and ZFS datasets of their own can); 'jlmkr snapshot --copy' makes a full copy"
is '' "$(in_host sh -c 'ls -A /mnt/tank/plain/jails/other | grep snapshots')"
p jlmkr-snapshot --copy other@one
status 0
is "$(files /mnt/tank/plain/jails/other/rootfs)" "$(files /mnt/tank/plain/jails/other/.snapshots/one/rootfs)"

story 'remove names them before it asks, and takes them with it'
try sh -c 'echo no | JAILMAKER_DIR=/mnt/tank/plain jlmkr-remove other'
refused
err_has 'snapshots: 1'
old=$home home=/mnt/tank/plain
between other 'jlmkr-snapshot --copy other@new'
home=$old
refused
err_has 'the snapshot new is new'
p jlmkr-remove -q -y other
status 0
is '' "$(in_host ls -A /mnt/tank/plain/jails)"

story 'a full disk leaves none'
in_host sh -c "head -c 300000000 /dev/urandom > '$home/jails/tiny/rootfs/large'; sync
	dd if=/dev/zero of=/mnt/pool/fill bs=1M 2> /dev/null; sync; truncate -s -150M /mnt/pool/fill; sync"
j jlmkr-snapshot --copy tiny@big
refused
err_has 'No space left on device'
is '' "$(in_host sh -c "ls -A '$home/jails/tiny' | grep snapshots")"
in_host rm /mnt/pool/fill "$home/jails/tiny/rootfs/large"

# A jail that is copied in some hundred milliseconds.
in_host sh -c "cd '$home/jails/tiny/rootfs' && rm hole && mkdir many && cd many &&
	for i in \$(seq 3000); do echo \$i > \$i; done"
cat > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
in=$1/jails/tiny/.snapshots
want=$(cd $1/jails/tiny/rootfs && find . | wc -l)
whole() { [ -s $in/k/config ] && [ "$(cd $in/k/rootfs && find . | wc -l)" = "$want" ]; }
measure jlmkr-snapshot -q tiny@k
jlmkr-snapshot -q --delete tiny@k || exit 1
jlmkr-snapshot -q tiny@kept > /dev/null || exit 1
for i in $(seq $2); do
	cut_short jlmkr-snapshot -q tiny@k
	[ ! -e $in/k ] || whole || off 'half a snapshot'
	again_or 'there is a snapshot' jlmkr-snapshot -q tiny@k
	whole || off 'not whole'
	[ "$(echo $(ls -A $in))" = 'k kept' ] || off "$(ls -A $in)"
	cut_short jlmkr-snapshot -q --delete tiny@k
	[ ! -e $in/k ] || whole || off 'half a snapshot after delete'
	again_or 'no snapshot tiny@k' jlmkr-snapshot -q --delete tiny@k
done
jlmkr-snapshot -q --delete tiny@kept || exit 1
echo "cut $cut"
END

story "snapshot and delete killed at $kills moments: whole or none, and the same command works"
killed "$home" $kills < "$tmp/killed"
is '' "$(in_host sh -c "ls -A '$home/jails/tiny' | grep snapshots")"

finish
