#!/bin/sh
# create --image: root archives of one's own, from a file, from stdin, from a URL.
. "$(dirname "$0")/lib.sh"

base=${HOST_CACHE:-$here/../../build/out/host}/base
server=https://images.linuxcontainers.org
debian=$(cd "$base/www" && find images/debian/bookworm/amd64/default -name rootfs.tar.xz | sort | tail -n 1)
hash=$(sha256sum < "$base/debian.tar.xz" | cut -d' ' -f1)

# Made here, because the host has no tar.
mkdir -p "$tmp/plain/usr/lib/systemd" "$tmp/plain/sbin" "$tmp/plain/etc"
echo 'ID=own' > "$tmp/plain/etc/os-release"
touch "$tmp/plain/usr/lib/systemd/systemd"
ln -s /usr/lib/systemd/systemd "$tmp/plain/sbin/init"
mkdir -p "$tmp/lxc" "$tmp/incus/backup/container"
cp -a "$tmp/plain" "$tmp/lxc/rootfs"
echo 'architecture: x86_64' > "$tmp/lxc/metadata.yaml"
cp -a "$tmp/plain" "$tmp/incus/backup/container/rootfs"
echo 'name: own' > "$tmp/incus/backup/index.yaml"
for layout in plain lxc incus; do
	tar -C "$tmp/$layout" -cf "$tmp/$layout.tar" .
	host push "$tmp/$layout.tar" /tmp/$layout.tar
done
gzip -k "$tmp/plain.tar"
zstd -q "$tmp/plain.tar" 2> /dev/null || cp "$tmp/plain.tar" "$tmp/plain.tar.zst"

for layout in plain lxc incus; do
	story "a file: $layout layout"
	try jlmkr-create --image=/tmp/$layout.tar $layout
	status 0
	is 'ID=own' "$(in_host cat $jails/$layout/rootfs/etc/os-release)"
	is 'config rootfs ' "$(in_host ls -A $jails/$layout | tr '\n' ' ')"
done

story 'standard input, whatever it is compressed with'
for kind in tar tar.gz tar.zst; do
	try jlmkr-create -q --image=- stdin-$kind < "$tmp/plain.$kind"
	status 0
	is 'ID=own' "$(in_host cat $jails/stdin-$kind/rootfs/etc/os-release)"
done

story 'the root is open to all, whatever the umask, also when the archive does not have it'
tar -C "$tmp/plain" -cf "$tmp/bare.tar" usr sbin etc
try sh -c 'umask 077; jlmkr-create -q --image=- bare' < "$tmp/bare.tar"
status 0
is 755 "$(in_host stat -c %a $jails/bare/rootfs)"

story 'a real Debian from a URL boots'
try jlmkr-create --start --image=$server/$debian --sha256="$hash" url
status 0
expect_status 0 jlmkr-exec url true
expect_status 0 jlmkr-stop url

story 'a URL that was cut off goes on where it stopped, if its hash is known'
host images '*bookworm*default*rootfs* slow 4000000'
try sh -c 'jlmkr-create -q --image='$server/$debian' --sha256='"$hash"' cut & sleep 3; kill -9 $!; wait $!'
is "$hash.part" "$(in_host ls /mnt/tank/jailmaker/images)"
host images
try jlmkr-create --image=$server/$debian --sha256="$(echo "$hash" | tr a-f A-F)" cut
status 0
host requests | tail -n 1 | grep -q 'bytes=[1-9]' || fail 'no range was asked for'
is '' "$(in_host ls /mnt/tank/jailmaker/images)"
host images '*bookworm*default*rootfs* truncate 20000000'
try jlmkr-create -q --image=$server/$debian cut2
status 0
host images

story 'a wrong hash leaves nothing'
wrong=$(echo "$hash" | tr 0-9 1-90)
try jlmkr-create -q --image=/tmp/plain.tar --sha256="$wrong" bad
status 7
one_line_err
try jlmkr-create -q --image=$server/$debian --sha256="$wrong" bad
status 7
is 0 "$(in_host sh -c "ls -A $jails | grep -c bad")"
is '' "$(in_host ls /mnt/tank/jailmaker/images)"

story 'what is no root archive is refused'
mkdir -p "$tmp/other/stuff"
tar -C "$tmp/other" -cf "$tmp/other.tar" .
try jlmkr-create -q --image=- bad < "$tmp/other.tar"
status 1
err_has 'no root file system'
ln -s /etc "$tmp/other/rootfs"
tar -C "$tmp/other" -cf "$tmp/other.tar" .
try jlmkr-create -q --image=- bad < "$tmp/other.tar"
status 1
try jlmkr-create -q --image=/nonexistent bad
status 1
err_has '/nonexistent'
try jlmkr-create -q --image=- bad < /dev/null
status 1
try jlmkr-create -q --image=http://images.linuxcontainers.org/$debian bad
status 7
expect_status 2 jlmkr-create --sha256="$hash" bad
expect_status 2 jlmkr-create --image=- --config=- bad
expect_status 2 jlmkr-create --image=/tmp/plain.tar --sha256=12 bad
is 0 "$(in_host sh -c "ls -A $jails | grep -c bad")"

story 'what unpacks to more than is allowed is refused, and leaves nothing'
truncate -s 3M "$tmp/plain/usr/lib/zeros"
tar -C "$tmp/plain" -cf - . | xz > "$tmp/bomb.tar.xz"
host push "$tmp/bomb.tar.xz" /tmp/bomb.tar.xz
try jlmkr-create -q --image=/tmp/bomb.tar.xz --max-size=2M bomb
status 7
one_line_err
err_has 'more than 2.0 MiB; --max-size'
try jlmkr-create -q --image=/tmp/bomb.tar.xz --max-files=5 bomb
status 7
one_line_err
err_has 'more than 5 files; --max-files'
is '' "$(in_host sh -c "ls -A $jails | grep bomb")"
expect_status 0 jlmkr-create -q --image=/tmp/bomb.tar.xz --max-size=4M --max-files=20 bomb
expect_status 2 jlmkr-create --max-size=much bad
expect_status 2 jlmkr-create --max-files=few bad
try jlmkr-create -q --distro=debian --release=trixie --max-files=5 bad
status 7
one_line_err
err_has '--max-files'

story 'directories that are only on the way to a file count, too'
deep=$(printf 'd/%.0s' $(seq 240))
mkdir -p "$tmp/deep/$deep"
touch "$tmp/deep/${deep}x"
tar -C "$tmp/plain" -cf "$tmp/deep.tar" sbin etc/os-release
for i in $(seq 200); do
	tar -C "$tmp/deep" --no-recursion --transform "s,^,$i/," -rf "$tmp/deep.tar" "${deep}x"
done
xz -k "$tmp/deep.tar"
host push "$tmp/deep.tar.xz" /tmp/deep.tar.xz
try jlmkr-create -q --image=/tmp/deep.tar.xz --max-files=1000 --max-size=1M deep
status 7
one_line_err
err_has 'more than 1000 files; --max-files'
is '' "$(in_host sh -c "ls -A $jails | grep deep")"

story 'devices: harmless ones are made, others are skipped and counted'
cp -a "$tmp/plain" "$tmp/nodes"
mkdir "$tmp/nodes/dev"
mknod -m 666 "$tmp/nodes/dev/null" c 1 3
mknod "$tmp/nodes/dev/mem" c 1 1
mknod "$tmp/nodes/dev/sda" b 8 0
mkfifo "$tmp/nodes/dev/fifo"
tar -C "$tmp/nodes" -cf "$tmp/nodes.tar" .
host push "$tmp/nodes.tar" /tmp/nodes.tar
try jlmkr-create --image=/tmp/nodes.tar nodes
status 0
err_has '^2 device files were skipped: '
is 'fifo null ' "$(in_host ls -A $jails/nodes/rootfs/dev | tr '\n' ' ')"
is 'character special file 1:3 666' "$(in_host stat -c '%F %t:%T %a' $jails/nodes/rootfs/dev/null)"

story 'devices: none, if so wanted'
try jlmkr-create --allow-devices=0 --image=/tmp/nodes.tar nodev
status 0
err_has '^3 device files were skipped: '
is 'fifo ' "$(in_host ls -A $jails/nodev/rootfs/dev | tr '\n' ' ')"
try jlmkr-create --allow-devices=1 --image=/tmp/plain.tar.gz with
! grep -q skipped "$tmp/err" || fail "devices were skipped"
expect_status 2 jlmkr-create --allow-devices=maybe bad

story 'the umask of the caller has no say'
mkdir -p "$tmp/plain/etc/systemd/network" "$tmp/plain/usr/lib/jlmkr/deep"
touch "$tmp/plain/usr/lib/jlmkr/deep/file"
chmod 644 "$tmp/plain/usr/lib/jlmkr/deep/file"
(cd "$tmp/plain" && tar -cf "$tmp/masked.tar" sbin etc/os-release etc/systemd/network usr/lib/systemd/systemd \
	usr/lib/jlmkr/deep/file)
host push "$tmp/masked.tar" /tmp/masked.tar
try sh -c 'umask 077; exec jlmkr-create -q --image=/tmp/masked.tar masked'
status 0
is '700 600 755' "$(in_host sh -c "cd $jails/masked && stat -c %a . config rootfs | xargs")"
is '755 755 755 644' "$(in_host sh -c "cd $jails/masked/rootfs && stat -c %a etc etc/systemd/system-preset \
	usr/lib/jlmkr/deep usr/lib/jlmkr/deep/file | xargs")"
is '644 644' "$(in_host sh -c "cd $jails/masked/rootfs/etc && stat -c %a hostname systemd/system-preset/* | xargs")"

finish
