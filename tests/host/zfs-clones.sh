#!/bin/sh
# Jails that are clones: what makes one that is none, and what 'zfs promote' and 'zfs send' do.
. "$(dirname "$0")/lib.sh"

story 'the environment and jailmaker.conf can say --no-clone for all'
zfs_pool
origin() { in_host zfs list -H -o origin "$ds/jails/$1"; }
with() { j env "JLMKR_NO_CLONE=$1" jlmkr-create -q --distro=fedora --release=43 "$2"; }
tiny first
status 0
image=$(origin first)
is "$ds/images/" "${image%"${image#"$ds/images/"}"}"
with 1 environment
status 0
is '-' "$(origin environment)"
in_host sh -c 'mkdir -p ~/.local/share; echo no_clone=yes > ~/.local/share/jailmaker.conf'
tiny conf
status 0
is '-' "$(origin conf)"
with 0 again
status 0
is "$image" "$(origin again)"
in_host sh -c 'echo no_clone=perhaps > ~/.local/share/jailmaker.conf'
tiny never
status 1
err_has "no_clone in ~/.local/share/jailmaker.conf: 'perhaps' is neither 1 nor 0"
with maybe never
status 1
err_has "JLMKR_NO_CLONE: 'maybe' is neither 1 nor 0"
in_host rm /root/.local/share/jailmaker.conf

story 'after zfs promote the others need that jail: remove says so, and promote of the image undoes it'
patiently zfs promote "$ds/jails/first"
is '-' "$(origin first)"
is "$ds/jails/first@image" "$(origin again)"
j jlmkr-remove -y first
refused
err_has "$ds/jails/first@image"
patiently zfs promote "${image%@image}"
is "$image" "$(origin first)"
is "$image" "$(origin again)"
j jlmkr-remove -y first
status 0

story 'what zfs send makes of a clone depends on nothing'
zfs_in_host snapshot "$ds/jails/again@copy"
in_host sh -c 'zfs send "$1@copy" | zfs receive "$2"' - "$ds/jails/again" "$ds/jails/copied" \
	> "$tmp/out" 2> "$tmp/err" || fail 'zfs send'
is '-' "$(origin copied)"
in_host sh -c 'test -f "$1/jails/copied/config" || zfs mount "$2"' - "$home" "$ds/jails/copied"
j jlmkr-list -o name
out_has '^copied'

story 'a dataset without room: which one, and what shows what is used'
zfs_in_host set quota=40M "$ds"
j jlmkr-create -q full
status 1
err_has "the file system at $home/jails has no room for it, so nothing of full is kept"
err_has "zfs list -o space '$ds/jails'"
try zfs list -o space "$ds/jails"
status 0
! in_host test -e "$home/jails/full" || fail 'it is there'
finish
