#!/bin/sh
# A start shown beforehand, and a start that fails: who is to blame, in one sentence, and no trace.
. "$(dirname "$0")/lib.sh"

# config RUN NSPAWN HOOKS: the config of web, with more words of systemd-run, of nspawn, and
# lines of hooks. The first line is line 1.
config() {
	printf '%s\n' "$3" "systemd_run_default_args=--collect" '	-p Delegate=yes' \
		'	--property=SuccessExitStatus=133' '	-E SYSTEMD_NSPAWN_LOCK=0' \
		'	-p KillMode=mixed -p TimeoutStartSec=2' "${1:-	-p Type=notify}" \
		"systemd_nspawn_user_args=$2" 'distro=debian' 'release=bookworm' |
		in_host sh -c "cat > $jails/web/config"
}

# A start that fails takes no trace with it, and is told in one sentence at the end.
fails() {
	try jlmkr-start web
	status "$1"
	shift
	for words; do
		tail -n 1 "$tmp/err" | grep -qe "$words" || fail "the last line lacks '$words'"
	done
	# systemd collects what has failed in its own time.
	soon sh -c '[ -z "$(systemctl list-units --all --no-legend "jlmkr-*"; ls /run/systemd/transient)" ]'
}

try jlmkr-create -q web
status 0

story 'a hook that fails is named: script and command'
config '' '' 'pre_start_hook=#!/bin/sh
	echo oh dear
	exit 7'
fails 1 'pre_start_hook (line 1 of its config) exited with status 7'
err_has '^  oh dear$'
config '' '' 'pre_start_hook=/bin/sh -c "echo oh; exit 9"'
fails 1 'pre_start_hook (line 1 of its config) exited with status 9'
err_has '^  oh$'
config '' '' 'pre_start_hook=/tmp'
fails 1 'pre_start_hook (line 1 of its config) could not be run (203/EXEC)'
config '' '' 'pre_start_hook=/nowhere/to/be/found'
fails 1 'config: line 1: pre_start_hook: there is no /nowhere/to/be/found'
config '' '' 'post_start_hook=#!/bin/sh
	echo oh dear
	kill -9 $$'
fails 1 'post_start_hook (line 1 of its config) was killed by SIGKILL'
err_has '^  oh dear$'
config '' '' 'post_start_hook=/bin/sh -c "exit 5"'
fails 1 'post_start_hook (line 1 of its config) exited with status 5'
config '' --tmpfs=nowhere/at/all 'post_stop_hook=#!/bin/sh
	exit 3'
fails 1 'systemd-nspawn exited with status 1'
err_has 'And post_stop_hook (line 1 of its config) exited with status 3'
err_has 'nowhere/at/all'
config '	-p Type=notify -p ExecStartPre=/bin/true -p ExecStartPre=/bin/false
	-p ExecStartPre=-/bin/false' '' 'pre_start_hook=/bin/true'
fails 1 'ExecStartPre=/bin/false (line 7 of its config) exited with status 1'

story 'a hook that hangs is named, and the time that it had'
config '' '' 'pre_start_hook=/bin/sleep 100'
fails 1 'pre_start_hook (line 1 of its config) took longer than the 2 s of TimeoutStartSec='
config '' '' 'post_start_hook=#!/bin/sh
	sleep 100'
fails 1 'post_start_hook (line 1 of its config) took longer than the 2 s of TimeoutStartSec='

story 'a hook that prints a megabyte'
config '' '' 'pre_start_hook=#!/bin/sh
	head -c 500000 /dev/zero | tr "\000" x
	head -c 700000 /dev/zero | base64
	echo the end
	exit 1'
fails 1 'pre_start_hook .*exited with status 1'
[ "$(wc -c < "$tmp/err")" -lt 9000 ] || fail 'all of it is shown'

story 'a hook that fails at the stop does not keep a jail from starting'
config '' '' 'post_stop_hook=/bin/false'
try jlmkr-start web
status 0
try jlmkr-stop web
status 0

story 'nspawn that fails'
config '' '--tmpfs=nowhere/at/all' ''
fails 1 'systemd-nspawn exited with status 1'
err_has 'nowhere/at/all'
config '	-p Type=notify -p SuccessExitStatus=1' --tmpfs=nowhere/at/all ''
fails 1 'systemd-nspawn exited with status 1/FAILURE before it was ready'
config '	-p Type=notify --uid=nobody' '' ''
fails 1 'systemd-nspawn could not be run (200/CHDIR)'

story 'an option that nspawn does not have is refused before anything is asked'
config '' --nonsense ''
fails 1 'config: line 8: systemd-nspawn has no option --nonsense'
config '' --bind=/tmp:/media:ro ''
fails 1 "config: line 8: --bind=/tmp:/media:ro: systemd-nspawn has no 'ro' here; write --bind-ro=/tmp:/media"

story 'what our check refuses, nspawn refuses'
for words in --bind=/tmp:/media:ro --bind=/tmp:/media:z --bind=tmp:/media --bind=~/x:/media --bind=/tmp:media \
	--bind=/tmp:ro --hostname=my_host- --boot=1; do
	try systemd-nspawn -q --directory=$jails/web/rootfs $words true
	refused
done

story 'conditions'
config '	-p Type=notify -p ConditionPathExists=!/etc' '' ''
fails 1 'ConditionPathExists=!/etc is not met'
config '	-p Type=notify -p AssertPathExists=/nowhere' '' ''
fails 1 'AssertPathExists=/nowhere is not met'

story 'what systemd refuses is found in the config'
config '	-p Type=notify
	-p Nice=5 -p KillMode=bogus' '' ''
fails 1 'config: line 8: KillMode=bogus: systemd refuses it: .*KillMode'
config '	-p Type=notify --slice=foo.service' '' ''
fails 1 'line 7: --slice=foo.service: systemd refuses it'
config '' '' 'pre_start_hook=a/b'
fails 1 'line 1: pre_start_hook=a/b: systemd refuses it'
config '	-p Requires=nope.service' '' ''
fails 3 'line 7: .*nope.service not found'
config '	-p MemoryZSwapMax=5M' '' ''
fails 1 'line 7: MemoryZSwapMax= needs systemd 253, this is 252'
config '	-p JobTimeoutSec=5' '' ''
fails 1 'line 7: JobTimeoutSec=5: this systemd has no such property'

story 'what systemd-run refuses is refused before anything is asked'
config '	-p Memorymax=5M' '' ''
fails 1 "line 7: unknown property 'Memorymax'; did you mean MemoryMax?"
config '	-p MemoryMax=5Q' '' ''
fails 1 "line 7: property MemoryMax: '5Q'"
config '	--pty' '' ''
fails 1 'line 7: .*--pty'
config '	--nice=99' '' ''
fails 1 "line 7: --nice: '99'"

story 'every option that a config can carry'
config '	-p Type=notify --property=MemoryMax=3G --setenv=A=1 --setenv B=2 -E C=3 --slice=jails
	--uid=root --gid=root --nice=3 --description="my own" --remain-after-exit
	--send-sighup --service-type=notify' '' ''
try jlmkr-start web
status 0
try systemctl show -p Description,Slice,User,Group,Nice,Type,RemainAfterExit,SendSIGHUP \
	-p MemoryMax,Environment,CollectMode jlmkr-web.service
for line in 'Description=my own' Slice=jails.slice User=root Group=root Nice=3 Type=notify \
	RemainAfterExit=yes SendSIGHUP=yes MemoryMax=3221225472 CollectMode=inactive-or-failed \
	'Environment=SYSTEMD_NSPAWN_LOCK=0 A=1 B=2 C=3'; do
	out_has "^$line$"
done

story 'a jail that runs is left alone, and shown all the same'
try jlmkr-start web
status 0
err_has 'web runs already'
try jlmkr-start -q --dry-run web
status 0
err_empty
out_has '^systemd-run --unit=jlmkr-web.service '
expect_status 0 jlmkr-stop -q --now web
in_host systemctl stop jlmkr-web.service 2> /dev/null

story 'a failed unit that stayed is started anew'
config '	-p Type=notify -p CollectMode=inactive' '' 'pre_start_hook=/bin/false'
in_host sed -i 's/=--collect/=/' $jails/web/config
try jlmkr-start web
status 1
is failed "$(in_host systemctl is-active jlmkr-web.service)"
in_host sed -i 's/^pre_start_hook=.*//' $jails/web/config
try jlmkr-start web
status 0
try jlmkr-stop web

story 'a start while another start, or a stop, is under way waits for it'
config '	-p Type=notify -p TimeoutStartSec=20' '' 'post_start_hook=/bin/sleep 1.5
post_stop_hook=/bin/sleep 2'
web_is() { soon sh -c '[ "$(systemctl is-active jlmkr-web.service)" = "$1" ]' - "$1"; }
in_host jlmkr-start -q web 2> "$tmp/first" &
web_is activating
try jlmkr-start web
status 0
err_has 'web is starting already: waiting for that'
err_has 'web runs already'
wait $! || fail 'the first start failed'
in_host systemctl kill -s 9 jlmkr-web.service
web_is deactivating
try jlmkr-start web
status 0
err_has 'web is stopping already: waiting for that'

story 'an interrupt says what goes on'
expect_status 0 jlmkr-stop web
tried='jlmkr-start web, interrupted'
in_host sh -c 'jlmkr-start web & until [ "$(systemctl is-active jlmkr-web.service)" = activating ]; do sleep 0.05; done
	sleep 0.2; kill -INT $!; wait $!' 2> "$tmp/err" && rc=0 || rc=$?
status 130
err_has 'interrupted, but it goes on starting'
try jlmkr-stop web

# The unit of a jail that shuts down is active to the end.
config '	-p Type=notify' '' ''
in_host sh -c "printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStop=/bin/sleep 2\n' \
	> $jails/web/rootfs/etc/systemd/system/slow.service"
up() {
	in_host sh -c 'jlmkr-start -q web; jlmkr exec web systemctl is-system-running --wait
		jlmkr exec web systemctl start slow' > /dev/null 2>&1
}
leader() { in_host machinectl show --value -p Leader web; }

story 'a start while the jail shuts down waits, and starts it'
# On a busy machine the stop has not always begun so soon.
for delay in 0.02 0.1 0.4 1; do
	up
	before=$(leader)
	try sh -c "jlmkr-stop web & sleep $delay; jlmkr-start web; echo \$?; wait"
	grep -q 'runs already' "$tmp/err" || break
done
out_has '^0$'
err_has '^web is shutting down: waiting'
err_lacks 'runs already'
[ "$before" != "$(leader)" ] || fail 'it was not started'
expect_status 0 jlmkr-exec web true

story 'and so if nobody asked jlmkr for it'
up
before=$(leader)
# Its systemd says when it has taken the signal; on a busy machine that takes a while.
in_host sh -c 'kill -s RTMIN+4 "$1"; tries=0
	until [ "$(nsenter -t "$1" -m -p systemctl is-system-running)" = stopping ] ||
		[ $((tries += 1)) -gt 100 ]; do sleep 0.02; done
	systemctl is-active jlmkr-web.service' sh "$before" > "$tmp/state"
is active "$(cat "$tmp/state")"
try jlmkr-start web
status 0
err_has '^web is shutting down: waiting'
[ "$before" != "$(leader)" ] || fail 'it was not started'
expect_status 0 jlmkr-exec web true

story 'a jail that just runs is not asked whether it shuts down'
up
in_host kill -STOP "$(leader)"
try timeout 3 jlmkr-start web
status 0
err_has 'web runs already'
in_host kill -CONT "$(leader)"
try jlmkr-stop web

story 'a systemd whose libraries are missing is a failed start'
libraries=$jails/web/rootfs/usr/lib/x86_64-linux-gnu
in_host mv "$libraries/systemd" "$libraries/elsewhere"
fails 1 'systemd-nspawn exited with status 127'
err_has 'error while loading shared libraries: libsystemd'
in_host mv "$libraries/elsewhere" "$libraries/systemd"
linker=$jails/web/rootfs/usr/lib64/ld-linux-x86-64.so.2
in_host mv "$linker" "$linker.away"
fails 1 '/sbin/init needs /lib64/ld-linux-x86-64.so.2, which does not exist'
in_host mv "$linker.away" "$linker"
expect_status 0 jlmkr-start web
try jlmkr-stop web

# A jail that is no jail: what it lacks is told before anything runs.
root=$jails/bare/rootfs
in_host jlmkr-create -q --distro=fedora --release=43 bare
bare() {
	try jlmkr-start bare
	status 1
	tail -n 1 "$tmp/err" | grep -qe "starting bare: its root file system has no init that can run: $1" ||
		fail "the last line lacks '$1'"
	is '' "$(in_host systemctl list-units --all --no-legend 'jlmkr-bare*')"
	in_host sh -c 'journalctl -q -u jlmkr-bare | grep .' && fail 'something ran'
}

story 'a root without an init that can run'
bare '/sbin/init is a script for /bin/sh, which does not exist'
in_host rm $root/usr/lib/systemd/systemd $root/usr/sbin/init
bare 'it has neither /usr/lib/systemd/systemd nor /sbin/init'
in_host touch $root/usr/sbin/init
bare '/sbin/init is not executable'
in_host chmod +x $root/usr/sbin/init
bare '/sbin/init is neither a program nor a script'
in_host sh -c "printf '\\177ELF\\2\\1\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\2\\0\\267\\0%040d' 0 > $root/usr/sbin/init"
bare '/sbin/init is a program for another architecture, aarch64'
in_host sh -c "rm $root/usr/sbin/init; mkdir $root/usr/sbin/init"
bare '/sbin/init is not a file'
in_host rmdir $root/usr/sbin/init

story 'an init that ends at once is a failed start'
echo 'int main(void) { return 2; }' | musl-gcc -static -Os -x c -o "$tmp/init" - || fail 'init'
host push "$tmp/init" $root/usr/sbin/init
try jlmkr-start bare
status 1
err_has 'The last lines of its log'
err_has 'systemd-nspawn exited with status 2'
try jlmkr-list
out_has '^bare  *False'

story 'an init that goes on is a jail that runs, whatever it is'
musl-gcc -static -Os -o "$tmp/init" "$here/../sequences/init.c" || fail 'init.c'
in_host rm $root/usr/sbin/init
host push "$tmp/init" $root/usr/sbin/init
try jlmkr-start bare
status 0
try jlmkr-list
out_has '^bare  *True'

story 'a jail whose init is gone is not stopped by a restart'
in_host rm $root/usr/sbin/init
try jlmkr-restart bare
status 1
err_has 'it has neither'
try jlmkr-list
out_has '^bare  *True'
expect_status 0 jlmkr-stop bare

# What nspawn gets and what systemd gets. A program in its place notes its arguments.
story 'arguments reach nspawn as they are, pasted too'
in_host sh -c 'mkdir -p /tmp/fake && cat > /tmp/fake/systemd-nspawn && chmod 755 /tmp/fake/*' <<'END'
#!/bin/sh
printf '%s\0' "$@" > /tmp/arguments
exec sleep 1000
END
config '	-p Type=exec' "'--a=\$HOME \${X} \$\$ \$' --b=%%n%h% '--c=\"q\" \\\\ \\x41'
	--d=\"it's\" '--e=two
	lines' --f= \"\" '--g=a;b&c|d<e>f*?[x]~!#' 	'--h=	tab ä'" 'pre_start_hook=#!/bin/sh
	true'
with_fake() { try env PATH=/tmp/fake:/usr/bin:/bin:/root/.local/bin "$@"; }
in_host rm -f $jails/web/.ExecStartPre
with_fake jlmkr-start --dry-run web
status 0
err_has '/.ExecStartPre is not there as the config has it: a start writes it'
out_has '\$\$HOME'
cp "$tmp/out" "$tmp/pasted"
! in_host test -e $jails/web/.ExecStartPre || fail 'a dry run wrote a hook'
with_fake jlmkr-start -q --dry-run --json web
cp "$tmp/out" "$tmp/shown.json"
in_host sh -c 'exec busctl --json=short monitor org.freedesktop.systemd1' > "$tmp/heard" 2> /dev/null &
monitor=$!
sleep 0.5
with_fake jlmkr-start -q web
status 0
sleep 0.5
in_host sh -c 'cat /tmp/arguments; rm /tmp/arguments' > "$tmp/ours"
in_host systemctl stop jlmkr-web.service
kill $monitor
in_host sh -s < "$tmp/pasted" 2> "$tmp/err" || fail 'the pasted command does not run'
sleep 0.3
in_host cat /tmp/arguments > "$tmp/theirs"
in_host systemctl stop jlmkr-web.service
cmp -s "$tmp/ours" "$tmp/theirs" || fail 'the pasted command makes other arguments'
printf '%s\0' --machine=web --directory=rootfs '--a=$HOME ${X} $$ $' '--b=%%n%h%' '--c="q" \\ \x41' \
	"--d=it's" '--e=two
lines' --f= '' '--g=a;b&c|d<e>f*?[x]~!#' '--h=	tab ä' > "$tmp/wanted"
tail -c "$(wc -c < "$tmp/wanted")" "$tmp/ours" | cmp -s - "$tmp/wanted" ||
	fail 'arguments are changed' "$(tr '\0' '|' < "$tmp/ours")"

story 'a dry run shows what is sent'
python3 - "$tmp/heard" "$tmp/shown.json" > "$tmp/out" <<'END' || fail 'it shows something else'
import json, sys
sent = None
for line in open(sys.argv[1]):
    try:
        call = json.loads(line)
    except ValueError:
        continue
    if call.get('member') == 'StartTransientUnit':
        sent = call['payload']['data']
shown = json.load(open(sys.argv[2]))
want = [sent[0], [[n, v['type'], v['data']] for n, v in sent[2]]]
got = [shown['unit'], shown['properties']]
for a, b in zip(want[1], got[1]):
    if a != b:
        print('sent', a, 'shown', b)
sys.exit(want != got or not shown['argv'][0].endswith('/systemd-nspawn'))
END

story 'a dry run asks nobody'
try env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere jlmkr-start -q --dry-run web
status 0
! grep -v '^warning: web: config: line' "$tmp/err" || fail 'it misses the bus'
finish
