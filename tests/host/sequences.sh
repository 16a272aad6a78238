#!/bin/sh
# Random sequences of commands of ours and of a user's: nothing of the user's is lost, and nothing
# is done unasked. tests/sequences has the rules, and tests/sequences/play says how to play one again.
. "$(dirname "$0")/lib.sh"

musl-gcc -static -Os -s -o "$tmp/init" "$here/../sequences/init.c" || exit 1
host push "$tmp/init" /root/init
play() { env "$@" "$here/../sequences/play" "$(host_leader)" "$TESTHOST" || failed=1; }

failed=0 seconds=${SECONDS:-60}
# A sequence that is played again is of one kind.
if [ -n "${STEPS-}" ]; then
	play
else
	play SECONDS=$((seconds * 3 / 4)) AT_LEAST="${AT_LEAST:-250}"
	play ZFS=1 SECONDS=$((seconds / 4)) AT_LEAST="${AT_LEAST:-20}"
fi
exit $failed
