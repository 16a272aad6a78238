#!/bin/sh
# The life of a jail on a sealed appliance: a real Debian, from its download to its removal.
. "$(dirname "$0")/lib.sh"

story "the host has systemd ${SYSTEMD:=252}, and is sealed"
try systemctl --version
out_has "^systemd $SYSTEMD "
for tool in python3 perl tar xz wget curl gpg gzip; do
	! in_host sh -c "command -v $tool" > /dev/null || fail "$tool is there"
done
expect_status 1 touch /usr/anything

story 'the binary needs nothing around it'
needs_release 'this binary is dynamic'
try sh -c 'mkdir /tmp/empty && cp /root/.local/bin/jlmkr /tmp/empty && chroot /tmp/empty /jlmkr --version'
status 0
out_has 'jlmkr'
err_empty
try ldd /root/.local/bin/jlmkr
grep -q 'not a dynamic executable\|statically linked' "$tmp/out" "$tmp/err" || fail 'it is dynamic'
in_host rm -r /tmp/empty

# The folders and locks of a first use may stay.
try jlmkr-create --distro=fedora --release=43 first
try jlmkr-remove --yes first
inventory > "$tmp/before"

story 'create --start: a jail from nothing'
try jlmkr-create --start m1
status 0
is 600 "$(in_host stat -c %a $jails/m1/config)"
is 700 "$(in_host stat -c %a $jails)"

story 'exec hands the status through'
expect_status 7 jlmkr-exec m1 sh -c 'exit 7'
expect_status 0 jlmkr-exec m1 true
expect_status 0 jlmkr exec m1 -- true

story 'exec passes arguments as they are'
try jlmkr-exec m1 printf '<%s>' 'a b' '' '$HOME' '%n' '*' 'é"'
status 0
is '<a b><><$HOME><%n><*><é">' "$(cat "$tmp/out")"

story 'exec passes stdin, stdout and stderr byte for byte'
head -c 1048576 /dev/urandom > "$tmp/random"
try jlmkr-exec m1 cat < "$tmp/random"
status 0
cmp "$tmp/random" "$tmp/out" || fail 'not the same bytes'
err_empty
try jlmkr-exec m1 sh -c 'echo out; echo err >&2' < /dev/null
is out "$(cat "$tmp/out")"
is err "$(cat "$tmp/err")"

story 'exec ends when its reader does'
is 'y' "$(timeout 20 "$here/host" exec sh -c 'jlmkr-exec m1 yes | head -n 1' 2> /dev/null)"

story 'list shows it, with its OS'
try jlmkr-list
status 0
out_has '^NAME  *RUNNING  *STARTUP  *GPU_INTEL  *GPU_NVIDIA  *OS  *VERSION  *ADDRESSES'
out_has '^m1  *True  *False  *False  *False  *debian  *12'

story 'file capabilities and ACLs survive unpacking'
is "$jails/m1/rootfs/usr/bin/ping cap_net_raw=ep" "$(in_host getcap $jails/m1/rootfs/usr/bin/ping)"
in_host getfacl -cpE $jails/m1/rootfs/var/log/journal > "$tmp/out"
out_has '^group:adm:r-x'
out_has '^default:group:adm:r-x'

story 'owners, modes, links and devices are those of the archive'
mkdir "$tmp/ref"
mount -t tmpfs tmpfs "$tmp/ref"
tar --numeric-owner --xattrs-include='*' -xpJf "$cache/base/debian.tar.xz" -C "$tmp/ref"
# usr is what nothing writes to when the jail boots.
table() { find usr dev/null -printf '%p %y %m %U:%G %l %n %t\n' | sed 's/\.[0-9]*$//' | sort; }
(cd "$tmp/ref" && table) > "$tmp/want"
(cd "/proc/$(host_leader)/root$jails/m1/rootfs" && table) > "$tmp/got"
umount "$tmp/ref"
diff "$tmp/want" "$tmp/got" > "$tmp/out" || fail 'trees differ'

story 'the jail knows its name'
is m1 "$(in_host jlmkr-exec m1 cat /etc/hostname)"
is m1 "$(in_host jlmkr-exec m1 uname -n)"
try grep -r LXC_NAME $jails/m1/rootfs/etc
is 1 "$rc"

story 'create has prepared the rootfs'
try cat $jails/m1/rootfs/etc/systemd/network/80-container-host0.network
out_has '^LinkLocalAddressing=ipv6'
try cat $jails/m1/rootfs/etc/systemd/network/mv-dhcp.network
out_has '^Name=mv-\*'
try cat $jails/m1/rootfs/etc/systemd/network/vee-dhcp.network
out_has '^Name=vee-\*'
try cat $jails/m1/rootfs/etc/systemd/system-preset/00-jailmaker.preset
out_has '^enable systemd-networkd'
is 11 "$(in_host grep -c '^pts/[0-9]*$' $jails/m1/rootfs/etc/securetty)"

story 'a name that is taken is refused'
try jlmkr-create m1
status 4
err_has m1

story 'start of a running jail is no failure'
expect_status 0 jlmkr-start m1

story 'shell gives a login session on a terminal'
talk -s 33x77 jlmkr-shell m1 <<'END'
< [#$] 
> tty; id -un; stty size; shopt login_shell
< /dev/pts/\d+\s+root\s+33 77\s+login_shell\s+on
= 20x60
> stty size
< 20 60
< # 
> sh -c 'echo go; exec sleep 100'
< go\r\n
>> 
< # 
> echo "still here: $?"
< still here: 130
> exit 4
END
status 4

story 'shell hands the status of its command through'
talk jlmkr-shell m1 /bin/sh -c 'exit 5' < /dev/null
status 5
talk jlmkr-shell nobody@m1 /bin/sh -c 'test $(id -un) = nobody; exit $(($? + 8))' < /dev/null
status 8

story 'exec on a terminal leaves it in order'
# systemd itself sets iutf8 and imaxbel.
talk sh -c 'now() { stty -a | tr " " "\n" | grep -x -- "-*\(echo\|icanon\|isig\|opost\|icrnl\)"; }
	now > a; jlmkr-exec m1 true; now | cmp - a; rm a' < /dev/null
is '' "$(cat "$tmp/out")"

story 'status and log are those of the unit'
try jlmkr-status m1 --no-pager
status 0
out_has 'jlmkr-m1.service'
out_has 'active (running)'
try jlmkr-log m1 --no-pager
status 0
out_has 'Debian GNU/Linux'

story 'a jail that reboots after a daemon-reload comes back'
in_host systemctl daemon-reload
is loaded "$(in_host systemctl show --value -p LoadState jlmkr-m1)"
in_host jlmkr-exec m1 systemctl reboot > /dev/null 2>&1
restarts() { in_host systemctl show --value -p NRestarts jlmkr-m1; }
for round in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(restarts)" = 0 ] || break
	sleep 0.5
done
is 1 "$(restarts)"
expect_status 0 jlmkr-exec m1 true

story 'stop returns when the machine is gone'
try jlmkr-stop m1
status 0
expect_status 1 machinectl show m1
is inactive "$(in_host systemctl is-active jlmkr-m1)"
try jlmkr-list
out_has '^m1  *False'
expect_status 0 jlmkr-stop m1

story 'a jail that is killed leaves nothing that keeps it from starting'
try jlmkr-start -q m1
try jlmkr-stop --now m1
status 0
is '' "$(in_host sh -c "grep nspawn/unix-export/m1 /proc/mounts; machinectl list --no-legend")"
try jlmkr-start -q m1
status 0
try jlmkr-stop -q m1
status 0

story 'a jail with users of its own is known as what it is'
in_host jlmkr config -q m1 systemd_nspawn_user_args='-U --private-network'
try jlmkr-start -q m1
status 0
try jlmkr-exec m1 cat /proc/1/uid_map
status 0
out_lacks '^ *0 *0 '
try jlmkr-list
out_has '^m1  *True'
try jlmkr-stop m1
status 0
expect_status 1 machinectl show m1
in_host jlmkr config -q m1 systemd_nspawn_user_args=

story 'exec works right after start returns'
for round in 1 2 3; do
	try sh -c 'jlmkr-start -q m1 && jlmkr-exec m1 echo here'
	status 0
	out_has '^here$'
	try jlmkr-stop m1
done

story 'exec in a jail that does not run says so'
try jlmkr-exec m1 true
status 125
err_has m1

story 'edit'
try env VISUAL= EDITOR='sed -i s/^startup=.*/startup=1/' jlmkr-edit m1
status 0
try cat $jails/m1/config
out_has '^startup=1'
try jlmkr-list
out_has '^m1  *False  *True'

story 'startup starts it, restart makes it anew'
expect_status 0 jlmkr-startup
first=$(in_host machinectl show m1 -p Leader)
try jlmkr-restart m1
status 0
second=$(in_host machinectl show m1 -p Leader)
[ "$first" != "$second" ] || fail 'the same leader'
expect_status 0 jlmkr-exec m1 true

story 'a restart that could not start it again does not stop it'
expect_status 0 jlmkr-config -q m1 systemd_nspawn_user_args=--bind=/nowhere/at/all
try jlmkr-restart m1
refused
one_line_err
err_has 'jails/m1/config: line [0-9]*: .*/nowhere/at/all'
is "$second" "$(in_host machinectl show m1 -p Leader)"
expect_status 0 jlmkr-config -q m1 systemd_nspawn_user_args=
in_host sh -c "sed -i 's/^systemd_run_default_args=/&--property=MemoryMax=lots /' $jails/m1/config"
expect_status 1 jlmkr-restart m1
err_has MemoryMax
is "$second" "$(in_host machinectl show m1 -p Leader)"
in_host sh -c "sed -i 's/--property=MemoryMax=lots //' $jails/m1/config"

story 'images lists what may be installed, and hides what may not'
try jlmkr-images
status 0
out_has '^DIST  *RELEASE  *ARCH  *VARIANT  *BUILD'
out_has '^debian  *bookworm  *amd64  *default'
out_lacks '^alpine\|^voidlinux\|arm64\|desktop'

story 'remove asks for the name'
echo m2 > "$tmp/answer"
try jlmkr-remove m1 < "$tmp/answer"
refused
in_host test -e $jails/m1/config || fail 'it is gone'

story 'remove stops it and leaves nothing'
echo m1 > "$tmp/answer"
try jlmkr-remove m1 < "$tmp/answer"
status 0
inventory > "$tmp/after"
diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'something is left'
try jlmkr-list
is 'No jails.' "$(cat "$tmp/out")"

story 'remove lifts immutable flags'
try jlmkr-create -q --distro=fedora --release=43 m1
try chattr +i $jails/m1/rootfs/usr/bin/busybox
try chattr +a $jails/m1/rootfs/etc
try jlmkr-remove --yes m1
status 0
expect_status 1 test -e $jails/m1

finish
