#!/bin/sh
# What is in jails/ and is not a jail, and names that no jail can have.
. "$(dirname "$0")/lib.sh"

try jlmkr-create -q --startup=1 one
status 0
in_host sh -c "cd $jails && mkdir lost+found .lxc photos && echo 1 > photos/1 && ln -s photos/1 shortcut && echo 1 > stray &&
	cp -a one under_score && mkdir new new/rootfs && mkdir -p ../.lxc && : > one/rootfs/jlmkr-initial-setup.Ab12"

story 'directories without a config and a rootfs are not jails'
try jlmkr list
status 0
is 'NAME
new
one
under_score' "$(cut -d' ' -f1 < "$tmp/out")"
err_has 'jail new is incomplete: it has no config'
! grep -v 'jail new' "$tmp/err" | grep . || fail 'more is warned of'
try jlmkr startup
refused
err_lacks 'lost+found\|photos'
is True "$(in_host jlmkr list --no-header --output RUNNING | sed -n 2p)"
try jlmkr stop --all
err_lacks 'lost+found\|photos'

story 'the rule is told where a name cannot be a jails'
for name in lost+found 'a b' -- 'my_jail' 'a/b' 'x..y'; do
	[ "$name" != -- ] || continue
	try jlmkr start "$name"
	status 3
	one_line_err
	err_has "'$name' cannot be the name of a jail: it "
done
try jlmkr start under_score
status 1
one_line_err
err_has "rename $jails/under_score: 'under_score' cannot be the name of a jail: it may only have letters"
try jlmkr remove --yes lost+found
status 3
in_host test -d $jails/lost+found || fail 'it was removed'
for name in 'a b' under_score2; do
	try jlmkr create -q --offline "$name"
	status 1
	err_has "'$name' cannot be the name of a jail: it may only have letters"
done

story 'a jail of such a name is edited and removed as any other'
try jlmkr config -q under_score startup=0
status 0
try jlmkr remove --yes under_score
status 0
in_host test ! -e $jails/under_score || fail 'it is there'
finish
