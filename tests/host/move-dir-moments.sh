#!/bin/sh
# Standbys that are directories, brought up to date, and moves of directories, killed on either side
# (copy-dir-moments.sh).
. "$(dirname "$0")/lib.sh"

near=/mnt/tank/jailmaker far=/mnt/tank/far
hidden() { in_host ls -A "$1/jails" | grep '^\.'; }

in_host mkdir "$far"
far_machine
try jlmkr-create -q --distro=fedora --release=43 web
status 0
try jlmkr-copy --remote-dir="$far" --refresh web nas2:stand
status 0

cat - "$here/killed-standby" > "$tmp/refreshed" <<'END'
export JAILMAKER_DIR=$1
k=stand
fresh() { :; }
is_same() { diff -r --no-dereference "$web" "$there" > /dev/null 2>&1; }
is_guarded() { ! jlmkr --dir="$far" start stand > /dev/null 2>&1 || off 'it was started'; }
refresh_again() { again refresh; }
is_clean() { [ "$(ls -A "$far/jails/stand" | xargs)" = '.rootfs.list .standby config rootfs' ] || off "$(ls -A "$far/jails/stand")"; }
END
for who in near far; do
	story "a standby that is brought up to date, killed at $kills moments: $who"
	killed "$near" "$far" $((kills + 1)) $who < "$tmp/refreshed"
done

n=$(kills_of 18)
story "moves killed at $n moments: on one side at least, startable on one at most"
try jlmkr-create -q m
killed "$near" "$far" "$n" < "$here/killed-moves"
is '' "$(hidden "$near")$(hidden "$far")"
try jlmkr-remove -q -y m

finish
