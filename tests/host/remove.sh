#!/bin/sh
# remove looks before it does anything: what is in the way is told while the jail still runs, and
# what goes is what was shown.
. "$(dirname "$0")/lib.sh"

tiny_in() { in_host jlmkr-create -q --offline --distro=fedora --release=43 "$1" > /dev/null 2>&1 || fail "no jail $1"; }
runs() { in_host jlmkr-exec "$1" true > /dev/null 2>&1 || fail "$1 does not run any more"; }
there() { in_host test -e "$jails/$1/config" || fail "$1 is gone"; }

try jlmkr-create -q --distro=debian base
status 0
try jlmkr-create -q --distro=fedora --release=43 one
status 0

story 'a jail that was removed and made anew meanwhile is another one'
between one 'jlmkr-remove -q -y one; jlmkr-create -q --offline --distro=fedora --release=43 one'
status 5
err_has 'it changed since you were asked: another jail has its name; nothing was removed'
there one
is one "$(in_host cat $jails/one/rootfs/etc/hostname)"

story 'one that was renamed, and another in its place'
tiny_in two
between one "mv $jails/one $jails/kept; mv $jails/two $jails/one"
status 5
err_has 'it changed since you were asked'
there one
there kept

story 'nothing has changed: it goes'
between one 'true'
status 0
in_host test ! -e $jails/one || fail 'it is still there'
try jlmkr-remove -q -y kept
status 0

story 'a read-only place is told of before the jail is stopped'
in_host jlmkr-start -q base
in_host mount -o remount,bind,ro /mnt/tank
try jlmkr-remove -y base
in_host mount -o remount,bind,rw /mnt/tank
refused
err_has "$jails is read-only: mount -o remount,rw '/mnt/tank'"
runs base

story 'what the host has mounted in it, too'
in_host sh -c "mkdir -p /mnt/tank/data && echo shared > /mnt/tank/data/file && mount --bind /mnt/tank/data $jails/base/rootfs/mnt"
try jlmkr-remove -y base
status 5
err_has "something is mounted in it: umount '$jails/base/rootfs/mnt'"
runs base
is shared "$(in_host cat /mnt/tank/data/file)"
in_host umount $jails/base/rootfs/mnt

story 'flags of jails/ are somebody'\''s wish'
tiny_in three
for flag in i a; do
	in_host chattr +$flag $jails
	try jlmkr-remove -y base
	refused
	err_has "$jails is .*; run chattr -$flag '$jails'"
	try jlmkr-remove -y three
	refused
	try jlmkr-create -q --offline --distro=fedora --release=43 four
	refused
	err_has "run chattr -$flag '$jails'"
	in_host lsattr -d $jails > "$tmp/out"
	out_has "^[^ ]*$flag"
	in_host chattr -$flag $jails
done
runs base
there three
is 'base three' "$(echo $(in_host ls -A $jails))"

story 'a backup that must not change, hard-linked to a file of the jail'
in_host sh -c "mkdir -p /mnt/tank/backup && ln $jails/three/rootfs/etc/hosts /mnt/tank/backup/hosts && chattr +i /mnt/tank/backup/hosts"
try jlmkr-remove -y three
refused
err_has "$jails/three/rootfs/etc/hosts is immutable, and the file has other hard links"
err_has "chattr -i '$jails/three/rootfs/etc/hosts'"
there three
in_host lsattr /mnt/tank/backup/hosts > "$tmp/out"
out_has '^[^ ]*i'
in_host sh -c 'chattr -i /mnt/tank/backup/hosts; rm -r /mnt/tank/backup'

story 'flags inside of the jail are no hindrance'
in_host sh -c "cd $jails/three && mkdir -p rootfs/var/x && touch rootfs/var/x/log && chattr +a rootfs/var/x/log &&
	chattr +i rootfs/var/x rootfs/etc/hosts && chattr +i ."
try jlmkr-remove -q -y three
status 0
is base "$(in_host ls -A $jails)"

story 'systemd-nspawn by hand'
try jlmkr-stop -q base
# by_hand WORDS...: runs until it is killed
by_hand() {
	in_host "$@" > /dev/null 2>&1 &
	for i in 1 2 3 4 5 6 7 8 9 10; do
		in_host pgrep -x sleep > /dev/null && return
		sleep 0.3
	done
	fail "it does not run: $*"
}
hand_ends() { in_host pkill -KILL -x sleep; sleep 0.5; wait; }
nspawn="systemd-nspawn -q --register=no --keep-unit"
by_hand $nspawn -D $jails/base/rootfs sleep 600
try jlmkr-remove -y base
status 5
err_has "systemd-nspawn runs it, but not as a jail (machinectl lists it): $jails/base"
there base
hand_ends
by_hand $nspawn -D $jails/base/rootfs --read-only sleep 600
try jlmkr-remove -y base
status 5
hand_ends

story '... that takes no lock, and a chroot'
by_hand env SYSTEMD_NSPAWN_LOCK=0 $nspawn -D $jails/base/rootfs sleep 600
try jlmkr-remove -y base
status 5
err_has "$jails/base/rootfs is the root directory of sleep (process"
there base
hand_ends
by_hand chroot $jails/base/rootfs sleep 600
try jlmkr-remove -y base
status 5
err_has "is the root directory of sleep (process"
hand_ends

story 'its own processes are no strangers'
in_host jlmkr-config -q base 'systemd_run_default_args=--property=KillMode=mixed --property=Type=notify --property=Delegate=yes' > "$tmp/out" 2> "$tmp/err"
try jlmkr-start -q base
status 0
try jlmkr-remove -q -y base
status 0
is '' "$(in_host ls -A $jails)"

story 'a fifo without a writer, given up by ^C'
in_host mkfifo /tmp/image
printf '< Unpacking\n>> \003\n' > "$tmp/words"
inventory > "$tmp/before"
talk_deaf jlmkr-create --image=/tmp/image web < "$tmp/words"
status 130
inventory > "$tmp/after"
cmp -s "$tmp/before" "$tmp/after" || { diff "$tmp/before" "$tmp/after" > "$tmp/out"; fail 'something is left'; }
for signal in INT TERM; do
	try bash -c 'set -m; jlmkr-create --image=/tmp/image web & sleep 0.7; kill -'$signal' $!; wait $!'
	case $rc in 130 | 143) ;; *) fail "status $rc" ;; esac
done
is '' "$(in_host ls -A $jails)"

story '... and one that has a writer is read'
in_host sh -c 'cat /mnt/tank/jailmaker/images/*.tar.xz > /tmp/image & exec jlmkr-create -q --image=/tmp/image web' > "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
status 0
there web
finish
