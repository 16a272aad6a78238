#!/bin/sh
# Images that others than images.linuxcontainers.org make: servers of Incus and of Ubuntu, images in
# one file and in two, cloud-init; and what hostile ones of them try.
. "$(dirname "$0")/lib.sh"

server=https://images.linuxcontainers.org
"$here/../fake/others.py" "$tmp/others" || exit 1
own=$cache/run/$TESTHOST/own
cp -r "$tmp/others/own" "$own"
cp -r "$tmp/others/files" "$own/files"
others() { host images '/incus/* own' '/ubuntu/* own' '/far/* own' '/bomb/* own' '/deep/* own' '/wide/* own' '/names/* own' '/files/* own' "$@"; }
others
for file in "$tmp/others/files"/*; do host push "$file" "/tmp/${file##*/}"; done
forget() { in_host sh -c "rm -rf $jails/*; jlmkr-images -q --prune"; }
rootfs() { in_host cat "$jails/$1/rootfs/$2"; }
config() { in_host jlmkr-config "$1" "$2"; }
nothing_left() { is '' "$(in_host sh -c "ls -A $jails; ls -d /etc/jlmkr-evil /mnt/tank/jailmaker/jlmkr-evil 2> /dev/null")"; }
in_host mkdir -p $jails

musl-gcc -static -Os -o "$tmp/peak" "$here/peak.c" || exit 1
host push "$tmp/peak" /tmp/peak
# In one line, whatever it is; below 96 MiB.
small() {
	try /tmp/peak jlmkr-"$@"
	kib=$(tail -n 1 "$tmp/err")
	sed -i '$d' "$tmp/err"
	instrumented || [ "$kib" -le 98304 ] 2> /dev/null || fail "$kib KiB"
}

story 'a server that Incus made: an image in one file'
try jlmkr-images --server=$server/incus
status 0
out_has '^debian  *bookworm  *amd64  *web  *202511252133$'
try jlmkr-create --server=$server/incus --distro=debian --release=12 --variant=web j1
status 0
err_has '^Installed debian bookworm, build 202511252133'
err_has 'template of /etc/odd is left out'
is 'config rootfs ' "$(in_host ls -A $jails/j1 | tr '\n' ' ')"
is 'name=j1' "$(rootfs j1 etc/app/name.conf)"
is j1 "$(rootfs j1 etc/hostname)"
is '127.0.1.1	j1' "$(rootfs j1 etc/hosts | tail -n 1)"

story 'the next jail of it needs no server'
before=$(host requests | wc -l)
try jlmkr-create -q --offline --distro=debian --release=bookworm --variant=web j2
status 0
is 'name=j2' "$(rootfs j2 etc/app/name.conf)"
is "$before" "$(host requests | wc -l)"

story 'and its older build, in two files'
try jlmkr-create --server=$server/incus --distro=debian --release=bookworm --variant=web --build=202511241600 j3
status 0
is '127.0.1.1	j3' "$(rootfs j3 etc/hosts | tail -n 1)"
forget

story 'the cloud images of Ubuntu, whose lists index.json names'
try jlmkr-images --server=$server/ubuntu
status 0
out_has '^ubuntu  *noble  *amd64  *default  *20240423.1$'
out_has '^ubuntu  *questing  *amd64  *default  *20251001$'
try jlmkr-create --server=$server/ubuntu --distro=ubuntu u1
status 0
err_has 'Fetching and unpacking ubuntu noble, build 20240423.1'
host requests | grep -q 'GET /ubuntu/server/releases/noble/.*-root.tar.xz .* 200 ' || fail 'not the tar'
! host requests | grep -q aws || fail 'image-ids are no list'
err_has 'cloud-init is in the image: it is turned off'
in_host test -f $jails/u1/rootfs/etc/cloud/cloud-init.disabled || fail 'it looks for data sources'
try jlmkr-create -q --server=$server/ubuntu --distro=ubuntu --release=25.10 u2
status 0
host requests | grep -q 'GET /ubuntu/server/.*squashfs .* 200 ' || fail 'not the squashfs'
forget

story 'a path that is a URL'
try jlmkr-images --server=$server/far
status 0
out_has '^mine  *1  *amd64  *default  *1$'
try jlmkr-create -q --server=$server/far --distro=mine --release=1 f1
status 0
host requests | grep -q 'GET /far/elsewhere/root.tar.xz .* 200 ' || fail 'not from there'
forget

story 'an image in two files'
try jlmkr-create --image=/tmp/root.squashfs --metadata=/tmp/meta s1
status 0
err_has 'It is Debian of others, with systemd'
is 'config rootfs ' "$(in_host ls -A $jails/s1 | tr '\n' ' ')"
is 'name=s1' "$(rootfs s1 etc/app/name.conf)"
is '640 0:0' "$(in_host stat -c '%a %u:%g' $jails/s1/rootfs/etc/app/name.conf)"
try jlmkr-create -q --image=- --metadata=$server/files/meta s2 < "$tmp/others/files/root.tar"
status 0
is 'name=s2' "$(rootfs s2 etc/app/name.conf)"
try jlmkr-create -q --image=$server/files/root.squashfs --metadata=/tmp/meta s3
status 0
is 'name=s3' "$(rootfs s3 etc/app/name.conf)"
try jlmkr-create -q --image=/tmp/meta s4
status 1
one_line_err
err_has 'only the description of an image in two files: give it to --metadata'
try jlmkr-create -q --image=/tmp/root.squashfs --metadata=/tmp/root.squashfs s4
status 3
one_line_err
err_has '^jlmkr create: creating s4: --metadata /tmp/root.squashfs: metadata.yaml: No such file'
expect_status 2 jlmkr-create --metadata=/tmp/meta s4
in_host sh -c "! ls -A $jails | grep s4" || fail 's4 is there'
forget

story 'an image in one file, wherever its description stands'
for how in /tmp/unified /tmp/unified-last - $server/files/unified; do
	try jlmkr-create -q --image=$how one < "$tmp/others/files/unified-last"
	status 0
	is 'config rootfs ' "$(in_host ls -A $jails/one | tr '\n' ' ')"
	is 'name=one' "$(rootfs one etc/app/name.conf)"
	is debian "$(config one distro)"
	forget
done
try jlmkr-create -q --image=/tmp/unified --distro=mine --release=7 one
is 'mine 7' "$(config one distro) $(config one release)"
forget

story 'the same jail comes out of both forms of one build'
in_host jlmkr-create -q --image=/tmp/root.lxc same
in_host sh -c "cd $jails/same/rootfs && find . -printf '%p %y %m %U:%G %l\n' | sort > /tmp/of-tar; cat etc/host* > /tmp/of-tar.hosts"
in_host rm -rf $jails/same
in_host jlmkr-create -q --image=/tmp/root.incus same
in_host sh -c "cd $jails/same/rootfs && find . -printf '%p %y %m %U:%G %l\n' | sort > /tmp/of-flat; cat etc/host* > /tmp/of-flat.hosts"
try diff /tmp/of-tar /tmp/of-flat
status 0
try diff /tmp/of-tar.hosts /tmp/of-flat.hosts
status 0
forget

story 'cloud-init gets what the user gives'
printf '#cloud-config\npackages: [git]\n' > "$tmp/user-data"
printf 'ssh-ed25519 AAAAC3 me@home\n' > "$tmp/key.pub"
host push "$tmp/user-data" /tmp/user-data
cp "$tmp/user-data" "$own/files/user-data"
host push "$tmp/key.pub" /tmp/key.pub
try jlmkr-create --image=/tmp/root.lxc --cloud-init=/tmp/user-data --ssh-key=/tmp/key.pub c1
status 0
err_has 'cloud-init is in the image: it gets what you gave'
seed=var/lib/cloud/seed/nocloud-net
is '#cloud-config packages: [git]' "$(rootfs c1 $seed/user-data | xargs)"
is '{"instance-id":"c1","local-hostname":"c1","public-keys":["ssh-ed25519 AAAAC3 me@home"]}' "$(rootfs c1 $seed/meta-data)"
is '600 700' "$(in_host stat -c %a $jails/c1/rootfs/$seed/user-data $jails/c1/rootfs/$seed | xargs)"
in_host test ! -e $jails/c1/rootfs/etc/cloud/cloud-init.disabled || fail 'it is off'
try jlmkr-create -q --image=/tmp/root.incus --cloud-init=$server/files/user-data c2
status 0
is '#cloud-config packages: [git]' "$(rootfs c2 $seed/user-data | xargs)"
try jlmkr-create -q --image=/tmp/root.tar --ssh-key=/tmp/key.pub c3
status 1
one_line_err
err_has 'it has no cloud-init, which --cloud-init and --ssh-key need'
try jlmkr-create -q --image=/tmp/root.lxc --cloud-init=/tmp/key.pub c3
status 1
err_has 'not user-data of cloud-init'
try jlmkr-create -q --image=/tmp/root.lxc --cloud-init=$server/files/no-such c3
status 3
in_host sh -c "! ls -A $jails | grep c3" || fail 'c3 is there'
forget

story 'import makes the same jails of them'
for how in /tmp/unified - $server/files/unified; do
	inventory > "$tmp/before"
	try jlmkr-import --dry-run $how im < "$tmp/others/files/unified"
	status 0
	out_has '^# found: tar in xz, an image of Incus; [0-9]* files and directories, '
	out_has '^# described as: debian bookworm web'
	out_has '^# system: Debian of others; its init is systemd$'
	out_has '^release=bookworm$'
	inventory > "$tmp/after"
	diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'something was made'
	try jlmkr-import -q $how im < "$tmp/others/files/unified"
	status 0
	is 'config rootfs ' "$(in_host ls -A $jails/im | tr '\n' ' ')"
	is 'name=im' "$(rootfs im etc/app/name.conf)"
	is 'debian bookworm' "$(config im distro) $(config im release)"
	forget
done
try jlmkr-import --dry-run - im < "$tmp/others/files/root.squashfs"
status 0
out_has '^# found: squashfs image, a root file system; '
try jlmkr-import -q - im < "$tmp/others/files/root.squashfs"
status 0
forget
try jlmkr-import --dry-run --sha256="$(printf %064d 0)" /tmp/unified im
status 7
kept=$(in_host sh -c 'ls -A /mnt/tank/jailmaker/images')
try jlmkr-import --dry-run --sha256="$(sha256sum < "$tmp/others/files/unified" | cut -d ' ' -f 1)" $server/files/unified im
status 0
is "$kept" "$(in_host sh -c 'ls -A /mnt/tank/jailmaker/images')"
try jlmkr-import /tmp/root.lxc im
status 0
err_has 'It is Debian of others'
err_has 'cloud-init is in the image: it is turned off'
in_host test -e $jails/im/rootfs/etc/cloud/cloud-init.disabled || fail 'it is on'
forget

story 'an export of a jail is that jail: nothing in it is turned off'
in_host jlmkr-create -q --image=/tmp/root.lxc --ssh-key=/tmp/key.pub x1
in_host sh -c "cd $jails/x1/rootfs && find . -printf '%p %y %m %U:%G %s %l\n' | sort > /tmp/of-x1"
try jlmkr-export -q x1 /tmp/x1.tar
in_host rm -rf $jails/x1
try jlmkr-import /tmp/x1.tar
status 0
err_lacks 'cloud-init'
try sh -c "cd $jails/x1/rootfs && find . -printf '%p %y %m %U:%G %s %l\n' | sort | diff /tmp/of-x1 -"
status 0
forget

story 'NixOS from a file'
try jlmkr-create --image=/tmp/nixos n1
status 0
err_has 'It is nixos, with systemd'
err_lacks 'may not work as a jail'
is '80-container-host0.network mv-dhcp.network vee-dhcp.network ' \
	"$(in_host ls $jails/n1/rootfs/etc/systemd/network | tr '\n' ' ')"
forget

story 'a plan says what an image is, and makes nothing'
inventory > "$tmp/before"
for how in /tmp/unified $server/files/unified -; do
	try jlmkr-create --dry-run --image=$how p1 < "$tmp/others/files/unified"
	status 0
	out_has '^# found: tar in xz, an image of Incus; [0-9]* files and directories, '
	out_has '^# described as: debian bookworm web, for amd64, of 2025-11-24$'
	out_has '^# system: Debian of others; its init is systemd$'
done
try jlmkr-create --dry-run --image=/tmp/root.incus --metadata=/tmp/meta --cloud-init=/tmp/user-data p1
status 0
out_has '^# found: squashfs image, a root file system; '
out_has '^# described as: debian bookworm web'
out_has '^# cloud-init: gets what you gave'
try jlmkr-create --dry-run --image=/tmp/root.lxc p1
out_has '^# cloud-init: turned off'
try jlmkr-create --dry-run --image=- p1 < "$tmp/others/files/root.squashfs"
status 0
out_has '^# system: Debian of others'
try jlmkr-create --dry-run --image=/tmp/nixos p1
out_has '^# system: NixOS; it makes its init at the first boot$'
for file in meta arm vm qcow2 meta-none; do
	try jlmkr-create --dry-run --image=/tmp/$file p1
	status 1
	one_line_err
done
try jlmkr-create --dry-run --image=/tmp/unified --sha256="$(printf %064d 0)" p1
status 7
inventory > "$tmp/after"
diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'something was made'

story 'images for others are named as such'
for try in arm:'it is an image for arm64, and this machine is amd64' \
	vm:'it is the image of a virtual machine, not of a container' \
	qcow2:'it is the disk of a virtual machine (qcow2)' \
	meta-none:'contains no root file system'; do
	try jlmkr-create -q --image=/tmp/${try%%:*} bad
	status 1
	one_line_err
	err_has "${try#*:}"
done
nothing_left

story 'hostile descriptions change nothing, take little memory, and get one sentence'
for try in laugh:'line 1: anchors, aliases' deep:'nested too deeply' long:'metadata.yaml: larger than\|metadata.yaml: it is too long' \
	up:'not a path in the image' relative:'not a path in the image' folder:'is not the name of a file' \
	lost:'no.tpl'; do
	for image in "--image=/tmp/evil-${try%%:*}" "--image=/tmp/root.tar --metadata=/tmp/meta-${try%%:*}"; do
		small create -q $image evil
		refused
		one_line_err
		err_has "${try#*:}"
		nothing_left
		small create -q --dry-run $image evil
		[ "${try%%:*}" = lost ] || refused
	done
done
small create -q --image=/tmp/evil-through evil
in_host test ! -e /etc/jlmkr-evil || fail 'it is outside'
forget
for try in link:'not a regular file' none:'metadata.yaml: No such file' outside:'archive entry ../jlmkr-evil' \
	large:'unpacks to more than 4.0 MiB$' many:'more than 1000 files$'; do
	small create -q --image=/tmp/root.tar --metadata=/tmp/meta-${try%%:*} evil
	refused
	one_line_err
	err_has "${try#*:}"
	nothing_left
done

story 'hostile lists take little memory, and get one sentence'
for try in deep:'JSON of more than 64 levels' wide:'more than 2.* bytes\|more than 200000 values'; do
	small images -q --server=$server/${try%%:*}
	status 6
	one_line_err
	err_has "${try#*:}"
done
small images -q --server=$server/names
status 0
small images -q --server=$server/bomb
status 0

story 'an image in one file that ZFS keeps unpacked is a jail like any other'
zfs_pool
for name in z1 z2; do
	j jlmkr-create -q --server=$server/incus --distro=debian --release=12 --variant=web $name
	status 0
	is "config rootfs name=$name" "$(in_host sh -c "ls -A '$home/jails/$name' | xargs; cat '$home/jails/$name/rootfs/etc/app/name.conf'" | xargs)"
done
is 2 "$(in_host sh -c "zfs list -H -o origin | grep -c '@'")"

# Those that the real programs made, where a machine has them: image-unified.tar.gz and a server.
story 'samples of the real programs are the trees that tar and unsquashfs make of them'
if [ -d "${SAMPLES-}" ]; then
	cp -r "$SAMPLES/simplestreams" "$own/samples"
	others '/samples/* own'
	mkdir "$tmp/unified"
	tar --numeric-owner --xattrs-include='*' -xpf "$SAMPLES/incus/image-unified.tar.gz" -C "$tmp/unified"
	unsquashfs -quiet -no-progress -d "$tmp/flat" "$SAMPLES"/simplestreams/images/*.squashfs > /dev/null
	table() { find . -path ./etc -prune -o ! -path . -printf '%p %y %m %U:%G %n %s %l\n' | sed 's/ d \(.*\) [0-9]* [0-9]* $/ d \1/' | sort; }
	for build in 202611252133:unified/rootfs 202511241600:flat; do
		try jlmkr-create -q --server=$server/samples --distro=debian --release=bookworm --build=${build%%:*} real
		status 0
		(cd "$tmp/${build#*:}" && table) > "$tmp/want"
		(cd "/proc/$(host_leader)/root$jails/real/rootfs" && table) > "$tmp/got"
		diff "$tmp/want" "$tmp/got" > "$tmp/out" || fail "build ${build%%:*} differs"
		forget
	done
else
	skip 'SAMPLES names no folder of them'
fi

finish
