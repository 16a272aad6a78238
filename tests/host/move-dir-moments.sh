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

cat > "$tmp/refreshed" <<'END'
export JAILMAKER_DIR=$1
far=$2 old=0 new=0 who=$4
refresh() { jlmkr-copy -q --refresh "--remote-dir=$far" web nas2:stand; }
case $who in
near) killer='pkill -KILL -x jlmkr-copy' ;;
far) killer="pkill -KILL -f ' receive$'" ;;
esac
web=$JAILMAKER_DIR/jails/web/rootfs there=$far/jails/stand/rootfs
put() { echo $1 > "$web/mine" && dd if=/dev/urandom of="$web/more" bs=256k count=8 2> /dev/null; }
is_same() { diff -r --no-dereference "$web" "$there" > /dev/null 2>&1; }
put 0
refresh || exit 1
put 1
measure refresh
for i in $(seq 2 $3); do
	last=$(cat "$there/mine" "$there/more" | sha256sum)
	put $i
	cut_by "$killer" refresh
	settle
	if is_same; then new=$((new + 1))
	elif [ "$(cat "$there/mine" "$there/more" | sha256sum)" = "$last" ]; then old=$((old + 1))
	else off 'neither the old state nor the new one'
	fi
	! jlmkr --dir="$far" start stand > /dev/null 2>&1 || off 'it was started'
	again refresh
	is_same || off 'another state'
	[ "$(ls -A "$far/jails/stand" | xargs)" = '.rootfs.list .standby config rootfs' ] || off "$(ls -A "$far/jails/stand")"
	[ "$(ls -A "$far/jails" | grep -c '^\.')" = 0 ] || off "$(ls -A "$far/jails")"
done
echo "cut $cut, old $old, new $new"
END
for who in near far; do
	story "a standby that is brought up to date, killed at 60 moments: $who"
	killed "$near" "$far" 61 $who < "$tmp/refreshed"
done

story 'moves killed at 18 moments: on one side at least, startable on one at most'
try jlmkr-create -q m
killed "$near" "$far" 18 < "$here/killed-moves"
is '' "$(hidden "$near")$(hidden "$far")"
try jlmkr-remove -q -y m

finish
