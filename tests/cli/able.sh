#!/bin/sh
# What a machine lacks for a test host: one line tells it, with what would do, before anything is
# made; the stories are counted as skipped, for that reason.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/cli.sh
host=$PWD/tests/host/host
export HOST_CACHE="$world/cache"
mkdir "$HOST_CACHE"
chmod 755 "$world"

# lacks WORDS: what `host missing` said last is one line with them.
lacks() {
	out "$1"
	[ "$(wc -l < "$world/.out")" -eq 1 ] || failed="${failed:-it is not one line}"
	err ''
}

# without SCRIPT COMMAND...: in mounts of its own, after the script has changed them.
without() {
	script=$1
	shift
	unshare --mount sh -ec "$script"'; exec "$@"' sh "$@"
}

if [ "$(id -u)" -ne 0 ]; then
	try not-root 0 "$host" missing
	lacks 'root is needed: use sudo'
	done_testing
	echo 'skip what-else-may-be-missing: needs root'
	exit
fi

why=$("$host" missing)
try nothing-is-missing 0 "$host" able
out ''
[ -z "$why" ] || { name=; echo "skip nothing-is-missing: $why"; }

if setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$host"; then
	try not-root 0 setpriv --reuid=65534 --regid=65534 --clear-groups "$host" missing
	lacks 'root is needed: use sudo'
else
	echo 'skip not-root: nobody else may read this directory'
fi

if ! unshare --mount true 2> /dev/null; then
	try namespaces 0 "$host" missing
	lacks 'this system refuses namespaces; run this in a VM or a privileged container'
	done_testing
	echo 'skip what-else-may-be-missing: namespaces are refused here'
	exit
fi

try namespaces 0 setpriv --bounding-set=-sys_admin "$host" missing
lacks 'this system refuses namespaces; run this in a VM or a privileged container'

printf 'ID=fedora\nVERSION_ID=43\n' > "$world/fedora"
printf 'ID=debian\nVERSION_CODENAME=bullseye\n' > "$world/bullseye"
for system in fedora bullseye; do
	try "another-system-$system" 0 without 'mount --bind "$2" /etc/os-release; shift 2' - "$world/$system" "$host" missing
	lacks "$system"
	out 'run this on Debian 12 or 13'
done
printf 'ID=debian\nVERSION_CODENAME=trixie\n' > "$world/trixie"
try debian-13 0 without 'mount --bind "$2" /etc/os-release; shift 2' - "$world/trixie" "$host" missing
[ ! -s "$world/.out" ] || [ -n "$why" ] || failed=$(cat "$world/.out")

read_only='for tree in $(findmnt -rno TARGET -t cgroup,cgroup2); do mount -o remount,bind,ro $tree; done'
try cgroups-that-are-read-only 0 without "$read_only" "$host" missing
lacks 'is read-only; run this in a VM or a privileged container'
try no-cgroups 0 without 'mount -t tmpfs tmpfs /sys/fs/cgroup' "$host" missing
lacks 'no cgroups are mounted at /sys/fs/cgroup; run this in a VM or a privileged container'
try no-space 0 without "mount -t tmpfs -o size=9m tmpfs $HOST_CACHE" "$host" missing
lacks "$HOST_CACHE has 9 MiB of free space; make 3000 MiB free, or set HOST_CACHE"

# Who wants a host is told the same, and nothing is begun.
for command in start build shell able; do
	try "$command-is-refused" 1 without "$read_only" "$host" $command
	err 'is read-only; run this in a VM or a privileged container'
	[ "$(wc -l < "$world/.err")" -eq 1 ] || failed="${failed:-it is not one line}"
done
try make-run-says-so-first 2 without "$read_only" env -u MAKEFLAGS -u MAKELEVEL make run
[ "$(grep -c . "$world/.out")" -eq 0 ] || failed="${failed:-something was made: $(head -n 1 "$world/.out")}"
sed -n 1p "$world/.err" | grep -q 'is read-only; run this' || failed="${failed:-it does not say it first}"

# The other tests run: here one of them.
try stories-are-skipped 0 without "$read_only" env TEST_LOGS="$world/logs" tests/run cli/secrets host/volumes
sed -n 1p "$world/.out" | grep -q '^The stories on a test host are skipped: .*read-only' ||
	failed="${failed:-the reason is not the first line}"
out 'skip host/volumes: '
tail -n 1 "$world/.out" | grep -q ' passed, 0 failed, 1 skipped$' || failed="${failed:-$(tail -n 1 "$world/.out")}"
done_testing
[ -z "$(ls -A "$HOST_CACHE")" ] || echo "not ok nothing-is-left: $(ls -A "$HOST_CACHE")"
