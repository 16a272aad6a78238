#!/bin/sh
# kill -9 of create, at any moment: list shows no half jail, and the same create works.
. "$(dirname "$0")/lib.sh"

# killed_after SECONDS DISTRO RELEASE: in the host, so that the delay is not nsenter's
killed_after() {
	try bash -c 'jlmkr-create -q --distro=$2 --release=$3 k1 & sleep $1; kill -9 $!; wait $!' \
		- "$@"
	cut='done already'
	[ "$rc" -ne 137 ] || cut='cut short'
}

# Either it is there and whole, or it is not there.
whole_or_none() {
	try jlmkr-list
	status 0
	err_empty
	if grep -q '^k1 ' "$tmp/out"; then
		out_has "^k1  *False  *False  *False  *False  *$1 "
		try jlmkr-remove -q --yes k1
		status 0
	else
		is 'No jails.' "$(cat "$tmp/out")"
	fi
}

for delay in 0.005 0.01 0.02 0.03 0.04 0.06 0.08 0.1 0.12 0.15 0.2 0.3; do
	story "a small create killed after $delay s"
	killed_after $delay archlinux current
	whole_or_none arch
	expect_status 0 jlmkr-create -q --distro=archlinux --release=current k1
	whole_or_none arch
	title="$title ($cut)"
done

for delay in 0.4 0.8 1.1 1.4 1.7 2.0 2.3 2.6; do
	story "the create of a real Debian killed after $delay s"
	killed_after $delay debian bookworm
	whole_or_none debian
	title="$title ($cut)"
done

story 'after all of that the same create works, and starts'
try jlmkr-create --start -q k1
status 0
expect_status 0 jlmkr-exec k1 true
expect_status 0 jlmkr-remove --yes -q k1

story 'a create that is interrupted takes everything back'
inventory > "$tmp/before"
for signal in INT TERM HUP; do
	try bash -c 'set -m; jlmkr-create -q k1 & sleep 1; kill -'$signal' $!; wait $!'
	[ "$rc" -eq 130 ] || [ "$rc" -eq 143 ] || [ "$rc" -eq 129 ] || fail "status $rc after $signal"
done
inventory > "$tmp/after"
diff "$tmp/before" "$tmp/after" > "$tmp/out" || fail 'something is left'
is 'No jails.' "$(in_host jlmkr-list)"

story 'nothing is left of those that were killed'
is '' "$(in_host find $jails -mindepth 1)"

finish
