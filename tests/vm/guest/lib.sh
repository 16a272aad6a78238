# For what runs in the appliance. check TITLE COMMAND...: one line, and all words of it when it fails.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
dir='/mnt/my tank/jail maker'
home='my tank/jail maker'
jlmkr="$dir/jlmkr"
export JAILMAKER_DIR="$dir"

check() {
	title=$1
	shift
	if "$@" > /run/said 2>&1; then
		echo "ok $title"
	else
		echo "not ok $title: status $?"
		sed 's/^/    /' /run/said
	fi
}

# What the check before has printed. said TITLE WORDS
said() {
	if grep -q -- "$2" /run/said; then
		echo "ok $1"
	else
		echo "not ok $1: it does not say '$2'"
		sed 's/^/    /' /run/said
	fi
}

# same EXPECTED COMMAND...
same() {
	expected=$1
	shift
	got=$("$@" 2>&1)
	[ "$got" = "$expected" ] || { echo "expected: $expected"; echo "got: $got"; return 1; }
}

refused() { ! "$@"; }
# An emulated jail that has just begun may not answer in the time that a bus gives it.
eventually() {
	for try in 1 2 3; do "$@" && return; done
	return 1
}
datasets() { zfs list -H -o name -t all -r "$home/jails"; }
# After a boot, or after another part, which has it imported already.
pool_back() {
	if zpool list 'my tank' > /dev/null 2>&1; then zpool export 'my tank' || return; fi
	mkdir -p '/mnt/my tank' && zpool import -d /dev -o cachefile=none 'my tank'
}

# A jail of a few files, from tiny.tar: quick, but without an init.
tiny_image() {
	mkdir -p t/etc t/usr/lib t/sbin
	echo 'ID=tiny' > t/usr/lib/os-release
	tar -C t -cf tiny.tar .
}
tiny() { "$jlmkr" create -q --image "$(pwd)/tiny.tar" "$@"; }
# Two files, and one in the dataset below the jail's if it has one, so that half of a state can be
# seen. state JAIL says it, put JAIL STATE makes it.
put() {
	for file in mine etc/state; do echo "$2" > "$dir/jails/$1/rootfs/$file" || return; done
	[ ! -d "$dir/jails/$1/data" ] || echo "$2" > "$dir/jails/$1/data/mine"
}
state() {
	cmp -s "$dir/jails/$1/rootfs/mine" "$dir/jails/$1/rootfs/etc/state" || return
	[ ! -d "$dir/jails/$1/data" ] || cmp -s "$dir/jails/$1/rootfs/mine" "$dir/jails/$1/data/mine" || return
	cat "$dir/jails/$1/rootfs/mine"
}

# Clones, rollbacks and renames without end, for a power cut to hit, and what must hold behind it.
# Their jails stay.
shake() {
	tiny_image
	if [ ! -e "$dir/jails/from" ]; then
		for name in from back gone ra; do tiny $name; done
		for name in from back; do zfs create "$home/jails/$name/data"; done
		put from whole
		for label in a b; do put back $label; "$jlmkr" snapshot -q back@$label; done
		put gone a
		"$jlmkr" snapshot -q gone@a
	fi
	while :; do "$jlmkr" clone -q from cloned; "$jlmkr" remove -q -y cloned; done &
	while :; do
		for label in a b; do "$jlmkr" rollback -q back@$label; done
	done &
	while :; do put gone b; "$jlmkr" rollback -q --discard gone@a; done &
	while :; do "$jlmkr" rename ra rz; "$jlmkr" rename rz ra; done &
} > /dev/null 2>&1
shaken() {
	check 'no clone is half a jail' sh -c '[ ! -e "$1" ] || [ -L "$0/.clone-cloned" ] || [ "$(cat "$1/rootfs/mine" "$1/data/mine" | xargs)" = "whole whole" ]' \
		"$dir/jails" "$dir/jails/cloned"
	check 'the same clone works, or was done' sh -c '[ -e "$1/cloned" ] && [ ! -L "$1/.clone-cloned" ] || "$0" clone from cloned' "$jlmkr" "$dir/jails"
	check '... and is finished' test ! -L "$dir/jails/.clone-cloned"
	check '... and is whole' same whole state cloned
	check '... with the dataset below it' same whole cat "$dir/jails/cloned/data/mine"
	check '... and goes' "$jlmkr" remove -q -y cloned
	check 'a rollback is done or not' sh -c '[ "$0" = a ] || [ "$0" = b ] || [ -e "$1/jails/back/.rollback/swap" ]' "$(state back)" "$dir"
	check '... and works' "$jlmkr" rollback back@a
	check '... wholly' same a state back
	check '... and leaves nothing' sh -c '! ls -A "$0" | grep rollback' "$dir/jails/back"
	check 'the rollback of ZFS works' "$jlmkr" rollback --discard gone@a
	check '... wholly' same a state gone
	check 'a rename is done or not, and works' sh -c '"$0" rename ra rz || [ -e "$1/jails/rz/config" ]' "$jlmkr" "$dir"
	check '... back, too' "$jlmkr" rename rz ra
}
