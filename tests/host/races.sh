#!/bin/sh
# Two commands on one name at once: one of them wins, the other says why, and nothing is half.
. "$(dirname "$0")/lib.sh"

in_host sh -c 'cat > /tmp/lib' <<'EOF'
create() { jlmkr-create -q --distro=fedora --release=43 "$@"; }
# both A B: run both at once, and say how they ended
both() { sh -c ". /tmp/lib; $1" 2> /tmp/e1 & a=$!; sh -c ". /tmp/lib; $2" 2> /tmp/e2 & b=$!
	wait $a; ra=$?; wait $b; rb=$?; echo "$ra $rb"; }
whole_or_none() {
	jlmkr-list --no-header > /tmp/list 2>&1 || { echo "list: $(cat /tmp/list)"; return 1; }
	if grep -q 'is incomplete' /tmp/list; then cat /tmp/list; return 1; fi
}
EOF

story 'five times two creates of one name: exactly one makes it'
try bash -c '. /tmp/lib
	for i in $(seq 5); do
		r=$(both "create one" "create one")
		case $r in "0 4" | "4 0" | "0 5" | "5 0") ;; *) echo "round $i: $r $(cat /tmp/e1 /tmp/e2)"; exit 1 ;; esac
		whole_or_none || exit 1
		jlmkr-remove -q -y one || exit 1
	done'
status 0
is '' "$(in_host ls -A $jails)"

story 'create against remove'
try bash -c '. /tmp/lib
	for i in $(seq 5); do
		create two || exit 1
		r=$(both "jlmkr-remove -q -y two" "create two")
		case $r in "0 0" | "0 4" | "0 5") ;; *) echo "round $i: $r $(cat /tmp/e1 /tmp/e2)"; exit 1 ;; esac
		whole_or_none || exit 1
		[ ! -d '$jails'/two ] || jlmkr-remove -q -y two || exit 1
	done'
status 0
is '' "$(in_host ls -A $jails)"

story 'two removes'
try bash -c '. /tmp/lib
	for i in $(seq 5); do
		create three || exit 1
		r=$(both "jlmkr-remove -q -y three" "jlmkr-remove -q -y three")
		case $r in "0 0" | "0 3" | "3 0" | "0 5" | "5 0" | "0 1" | "1 0") ;; *) echo "round $i: $r $(cat /tmp/e1 /tmp/e2)"; exit 1 ;; esac
		whole_or_none || exit 1
	done'
status 0
is '' "$(in_host ls -A $jails)"

story 'start against remove: it never runs without its files'
try jlmkr-create -q --distro=debian base
try bash -c '. /tmp/lib
	for i in 1 2 3 4; do
		jlmkr-create -q --offline four || exit 1
		r=$(both "jlmkr-start -q four" "sleep 0.0$i; jlmkr-remove -q -y four")
		if [ -d '$jails'/four ]; then
			whole_or_none && jlmkr-remove -q -y four || { echo "round $i: $r $(cat /tmp/e1 /tmp/e2)"; exit 1; }
		elif systemctl -q is-active jlmkr-four.service; then
			echo "round $i: it runs without files: $r $(cat /tmp/e1 /tmp/e2)"; exit 1
		fi
	done'
status 0

story '... also when the remove has to wait in the middle'
try bash -c 'jlmkr-create -q --offline four || exit 1
	flock "$(stat -c /run/jlmkr/lock/.%d:%i '$jails')" sleep 4 & sleep 0.3
	jlmkr-remove -q -y four & remove=$!
	sleep 0.7
	jlmkr-start -q four; start=$?
	wait $remove; echo "$start $?"; systemctl is-active jlmkr-four.service'
out_has '^3 0$'
out_has '^inactive'
err_has "no jail\|was removed meanwhile"

story 'a remove that was interrupted is finished by the next, which says so'
for signal in INT KILL; do
	try bash -c 'jlmkr-create -q --offline five || exit 1
		set -m; jlmkr-remove -y five & while [ -e '$jails'/five ]; do :; done
		kill -'$signal' $!; wait $!'
	in_host test ! -e "$jails/five" || fail 'it was not begun, or is still there'
	[ -n "$(in_host sh -c "ls -d $jails/.remove-five-*")" ] || fail 'nothing is left to be removed'
	[ $signal = KILL ] || err_has "five is gone, but not all of its files; 'jlmkr remove five' continues"
	try jlmkr-remove five
	status 0
	err_has 'What was left of five is removed'
	is 'base' "$(in_host ls -A $jails)"
done
try jlmkr-remove five
status 3

story 'a jail whose hooks mount into it is removed while it runs'
try jlmkr-create -q --offline hooked
in_host sh -c 'mkdir -p /mnt/tank/data; echo shared > /mnt/tank/data/file'
try jlmkr-config -q hooked "pre_start_hook=/bin/mount --bind /mnt/tank/data $jails/hooked/rootfs/mnt" \
	"post_stop_hook=/bin/umount $jails/hooked/rootfs/mnt"
try jlmkr-start -q hooked
status 0
try jlmkr-remove -q -y hooked
status 0
is shared "$(in_host cat /mnt/tank/data/file)"

story 'a start that waits for another keeps nobody from the config'
try jlmkr-create -q --offline slow
try jlmkr-config -q slow 'pre_start_hook=/bin/sleep 14'
in_host sh -c "for i in 1 2 3; do jlmkr-start -q slow & done; sleep 1.5
	timeout 5 jlmkr-config -q slow startup=1; echo config \$?
	wait; jlmkr-config slow startup" > "$tmp/out" 2> "$tmp/err"
is 'config 0 1' "$(echo $(cat "$tmp/out"))"
try jlmkr-list
out_has '^slow  *True  *True'
try jlmkr-remove -q -y slow
status 0

story 'flags on the directory of a jail'
try jlmkr-create -q --offline six
if in_host chattr +i "$jails/six" 2> /dev/null; then
	try jlmkr-remove -q -y six
	status 0
else
	skip 'this file system has no flags'
	in_host jlmkr-remove -q -y six
fi

try jlmkr-remove -q -y base
is '' "$(in_host ls -A $jails)"
is '' "$(in_host systemctl list-units --all --no-legend 'jlmkr-*')"
finish
