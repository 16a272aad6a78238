#!/bin/sh
# create killed at a hundred moments, in a directory and on ZFS: no half jail, no litter, and the
# same name works, at once. And remove: it is as it was, or it is gone with all that was shown.
. "$(dirname "$0")/lib.sh"

zfs_pool
in_host mkdir -p /mnt/tank/plain

# In the host, where killing is quick. moments DIR COUNT OPTIONS...: COUNT creates killed at moments
# spread over the time that one takes; after each the jail is whole or not there.
cat > "$tmp/moments" <<'EOF'
export JAILMAKER_DIR=$1
count=$2
shift 2
create() { jlmkr-create -q --distro=fedora --release=43 "$@" k1; }
create "$@" || exit 2
begin=$(date +%s%N)
jlmkr-remove -q --yes k1
create "$@" || exit 2
end=$(date +%s%N)
jlmkr-remove -q --yes k1
span=$(((end - begin) / 1000000))
cut=0 whole=0
for i in $(seq $count); do
	signal=KILL
	[ $((i % 2)) -eq 0 ] || signal=TERM
	jlmkr-create -q --distro=fedora --release=43 "$@" k1 2> /dev/null & pid=$!
	sleep "$(printf '0.%03d' $((RANDOM % (span * 3 / 4))))"
	kill -$signal $pid 2> /dev/null
	wait $pid
	[ $? -eq 0 ] || cut=$((cut + 1))
	# The next one waits for a zfs that is at work still; who only looks does not.
	if [ $((i % 5)) -eq 0 ]; then
		create "$@" 2> /tmp/why || grep -q 'there is a jail k1' /tmp/why ||
			{ echo "no create at once after moment $i: $(cat /tmp/why)"; exit 1; }
	fi
	while pgrep -x 'zfs|jlmkr-cre.*' > /dev/null; do sleep 0.02; done
	listed=$(jlmkr-list --no-header 2>&1) || { echo "list fails after moment $i: $listed"; exit 1; }
	case $listed in
	'') ;;
	k1\ *'fedora'*)
		whole=$((whole + 1))
		[ -s "$JAILMAKER_DIR/jails/k1/rootfs/etc/hosts" ] || { echo "half a jail at $i"; exit 1; }
		jlmkr-remove -q --yes k1 || { echo "cannot remove after moment $i"; exit 1; } ;;
	*) echo "after moment $i: $listed"; exit 1 ;;
	esac
done
create "$@" || exit 1
jlmkr-remove -q --yes k1 || exit 1
echo "cut $cut, whole $whole"
EOF

moments() {
	try bash -s - "$@" < "$tmp/moments"
	status 0
	# Most of them must have hit something.
	hit=$(sed -n 's/^cut \([0-9]*\),.*/\1/p' "$tmp/out")
	[ "${hit:-0}" -ge "$(($2 / 5))" ] || fail "$(cat "$tmp/out")"
	title="$title ($(tail -n 1 "$tmp/out"))"
}

story 'a directory, 100 moments'
moments /mnt/tank/plain 100
is '' "$(in_host ls -A /mnt/tank/plain/jails)"

story "a dataset, $kills moments"
moments '/mnt/z/my pool/jail maker' $kills --no-clone
is 'mypool/jail maker/jails' "$(in_host zfs list -H -o name -r 'mypool/jail maker/jails')"
is '' "$(in_host ls -A '/mnt/z/my pool/jail maker/jails')"

story "clones, $kills moments"
moments '/mnt/z/my pool/jail maker' $kills
is 'mypool/jail maker/jails' "$(in_host zfs list -H -o name -r 'mypool/jail maker/jails')"
is '' "$(in_host ls -A '/mnt/z/my pool/jail maker/jails')"
cat > "$tmp/removals" <<'EOF'
export JAILMAKER_DIR=$1
home=$3/jails
whole() { zfs list -H -o name -t all -r "$home/r1" 2> /dev/null | wc -l; }
cut=0 kept=0
for i in $(seq $2); do
	if [ "$(whole)" = 0 ]; then
		jlmkr-create -q --offline --distro=fedora --release=43 r1 || exit 1
		zfs create "$home/r1/child" && zfs snapshot "$home/r1@a" && zfs snapshot "$home/r1@b" &&
			zfs snapshot "$home/r1/child@c" || exit 1
	fi
	jlmkr-remove -q -y r1 > /tmp/why 2>&1 & pid=$!
	sleep "$(printf '0.%03d' $((RANDOM % 400)))"
	kill -KILL $pid 2> /dev/null
	wait $pid 2> /dev/null
	[ $? -eq 0 ] || cut=$((cut + 1))
	while pgrep -x 'zfs|jlmkr-rem.*' > /dev/null; do sleep 0.02; done
	jlmkr-create -q --offline --distro=fedora --release=43 other 2> /tmp/why ||
		{ echo "no create after moment $i: $(cat /tmp/why)"; exit 1; }
	[ ! -s /tmp/why ] || { echo "after moment $i: $(cat /tmp/why)"; exit 1; }
	jlmkr-remove -q -y other || exit 1
	left=$(zfs list -H -o name -t all -r "$home" | tail -n +2)
	case $(whole) in
	0) [ -z "$left" ] || { echo "after moment $i: $left"; exit 1; } ;;
	5) kept=$((kept + 1))
		zfs mount -a 2> /dev/null
		[ -s "$JAILMAKER_DIR/jails/r1/rootfs/etc/hosts" ] || { echo "no files after moment $i"; exit 1; } ;;
	*) echo "after moment $i: $left"; exit 1 ;;
	esac
done
[ "$(whole)" = 0 ] || jlmkr-remove -q -y r1 || exit 1
echo "cut $cut, kept $kept"
EOF

story "removals of a dataset with snapshots and a child, $kills moments"
try bash -s - '/mnt/z/my pool/jail maker' $kills 'mypool/jail maker' < "$tmp/removals"
status 0
title="$title ($(tail -n 1 "$tmp/out"))"
is 'mypool/jail maker/jails' "$(in_host zfs list -H -o name -r 'mypool/jail maker/jails')"
is '' "$(in_host ls -A '/mnt/z/my pool/jail maker/jails')"
finish
