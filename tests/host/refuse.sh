#!/bin/sh
# What must not become a jail: bad downloads, bad servers, bad archives, no room. Each time one
# clear sentence, a status that tells the kind, and nothing is left.
. "$(dirname "$0")/lib.sh"

try jlmkr-create -q --distro=fedora --release=43 first
status 0
try jlmkr-remove -q --yes first
in_host jlmkr-images --prune -q
in_host sh -c 'echo precious > /etc/jlmkr-bait; mkdir -m 755 /etc/jlmkr-bait.d'
inventory > "$tmp/before"

# refuses STATUS DISTRO RELEASE: create ends with that status, one sentence, and no trace
refuses() {
	try jlmkr-create -q --distro="$2" --release="$3" bad
	status "$1"
	one_line_err
	untouched
}

# Where several kinds of refusal are right.
refuses_somehow() {
	try jlmkr-create -q --distro="$1" --release="$2" bad
	refused
	one_line_err
	untouched
}

untouched() {
	! in_host test -e $jails/bad || in_host jlmkr-remove -q --yes bad
	inventory > "$tmp/after"
	cmp -s "$tmp/before" "$tmp/after" || {
		fail 'something is left, or was changed'
		diff "$tmp/before" "$tmp/after"
		mv "$tmp/after" "$tmp/before"
	}
	is precious "$(in_host cat /etc/jlmkr-bait)"
}

story 'one flipped byte in the image'
host images '*/rootfs.tar.xz flip'
refuses 7 debian bookworm
err_has 'SHA-256'
host images '*/rootfs.tar.xz flip'
refuses 7 fedora 43

story 'one flipped byte at the very end of the image'
size=$(in_host true; stat -Lc %s "${HOST_CACHE:-$here/../../build/out/host}/base/debian.tar.xz")
host images "*/rootfs.tar.xz flip $((size - 1))"
refuses 7 debian bookworm

story 'an image that is shorter or longer than promised'
host images '*/rootfs.tar.xz short 500'
refuses_somehow fedora 43
host images '*/rootfs.tar.xz long'
refuses_somehow fedora 43

story 'a connection that breaks for good'
host images '*/rootfs.tar.xz truncate 0'
refuses 6 fedora 43
host images '*/rootfs.tar.xz reset 0'
refuses 6 fedora 43


story 'a server that has no such file, or no index'
host images '* status 404'
refuses_somehow fedora 43
host images '*/images.json text <html>hello</html>'
refuses_somehow fedora 43

story 'a distribution that does not exist'
host images
refuses 3 fedor 43
err_has 'fedora'

story 'a product for virtual machines only'
try jlmkr-create -q --distro=ubuntu --release=noble bad
status 3
untouched

# What must be refused, and what may be but must stay inside at any rate.
for trick in dotdot inner-dotdot symlink symlink-up hardlink hardlink-absolute \
	hardlink-symlink not-a-tar not-xz half; do
	story "an evil archive: $trick"
	refuses_somehow evil $trick
done
for trick in absolute symlink-file symlink-dir-mode own-writes own-folder; do
	story "a tricky archive: $trick"
	try jlmkr-create -q --distro=evil --release=$trick bad
	untouched
done

story 'a server that is not there'
in_host sh -c 'cp /etc/hosts /root/hosts; sed "s/^::1 images.*//; s/^127.0.0.1 images/127.0.0.9 images/" \
	/root/hosts > /etc/hosts; nft -f - <<-END
	table inet closed { chain in { type filter hook input priority 0;
		ip daddr 127.0.0.9 tcp dport 443 reject with tcp reset; }; }
	END' 2> "$tmp/nft" || fail "nft: $(cat "$tmp/nft")"
try jlmkr-create -q --distro=fedora --release=43 bad
status 6
one_line_err
err_has 'images.linuxcontainers.org'
in_host sh -c 'cat /root/hosts > /etc/hosts; rm /root/hosts; nft delete table inet closed'
untouched

story 'a full disk'
in_host sh -c 'mkdir /mnt/small; mount -t tmpfs -o size=20m tmpfs /mnt/small; mkdir /mnt/small/jailmaker'
try env JAILMAKER_DIR=/mnt/small/jailmaker jlmkr-create -q bad
refused
err_has 'No space left on device\|full'
try env JAILMAKER_DIR=/mnt/small/jailmaker jlmkr-list
out_has 'No jails'
try find /mnt/small -mindepth 3 ! -name '*.part'
is '' "$(cat "$tmp/out")"
in_host sh -c 'umount /mnt/small; rmdir /mnt/small'
untouched

story 'after all of that the same create works'
expect_status 0 jlmkr-create -q --distro=fedora --release=43 good
try jlmkr-list
out_has '^good  *False'

story 'a system without systemd is made, with a warning, and not started'
try jlmkr-create --start --distro=alpine --release=1 alp
status 1
err_has 'alp was not started: its init is not systemd'
try jlmkr-list
out_has '^alp  *False  *False'

finish
