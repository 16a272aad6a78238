#!/bin/sh
# Copies of jails that are directories, killed on either side: what was begun goes on, and nothing
# is left. What is expected when nobody is killed is in copy-dir.sh; standbys and moves that are
# killed are in move-dir-moments.sh.
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
far=$2 there=0 who=$4
args="--remote-dir=$far"
case $who in
near) killer='kill -KILL $pid' ;;
ssh) killer='pkill -KILL -x ssh' ;;
far) killer="pkill -KILL -f ' receive$'" ;;
child) killer="pkill -KILL -n -x 'jlmkr.*'" ;;
esac
copy() { jlmkr-copy -q "$args" web nas2:k 2> /tmp/why; }
# zfs-fuse has a dataset in use for some time after the last process in it has ended.
later() { grep -q 'dataset is busy' /tmp/why && sleep 5 && copy; }
remove() { jlmkr --dir="$far" remove -q -y k; }
sum() { (cd "$1" && find . ! -name machine-id ! -name hostname ! -name hosts ! -path . ! -path ./etc -printf '%p %y %m %U:%G %t %n %l\n' | sort && find . -type f ! -name machine-id ! -name hostname ! -name hosts | sort | xargs -d '\n' cat) | sha256sum; }
measure jlmkr-copy -q "$args" web nas2:k
sum=$(sum "$JAILMAKER_DIR/jails/web/rootfs")
remove || exit 1
for i in $(seq $3); do
	cut_by "$killer" jlmkr-copy -q "$args" web nas2:k
	settle
	if [ -e "$far/jails/k" ]; then
		there=$((there + 1))
	else
		copy || later || off "$(cat /tmp/why)"
	fi
	[ "$(sum "$far/jails/k/rootfs")" = "$sum" ] || off 'another jail'
	[ "$(ls -A "$far/jails/k" | xargs)" = 'config rootfs' ] || off "$(ls -A "$far/jails/k")"
	remove || exit 1
	[ "$(ls -A "$far/jails" | grep -c '^\.')" = 0 ] || off "$(ls -A "$far/jails")"
done
echo "cut $cut, there $there"
END
in_host sh -c "cd $near/jails/web/rootfs; dd if=/dev/urandom of=big bs=1M count=6 2> /dev/null; dd if=/dev/urandom of=zbig bs=1M count=6 2> /dev/null; mkdir -p some; for i in \$(seq 300); do echo \$i > some/\$i; done; find . -exec touch -h -d @1700000000 {} +"
for who in near far ssh child; do
	moments=60
	[ $who = near ] || [ $who = far ] || moments=20
	story "killed at $moments moments: $who"
	killed "$near" "$far" $moments $who < "$tmp/killed"
	is '' "$(hidden "$far")"
done
story 'killed at 10 moments, in a store of datasets'
killed "$near" "$home" 10 far < "$tmp/killed"
is '' "$(zfs list -H -o name -r "$ds" | grep '/\.')$(hidden "$home")"

finish
