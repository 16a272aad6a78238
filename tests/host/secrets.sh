#!/bin/sh
# Passwords and tokens in URLs stay where they were typed: nothing shows or keeps them.
. "$(dirname "$0")/lib.sh"

secret=s3cr3t
server=images.linuxcontainers.org
path=$(in_host jlmkr-images --json fedora/43 | python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["builds"][0]["path"])')
url="https://me:$secret@$server/$path?X-Amz-Signature=$secret"

# Neither in what was said nor in a file or the name of one.
hidden() {
	! grep -qF "$secret" "$tmp/out" "$tmp/err" || fail 'it is shown'
	in_host sh -c 'grep -rlF "$0" /mnt/tank /etc /run /root /tmp /var 2> /dev/null
		find /mnt/tank /etc /run /root /tmp /var -name "*$0*"' "$secret" > "$tmp/kept"
	[ ! -s "$tmp/kept" ] || fail "it is kept in $(cat "$tmp/kept")"
}

story 'an archive'
try jlmkr-create -v --image="$url" web
status 0
err_has "https://me:\*\*\*@$server/$path?\.\.\."
hidden

story 'an archive that breaks off, and half of it is kept'
host images "*rootfs.tar.xz truncate 100"
sha256=$(in_host jlmkr-images --json fedora/43 | python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["builds"][0]["sha256"])')
try timeout -s INT 4 jlmkr-create -v --sha256="$sha256" --image="$url" half
refused
hidden
host images

story 'an archive that is not what its hash says'
try jlmkr-create -v --sha256="$(printf %064d 1)" --image="$url" other
status 7
hidden

story 'a plan'
try jlmkr-create --dry-run --image="$url" plan
status 0
out_has "the archive https://me:\*\*\*@$server/$path?\.\.\."
hidden

story 'a server, in all the places where one can be named'
try jlmkr-images -v --server="https://me:$secret@$server/" fedora
status 0
hidden
try env JLMKR_IMAGE_SERVER="https://me:$secret@$server https://x:$secret@$server" \
	jlmkr-create -v --distro=fedora --release=43 there
status 0
hidden
host images '*/images.json status 404'
try env JLMKR_IMAGE_SERVER="https://me:$secret@$server https://x:$secret@$server" \
	jlmkr-create -v --distro=fedora --release=43 nowhere
err_has 'does not exist; is this an image server?'
hidden

story 'a redirect: what it names is not shown, and what was given is not handed on'
host images "*rootfs.tar.xz redirect https://you:$secret@$server/none?sig=$secret"
try jlmkr-create -v --image="$url" gone
refused
err_has "https://$server/none?\.\.\.: the server answers 404"
hidden
host images "*rootfs.tar.xz redirect ftp://you:$secret@$server/none?sig=$secret"
try jlmkr-create -v --image="$url" gone
refused
err_has "'ftp://you:\*\*\*@$server/none?\.\.\.' is not a URL"
hidden
host images

story 'a proxy'
try env https_proxy="http://me:$secret@127.0.0.1:1" jlmkr-create -v --image="$url" none
refused
hidden
try env https_proxy="me:$secret@127.0.0.1:x" jlmkr-create -v --image="$url" none
refused
hidden

story 'questions, and the command that does the same without them'
printf '%s\n' n asked '' n n y > "$tmp/answers"
try jlmkr-create -v --image="$url" --server="https://you:$secret@$server/" < "$tmp/answers"
err_has "system  *https://me:\*\*\*@$server/$path?\.\.\.$"
err_has "create --image='https://me:\*\*\*@$server/$path?\.\.\.' --server='https://you:\*\*\*@$server/'"
hidden

finish
