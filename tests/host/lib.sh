# What a story is told with. Source it first: it starts a host of the story's own (half a
# second) and ends it with the story, however that ends.
#
#	. "$(dirname "$0")/lib.sh"
#	story 'a jail starts'		# says ok or not ok of the story before
#	try jlmkr-start m1		# in the host; keeps stdout, stderr and the status
#	status 0			# what was expected of it
#	err_has 'm1 runs'
#	is 7 "$(in_host sh -c 'exit 7'; echo $?)"
#	finish				# at the very end
#
# A check that fails does not end the story: the first one is told, with what the command said.
# KEEP=1 leaves the host running: TESTHOST=NAME tests/host/host shell

set -u
export LC_ALL=C
# Where the story stands. $0 is the story, not this file.
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
export TESTHOST="${TESTHOST:-story-$$}"
[ -n "${KEEP-}" ] || export HOST_OWNER=$$
jails=/mnt/tank/jailmaker/jails
# At so many random moments the commands of a story are killed.
kills=${KILLS:-20}
# kills_of N: N is enough in a usual run; who asks for more than that gets as many as everywhere.
kills_of() { if [ "$kills" -gt 20 ]; then echo "$kills"; else echo "$1"; fi; }
why='' title='' rc=0
: > "$tmp/out"
: > "$tmp/err"

cache=${HOST_CACHE:-$here/../../build/out/host}
host() { "$here/host" "$@"; }
# The first process of the host, as counted out here: /proc/PID/root is its root.
host_leader() { cut -d' ' -f1 "$cache/run/$TESTHOST/leader"; }
in_host() { host exec "$@"; }

leave() {
	[ -n "${KEEP-}" ] || host stop
	rm -rf "$tmp"
}
trap leave EXIT
trap 'exit 130' INT TERM HUP

finish() {
	if [ -n "$title" ]; then
		if [ -n "$why" ]; then echo "not ok $title: $why"; else echo "ok $title"; fi
	fi
	why='' title=''
}

story() {
	finish
	title=$1
}

# What is checked until the next story has no consequences.
skip() {
	[ -z "$title" ] || echo "skip $title: $1"
	title=''
}

# needs_release WHY: of a story that cannot be told with a binary that has the sanitizers, or counts what
# it reaches.
needs_release() { ! instrumented || skip "$1"; }
instrumented() { grep -qa '__asan_init\|__gcov_' "${JLMKR:-/dev/null}"; }

fail() {
	[ -z "$why" ] || return 0
	why=$*
	echo "--- $title: $*"
	echo "    command: ${tried-}"
	echo "    status:  $rc"
	sed 's/^/    stdout:  /' "$tmp/out" | tail -n 20
	sed 's/^/    stderr:  /' "$tmp/err" | tail -n 20
}

# In the host, with this script's stdin.
try() {
	tried=$*
	in_host "$@" > "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
}

# killed ARGUMENTS... < SCRIPT: commands that are killed at random moments. What the script can use is
# in `killing`.
killed() {
	cat "$here/killing" - > "$tmp/killing"
	try bash -s - "$@" < "$tmp/killing"
	status 0
	title="$title ($(tail -n 1 "$tmp/out"))"
	# Else the moments are those of something else.
	[ "$(sed -n '$s/^cut \([0-9]*\).*/\1/p' "$tmp/out")" -ge 3 ] || fail 'too few were cut'
}

# In the host, on a terminal; stdin is what is said there, as tests/host/terminal has it.
talk() {
	tried=$*
	size=24x80
	if [ "$1" = -s ]; then size=$2; shift 2; fi
	"$here/terminal" -s "$size" "$here/host" exec "$@" > "$tmp/out" 2> "$tmp/err" &&
		rc=0 || rc=$?
}

# The same for talks with a ^C: what stands between the terminal and the host does not mind it.
talk_deaf() {
	tried=$*
	"$here/terminal" sh -c 'trap "" INT; exec "$@"' sh "$here/host" exec "$@" \
		> "$tmp/out" 2> "$tmp/err" && rc=0 || rc=$?
}

status() { [ "$rc" -eq "$1" ] || fail "status $rc, expected $1"; }
refused() { [ "$rc" -ne 0 ] || fail "status 0, expected to be refused"; }
out_has() { grep -qe "$1" "$tmp/out" || fail "stdout lacks '$1'"; }
out_lacks() { ! grep -qe "$1" "$tmp/out" || fail "stdout has '$1'"; }
err_has() { grep -qe "$1" "$tmp/err" || fail "stderr lacks '$1'"; }
err_lacks() { ! grep -qe "$1" "$tmp/err" || fail "stderr has '$1'"; }
err_empty() { [ ! -s "$tmp/err" ] || fail "stderr has words"; }
# One clear sentence: for commands with --quiet.
one_line_err() { [ "$(wc -l < "$tmp/err")" -eq 1 ] || fail "stderr is not one line"; }
is() { [ "$1" = "$2" ] || fail "'$2', expected '$1'"; }
expect_status() { want=$1; shift; try "$@"; status "$want"; }

# In the host, until it succeeds: what was begun in the background takes its time.
soon() {
	tries=0
	until in_host "$@" > /dev/null 2>&1; do
		[ $((tries += 1)) -lt 100 ] || { fail "not soon: $*"; return; }
		sleep 0.1
	done
}

# All that a command might leave in the host: names, kinds, modes and owners of files, mounts,
# units, machines. What the system itself writes all the time is left out, and so are the images
# that were kept.
inventory() {
	in_host sh -c '
		find / /mnt/tank -xdev \( -path /var/log -o -path /var/lib/systemd \
			-o -path /mnt/tank/jailmaker/images -o -path /root/.local/bin -o -path /tmp/systemd-private\* \) -prune \
			-o -printf "%p %y %m %U:%G %l\n"
		find /run/systemd/transient /run/systemd/nspawn /run/systemd/machines -type f \
			2> /dev/null
		cut -d" " -f2,3 /proc/mounts | grep -v "^/run/credentials\|^/proc/sys/fs/binfmt"
		systemctl list-units --all --no-legend "jlmkr-*"
		systemctl list-units --all --no-legend --plain --type=service "run-*"
		machinectl list --no-legend' | sort
}

# For stories of ZFS. A pool with a blank in its name, and a jailmaker directory on it with another
# one: $home, the dataset $ds, which `j` and `tiny` work in.
zfs_pool() {
	home="/mnt/z/my pool/jail maker"
	ds='mypool/jail maker'
	in_host sh -c 'truncate -s 4G /var/pool && zpool create -m "/mnt/z/my pool" mypool /var/pool &&
		zfs create "$1"' - "$ds" > "$tmp/out" 2> "$tmp/err" || fail 'no pool'
}
j() { try env JAILMAKER_DIR="$home" "$@"; }
tiny() { j jlmkr-create -q --distro=fedora --release=43 "$@"; }
# Datasets below that of the jail $1, one of them in its root file system.
datasets_below() {
	in_host sh -ec 'zfs create "$2/data" && zfs create "$2/data/deep" && zfs create -o canmount=off "$2/rootfs" && zfs create "$2/rootfs/docker" &&
		cd "$1" && echo below > data/mine && echo deep > data/deep/mine && echo docker > rootfs/docker/mine && chmod 711 rootfs/docker' - \
		"$home/jails/$1" "$ds/jails/$1" > "$tmp/out" 2> "$tmp/err" || fail "no datasets below $1"
}
zfs_in_host() { in_host zfs "$@" > "$tmp/out" 2> "$tmp/err" || fail "zfs $*"; }
# zfs-fuse takes a moment to notice that something was closed.
patiently() {
	for i in 1 2 3 4 5 6 7 8; do
		in_host "$@" > "$tmp/out" 2> "$tmp/err" && return
		sleep 0.5
	done
	fail "$*"
}

host start || exit 1

# A jailmaker directory $home on a btrfs of that size, whose jails `j COMMAND` is about. pid is the
# host's first process: the disk is seen from here, too. Where that cannot be, the story is over.
btrfs_pool() {
	disk=$tmp/disk pid=$(host_leader) home=/mnt/pool/jm
	PATH=$PATH:/usr/sbin:/sbin
	truncate -s "$1" "$disk"
	mkfs.btrfs -q "$disk" > /dev/null 2>&1
	# The host has no loop devices: ours is mounted there, and freed with the mount.
	loop=$(losetup -f --show "$disk" 2> "$tmp/why") || {
		skip "no loop devices here: $(cat "$tmp/why")"
		exit
	}
	nsenter -t "$pid" --mount --root sh -c "mkdir /mnt/pool &&
		mknod /dev/blk b $(stat -c '0x%t 0x%T' "$loop") &&
		mount -t btrfs /dev/blk /mnt/pool; rc=\$?; rm -f /dev/blk; exit \$rc" 2> "$tmp/why" || {
		losetup -d "$loop"
		skip "btrfs cannot be mounted here: $(cat "$tmp/why")"
		exit
	}
	losetup -d "$loop"
	in_host mkdir "$home"
}

# between NAME COMMANDS: a remove that asks; the answer comes after the commands.
between() {
	try env JAILMAKER_DIR="${home:-${jails%/jails}}" bash -c '
		rm -f /tmp/answer; mkfifo /tmp/answer
		jlmkr-remove "$1" < /tmp/answer & remove=$!
		exec 3> /tmp/answer
		sleep 1.5
		sh -ec "$2" || { echo "cannot: $2"; exit 99; }
		echo "$1" >&3
		exec 3>&-
		wait $remove' - "$@"
}

# From sly_zfs to honest_zfs, zfs(8) does something else before (or instead of) one of its
# verbs, once: slyly VERB < COMMANDS, for which the program is zfs.real
sly_zfs() {
	in_host sh -c 'mkdir -p /run/sly && cp /sbin/zfs /run/sly/zfs.real && cat > /run/sly/zfs && chmod +x /run/sly/zfs &&
		mount -t overlay overlay -o lowerdir=/run/sly:/usr/sbin /usr/sbin' <<-'END' || fail 'no sly zfs'
		#!/bin/sh
		[ ! -e "/tmp/sly-$1" ] || { mv "/tmp/sly-$1" /tmp/now; . /tmp/now; }
		exec /sbin/zfs.real "$@"
	END
}
slyly() { in_host sh -c 'cat > "/tmp/sly-$1"' - "$1"; }
honest_zfs() { in_host umount /usr/sbin; }

# Another machine, nas2, which root's ssh reaches: a network namespace with the same disks.
far_machine() {
	version=$(in_host jlmkr --version | cut -d' ' -f2)
	in_host sh -es > "$tmp/out" 2> "$tmp/err" <<'END' || fail 'no other machine'
ip netns add far
ip link add near0 type veth peer name far0 netns far
ip addr add 198.51.100.1/24 dev near0
ip link set near0 up
ip -n far addr add 198.51.100.2/24 dev far0
ip -n far link set far0 up
echo 198.51.100.2 nas2 >> /etc/hosts
mkdir -p /run/sshd /root/.ssh
chmod 700 /root/.ssh
[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
echo "nas2 $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)" > /root/.ssh/known_hosts
printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nPermitRootLogin yes\nUsePAM no\nMaxStartups 100\n' > /etc/ssh/sshd.test
# Not by ip-netns(8), which would hide mounts.
nsenter --net=/run/netns/far /usr/sbin/sshd -f /etc/ssh/sshd.test
ssh nas2 true
END
}
# What its jlmkr-receive would hear.
# letter KIND BODY, with \n at the end of it
letter() {
	body=$(printf "$2.")
	n=$((${#body} - 1))
	printf "$1\\0\\0\\$(printf %03o $((n / 256)))\\$(printf %03o $((n % 256)))$2"
}
hello() { printf "jlmkr-copy 1 $version\n"; }
