#!/bin/sh
# Commands in a jail, many and odd ones: what they are told, and that they leave nothing.
. "$(dirname "$0")/lib.sh"

in_host jlmkr-create -q --start m1
in_host jlmkr-exec m1 systemctl is-system-running --wait > /dev/null 2>&1

# What commands could leave: in the jail and in the host.
traces() {
	in_host sh -c '
		jlmkr exec m1 systemctl list-units --all --plain --no-legend "jlmkr-*" "run-u*" | grep -v "jlmkr exec systemctl"
		systemctl list-units --all --plain --no-legend "jlmkr-*"
		grep -l jlmkr /proc/[0-9]*/comm 2> /dev/null | wc -l'
}

# Processes and bus names of the host, bus names of the jail: there may be less of them than
# before, because services that idle end.
counts() {
	in_host sh -c 'echo $(ls /proc | grep -c "^[0-9]") $(busctl list --no-legend | wc -l) \
		$(jlmkr exec m1 busctl list --no-legend | wc -l)'
}

nothing_left() {
	sleep 0.3
	traces > "$tmp/after"
	cmp -s "$tmp/before" "$tmp/after" || { fail 'something is left'; diff "$tmp/before" "$tmp/after"; }
	# Services that come and go have their own time.
	for i in 1 2 3 4 5 6 7 8 9 10; do
		now=$(counts)
		echo "$counted $now" | awk '{ exit $4 > $1 || $5 > $2 || $6 > $3 }' && return
		sleep 0.5
	done
	fail "processes and names were $counted, are $now: $(in_host sh -c 'cat /proc/[0-9]*/comm' | sort | tr '\n' ' ')"
}

sleepers() { in_host jlmkr-exec m1 sh -c 'pgrep -c -x sleep' || true; }
gone() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ "$(sleepers)" != 0 ] || return 0
		sleep 0.1
	done
	fail 'the command stays behind'
}

story 'a thousand commands in a row leave nothing'
traces > "$tmp/before"
# Services that come up late, as the jail's getty does, are counted too.
for i in 1 2 3 4 5 6 7 8 9 10; do
	counted=$(counts)
	sleep 1
	[ "$counted" != "$(counts)" ] || break
done
try sh -c 'for i in $(seq 1000); do jlmkr exec m1 true || exit; done'
status 0
nothing_left

story 'fifty commands at once leave nothing'
try sh -c 'for i in $(seq 50); do jlmkr exec m1 sh -c "echo $i; exit 5" & pids="$pids $!"; done
	for p in $pids; do wait $p; [ $? -eq 5 ] || echo failed; done'
is 50 "$(wc -l < "$tmp/out")"
out_lacks failed
nothing_left

story 'who, where and with what'
try jlmkr-exec --user=nobody m1 id -un
is nobody "$(cat "$tmp/out")"
try jlmkr-exec --cwd=/usr/share m1 pwd
is /usr/share "$(cat "$tmp/out")"
try env C=d jlmkr-exec --env 'A=b  $x' -E C -E TERM=odd m1 sh -c 'echo "$A|$C|$TERM"'
is 'b  $x|d|odd' "$(cat "$tmp/out")"
try jlmkr-exec --user=daemon --cwd=/tmp m1 sh -c 'echo $HOME $USER; pwd'
is '/usr/sbin daemon /tmp' "$(tr '\n' ' ' < "$tmp/out" | sed 's/ $//')"

story 'what cannot be run has a status and a sentence'
try jlmkr-exec m1 no-such-command
status 127
err_has 'no such command'
try jlmkr-exec --cwd=/nowhere m1 true
status 125
err_has '/nowhere'
try jlmkr-exec --user=stranger m1 true
status 125
err_has 'stranger'
expect_status 125 jlmkr-exec --cwd=relative m1 true
expect_status 125 jlmkr-exec --tty --no-tty m1 true

story 'options of systemd-run stand behind the name'
try jlmkr-exec m1 --uid=1 --gid 4 -E A=b --working-directory=/tmp -pNice=3 --slice=foo --description=x \
	sh -c 'echo $(id -u) $(id -g) $A $(pwd) $(nice); cat /proc/self/cgroup'
status 0
is '1 4 b /tmp 3' "$(head -n 1 "$tmp/out")"
out_has foo.slice
try jlmkr-exec m1 --pipe -- --uid=1
status 127
err_has 'no such command.*--uid=1'
try jlmkr-exec m1 --nice 4 nice
is 4 "$(cat "$tmp/out")"
talk jlmkr-exec m1 -t sh -c 'tty 0<&1' < /dev/null
out_has '/dev/pts'
for option in --unit=x --scope --frobnicate; do
	try jlmkr-exec m1 $option id
	status 2
	err_has "${option%=*}"
	out_lacks uid
done
try jlmkr-exec m1 -u root id
status 2
err_has "-u belongs before the name of the jail: 'jlmkr exec -u"
try jlmkr-exec m1 --uid=1
status 2
err_has 'no command'

story 'a user has one spelling, wherever he is named'
for words in '-u daemon m1' '--user=daemon m1' '--uid=daemon m1' 'daemon@m1'; do
	try jlmkr-exec $words id -un
	is daemon "$(cat "$tmp/out")"
	try jlmkr-shell $words /usr/bin/id -un < /dev/null
	is daemon "$(tr -d '\r' < "$tmp/out")"
done
expect_status 2 jlmkr-exec @m1 true

story 'root has a home'
try jlmkr-exec m1 sh -c 'echo $HOME $USER $LOGNAME; test -x "$SHELL"'
status 0
is '/root root root' "$(cat "$tmp/out")"
expect_status 0 jlmkr-exec m1 bash -c cd
try jlmkr-exec --env HOME=/srv --setenv SHELL=/bin/x m1 sh -c 'echo $HOME $SHELL'
is '/srv /bin/x' "$(cat "$tmp/out")"

story 'a command that a signal ends has the status that a shell gives it'
for signal in 1 2 6 9 11 13 15; do
	expect_status $((128 + signal)) jlmkr-exec m1 sh -c "kill -$signal \$\$"
done

story 'a command that is not there: what was meant'
try jlmkr-exec m1 cd /tmp
status 127
err_has 'no such command.*: cd; cd is part of the shell'
err_has 'exec --cwd=DIR m1'
try jlmkr-exec m1 export A=b
status 127
err_has "'jlmkr exec m1 sh -c \"export"
for words in 'ls -la' 'ls -la /'; do
	try jlmkr-exec m1 "$words"
	status 127
	err_has "no such command.*: $words; the quotes make it one word"
done

story 'a session for somebody who is not there'
talk jlmkr-shell stranger@m1 < /dev/null
status 125
out_has 'm1 has no user stranger'
out_lacks Connected
try jlmkr-shell --user stranger m1 /bin/true
status 125
expect_status 217 jlmkr-shell m1 /bin/sh -c 'exit 217' < /dev/null

story 'no terminal unless a flag asks and there is one'
talk jlmkr-exec m1 sh -c 'tty 0<&1; exit 6' < /dev/null
status 6
out_has 'not a tty'
talk jlmkr-exec --tty m1 sh -c 'tty 0<&1; exit 6' < /dev/null
status 6
out_has '/dev/pts'
try jlmkr-exec --tty m1 tty < /dev/null
out_has 'not a tty'

for signal in KILL INT TERM HUP QUIT; do
	story "SIG$signal to jlmkr: the command does not stay behind"
	try bash -c 'set -m; jlmkr-exec m1 sleep 1000 & sleep 0.4; kill -'$signal' $!; wait $!'
	refused
	gone
done

story 'the same for a session'
try bash -c 'set -m; (sleep 3) | jlmkr-shell m1 /bin/sleep 1000 & sleep 0.8; kill -KILL $(pgrep -x jlmkr-shell); wait' < /dev/null
gone

story 'a script on the stdin of a shell, and its status'
echo 'exit 3' > "$tmp/script"
try jlmkr-shell m1 < "$tmp/script"
status 3
expect_status 125 jlmkr-shell @m1

story 'a jail that reboots, or ends, meanwhile'
try timeout 20 jlmkr-exec m1 sh -c 'systemctl reboot; sleep 1000'
status 125
err_has 'm1 ended meanwhile'
try sh -c 'for i in $(seq 100); do jlmkr-exec m1 true && exit; sleep 0.1; done' 2> /dev/null
status 0
try timeout 20 sh -c 'jlmkr-exec m1 sleep 1000 & sleep 0.5; jlmkr-stop m1; wait $!'
status 125

story 'a jail that is booting is waited for'
in_host jlmkr-start -q m1
expect_status 0 jlmkr-exec m1 true

story "a command's own status is handed through, when systemd has it for something else, too"
for status in 200 203 217 226; do
	try sh -c "for i in 1 2 3 4 5 6 7 8 9 10; do jlmkr-exec m1 sh -c 'exit $status'; echo \$?; done | sort | uniq -c"
	is "10 $status" "$(echo $(cat "$tmp/out"))"
done
try jlmkr-exec m1 no-such-command
status 127
in_host sh -c "printf '#!/no/such/shell\n' > $jails/m1/rootfs/usr/bin/orphan; chmod +x $jails/m1/rootfs/usr/bin/orphan"
try jlmkr-exec m1 orphan
status 127
err_has '/usr/bin/orphan in m1 cannot be run: its interpreter /no/such/shell does not exist'
in_host sh -c "echo 'echo no head' > $jails/m1/rootfs/usr/bin/headless; chmod +x $jails/m1/rootfs/usr/bin/headless"
try jlmkr-exec m1 headless
status 126
err_has '/usr/bin/headless in m1 is neither a program nor a script'
try jlmkr-exec --cwd=/nowhere m1 true
status 125
try jlmkr-exec --user=nobody-like-that m1 true
status 125

# As when systemd is not what the jail boots: nspawn's own stub is its init.
in_host sh -c "jlmkr create -q n1; cd $jails/n1; sed -i 's/--boot//
	s,^systemd_nspawn_user_args=.*,systemd_nspawn_user_args=--as-pid2 /bin/sleep 9999,' config"
in_host jlmkr-start -q n1

story 'a jail whose init is not systemd'
expect_status 4 jlmkr-exec n1 sh -c 'exit 4'
try jlmkr-exec --user=daemon --cwd=/tmp -E A=1 n1 sh -c 'echo $(id -un) $(pwd) $A $HOME'
is 'daemon /tmp 1 /usr/sbin' "$(cat "$tmp/out")"
try jlmkr-exec -E SHELL=/bin/x n1 sh -c 'echo $HOME $USER $LOGNAME $SHELL'
is '/root root root /bin/x' "$(cat "$tmp/out")"
expect_status 137 jlmkr-exec n1 sh -c 'kill -9 $$'
try jlmkr-exec n1 --uid=daemon -E A=2 sh -c 'echo $(id -un) $A'
is 'daemon 2' "$(cat "$tmp/out")"
try jlmkr-exec n1 --nice=1 true
status 125
err_has '--nice needs systemd'
try jlmkr-exec n1 cd
err_has 'cd is part of the shell'
try jlmkr-exec n1 no-such-command
status 127
err_has 'no such command'
try jlmkr-exec --cwd=/nowhere n1 true
status 125
err_has 'no such folder'
try sh -c 'jlmkr-exec n1 sleep 7777 & sleep 0.4; kill -9 $!; sleep 0.3; ! pgrep -x -f "sleep 7777"'
status 0
try jlmkr-shell n1
status 125
err_has 'not systemd'
expect_status 0 jlmkr-stop n1

# Its systemd can be reached all the same, by a process that goes in.
for own in '' '--private-users=131072:65536 --private-users-ownership=chown'; do
	story "a jail without a bus ${own:+and with users of its own}"
	in_host sh -c "jlmkr create -q q1 $own
		for unit in dbus.socket dbus.service; do ln -s /dev/null $jails/q1/rootfs/etc/systemd/system/\$unit; done"
	expect_status 0 jlmkr-start -q q1
	expect_status 7 jlmkr-exec q1 sh -c 'exit 7'
	try sh -c 'echo in | jlmkr-exec --user=daemon q1 sh -c "cat; id -un"'
	is 'in daemon' "$(echo $(cat "$tmp/out"))"
	in_host jlmkr-remove -q --yes q1
done

story 'a jail with users of its own'
try jlmkr-create -q --start p1 --private-users=65536:65536 --private-users-ownership=chown
expect_status 5 jlmkr-exec p1 sh -c 'exit 5'
try jlmkr-exec p1 cat /proc/self/uid_map
out_has '^ *0 *65536 '

finish
