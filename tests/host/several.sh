#!/bin/sh
# Many jails at once: names, patterns, --all, and what startup does after a boot.
. "$(dirname "$0")/lib.sh"

running() { in_host sh -c 'ls /run/systemd/machines 2> /dev/null' | grep -v : | tr '\n' ' '; }

try jlmkr-create --startup=1 a1
for name in a2 a3 b1; do
	in_host cp -a $jails/a1 $jails/$name
done
in_host sh -c "sed -i s/^startup=.*/startup=0/ $jails/b1/config"
# A jail that cannot start, and one whose config cannot be read.
in_host sh -c "mkdir -p $jails/bad1/rootfs $jails/bad2/rootfs
	printf 'startup=1\n' > $jails/bad1/config
	printf 'startup=perhaps\n' > $jails/bad2/config"

story 'startup starts what it can, and says what it could not'
try jlmkr-startup
status 1
is 'a1 a2 a3 ' "$(running)"
err_has '^a1 started$'
err_has '^a3 started$'
err_has 'bad1'
err_has 'bad2.*perhaps'
err_has '^5 jails: 3 started, 2 failed$'

story 'startup again finds them running'
in_host rm -r $jails/bad1 $jails/bad2
try jlmkr-startup --jobs 1
status 0
err_has '^a2 runs already$'
err_has '^3 jails: 3 ran already$'

story 'startup is quiet when asked'
try jlmkr-startup --quiet
status 0
err_empty

story 'stop takes patterns'
try jlmkr-stop 'a[23]' b1
status 0
is 'a1 ' "$(running)"
err_has '^a2 stopped$'
err_has '^b1 does not run$'
err_has '^3 jails: 2 stopped, 1 did not run$'

story 'a jail that is not there holds up no other'
try jlmkr-start nowhere a2
status 3
err_has "nowhere"
is 'a1 a2 ' "$(running)"

story 'restart by pattern means what runs'
leader() { in_host sed -n s/^LEADER=//p /run/systemd/machines/$1; }
before=$(leader a1)
try jlmkr-restart 'a*'
status 0
is 'a1 a2 ' "$(running)"
[ "$(leader a1)" != "$before" ] || fail 'a1 was not restarted'
err_has '^3 jails: 2 restarted, 1 did not run$'

story 'start --all and stop --all'
try jlmkr-start --all
status 0
is 'a1 a2 a3 b1 ' "$(running)"
try jlmkr-stop --all --now
status 0
is '' "$(running)"

story 'names and --all exclude each other, and one of them is needed'
expect_status 2 jlmkr-stop --all a1
expect_status 2 jlmkr-start
expect_status 3 jlmkr-restart 'q*'

story 'a signal ends startup, and leaves jails that run or do not'
in_host sed -i 's,^pre_start_hook=.*,pre_start_hook=/bin/sleep 30,' $jails/a1/config
try sh -c 'jlmkr-startup & sleep 1; kill -TERM $!; wait $!'
status 130
try jlmkr-stop --all --now
status 0
is '' "$(running)"

finish
