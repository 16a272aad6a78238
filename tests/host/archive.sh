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
err_has 'more than 2 MiB; --max-size'
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

finish
