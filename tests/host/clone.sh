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

story 'what somebody puts below an unfinished clone stays'
sly_zfs
slyly rename <<END
zfs.real create "\$2/mine"
zfs.real create "\$2/data/mine"
pkill -KILL -f jlmkr-clone
exit 1
END
j jlmkr-clone big full
honest_zfs
hidden=$(in_host ls -A "$home/jails" | grep '^\.create-')
j jlmkr-clone big@none bare2
status 0
err_has "/mine is in it, and nobody has asked to destroy that"
is "$hidden" "$(in_host ls -A "$home/jails" | grep '^\.create-')"
in_host zfs unmount "$ds/jails/$hidden/mine"
patiently zfs destroy "$ds/jails/$hidden/mine"
in_host zfs unmount "$ds/jails/$hidden/data/mine"
patiently zfs destroy "$ds/jails/$hidden/data/mine"
j jlmkr-remove -q -y bare2
j jlmkr-clone big@none bare2
status 0
is '' "$(in_host ls -A "$home/jails" | grep '^\.')"

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
there=0
measure jlmkr-clone -q $3 ${4-one} k
whole=$(cd "$jails/k" && find . | wc -l)
jlmkr-remove -q -y k || exit 1
for i in $(seq $2); do
	cut_short jlmkr-clone -q $3 ${4-one} k
	settle
	if [ -e "$jails/k" ]; then
		there=$((there + 1))
	else
		again jlmkr-clone -q $3 ${4-one} k
	fi
	[ "$(cd "$jails/k" && find . | wc -l)" = "$whole" ] || off 'half a jail'
	[ "$(cat "$jails/k/rootfs/etc/hostname")" = k ] || off 'another host name'
	jlmkr-remove -q -y k || exit 1
	[ "$(ls -A "$jails" | grep -c '^\.')" = 0 ] || off "$(ls -A "$jails")"
done
jlmkr-clone -q $3 ${4-one} k && jlmkr-remove -q -y k || exit 1
echo "cut $cut, there $there"
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
