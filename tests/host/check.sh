#!/bin/sh
# The check of a config, as create, start, restart and startup show it; and what a config can say of
# the jail's unit and name.
. "$(dirname "$0")/lib.sh"

try jlmkr-create -q web
status 0
conf=$jails/web/config
in_host cp "$conf" /tmp/good
# broken SED: the config with that change
broken() { in_host sh -c "sed \"$1\" /tmp/good > $conf"; }
count() { is "$1" "$(grep -c "$2" "$tmp/err")"; }

story 'warnings of the check are shown once by start, restart and startup'
in_host sh -c "printf 'sartup=1\n# mine\n startup=1\nmemory=2G\n--bind=/tmp\n' | cat - /tmp/good > $conf"
for words in 'start web' 'restart web' 'stop web' 'startup'; do
	[ "$words" != startup ] || in_host sed -i 's/^startup=0/startup=1/' $conf
	try jlmkr $words
	status 0
	[ "$words" != 'stop web' ] || continue
	count 1 "warning: web: config: line 1: unknown key 'sartup', did you mean 'startup'?"
	count 1 "warning: web: config: line 3: the line is indented, so it is not read as the key 'startup'"
	count 1 "warning: web: config: line 4: unknown key 'memory'; 'jlmkr help config' lists the keys"
	count 1 "warning: web: config: line 5: '--bind' is not indented, so it is not part of the value above"
done

story 'a dry run shows all of it, and what would keep the jail from starting'
broken 's|^systemd_nspawn_user_args=|sartup=1\n&--bind=/not/there|'
try jlmkr-start -q --dry-run web
status 0
err_has "^warning: web: config: line [0-9]*: unknown key 'sartup'"
err_has '^warning: web: config: line [0-9]*: --bind=/not/there: there is no /not/there'
out_has '^systemd-run '

story 'a broken config never costs a running jail'
in_host cp /tmp/good "$conf"
try jlmkr-restart -q web
leader=$(in_host machinectl show web -p Leader)
keeps() {
	broken "$1"
	try jlmkr-restart web
	status 1
	tail -n 1 "$tmp/err" | grep -q "web was not restarted and still runs with its old config: .*config: line [0-9]*: .*$2" ||
		fail "the last line lacks '$2'"
	is "$leader" "$(in_host machinectl show web -p Leader)"
}
keeps 's/^seccomp=1/seccomp=perhaps/' "seccomp must be 1 or 0, not 'perhaps'"
keeps "s/^systemd_nspawn_user_args=/&--bind='/" "the quote ' is not closed"
keeps 's|^systemd_nspawn_user_args=|&--bind=/not/there|' 'there is no /not/there'
keeps 's/^systemd_nspawn_user_args=/&--network-bridge=br9/' 'there is no interface br9'
keeps 's|^systemd_nspawn_user_args=|&--bindro=/tmp|' 'systemd-nspawn has no option --bindro; did you mean --bind-ro?'
keeps 's|^systemd_nspawn_user_args=|&--bind=/tmp:/x:ro|' 'write --bind-ro=/tmp:/x'
keeps 's|^pre_start_hook=|&/not/there/script|' 'there is no /not/there/script'
keeps 's|^systemd_run_user_args=|&--nice=x|' "'x' is not a number"
keeps 's|^systemd_run_user_args=|&--property=MemMax=1|' 'unknown property'
keeps 's|^hostname=|&my_host|' "hostname 'my_host' must be"
keeps 's|^systemd_run_user_args=|&--property=KillMode=bogus|' 'KillMode=bogus: systemd refuses it'
keeps 's|^systemd_run_user_args=|&--property=JobTimeoutSec=5|' 'this systemd has no such property'
in_host rm $conf
try jlmkr-restart web
refused
is "$leader" "$(in_host machinectl show web -p Leader)"
in_host cp /tmp/good "$conf"

story 'when a change is read is said, and only where it matters'
try jlmkr-config web startup=1
err_empty
try jlmkr-config web distro=fedora
err_has '^distro is read only when a jail is created: web stays what it is'
err_lacks restart
try jlmkr-config web initial_setup=true
err_has "^'jlmkr setup web' runs the new initial_setup"
err_lacks restart
try jlmkr-config web seccomp=0
err_has "^web runs with its old config until 'jlmkr restart web'"
in_host cp /tmp/good "$conf"

story 'options are added to the defaults of the unit'
try jlmkr-config -q web systemd_run_user_args+=--property=MemoryMax=2G systemd_run_user_args+=--desc=mine
status 0
try jlmkr-restart -q web
status 0
err_empty
try systemctl show -p MemoryMax,Delegate,KillMode,Type,Description jlmkr-web.service
for line in MemoryMax=2147483648 Delegate=yes KillMode=mixed Type=notify Description=mine; do
	out_has "^$line\$"
done
try jlmkr-config web systemd_nspawn_user_args=--property=MemoryMax=3G
err_has 'has no effect here with --keep-unit; write systemd_run_user_args=--property=MemoryMax=3G'
try jlmkr-config web systemd_run_default_args=--property=MemoryMax=3G
err_has 'warning: web: config: line [0-9]*: systemd_run_default_args lacks --property=Delegate=yes --property=KillMode=mixed'
in_host cp /tmp/good "$conf"

story 'the unit is called as with the Python tool, whatever --unit says'
try jlmkr-config web 'systemd_run_user_args=--unit=other --slice-inherit --slice=jails'
err_has 'option --unit of systemd-run is ignored'
try systemd-run -q --wait --slice=outer jlmkr --dir "${jails%/jails}" restart -q web
status 0
try systemctl show -p Description,Slice jlmkr-web.service
out_has '^Description=My nspawn jail web \[created with jailmaker\]$'
is outer-jails.slice "$(in_host systemd-run -q --wait --pipe --slice=outer systemd-run -q --wait --pipe --slice-inherit \
	--slice=jails cat /proc/self/cgroup | grep -o '[^/]*[.]slice/run-' | sed 's,/run-,,' | head -n 1)"
out_has '^Slice=outer-jails.slice$'
try systemctl status other.service
status 4
try jlmkr-stop -q web
in_host cp /tmp/good "$conf"

story 'with Restart= a missing bind is left to systemd, which tries again'
in_host sh -c "sed 's|^systemd_nspawn_user_args=|&--bind=/late|
	s|^systemd_run_user_args=|&-p Restart=on-failure -p RestartSec=1|' /tmp/good > $conf"
try jlmkr-start web
err_has 'warning: web: config: line [0-9]*: --bind=/late: there is no /late; systemd tries again, as Restart= says'
tail -n 1 "$tmp/err" | grep -q 'there is no /late; systemd tries again' || fail 'it is not said that systemd goes on'
in_host mkdir /late
for i in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(in_host systemctl is-active jlmkr-web.service)" != active ] || break
	sleep 0.5
done
is active "$(in_host systemctl is-active jlmkr-web.service)"
try jlmkr-stop -q web
in_host sh -c 'rmdir /late; systemctl reset-failed' 2> /dev/null
in_host cp /tmp/good "$conf"

story 'a hook that fails is the cause, whatever is missing'
in_host sh -c "sed 's|^systemd_nspawn_user_args=|&--bind=/not/there|; s|^pre_start_hook=|&/bin/false|' /tmp/good > $conf"
try jlmkr-start web
status 1
tail -n 1 "$tmp/err" | grep -q 'starting web: pre_start_hook (line [0-9]* of its config) exited with status 1' ||
	fail 'the hook is not named'
! tail -n 1 "$tmp/err" | grep -q /not/there || fail 'two causes in one sentence'
in_host cp /tmp/good "$conf"
try jlmkr-config web 'pre_start_hook=/bin/echo a > /tmp/b'
err_has "no shell reads this, so '>' is an argument; begin with #!/bin/sh"
in_host cp /tmp/good "$conf"

story 'create warns of what is missing, writes the host name, and a first start tells hints'
try jlmkr-create --hostname=mail.example.org --start h1 --bind=/not/there
refused
err_has 'warning: config: line [0-9]*: --bind=/not/there: there is no /not/there'
is mail.example.org "$(in_host jlmkr-config h1 hostname)"
try jlmkr-config -q h1 'systemd_nspawn_user_args=--network-bridge=br9 --bind=~/x'
err_has 'there is no interface br9'
err_has "'~' is not expanded here; write --bind=/root/x"
try jlmkr-config -q h1 "systemd_nspawn_user_args=--setenv='A=\$\$'"
try jlmkr-config --check h1
status 0
out_has 'hint: --setenv=A=\$\$: jlmkr hands'
try jlmkr-start h1
status 0
count 1 'h1: config: line [0-9]*: --setenv=A=\$\$: jlmkr hands .* on as it is'
is mail.example.org "$(in_host jlmkr exec h1 hostname)"
try jlmkr-restart h1
status 0
err_lacks 'jlmkr hands'
try jlmkr-create --hostname=a_b h2
refused
err_has "hostname 'a_b' must be"
try jlmkr-stop -q h1

# Jails that nothing has to boot in: what counts is when their units begin.
story 'startup starts jails with hooks in turn, beside the others'
for name in a1 b1 c1 d1; do
	in_host cp -a $jails/h1 $jails/$name
	in_host sh -c "sed 's/^startup=0/startup=1/' /tmp/good > $jails/$name/config"
done
for name in a1 b1 c1; do
	try jlmkr-config -q $name "pre_start_hook=#!/bin/sh
echo begin $name >> /tmp/turn
sleep 1
echo end $name >> /tmp/turn" "post_start_hook=#!/bin/sh
echo up $name >> /tmp/turn"
done
in_host rm -f /tmp/turn
try jlmkr startup
status 0
err_has '4 jails: 4 started'
is 'begin a1
end a1
up a1
begin b1
end b1
up b1
begin c1
end c1
up c1' "$(in_host cat /tmp/turn)"
when() { in_host systemctl show --value -p ExecMainStartTimestampMonotonic "jlmkr-$1.service"; }
[ "$(when d1)" -lt "$(when b1)" ] || fail 'one without hooks waited'
try jlmkr startup
err_has '4 jails: 4 ran already'
try jlmkr-stop -q a1 b1 c1 d1
in_host sed -i 's/sleep 1/exit 1/' $jails/b1/config
try jlmkr startup
status 1
err_has '4 jails: 3 started, 1 failed'
try jlmkr-stop -q a1 c1 d1
finish
