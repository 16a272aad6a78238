#!/bin/sh
# What the next create sweeps away: what killed runs have left, and nothing of anybody else.
. "$(dirname "$0")/lib.sh"

id=0123456789abcdef
create() { try jlmkr-create -q --distro=fedora --release=43 "$@"; }
kept() { is precious "$(in_host cat "$1/file" 2>&1)"; }
bait() { in_host sh -c 'mkdir -p "$1" && echo precious > "$1/file"' - "$1" || fail "$1 is not made"; }

story 'what has other names is none of ours, and not worth a word'
bait $jails/.create-scripts
bait $jails/.remove-later
bait $jails/.create-web
bait $jails/.create-web-0123456789abcde
create one
status 0
err_empty
for name in .create-scripts .remove-later .create-web .create-web-0123456789abcde; do
	kept $jails/$name
done

story 'what has our name and not our mark is left, and named'
bait $jails/.create-web-$id
bait $jails/.remove-web-$id
create two
status 0
err_has "$jails/.create-web-$id has the name of an unfinished jail, but was not made by jlmkr"
err_has "$jails/.remove-web-$id has the name"
try jlmkr-remove -q -y two
status 0
kept $jails/.create-web-$id
kept $jails/.remove-web-$id

story 'a mark of another name is none'
in_host setfattr -n trusted.jlmkr -v jail:fedcba9876543210 $jails/.create-web-$id
create two
kept $jails/.create-web-$id
in_host setfattr -n trusted.jlmkr -v jail:$id $jails/.remove-web-$id
create three
kept $jails/.remove-web-$id

story 'with our mark it goes'
in_host setfattr -n trusted.jlmkr -v jail:$id $jails/.create-web-$id
in_host setfattr -n trusted.jlmkr -v trash:$id $jails/.remove-web-$id
in_host mkdir $jails/.create-empty-$id
create four
status 0
err_empty
is '.create-scripts .create-web .create-web-0123456789abcde .remove-later four one three two' \
	"$(echo $(in_host ls -A $jails))"
in_host rm -r $jails/.create-scripts $jails/.create-web $jails/.create-web-0123456789abcde $jails/.remove-later

story 'a finished jail has no mark'
is '' "$(in_host getfattr -d -m trusted -- $jails/four)"

story 'what somebody works on stays: the lock is the one of its ID'
bait $jails/.create-web-$id
in_host setfattr -n trusted.jlmkr -v jail:$id $jails/.create-web-$id
in_host sh -c "mkdir -p /run/jlmkr/lock && chmod 700 /run/jlmkr/lock && exec flock /run/jlmkr/lock/work:$id sleep 60" > /dev/null 2>&1 &
soon pgrep -fx 'sleep 60'
create five
status 0
kept $jails/.create-web-$id
in_host pkill -x sleep
create six
in_host test ! -e $jails/.create-web-$id || fail 'it is still there'

story 'three creates at once beside what a killed one has left, again and again'
try jlmkr-create -q --distro=debian deb
status 0
cat > "$tmp/rounds" <<'EOF'
# Somebody is made to wait at some moment. A leftover of thousands of files takes its time.
for round in $(seq "$1"); do
	setsid jlmkr-create -q --offline a & pid=$!
	sleep "0.$((RANDOM % 5 + 3))"
	kill -KILL -- -$pid
	wait $pid 2> /dev/null
	[ ! -e "$JAILMAKER_DIR/jails/a" ] || jlmkr-remove -q -y a
	for name in a b c; do
		jlmkr-create -q --offline --distro=fedora --release=43 $name 2> /tmp/err.$name & eval pid$name=$!
	done
	for i in $(seq 12); do
		for pid in $pida $pidb $pidc; do
			[ $((RANDOM % 3)) -gt 0 ] || { kill -STOP $pid; sleep "0.0$((RANDOM % 4))"; kill -CONT $pid; } 2> /dev/null
		done
	done
	for name in a b c; do
		eval wait \$pid$name || { echo "round $round: $name: $? $(cat /tmp/err.$name)"; exit 1; }
		[ -s "$JAILMAKER_DIR/jails/$name/rootfs/etc/hosts" ] || { echo "round $round: half a jail $name"; exit 1; }
		jlmkr-remove -q -y $name || exit 1
	done
done
EOF
try bash -s - 12 < "$tmp/rounds"
status 0
is 'deb five four one six three two' "$(echo $(in_host ls -A $jails))"

# ---- on ZFS

zfs_pool
there() { in_host zfs list -H -o name "$1" > /dev/null 2>&1 || fail "$1 is gone"; }
gone() { ! in_host zfs list -H -o name "$1" > /dev/null 2>&1 || fail "$1 is still there"; }
tiny first

story 'datasets of other names, with snapshots'
zfs_in_host create "$ds/jails/.remove-later"
zfs_in_host snapshot "$ds/jails/.remove-later@monday"
zfs_in_host create "$ds/jails/.create-scripts"
tiny one
status 0
err_empty
there "$ds/jails/.remove-later@monday"
there "$ds/jails/.create-scripts"
patiently zfs destroy -r "$ds/jails/.remove-later"
patiently zfs destroy -r "$ds/jails/.create-scripts"

story 'datasets with our name and not our mark'
zfs_in_host create "$ds/jails/.create-web-$id"
zfs_in_host create -o jlmkr:kind=trash:fedcba9876543210 "$ds/jails/.remove-web-$id"
zfs_in_host snapshot "$ds/jails/.remove-web-$id@monday"
tiny two
status 0
err_has "$ds/jails/.create-web-$id has the name of an unfinished jail, but was not made by jlmkr"
there "$ds/jails/.create-web-$id"
there "$ds/jails/.remove-web-$id@monday"

story 'what is inherited is no mark'
zfs_in_host set jlmkr:kind=jail:$id "$ds/jails"
tiny three
there "$ds/jails/.create-web-$id"
zfs_in_host inherit jlmkr:kind "$ds/jails"

story 'with our mark they go, also when they are not mounted'
zfs_in_host set jlmkr:kind=jail:$id "$ds/jails/.create-web-$id"
patiently zfs destroy "$ds/jails/.remove-web-$id@monday"
zfs_in_host set jlmkr:kind=trash:$id "$ds/jails/.remove-web-$id"
patiently zfs unmount "$ds/jails/.remove-web-$id"
tiny four
status 0
err_empty
is 'first four one three two' "$(echo $(in_host ls -A "$home/jails"))"
gone "$ds/jails/.create-web-$id"
gone "$ds/jails/.remove-web-$id"

story 'snapshots that nobody has agreed to keep their trash'
zfs_in_host create -o jlmkr:kind=trash:$id "$ds/jails/.remove-web-$id"
zfs_in_host snapshot "$ds/jails/.remove-web-$id@before"
txg=$(in_host zfs get -H -p -o value createtxg "$ds/jails/.remove-web-$id@before")
tiny five
err_has "@before is in it, and nobody has asked to destroy that; if you want to: zfs destroy -r"
there "$ds/jails/.remove-web-$id@before"
zfs_in_host set "jlmkr:kind=trash:$id:$txg" "$ds/jails/.remove-web-$id"
zfs_in_host snapshot "$ds/jails/.remove-web-$id@after"
j jlmkr-remove web
status 5
err_has "@after is in it"
there "$ds/jails/.remove-web-$id@before"
patiently zfs destroy "$ds/jails/.remove-web-$id@after"
j jlmkr-remove web
status 0
err_has 'What was left of web is removed'
gone "$ds/jails/.remove-web-$id"
is 'first five four one three two' "$(echo $(in_host ls -A "$home/jails"))"
finish
