#!/bin/sh
# Back to a snapshot, and back from there: on ZFS, on btrfs, and where all is copied.
. "$(dirname "$0")/lib.sh"

zfs_pool
mine() { in_host cat "$home/jails/${1:-web}/rootfs/mine"; }
write() { in_host sh -c "echo $1 > '$home/jails/web/rootfs/mine'"; }
labels() { j jlmkr-snapshots --no-header "${1:-web}"; awk '{ print $2 }' "$tmp/out" | tr '\n' ' ' | sed 's/ $//'; }
names() { in_host ls -A "$home/jails/web" | tr '\n' ' ' | sed 's/ $//'; }
in_mode() { in_host sh -c "cd '$home/jails/web' && sed -i 's/^startup=.*/startup=$1/' config && mkdir -p rootfs/dir$1"; }

# what_holds: of a jail that is a dataset as of one that is a directory, after `one` and `two`
what_holds() {
	story "$1: the files and the config are those of the snapshot again"
	tiny web
	before=$(names)
	write first
	in_mode 0
	j jlmkr-snapshot $2 web@one
	write second
	in_mode 1
	j jlmkr-snapshot $2 web@two
	write third
	sleep 1
	j jlmkr-rollback web@one
	status 0
	err_has '^What was rolled away is web@before-rollback-20'
	is first "$(mine)"
	is 'startup=0' "$(in_host grep ^startup= "$home/jails/web/config")"
	! in_host test -e "$home/jails/web/rootfs/dir1" || fail 'there are other files'
	kept=$(sed -n 's/^What was rolled away is web@//p' "$tmp/err")
	is "one two $kept" "$(labels)"
	j jlmkr-snapshots --no-header web
	is rollback "$(awk '{ print $8 }' "$tmp/out" | tail -n 1 | sed 's/^-$/rollback/')"

	story "$1: a rollback is rolled back"
	j jlmkr-rollback "web@$kept"
	status 0
	is third "$(mine)"
	is 'startup=1' "$(in_host grep ^startup= "$home/jails/web/config")"
	j jlmkr-rollback web@two
	status 0
	is second "$(mine)"
	is 5 "$(labels | wc -w)"
	is "${3:+$3 }$before" "$(names | sed 's/ *\.config\.before//; s/^ //')"

	story "$1: a label that is none, and a jail that runs"
	j jlmkr-rollback web@none
	status 3
	j jlmkr-rollback web
	status 2
	j jlmkr-rollback 'web@../one'
	status 3
	is second "$(mine)"
}

what_holds ZFS ''

story 'ZFS: --discard is the rollback of ZFS, and destroys no newer snapshot unasked'
j jlmkr-rollback --discard web@two
status 5
err_has 'snapshots that are newer would be destroyed: before-rollback-'
is second "$(mine)"
write fourth
j jlmkr-snapshot web@new
write fifth
j jlmkr-rollback --discard web@new
status 0
err_empty
is fourth "$(mine)"
zfs_in_host clone "$ds/jails/web@new" mypool/other
j jlmkr-rollback --discard-newer web@one
status 5
err_has 'web@new would be destroyed, and mypool/other is a clone of it'
in_host zfs unmount mypool/other
patiently zfs destroy mypool/other
j jlmkr-rollback --discard-newer web@one
status 0
is first "$(mine)"
is one "$(labels)"

story 'ZFS: datasets below it, and what is mounted in it'
zfs_in_host create "$ds/jails/web/data"
j jlmkr-rollback web@one
refused
err_has "the dataset $ds/jails/web/data is below that of the jail"
in_host zfs unmount "$ds/jails/web/data"
patiently zfs destroy "$ds/jails/web/data"
in_host sh -c "mkdir -p '$home/jails/web/rootfs/mnt'; mount -t tmpfs tmpfs '$home/jails/web/rootfs/mnt'"
j jlmkr-rollback web@one
refused
err_has 'something is mounted in it'
in_host umount "$home/jails/web/rootfs/mnt"
is one "$(labels)"

# One that is killed as soon as ZFS has made the clone to copy from.
in_host sh -c 'mkdir -p /tmp/cut; cat > /tmp/cut/zfs; chmod +x /tmp/cut/zfs' <<'END'
#!/bin/sh
/usr/sbin/zfs "$@"
[ "$1" != clone ] || kill -KILL $PPID
END
cut_off() {
	j env PATH=/tmp/cut:/root/.local/bin:/usr/sbin:/usr/bin:/sbin:/bin jlmkr-rollback web@one
	status 137
	is '.rollback .rollback-files config rootfs' "$(names)"
}

story 'ZFS: what is made of one that was interrupted does not stay in its way'
cut_off
j jlmkr-snapshot web@meanwhile
status 0
is 'config rootfs' "$(names)"
is '' "$(in_host zfs list -H -o name -t all -r "$ds/jails/web" | grep rollback-files)"
cut_off
zfs_in_host snapshot -r "$ds/jails@periodic"
j jlmkr-rollback web@one
status 0
is 'config rootfs' "$(names)"
is first "$(mine)"
cut_off
zfs_in_host inherit jlmkr:kind "$ds/jails/web/.rollback-files"
j jlmkr-clone -q web web2
status 0
is 'config rootfs' "$(names)"
j jlmkr-remove -q -y web2
cut_off
zfs_in_host create "$ds/jails/web/.rollback-files/mine"
j jlmkr-rollback web@one
status 4
err_has 'rollback-files/mine, which jlmkr did not make'
in_host zfs unmount "$ds/jails/web/.rollback-files/mine"
patiently zfs destroy "$ds/jails/web/.rollback-files/mine"
j jlmkr-rollback --discard-newer web@one
status 0
is one "$(labels)"
zfs_in_host destroy -r "$ds/jails@periodic"
is one "$(labels)"

# killed HOME COUNT SNAPSHOT-OPTION: each rollback goes to the other of two snapshots
cat > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
web=$1/jails/web
cut=0 old=0 new=0
set_state() { echo $1 > "$web/rootfs/mine"; echo $1 > "$web/rootfs/etc/state"; sed -i "s/^release=.*/release=$1/" "$web/config"; }
state() {
	[ "$(cat "$web/rootfs/mine" 2> /dev/null)" = "$(cat "$web/rootfs/etc/state" 2> /dev/null)" ] &&
		cat "$web/rootfs/mine"
}
whole() { [ "$(state)" = $1 ] && grep -q "^release=$1\$" "$web/config"; }
forget() {
	for label in $(jlmkr-snapshots --no-header web | awk '{ print $2 }' | grep before); do
		jlmkr-snapshot --delete web@$label || exit 1
	done
}
set_state a; jlmkr-snapshot -q $3 web@a > /dev/null || exit 1
set_state b; jlmkr-snapshot -q $3 web@b > /dev/null || exit 1
begin=$(date +%s%N)
jlmkr-rollback -q web@a || exit 1
span=$((($(date +%s%N) - begin) / 1000000 + 20))
forget
from=a to=b
for i in $(seq $2); do
	signal=KILL
	[ $((i % 4)) -ne 0 ] || signal=TERM
	jlmkr-rollback -q web@$to > /dev/null 2>&1 & pid=$!
	ms=$((RANDOM % span))
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	kill -$signal $pid 2> /dev/null
	wait $pid 2> /dev/null
	[ $? -eq 0 ] || cut=$((cut + 1))
	while pgrep -x 'zfs|jlmkr-rol.*' > /dev/null; do sleep 0.02; done
	case $(state) in
	$from) old=$((old + 1)) ;;
	$to) new=$((new + 1)) ;;
	*) [ ! -e "$web/rootfs" ] && [ -e "$web/.rollback/swap" ] || { echo "after moment $i: $(state)"; exit 1; } ;;
	esac
	jlmkr-rollback -q web@$to || { echo "cannot after moment $i"; exit 1; }
	whole $to || { echo "not whole after moment $i"; exit 1; }
	[ "$(ls -A "$web" | grep -c rollback)" = 0 ] || { echo "after moment $i: $(ls -A "$web")"; exit 1; }
	forget
	[ "$(jlmkr-snapshots --no-header web | awk '{ print $2 }' | grep -c '^[ab]$')" = 2 ] || { echo "snapshots after $i"; exit 1; }
	x=$from from=$to to=$x
done
echo "cut $cut, old $old, new $new"
END

story 'ZFS: killed at 60 moments, the old state or the new one'
j jlmkr-snapshot --delete web@one
try bash -s - "$home" 60 '' < "$tmp/killed"
status 0
title="$title ($(tail -n 1 "$tmp/out"))"
is "$ds/jails
$ds/jails/web" "$(in_host zfs list -H -o name -r "$ds/jails")"

in_host mkdir -p /mnt/tank/plain
home=/mnt/tank/plain
what_holds 'a directory' --copy .snapshots

story 'a directory: --discard keeps nothing'
j jlmkr-rollback --discard web@one
status 0
err_empty
is first "$(mine)"
is 5 "$(labels | wc -w)"

story 'a directory: killed at 60 moments'
for label in $(labels); do j jlmkr-snapshot --delete "web@$label"; done
try bash -s - $home 60 --copy < "$tmp/killed"
status 0
title="$title ($(tail -n 1 "$tmp/out"))"

story 'a rollback that was interrupted is finished by start'
in_host sh -c "cd $home/jails/web && jlmkr --dir $home remove -q -y web"
j jlmkr-create -q web
write first
j jlmkr-snapshot --copy web@one
write second
in_host sh -c "cd $home/jails/web && mkdir -m 700 .rollback && cp -a .snapshots/one/rootfs .rollback/ && cp config .rollback/config &&
	cp config .rollback/before && echo \$(stat -c %i .rollback/rootfs) before-rollback-x > .rollback/swap"
j jlmkr-start web
status 0
err_has 'The rollback of web that was interrupted is finished'
is first "$(mine)"
is 'before-rollback-x one' "$(labels | tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/ $//')"
is second "$(in_host cat "$home/jails/web/.snapshots/before-rollback-x/rootfs/mine")"

story 'one that runs is rolled back if it may be stopped'
j jlmkr-rollback web@before-rollback-x
status 5
err_has 'it runs; --stop stops it first'
j jlmkr-rollback --stop --start web@before-rollback-x
status 0
is second "$(mine)"
j jlmkr-exec web true
status 0
j jlmkr-stop -q web
in_host sh -c "mkdir $home/jails/web/.rollback && cp -a $home/jails/web/rootfs $home/jails/web/.rollback/"
j jlmkr-start web
status 0
! in_host test -e $home/jails/web/.rollback || fail 'what was not complete is still there'
is second "$(mine)"
j jlmkr-stop -q web

story 'a full disk changes nothing'
btrfs_pool 1G
tiny web
in_host sh -c "head -c 200000000 /dev/urandom > '$home/jails/web/rootfs/large'"
write first
j jlmkr-snapshot --copy web@one
write second
before=$(names)
in_host sh -c "dd if=/dev/zero of=/mnt/pool/fill bs=64k 2> /dev/null; sync; dd if=/dev/zero of=/mnt/pool/fill2 bs=4k 2> /dev/null; sync"
j jlmkr-rollback web@one
if [ "$rc" -ne 0 ]; then
	is second "$(mine)"
	is "$before" "$(names)"
	is one "$(labels)"
else
	is first "$(mine)"
fi
in_host rm -f /mnt/pool/fill /mnt/pool/fill2

story 'btrfs: it takes no space'
j jlmkr-rollback -q --discard web@one
write second
before=$(in_host sh -c 'sync; df --output=used -B1M /mnt/pool | tail -n 1')
j jlmkr-rollback web@one
status 0
is first "$(mine)"
now=$(in_host sh -c 'sync; df --output=used -B1M /mnt/pool | tail -n 1')
[ $((now - before)) -lt 30 ] || fail "it takes $((now - before)) MiB"

story 'btrfs: killed at 60 moments'
for label in $(labels); do j jlmkr-snapshot --delete "web@$label"; done
in_host sh -c "rm '$home/jails/web/rootfs/large'; cd '$home/jails/web/rootfs' && mkdir many && cd many && for i in \$(seq 2000); do echo \$i > \$i; done"
try bash -s - $home 60 '' < "$tmp/killed"
status 0
title="$title ($(tail -n 1 "$tmp/out"))"

finish
