#!/bin/sh
# Copies of jails that are directories, killed on either side: what was begun goes on, and nothing
# is left. What is expected when nobody is killed is in copy-dir.sh; standbys and moves that are
# killed are in move-moments.sh.
. "$(dirname "$0")/lib.sh"

zfs_pool
near=/mnt/tank/jailmaker far=/mnt/tank/far
hidden() { in_host ls -A "$1/jails" | grep '^\.'; }
zfs() { in_host zfs "$@"; }

in_host mkdir "$far"
far_machine
try jlmkr-create -q --distro=fedora --release=43 web
status 0

cat > "$tmp/killed" <<'END'
export JAILMAKER_DIR=$1
far=$2 there=0 cut=0 who=$4
args="--remote-dir=$far"
settle() { while pgrep -x 'zfs|jlmkr.*' > /dev/null; do sleep 0.02; done; }
copy() { jlmkr-copy -q "$args" web nas2:k; }
# zfs-fuse has a dataset in use for some time after the last process in it has ended.
again() { grep -q 'dataset is busy' /tmp/why && sleep 5 && copy 2> /tmp/why; }
remove() { jlmkr --dir="$far" remove -q -y k; }
sum() { (cd "$1" && find . ! -name machine-id ! -name hostname ! -name hosts ! -path . ! -path ./etc -printf '%p %y %m %U:%G %t %n %l\n' | sort && find . -type f ! -name machine-id ! -name hostname ! -name hosts | sort | xargs -d '\n' cat) | sha256sum; }
begin=$(date +%s%N)
jlmkr-copy -q "$args" web nas2:k || exit 1
span=$((($(date +%s%N) - begin) / 1000000 + 20))
sum=$(sum "$JAILMAKER_DIR/jails/web/rootfs")
remove || exit 1
for i in $(seq $3); do
	jlmkr-copy -q "$args" web nas2:k > /tmp/why 2>&1 & pid=$!
	ms=$((RANDOM % span))
	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
	case $who in
	near) kill -KILL $pid ;;
	ssh) pkill -KILL -x ssh ;;
	far) pkill -KILL -f ' receive$' ;;
	child) pkill -KILL -n -x 'jlmkr.*' ;;
	esac 2> /dev/null
	wait $pid 2> /dev/null
	[ $? -eq 0 ] || cut=$((cut + 1))
	settle
	if [ -e "$far/jails/k" ]; then
		there=$((there + 1))
	else
		copy 2> /tmp/why || again || { echo "after moment $i: $(cat /tmp/why)"; exit 1; }
	fi
	[ "$(sum "$far/jails/k/rootfs")" = "$sum" ] || { echo "another jail after $i"; exit 1; }
	[ "$(ls -A "$far/jails/k" | xargs)" = 'config rootfs' ] || { ls -A "$far/jails/k"; exit 1; }
	remove || exit 1
	[ "$(ls -A "$far/jails" | grep -c '^\.')" = 0 ] || { echo "after moment $i: $(ls -A "$far/jails")"; exit 1; }
done
echo "cut $cut, there $there"
END
in_host sh -c "cd $near/jails/web/rootfs; dd if=/dev/urandom of=big bs=1M count=6 2> /dev/null; dd if=/dev/urandom of=zbig bs=1M count=6 2> /dev/null; mkdir -p some; for i in \$(seq 300); do echo \$i > some/\$i; done; find . -exec touch -h -d @1700000000 {} +"
for who in near far ssh child; do
	moments=60
	[ $who = near ] || [ $who = far ] || moments=20
	story "killed at $moments moments: $who"
	try bash -s - "$near" "$far" $moments $who < "$tmp/killed"
	status 0
	title="$title ($(tail -n 1 "$tmp/out"))"
	is '' "$(hidden "$far")"
done
story 'killed at 10 moments, in a store of datasets'
try bash -s - "$near" "$home" 10 far < "$tmp/killed"
status 0
title="$title ($(tail -n 1 "$tmp/out"))"
is '' "$(zfs list -H -o name -r "$ds" | grep '/\.')$(hidden "$home")"

finish
