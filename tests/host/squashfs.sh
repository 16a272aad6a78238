#!/bin/sh
# Images that are squashfs: NixOS, of which the server has nothing else, and files of one's own.
. "$(dirname "$0")/lib.sh"

base=$cache/base
server=https://images.linuxcontainers.org
nixos=$(cd "$base/www" && find images/nixos -name rootfs.squashfs)
hash=$(sha256sum < "$base/www/$nixos" | cut -d' ' -f1)
size=$(stat -c %s "$base/www/$nixos")
images=/mnt/tank/jailmaker/images
forget() { in_host sh -c "rm -rf $jails/n1; jlmkr-images -q --prune"; }
fetched() { host requests | grep -c "$nixos.* 20[06] "; }

story 'a distribution that the server has as squashfs only'
try jlmkr-images nixos
status 0
out_has '26.05'
try jlmkr-create --distro=nixos --release=26.05 n1
status 0
err_has "Fetching and unpacking nixos 26.05, build "
is "$hash.json $hash.squashfs " "$(in_host ls $images | grep "$hash" | tr '\n' ' ')"
is 'dev etc nix nix-path-registration proc sbin sys ' \
	"$(in_host ls $jails/n1/rootfs | tr '\n' ' ')"

story 'its os-release is that of the system its init belongs to'
is "$(in_host readlink $jails/n1/rootfs/sbin/init | sed 's,/init$,/etc/os-release,')" \
	"$(in_host readlink $jails/n1/rootfs/etc/os-release)"
try jlmkr-list
out_has '^n1 .* nixos  *26.05'

story 'its networks are those of a jail'
is '80-container-host0.network mv-dhcp.network vee-dhcp.network ' \
	"$(in_host ls $jails/n1/rootfs/etc/systemd/network | tr '\n' ' ')"

story 'it boots, runs and stops'
try jlmkr-start -q n1
status 0
is active "$(in_host systemctl is-active jlmkr-n1)"
try jlmkr-stop -q n1
status 0
is inactive "$(in_host systemctl is-active jlmkr-n1)"

story 'the next jail needs no server'
in_host rm -rf $jails/n1
before=$(fetched)
try jlmkr-create --offline --distro=nixos --release=26.05 n1
status 0
is "$before" "$(fetched)"

story 'a download that was cut off goes on'
forget
host images "*rootfs.squashfs stall $((size / 2))"
try timeout -s INT 5 jlmkr-create -q --distro=nixos --release=26.05 n1
refused
is '' "$(in_host ls -A $jails)"
is "$((size / 2))" "$(in_host stat -c %s $images/$hash.part)"
host images
try jlmkr-create -q --distro=nixos --release=26.05 n1
status 0
host requests | grep "$nixos" | tail -n 1 | grep -q "bytes=$((size / 2))-" || fail 'it began anew'

story 'one whose hash is wrong is not unpacked'
forget
host images '*rootfs.squashfs flip'
try jlmkr-create -q --distro=nixos --release=26.05 n1
status 7
err_has 'is not the file in the list of images: its SHA-256'
is '' "$(in_host ls -A $jails)"
host images

story 'a damaged copy in the cache is fetched again'
try jlmkr-create -q --distro=nixos --release=26.05 n1
status 0
in_host sh -c "rm -rf $jails/n1; printf x | dd of=$images/$hash.squashfs bs=1 seek=200 conv=notrunc 2> /dev/null"
try jlmkr-create --distro=nixos --release=26.05 n1
status 0
err_has 'in the cache was damaged; jlmkr deletes it; fetching it again'
is "$hash  -" "$(in_host cat $images/$hash.squashfs | sha256sum)"

story 'prune deletes it'
in_host rm -rf $jails/n1
try jlmkr-images --prune
status 0
err_has "images/$hash.squashfs deleted: nixos 26.05 amd64 default"
is '' "$(in_host ls $images | grep "$hash")"

story 'a file of any name, a pipe, a URL'
host push "$base/www/$nixos" /tmp/nix.tar.xz
for how in /tmp/nix.tar.xz - "$server/$nixos" "$server/$nixos --sha256=$hash" "/tmp/nix.tar.xz --sha256=$hash"; do
	try jlmkr-create -q --image=$how n1 < "$base/www/$nixos"
	status 0
	is 'dev etc nix nix-path-registration proc sbin sys ' \
		"$(in_host ls -A $jails/n1/rootfs | tr '\n' ' ')"
	in_host rm -rf $jails/n1
done
try jlmkr-create -q --image=/tmp/nix.tar.xz --sha256="$(printf %064d 0)" n1
status 7
is '' "$(in_host ls -A $jails)"

story 'the template'
try jlmkr-create -q --start --template nixos --set macvlan=eth0 n1
in_host jlmkr-stop -q --now n1
try cat $jails/n1/rootfs/etc/nixos/incus.nix
out_has '{ ... }: { }'

# Larger than the pipe, with all that a distribution has.
story 'a Debian as squashfs is the same tree as from its tar, and boots'
mkdir "$tmp/ref"
mount -t tmpfs tmpfs "$tmp/ref"
tar --numeric-owner --xattrs-include='*' -xpJf "$base/debian.tar.xz" -C "$tmp/ref"
mksquashfs "$tmp/ref" "$tmp/debian" -b 1M -comp zstd -Xcompression-level 3 -quiet -no-progress 2> /dev/null
table() { find usr dev/null -printf '%p %y %m %U:%G %l %n %T@\n' | sed 's/\.[0-9]*$//' | sort; }
(cd "$tmp/ref" && table) > "$tmp/want"
umount "$tmp/ref"
host push "$tmp/debian" /tmp/debian
try jlmkr-create --start --image=/tmp/debian d1
status 0
(cd "/proc/$(host_leader)/root$jails/d1/rootfs" && table) > "$tmp/got"
diff "$tmp/want" "$tmp/got" > "$tmp/out" || fail 'trees differ'
is "$jails/d1/rootfs/usr/bin/ping cap_net_raw=ep" "$(in_host getcap $jails/d1/rootfs/usr/bin/ping)"
is d1 "$(in_host jlmkr-exec d1 cat /etc/hostname)"
try jlmkr-stop -q d1
status 0

story 'one that is too large, damaged or of another compressor is refused in one line'
for try in '--max-size=10M:unpacks to more than 10.0 MiB; --max-size' '--max-files=100:more than 100 files; --max-files'; do
	try jlmkr-create -q ${try%%:*} --image=/tmp/debian d2
	status 7
	one_line_err
	err_has "${try#*:}"
done
head -c 1000000 "$tmp/debian" > "$tmp/cut"
try jlmkr-create -q --image=- d2 < "$tmp/cut"
status 1
one_line_err
err_has 'd2: image -: the archive ends too early: it has 1000000 of'
printf 'hsqs\1\0\0\0\0\0\0\0\0\20\0\0\0\0\0\0\5\0\14\0\0\0\1\0\4\0\0\0' > "$tmp/lz4"
head -c 64 /dev/zero >> "$tmp/lz4"
try jlmkr-create -q --image=- d2 < "$tmp/lz4"
status 1
one_line_err
err_has 'compressed with lz4, which jlmkr does not support; it supports xz, zstd and gzip'
is 'd1 n1 ' "$(in_host ls -A $jails | tr '\n' ' ')"

finish
