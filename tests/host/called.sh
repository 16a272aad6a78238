#!/bin/sh
# Where the program is, how it is called, and by whom: as with a copy of jlmkr.py on a pool.
. "$(dirname "$0")/lib.sh"

pool=/mnt/tank/pool/jailmaker other=/mnt/tank/apps
in_host sh -c "mkdir -p $pool/jails/here/rootfs /mnt/tank/jailmaker/jails/there/rootfs $other
	useradd -m -u 4711 bob
	: > $pool/jails/here/config; : > /mnt/tank/jailmaker/jails/there/config
	cp /root/.local/bin/jlmkr $pool/jlmkr; cp /root/.local/bin/jlmkr $other/jlmkr
	ln -s $pool/jlmkr /usr/local/bin/pooled 2> /dev/null || { mkdir -p /opt/bin; ln -s $pool/jlmkr /opt/bin/pooled; }" ||
	fail 'cannot be made'
# The host has JAILMAKER_DIR=/mnt/tank/jailmaker in its environment.
unset_dir() { try env -u JAILMAKER_DIR "$@"; }

story 'a path to the program means the jails beside it'
for call in "cd $pool && ./jlmkr list" "cd / && $pool/jlmkr list" "cd /mnt/tank && ./pool/jailmaker/jlmkr list"; do
	try sh -c "$call"
	status 0
	out_has '^here '
	out_lacks '^there '
	is 1 "$(wc -l < "$tmp/err")"
	err_has "^warning: using $pool, .*, and not /mnt/tank/jailmaker, which JAILMAKER_DIR names"
done
try sh -c "cd $pool && ./jlmkr --dir /mnt/tank/jailmaker list"
out_has '^there '
err_empty

story 'called by its bare name it does what is set, and names both'
try sh -c 'PATH=/opt/bin:/usr/local/bin:$PATH pooled list'
status 0
out_has '^there '
is 1 "$(wc -l < "$tmp/err")"
err_has "^warning: using /mnt/tank/jailmaker, which JAILMAKER_DIR names, and not $pool, where this program is"
try sh -c 'PATH=/opt/bin:/usr/local/bin:$PATH pooled help'
err_empty
unset_dir sh -c 'cd / && PATH=/opt/bin:/usr/local/bin:$PATH pooled list'
out_has '^here '
err_empty

story 'a copy in a new directory lists no jails, and starts none'
unset_dir sh -c "cd / && $other/jlmkr list"
status 0
is 'No jails.' "$(cat "$tmp/out")"
err_has "looking in $other"
unset_dir sh -c "cd / && $other/jlmkr startup"
status 0
err_has 'no jail has startup=1'
unset_dir sh -c "cd / && $other/jlmkr start web"
refused
err_has 'where is the jailmaker directory?'
in_host test ! -e $other/jails || fail 'something was made'

story 'a copy that others may write to is put right'
in_host chmod 0775 $pool/jlmkr
try $pool/jlmkr -q --dir /mnt/tank/jailmaker list
status 0
err_empty
is 755 "$(in_host stat -c %a $pool/jlmkr)"
in_host chmod 0777 $pool/jlmkr
try $pool/jlmkr --dir /mnt/tank/jailmaker list
status 0
err_has 'was writable by others (mode 0777)'
is 755 "$(in_host stat -c %a $pool/jlmkr)"

story '... but not that of another user'
in_host sh -c "chmod 0775 $pool/jlmkr; chown bob $pool/jlmkr"
try $pool/jlmkr list
status 7
err_has 'must belong to root'
is 775 "$(in_host stat -c %a $pool/jlmkr)"
in_host sh -c "chmod 0755 $pool/jlmkr; chown root $pool/jlmkr"

as_bob() {
	tried=$*
	in_host setpriv --reuid=4711 --regid=4711 --clear-groups env -i PATH="/opt/bin:$PATH" "$@" \
		> "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
}

story 'without root every command names the call that works'
in_host sh -c "chmod 0700 $pool/jails; mkdir -p /opt/bin; cp /root/.local/bin/jlmkr /opt/bin/"
for words in list 'list --json' 'start here' 'stop here' 'restart here' 'startup' 'remove here' 'status here' \
	'exec here ls -la' 'shell here' 'edit here' 'setup here' 'log here' 'config here' 'config here startup=1' \
	'create new'; do
	as_bob jlmkr --dir=$pool $words
	status 1
	one_line_err
	err_has ": only root can do this: sudo /opt/bin/jlmkr --dir=$pool $words\$"
done
as_bob sh -c "JAILMAKER_DIR=$pool jlmkr start 'a b'"
err_has ": only root can do this: sudo /opt/bin/jlmkr --dir=$pool start 'a b'\$"
for words in help --version 'completion bash' 'start --help'; do
	as_bob jlmkr $words
	status 0
done
finish
