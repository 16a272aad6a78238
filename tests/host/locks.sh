#!/bin/sh
# Who works at something keeps others from it, as long as it works; nobody else can.
. "$(dirname "$0")/lib.sh"

in_host useradd -m -u 4711 -s /bin/sh bob > "$tmp/out" 2>&1 || exit 1
dir=/mnt/tank/jailmaker
create() { try timeout 60 jlmkr-create -q --distro=fedora --release=43 "$@"; }
remove() { try timeout 60 jlmkr-remove -q -y "$@"; }
# The file that stands for a directory.
lock_of() { in_host stat -c '/run/jlmkr/lock/.%d:%i' "$1"; }
bob_holds() {
	for path; do
		in_host sh -c 'cd / && exec setpriv --reuid=4711 --regid=4711 --clear-groups flock "$1" sleep 100' \
			- "$path" > /dev/null 2>&1 &
	done
	soon sh -c '[ "$(pgrep -u bob -x sleep | wc -l)" = "$1" ]' - $#
}
bob_lets_go() { in_host pkill -u bob; }

story 'what a user can open and lock holds up nobody'
create web
status 0
in_host chmod 755 $jails $dir/images $jails/web
bob_holds $dir $jails $dir/images $jails/web
is 4 "$(in_host sh -c 'pgrep -u bob -x sleep | wc -l')"
create two
status 0
err_empty
remove two
status 0
remove web
status 0
err_empty
create web
status 0
bob_lets_go
in_host sh -c "mkdir -m 755 /mnt/tank/new"
bob_holds /mnt/tank/new
try timeout 60 jlmkr-create --dir /mnt/tank/new -q --distro=fedora --release=43 web
status 0
err_empty
bob_lets_go

story 'nobody else gets to the locks'
is '755 700 root root' "$(echo $(in_host stat -c %a /run/jlmkr /run/jlmkr/lock) $(in_host stat -c %U /run/jlmkr /run/jlmkr/lock))"
in_host setpriv --reuid=4711 --regid=4711 --clear-groups ls /run/jlmkr/lock > /dev/null 2>&1 && fail 'it is open'

story 'a wait says who is waited for, and ends'
lock=$(lock_of $jails)
in_host test -f "$lock" || fail "there is no $lock"
in_host flock "$lock" sleep 5 2> /dev/null &
soon pgrep -fx 'sleep 5'
try jlmkr-create --distro=fedora --release=43 two
status 0
err_has '^Waiting: the jailmaker directory is in use by \(flock\|sleep\) (process [0-9]*)$'
remove two

story '... also if quiet, and a signal ends it'
in_host flock "$lock" sleep 100 2> /dev/null &
soon pgrep -fx 'sleep 100'
try timeout --preserve-status -s TERM 11 jlmkr-create -q --distro=fedora --release=43 two
status 130
err_has '^warning: still waiting: the jailmaker directory is in use by \(flock\|sleep\) (process [0-9]*)$'
in_host pkill -x sleep

story 'what was killed has no lock'
in_host flock "$lock" sleep 100 2> /dev/null &
soon pgrep -fx 'sleep 100'
in_host sh -c 'pkill -KILL -x flock; pkill -KILL -x sleep'
create two
status 0
err_empty
in_host bash -c 'jlmkr-remove -q -y two & sleep 0.02; kill -9 $!; wait $!' > /dev/null 2>&1
try timeout 20 jlmkr-remove -q -y two
create two
status 0
err_empty

story 'the lock of a jail is given up after a while, naming who has it'
in_host flock /run/jlmkr/lock/two sleep 100 2> /dev/null &
soon pgrep -fx 'sleep 100'
try timeout 60 jlmkr-config two startup=1
status 5
err_has '^Waiting: two is in use by'
err_has 'jlmkr config: two is in use by \(flock\|sleep\) (process [0-9]*)$'
in_host pkill -x sleep

story 'two that fetch the same image: one waits, and says so'
in_host jlmkr-images -q --prune
host images '*/rootfs.tar.xz slow 1500000'
in_host sh -c 'jlmkr-create -q --distro=archlinux --release=current a & sleep 0.5
	exec jlmkr-create --distro=archlinux --release=current b' > "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
host images
status 0
err_has '^Waiting: the download of this image is in use by jlmkr-create (process'

story 'locks leave nothing behind that grows'
before=$(in_host ls -A /run/jlmkr/lock)
for i in 1 2 3; do
	create two-$i
	remove two-$i
done
is "$before" "$(in_host sh -c "ls -A /run/jlmkr/lock | grep -v 'two-'")"

story 'without a place for locks it goes on, and says so'
in_host sh -c 'mount -t tmpfs -o ro,size=4k tmpfs /run/jlmkr'
create three
status 0
one_line_err
err_has 'create /run/jlmkr/lock: Read-only file system; without locks, do not run another jlmkr'
remove three
status 0
in_host umount /run/jlmkr

story '... but not where others have their hands in it'
in_host chown bob /run/jlmkr/lock
create three
status 7
err_has '/run/jlmkr/lock belongs to bob'
in_host sh -c 'chown root /run/jlmkr/lock; chmod 777 /run/jlmkr/lock'
create three
status 7
in_host chmod 700 /run/jlmkr/lock
finish
