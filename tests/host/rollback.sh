#!/bin/sh
# Back to a snapshot, and back from there: on ZFS, on btrfs, and where all is copied.
. "$(dirname "$0")/lib.sh"

zfs_pool
mine() { in_host cat "$home/jails/${1:-web}/rootfs/mine"; }
write() { in_host sh -c "echo $1 > '$home/jails/web/rootfs/mine'"; }
labels() { j jlmkr-snapshots --no-header "${1:-web}"; awk '{ print $2 }' "$tmp/out" | tr '\n' ' ' | sed 's/ $//'; }
names() { in_host ls -A "$home/jails/${1:-web}" | tr '\n' ' ' | sed 's/ $//'; }
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
	j jlmkr-snapshots --json web
	is '"why":"rollback"' "$(grep -o '"why":"[a-z]*"' "$tmp/out" | tail -n 1)"

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

story 'ZFS: what is mounted in it'
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
old=0 new=0
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
measure jlmkr-rollback -q web@a
forget
from=a to=b
for i in $(seq $2); do
	cut_short jlmkr-rollback -q web@$to
	settle
	case $(state) in
	$from) old=$((old + 1)) ;;
	$to) new=$((new + 1)) ;;
	*) [ ! -e "$web/rootfs" ] && [ -e "$web/.rollback/swap" ] || off "$(state)" ;;
	esac
	again jlmkr-rollback -q web@$to
	whole $to || off 'not whole'
	[ "$(ls -A "$web" | grep -c rollback)" = 0 ] || off "$(ls -A "$web")"
	forget
	[ "$(jlmkr-snapshots --no-header web | awk '{ print $2 }' | grep -c '^[ab]$')" = 2 ] || off 'other snapshots'
	x=$from from=$to to=$x
done
echo "cut $cut, old $old, new $new"
END

story "ZFS: killed at $kills moments, the old state or the new one"
j jlmkr-snapshot --delete web@one
killed "$home" $kills '' < "$tmp/killed"
is "$ds/jails
$ds/jails/web" "$(in_host zfs list -H -o name -r "$ds/jails")"

story 'ZFS: with the datasets below it'
tiny big
datasets_below big
in_big() { in_host sh -ec "cd '$home/jails/big'; $1"; }
all_mine() { in_big 'cat rootfs/mine data/mine data/deep/mine rootfs/docker/mine' | tr '\n' ' ' | sed 's/ $//'; }
below() { in_host zfs list -H -o name,mounted -r "$ds/jails/big" | sed "s|^$ds/jails/big||" | tr '\t\n' '  ' | sed 's/ $//'; }
whole=$(below)
in_big 'echo top > rootfs/mine; mkdir data/dir rootfs/docker/.hidden; echo x > data/dir/x; ln data/dir/x data/dir/y; chown 7:8 data; setfattr -n trusted.overlay.opaque -v y data/dir 2> /dev/null || true'
j jlmkr-snapshot big@one
in_big 'for f in rootfs data data/deep rootfs/docker; do echo second > $f/mine; done; rm -r data/dir; mv data/deep/mine data/deep/other; echo more > data/deep/more; chmod 700 rootfs/docker; chown 0:0 data'
j jlmkr-rollback big@one
status 0
is 'top below deep docker' "$(all_mine)"
is 'x x 2 711 7:8' "$(in_big 'cat data/dir/x data/dir/y; stat -c %h data/dir/x; stat -c %a rootfs/docker; stat -c %u:%g data' | tr '\n' ' ' | sed 's/ $//')"
is 'mine' "$(in_big 'ls -A data/deep')"
is 'config data rootfs' "$(names big)"
is 'deep dir mine' "$(in_big 'ls -A data' | tr '\n' ' ' | sed 's/ $//')"
is "$whole" "$(below)"
kept=$(sed -n 's/^What was rolled away is big@//p' "$tmp/err")

story 'ZFS: and back'
j jlmkr-rollback "big@$kept"
status 0
is 'second' "$(in_big 'cat data/mine')"
is 'more other' "$(in_big 'ls -A data/deep' | tr '\n' ' ' | sed 's/ $//')"
is '700 0:0' "$(in_big 'stat -c %a rootfs/docker; stat -c %u:%g data' | tr '\n' ' ' | sed 's/ $//')"
is "$whole" "$(below)"

story 'ZFS: --discard keeps nothing, and destroys no newer snapshot of datasets below it'
j jlmkr-rollback --discard-newer big@one
refused
err_has "the dataset $ds/jails/big/data is below that of the jail: leave out --discard-newer"
before=$(labels big)
j jlmkr-rollback --discard big@one
status 0
is 'top below deep docker' "$(all_mine)"
is "$before" "$(labels big)"

story 'ZFS: datasets that cannot be rolled back'
zfs_in_host create "$ds/jails/big/new"
j jlmkr-rollback big@one
refused
err_has "the dataset $ds/jails/big/new is newer than the snapshot"
in_host zfs unmount "$ds/jails/big/new"
patiently zfs destroy "$ds/jails/big/new"
zfs_in_host unmount "$ds/jails/big/data/deep"
j jlmkr-rollback big@one
refused
err_has "the dataset $ds/jails/big/data/deep is not mounted by ZFS"
zfs_in_host mount "$ds/jails/big/data/deep"
in_big 'mkdir data/.jlmkr-rollback; echo theirs > data/.jlmkr-rollback/x'
j jlmkr-rollback big@one
refused
err_has 'there is a .jlmkr-rollback in .*/jails/big/data'
is theirs "$(in_big 'cat data/.jlmkr-rollback/x')"
in_big 'rm -r data/.jlmkr-rollback; : > data/deep/open; rmdir new'
is 'top below deep docker' "$(all_mine)"
is "$before" "$(labels big)"

story 'ZFS: one that is in use is not touched'
in_host sh -c "cd '$home/jails/big/data/deep' && exec sleep 60" & holder=$!
sleep 0.5
j jlmkr-rollback big@one
refused
err_has 'busy'
kill $holder 2> /dev/null
in_host pkill -x sleep
wait $holder 2> /dev/null
is open "$(in_big 'ls data/deep | grep open')"
is 'config data rootfs' "$(names big)"
is "$whole" "$(below)"
is "$before" "$(labels big)"

story 'ZFS: a link of an earlier state leads no dataset elsewhere'
in_host mkdir -p /mnt/tank/theirs
in_host zfs unmount "$ds/jails/big/rootfs/docker"
in_big 'rmdir rootfs/docker; ln -s /mnt/tank/theirs rootfs/docker'
j jlmkr-snapshot big@sly
in_big 'rm rootfs/docker; mkdir rootfs/docker'
zfs_in_host mount "$ds/jails/big/rootfs/docker"
for command in 'jlmkr-rollback big@sly' 'jlmkr-clone big@sly small'; do
	j $command
	refused
	err_has 'rootfs/docker is no directory: nothing is mounted there'
	is "$whole" "$(below)"
	! in_host grep -q /mnt/tank/theirs /proc/mounts || fail 'something is mounted there'
done
is 'config data rootfs' "$(names big)"
j jlmkr-snapshot --delete big@sly
status 0

story 'ZFS: nor one in a dataset that is rolled back with it'
zfs_in_host create -o canmount=off "$ds/jails/big/data/way"
zfs_in_host create "$ds/jails/big/data/way/leaf"
in_big 'cd data && mv way way2 && ln -s /mnt/tank/theirs way'
j jlmkr-snapshot big@sly
in_big 'cd data && rm way && mv way2 way'
before=$(labels big)
j jlmkr-rollback big@sly
refused
err_has 'way/leaf is no directory: nothing is mounted there'
is 'config data rootfs' "$(names big)"
is "$before" "$(labels big)"
! in_host grep -q /mnt/tank/theirs /proc/mounts || fail 'something is mounted there'
j jlmkr-snapshot --delete big@sly
status 0
patiently zfs destroy -r "$ds/jails/big/data/way"

cat > "$tmp/killed-below" <<'END'
export JAILMAKER_DIR=$1
big=$1/jails/big files='rootfs/mine data/mine data/deep/mine rootfs/docker/mine data/extra/x'
old=0 new=0
set_state() {
	mkdir -p "$big/data/extra"
	for f in $files; do echo $1 > "$big/$f"; done
	touch "$big/data/only-$1" "$big/rootfs/docker/only-$1"
	chmod $2 "$big/data"
}
state() { (cd "$big" && cat $files | sort -u; ls data rootfs/docker | grep only-; stat -c %a data) 2> /dev/null | xargs; }
whole() { [ "$(state)" = "$1 only-$1 only-$1 $2" ] && [ "$(ls -A "$big/data/extra" "$big/data/deep" | xargs)" = "$3" ]; }
forget() {
	for label in $(jlmkr-snapshots --no-header big | awk '{ print $2 }' | grep before); do
		jlmkr-snapshot --delete big@$label || exit 1
	done
}
set_state a 711; jlmkr-snapshot -q big@a > /dev/null || exit 1
rm "$big"/*/only-a "$big"/rootfs/docker/only-a
set_state b 755; jlmkr-snapshot -q big@b > /dev/null || exit 1
listed=$(ls -A "$big/data/extra" "$big/data/deep" | xargs)
measure jlmkr-rollback -q big@a
whole a 711 "$listed" || off "not a: $(state)"
forget
from=a to=b mode=755 other=711
for i in $(seq $2); do
	cut_short jlmkr-rollback -q big@$to
	settle
	# The next command settles it, whatever it is.
	again jlmkr-snapshot -q big@settled
	jlmkr-snapshot --delete big@settled || exit 1
	if whole $to $mode "$listed"; then new=$((new + 1))
	elif whole $from $other "$listed"; then old=$((old + 1))
	else off "half: $(state)"
	fi
	again jlmkr-rollback -q big@$to
	whole $to $mode "$listed" || off "not whole: $(state)"
	[ "$(find "$big" -name '.*rollback*' | wc -l)" = 0 ] || off "$(find "$big" -name '.*rollback*')"
	[ "$(zfs list -H -o mounted -r "$3" | xargs)" = 'yes yes yes no yes' ] || off "$(zfs list -r "$3")"
	forget
	x=$from from=$to to=$x x=$mode mode=$other other=$x
done
echo "cut $cut, old $old, new $new"
END

story "ZFS: with datasets below it killed at $kills moments"
for label in $(labels big); do j jlmkr-snapshot --delete "big@$label"; done
in_big 'rm -r data/dir data/deep/open rootfs/docker/.hidden'
killed "$home" $kills "$ds/jails/big" < "$tmp/killed-below"
j jlmkr-remove -q -y big
status 0

in_host mkdir -p /mnt/tank/plain
home=/mnt/tank/plain
what_holds 'a directory' --copy .snapshots

story 'a directory: --discard keeps nothing'
j jlmkr-rollback --discard web@one
status 0
err_empty
is first "$(mine)"
is 5 "$(labels | wc -w)"

story "a directory: killed at $kills moments"
for label in $(labels); do j jlmkr-snapshot --delete "web@$label"; done
killed $home $kills --copy < "$tmp/killed"

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

story "btrfs: killed at $kills moments"
for label in $(labels); do j jlmkr-snapshot --delete "web@$label"; done
in_host sh -c "rm '$home/jails/web/rootfs/large'; cd '$home/jails/web/rootfs' && mkdir many && cd many && for i in \$(seq 2000); do echo \$i > \$i; done"
killed $home $kills '' < "$tmp/killed"

finish
