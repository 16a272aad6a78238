#!/bin/sh
# Jails on ZFS, as far as zfs-fuse has it: datasets made, renamed and destroyed with their jails.
. "$(dirname "$0")/lib.sh"

zfs_pool
datasets() { in_host zfs list -H -o name -t all -r "$ds/jails"; }

story 'a dry run names the dataset and makes none'
tiny --dry-run one
status 0
out_has "^# ZFS dataset: $ds/jails/one\$"
! in_host zfs list "$ds/jails" > /dev/null 2>&1 || fail 'it was made'

story 'jails/ and a jail are datasets when the directory is one'
tiny one
status 0
is "$ds/jails
$ds/jails/one" "$(datasets)"
is '700 700' "$(in_host stat -c %a "$home/jails" "$home/jails/one" | tr '\n' ' ' | sed 's/ $//')"
is 'fuse.zfs' "$(in_host findmnt -no FSTYPE "$home/jails/one")"
is 'one' "$(in_host ls -A "$home/jails")"
j jlmkr-list -q
out_has '^one '

story 'what cannot be made leaves no dataset'
tiny --release=99 two
refused
j jlmkr-create -q --image=/etc/os-release two
refused
is "$ds/jails
$ds/jails/one" "$(datasets)"
is 'one' "$(in_host ls -A "$home/jails")"
tiny one
refused
err_has 'there is a jail one already'

story 'remove says what goes with a jail'
zfs_in_host snapshot "$ds/jails/one@first"
zfs_in_host snapshot "$ds/jails/one@second"
zfs_in_host create "$ds/jails/one/data"
try sh -c "echo no | JAILMAKER_DIR='$home' jlmkr-remove one"
refused
err_has "ZFS dataset: $ds/jails/one"
err_has 'snapshots: 2'
err_has "$ds/jails/one@second"
err_has "$ds/jails/one/data"

story 'a clone elsewhere keeps its jail'
zfs_in_host clone "$ds/jails/one@first" mypool/other
j jlmkr-remove -y one
refused
err_has 'mypool/other is a clone of'
is "$ds/jails/one" "$(in_host zfs list -H -o name "$ds/jails/one")"
in_host zfs unmount mypool/other
patiently zfs destroy mypool/other

story 'somebody who is in it is named'
in_host sh -c "cd '$home/jails/one/rootfs' && exec sleep 60" > /dev/null 2>&1 &
soon pgrep -fx 'sleep 60'
j jlmkr-remove -y one
refused
err_has 'in use by sleep (process'
j jlmkr-list -q
out_has '^one '
in_host pkill sleep

story 'remove takes the dataset with all that is in it'
j jlmkr-remove -y one
status 0
is "$ds/jails" "$(datasets)"
is '' "$(in_host ls -A "$home/jails")"

story 'what a killed run left is destroyed by the next'
id=0123456789abcdef
zfs_in_host create -o jlmkr:kind=jail:$id "$ds/jails/.create-dead-$id"
zfs_in_host create -o jlmkr:kind=trash:$id "$ds/jails/.remove-gone-$id"
in_host zfs unmount "$ds/jails/.remove-gone-$id"
tiny three
status 0
is "$ds/jails
$ds/jails/three" "$(datasets)"

story 'a jail that is a directory in a dataset'
in_host sh -c "cd '$home/jails' && mkdir four && cp -a three/config three/rootfs four/"
j jlmkr-remove -y four
status 0
is 'three' "$(in_host ls -A "$home/jails")"

story 'a jail whose dataset is elsewhere goes by its mountpoint'
zfs_in_host create -o "mountpoint=$home/jails/five" mypool/elsewhere
in_host sh -c "cp -a '$home/jails/three/.' '$home/jails/five/'"
j jlmkr-remove -y five
status 0
! in_host zfs list mypool/elsewhere > /dev/null 2>&1 || fail 'mypool/elsewhere is still there'

story 'however many jails are broken, ZFS is asked once'
in_host sh -c "mkdir -p /tmp/slow '$home/jails/bad1/rootfs' '$home/jails/bad2/rootfs' '$home/jails/bad3/rootfs'
	printf '#!/bin/sh\necho \"\$@\" >> /tmp/asked\nexec /sbin/zfs \"\$@\"\n' > /tmp/slow/zfs; chmod +x /tmp/slow/zfs"
for command in list 'list --json' startup; do
	in_host rm -f /tmp/asked
	j sh -c "PATH=/tmp/slow:\$PATH jlmkr $command"
	is 3 "$(grep -c 'jail bad[123] is incomplete' "$tmp/err")"
	is 1 "$(in_host grep -c '^list' /tmp/asked)"
done
in_host sh -c "rm -r /tmp/slow '$home/jails/bad1' '$home/jails/bad2' '$home/jails/bad3'"

story 'a dataset that is not mounted is told of'
patiently zfs unmount "$ds/jails/three"
j jlmkr-start three
refused
err_has "its dataset $ds/jails/three is not mounted: zfs mount '$ds/jails/three'"
patiently zfs unmount "$ds/jails"
j jlmkr-list
err_has "its dataset $ds/jails is not mounted"
tiny six
refused
err_has "its dataset $ds/jails is not mounted"
in_host zfs mount -a

image_datasets() { in_host zfs list -H -o name -t all -r "$ds/images" | sed 1d; }
sha=$(in_host sh -c "cd '$home/images' && ls *.tar.xz" | sed 's/.tar.xz//')

story 'the image is unpacked once and cloned then'
is "$ds/images/$sha
$ds/images/$sha@image" "$(image_datasets)"
tiny six
status 0
j jlmkr-create --distro=fedora --release=43 eight
status 0
err_has 'Cloned fedora 43, build'
is "$ds/images/$sha@image" "$(in_host zfs list -H -o origin "$ds/jails/eight")"
is "$(in_host sh -c "cd '$home/jails/six/rootfs' && find . -printf '%p %y %m %U:%G %l %s\n' | grep -v etc.host | sort")" \
	"$(in_host sh -c "cd '$home/jails/eight/rootfs' && find . -printf '%p %y %m %U:%G %l %s\n' | grep -v etc.host | sort")"
is "$(in_host sh -c "cd '$home/images' && ls")" "$sha.json
$sha.tar.xz"

story '--no-clone unpacks it again'
tiny --no-clone nine
status 0
is '-' "$(in_host zfs list -H -o origin "$ds/jails/nine")"

story 'an unpacked image that was left half is made anew'
for jail in three six eight; do j jlmkr-remove -y "$jail"; status 0; done
patiently zfs destroy -r "$ds/images/$sha"
zfs_in_host create -o "jlmkr:kind=image:$sha" "$ds/images/$sha"
in_host sh -c "mkdir '$home/images/$sha/rootfs' && echo evil > '$home/images/$sha/rootfs/half'"
tiny ten
status 0
is "$ds/images/$sha@image" "$(in_host zfs list -H -o origin "$ds/jails/ten")"
! in_host test -e "$home/jails/ten/rootfs/half" || fail 'it was believed'

story 'two at once'
in_host sh -c "export JAILMAKER_DIR='$home'
	jlmkr-remove -y ten; jlmkr-images --prune
	for n in a b c; do jlmkr-create -q --distro=fedora --release=43 par\$n & done
	wait; cat '$home/jails/par'*/config | grep -c ^distro" > "$tmp/out" 2> "$tmp/err"
is 3 "$(cat "$tmp/out")"
for jail in para parb parc nine; do j jlmkr-remove -y "$jail"; status 0; done

story 'prune destroys what no jail is a clone of'
tiny six
j jlmkr-images --prune
status 0
err_has '1 unpacked image stays: jails are clones of it'
j jlmkr-remove -y six
j jlmkr-images --prune
status 0
is '' "$(image_datasets)"
is '' "$(in_host ls "$home/images")"

story 'what is not ours stays, whatever it is called'
digits() { printf "%064d" "$1"; }
in_host sh -s - "$home/images" "$ds/images" "$(digits 1)" "$(digits 2)" "$(digits 3)" > "$tmp/out" 2> "$tmp/err" <<'END' ||
set -e; zfs create "$2/$3"; zfs create "$2/$4"; zfs create "$2/$4/child"; zfs create "$2/holiday"
echo photo | tee "$1/$3/1" "$1/$4/child/1" "$1/holiday/1" "$1/$3.tar.xz" "$1/$4.part" "$1/$5.json" "$1/.jlmkr-1"
zfs snapshot "$2/$3@first"; zfs snapshot "$2/$4@image"; zfs create "$2/$5"; touch -d '30 days ago' "$1/$4.part"
END
	fail 'no datasets'
users() { in_host zfs list -H -o name,guid,createtxg,mounted -t all -r "$ds/images" | grep -v "/$sha"
	in_host find "$home/images" \( -path "*/$sha*" -o -path "$home/images" -o -path '*/images/.jlmkr-??*' \) -prune -o -printf '%p %y %s %T@\n' | sort; }
users > "$tmp/before"
tiny six
status 0
err_empty
j jlmkr-remove -y six
j jlmkr-images --prune
status 0
is "$(cat "$tmp/before")" "$(users)"
for n in 1 2 3; do
	err_has "$ds/images/$(digits $n) is not marked .*: zfs destroy -r '$ds/images/$(digits $n)'"
done
err_has "rm '$home/images/$(digits 1).tar.xz'"
! grep -q holiday "$tmp/err" || fail 'others are told of'
! in_host zfs list "$ds/images/$sha" > /dev/null 2>&1 || fail 'ours is still there'
is '.jlmkr-1' "$(in_host sh -c "ls -A '$home/images' | grep -v '^0\|holiday'")"
j jlmkr-images --cached
err_has "$ds/images/$(digits 1) is not marked"
for name in "$(digits 1)" "$(digits 2)" "$(digits 3)" holiday; do patiently zfs destroy -r "$ds/images/$name"; done
in_host sh -c "rm '$home/images/'*.* '$home/images/.jlmkr-1'"

story 'a snapshot or a child of somebody keeps an image'
tiny six
j jlmkr-remove -y six
for what in "snapshot $ds/images/$sha@mine" "create $ds/images/$sha/mine"; do
	in_host zfs ${what%% *} "${what#* }" > "$tmp/out" 2> "$tmp/err"
	in_host zfs list -H -o name "${what#* }" > /dev/null || fail "no ${what#* }"
	before=$(image_datasets | grep "/$sha")
	# The archive has gone: the next image that is unpacked would make this one go.
	in_host sh -c "mv '$home/images/$sha.tar.xz' /root"
	j jlmkr-create -q --distro=archlinux --release=current other
	status 0
	err_empty
	in_host sh -c "mv /root/$sha.tar.xz '$home/images'"
	is "$before" "$(image_datasets | grep "/$sha")"
	j jlmkr-images --prune
	status 1
	err_has "$ds/images/$sha stays: jlmkr did not make ${what#* }, which is in it"
	is "$before" "$(image_datasets | grep "/$sha")"
	patiently zfs destroy "${what#* }"
	j jlmkr-remove -y other
	j jlmkr-images --prune
	status 0
	tiny six
	j jlmkr-remove -y six
done
tiny six
status 0
is "$ds/images/$sha@image" "$(in_host zfs list -H -o origin "$ds/jails/six")"
j jlmkr-remove -y six

story 'a hold keeps an image, and is named'
zfs_in_host hold keep "$ds/images/$sha@image"
j jlmkr-images --prune
status 1
err_has "$ds/images/$sha stays: $ds/images/$sha@image is held: 'zfs holds' shows by whom, 'zfs release'"
err_has 'could not be deleted'
! grep -q 'clones of' "$tmp/err" || fail 'clones are told of'
tiny six
status 0
j jlmkr-images --prune
status 1
err_has 'is held'
zfs_in_host release keep "$ds/images/$sha@image"
j jlmkr-images --prune
status 0
err_has '1 unpacked image stays: jails are clones of it'
j jlmkr-remove -y six

story 'a snapshot that took the name of ours is not cloned'
zfs_in_host rename "$ds/images/$sha@image" "$ds/images/$sha@old"
zfs_in_host mount "$ds/images/$sha"
in_host sh -c "echo evil > '$home/images/$sha/rootfs/evil'"
patiently zfs unmount "$ds/images/$sha"
zfs_in_host snapshot "$ds/images/$sha@image"
before=$(image_datasets)
tiny six
status 0
err_has "not kept unpacked: $ds/images/$sha stays: jlmkr did not make $ds/images/$sha@old and 1 more"
in_host test ! -e "$home/jails/six/rootfs/evil" || fail 'it was cloned'
is '-' "$(in_host zfs list -H -o origin "$ds/jails/six")"
is "$before" "$(image_datasets)"
patiently zfs destroy "$ds/images/$sha@image"
zfs_in_host rename "$ds/images/$sha@old" "$ds/images/$sha@image"
j jlmkr-remove -y six
tiny six
is "$ds/images/$sha@image" "$(in_host zfs list -H -o origin "$ds/jails/six")"
in_host test ! -e "$home/jails/six/rootfs/evil" || fail 'it is in the clone'
j jlmkr-remove -y six

story 'an image of an earlier version stays, and jails are made without it'
zfs_in_host inherit jlmkr:kind "$ds/images/$sha"
zfs_in_host inherit jlmkr:kind "$ds/images/$sha@image"
before=$(image_datasets)
tiny six
status 0
err_has "not kept unpacked: $ds/images/$sha is not marked .*: zfs destroy -r '$ds/images/$sha'"
j jlmkr-images --prune
status 0
is "$before" "$(image_datasets)"
patiently zfs destroy -r "$ds/images/$sha"
j jlmkr-remove -y six

story 'with mountpoint=legacy jails are directories'
zfs_in_host create -o mountpoint=legacy mypool/old
in_host sh -c 'mkdir -p /mnt/z/old && mount -t zfs mypool/old /mnt/z/old' 2> /dev/null ||
	in_host sh -c 'zfs set mountpoint=/mnt/z/old mypool/old && zfs set canmount=noauto mypool/old' ||
	fail 'cannot mount'
home=/mnt/z/old
tiny seven
status 0
in_host test -f /mnt/z/old/jails/seven/config || fail 'no jail seven'
finish
