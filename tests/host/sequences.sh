#!/bin/sh
# Random sequences of commands of ours and of a user's: nothing of the user's is lost, and nothing
# is done unasked. tests/sequences has the rules; SEED, STEPS, SECONDS: tests/sequences/play.
. "$(dirname "$0")/lib.sh"

musl-gcc -static -Os -s -o "$tmp/init" "$here/../sequences/init.c" || exit 1
host push "$tmp/init" /root/init
SECONDS=${SECONDS:-60} "$here/../sequences/play" "$(host_leader)" "$TESTHOST"
