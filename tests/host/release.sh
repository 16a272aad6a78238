#!/bin/sh
# From the archive that is published, and from nothing else, to a jail.
#
# The host has neither tar nor xz, so the archive is unpacked out here and its folder is copied
# there; TrueNAS has both.
. "$(dirname "$0")/lib.sh"
top=$(cd "$here/../.." && pwd)

story 'the archive that make dist made has the files of its hashes'
(cd "$top" && env -u MAKEFLAGS -u MAKELEVEL flock build/out/release.lock make dist) > "$tmp/out" 2>&1 || {
	fail 'make dist'
	finish
	exit
}
folder=jlmkr-$(sed -n 's/^VERSION := //p' "$top/Makefile")-linux-$(uname -m)
tar -C "$tmp" -xf "$top/build/out/dist/$folder.tar.xz" || fail 'it does not unpack'
in_host rm -rf /root/.local
cp -r "$tmp/$folder" "/proc/$(host_leader)/root/root/"
try sh -c "cd $folder && sha256sum --quiet -c SHA256SUMS"
status 0
err_empty

# As README.md and INSTALL.md say it; JAILMAKER_DIR is not set.
user() { try env -u JAILMAKER_DIR "$@"; }

story 'it installs itself'
try jlmkr list
status 127
try sh -c "mkdir -p ~/.local/bin ~/.local/share && cd $folder && ./jlmkr --install ~/.local/bin &&
	echo jailmaker_dir=/mnt/tank/jailmaker > ~/.local/share/jailmaker.conf"
status 0
is /root/.local/bin/jlmkr "$(in_host sh -c 'command -v jlmkr')"
is jlmkr "$(in_host readlink /root/.local/bin/jlmkr-create)"
user sh -c "cmp ~/.local/bin/jlmkr $folder/jlmkr && ./$folder/install-links ~/.local/bin"
status 0
err_empty

story 'it explains the network, with no file but itself'
in_host rm -rf "/root/$folder"
user jlmkr help networking
status 0
out_has '^jlmkr-networking - '
out_has '--network-bridge'

story 'it makes a jail, runs a command in it, and removes it'
user jlmkr create --start web
status 0
user jlmkr exec web true
status 0
user jlmkr-exec web cat /etc/os-release
status 0
out_has '^ID=debian'
user jlmkr list
out_has '^web  *True'
user jlmkr remove --yes web
status 0
is '' "$(in_host ls "$jails")"

finish
