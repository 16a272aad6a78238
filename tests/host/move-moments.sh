#!/bin/sh
# Standbys that are directories, brought up to date, and moves of directories, killed on either side
# (copy-moments.sh).
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
far=$2 cut=0 old=0 new=0 who=$4
refresh() { jlmkr-copy -q --refresh "--remote-dir=$far" web nas2:stand; }
settle() { while pgrep -x 'zfs|jlmkr.*' > /dev/null; do sleep 0.02; done; }
web=$JAILMAKER_DIR/jails/web/rootfs there=$far/jails/stand/rootfs
put() { echo $1 > "$web/mine" && dd if=/dev/urandom of="$web/more" bs=256k count=8 2> /dev/null; }
is_same() { diff -r --no-dereference "$web" "$there" > /dev/null 2>&1; }
put 0
refresh || exit 1
put 1
begin=$(date +%s%N)
refresh || exit 1
span=$((($(date +%s%N) - begin) / 1000000 + 20))
for i in $(seq 2 $3); do
	last=$(cat "$there/mine" "$there/more" | sha256sum)
	put $i
	refresh > /tmp/why 2>&1 & pid=$!
	ms=$((RANDOM % span))
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	case $who in
	near) pkill -KILL -x jlmkr-copy ;;
	far) pkill -KILL -f ' receive$' ;;
	esac 2> /dev/null
	wait $pid 2> /dev/null
	[ $? -eq 0 ] || cut=$((cut + 1))
	settle
	if is_same; then new=$((new + 1))
	elif [ "$(cat "$there/mine" "$there/more" | sha256sum)" = "$last" ]; then old=$((old + 1))
	else echo "neither the old state nor the new one after moment $i"; exit 1
	fi
	! jlmkr --dir="$far" start stand > /dev/null 2>&1 || { echo "it was started after moment $i"; exit 1; }
	refresh 2> /tmp/why || { echo "after moment $i: $(cat /tmp/why)"; exit 1; }
	is_same || { echo "another state after $i"; exit 1; }
	[ "$(ls -A "$far/jails/stand" | xargs)" = '.rootfs.list .standby config rootfs' ] || { ls -A "$far/jails/stand"; exit 1; }
	[ "$(ls -A "$far/jails" | grep -c '^\.')" = 0 ] || { echo "after moment $i: $(ls -A "$far/jails")"; exit 1; }
done
echo "cut $cut, old $old, new $new"
END
for who in near far; do
	story "a standby that is brought up to date, killed at 60 moments: $who"
	try bash -s - "$near" "$far" 61 $who < "$tmp/refreshed"
	status 0
	title="$title ($(tail -n 1 "$tmp/out"))"
done

cat > "$tmp/moved" <<'END'
home=$1 far=$2 here=0 there=0 cut=0
settle() { while pgrep -x 'zfs|jlmkr.*|ssh' > /dev/null; do sleep 0.02; done; }
startable() { jlmkr --dir="$1" start m > /dev/null 2> /tmp/why && jlmkr --dir="$1" stop -q m; }
there() { [ -e "$1/jails/m/config" ]; }
span=4000
for i in $(seq $3); do
	JAILMAKER_DIR=$home jlmkr-move -q --remote-dir="$far" m nas2: > /dev/null 2>&1 & pid=$!
	ms=$((RANDOM % span))
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	case $((i % 3)) in
	0) kill -KILL $pid ;;
	1) pkill -KILL -x ssh ;;
	2) pkill -KILL -f ' receive$' ;;
	esac 2> /dev/null
	wait $pid 2> /dev/null
	[ $? -eq 0 ] || cut=$((cut + 1))
	settle
	n=0
	there "$home" || there "$far" || { echo "after moment $i it is nowhere"; exit 1; }
	! startable "$home" || { n=$((n + 1)); here=$((here + 1)); }
	! startable "$far" || { n=$((n + 1)); there=$((there + 1)); }
	[ $n -le 1 ] || { echo "after moment $i it can be started twice"; exit 1; }
	[ ! -e "$home/jails/m/config" ] || JAILMAKER_DIR=$home jlmkr-move -q --remote-dir="$far" m nas2: 2> /tmp/why ||
		{ echo "after moment $i: $(cat /tmp/why)"; exit 1; }
	startable "$far" || { echo "after moment $i it cannot be started there: $(cat /tmp/why)"; exit 1; }
	[ "$(ls -A "$home/jails" | grep -c '^\.remove-')" = 0 ] || jlmkr --dir="$home" remove -q -y m
	[ "$(ls -A "$far/jails" "$home/jails" | grep -c '^\.')" = 0 ] || { ls -A "$far/jails" "$home/jails"; exit 1; }
	JAILMAKER_DIR=$far jlmkr-move -q --remote-dir="$home" m nas2: 2> /tmp/why || { echo "back, after moment $i: $(cat /tmp/why)"; exit 1; }
done
echo "cut $cut, here $here, there $there"
END
story 'moves killed at 18 moments: on one side at least, startable on one at most'
try jlmkr-create -q m
try bash -s - "$near" "$far" 18 < "$tmp/moved"
status 0
title="$title ($(tail -n 1 "$tmp/out"))"
is '' "$(hidden "$near")$(hidden "$far")"
try jlmkr-remove -q -y m

finish
