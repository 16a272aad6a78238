#!/bin/sh
# export and import of streams of ZFS: a jail in full, what is new since then, standbys that are
# brought up to date by files; streams that zfs(8) has sent itself; damage, lies, kills, full disks.
. "$(dirname "$0")/lib.sh"

zfs_pool
root=/proc/$(host_leader)/root
out=$root/mnt/tank/out
o=/mnt/tank/out
in_host mkdir $o
snaps() { in_host zfs list -H -o name -t snapshot -r "$ds/jails/$1" 2> /dev/null | sed 's/.*@//; s/^\(export-\)20.*/\1/' | xargs; }
hidden() { in_host sh -c "ls -A '$home/jails'; zfs list -H -o name -r '$ds/jails'" | grep '^\.\|/\.'; }
kind() { in_host zfs get -H -o value jlmkr:kind "$1"; }
names() { in_host ls -A "$home/jails" | xargs; }
put() { in_host sh -c "echo $2 > '$home/jails/$1/rootfs/mine'"; }
random() { in_host sh -c "dd if=/dev/urandom of='$home/jails/web/rootfs/$1' bs=64k count=$2 2> /dev/null"; }
# The kernel keeps what it has read of zfs-fuse, until it is mounted anew.
mine() {
	in_host sh -c 'for i in 1 2 3 4 5 6 7 8 9; do zfs unmount "$1" 2> /dev/null; zfs mount "$1" 2> /dev/null && break; sleep 0.2; done' - "$ds/jails/$1"
	in_host cat "$home/jails/$1/rootfs/mine"
}

tiny web
random big 150
put web one
j jlmkr-snapshot web@one

story 'a snapshot as a stream, which any tar lists, and zfs receive takes'
j jlmkr-export --format=zfs --compress=none web@one $o/one.tar
status 0
err_has "The snapshot web@one stays: 'jlmkr export --incremental-from=one web' begins with it"
grep -q "^[0-9a-f]\{64\}  $o/one.tar\$" "$tmp/out" || fail 'no SHA-256'
is 600 "$(in_host stat -c %a $o/one.tar)"
j jlmkr-export --verify $o/one.tar
status 0
for tar in tar bsdtar; do
	$tar -tf "$out/one.tar" > "$tmp/list" 2> "$tmp/err" || fail "$tar does not list it"
	[ ! -s "$tmp/err" ] || fail "$tar has words"
	is 'jlmkr-export config stream/00000001 stream/00000002 stream/00000003 jlmkr-manifest' "$(xargs < "$tmp/list")"
	$tar -xOf "$out/one.tar" stream > "$tmp/stream" 2> "$tmp/err" || fail "$tar does not unpack it"
	in_host zfs send "$ds/jails/web@one" > "$tmp/sent"
	cmp -s "$tmp/stream" "$tmp/sent" || fail 'another stream'
done
guid=$(in_host zfs get -H -p -o value guid "$ds/jails/web@one")
tar -xOf "$out/one.tar" jlmkr-export > "$tmp/out"
out_has '^format=zfs-1$'; out_has '^jail=web$'; out_has '^label=one$'; out_has "^guid=$guid\$"; out_has '^from=0$'
in_host zfs receive "$ds/by-hand" < "$tmp/stream" || fail 'zfs does not take it'
patiently zfs destroy -r "$ds/by-hand"
j jlmkr-export -q --format=zfs --compress=none web@one $o/again.tar
in_host cmp $o/one.tar $o/again.tar || fail 'other bytes'

story 'the jail as it is now: the snapshot stays, and is the user'"'"'s'
in_host sh -c "cd $o && JAILMAKER_DIR='$home' jlmkr-export --format=zfs web" > "$tmp/out" 2> "$tmp/err" || fail 'status'
in_host test -s $o/web.zfs.tar.zst || fail 'no file'
is 'one export-' "$(snaps web)"
label=$(in_host zfs list -H -o name -t snapshot -r "$ds/jails/web" | sed -n 's/.*@export-/export-/p')
err_has "web@$label stays"
is snapshot:asked "$(kind "$ds/jails/web@$label")"
j jlmkr-export -q web $o/tar.tar.zst
is 'one export-' "$(snaps web)"
in_host sh -c "cd $o && JAILMAKER_DIR='$home' jlmkr-export -q --incremental-from=one web@$label" > "$tmp/out" 2> "$tmp/err" || fail 'status'
in_host test -s "$o/web-$label-from-one.zfs.tar.zst" || fail 'no file'
j jlmkr-snapshot --delete "web@$label"
is '' "$(hidden)"

story 'a snapshot that a killed export left is deleted by the next one'
in_host zfs snapshot -o jlmkr:kind=snapshot:export "$ds/jails/web@export-x"
j jlmkr-export --format=zfs web@one $o/left.tar.zst
status 0
err_has 'Deleting web@export-x'
is one "$(snaps web)"
in_host zfs snapshot -o jlmkr:kind=snapshot:exported "$ds/jails/web@export-y"
j jlmkr-export -q --force web $o/left.tar.zst
status 0
err_has "made web@export-y was interrupted at its very end; if there is no file of it, 'jlmkr snapshot --delete web@export-y'"
j jlmkr-export -q --force web $o/left.tar.zst
err_empty
j jlmkr-snapshot --delete web@export-y

story 'import makes the same jail of it, or another machine'
j jlmkr-export -q --format=zfs web@one $o/one.tar.zst
status 0
in_host sh -c "echo 0123456789abcdef0123456789abcdef > '$home/jails/web/rootfs/etc/machine-id'"
j jlmkr-snapshot web@id
j jlmkr-export -q --format=zfs web@id $o/id.tar.zst
j jlmkr-import $o/id.tar.zst two
status 0
err_has 'The archive is an export of the jail web, a stream of its snapshot id'
err_has 'distro=fedora'
err_has 'two was imported'
is two "$(in_host cat "$home/jails/two/rootfs/etc/hostname")"
! in_host cmp -s "$home/jails/web/rootfs/etc/machine-id" "$home/jails/two/rootfs/etc/machine-id" || fail 'the same machine'
in_host cmp "$home/jails/web/rootfs/big" "$home/jails/two/rootfs/big" || fail 'another file'
is '' "$(snaps two)$(hidden)"
is - "$(kind "$ds/jails/two" | sed 's/^receive:.*/-/')"
in_host sh -c "echo x > '$home/jails/two/rootfs/x'" || fail 'it cannot be written to'
j jlmkr-import $o/id.tar.zst
status 4
err_has 'there is a jail web already'
j jlmkr-rename web was
j jlmkr-import -q $o/id.tar.zst
status 0
in_host diff -r -x hostname -x hosts "$home/jails/was" "$home/jails/web" || fail 'other files'
j jlmkr-remove -q -y web
j jlmkr-rename was web
j jlmkr-remove -q -y two
j jlmkr-snapshot --delete web@id

story 'whatever it is compressed with, and through pipes'
for kind in none xz gzip zstd; do
	try env JAILMAKER_DIR="$home" sh -c "jlmkr-export -q --format=zfs --compress=$kind web@one - > $o/c.$kind"
	status 0
	try sh -c "cat $o/c.$kind | jlmkr-export --verify -"
	status 0
	try env JAILMAKER_DIR="$home" sh -c "cat $o/c.$kind | jlmkr-import -q - c"
	status 0
	in_host cmp "$home/jails/web/rootfs/big" "$home/jails/c/rootfs/big" || fail 'another file'
	j jlmkr-remove -q -y c
done

story 'a standby, which files of what is new bring up to date'
put web two
random more 20
j jlmkr-snapshot web@two
put web three
in_host sh -c "rm '$home/jails/web/rootfs/more'"
j jlmkr-snapshot web@three
j jlmkr-export -q --incremental-from=one web@two $o/two.tar.zst
status 0
j jlmkr-export -q --incremental-from=two --compress=none web@three $o/three.tar
status 0
[ "$(in_host stat -c %s $o/two.tar.zst)" -lt 3000000 ] || fail 'all of it'
tar -xOf "$out/three.tar" jlmkr-export > "$tmp/out"
out_has '^base=two$'
out_has "^from=$(in_host zfs get -H -p -o value guid "$ds/jails/web@two")\$"
j jlmkr-import --standby $o/one.tar.zst stand
status 0
is one "$(mine stand)"
is one "$(snaps stand)"
is standby "$(kind "$ds/jails/stand")"
is snapshot:asked "$(kind "$ds/jails/stand@one")"
j jlmkr-start stand
status 1
err_has "'jlmkr promote stand'"
! in_host touch "$home/jails/stand/rootfs/x" 2> /dev/null || fail 'it can be written to'
j jlmkr-import $o/two.tar.zst stand
status 0
err_has 'stand has the snapshot two now'
err_lacks differs
is two "$(mine stand)"
is 'one two' "$(snaps stand)"
is snapshot:asked "$(kind "$ds/jails/stand@two")"
is standby "$(kind "$ds/jails/stand")"
try env JAILMAKER_DIR="$home" sh -c "cat $o/three.tar | jlmkr-import - stand"
status 0
is three "$(mine stand)"
is 'one two three' "$(snaps stand)"
j jlmkr-import $o/two.tar.zst stand
status 0
err_has 'stand has the snapshot two already'
is three "$(mine stand)"
is '' "$(hidden)"

story 'which can be exported, too, but gets no snapshot of its own'
j jlmkr-export --format=zfs stand $o/stand.tar
status 1
err_has 'it is a standby, and only a snapshot that it has already can be exported as a stream: stand@LABEL'
j jlmkr-export --incremental-from=one stand@two --compress=none $o/stand.tar
status 0
is 'one two three' "$(snaps stand)"

story 'whose old snapshots can go'
j jlmkr-snapshot --delete stand@one
status 0
is 'two three' "$(snaps stand)"

story 'in the wrong order, and to what is no standby of it'
j jlmkr-import --standby -q $o/one.tar.zst s2
j jlmkr-import $o/three.tar s2
status 1
err_has 'begins with the snapshot two, which the standby s2 does not have; its newest is one: import what was exported from that one on first'
zfs_in_host snapshot "$ds/jails/s2@mine"
j jlmkr-import $o/two.tar.zst s2
status 1
err_has 'begins with the snapshot one, and the standby s2 has newer ones, up to mine'
zfs_in_host destroy "$ds/jails/s2@mine"
j jlmkr-import --dry-run $o/two.tar.zst s2
status 0
out_has "^# ZFS dataset: $ds/jails/s2\$"
j jlmkr-import --dry-run $o/three.tar s2
status 1
is one "$(mine s2)"
is one "$(snaps s2)"
j jlmkr-import $o/two.tar.zst
status 4
err_has 'can only be added to a standby, but web is a jail'
j jlmkr-import $o/two.tar.zst none
status 3
err_has "there is no none to add that to; import the full stream first, with --standby"
j jlmkr-import --standby $o/two.tar.zst none
status 2
err_has 'is for the full stream'
j jlmkr-import --standby $o/tar.tar.zst none
status 2
err_has 'needs a stream'
is '' "$(hidden)"

story 'a standby that was changed is not touched'
in_host sh -c "zfs set readonly=off '$ds/jails/s2' && echo mine > '$home/jails/s2/rootfs/mine' && zfs set readonly=on '$ds/jails/s2'"
j jlmkr-import $o/two.tar.zst s2
status 5
err_has "the standby s2 has been changed since the last import, which would be lost: 'jlmkr clone s2 NEW' keeps the changes"
is mine "$(mine s2)"
is one "$(snaps s2)"
j jlmkr-remove -q -y s2

story 'a config that changes is shown, and its hooks'
in_host sh -c "sed -i 's,^pre_start_hook=.*,pre_start_hook=#!/bin/sh\n\techo hook,' '$home/jails/web/config'"
j jlmkr-snapshot web@hook
j jlmkr-export -q --incremental-from=three web@hook $o/hook.tar.zst
j jlmkr-import $o/hook.tar.zst stand
status 0
err_has 'pre_start_hook=#!/bin/sh'
err_has 'run on this machine as root: pre_start_hook'
mine stand > /dev/null
in_host cmp "$home/jails/web/config" "$home/jails/stand/config" || fail 'another config'
j jlmkr-export -q --format=zfs web@hook $o/hooked.tar.zst
j jlmkr-import -q $o/hooked.tar.zst hooked
err_has 'run on this machine as root: pre_start_hook'
j jlmkr-remove -q -y hooked

story 'it stays a standby if that fails half way'
in_host sh -c 'mkdir -p /run/failing && cp /sbin/zfs /run/failing/zfs.real &&
	printf "#!/bin/sh\n[ \"\$1 \$2\" != \"inherit jlmkr:kind\" ] || exit 1\nexec /sbin/zfs.real \"\$@\"\n" > /run/failing/zfs && chmod +x /run/failing/zfs &&
	mount -t overlay overlay -o lowerdir=/run/failing:/usr/sbin /usr/sbin'
j jlmkr-promote stand
refused
in_host umount /usr/sbin
is standby "$(kind "$ds/jails/stand")"
! in_host touch "$home/jails/stand/rootfs/x" 2> /dev/null || fail 'it can be written to'

story 'promote makes a jail of it'
j jlmkr-promote stand
status 0
is - "$(kind "$ds/jails/stand")"
in_host sh -c "echo x > '$home/jails/stand/rootfs/x'" || fail 'it cannot be written to'
j jlmkr-import $o/two.tar.zst stand
status 4
j jlmkr-remove -q -y stand
in_host sh -c "sed -i 's,^pre_start_hook=.*,pre_start_hook=,; /^\techo hook/d' '$home/jails/web/config'"

story 'what cannot be exported so'
expect_status 2 jlmkr-export --format=cpio web
err_has 'it can be tar or zfs'
expect_status 2 jlmkr-export --format=tar --incremental-from=one web
j jlmkr-export --incremental-from=none web@two $o/x.tar
status 3
err_has 'no snapshot web@none'
j jlmkr-export --incremental-from=two web@one $o/x.tar
status 1
err_has 'the snapshot one is not newer than two'
j jlmkr-export --incremental-from=two web@two $o/x.tar
status 1
j jlmkr-export --format=zfs web@none $o/x.tar
status 3
zfs_in_host create "$ds/jails/web/data"
j jlmkr-export --format=zfs web $o/x.tar
status 1
err_has "the dataset $ds/jails/web/data is below that of the jail"
patiently zfs destroy "$ds/jails/web/data"
is 'one two three hook' "$(snaps web)"
try jlmkr-create -q --distro=fedora --release=43 dir
expect_status 1 jlmkr-export --format=zfs dir $o/x.tar
err_has 'it is not a ZFS dataset'
expect_status 1 jlmkr-import $o/one.tar.zst
err_has "jails is no.* ZFS dataset, and a stream can only make jails in one; a file of 'jlmkr export' without --format=zfs makes one anywhere"
expect_status 1 jlmkr-import --dry-run $o/one.tar.zst
expect_status 2 jlmkr-import --standby --start $o/one.tar.zst
expect_status 2 jlmkr-import --max-files=10 $o/one.tar.zst x
expect_status 2 jlmkr-import --max-size=many $o/one.tar.zst x
j jlmkr-import --max-size=2M $o/one.tar.zst x
status 1
err_has 'the stream is larger than 2 MiB'
j jlmkr-import -q --sha256="$(printf %064d 0)" $o/one.tar.zst x
status 7
err_has 'its SHA-256 is'
! in_host test -e $o/x.tar || fail 'there is a file'
is web "$(names)"
is '' "$(hidden)"

story 'streams that zfs has sent itself'
in_host sh -c "cd $o && zfs send '$ds/jails/web@one' > raw && zfs send -i @one '$ds/jails/web@two' > raw2 && zfs send -R '$ds/jails/web@two' > package && cp raw volume &&
	printf '\003' | dd of=volume bs=1 seek=32 conv=notrunc 2> /dev/null"
j jlmkr-import $o/raw
status 2
err_has 'give the new jail a name'
j jlmkr-import $o/raw raw
status 0
err_has 'Its config differs'
is raw "$(in_host cat "$home/jails/raw/rootfs/etc/hostname")"
is '' "$(snaps raw)"
j jlmkr-remove -q -y raw
host exec cat $o/raw > "$tmp/raw"
zstd -q "$tmp/raw" -o "$tmp/raw.zst"
cp "$tmp/raw.zst" "$out/raw.zst"
try env JAILMAKER_DIR="$home" sh -c "cat $o/raw.zst | jlmkr-import --standby - raw"
status 0
is one "$(mine raw)"
j jlmkr-import $o/raw2 raw
status 0
is two "$(mine raw)"
j jlmkr-import $o/three.tar raw
status 0
is three "$(mine raw)"
j jlmkr-remove -q -y raw
in_host sh -ec "cd '$home/jails/web' && ln config rootfs/second && zfs snapshot '$ds/jails/web@linked' && rm rootfs/second &&
	zfs send '$ds/jails/web@linked' > $o/linked && zfs send -i @one '$ds/jails/web@linked' > $o/linked2 && zfs destroy '$ds/jails/web@linked'"
j jlmkr-import $o/linked bad
status 7
err_has 'is not a file with this one name'
j jlmkr-import -q --standby $o/raw raw
j jlmkr-import $o/linked2 raw
status 7
err_has 'is not a file with this one name'
is one "$(mine raw)"
is one "$(snaps raw)"
j jlmkr-remove -q -y raw
for kind in package volume; do
	j jlmkr-import $o/$kind bad
	status 1
	err_has 'not that of one snapshot of a file system'
done
in_host sh -c "head -c 700000 $o/raw > $o/cut"
j jlmkr-import $o/cut bad
status 7
in_host sh -c "zfs create '$ds/plain' && zfs snapshot '$ds/plain@a' && zfs send '$ds/plain@a' > $o/plain; zfs destroy -r '$ds/plain'"
j jlmkr-import $o/plain bad
refused
j jlmkr-import $o/raw2 bad
status 3
is web "$(names)"
is '' "$(hidden)"

story 'streams with work in them that a start or promote would finish: another config, a link as rootfs'
unfinished='comes from the middle of a rollback or of a copy: start or promote it where it comes from, then send it again'
# state MAKE UNDO: a snapshot of web after MAKE, sent in full and from the snapshot one on.
state() {
	in_host sh -ec "cd '$home/jails/web' && $1 && zfs snapshot '$ds/jails/web@state' && $2 &&
		zfs send '$ds/jails/web@state' > $o/state && zfs send -i @one '$ds/jails/web@state' > $o/state2 && zfs destroy '$ds/jails/web@state'"
}
j jlmkr-import -q --standby $o/raw raw
hook='pre_start_hook=#!/bin/sh\n\ttouch /mnt/tank/hooked'
rollback="mkdir .rollback && cp config .rollback/before && printf '$hook\n' > .rollback/config && ln -s /etc .rollback/rootfs &&
	echo \$(stat -c %i .rollback/rootfs) - > .rollback/swap"
for what in "$rollback" 'mkdir .rollback-files' 'mkdir .passes' 'echo standby > .standby'; do
	state "$what" 'rm -r .rollback .rollback-files .passes .standby 2> /dev/null || :'
	j jlmkr-import -q $o/state bad
	status 7
	err_has "$unfinished"
	j jlmkr-import -q --standby $o/state bad
	status 7
	j jlmkr-import -q $o/state2 raw
	status 7
	err_has "$unfinished"
	is one "$(mine raw)"
	is one "$(snaps raw)"
	is 'raw web' "$(names)"
done
state "$rollback" 'rm -r .rollback'
in_host sh -c "zfs receive '$ds/jails/raw' < $o/state2"
mine raw > /dev/null
j jlmkr-promote raw
status 7
err_has "$unfinished"
j jlmkr-start raw
refused
is standby "$(kind "$ds/jails/raw")"
! in_host test -e /mnt/tank/hooked || fail 'its hook has run'
j jlmkr-remove -q -y raw

story 'a rootfs that becomes a link'
j jlmkr-import -q --standby $o/raw raw
state 'mv rootfs away && ln -s /etc rootfs' 'rm rootfs && mv away rootfs'
j jlmkr-import -q $o/state bad
status 1
err_has 'rootfs is a link, not a directory'
j jlmkr-import -q $o/state2 raw
status 1
err_has 'rootfs is a link, not a directory'
is one "$(mine raw)"
is one "$(snaps raw)"
j jlmkr-remove -q -y raw
is '' "$(hidden)"

story 'from a server'
own=$cache/run/$TESTHOST/own/files
mkdir -p "$own"
cp "$out/one.tar" "$out/two.tar.zst" "$own"
host images '/files/* own'
url=https://images.linuxcontainers.org/files
j jlmkr-import --standby $url/one.tar url
status 0
j jlmkr-import --sha256="$(sha256sum < "$out/two.tar.zst" | cut -d' ' -f1)" $url/two.tar.zst url
status 0
is two "$(mine url)"
j jlmkr-remove -q -y url
is '' "$(hidden)"

# flip FILE TIMES COMMAND...
flip() {
	flipped=$1 times=$2
	shift 2
	"$here/flip" "$flipped" $times "$flipped" "$@" 2> "$tmp/err" || fail "$flipped: $(tail -n 1 "$tmp/err")"
}
jlmkr_in_host() { echo "$here/host exec env JAILMAKER_DIR=/mnt/tank/home $*"; }

story 'a changed bit in each 1/64 of the file is found: --verify'
try true
in_host ln -s "$home" /mnt/tank/home
for kind in none zstd gzip xz; do
	flip "$out/c.$kind" 64 $(jlmkr_in_host jlmkr-export --verify $o/c.$kind)
done

story 'by an import, which makes nothing then'
try true
for kind in none zstd; do
	flip "$out/c.$kind" 64 $(jlmkr_in_host jlmkr-import -q $o/c.$kind bad)
	is web "$(names)"
	is '' "$(hidden)"
done

story 'and by one into a standby, which is as it was'
j jlmkr-import --standby -q $o/one.tar.zst stand
j jlmkr-export -q --incremental-from=one --compress=none web@two $o/two.tar
for file in two.tar two.tar.zst; do
	flip "$out/$file" 64 $(jlmkr_in_host jlmkr-import -q $o/$file stand)
	is one "$(snaps stand)"
	is one "$(mine stand)"
	is standby "$(kind "$ds/jails/stand")"
done
j jlmkr-import -q $o/two.tar stand
status 0
is two "$(mine stand)"
j jlmkr-remove -q -y stand
is '' "$(hidden)"

story 'a file that ends early, or has more'
for n in 300 2000 100000 4200000 9000000; do
	try env JAILMAKER_DIR="$home" sh -c "head -c $n $o/one.tar | jlmkr-import -q - bad"
	refused
done
try env JAILMAKER_DIR="$home" sh -c "(cat $o/one.tar; echo) | jlmkr-import -q - bad"
status 7
is web "$(names)"
is '' "$(hidden)"

# An export as a liar makes it: its manifest is right.
cat > "$tmp/lie" <<'END'
import hashlib, io, sys, tarfile
source, out, what = sys.argv[1:4]
t = tarfile.open(source)
parts = [[m.name, t.extractfile(m).read()] for m in t if m.name != 'jlmkr-manifest']
head = parts[0][1].decode()
stream = b''.join(p[1] for p in parts[2:])
def key(name, value):
    global head
    head = '\n'.join(f'{name}={value}' if l.startswith(name + '=') else l for l in head.split('\n'))
size = 4 << 20
if what == 'guid': key('guid', 77)
elif what == 'from': key('from', 77); head += 'base=x\n'
elif what == 'label': key('label', '-r')
elif what == 'labels': key('label', 'a@b')
elif what == 'jail': key('jail', '../x')
elif what == 'hidden': key('jail', '.x')
elif what == 'format': head = head.replace('zfs-1', 'zfs-2')
elif what == 'config': parts[1][1] += b'# more\n'
elif what == 'unread': parts[1][1] = b'startup=maybe\n'
elif what == 'package': stream = open(sys.argv[4], 'rb').read()
elif what == 'stream': stream = open(sys.argv[4], 'rb').read()
elif what == 'short': stream = stream[:200]
elif what == 'cut': stream = stream[:-312]
elif what == 'more': stream += b'x' * 1000
elif what == 'junk': stream = stream[:2 << 20] + bytes(1 << 20) + stream[3 << 20:]
elif what == 'none': stream = b''
elif what == 'pieces': size = 3 << 20
parts = [['jlmkr-export', head.encode()], parts[1]]
pieces = [[f'stream/{i + 1:08}', stream[at:at + size]] for i, at in enumerate(range(0, len(stream), size))]
if what == 'order': pieces[0][0], pieces[1][0] = pieces[1][0], pieces[0][0]
elif what == 'twice': pieces[1][0] = pieces[0][0]
elif what == 'missing': del pieces[1]
elif what == 'path': pieces[1][0] = '../../x'
elif what == 'rootfs': pieces.append(['rootfs/etc/passwd', b'root::0:0::/:/bin/sh\n'])
parts += pieces
frame, all = hashlib.sha256(), io.BytesIO()
def put(data): frame.update(data); all.write(data)
def pad(n): put(bytes(-n % 512))
def info(name, n):
    i = tarfile.TarInfo(name); i.size = n; i.mode = 0o600; i.uname = i.gname = ''
    return i.tobuf(tarfile.USTAR_FORMAT)
lines = b''
for name, data in parts:
    put(info(name, len(data))); all.write(data); pad(len(data))
    lines += f'{hashlib.sha256(data).hexdigest()} {len(data)} {name}\n'.encode()
n = len(lines) + 71
put(info('jlmkr-manifest', n)); put(lines)
all.write(f'{frame.hexdigest()} frame\n'.encode())
all.write(bytes(-n % 512) + bytes(1024))
open(out, 'wb').write(all.getvalue())
END
lie() { python3 "$tmp/lie" "$out/$1" "$out/lie.tar" "$2" ${3-} > "$tmp/out" 2> "$tmp/err" || fail 'no lie'; }

story 'an honest file of another maker is taken'
lie one.tar nothing
j jlmkr-export --verify $o/lie.tar
status 0
j jlmkr-import -q $o/lie.tar lie
status 0
j jlmkr-remove -q -y lie

story 'lies are not'
for what in label labels jail hidden format unread; do
	lie one.tar $what
	j jlmkr-import -q $o/lie.tar lie
	status 1
done
for what in guid from config order twice missing path rootfs pieces none short; do
	lie one.tar $what
	j jlmkr-import -q $o/lie.tar lie
	case $what in
	from) status 3 ;;
	*) status 7 ;;
	esac
done
lie one.tar config
j jlmkr-import -q $o/lie.tar lie
err_has 'the stream has another config than the one that comes before it'
lie one.tar package "$out/package"
j jlmkr-import -q $o/lie.tar lie
status 7
lie one.tar stream "$out/plain"
j jlmkr-import -q $o/lie.tar lie
status 7
err_has 'that of another snapshot'
for what in cut more junk; do
	lie one.tar $what
	j jlmkr-import -q $o/lie.tar lie
	refused
done
is web "$(names)"
is '' "$(hidden)"

story 'and change no standby'
j jlmkr-import --standby -q $o/one.tar.zst stand
for what in guid from config cut more junk none short; do
	lie two.tar $what
	j jlmkr-import -q $o/lie.tar stand
	refused
	is one "$(snaps stand)"
	is one "$(mine stand)"
done
lie three.tar stream "$out/raw2"
j jlmkr-import -q $o/lie.tar stand
refused
is one "$(snaps stand)"
j jlmkr-import -q $o/two.tar stand
status 0
j jlmkr-remove -q -y stand
is '' "$(hidden)"

story 'what the disk has no room for'
in_host sh -c 'mkdir -p /mnt/small && mount -t tmpfs -o size=4M none /mnt/small'
j jlmkr-export -q --format=zfs web /mnt/small/x.tar.zst
status 1
err_has 'No space left'
is '' "$(in_host ls -A /mnt/small)"
is 'one two three hook' "$(snaps web)"
j jlmkr-import --standby -q $o/one.tar.zst stand
in_host sh -c "zfs set quota=\$(zfs get -H -p -o value used '$ds' | awk '{ print \$1 + 3000000 }') '$ds'"
j jlmkr-import -q $o/one.tar.zst full
status 1
err_has 'zfs: cannot receive'
j jlmkr-import -q $o/two.tar stand
rc_full=$rc
in_host zfs set quota=none "$ds"
[ $rc_full -eq 0 ] || is one "$(snaps stand)"
is 'stand web' "$(names)"
is '' "$(hidden)"
j jlmkr-remove -q -y stand
j jlmkr-import -q $o/one.tar.zst full
status 0
j jlmkr-remove -q -y full

cat > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
ds=$2 what=$3 moments=$4 old=0 new=0 stray=0
o=/mnt/tank/out file=$o/k.tar
cd "$JAILMAKER_DIR/jails" || exit 1
snaps() { zfs list -H -o name -t snapshot -r "$ds/jails/$1" 2> /dev/null | sed 's/.*@//' | xargs; }
fresh() {
	for try in 1 2 3 4 5 6 7 8 9; do zfs unmount "$ds/jails/k" 2> /dev/null; zfs mount "$ds/jails/k" 2> /dev/null && return; sleep 0.2; done
	off 'the standby cannot be mounted anew'
}
web=$(snaps web)
begin() { :; }
case $what in
export)
	words=(jlmkr-export -q --force --format=zfs --compress=none web $file)
	begin() { rm -f $file; }
	judge() {
		[ ! -e $file ] || jlmkr-export -q --verify $file || off 'a damaged file'
		[ ! -e $file ] || new=$((new + 1))
		[ "$(ls -A $o | grep -c part)" = 0 ] || [ ! -e $file ] || off 'a part'
		left=
		for s in $(snaps web); do
			case " $web " in *" $s "*) continue ;; esac
			case $(zfs get -H -o value jlmkr:kind "$ds/jails/web@$s") in
			snapshot:asked) [ -e $file ] || off "$s has no file" ;;
			snapshot:exported) left=$s stray=$((stray + 1)) ;;	# before or behind the file has its name
			*) [ ! -e $file ] || off "$s would not stay" ;;
			esac
		done
	}
	after() {
		[ -z "$left" ] || grep -q "that made web@$left was interrupted at its very end" /tmp/why || off "$left is not named"
		for s in $(snaps web); do
			case " $web " in *" $s "*) continue ;; esac
			[ "$(zfs get -H -o value jlmkr:kind "$ds/jails/web@$s")" = snapshot:asked ] || off "$s stays"
			zfs destroy "$ds/jails/web@$s" || off "cannot destroy $s"
		done
		[ "$(snaps web)" = "$web" ] || off "snapshots: $(snaps web)"
		jlmkr-export -q --verify $file || off 'a damaged file'
	} ;;
full)
	words=(jlmkr-import -q $o/one.tar.zst k)
	judge() {
		[ ! -e k ] || { cmp -s k/rootfs/big web/rootfs/big && [ -z "$(snaps k)" ] || off 'half a jail'; new=$((new + 1)); }
		[ ! -e k ] || jlmkr-remove -q -y k || off 'it cannot be removed'
	}
	after() {
		cmp -s k/rootfs/big web/rootfs/big || off 'another file'
		jlmkr-remove -q -y k || off 'it cannot be removed'
	} ;;
increment)
	jlmkr-import -q --standby $o/one.tar.zst k || exit 1
	words=(jlmkr-import -q $o/two.tar k)
	state() { fresh; echo "$(snaps k): $(cat k/rootfs/mine) $(ls k/rootfs | grep -c more) $(zfs get -H -o value jlmkr:kind "$ds/jails/k")"; }
	judge() {
		case $(state) in
		'one: one 0 standby') old=$((old + 1)) ;;
		'one two: two 1 standby') new=$((new + 1)) ;;
		*) off "$(state)" ;;
		esac
		! touch k/rootfs/x 2> /dev/null || off 'it can be written to'
	}
	after() {
		[ "$(state)" = 'one two: two 1 standby' ] || off "$(state)"
		jlmkr-remove -q -y k && jlmkr-import -q --standby $o/one.tar.zst k || off 'no standby'
	} ;;
esac
begin
measure "${words[@]}"
after
new=0
for i in $(seq $moments); do
	begin
	cut_short "${words[@]}"
	settle
	judge
	"${words[@]}" > /dev/null 2> /tmp/why || [ $what = full -a -e k/config ] || off "$(cat /tmp/why)"
	after
	[ "$(ls -A | grep -c '^\.')" = 0 ] || off "$(ls -A)"
	[ "$(zfs list -H -o name -r "$ds/jails" | grep -c '/\.')" = 0 ] || off "$(zfs list -r "$ds/jails")"
	[ "$(ls -A $o | grep -c part)" = 0 ] || off 'a part'
done
[ $what != increment ] || jlmkr-remove -q -y k || exit 1
echo "cut $cut, old $old, new $new, stray snapshots $stray"
END
for what in export full increment; do
	story "killed at $kills moments: $what"
	killed "$home" "$ds" $what $kills < "$tmp/killed"
	is web "$(names)"
	is '' "$(hidden)"
	is 'one two three hook' "$(snaps web)"
done

story 'what a killed import left is removed with the name'
in_host sh -c "export JAILMAKER_DIR='$home'; (cat $o/one.tar | head -c 5000000; sleep 20) | jlmkr-import -q - half 2> /dev/null &
	for i in \$(seq 100); do ls -A '$home/jails' | grep -q receive && break; sleep 0.1; done
	sleep 0.5; pkill -KILL -x jlmkr-import; pkill -x sleep
	while pgrep -x 'zfs|jlmkr.*' > /dev/null; do sleep 0.1; done"
[ -n "$(hidden)" ] || fail 'nothing is left'
j jlmkr-remove -y half
status 0
err_has 'What was left of half is removed'
is '' "$(hidden)"

story 'two imports of one name at the same time'
try env JAILMAKER_DIR="$home" sh -c "(cat $o/one.tar | head -c 5000000; sleep 15) | jlmkr-import -q - two 2> /dev/null & sleep 1; jlmkr-import -q $o/one.tar.zst two; rc=\$?; wait; exit \$rc"
status 5
is web "$(names)"
is '' "$(hidden)"

story 'a jail with Debian in full, then twice what is new, becomes a jail that boots'
j jlmkr-create -q --start big
status 0
j jlmkr-exec big sh -c 'echo a > /var/data; cat /etc/machine-id > /var/id'
j jlmkr-export -q --format=zfs big $o/big.zst
status 0
first=$(in_host zfs list -H -o name -t snapshot -r "$ds/jails/big" | sed 's/.*@//')
j jlmkr-exec big sh -c 'echo b > /var/data; sync'
j jlmkr-export -q "--incremental-from=$first" big $o/big2.zst
status 0
second=$(in_host zfs list -H -o name -t snapshot -r "$ds/jails/big" | sed 's/.*@//' | grep -vx "$first")
j jlmkr-exec big sh -c 'echo c > /var/data; sync'
j jlmkr-export -q --stop "--incremental-from=$second" big $o/big3.zst
status 0
j jlmkr-exec big true
status 0
j jlmkr-stop -q big
j jlmkr-rename big was
for file in big.zst big2.zst big3.zst; do
	j jlmkr-import -q $([ $file != big.zst ] || echo --standby) $o/$file
	status 0
done
is 'export- export- export-' "$(snaps big)"
j jlmkr-promote big
j jlmkr-start -q big
status 0
j jlmkr-exec big sh -c 'cat /var/data; cmp /etc/machine-id /var/id'
is c "$(cat "$tmp/out")"
j jlmkr-stop -q big
j jlmkr-import -q --start $o/big.zst another
status 0
j jlmkr-exec another sh -c 'hostname; cat /var/data; cmp -s /etc/machine-id /var/id || echo other'
is 'another a other' "$(xargs < "$tmp/out")"
j jlmkr-stop -q another

finish
