#!/bin/sh
# A jailmaker directory that releases of the Python tool have filled, tests/data/jailmaker: jlmkr takes
# it over, and changes nothing in it but what it is told to.
. "$(dirname "$0")/lib.sh"

made=$here/../data/jailmaker names='fork one three two'
try jlmkr-create -q base
status 0
in_host sh -c "mkdir '/mnt/tank/my media' && echo film > '/mnt/tank/my media/file'"
for name in $names; do
	in_host mkdir $jails/$name
	for file in $(cd "$made/$name" && ls -A); do
		host push "$made/$name/$file" $jails/$name/$file
	done
	# It has run before: it has an id, and what an interrupted first start may have left.
	in_host sh -c "cd $jails/$name && cp -a ../base/rootfs rootfs && echo $name > rootfs/etc/hostname &&
		printf '%032d\n' 7 > rootfs/etc/machine-id && : > rootfs/jlmkr-initial-setup.Ab12
		chmod 0600 config; for f in .Exec*; do [ ! -e \$f ] || chmod 0700 \$f; done
		touch -d 2024-01-01 config .Exec* rootfs/etc/hostname 2> /dev/null; touch -d 2024-01-01 ." || fail 'cannot be made'
done
in_host sh -c "mkdir -p $jails/../.lxc/cache && echo cached > $jails/../.lxc/cache/file && rm -f $jails/*/.Exec\*"
try jlmkr-remove -q --yes base

# All but what a running system writes itself: the files beside the rootfs, and some in it.
manifest() {
	in_host sh -c "cd $jails/.. && find jails .lxc -path '*/rootfs/*' -prune -o -printf '%p %y %m %U:%G %s %l\n' | sort
		find jails .lxc -path '*/rootfs/*' -prune -o -type f -printf '%p %T@ ' -exec sha256sum {} \; | sort
		cd jails && sha256sum */rootfs/etc/hostname */rootfs/etc/machine-id */rootfs/jlmkr-initial-setup.Ab12
		find */rootfs -maxdepth 0 -printf '%p %m %U:%G\n' | sort"
}
manifest > "$tmp/before"
grep -q '^jails/two/.ExecStartPre [0-9.]* [0-9a-f]*  jails/two/.ExecStartPre$' "$tmp/before" || fail 'no manifest'
is_as_before() {
	manifest > "$tmp/after"
	diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'files have changed'
}

story 'all are listed, with what their configs say'
try jlmkr list
status 0
err_lacks 'incomplete\|line [0-9]'
is 'NAME fork one three two' "$(awk '{ print $1 }' "$tmp/out" | xargs)"
is 'STARTUP False True False True' "$(awk '{ print $3 }' "$tmp/out" | xargs)"
is_as_before

story 'startup starts those that it started'
try jlmkr startup
status 0
is 'one two' "$(in_host jlmkr list --no-header --output NAME,RUNNING | awk '$2 == "True" { print $1 }' | xargs)"
is_as_before

story 'start starts the others, and each is itself'
try jlmkr start three fork
status 0
for name in one two three; do
	try jlmkr exec $name cat /etc/hostname /proc/sys/kernel/hostname
	is "$name $name" "$(xargs < "$tmp/out")"
done
try jlmkr exec fork cat /etc/hostname
is fork "$(cat "$tmp/out")"
for name in one two; do
	try jlmkr exec $name cat /media/file
	is film "$(cat "$tmp/out")"
done
is 'two starts
two runs' "$(in_host cat /tmp/hooks)"
in_host test -e /tmp/three-starts || fail 'a hook did not run'
for name in $names; do
	in_host test ! -e $jails/$name/rootfs/set-up-again || fail "$name was set up again"
done
is_as_before

story 'restart and stop'
try jlmkr restart one
status 0
try jlmkr stop --all
status 0
in_host test -e /tmp/two-stopped || fail 'a hook did not run'
is 'three stopped' "$(in_host tail -n 1 /tmp/hooks)"
is '' "$(in_host systemctl list-units --all --no-legend 'jlmkr-*')"
is_as_before

story 'edit and config change the line that they are told to'
for name in $names; do
	in_host cp $jails/$name/config /tmp/before
	try sh -c "EDITOR='sed -i s/^startup=.*/startup=yes/' jlmkr edit $name"
	status 0
	is '1c1' "$(in_host diff /tmp/before $jails/$name/config | head -n 1)"
	is 'startup=yes' "$(in_host head -n 1 $jails/$name/config)"
	in_host cp $jails/$name/config /tmp/before
	try jlmkr config -q $name startup=0
	status 0
	is '1c1
< startup=yes
---
> startup=0' "$(in_host diff /tmp/before $jails/$name/config)"
	is 600 "$(in_host stat -c %a $jails/$name/config)"
done

story 'remove takes what is asked for, and nothing else'
for name in $names; do
	try sh -c "echo $name | jlmkr remove $name"
	status 0
	in_host test ! -e $jails/$name || fail "$name is there"
done
is '' "$(in_host ls -A $jails)"
is film "$(in_host cat '/mnt/tank/my media/file')"
is cached "$(in_host cat $jails/../.lxc/cache/file)"
finish
