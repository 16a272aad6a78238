#!/bin/sh
# export and import: all of a jail in one file, and back; damage, kills, full disks.
. "$(dirname "$0")/lib.sh"

compare() { "$here/../tree-compare" "$@" > "$tmp/compared" 2>&1 || fail "$(head -n 3 "$tmp/compared" | cut -c1-600)"; }
root=/proc/$(host_leader)/root
out=$root/mnt/tank
tiny() { try jlmkr-create -q --distro=fedora --release=43 "$@"; }
try jlmkr-create -q --distro=fedora --release=43 web
in_host mkdir /mnt/tank/out /mnt/tank/other

story 'every kind of file comes back as it was; the same tree gives the same bytes'
try true
python3 "$here/every-kind" "$root$jails/web/rootfs" > "$tmp/out" 2> "$tmp/err" || fail 'cannot make the files'
in_host sh -c 'printf "[x]\nDescription=mine\n" > /dev/null; sed -i "s/^startup=.*/startup=0\n# mine: \"ü\"/" '$jails/web/config
try jlmkr-export web /mnt/tank/out/web.tar.zst
status 0
err_has '1 files are immutable'
err_lacks warning
grep -q '^[0-9a-f]\{64\}  /mnt/tank/out/web.tar.zst$' "$tmp/out" || fail 'no SHA-256'
(cd / && sed "s,  /,  $root/," "$tmp/out" | sha256sum -c -) > /dev/null 2>&1 || fail 'another SHA-256'
is 600 "$(in_host stat -c %a /mnt/tank/out/web.tar.zst)"
expect_status 0 jlmkr-export --verify /mnt/tank/out/web.tar.zst
try jlmkr-export -q web /mnt/tank/out/again.tar.zst
status 0
in_host cmp /mnt/tank/out/web.tar.zst /mnt/tank/out/again.tar.zst || fail 'other bytes'
in_host sh -c "mv $jails/web /mnt/tank/ref"
try jlmkr-import /mnt/tank/out/web.tar.zst
status 0
err_has 'export of the jail web'
in_host cmp /mnt/tank/ref/config $jails/web/config || fail 'it has another config'
compare "$out/ref/rootfs" "$root$jails/web/rootfs"
is 'config rootfs' "$(in_host ls -A $jails/web | tr '\n' ' ' | sed 's/ $//')"

story 'whatever it is compressed with, and through pipes'
in_host sh -c "cd $jails/web/rootfs/every && rm -rf links '4 GiB' '9 GiB'"
for kind in none xz gzip zstd; do
	try sh -c "jlmkr-export -q --compress=$kind web - > /mnt/tank/out/web.$kind"
	status 0
	try sh -c "cat /mnt/tank/out/web.$kind | jlmkr-export --verify -"
	status 0
	try env JAILMAKER_DIR=/mnt/tank/other sh -c "cat /mnt/tank/out/web.$kind | jlmkr-import -q -"
	status 0
	compare "$root$jails/web/rootfs" "$out/other/jails/web/rootfs"
	in_host env JAILMAKER_DIR=/mnt/tank/other jlmkr-remove -q -y web
done
# What tells them apart: magic numbers.
is '28b52ffd fd377a58 1f8b0800' "$(for k in zstd xz gzip; do od -An -tx1 -N4 "$out/out/web.$k" | tr -d ' '; done | tr '\n' ' ' | sed 's/ $//')"

story 'GNU tar and bsdtar list and unpack it'
for kind in none zstd xz gzip; do
	for tar in tar bsdtar; do
		$tar -tf "$out/out/web.$kind" > "$tmp/list.$tar.$kind" 2> "$tmp/err" || fail "$tar does not list it"
		[ ! -s "$tmp/err" ] || fail "$tar has words"
		cmp -s "$tmp/list.$tar.none" "$tmp/list.$tar.$kind" || fail "another list of $tar: $kind"
	done
done
is "$(wc -l < "$tmp/list.tar.none")" "$(wc -l < "$tmp/list.bsdtar.none")"
is 'jlmkr-export config rootfs/' "$(head -n 3 "$tmp/list.tar.none" | tr '\n' ' ' | sed 's/ $//')"
is jlmkr-manifest "$(tail -n 1 "$tmp/list.bsdtar.none")"
mkdir "$tmp/gnu" "$tmp/bsd"
tar -C "$tmp/gnu" --xattrs --xattrs-include='*' --acls --same-owner -xpf "$out/out/web.zstd" 2> "$tmp/err" || fail 'tar does not unpack it'
compare "$root$jails/web/rootfs" "$tmp/gnu/rootfs"
(cd "$tmp/gnu/rootfs/etc" && sed -n 's,^\([0-9a-f]*\) [0-9]* rootfs/etc/\([a-z-]*\)$,\1  \2,p' "$tmp/gnu/jlmkr-manifest" | sha256sum -c) > /dev/null 2>&1 ||
	fail 'the manifest is not for sha256sum'
bsdtar -C "$tmp/bsd" --acls --xattrs -xpf "$out/out/web.zstd" 2> "$tmp/err" || fail 'bsdtar does not unpack it'
compare "$root$jails/web/rootfs" "$tmp/bsd/rootfs"
chattr -i "$tmp/gnu/rootfs/every/fixed" "$tmp/bsd/rootfs/every/fixed" 2> /dev/null

story 'a changed bit is found, wherever it is; nothing is made then'
in_host sh -c "rm -rf $jails/web/rootfs/every/size-*"
for kind in none zstd gzip xz; do
	try jlmkr-export -q --force --compress=$kind web /mnt/tank/out/flip.$kind
	"$here/flip" "$out/out/flip.$kind" 25 "$kind" "$here/host" exec jlmkr-export --verify /mnt/tank/out/flip.$kind 2> "$tmp/err" ||
		fail "$kind: $(tail -n 1 "$tmp/err")"
	"$here/flip" "$out/out/flip.$kind" 10 "2$kind" "$here/host" exec jlmkr-import -q /mnt/tank/out/flip.$kind bad 2> "$tmp/err" ||
		fail "$kind: $(tail -n 1 "$tmp/err")"
	expect_status 0 jlmkr-export --verify /mnt/tank/out/flip.$kind
done
is web "$(in_host ls -A $jails)"
try sh -c 'head -c 100000 /mnt/tank/out/web.none | jlmkr-import -q - bad'
refused
try sh -c '(cat /mnt/tank/out/flip.none; echo) | jlmkr-import -q - bad'
status 7
try sh -c 'sed s/every/evert/ /mnt/tank/out/flip.none | jlmkr-export --verify -'
status 7
err_has damaged
is web "$(in_host ls -A $jails)"

story 'what is refused'
expect_status 4 jlmkr-export web /mnt/tank/out/web.none
err_has 'exists; --force replaces it'
expect_status 4 jlmkr-export --force web /mnt/tank/out/.
expect_status 2 jlmkr-export --compress=lzma web /mnt/tank/out/x
expect_status 3 jlmkr-export web@none /mnt/tank/out/x
expect_status 3 jlmkr-export nobody /mnt/tank/out/x
expect_status 2 jlmkr-export --verify /mnt/tank/out/web.none x
expect_status 1 jlmkr-export --verify /etc/passwd
expect_status 1 jlmkr-export web /mnt/tank/nowhere/x
expect_status 4 jlmkr-import /mnt/tank/out/web.none
expect_status 1 jlmkr-import /mnt/tank/out/web.none ../x
expect_status 1 jlmkr-import /mnt/tank/out/nothing
expect_status 2 jlmkr-import --sha256=12 /mnt/tank/out/web.none x
try jlmkr-import -q --sha256="$(printf %064d 0)" /mnt/tank/out/web.none x
status 7
is '' "$(in_host sh -c 'ls -A /mnt/tank/out | grep "part\|^x"')"
is web "$(in_host ls -A $jails)"

story 'the config is shown, and what this machine lacks for it'
in_host sh -c "sed -i 's,^systemd_nspawn_user_args=.*,systemd_nspawn_user_args=--network-bridge=br77\n\t--bind=/mnt/nowhere,; s,^pre_start_hook=.*,pre_start_hook=#!/bin/sh\n\techo hook,' $jails/web/config"
try jlmkr-export -q web /mnt/tank/out/lacks.tar
try jlmkr-import --dry-run /mnt/tank/out/lacks.tar lacks
status 0
out_has '^systemd_nspawn_user_args=--network-bridge=br77'
err_has 'config: line [0-9]*: .*br77'
err_has 'config: line [0-9]*: .*/mnt/nowhere'
err_has 'run on this machine as root: pre_start_hook'
is web "$(in_host ls -A $jails)"
try jlmkr-import /mnt/tank/out/lacks.tar lacks
status 0
err_has 'br77'
in_host cmp $jails/web/config $jails/lacks/config || fail 'it has another config'

story 'a jail of one program keeps its config'
tiny app
musl-gcc -static -Os -s -o "$tmp/app" "$here/app.c" || exit 1
cp "$tmp/app" "$root$jails/app/rootfs/app"
in_host jlmkr config -q app init_command=/app startup=1
try jlmkr-export -q app /mnt/tank/out/app.tar
try jlmkr-import --start /mnt/tank/out/app.tar app2
status 0
err_lacks 'no init'
is 1 "$(in_host jlmkr config app2 startup)"
is 'no yes' "$(for name in app app2; do in_host systemctl is-active -q jlmkr-$name && echo yes || echo no; done | xargs)"
for name in app app2; do in_host jlmkr remove -q -y $name; done

story 'other root archives go in, with a name'
mkdir -p "$tmp/docker/etc" "$tmp/docker/usr/bin" "$tmp/docker/dev"
touch "$tmp/docker/.dockerenv" "$tmp/docker/dev/console"
ln -s /proc/mounts "$tmp/docker/etc/mtab"
tar -C "$tmp/docker" -cf "$tmp/docker.tar" .dockerenv dev etc usr
host push "$tmp/docker.tar" /tmp/docker.tar
expect_status 2 jlmkr-import /tmp/docker.tar
err_has 'give the new jail a name'
expect_status 0 jlmkr-import -q /tmp/docker.tar docker
try jlmkr-import -q - docker2 < "$tmp/docker.tar"
status 0
url=https://images.linuxcontainers.org/$(cd "$cache/base/www" && find images/debian/bookworm/amd64/default -name rootfs.tar.xz | sort | tail -n 1)
expect_status 0 jlmkr-import -q "$url" url
try sh -c 'jlmkr-create -q --image=/mnt/tank/out/web.zstd plain'
status 0
is 'config rootfs' "$(in_host ls -A $jails/plain | tr '\n' ' ' | sed 's/ $//')"

story 'a hostile tree: nothing outside is read, and no device is opened'
tiny evil
in_host sh -c "cd $jails/evil/rootfs && ln -s /etc/shadow shadow && ln -s / top && mknod watchdog c 10 130 && mkfifo waits &&
	mkdir mnt2 && mount -t tmpfs none mnt2 && echo secret > mnt2/file && ln -sfn /etc etc2"
try timeout 60 jlmkr-export evil /mnt/tank/out/evil.tar --compress=none
status 0
err_has 'rootfs/mnt2 is not in the archive: something is mounted on it'
in_host umount $jails/evil/rootfs/mnt2
tar -tvf "$out/out/evil.tar" > "$tmp/list"
grep -q 'rootfs/shadow -> /etc/shadow' "$tmp/list" || fail 'no link'
! grep -q 'mnt2/file\|top/etc' "$tmp/list" || fail 'what is outside is in it'

story 'a file that something is mounted on is left out, and its other names are not'
tiny bound
in_host sh -c "cd $jails/bound/rootfs && echo here > a && ln a b && mount --bind a a"
expect_status 0 jlmkr-export bound /mnt/tank/out/bound.tar --compress=none
err_has 'rootfs/a is not in the archive: something is mounted on it'
in_host umount $jails/bound/rootfs/a
expect_status 0 jlmkr-import -q /mnt/tank/out/bound.tar bound2
is here "$(in_host cat $jails/bound2/rootfs/b)"

story 'files that change meanwhile are no fault'
cat > "$tmp/busy" <<'END'
cd $1/evil/rootfs && mkdir -p busy/d && cd busy || exit 1
jlmkr-export -q --compress=none --force evil /mnt/tank/out/busy0.tar || exit 1
end=$(($(date +%s) + 8))
(while [ $(date +%s) -lt $end ]; do for i in 1 2 3 4 5 6 7 8 9; do rm -f a$i; echo $i > a$i; ln -f a$i b$i; mv d e$i; mkdir -p d/$i; rm -f c$i; mkfifo c$i; mv -f c$i a$i; rm -rf e$i; truncate -s ${i}M grows; : > grows; done; done 2> /dev/null) &
n=0
while [ $(date +%s) -lt $end ]; do
	jlmkr-export -q --compress=none --force evil /mnt/tank/out/busy.tar 2> /tmp/why || { cat /tmp/why; exit 1; }
	jlmkr-export -q --verify /mnt/tank/out/busy.tar || exit 1
	n=$((n + 1))
done
wait
echo $n times
END
try bash -s $jails < "$tmp/busy"
status 0
title="$title ($(tail -n 1 "$tmp/out"))"

cat > "$tmp/killed" <<'END'
jails=$1 words=$2 made=$3
measure $words
case $made in
$jails/*) jlmkr-remove -q -y ${made##*/} || exit 1 ;;
esac
for i in $(seq $4); do
	rm -rf $made
	cut_short $words
	settle
	if [ -e $made ]; then
		case $made in
		$jails/*) [ "$(cd $made && find . | wc -l)" = "$5" ] && jlmkr-remove -q -y ${made##*/} || exit 1 ;;
		*) jlmkr-export -q --verify $made || exit 1 ;;
		esac
	fi
	rm -f $made
	again $words
	case $made in
	$jails/*) jlmkr-remove -q -y ${made##*/} || exit 1 ;;
	esac
	[ "$(ls -A $jails | grep -c '^\.')" = 0 ] || off "$(ls -A $jails)"
	[ "$(ls -A $6 | grep -c part)" = 0 ] || off "$(ls -A $6)"
done
echo "cut $cut"
END

story "an export killed at $kills moments leaves nothing"
killed $jails 'jlmkr-export -q web /mnt/tank/out/k.tar' /mnt/tank/out/k.tar $kills 0 /mnt/tank/out < "$tmp/killed"

story "an import killed at $kills moments: a jail or none"
in_host rm -f /mnt/tank/out/k.tar
n=$(in_host sh -c "cd $jails/web && find . | wc -l")
try jlmkr-export -q web /mnt/tank/out/kill.tar.zst
killed $jails 'jlmkr-import -q /mnt/tank/out/kill.tar.zst k' $jails/k $kills $n /mnt/tank/out < "$tmp/killed"

story 'a full disk leaves nothing, and is told'
in_host sh -c 'mkdir -p /mnt/small && mount -t tmpfs -o size=1M none /mnt/small'
in_host sh -c "head -c 3000000 /dev/urandom > $jails/web/rootfs/noise"
try jlmkr-export -q web /mnt/small/x.tar.zst
status 1
err_has 'No space left'
is '' "$(in_host ls -A /mnt/small)"
try jlmkr-export -q --force web /mnt/tank/out/noise.tar.zst
status 0
in_host mkdir /mnt/small/jm
try env JAILMAKER_DIR=/mnt/small/jm jlmkr-import -q /mnt/tank/out/noise.tar.zst
status 1
err_has 'No space left'
is '' "$(in_host ls -A /mnt/small/jm/jails)"

story 'nobody reads it: it ends'
in_host sh -c 'umount /mnt/small'
try sh -c 'jlmkr-export -q web - | head -c 10 > /dev/null; sleep 0.2; pgrep jlmkr-export'
status 1

zfs_pool
story 'on ZFS a running jail is exported from a snapshot, which is dropped'
j jlmkr-create -q --start big
status 0
j jlmkr-export big /mnt/tank/out/big.tar.zst
status 0
err_lacks 'may mix states'
is '' "$(in_host zfs list -H -o name -t snapshot -r "$ds/jails" | grep export)"
is '' "$(in_host zfs list -H -o name -r "$ds/jails" | grep '/\.')"
j jlmkr-snapshot big@a
j jlmkr-export -q big@a /mnt/tank/out/big-a.tar.zst
status 0
j jlmkr-export -q big@a /mnt/tank/out/big-a2.tar.zst
in_host cmp /mnt/tank/out/big-a.tar.zst /mnt/tank/out/big-a2.tar.zst || fail 'other bytes'
j jlmkr-stop -q big
j jlmkr-rename big was
j jlmkr-import -q --start /mnt/tank/out/big.tar.zst
status 0
j jlmkr-exec big true
status 0
j jlmkr-exec big hostname
is big "$(cat "$tmp/out")"
j jlmkr-stop -q big

story '--stop stops it, and starts it again'
j jlmkr-start -q big
try env JAILMAKER_DIR="$home" jlmkr-export -q --stop big /mnt/tank/out/stop.tar.zst
status 0
j jlmkr-exec big true
status 0
j jlmkr-stop -q big

story 'a snapshot that a killed export left is deleted by the next one'
in_host zfs snapshot -o jlmkr:kind=snapshot:export "$ds/jails/big@export-x"
j jlmkr-export big /mnt/tank/out/left.tar.zst
status 0
err_has 'Deleting big@export-x'
is '' "$(in_host zfs list -H -o name -t snapshot -r "$ds/jails" | grep export)"

cat > "$tmp/killed-zfs" <<'END'
export JAILMAKER_DIR=$1
file="/mnt/z/my pool/k.tar"
rm -f "$file"
measure jlmkr-export -q tiny "$file"
for i in $(seq $2); do
	rm -f "$file"
	cut_short jlmkr-export -q tiny "$file"
	settle
	[ ! -e "$file" ] || jlmkr-export -q --verify "$file" || exit 1
	rm -f "$file"
	again jlmkr-export -q tiny "$file"
	[ "$(zfs list -H -o name -t snapshot -r "$3/jails/tiny" | grep -c export)" = 0 ] || off 'a snapshot'
	[ "$(zfs list -H -o name -r "$3/jails" | grep -c '/\.')" = 0 ] || off 'a dataset'
	[ "$(ls -A "${file%/*}" | grep -c part)" = 0 ] || off 'a part'
done
echo "cut $cut"
END

story "on ZFS killed at $kills moments, to a file system that has no files without names"
tiny() { j jlmkr-create -q --distro=fedora --release=43 "$@"; }
tiny tiny
killed "$home" $kills "$ds" < "$tmp/killed-zfs"

story 'datasets below that of the jail are a part of the archive if they are in its root file system'
datasets_below tiny
in_host sh -ec "cd '$home/jails/tiny/rootfs/docker' && mkdir -m 751 dir && echo x > dir/x && ln dir/x dir/y"
zfs_in_host create "$ds/jails/tiny/rootfs/docker/inner"
in_host sh -c "echo inner > '$home/jails/tiny/rootfs/docker/inner/file'"
j jlmkr-export tiny /mnt/tank/out/below.tar
status 0
err_has "the dataset $ds/jails/tiny/data is left out: it is not mounted in the root file system"
err_has "the dataset $ds/jails/tiny/data/deep is left"
err_lacks 'docker\|rootfs is'
is '' "$(in_host zfs list -H -o name -t all -r "$ds/jails" | grep 'export')"
expect_status 0 jlmkr-export --verify /mnt/tank/out/below.tar
host exec cat /mnt/tank/out/below.tar > "$tmp/below.tar"
tar tf "$tmp/below.tar" | grep docker > "$tmp/out"
is 'rootfs/docker/ rootfs/docker/dir/ rootfs/docker/dir/x rootfs/docker/dir/y rootfs/docker/inner/ rootfs/docker/inner/file rootfs/docker/mine' \
	"$(xargs < "$tmp/out")"
j jlmkr-import -q /mnt/tank/out/below.tar again
status 0
in_host diff -r -x hostname -x hosts "$home/jails/tiny/rootfs" "$home/jails/again/rootfs" || fail 'other files'
is '711 751' "$(in_host stat -c %a "$home/jails/again/rootfs/docker" "$home/jails/again/rootfs/docker/dir" | xargs)"
j jlmkr-remove -q -y again

story 'and are of the moment of the snapshot'
j jlmkr-snapshot tiny@then
in_host sh -ec "cd '$home/jails/tiny/rootfs/docker' && echo now > mine && rm -r dir"
zfs_in_host create "$ds/jails/tiny/rootfs/docker/late"
j jlmkr-export -q tiny@then /mnt/tank/out/then.tar
status 0
host exec cat /mnt/tank/out/then.tar > "$tmp/then.tar"
is docker "$(tar xOf "$tmp/then.tar" rootfs/docker/mine)"
is x "$(tar xOf "$tmp/then.tar" rootfs/docker/dir/x)"
tar tf "$tmp/then.tar" > "$tmp/out"
out_lacks late
zfs_in_host destroy "$ds/jails/tiny/rootfs/docker/inner@then"
j jlmkr-export -q tiny@then /mnt/tank/out/then2.tar
refused
err_has "the dataset $ds/jails/tiny/rootfs/docker/inner has no snapshot then"
! in_host test -e /mnt/tank/out/then2.tar || fail 'there is a file'

story "with datasets below it killed at $kills moments"
killed "$home" $kills "$ds" < "$tmp/killed-zfs"

story 'on btrfs a running jail is exported from a copy with shared blocks'
btrfs_pool 2G
j jlmkr-create -q --start web
j jlmkr-export web /mnt/tank/out/btrfs.tar.zst
status 0
err_lacks 'may mix states'
! in_host test -e "$home/jails/web/.snapshots" || fail 'a snapshot is left'
j jlmkr-stop -q web
expect_status 0 jlmkr-export --verify /mnt/tank/out/btrfs.tar.zst

finish
