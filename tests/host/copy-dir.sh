#!/bin/sh
# Jails that are directories, copied and moved to another machine: a tree of files, whose passes
# go on from each other. The two machines are as in copy.sh.
. "$(dirname "$0")/lib.sh"

zfs_pool
near=/mnt/tank/jailmaker far=/mnt/tank/far
root=/proc/$(host_leader)/root
f() { try env JAILMAKER_DIR="$far" "$@"; }
hidden() { in_host ls -A "$1/jails" | grep '^\.'; }
files() { in_host ls -A "$1/jails" | xargs; }
copy() { try jlmkr-copy --remote-dir="$far" "$@"; }
compare() { "$here/../tree-compare" "$@" > "$tmp/compared" 2>&1 || fail "$(head -n 3 "$tmp/compared" | cut -c1-600)"; }
# All but what a jail of its own has for itself.
same_jail() {
	in_host sh -ec 'for d; do rm -rf "$d.bare"; cp -a "$d" "$d.bare"; cd "$d.bare"; rm -f etc/machine-id etc/hostname etc/hosts var/lib/dbus/machine-id; touch -d @0 . etc var/lib/dbus 2> /dev/null || :; done' - \
		"$1" "$2" > "$tmp/out" 2> "$tmp/err" || fail 'no copies to compare'
	compare "$root$1.bare" "$root$2.bare"
	in_host rm -rf "$1.bare" "$2.bare"
}
tiny() { try jlmkr-create -q --distro=fedora --release=43 "$@"; }

in_host mkdir "$far"
far_machine
tiny web
status 0
in_host sh -c "echo one > $near/jails/web/rootfs/mine; dd if=/dev/urandom of=$near/jails/web/rootfs/big bs=1M count=20 2> /dev/null"

story 'what a copy would send'
copy -n web nas2:
status 0
out_has '^web (now), its files, about 2[0-9]\.. MiB$'
is '' "$(in_host ls -A "$far")"

story 'a copy of a directory is a jail of its own'
copy web nas2:
status 0
err_empty
is web "$(files "$far")"
is 'config rootfs' "$(in_host ls -A "$far/jails/web" | xargs)"
in_host cmp "$near/jails/web/config" "$far/jails/web/config" || fail 'another config'
same_jail "$near/jails/web/rootfs" "$far/jails/web/rootfs"
is 700 "$(in_host stat -c %a "$far/jails/web")"
f jlmkr-list
out_has '^web '
copy web nas2:
status 4
err_has 'copying web: there is a jail web on nas2 already'
f jlmkr-remove -q -y web
status 0

finish
