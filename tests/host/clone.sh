#!/bin/sh
# A second jail from a jail: on ZFS, on btrfs, and where all is copied.
. "$(dirname "$0")/lib.sh"

zfs_pool
tidy() { tr '\n' ' ' | sed 's/ $//'; }
origin() { in_host zfs get -H -o value origin "$ds/jails/$1"; }
id() { in_host cat "$home/jails/$1/rootfs/etc/machine-id"; }

story 'a clone of a running jail, with an identity of its own'
j jlmkr-create -q --start web
status 0
j jlmkr-exec web sh -c 'mkdir -p /var/lib/dbus && rm -f /var/lib/dbus/machine-id && cp /etc/machine-id /var/lib/dbus/machine-id &&
	mkdir -p /etc/ssh && touch /etc/ssh/ssh_host_rsa_key &&
	mkdir -p /etc/systemd/network && printf "[Network]\nAddress=192.0.2.7/24\n" > /etc/systemd/network/static.network'
j jlmkr-clone web two
status 0
err_has 'two has the SSH host keys of web'
err_has 'web and two have the same static address: /etc/systemd/network/static.network: Address=192.0.2.7/24'
err_has "two depends on the snapshot web@clone-20.*'jlmkr promote two' turns that round"
origin two | grep -q "^$ds/jails/web@clone-" || fail "its origin is $(origin two)"
is two "$(in_host cat "$home/jails/two/rootfs/etc/hostname")"
[ "$(id web)" != "$(id two)" ] || fail 'they have the same machine id'
is 0 "$(id two | grep -cv '^[0-9a-f]\{32\}$')"
is "$(id two)" "$(in_host cat "$home/jails/two/rootfs/var/lib/dbus/machine-id")"
in_host cmp "$home/jails/web/config" "$home/jails/two/config" || fail 'it has another config'
in_host sh -c "rm '$home/jails/two/rootfs/etc/systemd/network/static.network' '$home/jails/web/rootfs/etc/systemd/network/static.network'"
j jlmkr-start two
status 0
j jlmkr-exec two hostname
is two "$(cat "$tmp/out")"
j jlmkr-exec web hostname
is web "$(cat "$tmp/out")"
j jlmkr-stop -q two web

story 'the first cannot be removed, until the second is promoted'
j jlmkr-remove -q -y web
refused
err_has 'is a clone of'
j jlmkr-promote two
status 0
j jlmkr-promote two
status 1
err_has 'is a clone of'
j jlmkr-remove -q -y web
status 0
j jlmkr-snapshots --no-header two
is 'two clone' "$(awk '{ print $1, $8 }' "$tmp/out")"
j jlmkr-start -q two
status 0
j jlmkr-stop -q two

story 'the snapshot of an image is not taken from it'
tiny one
j jlmkr-promote one
[ "$rc" -eq 0 ] || err_has 'which is not a jail'

story 'of a snapshot'
in_host sh -c "echo old > '$home/jails/one/rootfs/mine'"
j jlmkr-snapshot one@a
in_host sh -c "echo new > '$home/jails/one/rootfs/mine'"
j jlmkr-clone one@a three
status 0
is old "$(in_host cat "$home/jails/three/rootfs/mine")"
is "$ds/jails/one@a" "$(origin three)"
j jlmkr-clone one@b four
status 3
err_has "no snapshot one@b; did you mean 'a'?"
is 'one three two' "$(in_host ls -A "$home/jails" | tidy)"

story 'a jail that never booted gets no machine id'
! in_host test -e "$home/jails/three/rootfs/etc/machine-id" || fail 'it has one'

story 'what was cloned from and is not needed any more goes with the next clone'
j jlmkr-clone one five
status 0
j jlmkr-remove -q -y five
j jlmkr-clone one five
status 0
is 2 "$(in_host zfs list -H -o name -t snapshot -r "$ds/jails/one" | wc -l)"

story '--full depends on nothing'
j jlmkr-clone --full one six
status 0
is '-' "$(origin six)"
is new "$(in_host cat "$home/jails/six/rootfs/mine")"
err_lacks depends

story 'names'
j jlmkr-clone one two
status 4
err_has 'there is a jail two already'
for name in -x .x a/b 'a b' ..; do
	j jlmkr-clone -- one "$name"
	refused
done
is 'five one six three two' "$(in_host ls -A "$home/jails" | tidy)"
is 2 "$(in_host zfs list -H -o name -t snapshot -r "$ds/jails" | grep -c "/one@")"

story 'of a standby whose files came one by one: a jail, without what is known of these'
tiny st
in_host sh -ec "cd '$home/jails/st' && echo standby > .standby && echo x > .rootfs.list && mkdir -p .passes/1"
j jlmkr-clone st st2
status 0
is 'config rootfs' "$(in_host ls -A "$home/jails/st2" | tidy)"
j jlmkr-remove -q -y st2

story 'of a snapshot from the middle of a rollback, which the first start would finish'
in_host sh -ec "cd '$home/jails/st' && rm -r .standby .rootfs.list .passes && mkdir .rollback"
zfs_in_host snapshot "$ds/jails/st@middle"
in_host rmdir "$home/jails/st/.rollback"
j jlmkr-clone st@middle st2
status 1
err_has "the snapshot $ds/jails/st@middle is from the middle of a rollback: clone another one"
j jlmkr-remove -q -y st
status 0

story 'with the datasets below it'
below() { in_host zfs list -H -o name,mounted -r "$ds/jails/$1" 2> /dev/null | sed "s|^$ds/jails/||" | tr '\t' ' ' | tidy; }
tiny big
in_host touch "$home/jails/big/rootfs/etc/machine-id"
j jlmkr-snapshot big@none
datasets_below big
j jlmkr-clone big seven
status 0
is 'seven yes seven/data yes seven/data/deep yes seven/rootfs no seven/rootfs/docker yes' "$(below seven)"
is 'below deep docker' "$(in_host sh -c "cd '$home/jails/seven' && cat data/mine data/deep/mine rootfs/docker/mine" | tidy)"
is 711 "$(in_host stat -c %a "$home/jails/seven/rootfs/docker")"
is seven "$(in_host cat "$home/jails/seven/rootfs/etc/hostname")"
j jlmkr-rename seven eight
status 0
is docker "$(in_host cat "$home/jails/eight/rootfs/docker/mine")"
j jlmkr-promote eight
status 0
j jlmkr-promote eight
status 1
j jlmkr-remove -q -y big
status 0
is 'eight yes eight/data yes eight/data/deep yes eight/rootfs no eight/rootfs/docker yes' "$(below eight)"
j jlmkr-clone eight big
status 0
j jlmkr-promote big
j jlmkr-remove -q -y eight
status 0

story 'of a snapshot: what it has of them'
j jlmkr-clone big@none bare
status 0
is 'bare yes' "$(below bare)"
j jlmkr-snapshot big@all
j jlmkr-clone big@all full
status 0
is deep "$(in_host cat "$home/jails/full/data/deep/mine")"
j jlmkr-remove -q -y full
zfs_in_host destroy "$ds/jails/big/data/deep@all"
j jlmkr-clone big@all full
refused
err_has "the dataset $ds/jails/big/data/deep has no snapshot all"
zfs_in_host set mountpoint=/mnt/z/else "$ds/jails/big/data/deep"
j jlmkr-clone big full
refused
err_has "the mountpoint of $ds/jails/big/data/deep was set to /mnt/z/else, which a clone of it cannot have"
zfs_in_host inherit mountpoint "$ds/jails/big/data/deep"
is '' "$(below full)$(in_host ls -A "$home/jails" | grep '^\.\|full')"
is 2 "$(in_host zfs list -H -o name -t snapshot -d 1 "$ds/jails/big" | grep -c '@')"

story '--full copies what datasets below have in the root file system, at one moment'
j jlmkr-clone --full big whole
status 0
err_has "the dataset $ds/jails/big/data is left out: it is not mounted in the root file system"
err_lacks 'mix states'
is docker "$(in_host cat "$home/jails/whole/rootfs/docker/mine")"
is 'whole yes' "$(below whole)"
is 2 "$(in_host zfs list -H -o name -t snapshot -d 1 "$ds/jails/big" | grep -c '@')"
j jlmkr-remove -q -y whole
status 0
j jlmkr-snapshot big@whole
in_host sh -c "echo later > '$home/jails/big/rootfs/docker/mine'"
j jlmkr-clone --full big@whole whole
status 0
is docker "$(in_host cat "$home/jails/whole/rootfs/docker/mine")"
in_host sh -c "echo docker > '$home/jails/big/rootfs/docker/mine'"
j jlmkr-remove -q -y whole
status 0
j jlmkr-snapshot --delete big@whole

story 'two changes of ZFS and a list, of a running state'
sly_zfs
for verb in list get snapshot clone rename mount; do
	echo "echo $verb >> /tmp/verbs; cp /tmp/now /tmp/sly-$verb" | slyly $verb
done
j jlmkr-clone one six2
honest_zfs
status 0
is 'list snapshot clone' "$(in_host cat /tmp/verbs | tidy)"
in_host sh -c 'rm -f /tmp/sly-*'
j jlmkr-remove -q -y six2

story 'what somebody puts below an unfinished clone stays'
# At the second of the clones, that of the dataset below.
sly_zfs
slyly clone <<END
cat > /tmp/sly-clone <<'NEXT'
zfs.real create "$ds/jails/full/mine"
exit 1
NEXT
END
j jlmkr-clone big full
honest_zfs
refused
err_has "/mine is in it, and nobody has asked to destroy that"
err_has "full, an unfinished clone, is still there; the same command goes on with it, and 'jlmkr remove full' removes it"
is '.clone-full' "$(in_host ls -A "$home/jails" | grep '^\.')"
is 'full yes full/mine yes' "$(below full)"
j jlmkr-clone one bare2
status 0
is '.clone-full' "$(in_host ls -A "$home/jails" | grep '^\.')"
j jlmkr-clone big full
status 0
err_has 'An earlier clone that was interrupted has made full; it is finished now'
err_has "full depends on the snapshot big@clone-"
is full "$(in_host cat "$home/jails/full/rootfs/etc/hostname")"
is 'full yes full/data yes full/data/deep yes full/mine yes full/rootfs no full/rootfs/docker yes' "$(below full)"
is '' "$(in_host ls -A "$home/jails" | grep '^\.')"
in_host zfs unmount "$ds/jails/full/mine"
patiently zfs destroy "$ds/jails/full/mine"
j jlmkr-remove -q -y full
status 0

story 'what uses a clone that was interrupted finishes it: no jail starts as another one'
# cut_clone NAME: killed once ZFS has made it.
cut_clone() {
	sly_zfs
	echo 'zfs.real "$@"; pkill -KILL -f jlmkr-clone; exit 1' | slyly clone
	j jlmkr-clone web3 "$1"
	honest_zfs
	[ "$rc" -ne 0 ] && in_host test -L "$home/jails/.clone-$1" || fail "$1 is not cut: $rc"
}
named() {
	is "$1" "$(in_host cat "$home/jails/$1/rootfs/etc/hostname")"
	is '' "$(in_host ls -A "$home/jails" | grep '^\.')"
}
j jlmkr-create -q --start web3
j jlmkr-stop -q web3
web3=$(id web3)
cut_clone k1
is web3 "$(in_host cat "$home/jails/k1/rootfs/etc/hostname")"
j jlmkr-list
out_has '^k1'
j jlmkr-start -q k1
status 0
j jlmkr-exec k1 hostname
is k1 "$(cat "$tmp/out")"
named k1
[ "$(id k1)" != "$web3" ] || fail 'they have the same machine id'
j jlmkr-stop -q k1
j jlmkr-remove -q -y k1
for verb in snapshot rename promote rollback export clone; do
	cut_clone k2
	case $verb in
	snapshot) j jlmkr-snapshot k2@a ;;
	rename) j jlmkr-rename k2 k3 ;;
	promote) j jlmkr-promote k2; status 0; j jlmkr-promote web3 ;;
	rollback) zfs_in_host snapshot "$ds/jails/k2@z"; j jlmkr-rollback k2@z ;;
	export) j jlmkr-export -q k2 /tmp/k2.tar; in_host rm -f /tmp/k2.tar ;;
	clone) j jlmkr-clone k2 k4; named k4; j jlmkr-remove -q -y k4 ;;
	esac
	status 0
	case $verb in
	rename) named k3; j jlmkr-remove -q -y k3 ;;
	rollback) is '' "$(in_host ls -A "$home/jails" | grep '^\.')"; j jlmkr-remove -q -y k2 ;;
	*) named k2; j jlmkr-remove -q -y k2 ;;
	esac
	status 0
done

story '... also if the first one has another name by then'
cut_clone k2
patiently env JAILMAKER_DIR="$home" jlmkr-rename -q web3 web4
j jlmkr-snapshot -q k2@a
status 0
named k2
j jlmkr-remove -q -y k2
patiently env JAILMAKER_DIR="$home" jlmkr-rename -q web4 web3

story '... and is removed, made again, and mounted, like any other jail'
cut_clone k2
j jlmkr-remove -q -y k2
status 0
is '' "$(in_host ls -A "$home/jails" | grep '^\.')"
cut_clone k2
zfs_in_host unmount "$ds/jails/k2"
j jlmkr-clone -q web3 k2
status 0
named k2
j jlmkr-remove -q -y k2
cut_clone k2
j jlmkr-clone one k2
status 4
err_has 'there is a jail k2 already'
named k2
j jlmkr-remove -q -y k2

story 'a zfs clone that outlives its run is waited for'
sly_zfs
echo 'pkill -KILL -f jlmkr-clone; sleep 2' | slyly clone
j jlmkr-clone web3 k2
[ "$rc" -ne 0 ] && in_host test ! -e "$home/jails/k2" || fail "it is not cut: $rc"
j jlmkr-clone web3 k2
status 0
err_has 'An earlier clone that was interrupted has made k2'
named k2
j jlmkr-remove -q -y k2
echo 'pkill -KILL -f jlmkr-clone; sleep 2' | slyly clone
j jlmkr-clone web3 k2
j jlmkr-clone -q one k3
status 0
j jlmkr-snapshot -q k2@a
status 0
named k2
j jlmkr-remove -q -y k2
j jlmkr-remove -q -y k3
honest_zfs

story 'a note without its clone says nothing'
in_host ln -s "web3/$ds/jails/web3@none" "$home/jails/.clone-k2"
j jlmkr-clone -q one k2
status 0
named k2
in_host ln -s "web3/$ds/jails/web3@none" "$home/jails/.clone-k2"
in_host sh -c "echo mine > '$home/jails/k2/rootfs/etc/hostname'"
j jlmkr-snapshot -q k2@a
status 0
is mine "$(in_host cat "$home/jails/k2/rootfs/etc/hostname")"
in_host ln -s "web3/$ds/jails/web3@none" "$home/jails/.clone-k3"
in_host ln -s 'what is this' "$home/jails/.clone-k4"
j jlmkr-rename -q k2 k3
status 0
is .clone-k4 "$(in_host ls -A "$home/jails" | grep '^\.')"
in_host sh -c "rm '$home/jails/.clone-k4'; echo mine > '$home/jails/.clone-k4'"
j jlmkr-clone -q one k4
refused
err_has 'create .*/.clone-k4: File exists'
is mine "$(in_host cat "$home/jails/.clone-k4")"
in_host rm "$home/jails/.clone-k4"
j jlmkr-remove -q -y k3
j jlmkr-remove -q -y web3
j jlmkr-remove -q -y bare2

story 'hostile files: a link in place of the machine id'
in_host sh -c "cd '$home/jails/one/rootfs/etc' && rm -rf machine-id hostname && ln -s ../../../../../../../../../etc/machine-id machine-id &&
	mkdir hostname; cat /etc/machine-id > /tmp/id"
j jlmkr-clone one evil
in_host cmp /etc/machine-id /tmp/id || fail 'that of the host was changed'
refused
err_has 'the identity of evil'
! in_host test -e "$home/jails/evil" || fail 'it is there'
in_host rmdir "$home/jails/one/rootfs/etc/hostname"

cat > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
jails=$1/jails
there=0 begun=0
measure jlmkr-clone -q $3 ${4-one} k
whole=$(cd "$jails/k" && find . | wc -l)
jlmkr-remove -q -y k || exit 1
for i in $(seq $2); do
	cut_short jlmkr-clone -q $3 ${4-one} k
	settle
	# What was cut behind the one step is finished by what comes next.
	if [ ! -e "$jails/k" ]; then
		again jlmkr-clone -q $3 ${4-one} k
	elif [ ! -L "$jails/.clone-k" ]; then
		there=$((there + 1))
	else
		begun=$((begun + 1))
		if [ $((begun % 2)) = 0 ]; then again jlmkr-clone -q $3 ${4-one} k; else again jlmkr-snapshot -q k; fi
	fi
	[ "$(cd "$jails/k" && find . | wc -l)" = "$whole" ] || off 'half a jail'
	[ "$(cat "$jails/k/rootfs/etc/hostname")" = k ] || off 'another host name'
	jlmkr-remove -q -y k || exit 1
	[ "$(ls -A "$jails" | grep -c '^\.')" = 0 ] || off "$(ls -A "$jails")"
done
jlmkr-clone -q $3 ${4-one} k && jlmkr-remove -q -y k || exit 1
echo "cut $cut, there $there, begun $begun"
END

story "killed at $kills moments: it is there and whole, or not there"
in_host sh -c "echo one > '$home/jails/one/rootfs/etc/hostname'; rm '$home/jails/one/rootfs/etc/machine-id'"
killed "$home" $kills '' < "$tmp/killed"
is '' "$(in_host zfs list -H -o name -r "$ds/jails" | grep '/\.')"
j jlmkr-clone one five2
status 0
is 3 "$(in_host zfs list -H -o name -t snapshot -r "$ds/jails/one" | wc -l)"

story "one with datasets below it killed at $kills moments"
in_host sh -c "echo big > '$home/jails/big/rootfs/etc/hostname'; rm '$home/jails/big/rootfs/etc/machine-id'"
killed "$home" $kills '' big < "$tmp/killed"
is '' "$(in_host zfs list -H -o name -r "$ds/jails" | grep '/\.')"

story "a full copy of it killed at $kills moments"
killed "$home" $kills --full big < "$tmp/killed"
is '' "$(in_host zfs list -H -o name -t all -r "$ds/jails" | grep '/\.\|@export-')"

story 'elsewhere blocks cannot be shared: refused, or all is copied'
in_host mkdir -p /mnt/tank/plain
home=/mnt/tank/plain
tiny one
j jlmkr-clone one two
status 1
err_has 'cannot share blocks; --full copies all of its data'
is one "$(in_host ls -A $home/jails | tidy)"
j jlmkr-clone --full one two
status 0
j jlmkr-promote two
status 0
err_has 'two depends on no other jail'
j jlmkr-snapshot --copy one@a
j jlmkr-clone --full one@a three
status 0
! in_host test -e $home/jails/three/.snapshots || fail 'it has snapshots'
in_host cmp $home/jails/one/config $home/jails/three/config || fail 'it has another config'

story "a copy killed at $kills moments"
killed $home $kills --full < "$tmp/killed"

story 'directories share blocks on btrfs'
btrfs_pool 2G
used() { in_host sh -c 'sync /mnt/pool; df --output=used -B1M /mnt/pool | tail -n 1'; }
j jlmkr-create -q web
before=$(used)
j jlmkr-clone web two
status 0
[ $(($(used) - before)) -lt 60 ] || fail "the second one takes $(($(used) - before)) MiB"
j jlmkr-remove -q -y web
status 0
j jlmkr-start -q two
status 0
j jlmkr-clone two three
status 0
err_has 'two runs: its files are copied one after the other'
j jlmkr-stop -q two

story "one that shares blocks killed at $kills moments"
tiny one
in_host sh -c "cd '$home/jails/one/rootfs' && mkdir many && cd many && for i in \$(seq 2000); do echo \$i > \$i; done"
killed $home $kills '' < "$tmp/killed"

finish
