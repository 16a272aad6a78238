#!/bin/sh
# A jail that runs a command instead of an init: an application container.
. "$(dirname "$0")/lib.sh"

musl-gcc -static -Os -s -o "$tmp/app" "$here/app.c" || exit 1

# One with nothing but the program, and one with Debian around it.
make_jails() {
	in_host sh -c "mkdir -p $jails/app/rootfs/opt/bin $jails/app/rootfs/etc $jails/app/rootfs/data
		: > $jails/app/config"
	host push "$tmp/app" $jails/app/rootfs/opt/bin/app
	in_host sh -c "cat > $jails/app/rootfs/etc/passwd; echo media:x:44:srv > $jails/app/rootfs/etc/group
		chmod 755 $jails/app/rootfs/opt/bin/app" <<-END
		root:x:0:0::/root:/bin/sh
		srv:x:1000:1001::/data:/sbin/nologin
	END
	try jlmkr-create -q deb
	status 0
}
make_jails

# set KEY=VALUE...: in the config of app, which has nothing else
config() {
	in_host sh -c "printf '%s\n' \"\$@\" > $jails/app/config" - "$@"
}
log() { in_host journalctl -u jlmkr-app -o cat --no-pager -n 60 > "$tmp/log"; }
log_has() { log; grep -qxe "$1" "$tmp/log" || { fail "the log lacks '$1'"; tail -n 30 "$tmp/log"; }; }
gone() { in_host sh -c '! systemctl is-active -q jlmkr-app; ls /run/systemd/transient /run/systemd/machines'; }

story 'it runs the command of its config, with its variables, as its user, in its directory'
config "init_command=app 'two words' \$HOME" init_env='PATH=/usr/bin:/opt/bin' "  'NAME=a b'" \
	init_user=srv init_directory=/data
try jlmkr-start app
status 0
err_lacks failed
log_has 'I am 2, user 1000, group 1001, in /data'
log_has 'groups: 44'
log_has 'words: \[/opt/bin/app\] \[two words\] \[$HOME\]'
log_has 'env NAME=a b'
log_has 'env PATH=/usr/bin:/opt/bin'
log_has 'env HOME=/data'
! grep JLMKR "$tmp/log" > "$tmp/out" || fail 'it sees what is not for it'
is 600 "$(in_host stat -c %a $jails/app/config.json)"
is '' "$(in_host find $jails/app/rootfs -newer $jails/app/config -type f -path '*jlmkr*')"

story 'its output is in the log'
try jlmkr-log --no-pager -n 50 app
status 0
out_has 'words: \[/opt/bin/app\]'

story 'list and status tell it'
try jlmkr list -o NAME,RUNNING,COMMAND
out_has "^app *True *app 'two words' '\$HOME'"
try sh -c "jlmkr list --json | grep -o '\"command\":[^,}]*'"
out_has 'two words'
out_has null
try jlmkr status app --no-pager
status 0
out_has 'active (running)'

story 'a command is run in it with its variables, though there is no systemd and no shell'
try jlmkr exec app app crash
status 7
out_has 'env NAME=a b'
out_has 'user 0'
try jlmkr exec -E NAME=c --user srv --cwd /data app app crash
status 7
out_has 'env NAME=c'
out_lacks 'env NAME=a b'
out_has 'user 1000, group 1001, in /data'
try jlmkr exec app nothing
status 127
try jlmkr shell app
status 127
err_has /bin/sh

story 'a stop ends it with its signal'
try jlmkr-stop -t 5 app
status 0
err_lacks kill
log_has 'signal 15'
gone > "$tmp/out" || fail 'it runs still'
for words in INT:02 SIGQUIT:03 10:10; do
	config 'init_command=/opt/bin/app' "stop_signal=${words%:*}"
	try jlmkr-start -q app
	status 0
	try jlmkr-stop -t 5 app
	status 0
	log_has "signal ${words#*:}"
done

story 'so does systemd at the shutdown of the host'
try jlmkr-start -q app
try systemctl stop jlmkr-app
status 0
log_has 'signal 10'

story 'the first process of the jail, for those that must be that'
config 'init_command=/opt/bin/app' init_pid1=1 stop_signal=QUIT init_user=1000:5
try jlmkr-start -q app
status 0
log_has 'I am 1, user 1000, group 5, in /'
try jlmkr exec app /opt/bin/app exit 3
status 3
try jlmkr-stop -t 5 app
status 0
log_has 'signal 03'

story 'a command that hears no signal is killed in the end'
for pid1 in 0 1; do
	config 'init_command=/opt/bin/app deaf' init_pid1=$pid1
	try jlmkr-start -q app
	status 0
	begun=$(date +%s)
	try jlmkr-stop -t 2 app
	status 0
	err_has 'does not stop within 2 s, killing it'
	[ $(($(date +%s) - begun)) -lt 8 ] || fail 'it took too long'
	gone > "$tmp/out" || fail 'it runs still'
done
config 'init_command=/opt/bin/app deaf' systemd_run_user_args=--property=TimeoutStopSec=1
try jlmkr-start -q app
try jlmkr-stop --now app
status 0
gone > "$tmp/out" || fail 'it runs still'
try jlmkr-start -q app
status 0
try systemctl stop jlmkr-app
gone > "$tmp/out" || fail 'it runs still'

story 'a restart takes the new config'
config 'init_command=/opt/bin/app one'
try jlmkr-start -q app
config 'init_command=/opt/bin/app two'
try jlmkr-restart -q app
status 0
log_has 'words: \[/opt/bin/app\] \[two\]'
config 'init_command=/opt/bin/nothing'
try jlmkr-restart -q app
refused
err_has 'still runs with its old config'
try jlmkr-stop -q app
status 0

# refuses STATUS SENTENCE KEY=VALUE...: in one line, and nothing is left
refuses() {
	wanted=$1 sentence=$2
	shift 2
	config "$@"
	try jlmkr-start -q app
	status "$wanted"
	one_line_err
	err_has "$sentence"
	gone > "$tmp/out" || fail 'it runs'
}

story 'what cannot be run is refused in a sentence'
refuses 1 'its init_command cannot be run: /opt/bin/no does not exist' init_command=/opt/bin/no
refuses 1 "it has no program 'app' to run: .* not in /usr/local/sbin" init_command=app
refuses 1 'its init_command cannot be run: /etc/passwd is not executable' init_command=/etc/passwd
refuses 1 'its init_directory /no/where does not exist in it' init_command=/opt/bin/app init_directory=/no/where
refuses 1 "its init_user 'bob' is not in its /etc/passwd" init_command=/opt/bin/app init_user=bob
refuses 1 "the group 'bob' of its init_user is not in its /etc/group" init_command=/opt/bin/app init_user=srv:bob
refuses 1 "there is no signal 'SIGNO'" init_command=/opt/bin/app stop_signal=SIGNO

story 'a command that ends at once is told, with its status'
config 'init_command=/opt/bin/app exit 0'
try jlmkr-start app
status 1
err_has 'starting app: its command /opt/bin/app exited with status 0; '
config 'init_command=/opt/bin/app exit 3'
try jlmkr-start app
status 1
err_has 'starting app: its command /opt/bin/app exited with status 3'
gone > "$tmp/out" || fail 'it runs'

story 'Restart= starts it again'
config 'init_command=/opt/bin/app crash' 'systemd_run_user_args=--property=Restart=on-failure --property=RestartSec=100ms'
try jlmkr-start -q app
status 0
soon sh -c 'test "$(systemctl show -P NRestarts jlmkr-app)" -ge 2'
try jlmkr-stop -q app
status 0
gone > "$tmp/out" || fail 'it runs still'
in_host sleep 1
gone > "$tmp/out" || fail 'it was started again'

story 'startup starts it'
config 'init_command=/opt/bin/app' startup=1
try jlmkr-startup
status 0
try jlmkr list -o NAME,RUNNING
out_has '^app *True'
try jlmkr-stop -q app
status 0

story 'a boot in the options is left out with a note, words that would be run are refused'
config 'init_command=/opt/bin/app' systemd_nspawn_user_args=--boot
try jlmkr-start app
status 0
err_has 'left out --boot: app runs its init_command'
try jlmkr-stop -q app
config 'init_command=/opt/bin/app' systemd_nspawn_user_args=/bin/sh
try jlmkr-start -q app
refused
err_has "'/bin/sh' would be run instead of the init_command"

story 'a dry run shows it and writes nothing'
config 'init_command=/opt/bin/app' init_user=srv
in_host rm -f $jails/app/config.json
try jlmkr start --dry-run app
status 0
out_has '\-\-as-pid2 --oci-bundle=. --timezone=auto --setenv=HOME=/data /opt/bin/app$'
err_has 'config.json is not there as the config has it: a start writes it'
try test -e $jails/app/config.json
status 1

story 'the command line that it shows makes the same unit'
try jlmkr-start -q app
try sh -c "cd $jails/app && jlmkr stop -q app && jlmkr start --dry-run app 2> /dev/null | sh"
status 0
log_has 'I am 2, user 1000, group 1001, in /'
try jlmkr-stop -q app
status 0
log_has 'signal 15'

story 'a shell is a command, too; a session is had without a systemd'
in_host jlmkr config -q deb init_command="sh -c 'trap \"exit 0\" TERM; echo up; while :; do sleep 0.1; done'" \
	init_user=www-data initial_setup='touch /done'
try jlmkr-start deb
status 0
err_has 'initial_setup is not run'
try jlmkr exec --user www-data deb sh -c 'id -un; ps -o user= -p 2'
is "www-data
www-data" "$(cat "$tmp/out")"
try jlmkr shell deb /bin/sh -c 'exit 4'
status 4
talk jlmkr shell deb << 'END'
> echo $((40 + 2)) $0; exit 5
< 42
END
status 5
try jlmkr-stop -t 5 deb
status 0
try test -e $jails/deb/rootfs/done
status 1

story 'it boots again when the command is taken out'
in_host jlmkr config -q deb init_command= init_user= initial_setup=
try jlmkr-start -q deb
status 0
try jlmkr exec deb systemctl is-system-running --wait
err_empty
try jlmkr-stop -q deb
status 0

story 'a hostile root file system has no say in who runs it'
in_host sh -c "ln -sf /etc/shadow $jails/app/rootfs/etc/passwd; mkdir -p $jails/app/rootfs/usr/bin
	cp $jails/app/rootfs/opt/bin/app $jails/app/rootfs/usr/bin/getent"
refuses 1 "its init_user 'srv' is not in its /etc/passwd" init_command=/opt/bin/app init_user=srv
in_host sh -c "rm $jails/app/rootfs/etc/passwd; printf 'srv:x:0:0:::\nroot:x:4294967295:0:::\n' > $jails/app/rootfs/etc/passwd"
refuses 1 "its init_user '4294967295' is not" init_command=/opt/bin/app init_user=4294967295
config init_command=/opt/bin/app init_user=1000
try jlmkr-start -q app
status 0
log_has 'I am 2, user 1000, group 0, in /'
try jlmkr-stop -q app

finish
