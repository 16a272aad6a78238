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
	if grep -q 'no whole jail' /tmp/list; then cat /tmp/list; return 1; fi
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
try jlmkr-remove -q -y base
is '' "$(in_host ls -A $jails)"
is '' "$(in_host systemctl list-units --all --no-legend 'jlmkr-*')"
finish
