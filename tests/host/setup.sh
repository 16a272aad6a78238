#!/bin/sh
# initial_setup: what a jail is told to do when it is new, at its first start and again.
. "$(dirname "$0")/lib.sh"

# config NAME SCRIPT: a jail that is to run it, with arguments of nspawn behind.
jail() {
	name=$1
	printf 'distro=debian\nrelease=bookworm\ninitial_setup=%s\n' "$2" > "$tmp/config"
	shift 2
	try jlmkr-create -q --config=- "$name" "$@" < "$tmp/config"
	status 0
}
script=/jlmkr-initial-setup
no_script() { ! in_host test -e "$jails/$1/rootfs$script" || fail 'the script is still there'; }
log() { in_host cat "$jails/$1/initial_setup.log"; }

story 'the first start runs it, and shows and keeps what it prints'
jail s1 'echo to stdout
	echo to stderr >&2
	echo "$(id -un) $HOME $0"
	systemctl is-active network-online.target
	echo done > /setup-was-here'
try jlmkr-start --dry-run s1
out_has ' --notify-ready=yes'
err_has 'initial_setup is run then'
no_script s1
try jlmkr-start s1
status 0
err_has '^Running the initial_setup of s1'
err_has '^to stdout$'
err_has '^to stderr$'
err_has "^root /root $script$"
err_has '^active$'
is 'to stdout
to stderr
root /root /jlmkr-initial-setup
active' "$(log s1)"
is 600 "$(in_host stat -c %a $jails/s1/initial_setup.log)"
is done "$(in_host cat $jails/s1/rootfs/setup-was-here)"
no_script s1

story 'a first start opens the jail once, whatever it does there'
musl-gcc -idirafter "$here/../../build/out/musl/kernel" -static -Os -o "$tmp/opens" "$here/opens.c" ||
	fail 'opens.c'
host push "$tmp/opens" /tmp/opens
jail once 'echo set up
pre_start_hook=#!/bin/sh
	true'
try sh -c "/tmp/opens $jails/once jlmkr-start once 3> /tmp/opened"
status 0
err_has '^set up$'
is 1 "$(in_host cat /tmp/opened)"
try jlmkr-remove -y once
status 0

story 'and only the first one'
in_host rm $jails/s1/rootfs/setup-was-here
try jlmkr-restart s1
status 0
! in_host test -e $jails/s1/rootfs/setup-was-here || fail 'it ran again'
try jlmkr-start --dry-run s1
out_lacks notify-ready

story 'setup runs it again'
try jlmkr-setup s1
status 0
err_has 'the initial_setup of s1 is done'
in_host test -e $jails/s1/rootfs/setup-was-here || fail 'it did not run'

story 'a user has the same spelling as in exec'
for words in root@s1 '--user root s1' '--uid=0 s1'; do
	expect_status 0 jlmkr-setup $words
done
for words in daemon@s1 '--user=daemon s1' @s1; do
	expect_status 2 jlmkr-setup $words
done
err_has 'no user before'

story 'setup starts a jail that does not run; --quiet'
in_host jlmkr-stop -q s1
try jlmkr-setup -q s1
status 0
err_empty
log s1 | grep -q 'to stdout' || fail 'nothing is in the log'

story 'one that fails: the jail runs, the script stays, and it is said how to go on'
jail s2 '#!/bin/bash
	echo $BASH_VERSION
	test -e /medicine || exit 3'
try jlmkr-start s2
status 1
for words in 'the initial_setup of s2 ended with status 3' "'jlmkr setup s2'" "$script" \
	"$jails/s2/initial_setup.log"; do
	tail -n 1 "$tmp/err" | grep -qe "$words" || fail "the last line lacks '$words'"
done
err_has '^5\.'
expect_status 0 jlmkr-exec s2 test -x $script
try jlmkr-start s2
status 0
err_has "the initial_setup of s2 is not done: 'jlmkr setup s2'"
try jlmkr-restart s2
status 0
err_has "the initial_setup of s2 is not done: 'jlmkr setup s2'"
expect_status 1 jlmkr-setup s2
in_host jlmkr-exec s2 touch /medicine
expect_status 0 jlmkr-setup s2
no_script s2
try jlmkr-restart -q s2
err_empty

story 'an interrupt stops the script'
jail s3 'echo begun
	test -e /medicine || sleep 4321
	echo healed'
tried='jlmkr-start s3, interrupted'
interrupt() {
	in_host bash -c 'set -m; jlmkr-'$1' s3 & pid=$!
		for i in $(seq 200); do
			grep -qs begun '$jails'/s3/initial_setup.log && break
			sleep 0.1
		done
		kill -'$2' $pid; wait $pid' > "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
}
interrupt start INT
status 130
err_has "the initial_setup of s3: interrupted. 'jlmkr setup s3' runs it again"
! in_host pgrep -f 'sleep 4321' > /dev/null || fail 'it goes on'
interrupt setup KILL
for i in 1 2 3 4 5 6 7 8 9 10; do
	in_host pgrep -f 'sleep 4321' > /dev/null || break
	sleep 0.3
done
! in_host pgrep -f 'sleep 4321' > /dev/null || fail 'it goes on'
in_host jlmkr-exec s3 touch /medicine
try jlmkr-setup s3
status 0
err_has healed

story 'a jail that is stopped meanwhile'
in_host rm -f $jails/s3/rootfs/medicine
for command in 'jlmkr-stop s3' 'jlmkr-exec s3 systemctl poweroff'; do
	in_host jlmkr-start -q s3 2> /dev/null
	try sh -c "(sleep 1; $command > /dev/null 2>&1) & jlmkr-setup s3; rc=\$?; wait; exit \$rc"
	status 1
	err_has '^jlmkr setup: the initial_setup of s3: s3 was stopped meanwhile'
done
in_host sh -c "sed -i 's/test -e .*/trap \"exit 7\" TERM; sleep 20 \\& wait/' $jails/s3/config"
in_host jlmkr-start -q s3 2> /dev/null
try sh -c '(sleep 1; jlmkr-stop s3) & jlmkr-setup s3; rc=$?; wait; exit $rc'
err_has 's3 was stopped meanwhile'
in_host jlmkr-start -q s3 2> /dev/null
try sh -c 'jlmkr-setup s3 & sleep 0.6; jlmkr-stop --now s3; wait $!'
err_has 's3 was stopped meanwhile'

story 'what it leaves running holds nobody'
jail s4 'echo begun
	systemd-run -q sh -c "echo from afar"
	(trap "" TERM HUP; sleep 1234) &
	sleep 1'
try timeout 60 jlmkr-start s4
status 0

story 'two at once'
jail s5 'echo begun; sleep 2'
in_host sh -c 'jlmkr-start -q s5 & sleep 1; for i in $(seq 50); do
	grep -qs begun '$jails'/s5/initial_setup.log && break; sleep 0.1; done; jlmkr-setup s5; echo $?' > "$tmp/out" 2> "$tmp/err"
is 5 "$(cat "$tmp/out")"
err_has 'the initial_setup of s5 is in use by jlmkr-'
in_host jlmkr-stop -q --now s1 s2 s3 s4 s5

story 'several at once: every line has a name'
jail t1 'for i in 1 2 3 4 5 6 7 8; do echo word of mine $i; done; printf no-end'
jail t2 'for i in 1 2 3 4 5 6 7 8; do echo word of mine $i; sleep 0.02; done; exit 9'
try jlmkr-start t1 t2
status 1
is 8 "$(grep -c '^t1: word of mine .$' "$tmp/err")"
is 8 "$(grep -c '^t2: word of mine .$' "$tmp/err")"
err_has '^t1: no-end$'
err_has 'the initial_setup of t2 ended with status 9'
err_has '2 jails: 1 started, 1 failed'
in_host jlmkr-stop -q --now t1 t2

story 'a network that does not come up is not waited for for ever'
jail n1 'echo all the same'
in_host sh -c "cd $jails/n1/rootfs/etc/systemd/system; mkdir -p network-online.target.wants
	printf '[Unit]\nBefore=network-online.target\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=sleep 1000\n' > test-wait-online.service
	ln -s ../test-wait-online.service network-online.target.wants/"
try sh -c 'jlmkr-start n1 2> /tmp/said & for i in $(seq 300); do
	! grep -q "waiting for its network" /tmp/said || break; sleep 0.1; done
	kill -INT $!; wait $!; rc=$?; cat /tmp/said >&2; exit $rc'
status 130
err_has 'n1: waiting for its network'
err_has "initial_setup of n1: .*'jlmkr setup n1'"
try jlmkr-setup --wait=1 n1
status 0
err_has 'warning: n1: its network did not come up in time; going on without'
err_has '^all the same$'
in_host sed -i 's/ExecStart=.*/ExecStart=false/' $jails/n1/rootfs/etc/systemd/system/test-wait-online.service
in_host jlmkr-restart -q n1
try jlmkr-setup n1
status 0
err_has 'going on without'
err_has '^all the same$'
in_host jlmkr-stop -q --now n1

story 'links lead nowhere'
jail l1 'cat /etc/hostname'
in_host sh -c "echo mine > /root/mine; ln -s /root/mine $jails/l1/rootfs$script
	ln -s /root/mine $jails/l1/initial_setup.log"
try jlmkr-start l1
refused
is mine "$(in_host cat /root/mine)"
in_host rm $jails/l1/initial_setup.log
try jlmkr-setup l1
status 0
err_has '^l1$'
is mine "$(in_host cat /root/mine)"
in_host jlmkr-stop -q --now l1

story 'a copy of hard links keeps its log, its script and its hooks'
jail h1 'echo mine'
in_host jlmkr-config -q h1 'pre_start_hook=#!/bin/sh
true'
expect_status 0 jlmkr-start -q h1
in_host sh -c "jlmkr-stop -q --now h1; jlmkr-config -q h1 'initial_setup=echo begun; sleep 2; echo ended'
	cp -al $jails/h1 /mnt/tank/h2; cp -a /mnt/tank/h2 /mnt/tank/h3; cd $jails/h1
	touch rootfs$script; ln rootfs$script /mnt/tank/h2/rootfs; cp rootfs$script /mnt/tank/h3/rootfs
	jlmkr-config -q h1 'pre_start_hook=#!/bin/sh
exit 0'"
in_host sh -c "jlmkr-setup -q h1 & for i in \$(seq 200); do
	grep -qs begun $jails/h1/initial_setup.log && break; sleep 0.1; done
	cat $jails/h1/initial_setup.log; wait \$!" > "$tmp/out" 2> "$tmp/err" || fail 'setup fails'
is begun "$(cat "$tmp/out")"
is 'begun
ended' "$(log h1)"
for file in initial_setup.log .ExecStartPre config rootfs$script; do
	in_host cmp /mnt/tank/h2/$file /mnt/tank/h3/$file || fail "$file of the copy is another one"
	! in_host cmp -s $jails/h1/$file /mnt/tank/h3/$file || fail "$file was not written"
done
is '.ExecStartPre .config.before config initial_setup.log rootfs' "$(in_host sh -c "ls -A $jails/h1 | LC_ALL=C sort | xargs")"
in_host sh -c "jlmkr-stop -q --now h1; rm -r /mnt/tank/h2 /mnt/tank/h3"

story 'a jail with users of its own'
jail p1 'id -u; touch /root/here; exit 1' --private-users=65536:65536 --private-users-ownership=chown
try jlmkr-start p1
status 1
err_has '^0$'
in_host sed -i 's/exit 1/exit 0/' $jails/p1/config
expect_status 0 jlmkr-setup p1

story 'a last line without an end'
jail e1 'printf no-end'
try jlmkr-start e1
status 0
err_has '^no-end$'
in_host jlmkr-stop -q --now e1

story 'an init that is not systemd'
jail i1 'echo never'
in_host sh -c "cd $jails/i1/rootfs; rm -f sbin/init usr/lib/systemd/systemd; printf '#!/bin/sh\nexec sleep infinity\n' > usr/sbin/init; chmod +x usr/sbin/init
	sed -i 's/^systemd_nspawn_user_args=.*//' ../config"
try timeout 60 jlmkr-setup i1
status 1
err_has 'the init of i1 is not systemd'
try timeout 60 jlmkr-start i1
err_has 'the init of i1 is not systemd: its initial_setup is not run'
in_host jlmkr-stop -q --now i1

story 'a config without one'
try jlmkr-create -q plain
try jlmkr-setup plain
status 1
err_has 'the config of plain has no initial_setup'
expect_status 3 jlmkr-setup nobody

finish
