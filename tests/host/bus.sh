#!/bin/sh
# What the system may do to the bus while we wait, and jails on a machine that has lost parts
# of it: the right answer or a clear sentence, and never a hang.
. "$(dirname "$0")/lib.sh"

config=$jails/m1/config
set_hook() { in_host sed -i "s,^$1=.*,$1=$2," $config; }
active() { in_host systemctl is-active "jlmkr-${1-m1}"; }
up() { in_host sh -c 'jlmkr-start -q m1 && jlmkr-exec m1 systemctl is-system-running --wait' \
	> /dev/null 2>&1; }
# The jail takes so many seconds to shut down.
slow() { in_host jlmkr-exec m1 systemd-run -q -p ExecStop="/bin/sleep $1" sleep 1000; }
# COMMAND a second later, while the rest runs.
meanwhile() {
	tried=$*
	in_host sh -c "(sleep 1; $1) > /dev/null 2>&1 & timeout 40 \"\$@\"; rc=\$?; wait; exit \$rc" \
		"$@" > "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
}

try jlmkr-create m1
status 0

story 'the bus is restarted while a jail shuts down'
up; slow 2
meanwhile 'systemctl restart dbus' jlmkr-stop m1
status 0
is inactive "$(active)"

story 'the bus is killed while a jail shuts down, and the jail can start again'
up; slow 2
meanwhile 'pkill -KILL -x dbus-daemon' jlmkr-stop m1
status 0
expect_status 0 jlmkr-start m1
expect_status 0 jlmkr-stop m1

story 'the bus is restarted while a jail starts'
set_hook pre_start_hook '/bin/sleep 2'
meanwhile 'systemctl restart dbus' jlmkr-start m1
status 0
expect_status 7 jlmkr-exec m1 sh -c 'exit 7'
expect_status 0 jlmkr-stop m1

story 'the bus is restarted while a start goes wrong'
set_hook pre_start_hook "/bin/sh -c 'sleep 2; exit 1'"
meanwhile 'systemctl restart dbus' jlmkr-start m1
status 1
err_has 'hook'

story 'a start whose end nobody heard is not called a success'
set_hook pre_start_hook "/bin/sh -c 'sleep 1.1; exit 1'"
meanwhile 'systemctl stop dbus.socket dbus; sleep 1; systemctl start dbus' jlmkr-start m1
status 1
err_has 'hook\|not known'
set_hook pre_start_hook ''

for what in daemon-reload daemon-reexec; do
	story "$what while a jail starts, runs a command, shuts down"
	set_hook pre_start_hook '/bin/sleep 2'
	meanwhile "systemctl $what" jlmkr-start m1
	status 0
	meanwhile "systemctl $what" jlmkr-exec m1 sh -c 'sleep 2; exit 9'
	status 9
	slow 2
	meanwhile "systemctl $what" jlmkr-stop m1
	status 0
	is inactive "$(active)"
	set_hook pre_start_hook ''
done

story 'stop returns when the unit is inactive, not later'
for round in 1 2 3; do
	up
	late=$(in_host sh -c 'jlmkr-stop m1; t=$(date +%s%6N)
		journalctl -u jlmkr-m1 -o json --output-fields=MESSAGE -n 20 |
		sed -n "s/.*__REALTIME_TIMESTAMP\":\"\([0-9]*\)\".*Deactivated.*/\1/p;
			s/.*Deactivated.*__REALTIME_TIMESTAMP\":\"\([0-9]*\)\".*/\1/p" |
		tail -n 1 | { read -r gone && echo $(((t - gone) / 1000)); }')
	[ "${late:-9999}" -lt 50 ] && break
done
[ "${late:-9999}" -lt 50 ] || fail "$late ms late"

story 'stop of a jail that has just begun to boot'
try sh -c 'jlmkr-start -q m1; timeout 10 jlmkr-stop m1'
status 0
is inactive "$(active)"

story 'a jail that reboots instead is stopped too'
up; slow 1
in_host jlmkr-exec m1 systemctl reboot > /dev/null 2>&1
try jlmkr-stop m1
status 0
sleep 0.5
is inactive "$(active)"

story 'what takes too long is stopped, then killed, and each step is said'
set_hook post_stop_hook '/bin/sleep 100'
up
try jlmkr-stop --timeout 1 m1
status 0
err_has '^m1 did not shut down within 1 s, stopping its unit'
err_has '^m1 does not stop within 1 s, killing it'
set_hook post_stop_hook ''

story 'remove waits as long as it is told'
in_host sh -c 'jlmkr create -q m9; jlmkr config m9 post_stop_hook="/bin/sleep 100"; jlmkr start -q m9'
try jlmkr-remove --yes --timeout=1 m9
status 0
err_has '^m9 did not shut down within 1 s, stopping its unit'
err_has '^m9 does not stop within 1 s, killing it'
is '' "$(in_host ls $jails | grep m9)"

story 'a jail is stopped before it has begun'
set_hook pre_start_hook '/bin/sleep 30'
try sh -c 'jlmkr-start -q m1 & sleep 0.5; jlmkr-stop m1; echo $?; wait $!'
status 1
out_has '^0$'
err_has 'was stopped while it started'
set_hook pre_start_hook ''

story '^C in the middle of stop says what goes on'
up; slow 1
try sh -c 'jlmkr-stop m1 & sleep 0.4; kill -TERM $!; wait $!'
status 130
err_has 'm1 was asked to shut down and goes on'
sleep 1.5
is inactive "$(active)"

story 'the bus address has alternatives and escapes'
up
try env DBUS_SYSTEM_BUS_ADDRESS='tcp:host=x;unix:path=/nowhere;unix:guid=0,path=/run/dbus/system%5fbus%5Fsocket' \
	jlmkr-stop m1
status 0
err_empty

story 'machined is masked: a sentence, or without it'
in_host systemctl mask --now systemd-machined dbus-org.freedesktop.machine1 2> /dev/null
try jlmkr-start m1
status 1
err_has 'masked'
in_host sed -i 's/^    --keep-unit/    --keep-unit --register=no/' $config
expect_status 0 jlmkr-start m1
expect_status 7 jlmkr-exec m1 sh -c 'exit 7'
expect_status 0 jlmkr-restart m1
try jlmkr-list
status 0
try jlmkr-stop m1
status 0
is inactive "$(active)"

story 'without the bus systemd is asked itself'
up
in_host systemctl stop dbus.socket dbus.service 2> /dev/null
try jlmkr-stop m1
status 0
err_has 'asking systemd itself'
is inactive "$(active)"
expect_status 0 jlmkr-start m1
expect_status 7 jlmkr-exec m1 sh -c 'exit 7'
try jlmkr-list
status 0
try jlmkr-status m1 --no-pager
status 0
expect_status 0 jlmkr-restart m1
set_hook pre_start_hook /bin/false
try jlmkr-restart m1
status 1
err_has 'hook'
set_hook pre_start_hook '/bin/sleep 2'

story 'systemd replaces itself while it is asked without the bus'
meanwhile 'systemctl daemon-reexec' jlmkr-start m1
status 0
in_host jlmkr-exec m1 systemctl is-system-running --wait > /dev/null 2>&1
slow 2
meanwhile 'systemctl daemon-reexec' jlmkr-stop m1
status 0
is inactive "$(active)"
set_hook pre_start_hook ''
in_host systemctl start dbus.socket
in_host systemctl unmask systemd-machined dbus-org.freedesktop.machine1 2> /dev/null
in_host sed -i 's/ --register=no//' $config

story 'odd names'
long=aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd.eeeeeeeeefffffffff-gggg
is 64 ${#long}
for name in x.mount a.b-c 0123 $long; do
	in_host mv $jails/m1 "$jails/$name"
	expect_status 0 jlmkr-start "$name"
	expect_status 7 jlmkr-exec "$name" sh -c 'exit 7'
	try jlmkr-list
	out_has "^$name  *True"
	expect_status 0 jlmkr-stop "$name"
	is inactive "$(active "$name.service")"
	in_host mv "$jails/$name" $jails/m1
done
for name in a- a-.b a.-b a..b .a -- -a "${long}g"; do
	try jlmkr-create -- "$name"
	refused
	err_has 'cannot be the name of a jail'
	! in_host test -e "$jails/$name" || fail "$name is there"
done

finish
